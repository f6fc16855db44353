/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mark.h"

#define GENERATION_BITS 0x07u
#define OUT_SHIFT	3
#define OUT_BITS	0x07u
#define IN_SHIFT	6
#define IN_BITS		0x03u
#define ORDER_SHIFT	3
#define ORDER_BITS	0x1fu

static unsigned int shift_of(uint32_t mask)
{
	return (unsigned int)__builtin_ctz(mask);
}

bool pr_mark_mask_valid(uint32_t mask)
{
	return mask && mask >> shift_of(mask) == (1u << PR_MARK_BITS) - 1;
}

uint32_t pr_mark_link(uint32_t mask, const struct pr_mark_fields *fields)
{
	uint32_t bits = (fields->generation & GENERATION_BITS) |
			(fields->out & OUT_BITS) << OUT_SHIFT | (fields->in & IN_BITS) << IN_SHIFT;

	return bits << shift_of(mask);
}

struct pr_mark_fields pr_mark_link_read(uint32_t mask, uint32_t mark)
{
	uint32_t bits = (mark & mask) >> shift_of(mask);

	return (struct pr_mark_fields){
		.generation = bits & GENERATION_BITS,
		.out = bits >> OUT_SHIFT & OUT_BITS,
		.in = bits >> IN_SHIFT & IN_BITS,
	};
}

uint32_t pr_mark_order(uint32_t mask, uint32_t generation, enum pr_mark_order order)
{
	uint32_t bits = (generation & GENERATION_BITS) | ((uint32_t)order & ORDER_BITS)
								 << ORDER_SHIFT;

	return bits << shift_of(mask);
}

enum pr_mark_order pr_mark_order_read(uint32_t mask, uint32_t mark, uint32_t *ret_generation)
{
	uint32_t bits = (mark & mask) >> shift_of(mask);

	*ret_generation = bits & GENERATION_BITS;
	return (enum pr_mark_order)(bits >> ORDER_SHIFT);
}

uint32_t pr_mark_generation_mask(uint32_t mask)
{
	return GENERATION_BITS << shift_of(mask);
}

uint32_t pr_mark_out_mask(uint32_t mask)
{
	return OUT_BITS << OUT_SHIFT << shift_of(mask);
}

uint32_t pr_mark_in_mask(uint32_t mask)
{
	return IN_BITS << IN_SHIFT << shift_of(mask);
}

uint32_t pr_mark_generation_next(uint32_t generation)
{
	return generation % PR_MARK_GENERATION_MAX + 1;
}

enum pr_mark_order pr_mark_order_of(const struct pr_verdict_order *order, bool untracked)
{
	bool always = order->permanent && !untracked;

	switch (order->verdict) {
	case PR_VERDICT_ACCEPT:
		if (always)
			return PR_MARK_ORDER_ACCEPT_ALWAYS;
		return order->payload_only && !untracked ? PR_MARK_ORDER_INSPECT
							 : PR_MARK_ORDER_NONE;
	case PR_VERDICT_BLOCK:
		if (order->unreachable && !untracked)
			return PR_MARK_ORDER_UNREACHABLE;
		return always ? PR_MARK_ORDER_BLOCK_ALWAYS : PR_MARK_ORDER_BLOCK;
	case PR_VERDICT_DROP:
		return always ? PR_MARK_ORDER_DROP_ALWAYS : PR_MARK_ORDER_NONE;
	case PR_VERDICT_REROUTE_NAMESERVER:
		return untracked ? PR_MARK_ORDER_BLOCK : PR_MARK_ORDER_NAMESERVER;
	case PR_VERDICT_REROUTE_TUNNEL:
		if (untracked)
			return PR_MARK_ORDER_BLOCK;
		return always		     ? PR_MARK_ORDER_TUNNEL_ALWAYS
		       : order->payload_only ? PR_MARK_ORDER_TUNNEL_INSPECT
					     : PR_MARK_ORDER_TUNNEL;
	}
	return PR_MARK_ORDER_BLOCK;
}
