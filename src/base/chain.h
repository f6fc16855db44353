/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two-way lists of slab entries by number: eight bytes an entry. `offset` is where the entry has
 * its struct pr_chain_node; an entry is in one list with the same node at most.
 */
#pragma once

#include "base/slab.h"

struct pr_chain_node {
	uint32_t previous, next; /* PR_SLAB_NONE at the ends */
};

struct pr_chain {
	uint32_t head, tail, n;
};

static inline void pr_chain_init(struct pr_chain *chain)
{
	*chain = (struct pr_chain){ PR_SLAB_NONE, PR_SLAB_NONE, 0 };
}

static inline struct pr_chain_node *pr_chain_node(const struct pr_slab *slab, size_t offset,
						  uint32_t number)
{
	return (struct pr_chain_node *)((char *)pr_slab_at(slab, number) + offset);
}

void pr_chain_append(struct pr_chain *chain, const struct pr_slab *slab, size_t offset,
		     uint32_t number);
void pr_chain_remove(struct pr_chain *chain, const struct pr_slab *slab, size_t offset,
		     uint32_t number);
