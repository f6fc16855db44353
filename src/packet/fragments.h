/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Puts fragmented packets together again, as conntrack has done before a packet comes to our hooks: for captures, which
 * have them as they were on the wire. Bounded; pieces that overlap are no packet (RFC 5722; RFC 8200, 4.5).
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Packets of which pieces are missing. Reached: the oldest is given up. */
#define PR_FRAGMENTS_PACKETS_MAX 64
/* Pieces of one packet. Reached: it is given up. */
#define PR_FRAGMENTS_PIECES_MAX 64
/* Bytes in front of what is fragmented: headers with their options. More: given up. */
#define PR_FRAGMENTS_HEAD_MAX 256

enum pr_fragments_outcome {
	PR_FRAGMENTS_WHOLE = 0,
	PR_FRAGMENTS_MORE = 1,	  /* taken; others are to come */
	PR_FRAGMENTS_REFUSED = 2, /* cut, contradicts another, or too large; counted */
};

struct pr_fragments;

struct pr_fragments *pr_fragments_new(void);
void pr_fragments_free(struct pr_fragments *fragments); /* takes NULL */

/* `bytes` is what pr_packet_parse() calls a fragment. *ret_bytes is the packet without a trace of the fragmentation,
 * borrowed until the next call. */
PR_MUST_USE int pr_fragments_add(struct pr_fragments *fragments, const uint8_t *bytes, size_t len,
				 const uint8_t **ret_bytes, size_t *ret_len);
/* Pieces that led to no packet: refused, given up, or still waiting. */
uint32_t pr_fragments_n_lost(const struct pr_fragments *fragments);
