/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet_bytes.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

static struct pr_packet parsed(const struct bytes *bytes)
{
	struct pr_packet packet;

	assert_int_equal(pr_packet_parse(bytes->bytes, bytes->len, bytes->len, &packet),
			 PR_PACKET_PARSED);
	return packet;
}

static void checksums_are_those_of_the_rfcs(void **state)
{
	/* RFC 1071, 3: the example's sum is ddf2. */
	static const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal(pr_packet_checksum(example, sizeof(example), 0), 0xffff & ~0xddf2);
	assert_int_equal(pr_packet_checksum("\x01", 1, 0), 0xffff & ~0x0100);
	assert_int_equal(pr_packet_checksum("", 0, 0), 0xffff);
}

/* The sum over everything that a checksum covers, and the checksum, is all ones. */
static void check_checksums(const struct bytes *bytes, const struct pr_packet *packet)
{
	size_t len = packet->wire_len - packet->transport_offset;
	uint8_t whole[2048 + 40];
	size_t at = 0, address_len = packet->version == 4 ? 4 : 16;

	if (packet->version == 4)
		assert_int_equal(pr_packet_checksum(bytes->bytes, 20, 0), 0);
	if (packet->tuple.proto != IPPROTO_ICMP) {
		memcpy(whole, packet->tuple.src.bytes, address_len);
		memcpy(whole + address_len, packet->tuple.dst.bytes, address_len);
		at = 2 * address_len;
		whole[at++] = 0;
		whole[at++] = packet->tuple.proto;
		whole[at++] = (uint8_t)(len >> 8);
		whole[at++] = (uint8_t)len;
	}
	memcpy(whole + at, bytes->bytes + packet->transport_offset, len);
	assert_int_equal(pr_packet_checksum(whole, at + len, 0), 0);
}

static void what_is_built_has_right_checksums(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, 136, IPPROTO_ICMP,
					  IPPROTO_ICMPV6 };

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(protos); i++) {
		bool v6 = protos[i] == IPPROTO_ICMPV6 || i == 0;
		struct pr_packet_parts parts = { .payload = "odd", .payload_len = 3 };
		struct pr_packet packet;
		struct bytes bytes;

		parts.icmp_type = v6 ? 128 : 8;
		parts.tuple = v6 ? tuple("2001:db8::1", 9, "2001:db8::2", 9, protos[i])
				 : tuple("192.0.2.1", 9, "198.51.100.7", 9, protos[i]);
		bytes = built(&parts);
		packet = parsed(&bytes);
		check_checksums(&bytes, &packet);
	}
}

static void refuses_what_does_not_fit(void **state)
{
	static const uint8_t much[65535];
	struct pr_packet_parts parts = { .payload = much, .payload_len = sizeof(much) };
	static uint8_t buffer[70000];
	size_t len;

	(void)state;
	parts.tuple = tuple("192.0.2.1", 1, "198.51.100.7", 2, IPPROTO_UDP);
	assert_int_equal(pr_packet_build(&parts, buffer, sizeof(buffer), &len), -ENOBUFS);
	parts.payload_len = 100;
	assert_int_equal(pr_packet_build(&parts, buffer, 127, &len), -ENOBUFS);
	assert_int_equal(pr_packet_build(&parts, buffer, 128, &len), PR_BUILD_DONE);
	parts.tuple = tuple("192.0.2.1", 1, "2001:db8::1", 2, IPPROTO_UDP);
	assert_int_equal(pr_packet_build(&parts, buffer, sizeof(buffer), &len), -EINVAL);
}

static struct pr_packet reset_of(const struct pr_packet_parts *parts, enum pr_reset_to to)
{
	struct bytes bytes = built(parts), reset;
	struct pr_packet packet = parsed(&bytes), answer;

	assert_int_equal(
		pr_packet_build_reset(&packet, to, reset.bytes, sizeof(reset.bytes), &reset.len),
		PR_BUILD_DONE);
	answer = parsed(&reset);
	check_checksums(&reset, &answer);
	return answer;
}

static void a_syn_is_reset_as_a_closed_port_does(void **state)
{
	struct pr_packet_parts syn = { .tcp_flags = PR_TCP_SYN, .seq = 0xffffffff };
	struct pr_packet reset;
	struct pr_tuple back;

	(void)state;
	syn.tuple = tuple("192.0.2.1", 40000, "198.51.100.7", 443, IPPROTO_TCP);
	back = pr_tuple_reversed(&syn.tuple);
	reset = reset_of(&syn, PR_RESET_TO_SENDER);
	assert_true(pr_tuple_equal(&reset.tuple, &back));
	assert_int_equal(reset.tcp_flags, PR_TCP_RST | PR_TCP_ACK);
	assert_int_equal(reset.seq, 0);
	assert_int_equal(reset.ack, 0);
}

static void both_ends_of_a_live_link_take_their_resets(void **state)
{
	struct pr_packet_parts data = { .tcp_flags = PR_TCP_ACK | PR_TCP_PSH,
					.seq = 1000,
					.ack = 5000,
					.payload = "data",
					.payload_len = 4 };
	struct pr_packet reset;

	(void)state;
	data.tuple = tuple("2001:db8::1", 40000, "2001:db8::2", 443, IPPROTO_TCP);
	reset = reset_of(&data, PR_RESET_TO_SENDER);
	assert_int_equal(reset.seq, 5000); /* what the sender expects next */
	assert_int_equal(reset.tcp_flags, PR_TCP_RST);
	reset = reset_of(&data, PR_RESET_TO_RECEIVER);
	assert_true(pr_tuple_equal(&reset.tuple, &data.tuple));
	assert_int_equal(reset.seq, 1000); /* in the place of the packet that is withheld */
	assert_int_equal(reset.ack, 5000);
}

static void a_reset_is_not_answered(void **state)
{
	struct pr_packet_parts reset = { .tcp_flags = PR_TCP_RST };
	struct pr_packet packet;
	struct bytes bytes;
	uint8_t buffer[60];
	size_t len;

	(void)state;
	reset.tuple = tuple("192.0.2.1", 40000, "198.51.100.7", 443, IPPROTO_TCP);
	bytes = built(&reset);
	packet = parsed(&bytes);
	assert_int_equal(
		pr_packet_build_reset(&packet, PR_RESET_TO_SENDER, buffer, sizeof(buffer), &len),
		PR_BUILD_NOT_ALLOWED);
}

static void check_checksums_of_transport(const struct bytes *bytes)
{
	struct pr_packet packet = parsed(bytes);
	size_t len = packet.wire_len - packet.transport_offset;

	assert_int_equal(
		pr_packet_checksum(bytes->bytes + packet.transport_offset, len,
				   pr_packet_pseudo_sum(&packet.tuple, packet.tuple.proto, len)),
		0);
}

/* As the kernel hands it up: the field holds the pseudo header's sum. */
static struct bytes unsummed(const struct bytes *whole, size_t checksum_at)
{
	struct bytes open = *whole;
	struct pr_packet packet = parsed(whole);
	size_t len = packet.wire_len - packet.transport_offset;
	uint32_t sum = pr_packet_pseudo_sum(&packet.tuple, packet.tuple.proto, len);

	open.bytes[packet.transport_offset + checksum_at] = (uint8_t)(sum >> 8);
	open.bytes[packet.transport_offset + checksum_at + 1] = (uint8_t)sum;
	return open;
}

static void is_sealed(struct bytes bytes, size_t wire_len, bool is_unsummed,
		      const struct bytes *expected)
{
	assert_true(pr_packet_seal(bytes.bytes, bytes.len, wire_len, is_unsummed));
	assert_memory_equal(bytes.bytes, expected->bytes, expected->len);
}

static void what_is_sealed_is_whole(void **state)
{
	static const char payload[] = "a payload of an odd length, 31.";
	const struct {
		const char *src, *dst;
		uint8_t proto;
		size_t checksum_at;
	} kinds[] = {
		{ "192.0.2.1", "198.51.100.7", IPPROTO_TCP, 16 },
		{ "192.0.2.1", "198.51.100.7", IPPROTO_UDP, 6 },
		{ "2001:db8::1", "2001:db8:1::7", IPPROTO_TCP, 16 },
		{ "2001:db8::1", "2001:db8:1::7", IPPROTO_UDP, 6 },
	};

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(kinds); i++) {
		struct pr_packet_parts parts = { .tcp_flags = PR_TCP_ACK | PR_TCP_FIN,
						 .payload = payload,
						 .payload_len = 31 };
		struct bytes whole, open, other, cut;
		bool tcp = kinds[i].proto == IPPROTO_TCP;

		parts.tuple = tuple(kinds[i].src, 40000, kinds[i].dst, 443, kinds[i].proto);
		whole = built(&parts);
		open = unsummed(&whole, kinds[i].checksum_at);
		is_sealed(open, open.len, true, &whole);
		is_sealed(whole, whole.len, false, &whole);
		/* a wrong one stays wrong, and so does one that is another packet's within */
		other = whole;
		other.bytes[other.len - 1] ^= 1;
		is_sealed(other, other.len, false, &other);
		other.bytes[parsed(&other).transport_offset + kinds[i].checksum_at] ^= 1;
		is_sealed(other, other.len, true, &other);
		/* of one that is longer the beginning, without the end */
		parts.payload_len = 20;
		parts.tcp_flags = PR_TCP_ACK;
		cut = built(&parts);
		open.len = cut.len;
		if (tcp)
			is_sealed(open, whole.len, true, &cut);
		else
			assert_false(pr_packet_seal(open.bytes, open.len, whole.len, true));
	}
}

static void one_path_is_left(void **state)
{
	static const uint8_t options[20] = { 2, 4, 5, 180, 1, 30, 12, 1, 0x81, 0,
					     0, 0, 0, 0,   0, 0,  0,  1, 1,    1 };
	struct pr_packet_parts parts = { .tcp_flags = PR_TCP_SYN, .seq = 1 };
	struct bytes open, summed, one;
	struct pr_packet packet;

	(void)state;
	parts.tuple = tuple("192.0.2.1", 40000, "198.51.100.7", 443, IPPROTO_TCP);
	open = built(&parts);
	assert_false(parsed(&open).multipath);
	memcpy(open.bytes + open.len, options, sizeof(options));
	open.bytes[32] = 10 << 4; /* with five words of options */
	open.len += sizeof(options);
	open.bytes[3] = (uint8_t)open.len;
	packet = parsed(&open);
	assert_true(packet.multipath);
	open = unsummed(&open, 16);
	summed = open;
	assert_true(pr_packet_seal(summed.bytes, summed.len, summed.len, true));
	check_checksums_of_transport(&summed);
	one = summed;
	pr_packet_one_path(one.bytes, one.len, one.len, false);
	assert_false(parsed(&one).multipath);
	check_checksums_of_transport(&one);
	/* the others stand */
	assert_memory_equal(one.bytes + 40, options, 4);
	pr_packet_one_path(open.bytes, open.len, open.len, true);
	is_sealed(open, open.len, true, &one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_are_those_of_the_rfcs),
		cmocka_unit_test(what_is_built_has_right_checksums),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(a_syn_is_reset_as_a_closed_port_does),
		cmocka_unit_test(both_ends_of_a_live_link_take_their_resets),
		cmocka_unit_test(a_reset_is_not_answered),
		cmocka_unit_test(what_is_sealed_is_whole),
		cmocka_unit_test(one_path_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
