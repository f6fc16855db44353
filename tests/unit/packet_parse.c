/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet_bytes.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

static int parse(const struct bytes *packet, struct pr_packet *ret_packet)
{
	return pr_packet_parse(packet->bytes, packet->len, packet->len, ret_packet);
}

static void check_round_trip(const struct pr_tuple *expected, uint32_t header_len)
{
	struct pr_packet_parts parts = { .tuple = *expected,
					 .tcp_flags = PR_TCP_SYN,
					 .icmp_type = expected->src.family == 4 ? 8 : 128,
					 .payload = "hello",
					 .payload_len = 5 };
	uint32_t ip_len = expected->src.family == 4 ? 20 : 40;
	struct bytes bytes = built(&parts);
	struct pr_packet packet;

	assert_int_equal(parse(&bytes, &packet), PR_PACKET_PARSED);
	assert_true(pr_tuple_equal(&packet.tuple, expected));
	assert_int_equal(packet.transport_offset, ip_len);
	assert_int_equal(packet.payload_offset, ip_len + header_len);
	assert_int_equal(packet.payload_len, 5);
	assert_int_equal(packet.wire_len, bytes.len);
	/* Every shorter piece of it is an outcome. */
	for (size_t len = 0; len < bytes.len; len++) {
		struct pr_packet untouched = { .version = 99 };
		int r = pr_packet_parse(bytes.bytes, len, bytes.len, &untouched);

		assert_true(r == PR_PACKET_TRUNCATED || r == PR_PACKET_PARSED);
		assert_int_equal(r == PR_PACKET_TRUNCATED, untouched.version == 99);
		assert_int_equal(r == PR_PACKET_TRUNCATED, len < ip_len + header_len);
	}
}

static void reads_what_was_built(void **state)
{
	const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, 136, 132 };
	const uint32_t header_lens[] = { 20, 8, 8, 12 };

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(protos); i++) {
		struct pr_tuple v4 = tuple("192.0.2.1", 40000, "198.51.100.7", 443, protos[i]);
		struct pr_tuple v6 = tuple("2001:db8::1", 40000, "2001:db8::2", 443, protos[i]);

		check_round_trip(&v4, header_lens[i]);
		check_round_trip(&v6, header_lens[i]);
	}
}

static void an_echo_has_its_identifier_for_both_ports(void **state)
{
	struct pr_tuple v4 = tuple("192.0.2.1", 77, "198.51.100.7", 77, IPPROTO_ICMP);
	struct pr_tuple v6 = tuple("2001:db8::1", 78, "2001:db8::2", 78, IPPROTO_ICMPV6);

	(void)state;
	check_round_trip(&v4, 8);
	check_round_trip(&v6, 8);
}

static void protocols_without_ports_have_none(void **state)
{
	struct pr_packet_parts parts = { .payload = "data", .payload_len = 4 };
	struct pr_packet packet;
	struct bytes bytes;

	(void)state;
	parts.tuple = tuple("192.0.2.1", 0, "198.51.100.7", 0, IPPROTO_GRE);
	bytes = built(&parts);
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_PARSED);
	assert_true(pr_tuple_equal(&packet.tuple, &parts.tuple));
	/* ICMP in IPv6 is a protocol like another. */
	parts.tuple = tuple("2001:db8::1", 0, "2001:db8::2", 0, IPPROTO_ICMP);
	bytes = built(&parts);
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_PARSED);
	assert_int_equal(packet.icmp_type, 0);
}

static struct bytes udp4(void)
{
	struct pr_packet_parts parts = { .payload = "question", .payload_len = 8 };

	parts.tuple = tuple("192.0.2.1", 40000, "198.51.100.7", 53, IPPROTO_UDP);
	return built(&parts);
}

static void check_changed(struct bytes bytes, size_t at, uint8_t value, int expected)
{
	struct pr_packet packet;

	bytes.bytes[at] = value;
	assert_int_equal(parse(&bytes, &packet), expected);
}

static void lying_headers_are_outcomes(void **state)
{
	struct pr_packet_parts parts = { .tcp_flags = PR_TCP_SYN };
	struct bytes tcp, udp = udp4();

	(void)state;
	parts.tuple = tuple("192.0.2.1", 40000, "198.51.100.7", 443, IPPROTO_TCP);
	tcp = built(&parts);
	check_changed(udp, 0, 0x55, PR_PACKET_BAD_VERSION);
	check_changed(udp, 0, 0x44, PR_PACKET_BAD_LENGTH); /* header of 16 */
	check_changed(udp, 0, 0x4f, PR_PACKET_BAD_LENGTH); /* header longer than the packet */
	check_changed(udp, 3, 19, PR_PACKET_BAD_LENGTH);   /* total less than the header */
	check_changed(udp, 2, 1, PR_PACKET_BAD_LENGTH);	   /* total more than there is */
	check_changed(udp, 25, 7, PR_PACKET_BAD_LENGTH);   /* UDP: less than its header */
	check_changed(udp, 25, 200, PR_PACKET_BAD_LENGTH); /* more than the packet */
	check_changed(udp, 25, 0, PR_PACKET_BAD_LENGTH);
	check_changed(tcp, 32, 0x40, PR_PACKET_BAD_LENGTH); /* data offset of 16 */
	check_changed(tcp, 32, 0x60, PR_PACKET_BAD_LENGTH); /* beyond the packet */
}

static void padding_is_not_payload(void **state)
{
	struct bytes bytes = udp4();
	struct pr_packet packet;

	(void)state;
	memset(bytes.bytes + bytes.len, 0xee, 10);
	bytes.len += 10;
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_PARSED);
	assert_int_equal(packet.payload_len, 8);
	assert_int_equal(packet.wire_len, bytes.len - 10);
	/* Within the IP packet, behind what UDP says is its own. */
	bytes.len -= 10;
	bytes.bytes[25] = 12;
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_PARSED);
	assert_int_equal(packet.payload_len, 4);
}

static void later_fragments_have_no_ports(void **state)
{
	struct bytes bytes = udp4();
	struct pr_packet packet;

	(void)state;
	bytes.bytes[6] = 0x20; /* the first of several: UDP's length is that of all */
	bytes.bytes[24] = 9;
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_PARSED);
	assert_true(packet.fragment && packet.more_fragments);
	assert_int_equal(packet.tuple.dst_port, 53);
	bytes.bytes[6] = 0;
	bytes.bytes[7] = 2;
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_LATER_FRAGMENT);
	assert_true(packet.fragment && !packet.more_fragments);
	assert_int_equal(packet.fragment_offset, 16);
	assert_int_equal(packet.tuple.dst_port, 0);
	assert_int_equal(packet.tuple.proto, IPPROTO_UDP);
}

/* An IPv6 packet of extension headers that `headers` holds, then UDP. */
static struct bytes udp6(uint8_t first, const void *headers, size_t len)
{
	struct pr_packet_parts parts = { .payload = headers, .payload_len = len };
	struct bytes bytes;
	static const uint8_t udp[] = { 0x9c, 0x40, 0, 53, 0, 8, 0, 0 };

	parts.tuple = tuple("2001:db8::1", 0, "2001:db8::2", 0, 200);
	bytes = built(&parts);
	memcpy(bytes.bytes + bytes.len, udp, sizeof(udp));
	bytes.len += sizeof(udp);
	bytes.bytes[5] = (uint8_t)(bytes.len - 40);
	bytes.bytes[4] = (uint8_t)((bytes.len - 40) >> 8);
	bytes.bytes[6] = first;
	return bytes;
}

static void walks_extension_headers(void **state)
{
	static const uint8_t all[] = {
		60, 0, 5, 2,  0, 0, 1, 0, /* hop by hop: router alert, padding */
		43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* destination options */
		51, 0, 0, 0,  0, 0, 0, 0,			  /* routing */
		44, 1, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0, /* authentication: in words of four */
		17, 0, 0, 0,  0, 0, 0, 9,	      /* an atomic fragment (RFC 6946) */
	};
	struct bytes bytes = udp6(0, all, sizeof(all));
	struct pr_packet packet;

	(void)state;
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_PARSED);
	assert_int_equal(packet.tuple.proto, IPPROTO_UDP);
	assert_int_equal(packet.tuple.dst_port, 53);
	assert_false(packet.fragment);
	check_changed(bytes, 41, 200, PR_PACKET_BAD_LENGTH); /* beyond the packet */
	check_changed(bytes, 43, 9, PR_PACKET_BAD_LENGTH);   /* an option beyond its header */
}

static void bounds_the_extension_headers(void **state)
{
	uint8_t many[8 * (PR_PACKET_EXTENSIONS_MAX + 1)] = { 0 };
	struct pr_packet packet;
	struct bytes bytes;

	(void)state;
	for (unsigned int i = 0; i <= PR_PACKET_EXTENSIONS_MAX; i++)
		memcpy(many + 8 * i, (const uint8_t[]){ 60, 0, 1, 4 }, 4);
	many[8 * PR_PACKET_EXTENSIONS_MAX] = 17;
	bytes = udp6(60, many, sizeof(many));
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_TOO_MANY_EXTENSIONS);
	bytes = udp6(60, many + 8, sizeof(many) - 8);
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_PARSED);
}

static void later_fragments_of_ipv6_end_the_walk(void **state)
{
	static const uint8_t fragment[] = { 60, 0, 0, 9, 0, 0, 0, 5 };
	struct bytes bytes = udp6(44, fragment, sizeof(fragment));
	struct pr_packet packet;

	(void)state;
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_LATER_FRAGMENT);
	assert_int_equal(packet.fragment_offset, 8);
	assert_true(packet.more_fragments);
	assert_int_equal(packet.tuple.proto, 60);
	assert_int_equal(packet.tuple.dst_port, 0);
}

static void an_ipv4_mapped_address_on_the_wire_is_refused(void **state)
{
	struct bytes bytes = udp6(17, "", 0);
	struct pr_packet packet;

	(void)state;
	memset(bytes.bytes + 8, 0, 10);
	memset(bytes.bytes + 18, 0xff, 2);
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_BAD_ADDRESS);
}

static void aggregates_above_64_kib_go_by_their_true_size(void **state)
{
	struct pr_packet_parts parts = { .tcp_flags = PR_TCP_ACK,
					 .payload = "x",
					 .payload_len = 1 };
	struct pr_packet packet;
	struct bytes bytes;

	(void)state;
	parts.tuple = tuple("192.0.2.1", 40000, "198.51.100.7", 443, IPPROTO_TCP);
	bytes = built(&parts);
	bytes.bytes[2] = bytes.bytes[3] = 0;
	assert_int_equal(pr_packet_parse(bytes.bytes, bytes.len, 100000, &packet), 0);
	assert_int_equal(packet.wire_len, 100000);
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_BAD_LENGTH);
}

static void errors_show_the_tuple_of_what_they_report(void **state)
{
	struct pr_packet_parts error = { .icmp_type = ICMP_DEST_UNREACH, .icmp_code = 4 };
	struct bytes inner = udp4(), bytes;
	struct pr_packet packet;
	struct pr_tuple about;

	(void)state;
	about = tuple("192.0.2.1", 40000, "198.51.100.7", 53, IPPROTO_UDP);
	error.tuple = tuple("203.0.113.1", 0, "192.0.2.1", 0, IPPROTO_ICMP);
	error.payload = inner.bytes;
	error.payload_len = 28; /* RFC 792: the header and 64 bits */
	bytes = built(&error);
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_PARSED);
	assert_true(packet.icmp_error && packet.embedded_known);
	assert_true(pr_tuple_equal(&packet.embedded, &about));
	assert_int_equal(packet.tuple.src_port, 0);
	error.payload_len = 22;
	bytes = built(&error);
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_PARSED);
	assert_true(packet.icmp_error && !packet.embedded_known);
}

static void an_error_about_an_error_shows_nothing(void **state)
{
	struct pr_packet_parts inner = { .icmp_type = ICMP_DEST_UNREACH }, outer;
	struct pr_packet packet;
	struct bytes quoted, bytes;

	(void)state;
	inner.tuple = tuple("192.0.2.1", 0, "198.51.100.7", 0, IPPROTO_ICMP);
	quoted = built(&inner);
	outer = inner;
	outer.payload = quoted.bytes;
	outer.payload_len = quoted.len;
	bytes = built(&outer);
	assert_int_equal(parse(&bytes, &packet), PR_PACKET_PARSED);
	assert_true(packet.icmp_error && !packet.embedded_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_was_built),
		cmocka_unit_test(an_echo_has_its_identifier_for_both_ports),
		cmocka_unit_test(protocols_without_ports_have_none),
		cmocka_unit_test(lying_headers_are_outcomes),
		cmocka_unit_test(padding_is_not_payload),
		cmocka_unit_test(later_fragments_have_no_ports),
		cmocka_unit_test(walks_extension_headers),
		cmocka_unit_test(bounds_the_extension_headers),
		cmocka_unit_test(later_fragments_of_ipv6_end_the_walk),
		cmocka_unit_test(an_ipv4_mapped_address_on_the_wire_is_refused),
		cmocka_unit_test(aggregates_above_64_kib_go_by_their_true_size),
		cmocka_unit_test(errors_show_the_tuple_of_what_they_report),
		cmocka_unit_test(an_error_about_an_error_shows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
