/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets from the IP header on: bytes in, struct out. Pure; reads nothing beyond `len`. Truncated
 * and lying headers are outcomes. Checksums are not verified: what a host sends to itself, or
 * leaves to its card, carries none when it is seen here.
 */
#pragma once

#include "packet/tuple.h"

#include <stddef.h>

/* The kernel walks as many (net/ipv6/exthdrs_core.c); a packet with more is an outcome. */
#define PR_PACKET_EXTENSIONS_MAX 12

enum pr_packet_outcome {
	PR_PACKET_PARSED = 0,
	PR_PACKET_LATER_FRAGMENT = 1, /* not the first: whole but for ports and what follows them */
	PR_PACKET_TRUNCATED = 2,      /* ends within a header */
	PR_PACKET_BAD_VERSION = 3,    /* neither IPv4 nor IPv6 */
	PR_PACKET_BAD_LENGTH = 4,     /* a length field contradicts another or the packet's size */
	PR_PACKET_BAD_ADDRESS = 5,    /* an IPv4-mapped address in an IPv6 header */
	PR_PACKET_TOO_MANY_EXTENSIONS = 6,
};
#define PR_PACKET_N_OUTCOMES 7

#define PR_TCP_FIN	     0x01
#define PR_TCP_SYN	     0x02
#define PR_TCP_RST	     0x04
#define PR_TCP_PSH	     0x08
#define PR_TCP_ACK	     0x10
#define PR_TCP_URG	     0x20

struct pr_packet {
	struct pr_tuple tuple;
	/* Offsets from the IP header's first byte. */
	uint32_t transport_offset;
	uint32_t payload_offset; /* behind TCP's, UDP's, … header */
	uint32_t payload_len;	 /* of what is there */
	uint32_t wire_len;	 /* of the whole packet, by its own header, without padding */
	uint8_t version;	 /* 4 or 6 */
	uint8_t hop_limit;	 /* TTL */

	bool fragment;	     /* one of several */
	bool more_fragments; /* not the last of them */
	uint16_t fragment_offset;

	/* TCP */
	uint8_t tcp_flags; /* PR_TCP_… */
	bool multipath;	   /* it has an option of Multipath TCP's (RFC 8684) */
	uint16_t window;
	uint32_t seq, ack;

	/* ICMP and ICMPv6 */
	uint8_t icmp_type, icmp_code;
	bool icmp_error;	  /* reports on another packet */
	bool embedded_known;	  /* and that one's tuple could be read */
	struct pr_tuple embedded; /* as its sender sent it: src is who is told */
};

/* `wire_len` is the packet's size before it was cut to the `len` bytes that are here (≥ len). Fills
 * *ret_packet for PARSED and for LATER_FRAGMENT; otherwise it is untouched. Never negative. */
PR_MUST_USE int pr_packet_parse(const uint8_t *bytes, size_t len, size_t wire_len,
				struct pr_packet *ret_packet);

/* What a host needs to be on its link at all. A redirect is not among it. */
enum pr_infrastructure {
	PR_INFRASTRUCTURE_NONE,
	PR_INFRASTRUCTURE_NEIGHBOUR, /* RFC 4861: solicitation, advertisement */
	PR_INFRASTRUCTURE_ROUTER,    /* RFC 4861: solicitation, advertisement */
	PR_INFRASTRUCTURE_MLD,	     /* RFC 2710, RFC 3810 */
	PR_INFRASTRUCTURE_IGMP,	     /* RFC 1112, 2236, 3376 */
	PR_INFRASTRUCTURE_DHCP,	     /* RFC 2131, the client's side */
	PR_INFRASTRUCTURE_DHCP6,     /* RFC 8415, the client's side */
	PR_INFRASTRUCTURE_PMTU,	     /* `embedded` should be a permitted link */
};

/* `outgoing`: sent by this host, otherwise to it. Holds the packet against what its RFC demands
 * (hop limit, link-local source), so that what comes from off the link is none of it. */
enum pr_infrastructure pr_packet_infrastructure(const struct pr_packet *packet, bool outgoing);
const char *pr_infrastructure_name(enum pr_infrastructure infrastructure);
