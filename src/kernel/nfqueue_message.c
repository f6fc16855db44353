/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/nfqueue_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <string.h>

static enum pr_hook hook_of(uint8_t number)
{
	switch (number) {
	case NF_INET_LOCAL_OUT:
		return PR_HOOK_OUTPUT;
	case NF_INET_LOCAL_IN:
		return PR_HOOK_INPUT;
	case NF_INET_PRE_ROUTING:
		return PR_HOOK_PREROUTING;
	default:
		return PR_HOOK_FORWARD;
	}
}

static uint32_t u32_of(const struct nlattr *attribute)
{
	return mnl_attr_get_payload_len(attribute) == sizeof(uint32_t)
		       ? ntohl(mnl_attr_get_u32(attribute))
		       : 0;
}

static void read_attribute(const struct nlattr *attribute, struct pr_intercepted *packet,
			   bool *identified)
{
	struct nfqnl_msg_packet_hdr header;

	switch (mnl_attr_get_type(attribute)) {
	case NFQA_PACKET_HDR:
		if (mnl_attr_get_payload_len(attribute) < sizeof(header))
			return;
		memcpy(&header, mnl_attr_get_payload(attribute), sizeof(header));
		packet->handle |= ntohl(header.packet_id);
		packet->hook = hook_of(header.hook);
		*identified = true;
		break;
	case NFQA_MARK:
		packet->mark = u32_of(attribute);
		break;
	case NFQA_IFINDEX_INDEV:
		packet->in_ifindex = u32_of(attribute);
		break;
	case NFQA_IFINDEX_OUTDEV:
		packet->out_ifindex = u32_of(attribute);
		break;
	case NFQA_PAYLOAD:
		packet->bytes = mnl_attr_get_payload(attribute);
		packet->len = mnl_attr_get_payload_len(attribute);
		break;
	case NFQA_SKB_INFO:
		packet->unsummed = u32_of(attribute) & NFQA_SKB_CSUMNOTREADY;
		break;
	case NFQA_CAP_LEN:
		packet->wire_len = u32_of(attribute);
		break;
	case NFQA_UID:
		packet->uid = u32_of(attribute);
		break;
	}
}

int pr_nfqueue_read(const void *message, size_t len, struct pr_intercepted *ret_packet)
{
	const struct nlmsghdr *header = message;
	struct pr_intercepted packet = { .uid = UINT32_MAX };
	const struct nfgenmsg *generic;
	const struct nlattr *attribute;
	bool identified = false;

	/* Not mnl_nlmsg_ok(): it takes a length above INT_MAX for a negative one. */
	if (len < sizeof(*header) || header->nlmsg_len < sizeof(*header) || header->nlmsg_len > len)
		return -EBADMSG;
	if (header->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
		return PR_NFQUEUE_NO_PACKET;
	if (header->nlmsg_len < mnl_nlmsg_size(sizeof(*generic)))
		return -EBADMSG;
	generic = mnl_nlmsg_get_payload(header);
	packet.handle = (uint64_t)ntohs(generic->res_id) << 32;
	mnl_attr_for_each(attribute, header, sizeof(*generic))
		read_attribute(attribute, &packet, &identified);
	if (!identified)
		return -EBADMSG;
	if (packet.wire_len < packet.len)
		packet.wire_len = packet.len;
	*ret_packet = packet;
	return 0;
}

struct nlmsghdr *pr_nfqueue_message(void *buffer, uint8_t type, uint16_t queue)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type);
	message->nlmsg_flags = NLM_F_REQUEST;
	generic->nfgen_family = AF_UNSPEC;
	generic->version = NFNETLINK_V0;
	generic->res_id = htons(queue);
	return message;
}

size_t pr_nfqueue_write(const struct pr_nfqueue_answer *answer, void *buffer)
{
	struct nlmsghdr *message = pr_nfqueue_message(buffer, NFQNL_MSG_VERDICT, answer->queue);
	struct nfqnl_msg_verdict_hdr verdict = { htonl(answer->verdict), htonl(answer->packet) };

	mnl_attr_put(message, NFQA_VERDICT_HDR, sizeof(verdict), &verdict);
	if (answer->marks)
		mnl_attr_put_u32(message, NFQA_MARK, htonl(answer->mark));
	if (answer->payload_len)
		mnl_attr_put(message, NFQA_PAYLOAD, answer->payload_len, answer->payload);
	return message->nlmsg_len;
}
