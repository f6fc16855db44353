/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/conntrack_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

static uint16_t u16_of(const struct nlattr *attribute)
{
	return mnl_attr_get_payload_len(attribute) == sizeof(uint16_t)
		       ? ntohs(mnl_attr_get_u16(attribute))
		       : 0;
}

static uint32_t u32_of(const struct nlattr *attribute)
{
	return mnl_attr_get_payload_len(attribute) == sizeof(uint32_t)
		       ? ntohl(mnl_attr_get_u32(attribute))
		       : 0;
}

static uint64_t u64_of(const struct nlattr *attribute)
{
	uint64_t value;

	if (mnl_attr_get_payload_len(attribute) != sizeof(value))
		return 0;
	memcpy(&value, mnl_attr_get_payload(attribute), sizeof(value));
	return be64toh(value);
}

static void read_addresses(const struct nlattr *nested, struct pr_tuple *tuple)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nested)
	{
		const void *bytes = mnl_attr_get_payload(attribute);
		uint16_t len = mnl_attr_get_payload_len(attribute);

		switch (mnl_attr_get_type(attribute)) {
		case CTA_IP_V4_SRC:
			if (len == 4)
				tuple->src = pr_address_v4(bytes);
			break;
		case CTA_IP_V4_DST:
			if (len == 4)
				tuple->dst = pr_address_v4(bytes);
			break;
		case CTA_IP_V6_SRC:
			if (len == 16)
				tuple->src = pr_address_v6(bytes);
			break;
		case CTA_IP_V6_DST:
			if (len == 16)
				tuple->dst = pr_address_v6(bytes);
			break;
		}
	}
}

static void read_proto(const struct nlattr *nested, struct pr_tuple *tuple)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nested)
	{
		switch (mnl_attr_get_type(attribute)) {
		case CTA_PROTO_NUM:
			if (mnl_attr_get_payload_len(attribute) >= 1)
				tuple->proto = mnl_attr_get_u8(attribute);
			break;
		case CTA_PROTO_SRC_PORT:
			tuple->src_port = u16_of(attribute);
			break;
		case CTA_PROTO_DST_PORT:
			tuple->dst_port = u16_of(attribute);
			break;
		case CTA_PROTO_ICMP_ID:
		case CTA_PROTO_ICMPV6_ID:
			tuple->src_port = tuple->dst_port = u16_of(attribute);
			break;
		}
	}
}

static void read_tuple(const struct nlattr *nested, struct pr_tuple *tuple)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nested)
	{
		if (mnl_attr_get_type(attribute) == CTA_TUPLE_IP)
			read_addresses(attribute, tuple);
		else if (mnl_attr_get_type(attribute) == CTA_TUPLE_PROTO)
			read_proto(attribute, tuple);
	}
}

static void read_counters(const struct nlattr *nested, uint64_t *packets, uint64_t *bytes)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, nested)
	{
		if (mnl_attr_get_type(attribute) == CTA_COUNTERS_PACKETS)
			*packets = u64_of(attribute);
		else if (mnl_attr_get_type(attribute) == CTA_COUNTERS_BYTES)
			*bytes = u64_of(attribute);
	}
}

static uint8_t tcp_state_of(const struct nlattr *nested)
{
	const struct nlattr *protocol, *attribute;

	mnl_attr_for_each_nested(protocol, nested)
	{
		if (mnl_attr_get_type(protocol) != CTA_PROTOINFO_TCP)
			continue;
		mnl_attr_for_each_nested(attribute, protocol)
		{
			if (mnl_attr_get_type(attribute) == CTA_PROTOINFO_TCP_STATE &&
			    mnl_attr_get_payload_len(attribute) >= 1)
				return mnl_attr_get_u8(attribute);
		}
	}
	return 0;
}

static void read_attribute(const struct nlattr *attribute, struct pr_conntrack_entry *entry)
{
	switch (mnl_attr_get_type(attribute)) {
	case CTA_TUPLE_ORIG:
		read_tuple(attribute, &entry->original);
		break;
	case CTA_TUPLE_REPLY:
		read_tuple(attribute, &entry->reply);
		break;
	case CTA_COUNTERS_ORIG:
		entry->counted = true;
		read_counters(attribute, &entry->packets_original, &entry->bytes_original);
		break;
	case CTA_COUNTERS_REPLY:
		read_counters(attribute, &entry->packets_reply, &entry->bytes_reply);
		break;
	case CTA_ID:
		entry->id = u32_of(attribute);
		break;
	case CTA_MARK:
		entry->mark = u32_of(attribute);
		break;
	case CTA_ZONE:
		entry->zone = u16_of(attribute);
		break;
	case CTA_STATUS:
		entry->status = u32_of(attribute);
		break;
	case CTA_PROTOINFO:
		entry->tcp_state = tcp_state_of(attribute);
		break;
	}
}

int pr_conntrack_read(const struct nlmsghdr *message, struct pr_conntrack_entry *ret_entry)
{
	struct pr_conntrack_entry entry = { 0 };
	const struct nlattr *attribute;

	if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_CTNETLINK)
		return PR_CONNTRACK_NO_ENTRY;
	if (message->nlmsg_len < mnl_nlmsg_size(sizeof(struct nfgenmsg)))
		return -EBADMSG;
	switch (NFNL_MSG_TYPE(message->nlmsg_type)) {
	case IPCTNL_MSG_CT_NEW:
		entry.kind = message->nlmsg_flags & NLM_F_CREATE ? PR_CONNTRACK_NEW
								 : PR_CONNTRACK_UPDATE;
		break;
	case IPCTNL_MSG_CT_DELETE:
		entry.kind = PR_CONNTRACK_DESTROY;
		break;
	default:
		return PR_CONNTRACK_NO_ENTRY;
	}
	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
		read_attribute(attribute, &entry);
	if (!entry.original.src.family || !entry.original.dst.family)
		return -EBADMSG;
	*ret_entry = entry;
	return 0;
}

static struct nlmsghdr *begin(void *buffer, uint8_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	generic->nfgen_family = family;
	generic->version = NFNETLINK_V0;
	return message;
}

static void put_tuple(struct nlmsghdr *message, uint16_t type, const struct pr_tuple *tuple)
{
	struct nlattr *whole = mnl_attr_nest_start(message, type);
	struct nlattr *part = mnl_attr_nest_start(message, CTA_TUPLE_IP);
	bool v4 = tuple->src.family == 4;
	uint16_t len = v4 ? 4 : 16;

	mnl_attr_put(message, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, len, tuple->src.bytes);
	mnl_attr_put(message, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, len, tuple->dst.bytes);
	mnl_attr_nest_end(message, part);
	part = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(message, CTA_PROTO_NUM, tuple->proto);
	if (tuple->proto == IPPROTO_ICMP) {
		mnl_attr_put_u16(message, CTA_PROTO_ICMP_ID, htons(tuple->src_port));
		mnl_attr_put_u8(message, CTA_PROTO_ICMP_TYPE, type == CTA_TUPLE_ORIG ? 8 : 0);
		mnl_attr_put_u8(message, CTA_PROTO_ICMP_CODE, 0);
	} else if (tuple->proto == IPPROTO_ICMPV6) {
		mnl_attr_put_u16(message, CTA_PROTO_ICMPV6_ID, htons(tuple->src_port));
		mnl_attr_put_u8(message, CTA_PROTO_ICMPV6_TYPE, type == CTA_TUPLE_ORIG ? 128 : 129);
		mnl_attr_put_u8(message, CTA_PROTO_ICMPV6_CODE, 0);
	} else {
		mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, htons(tuple->src_port));
		mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, htons(tuple->dst_port));
	}
	mnl_attr_nest_end(message, part);
	mnl_attr_nest_end(message, whole);
}

static uint8_t family_of(const struct pr_tuple *tuple)
{
	return tuple->src.family == 4 ? AF_INET : AF_INET6;
}

struct nlmsghdr *pr_conntrack_write_dump(void *buffer, const struct pr_conntrack_selector *selector)
{
	struct nlmsghdr *message = begin(buffer, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);

	if (selector && selector->mask) {
		mnl_attr_put_u32(message, CTA_MARK, htonl(selector->value));
		mnl_attr_put_u32(message, CTA_MARK_MASK, htonl(selector->mask));
	}
	return message;
}

struct nlmsghdr *pr_conntrack_write_find(void *buffer, const struct pr_tuple *tuple, bool reply)
{
	struct nlmsghdr *message = begin(buffer, IPCTNL_MSG_CT_GET, NLM_F_ACK, family_of(tuple));

	put_tuple(message, reply ? CTA_TUPLE_REPLY : CTA_TUPLE_ORIG, tuple);
	return message;
}

struct nlmsghdr *pr_conntrack_write_mark(void *buffer, const struct pr_tuple *tuple, bool reply,
					 uint16_t zone, uint32_t bits, uint32_t value)
{
	struct nlmsghdr *message = begin(buffer, IPCTNL_MSG_CT_NEW, NLM_F_ACK, family_of(tuple));

	put_tuple(message, reply ? CTA_TUPLE_REPLY : CTA_TUPLE_ORIG, tuple);
	if (zone)
		mnl_attr_put_u16(message, CTA_ZONE, htons(zone));
	/* ctnetlink_change_mark(): the mark's other bits stay, atomically enough for all writers of it. */
	mnl_attr_put_u32(message, CTA_MARK, htonl(value & bits));
	mnl_attr_put_u32(message, CTA_MARK_MASK, htonl(bits));
	return message;
}

struct nlmsghdr *pr_conntrack_write_delete(void *buffer, const struct pr_conntrack_entry *entry)
{
	struct nlmsghdr *message =
		begin(buffer, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, family_of(&entry->original));

	put_tuple(message, CTA_TUPLE_ORIG, &entry->original);
	if (entry->zone)
		mnl_attr_put_u16(message, CTA_ZONE, htons(entry->zone));
	mnl_attr_put_u32(message, CTA_ID, htonl(entry->id));
	return message;
}
