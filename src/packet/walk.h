/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to packet/: what the IP half and the transport half of the parser share. */
#pragma once

#include "base/cursor.h"
#include "packet/parse.h"

#define PR_IP_LENGTH_MAX 65535

/* What is parsed on: `reader` holds what is here, `end` is where the packet's own header says it
 * ends. */
struct pr_walk {
	struct pr_reader reader;
	size_t wire_len;
	uint32_t end;
	bool embedded; /* the head of another packet: cut anywhere, and its lengths may exceed it */
};

/* Bytes from the cursor to the packet's end, whether they are here or not. */
static inline uint32_t pr_walk_left(const struct pr_walk *walk)
{
	return walk->end > walk->reader.position ? walk->end - (uint32_t)walk->reader.position : 0;
}

/* The IP header and its extensions; leaves the cursor at the transport header. */
int pr_walk_ip(struct pr_walk *walk, struct pr_packet *packet);
int pr_walk_transport(struct pr_walk *walk, struct pr_packet *packet);
/* Is one of TCP's options of Multipath TCP's? */
bool pr_tcp_is_multipath(const uint8_t *options, size_t len);
