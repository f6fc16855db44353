/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets from the IP header on, with their checksums: resets, and whatever tests need.
 * Pure. */
#pragma once

#include "packet/parse.h"

enum pr_build_outcome {
	PR_BUILD_DONE = 0,
	PR_BUILD_NOT_ALLOWED = 1, /* no reset answers this packet */
};

/* Who learns of a cut link. */
enum pr_reset_to {
	PR_RESET_TO_SENDER,   /* of the packet: as a refused connection does */
	PR_RESET_TO_RECEIVER, /* comes from the packet's sender, in the packet's place */
};

/* `packet` is a parsed TCP packet; the answer goes into `buffer`, 60 bytes at least suffice.
 * NOT_ALLOWED for another protocol and for a reset. -ENOBUFS when `size` is too small. */
PR_MUST_USE int pr_packet_build_reset(const struct pr_packet *packet, enum pr_reset_to to,
				      void *buffer, size_t size, size_t *ret_len);

/* What pr_packet_build() makes a packet of. */
struct pr_packet_parts {
	struct pr_tuple tuple; /* both addresses of one family */
	uint8_t hop_limit;     /* 0 = 64 */
	uint8_t tcp_flags;
	uint32_t seq, ack;
	uint8_t icmp_type, icmp_code; /* the tuple's source port becomes an echo's identifier */
	const void *payload;
	size_t payload_len;
};

/* TCP, UDP, UDP-Lite, ICMP, ICMPv6 and SCTP with their header, other protocols with the payload
 * alone. -ENOBUFS when `size` is too small or the packet would be too long for IP, -EINVAL for
 * mixed families. */
PR_MUST_USE int pr_packet_build(const struct pr_packet_parts *parts, void *buffer, size_t size,
				size_t *ret_len);

/* The Internet checksum (RFC 1071) of `len` bytes, ready for the header; `sum` is what is added, 0
 * for none. */
uint16_t pr_packet_checksum(const void *bytes, size_t len, uint32_t sum);
/* The folded sum of the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1). */
uint32_t pr_packet_pseudo_sum(const struct pr_tuple *tuple, uint8_t proto, size_t len);

/* Makes of a SYN that asks for Multipath TCP one that doesn't: both ends then have a connection of one path. */
void pr_packet_one_path(uint8_t *bytes, size_t len, size_t wire_len, bool unsummed);
/* Makes a packet of TCP or UDP of which `len` bytes were handed up complete in itself. `wire_len` is what it was: one of
 * TCP is cut to what is here, for its sender sends the rest again. `unsummed`: its checksum is still open. False: it can't
 * be (cut, of UDP or with options; a fragment; no such packet). */
PR_MUST_USE bool pr_packet_seal(uint8_t *bytes, size_t len, size_t wire_len, bool unsummed);
