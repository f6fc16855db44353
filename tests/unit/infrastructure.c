/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet/build.h"

#include "unit.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

struct row {
	const char *src, *dst;
	uint16_t src_port, dst_port;
	uint8_t proto, hop_limit, type, code;
	bool outgoing;
	enum pr_infrastructure expected;
};

static void check(const struct row *row)
{
	struct pr_packet_parts parts = { .hop_limit = row->hop_limit,
					 .icmp_type = row->type,
					 .icmp_code = row->code,
					 .tuple = { .src_port = row->src_port,
						    .dst_port = row->dst_port,
						    .proto = row->proto } };
	struct pr_packet packet;
	uint8_t bytes[200];
	size_t len;

	assert_int_equal(pr_address_parse(row->src, &parts.tuple.src), 0);
	assert_int_equal(pr_address_parse(row->dst, &parts.tuple.dst), 0);
	assert_int_equal(pr_packet_build(&parts, bytes, sizeof(bytes), &len), 0);
	assert_int_equal(pr_packet_parse(bytes, len, len, &packet), 0);
	assert_string_equal(
		pr_infrastructure_name(pr_packet_infrastructure(&packet, row->outgoing)),
		pr_infrastructure_name(row->expected));
}

#define ICMP6 0, 0, IPPROTO_ICMPV6

static const struct row rows[] = {
	{ "fe80::1", "ff02::1:ff00:2", ICMP6, 255, ND_NEIGHBOR_SOLICIT, 0, true,
	  PR_INFRASTRUCTURE_NEIGHBOUR },
	{ "2001:db8::1", "2001:db8::2", ICMP6, 255, ND_NEIGHBOR_ADVERT, 0, false,
	  PR_INFRASTRUCTURE_NEIGHBOUR },
	/* Came through a router. */
	{ "2001:db8::1", "2001:db8::2", ICMP6, 254, ND_NEIGHBOR_ADVERT, 0, false,
	  PR_INFRASTRUCTURE_NONE },
	{ "2001:db8::1", "2001:db8::2", ICMP6, 255, ND_NEIGHBOR_ADVERT, 1, false,
	  PR_INFRASTRUCTURE_NONE },
	{ "fe80::1", "ff02::2", ICMP6, 255, ND_ROUTER_SOLICIT, 0, true, PR_INFRASTRUCTURE_ROUTER },
	{ "::", "ff02::2", ICMP6, 255, ND_ROUTER_SOLICIT, 0, true, PR_INFRASTRUCTURE_ROUTER },
	{ "fe80::1", "ff02::1", ICMP6, 255, ND_ROUTER_ADVERT, 0, false, PR_INFRASTRUCTURE_ROUTER },
	{ "2001:db8::1", "ff02::1", ICMP6, 255, ND_ROUTER_ADVERT, 0, false,
	  PR_INFRASTRUCTURE_NONE },
	{ "fe80::1", "2001:db8::2", ICMP6, 255, ND_REDIRECT, 0, false, PR_INFRASTRUCTURE_NONE },
	{ "fe80::1", "ff02::16", ICMP6, 1, 143, 0, true, PR_INFRASTRUCTURE_MLD },
	{ "::", "ff02::16", ICMP6, 1, 143, 0, true, PR_INFRASTRUCTURE_MLD },
	{ "2001:db8::1", "ff02::16", ICMP6, 1, 143, 0, true, PR_INFRASTRUCTURE_NONE },
	{ "fe80::1", "2001:db8::2", ICMP6, 1, 143, 0, true, PR_INFRASTRUCTURE_NONE },
	{ "fe80::1", "ff02::1", ICMP6, 2, MLD_LISTENER_QUERY, 0, false, PR_INFRASTRUCTURE_NONE },
	{ "2001:db8::1", "2001:db8::2", ICMP6, 64, ICMP6_ECHO_REQUEST, 0, true,
	  PR_INFRASTRUCTURE_NONE },
	/* Says nothing about whom. */
	{ "2001:db8::1", "2001:db8::2", ICMP6, 64, ICMP6_PACKET_TOO_BIG, 0, false,
	  PR_INFRASTRUCTURE_NONE },
	{ "192.0.2.1", "224.0.0.22", 0, 0, IPPROTO_IGMP, 1, 0, 0, true, PR_INFRASTRUCTURE_IGMP },
	{ "192.0.2.1", "224.0.0.22", 0, 0, IPPROTO_IGMP, 2, 0, 0, true, PR_INFRASTRUCTURE_NONE },
	{ "192.0.2.1", "198.51.100.7", 0, 0, IPPROTO_IGMP, 1, 0, 0, true, PR_INFRASTRUCTURE_NONE },
	{ "0.0.0.0", "255.255.255.255", 68, 67, IPPROTO_UDP, 64, 0, 0, true,
	  PR_INFRASTRUCTURE_DHCP },
	{ "192.0.2.1", "192.0.2.9", 67, 68, IPPROTO_UDP, 64, 0, 0, false, PR_INFRASTRUCTURE_DHCP },
	/* A server's side. */
	{ "192.0.2.9", "192.0.2.1", 68, 67, IPPROTO_UDP, 64, 0, 0, false, PR_INFRASTRUCTURE_NONE },
	{ "192.0.2.1", "192.0.2.9", 67, 68, IPPROTO_UDP, 64, 0, 0, true, PR_INFRASTRUCTURE_NONE },
	{ "192.0.2.1", "192.0.2.9", 68, 53, IPPROTO_UDP, 64, 0, 0, true, PR_INFRASTRUCTURE_NONE },
	{ "fe80::1", "ff02::1:2", 546, 547, IPPROTO_UDP, 1, 0, 0, true, PR_INFRASTRUCTURE_DHCP6 },
	{ "fe80::2", "fe80::1", 547, 546, IPPROTO_UDP, 64, 0, 0, false, PR_INFRASTRUCTURE_DHCP6 },
	{ "2001:db8::1", "2001:db8::2", 546, 547, IPPROTO_UDP, 64, 0, 0, true,
	  PR_INFRASTRUCTURE_NONE },
};

static void is_classified_as_its_rfcs_say(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(rows); i++)
		check(&rows[i]);
}

static void a_path_mtu_error_names_whom_it_concerns(void **state)
{
	struct pr_packet_parts udp = { .tuple = { .src_port = 9, .dst_port = 53, .proto = 17 } };
	struct pr_packet_parts error = { .icmp_type = ICMP_DEST_UNREACH, .icmp_code = 4 };
	uint8_t quoted[100], bytes[200];
	struct pr_packet packet;
	size_t len;

	(void)state;
	assert_int_equal(pr_address_parse("192.0.2.1", &udp.tuple.src), 0);
	assert_int_equal(pr_address_parse("198.51.100.7", &udp.tuple.dst), 0);
	assert_int_equal(pr_packet_build(&udp, quoted, sizeof(quoted), &len), 0);
	error.tuple = (struct pr_tuple){ udp.tuple.dst, udp.tuple.src, 0, 0, IPPROTO_ICMP };
	error.payload = quoted;
	error.payload_len = len;
	assert_int_equal(pr_packet_build(&error, bytes, sizeof(bytes), &len), 0);
	assert_int_equal(pr_packet_parse(bytes, len, len, &packet), 0);
	assert_int_equal(pr_packet_infrastructure(&packet, false), PR_INFRASTRUCTURE_PMTU);
	assert_true(pr_tuple_equal(&packet.embedded, &udp.tuple));
	packet.icmp_code = 3;
	assert_int_equal(pr_packet_infrastructure(&packet, false), PR_INFRASTRUCTURE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_classified_as_its_rfcs_say),
		cmocka_unit_test(a_path_mtu_error_names_whom_it_concerns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
