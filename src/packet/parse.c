/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parser agrees with conntrack about what the ports are, since links are found by both: it
 * walks the extension headers that net/ipv6/exthdrs_core.c walks, and takes an echo's identifier
 * for both ports. Where the two could be made to differ by a packet that no stack sends (an
 * IPv4-mapped address, a length that contradicts another), the packet is an outcome and not a link.
 */
#include "packet/walk.h"

#define IPV4_HEADER_LEN 20
#define IPV6_HEADER_LEN 40

static bool set_end(struct pr_walk *walk, size_t end)
{
	if (!walk->embedded && end > walk->wire_len)
		return false;
	walk->end = (uint32_t)end;
	/* What follows the packet is a link layer's padding. */
	if (walk->reader.len > end)
		walk->reader.len = end;
	return true;
}

/* Router alert (option 20) among an IPv4 header's options; RFC 791, 3.1 gives their form. */
/* Only whether they are well formed. */
static int ipv4_options(const uint8_t *options, size_t len)
{
	for (size_t i = 0; i < len;) {
		if (options[i] == 0)
			break;
		if (options[i] == 1) {
			i++;
			continue;
		}
		if (len - i < 2 || options[i + 1] < 2 || options[i + 1] > len - i)
			return PR_PACKET_BAD_LENGTH;
		i += options[i + 1];
	}
	return PR_PACKET_PARSED;
}

static int ipv4_parse(struct pr_walk *walk, struct pr_packet *packet)
{
	struct pr_reader *reader = &walk->reader;
	size_t header_len, total_len;
	const uint8_t *src, *dst, *options;
	uint16_t fragment;

	header_len = (size_t)(pr_read_u8(reader) & 0xf) * 4;
	pr_read_skip(reader, 1);
	total_len = pr_read_u16(reader);
	pr_read_skip(reader, 2); /* identification */
	fragment = pr_read_u16(reader);
	packet->hop_limit = pr_read_u8(reader);
	packet->tuple.proto = pr_read_u8(reader);
	pr_read_skip(reader, 2);
	src = pr_read_bytes(reader, 4);
	dst = pr_read_bytes(reader, 4);
	if (reader->failed)
		return PR_PACKET_TRUNCATED;
	packet->tuple.src = pr_address_v4(src);
	packet->tuple.dst = pr_address_v4(dst);
	/* BIG TCP: an aggregate above 64 KiB says 0 (net/ipv4/ip_output.c, __ip_local_out()). */
	if (total_len == 0 && walk->wire_len > PR_IP_LENGTH_MAX)
		total_len = walk->wire_len;
	if (header_len < IPV4_HEADER_LEN || total_len < header_len || !set_end(walk, total_len))
		return PR_PACKET_BAD_LENGTH;
	options = pr_read_bytes(reader, header_len - IPV4_HEADER_LEN);
	if (!options)
		return PR_PACKET_TRUNCATED;
	packet->more_fragments = fragment & 0x2000;
	packet->fragment_offset = (uint16_t)((fragment & 0x1fff) * 8);
	packet->fragment = packet->more_fragments || packet->fragment_offset;
	return ipv4_options(options, header_len - IPV4_HEADER_LEN);
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT ||
	       next == IPPROTO_AH || next == IPPROTO_DSTOPTS;
}

/* RFC 8200, 4.2: options of type and length, Pad1 alone without one. */
static int hop_by_hop_options(const uint8_t *options, size_t len)
{
	for (size_t i = 0; i < len;) {
		if (options[i] == 0) {
			i++;
			continue;
		}
		if (len - i < 2 || options[i + 1] > len - i - 2)
			return PR_PACKET_BAD_LENGTH;
		i += 2u + options[i + 1];
	}
	return PR_PACKET_PARSED;
}

static int extension_parse(struct pr_walk *walk, uint8_t type, struct pr_packet *packet,
			   uint8_t *ret_next)
{
	struct pr_reader *reader = &walk->reader;
	uint8_t next = pr_read_u8(reader);
	uint8_t len = pr_read_u8(reader);
	size_t body_len =
		type == IPPROTO_AH ? ((size_t)len + 2) * 4 - 2 : ((size_t)len + 1) * 8 - 2;
	const uint8_t *body;

	if (type == IPPROTO_FRAGMENT) {
		uint16_t word = pr_read_u16(reader);

		packet->more_fragments = word & 1;
		packet->fragment_offset = word & 0xfff8;
		packet->fragment = packet->more_fragments || packet->fragment_offset;
		pr_read_skip(reader, 4); /* identification */
		body_len = 0;
	}
	if (!reader->failed && body_len > pr_walk_left(walk) && !walk->embedded)
		return PR_PACKET_BAD_LENGTH;
	body = pr_read_bytes(reader, body_len);
	if (!body)
		return PR_PACKET_TRUNCATED;
	*ret_next = next;
	return type == IPPROTO_HOPOPTS ? hop_by_hop_options(body, body_len) : PR_PACKET_PARSED;
}

static bool is_mapped(const uint8_t *bytes16)
{
	return pr_address_v6(bytes16).family == 4;
}

static int ipv6_parse(struct pr_walk *walk, struct pr_packet *packet)
{
	struct pr_reader *reader = &walk->reader;
	const uint8_t *src, *dst;
	size_t payload_len;
	uint8_t next;

	pr_read_skip(reader, 4);
	payload_len = pr_read_u16(reader);
	next = pr_read_u8(reader);
	packet->hop_limit = pr_read_u8(reader);
	src = pr_read_bytes(reader, 16);
	dst = pr_read_bytes(reader, 16);
	if (reader->failed)
		return PR_PACKET_TRUNCATED;
	/* "Security models could be fooled by ::ffff:127.0.0.1" (net/ipv6/ip6_input.c). */
	if (is_mapped(src) || is_mapped(dst))
		return PR_PACKET_BAD_ADDRESS;
	packet->tuple.src = pr_address_v6(src);
	packet->tuple.dst = pr_address_v6(dst);
	/* A jumbogram, RFC 2675, or BIG TCP without the option. */
	if (payload_len == 0 && walk->wire_len > PR_IP_LENGTH_MAX)
		payload_len = walk->wire_len - IPV6_HEADER_LEN;
	if (!set_end(walk, IPV6_HEADER_LEN + payload_len))
		return PR_PACKET_BAD_LENGTH;
	for (unsigned int n = 0; is_extension(next); n++) {
		int r;

		if (n == PR_PACKET_EXTENSIONS_MAX)
			return PR_PACKET_TOO_MANY_EXTENSIONS;
		r = extension_parse(walk, next, packet, &next);
		if (r != PR_PACKET_PARSED)
			return r;
		if (packet->fragment_offset)
			break;
	}
	packet->tuple.proto = next;
	return PR_PACKET_PARSED;
}

int pr_walk_ip(struct pr_walk *walk, struct pr_packet *packet)
{
	int r;

	if (walk->reader.len == 0)
		return PR_PACKET_TRUNCATED;
	packet->version = walk->reader.bytes[0] >> 4;
	if (packet->version == 4)
		r = ipv4_parse(walk, packet);
	else if (packet->version == 6)
		r = ipv6_parse(walk, packet);
	else
		return PR_PACKET_BAD_VERSION;
	if (r != PR_PACKET_PARSED)
		return r;
	packet->wire_len = walk->end;
	packet->transport_offset = (uint32_t)walk->reader.position;
	packet->payload_offset = packet->transport_offset;
	packet->payload_len = (uint32_t)pr_reader_left(&walk->reader);
	return packet->fragment_offset ? PR_PACKET_LATER_FRAGMENT : PR_PACKET_PARSED;
}

int pr_packet_parse(const uint8_t *bytes, size_t len, size_t wire_len, struct pr_packet *ret_packet)
{
	struct pr_walk walk = { .reader = pr_reader(bytes, len),
				.wire_len = wire_len > len ? wire_len : len };
	struct pr_packet packet = { 0 };
	int r;

	r = pr_walk_ip(&walk, &packet);
	if (r == PR_PACKET_PARSED)
		r = pr_walk_transport(&walk, &packet);
	if (r == PR_PACKET_PARSED || r == PR_PACKET_LATER_FRAGMENT)
		*ret_packet = packet;
	return r;
}
