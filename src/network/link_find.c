/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One index entry finds a link by its tuple and by the reverse: the hash is taken over the two ends
 * in an order that both have in common. The few links with NAT have a second tuple in a table of
 * their own.
 */
#include "network/link_table.h"

#include <string.h>

uint64_t pr_link_hash(const struct pr_tuple *tuple)
{
	int order = memcmp(&tuple->src, &tuple->dst, sizeof(tuple->src));
	struct pr_tuple reversed;

	if (order < 0 || (order == 0 && tuple->src_port <= tuple->dst_port))
		return pr_tuple_hash(tuple);
	reversed = pr_tuple_reversed(tuple);
	return pr_tuple_hash(&reversed);
}

void pr_link_alias_drop(struct pr_links *links, struct pr_link *link)
{
	uint32_t number = link->alias - 1;

	if (!link->alias)
		return;
	pr_index_remove(&links->by_alias, pr_link_hash(&pr_link_alias_at(links, number)->tuple),
			number);
	pr_slab_give(&links->aliases, number);
	link->alias = 0;
}

struct pr_link *pr_links_find_unaliased(const struct pr_links *links, const struct pr_tuple *tuple,
					bool *ret_reply)
{
	for (struct pr_index_walk walk = pr_index_find(&links->by_tuple, pr_link_hash(tuple));
	     pr_index_next(&links->by_tuple, &walk);) {
		int order = pr_link_compare(tuple, &pr_link_at(links, walk.value)->tuple);

		if (!order)
			continue;
		if (ret_reply)
			*ret_reply = order < 0;
		return pr_link_at(links, walk.value);
	}
	return NULL;
}

static struct pr_link *find_alias(const struct pr_links *links, const struct pr_tuple *tuple,
				  bool *ret_reply)
{
	for (struct pr_index_walk walk = pr_index_find(&links->by_alias, pr_link_hash(tuple));
	     pr_index_next(&links->by_alias, &walk);) {
		int order = pr_link_compare(tuple, &pr_link_alias_at(links, walk.value)->tuple);

		if (!order)
			continue;
		if (ret_reply)
			*ret_reply = order < 0;
		return pr_link_at(links, pr_link_alias_at(links, walk.value)->link);
	}
	return NULL;
}

struct pr_link *pr_links_find(const struct pr_links *links, const struct pr_tuple *tuple,
			      bool *ret_reply)
{
	struct pr_link *link = pr_links_find_unaliased(links, tuple, ret_reply);

	if (link || !links->by_alias.n_used)
		return link;
	return find_alias(links, tuple, ret_reply);
}

struct pr_link *pr_links_find_conntrack(const struct pr_links *links,
					const struct pr_tuple *original,
					const struct pr_tuple *reply)
{
	struct pr_tuple mixed = pr_link_after_nat(original, reply);
	struct pr_link *link = pr_links_find(links, original, NULL);

	if (!link)
		link = pr_links_find(links, &mixed, NULL);
	return link ? link : pr_links_find(links, reply, NULL);
}

struct pr_link *pr_links_by_id(const struct pr_links *links, uint64_t id)
{
	uint32_t number = (uint32_t)id & PR_LINK_NUMBER_MASK;

	if (!id || number >= links->slab.n_made || pr_link_at(links, number)->id != id)
		return NULL;
	return pr_link_at(links, number);
}

bool pr_links_alias(struct pr_links *links, struct pr_link *link, const struct pr_tuple *alias)
{
	struct pr_link *other = pr_links_find(links, alias, NULL);
	uint32_t number;

	if (link->state == PR_LINK_ENDED)
		return false;
	if (other)
		return other == link;
	pr_link_alias_drop(links, link);
	number = pr_slab_take(&links->aliases);
	pr_assert(number != PR_SLAB_NONE); /* one for each link */
	*pr_link_alias_at(links, number) = (struct pr_link_alias){ *alias, pr_link_number(link) };
	link->alias = number + 1;
	pr_index_insert(&links->by_alias, pr_link_hash(alias), number);
	return true;
}
