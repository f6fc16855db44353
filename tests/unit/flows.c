/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/flows.h"

#include "dns/message.h"
#include "packet/build.h"
#include "unit.h"

#include <string.h>

#define CLIENT "192.0.2.1"
#define SERVER "198.51.100.1"

static struct pr_flows *flows;
static uint64_t now_us;

static int begin(void **state)
{
	(void)state;
	now_us = UINT64_C(1700000000000000);
	flows = pr_flows_new();
	return 0;
}

static int end(void **state)
{
	(void)state;
	pr_flows_free(flows);
	return 0;
}

static struct pr_packet_parts from(const char *src, uint16_t src_port, const char *dst,
				   uint16_t dst_port, uint8_t proto)
{
	struct pr_packet_parts parts = {
		.tuple = { .src_port = src_port, .dst_port = dst_port, .proto = proto }
	};

	assert_int_equal(pr_address_parse(src, &parts.tuple.src), 0);
	assert_int_equal(pr_address_parse(dst, &parts.tuple.dst), 0);
	return parts;
}

static void put_bytes(const uint8_t *bytes, size_t len)
{
	const struct pr_captured captured = {
		.bytes = bytes, .len = len, .wire_len = len, .real_us = now_us
	};

	now_us += 1000;
	pr_flows_packet(flows, &captured);
}

static void put(const struct pr_packet_parts *parts)
{
	uint8_t bytes[2048];
	size_t len;

	assert_int_equal(pr_packet_build(parts, bytes, sizeof(bytes), &len), 0);
	put_bytes(bytes, len);
}

static void tcp(const char *src, uint16_t src_port, const char *dst, uint16_t dst_port,
		uint8_t flags, uint32_t seq)
{
	struct pr_packet_parts parts = from(src, src_port, dst, dst_port, IPPROTO_TCP);

	parts.tcp_flags = flags;
	parts.seq = seq;
	put(&parts);
}

static struct pr_packet_parts question(uint8_t message[512], const char *src, uint16_t src_port,
				       const char *dst)
{
	struct pr_packet_parts parts = from(src, src_port, dst, 53, IPPROTO_UDP);

	parts.payload = message;
	parts.payload_len =
		pr_dns_write_question(7, "example.com", PR_DNS_TYPE_A, 0, false, message, 512);
	return parts;
}

static void both_ways_are_one_flow(void **state)
{
	uint8_t message[512];
	struct pr_packet_parts parts = question(message, CLIENT, 4000, SERVER);

	(void)state;
	put(&parts);
	parts.tuple = pr_tuple_reversed(&parts.tuple);
	message[2] |= 0x80; /* an answer */
	put(&parts);
	pr_flows_end(flows);
	assert_int_equal(pr_flows_counters(flows).n_flows, 1);
	assert_int_equal(pr_flows_at(flows, 0)->tuple.src_port, 4000);
	assert_int_equal(pr_flows_at(flows, 0)->packets, 2);
	assert_int_equal(pr_flows_at(flows, 0)->bytes, 2 * (28 + parts.payload_len));
	assert_int_equal(pr_flows_at(flows, 0)->last_us - pr_flows_at(flows, 0)->first_us, 1000);
	assert_false(pr_flows_at(flows, 0)->silent);
	assert_int_equal(pr_flows_at(flows, 0)->seen->speaks, PR_SPEAKS_DNS);
	assert_int_equal(pr_flows_at(flows, 0)->seen->encryption, PR_ENCRYPTION_NO);
	assert_null(pr_flows_at(flows, 1));
}

/* Cut within the header of DNS: only what is put together can be told. */
static void fragments_are_put_together(void **state)
{
	uint8_t message[512], bytes[1024], piece[1024];
	struct pr_packet_parts parts = question(message, CLIENT, 4000, SERVER);
	size_t len;

	(void)state;
	assert_int_equal(pr_packet_build(&parts, bytes, sizeof(bytes), &len), 0);
	memcpy(piece, bytes, 36);
	piece[3] = 36;
	piece[6] = 0x20;
	put_bytes(piece, 36);
	memcpy(piece + 20, bytes + 36, len - 36);
	piece[3] = (uint8_t)(len - 16);
	piece[6] = 0;
	piece[7] = 2;
	put_bytes(piece, len - 16);
	pr_flows_end(flows);
	assert_int_equal(pr_flows_counters(flows).n_fragments_lost, 0);
	assert_int_equal(pr_flows_counters(flows).n_flows, 1);
	assert_int_equal(pr_flows_at(flows, 0)->packets, 1);
	assert_int_equal(pr_flows_at(flows, 0)->seen->speaks, PR_SPEAKS_DNS);
}

static void what_began_before_is_marked(void **state)
{
	(void)state;
	tcp(CLIENT, 4000, SERVER, 443, PR_TCP_ACK, 5);
	tcp(SERVER, 443, CLIENT, 4001, PR_TCP_SYN | PR_TCP_ACK, 5);
	tcp(CLIENT, 4002, SERVER, 443, PR_TCP_SYN, 5);
	pr_flows_end(flows);
	assert_int_equal(pr_flows_counters(flows).n_flows, 3);
	assert_true(pr_flows_at(flows, 0)->late);
	assert_true(pr_flows_at(flows, 1)->late);
	assert_int_equal(pr_flows_at(flows, 1)->tuple.src_port,
			 4001); /* who answers did not open it */
	assert_false(pr_flows_at(flows, 2)->late);
	assert_true(pr_flows_at(flows, 2)->silent);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(pr_flows_at(flows, i)->seen->speaks, PR_SPEAKS_UNKNOWN);
}

static void ports_are_used_again(void **state)
{
	(void)state;
	tcp(CLIENT, 4000, SERVER, 443, PR_TCP_SYN, 5);
	tcp(CLIENT, 4000, SERVER, 443, PR_TCP_SYN, 5); /* a retransmission */
	tcp(CLIENT, 4000, SERVER, 443, PR_TCP_SYN, 900);
	tcp(SERVER, 443, CLIENT, 4000, PR_TCP_RST | PR_TCP_ACK, 0);
	tcp(CLIENT, 4000, SERVER, 443, PR_TCP_SYN, 900); /* after its end the same is another */
	pr_flows_end(flows);
	assert_int_equal(pr_flows_counters(flows).n_flows, 3);
	assert_int_equal(pr_flows_at(flows, 0)->packets, 2);
	assert_int_equal(pr_flows_at(flows, 1)->packets, 2);
}

static void idle_datagrams_are_another_flow(void **state)
{
	uint8_t message[512];
	struct pr_packet_parts parts = question(message, CLIENT, 4000, SERVER);

	(void)state;
	put(&parts);
	now_us += (PR_FLOWS_UDP_IDLE_S - 1) * UINT64_C(1000000);
	put(&parts);
	now_us += (PR_FLOWS_UDP_IDLE_S + 1) * UINT64_C(1000000);
	put(&parts);
	pr_flows_end(flows);
	assert_int_equal(pr_flows_counters(flows).n_flows, 2);
	assert_int_equal(pr_flows_at(flows, 0)->packets, 2);
}

static void others_are_counted(void **state)
{
	struct pr_packet_parts echo = from(CLIENT, 1, SERVER, 1, IPPROTO_ICMP);
	const struct pr_captured nonsense = { .bytes = (const uint8_t *)"\x4f nonsense",
					      .len = 10,
					      .wire_len = 10 };

	(void)state;
	echo.icmp_type = 8;
	put(&echo);
	pr_flows_packet(flows, &nonsense);
	pr_flows_end(flows);
	assert_int_equal(pr_flows_counters(flows).n_other, 1);
	assert_int_equal(pr_flows_counters(flows).n_unreadable, 1);
	assert_int_equal(pr_flows_counters(flows).n_flows, 0);
}

static void there_is_a_bound(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PR_FLOWS_MAX + 10; i++)
		tcp(CLIENT, (uint16_t)(i / 2), SERVER, (uint16_t)(1 + i % 2), PR_TCP_SYN, i);
	for (unsigned int i = 0; i < 20; i++)
		tcp(CLIENT, (uint16_t)(i / 2), "198.51.100.2", (uint16_t)(1 + i % 2), PR_TCP_SYN,
		    i);
	pr_flows_end(flows);
	assert_int_equal(pr_flows_counters(flows).n_flows, PR_FLOWS_MAX);
	assert_int_equal(pr_flows_counters(flows).n_left_out, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_ways_are_one_flow, begin, end),
		cmocka_unit_test_setup_teardown(fragments_are_put_together, begin, end),
		cmocka_unit_test_setup_teardown(what_began_before_is_marked, begin, end),
		cmocka_unit_test_setup_teardown(ports_are_used_again, begin, end),
		cmocka_unit_test_setup_teardown(idle_datagrams_are_another_flow, begin, end),
		cmocka_unit_test_setup_teardown(others_are_counted, begin, end),
		cmocka_unit_test_setup_teardown(there_is_a_bound, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
