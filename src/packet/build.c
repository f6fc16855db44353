/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet/build.h"

#include "base/cursor.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define IPV4_HEADER_LEN	  20
#define IPV6_HEADER_LEN	  40
#define HOP_LIMIT_DEFAULT 64
#define PROTO_SCTP	  132
#define PROTO_UDPLITE	  136

static uint32_t sum_words(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (; len >= 2; len -= 2, bytes += 2) {
		sum += (uint32_t)bytes[0] << 8 | bytes[1];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	if (len)
		sum += (uint32_t)bytes[0] << 8;
	return (sum & 0xffff) + (sum >> 16);
}

uint16_t pr_packet_checksum(const void *bytes, size_t len, uint32_t sum)
{
	sum = sum_words(bytes, len, (sum & 0xffff) + (sum >> 16));
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static size_t address_len(const struct pr_address *address)
{
	return address->family == 4 ? 4 : 16;
}

/* RFC 9293, 3.1 and RFC 8200, 8.1; the same words in both. */
uint32_t pr_packet_pseudo_sum(const struct pr_tuple *tuple, uint8_t proto, size_t len)
{
	uint32_t sum = proto + (uint32_t)(len >> 16) + (uint32_t)(len & 0xffff);

	sum = sum_words(tuple->src.bytes, address_len(&tuple->src), sum);
	return sum_words(tuple->dst.bytes, address_len(&tuple->dst), sum);
}

static void write_at(struct pr_writer *writer, size_t at, uint16_t value)
{
	if (writer->failed)
		return;
	writer->bytes[at] = (uint8_t)(value >> 8);
	writer->bytes[at + 1] = (uint8_t)value;
}

static void write_ip(struct pr_writer *writer, const struct pr_tuple *tuple, uint8_t proto,
		     uint8_t hop_limit, size_t body_len)
{
	size_t start = writer->position;

	if (tuple->src.family == 6) {
		pr_write_u32(writer, UINT32_C(6) << 28);
		pr_write_u16(writer, (uint16_t)body_len);
		pr_write_u8(writer, proto);
		pr_write_u8(writer, hop_limit);
		pr_write_bytes(writer, tuple->src.bytes, 16);
		pr_write_bytes(writer, tuple->dst.bytes, 16);
		return;
	}
	pr_write_u16(writer, 0x4500);
	pr_write_u16(writer, (uint16_t)(IPV4_HEADER_LEN + body_len));
	pr_write_u32(writer, 0x4000); /* no identification needed: DF (RFC 6864, 4.1) */
	pr_write_u8(writer, hop_limit);
	pr_write_u8(writer, proto);
	pr_write_u16(writer, 0);
	pr_write_bytes(writer, tuple->src.bytes, 4);
	pr_write_bytes(writer, tuple->dst.bytes, 4);
	if (!writer->failed)
		write_at(writer, start + 10,
			 pr_packet_checksum(writer->bytes + start, IPV4_HEADER_LEN, 0));
}

static void write_tcp(struct pr_writer *writer, const struct pr_packet_parts *parts)
{
	pr_write_u16(writer, parts->tuple.src_port);
	pr_write_u16(writer, parts->tuple.dst_port);
	pr_write_u32(writer, parts->seq);
	pr_write_u32(writer, parts->ack);
	pr_write_u8(writer, 5 << 4);
	pr_write_u8(writer, parts->tcp_flags);
	pr_write_u16(writer, parts->tcp_flags & PR_TCP_RST ? 0 : 65535);
	pr_write_u32(writer, 0);
}

static void write_icmp(struct pr_writer *writer, const struct pr_packet_parts *parts)
{
	pr_write_u8(writer, parts->icmp_type);
	pr_write_u8(writer, parts->icmp_code);
	pr_write_u16(writer, 0);
	pr_write_u16(writer, parts->tuple.src_port);
	pr_write_u16(writer, 0);
}

static void write_ports(struct pr_writer *writer, const struct pr_packet_parts *parts,
			uint16_t third)
{
	pr_write_u16(writer, parts->tuple.src_port);
	pr_write_u16(writer, parts->tuple.dst_port);
	pr_write_u16(writer, third);
	pr_write_u16(writer, 0);
}

static size_t transport_header_len(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return 20;
	case IPPROTO_UDP:
	case PROTO_UDPLITE:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return 8;
	case PROTO_SCTP:
		return 12;
	default:
		return 0;
	}
}

/* Where the checksum stands in the transport header; 0 = there is none of the Internet's kind. */
static size_t checksum_offset(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return 16;
	case IPPROTO_UDP:
	case PROTO_UDPLITE:
		return 6;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return 2;
	default:
		return 0;
	}
}

static void write_transport(struct pr_writer *writer, const struct pr_packet_parts *parts,
			    size_t body_len)
{
	switch (parts->tuple.proto) {
	case IPPROTO_TCP:
		write_tcp(writer, parts);
		break;
	case IPPROTO_UDP:
		write_ports(writer, parts, (uint16_t)body_len);
		break;
	case PROTO_UDPLITE:
		write_ports(writer, parts, 0);
		break;
	case PROTO_SCTP:
		write_ports(writer, parts, 0);
		pr_write_u32(writer, 0);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		write_icmp(writer, parts);
		break;
	default:
		break;
	}
	pr_write_bytes(writer, parts->payload, parts->payload_len);
}

int pr_packet_build(const struct pr_packet_parts *parts, void *buffer, size_t size, size_t *ret_len)
{
	struct pr_writer writer = pr_writer(buffer, size);
	uint8_t proto = parts->tuple.proto;
	size_t body_len = transport_header_len(proto) + parts->payload_len;
	size_t start, offset = checksum_offset(proto);
	uint32_t sum = 0;
	uint16_t checksum;

	if (parts->tuple.src.family != parts->tuple.dst.family || !parts->tuple.src.family)
		return -EINVAL;
	if (body_len > 65535 - IPV4_HEADER_LEN)
		return -ENOBUFS;
	write_ip(&writer, &parts->tuple, proto,
		 parts->hop_limit ? parts->hop_limit : HOP_LIMIT_DEFAULT, body_len);
	start = writer.position;
	write_transport(&writer, parts, body_len);
	if (writer.failed)
		return -ENOBUFS;
	if (offset) {
		if (proto != IPPROTO_ICMP)
			sum = pr_packet_pseudo_sum(&parts->tuple, proto, body_len);
		checksum = pr_packet_checksum(writer.bytes + start, body_len, sum);
		/* In UDP 0 would mean that there is none (RFC 768). */
		if (checksum == 0 && (proto == IPPROTO_UDP || proto == PROTO_UDPLITE))
			checksum = 0xffff;
		write_at(&writer, start + offset, checksum);
	}
	*ret_len = writer.position;
	return PR_BUILD_DONE;
}

/* RFC 9293, 3.10.7.1: with an ACK the reset takes its number, without one it acknowledges the
 * segment. */
int pr_packet_build_reset(const struct pr_packet *packet, enum pr_reset_to to, void *buffer,
			  size_t size, size_t *ret_len)
{
	struct pr_packet_parts parts = { .tuple = packet->tuple, .tcp_flags = PR_TCP_RST };
	uint32_t segment_len = 0;

	if (packet->tuple.proto != IPPROTO_TCP || packet->tcp_flags & PR_TCP_RST)
		return PR_BUILD_NOT_ALLOWED;
	if (packet->wire_len > packet->payload_offset)
		segment_len = packet->wire_len - packet->payload_offset;
	if (to == PR_RESET_TO_RECEIVER) {
		parts.seq = packet->seq;
		parts.ack = packet->ack;
		parts.tcp_flags |= packet->tcp_flags & PR_TCP_ACK;
		return pr_packet_build(&parts, buffer, size, ret_len);
	}
	parts.tuple = pr_tuple_reversed(&packet->tuple);
	if (packet->tcp_flags & PR_TCP_ACK) {
		parts.seq = packet->ack;
	} else {
		segment_len += !!(packet->tcp_flags & PR_TCP_SYN);
		segment_len += !!(packet->tcp_flags & PR_TCP_FIN);
		parts.ack = packet->seq + segment_len;
		parts.tcp_flags |= PR_TCP_ACK;
	}
	return pr_packet_build(&parts, buffer, size, ret_len);
}
