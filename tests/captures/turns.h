/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A capture as conversations: who sent which bytes, in turn, without the packets that they came in. */
#pragma once

#include "packet/tuple.h"

#include <stddef.h>
#include <stdint.h>

struct turn {
	bool server;
	uint8_t *bytes;
	size_t len;
};

/* TCP: a turn is all that one end sends until the other does. UDP: a turn is a datagram. */
struct talk {
	struct pr_tuple tuple; /* opener first */
	struct turn *turns;
	size_t n_turns;
	bool broken; /* bytes are missing in the capture, or its beginning */
	uint32_t next[2];
};

struct talks {
	struct talk *talks;
	size_t n;
};

/* False: it can't be read; said already. */
bool talks_read(const char *path, struct talks *ret_talks);
void talks_free(struct talks *talks);
