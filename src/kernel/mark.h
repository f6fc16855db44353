/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The eight bits that are ours, in two places. Pure.
 *
 * In the conntrack mark they are what the kernel knows of a link:
 *    bits 0-2   generation that the verdicts below were made under, 1 to 7; 0 = none. A link that is queued with its
 *               first packet has it from there on: where it is gone later, somebody else wrote the mark
 *    bits 3-5   verdict of the opener's end (also of a forwarded link)
 *    bits 6-7   verdict of the end that was called
 * A local link has both ends on this host, and both verdicts. PR_MARK_OUT_OWN holds in every generation, and so does
 * PR_MARK_OUT_TUNNEL where the entry point is (nft_tunnel.c). That is the end which was called there, and nobody decides
 * on it: its two bits say which packets of the link come to the queue (enum pr_mark_entry).
 *
 * In the packet mark, between a queue's verdict and the chain that queued (NF_REPEAT), they are an order:
 *    bits 0-2   generation that the order was made under
 *    bits 3-7   enum pr_mark_order
 * The chain carries it out and puts the packet's own mark back.
 */
#pragma once

#include "interception/interception.h"

#include <stdbool.h>
#include <stdint.h>

#define PR_MARK_MASK_DEFAULT   0xff000000u
#define PR_MARK_BITS	       8u
#define PR_MARK_GENERATION_MAX 7u

enum pr_mark_out {
	PR_MARK_OUT_NONE = 0,
	PR_MARK_OUT_ACCEPT = 1,
	PR_MARK_OUT_BLOCK = 2,
	PR_MARK_OUT_DROP = 3,
	PR_MARK_OUT_NAMESERVER = 4,
	PR_MARK_OUT_TUNNEL = 5,
	PR_MARK_OUT_OWN = 6,
	PR_MARK_OUT_INSPECTED = 7, /* what carries no payload is accepted, the rest queued */
};

enum pr_mark_in {
	PR_MARK_IN_NONE = 0,
	PR_MARK_IN_ACCEPT = 1,
	PR_MARK_IN_BLOCK = 2,
	PR_MARK_IN_DROP = 3,
};

/* Beside PR_MARK_OUT_TUNNEL, in place of pr_mark_in. */
enum pr_mark_entry {
	PR_MARK_ENTRY_QUEUED =
		0, /* all; of what the entry point sends or is sent TCP's with payload */
	PR_MARK_ENTRY_ACCEPT = 1, /* none */
	PR_MARK_ENTRY_INSPECTED =
		2, /* those with payload, in this generation, for as long as somebody takes them */
};

enum pr_mark_order {
	PR_MARK_ORDER_NONE = 0,
	PR_MARK_ORDER_ACCEPT_ALWAYS = 1,
	PR_MARK_ORDER_BLOCK = 2, /* this packet */
	PR_MARK_ORDER_BLOCK_ALWAYS = 3,
	PR_MARK_ORDER_DROP_ALWAYS = 4,
	PR_MARK_ORDER_NAMESERVER = 5,
	PR_MARK_ORDER_TUNNEL = 6,
	/* Block this packet as if no way led to where it goes. As a link's mark it would permit nothing. */
	PR_MARK_ORDER_UNREACHABLE = PR_MARK_OUT_BLOCK | PR_MARK_IN_BLOCK << 3,
	PR_MARK_ORDER_INSPECT = 7, /* accept this packet; further ones as PR_MARK_OUT_INSPECTED */
	/* Reroute; further packets as pr_mark_entry says, so these two and PR_MARK_ORDER_TUNNEL differ in that alone. */
	PR_MARK_ORDER_TUNNEL_ALWAYS = PR_MARK_ORDER_TUNNEL | PR_MARK_ENTRY_ACCEPT << 3,
	PR_MARK_ORDER_TUNNEL_INSPECT = PR_MARK_ORDER_TUNNEL | PR_MARK_ENTRY_INSPECTED << 3,
};

struct pr_mark_fields {
	uint8_t generation;
	uint8_t out; /* enum pr_mark_out */
	uint8_t in;  /* enum pr_mark_in */
};

/* Exactly eight neighbouring bits. */
bool pr_mark_mask_valid(uint32_t mask);

/* Within `mask`; the other bits are zero, or ignored. */
uint32_t pr_mark_link(uint32_t mask, const struct pr_mark_fields *fields);
struct pr_mark_fields pr_mark_link_read(uint32_t mask, uint32_t mark);
uint32_t pr_mark_order(uint32_t mask, uint32_t generation, enum pr_mark_order order);
enum pr_mark_order pr_mark_order_read(uint32_t mask, uint32_t mark, uint32_t *ret_generation);

/* The single fields as masks. */
uint32_t pr_mark_generation_mask(uint32_t mask);
uint32_t pr_mark_out_mask(uint32_t mask);
uint32_t pr_mark_in_mask(uint32_t mask);

/* 1, 2, … 7, 1, … A number comes back after seven: clear it from conntrack before (conntrack.h). */
uint32_t pr_mark_generation_next(uint32_t generation);

/* What carries out an order; NONE where the queue's own answer (accept, drop) says it all. What is untracked has
 * no mark: nothing lasts, and a reroute (NAT needs an entry) is a block. */
enum pr_mark_order pr_mark_order_of(const struct pr_verdict_order *order, bool untracked);
