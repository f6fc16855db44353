/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets that are built to be looked at. */
#pragma once

#include "packet/build.h"

#include "unit.h"

#define BUFFER_SIZE 2048

struct bytes {
	uint8_t bytes[BUFFER_SIZE];
	size_t len;
};

static struct pr_tuple tuple(const char *src, uint16_t src_port, const char *dst, uint16_t dst_port,
			     uint8_t proto)
{
	struct pr_tuple made = { .src_port = src_port, .dst_port = dst_port, .proto = proto };

	assert_int_equal(pr_address_parse(src, &made.src), 0);
	assert_int_equal(pr_address_parse(dst, &made.dst), 0);
	return made;
}

static struct bytes built(const struct pr_packet_parts *parts)
{
	struct bytes packet;

	assert_int_equal(pr_packet_build(parts, packet.bytes, sizeof(packet.bytes), &packet.len),
			 PR_BUILD_DONE);
	return packet;
}
