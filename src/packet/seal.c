/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A packet that is to go on with the very bytes that are here. What the kernel has left open is the checksum: its field
 * holds the sum of the pseudo header until then (include/linux/skbuff.h, CHECKSUM_PARTIAL), so the sum over all is
 * right whatever addresses that was made of (source routes name others than the header does). Where the field holds
 * something else, it is the checksum of a packet within that is open, and the kernel is its sender.
 */
#include "packet/build.h"

#include <string.h>

#define IPV4_HEADER_LEN 20u
#define IPV6_HEADER_LEN 40u
#define TCP_CHECKSUM	16u
#define TCP_FLAGS	13u
#define UDP_CHECKSUM	6u
#define IPV4_CHECKSUM	10u
#define IPV6_LENGTH_AT	4u
#define IPV4_LENGTH_AT	2u

static uint16_t read_at(const uint8_t *bytes, size_t at)
{
	return (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
}

static void write_at(uint8_t *bytes, size_t at, uint16_t value)
{
	bytes[at] = (uint8_t)(value >> 8);
	bytes[at + 1] = (uint8_t)value;
}

static bool is_plain(const struct pr_packet *parsed)
{
	return parsed->transport_offset ==
	       (parsed->version == 4 ? IPV4_HEADER_LEN : IPV6_HEADER_LEN);
}

static uint16_t pseudo_sum(const struct pr_packet *parsed, size_t len)
{
	return (uint16_t)pr_packet_pseudo_sum(&parsed->tuple, parsed->tuple.proto, len);
}

/* The header's lengths say what there is, and that nothing ends with it. */
static void shorten(const struct pr_packet *parsed, uint8_t *bytes, size_t len)
{
	if (parsed->version == 4) {
		write_at(bytes, IPV4_LENGTH_AT, (uint16_t)len);
		write_at(bytes, IPV4_CHECKSUM, 0);
		write_at(bytes, IPV4_CHECKSUM, pr_packet_checksum(bytes, IPV4_HEADER_LEN, 0));
	} else {
		write_at(bytes, IPV6_LENGTH_AT, (uint16_t)(len - IPV6_HEADER_LEN));
	}
	bytes[parsed->transport_offset + TCP_FLAGS] &= (uint8_t)~PR_TCP_FIN;
}

bool pr_packet_seal(uint8_t *bytes, size_t len, size_t wire_len, bool unsummed)
{
	struct pr_packet parsed;
	uint8_t *transport, proto;
	size_t transport_len, at;
	uint16_t checksum;

	if (pr_packet_parse(bytes, len, wire_len, &parsed) != PR_PACKET_PARSED || parsed.fragment)
		return false;
	proto = parsed.tuple.proto;
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return false;
	at = proto == IPPROTO_TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
	transport = bytes + parsed.transport_offset;
	transport_len = (parsed.wire_len < len ? parsed.wire_len : len) - parsed.transport_offset;
	if (wire_len > len) {
		if (proto != IPPROTO_TCP || !is_plain(&parsed) || len > UINT16_MAX)
			return false;
		shorten(&parsed, bytes, len);
		write_at(transport, at, pseudo_sum(&parsed, transport_len));
	} else if (!unsummed) {
		return true;
	} else if (is_plain(&parsed) &&
		   read_at(transport, at) != pseudo_sum(&parsed, transport_len)) {
		return true;
	}
	checksum = pr_packet_checksum(transport, transport_len, 0);
	/* In UDP 0 would mean that there is none (RFC 768). */
	write_at(transport, at, checksum || proto == IPPROTO_TCP ? checksum : 0xffff);
	return true;
}
