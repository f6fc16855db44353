/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What passes without a rule must not be a way past the rules: each kind is held against what its
 * RFC demands of a sender on the link. A hop limit of 255 can't have been through a router, one of
 * 1 won't get through any.
 */
#include "packet/parse.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

static bool is_link_local(const struct pr_address *address)
{
	return address->family == 6 && address->bytes[0] == 0xfe &&
	       (address->bytes[1] & 0xc0) == 0x80;
}

static bool is_unspecified(const struct pr_address *address)
{
	static const uint8_t zero[16];

	return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

static bool is_multicast(const struct pr_address *address)
{
	return address->family == 4 ? (address->bytes[0] & 0xf0) == 0xe0
				    : address->bytes[0] == 0xff;
}

/* RFC 4861, 6.1.1, 6.1.2, 7.1.1, 7.1.2. */
static enum pr_infrastructure neighbour(const struct pr_packet *packet)
{
	if (packet->hop_limit != 255 || packet->icmp_code != 0 || packet->fragment)
		return PR_INFRASTRUCTURE_NONE;
	if (packet->icmp_type == ND_ROUTER_ADVERT)
		return is_link_local(&packet->tuple.src) ? PR_INFRASTRUCTURE_ROUTER
							 : PR_INFRASTRUCTURE_NONE;
	return packet->icmp_type == ND_ROUTER_SOLICIT ? PR_INFRASTRUCTURE_ROUTER
						      : PR_INFRASTRUCTURE_NEIGHBOUR;
}

/* RFC 2710, 3 and RFC 3810, 5: hop limit 1, a link-local source, or none before there is one. */
static enum pr_infrastructure listener(const struct pr_packet *packet)
{
	if (packet->hop_limit != 1 || packet->fragment || !is_multicast(&packet->tuple.dst))
		return PR_INFRASTRUCTURE_NONE;
	if (!is_link_local(&packet->tuple.src) && !is_unspecified(&packet->tuple.src))
		return PR_INFRASTRUCTURE_NONE;
	return PR_INFRASTRUCTURE_MLD;
}

static enum pr_infrastructure icmp6(const struct pr_packet *packet)
{
	switch (packet->icmp_type) {
	case ND_NEIGHBOR_SOLICIT:
	case ND_NEIGHBOR_ADVERT:
	case ND_ROUTER_SOLICIT:
	case ND_ROUTER_ADVERT:
		return neighbour(packet);
	case MLD_LISTENER_QUERY:
	case MLD_LISTENER_REPORT:
	case MLD_LISTENER_REDUCTION:
	case 143: /* RFC 3810, 5.2: version 2 report */
		return listener(packet);
	case ICMP6_PACKET_TOO_BIG:
		return packet->embedded_known ? PR_INFRASTRUCTURE_PMTU : PR_INFRASTRUCTURE_NONE;
	default:
		return PR_INFRASTRUCTURE_NONE;
	}
}

static enum pr_infrastructure icmp(const struct pr_packet *packet)
{
	if (packet->icmp_type == ICMP_DEST_UNREACH && packet->icmp_code == ICMP_FRAG_NEEDED &&
	    packet->embedded_known)
		return PR_INFRASTRUCTURE_PMTU;
	return PR_INFRASTRUCTURE_NONE;
}

/* The client's side only, in this direction. A client of DHCPv6 speaks from its link-local address
 * (RFC 8415, 13.1), one of DHCP may renew by unicast from whatever address it has. */
static enum pr_infrastructure dhcp(const struct pr_packet *packet, bool outgoing)
{
	uint16_t client = outgoing ? packet->tuple.src_port : packet->tuple.dst_port;
	uint16_t server = outgoing ? packet->tuple.dst_port : packet->tuple.src_port;

	if (packet->version == 4 && client == 68 && server == 67)
		return PR_INFRASTRUCTURE_DHCP;
	if (packet->version == 6 && client == 546 && server == 547 &&
	    is_link_local(outgoing ? &packet->tuple.src : &packet->tuple.dst))
		return PR_INFRASTRUCTURE_DHCP6;
	return PR_INFRASTRUCTURE_NONE;
}

enum pr_infrastructure pr_packet_infrastructure(const struct pr_packet *packet, bool outgoing)
{
	if (packet->fragment_offset)
		return PR_INFRASTRUCTURE_NONE;
	if (packet->tuple.proto == IPPROTO_UDP)
		return dhcp(packet, outgoing);
	if (packet->version == 6)
		return packet->tuple.proto == IPPROTO_ICMPV6 ? icmp6(packet)
							     : PR_INFRASTRUCTURE_NONE;
	if (packet->tuple.proto == IPPROTO_ICMP)
		return icmp(packet);
	/* RFC 2236, 2 and RFC 3376, 4: TTL 1. */
	if (packet->tuple.proto == IPPROTO_IGMP && packet->hop_limit == 1 &&
	    is_multicast(&packet->tuple.dst))
		return PR_INFRASTRUCTURE_IGMP;
	return PR_INFRASTRUCTURE_NONE;
}

const char *pr_infrastructure_name(enum pr_infrastructure infrastructure)
{
	static const char *const names[] = { "none", "neighbour", "router", "mld",
					     "igmp", "dhcp",	  "dhcp6",  "pmtu" };

	return names[infrastructure];
}
