/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet/walk.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#define PROTO_DCCP	 33
#define PROTO_SCTP	 132
#define PROTO_UDPLITE	 136
#define PORTS_HEADER_LEN 12 /* SCTP's common header; DCCP's shortest */

static int tcp_parse(struct pr_walk *walk, struct pr_packet *packet)
{
	struct pr_reader *reader = &walk->reader;
	uint32_t rest = pr_walk_left(walk);
	uint32_t header_len;

	packet->tuple.src_port = pr_read_u16(reader);
	packet->tuple.dst_port = pr_read_u16(reader);
	if (walk->embedded)
		return PR_PACKET_PARSED;
	packet->seq = pr_read_u32(reader);
	packet->ack = pr_read_u32(reader);
	header_len = (uint32_t)(pr_read_u8(reader) >> 4) * 4;
	packet->tcp_flags = pr_read_u8(reader);
	packet->window = pr_read_u16(reader);
	pr_read_skip(reader, 4);
	if (reader->failed)
		return PR_PACKET_TRUNCATED;
	if (header_len < 20 || (header_len > rest && !packet->more_fragments))
		return PR_PACKET_BAD_LENGTH;
	packet->payload_offset = packet->transport_offset + header_len;
	/* The options may lie beyond what was captured. */
	if (header_len - 20 <= pr_reader_left(reader)) {
		packet->payload_len = (uint32_t)pr_reader_left(reader) - (header_len - 20);
		packet->multipath =
			pr_tcp_is_multipath(reader->bytes + reader->position, header_len - 20);
	} else {
		packet->payload_len = 0;
	}
	return PR_PACKET_PARSED;
}

/* UDP-Lite has a checksum's coverage in the length's place; 0 is all (RFC 3828, 3.1). */
static int udp_parse(struct pr_walk *walk, struct pr_packet *packet)
{
	struct pr_reader *reader = &walk->reader;
	uint32_t rest = pr_walk_left(walk);
	uint16_t len;

	packet->tuple.src_port = pr_read_u16(reader);
	packet->tuple.dst_port = pr_read_u16(reader);
	if (walk->embedded)
		return PR_PACKET_PARSED;
	len = pr_read_u16(reader);
	pr_read_skip(reader, 2);
	if (reader->failed)
		return PR_PACKET_TRUNCATED;
	if (len == 0 && (packet->tuple.proto == PROTO_UDPLITE || walk->wire_len > PR_IP_LENGTH_MAX))
		len = 8;
	if (len < 8 || (len > rest && !packet->more_fragments))
		return PR_PACKET_BAD_LENGTH;
	packet->payload_offset = (uint32_t)reader->position;
	packet->payload_len = (uint32_t)pr_reader_left(reader);
	if (packet->tuple.proto == IPPROTO_UDP && walk->wire_len <= PR_IP_LENGTH_MAX &&
	    packet->payload_len > len - 8u)
		packet->payload_len = len - 8u;
	return PR_PACKET_PARSED;
}

static int ports_parse(struct pr_walk *walk, struct pr_packet *packet)
{
	packet->tuple.src_port = pr_read_u16(&walk->reader);
	packet->tuple.dst_port = pr_read_u16(&walk->reader);
	if (walk->embedded)
		return PR_PACKET_PARSED;
	pr_read_skip(&walk->reader, PORTS_HEADER_LEN - 4);
	packet->payload_offset = (uint32_t)walk->reader.position;
	packet->payload_len = (uint32_t)pr_reader_left(&walk->reader);
	return PR_PACKET_PARSED;
}

static bool has_identifier(const struct pr_packet *packet)
{
	uint8_t type = packet->icmp_type;

	if (packet->tuple.proto == IPPROTO_ICMPV6)
		return type == ICMP6_ECHO_REQUEST || type == ICMP6_ECHO_REPLY;
	return type == ICMP_ECHO || type == ICMP_ECHOREPLY ||
	       (type >= ICMP_TIMESTAMP && type <= ICMP_ADDRESSREPLY);
}

static bool is_error(const struct pr_packet *packet)
{
	uint8_t type = packet->icmp_type;

	if (packet->tuple.proto == IPPROTO_ICMPV6)
		return type >= ICMP6_DST_UNREACH && type <= ICMP6_PARAM_PROB;
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

/* The head of the packet that an error reports on. An error about an error is none (RFC 1122,
 * 3.2.2). */
static void embedded_parse(const struct pr_reader *rest, struct pr_packet *packet)
{
	struct pr_walk walk = { .reader = pr_reader(rest->bytes + rest->position,
						    pr_reader_left(rest)),
				.wire_len = PR_IP_LENGTH_MAX,
				.embedded = true };
	struct pr_packet inner = { 0 };

	if (pr_walk_ip(&walk, &inner) != PR_PACKET_PARSED || inner.version != packet->version)
		return;
	if (pr_walk_transport(&walk, &inner) != PR_PACKET_PARSED || inner.icmp_error)
		return;
	packet->embedded = inner.tuple;
	packet->embedded_known = true;
}

static int icmp_parse(struct pr_walk *walk, struct pr_packet *packet)
{
	struct pr_reader *reader = &walk->reader;
	uint16_t identifier;

	packet->icmp_type = pr_read_u8(reader);
	packet->icmp_code = pr_read_u8(reader);
	pr_read_skip(reader, 2);
	identifier = pr_read_u16(reader);
	pr_read_skip(reader, 2);
	if (reader->failed)
		return PR_PACKET_TRUNCATED;
	if (has_identifier(packet)) {
		packet->tuple.src_port = identifier;
		packet->tuple.dst_port = identifier;
	}
	packet->payload_offset = (uint32_t)reader->position;
	packet->payload_len = (uint32_t)pr_reader_left(reader);
	packet->icmp_error = is_error(packet);
	if (packet->icmp_error && !walk->embedded)
		embedded_parse(reader, packet);
	return PR_PACKET_PARSED;
}

int pr_walk_transport(struct pr_walk *walk, struct pr_packet *packet)
{
	int r = PR_PACKET_PARSED;

	switch (packet->tuple.proto) {
	case IPPROTO_TCP:
		r = tcp_parse(walk, packet);
		break;
	case IPPROTO_UDP:
	case PROTO_UDPLITE:
		r = udp_parse(walk, packet);
		break;
	case PROTO_SCTP:
	case PROTO_DCCP:
		r = ports_parse(walk, packet);
		break;
	case IPPROTO_ICMP:
		if (packet->version == 4)
			r = icmp_parse(walk, packet);
		break;
	case IPPROTO_ICMPV6:
		if (packet->version == 6)
			r = icmp_parse(walk, packet);
		break;
	default:
		break;
	}
	return r == PR_PACKET_PARSED && walk->reader.failed ? PR_PACKET_TRUNCATED : r;
}
