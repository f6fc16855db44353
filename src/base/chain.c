/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/chain.h"

void pr_chain_append(struct pr_chain *chain, const struct pr_slab *slab, size_t offset,
		     uint32_t number)
{
	*pr_chain_node(slab, offset, number) = (struct pr_chain_node){ chain->tail, PR_SLAB_NONE };
	if (chain->tail == PR_SLAB_NONE)
		chain->head = number;
	else
		pr_chain_node(slab, offset, chain->tail)->next = number;
	chain->tail = number;
	chain->n++;
}

void pr_chain_remove(struct pr_chain *chain, const struct pr_slab *slab, size_t offset,
		     uint32_t number)
{
	struct pr_chain_node *node = pr_chain_node(slab, offset, number);

	if (node->previous == PR_SLAB_NONE)
		chain->head = node->next;
	else
		pr_chain_node(slab, offset, node->previous)->next = node->next;
	if (node->next == PR_SLAB_NONE)
		chain->tail = node->previous;
	else
		pr_chain_node(slab, offset, node->next)->previous = node->previous;
	*node = (struct pr_chain_node){ PR_SLAB_NONE, PR_SLAB_NONE };
	chain->n--;
}
