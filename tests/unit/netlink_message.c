/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/conntrack_message.h"
#include "kernel/nfqueue_message.h"

#include "unit.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <string.h>

static struct nlmsghdr *packet_message(char *buffer, uint16_t queue, uint32_t id, uint8_t hook)
{
	struct nlmsghdr *message = pr_nfqueue_message(buffer, NFQNL_MSG_PACKET, queue);
	struct nfqnl_msg_packet_hdr header = { .packet_id = htonl(id), .hook = hook };

	mnl_attr_put(message, NFQA_PACKET_HDR, sizeof(header), &header);
	return message;
}

static void reads_a_packet(void **state)
{
	char buffer[512] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = packet_message(buffer, 7, 99, NF_INET_LOCAL_IN);
	struct pr_intercepted packet;

	(void)state;
	mnl_attr_put_u32(message, NFQA_MARK, htonl(0x1234));
	mnl_attr_put_u32(message, NFQA_IFINDEX_INDEV, htonl(3));
	mnl_attr_put_u32(message, NFQA_CAP_LEN, htonl(1500));
	mnl_attr_put_u32(message, NFQA_SKB_INFO, htonl(NFQA_SKB_GSO | NFQA_SKB_CSUMNOTREADY));
	mnl_attr_put(message, NFQA_PAYLOAD, 5, "bytes");
	assert_int_equal(pr_nfqueue_read(message, message->nlmsg_len, &packet), 0);
	assert_true(packet.handle == ((uint64_t)7 << 32 | 99));
	assert_int_equal(packet.hook, PR_HOOK_INPUT);
	assert_int_equal(packet.mark, 0x1234);
	assert_int_equal(packet.in_ifindex, 3);
	assert_int_equal(packet.len, 5);
	assert_int_equal(packet.wire_len, 1500);
	assert_memory_equal(packet.bytes, "bytes", 5);
	assert_true(packet.uid == UINT32_MAX);
	assert_true(packet.unsummed);
}

static void refuses_what_is_no_packet(void **state)
{
	char buffer[512] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = packet_message(buffer, 7, 99, NF_INET_LOCAL_IN);
	struct pr_intercepted packet;

	(void)state;
	assert_int_equal(pr_nfqueue_read(message, message->nlmsg_len - 1, &packet), -EBADMSG);
	assert_int_equal(pr_nfqueue_read(message, 3, &packet), -EBADMSG);
	message = pr_nfqueue_message(buffer, NFQNL_MSG_PACKET, 7);
	assert_int_equal(pr_nfqueue_read(message, message->nlmsg_len, &packet), -EBADMSG);
	message->nlmsg_type = NLMSG_ERROR;
	assert_int_equal(pr_nfqueue_read(message, message->nlmsg_len, &packet),
			 PR_NFQUEUE_NO_PACKET);
}

static void a_verdict_fits_its_space(void **state)
{
	struct pr_nfqueue_answer answer = {
		.queue = 1, .packet = 2, .verdict = NF_REPEAT, .mark = 0xff000000, .marks = true
	};
	char buffer[128] __attribute__((aligned(8))) = { 0 };

	(void)state;
	assert_true(pr_nfqueue_write(&answer, buffer) <= 64);
	answer.payload = "a packet of twenty-two";
	answer.payload_len = 22;
	assert_true(pr_nfqueue_write(&answer, buffer) <= 64 + 22);
}

static void check_tuple(uint8_t proto, const char *src, const char *dst)
{
	char buffer[PR_CONNTRACK_MESSAGE_MAX] __attribute__((aligned(8))) = { 0 };
	struct pr_tuple tuple = { .src_port = 1000, .dst_port = 2000, .proto = proto };
	struct pr_conntrack_entry entry;
	struct nlmsghdr *message;

	assert_int_equal(pr_address_parse(src, &tuple.src), 0);
	assert_int_equal(pr_address_parse(dst, &tuple.dst), 0);
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		tuple.dst_port = tuple.src_port;
	message = pr_conntrack_write_mark(buffer, &tuple, false, 9, 0xff000000, 0x12345678);
	assert_true(message->nlmsg_len <= sizeof(buffer));
	assert_int_equal(pr_conntrack_read(message, &entry), 0);
	assert_true(pr_tuple_equal(&entry.original, &tuple));
	assert_int_equal(entry.mark, 0x12000000);
	assert_int_equal(entry.zone, 9);
}

static void entries_come_back(void **state)
{
	(void)state;
	check_tuple(IPPROTO_TCP, "192.0.2.1", "198.51.100.7");
	check_tuple(IPPROTO_UDP, "2001:db8::1", "2001:db8::2");
	check_tuple(IPPROTO_ICMP, "192.0.2.1", "198.51.100.7");
	check_tuple(IPPROTO_ICMPV6, "2001:db8::1", "2001:db8::2");
}

static void an_entry_needs_its_addresses(void **state)
{
	char buffer[PR_CONNTRACK_MESSAGE_MAX] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = pr_conntrack_write_dump(buffer, NULL);
	struct pr_conntrack_entry entry;

	(void)state;
	assert_int_equal(pr_conntrack_read(message, &entry), PR_CONNTRACK_NO_ENTRY);
	message->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	assert_int_equal(pr_conntrack_read(message, &entry), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_packet),
		cmocka_unit_test(refuses_what_is_no_packet),
		cmocka_unit_test(a_verdict_fits_its_space),
		cmocka_unit_test(entries_come_back),
		cmocka_unit_test(an_entry_needs_its_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
