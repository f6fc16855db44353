/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unconfirmed links stand in a list by their last packet, ended ones by their end; confirmed ones
 * need none: conntrack says when they are over.
 */
#include "network/link_table.h"

#define LIST offsetof(struct pr_link, list)

/* Links with a held packet that one _add() passes over while it looks for one to evict. */
#define N_PASSED_OVER_MAX 64

struct pr_links *pr_links_new(uint32_t n_max,
			      void (*forgotten)(void *context, struct pr_link *link), void *context)
{
	struct pr_links *links = pr_calloc(1, sizeof(*links));

	pr_assert(n_max <= PR_LINK_NUMBER_MASK);
	if (!n_max)
		n_max = PR_LINKS_MAX;
	links->forgotten = forgotten;
	links->context = context;
	pr_slab_init(&links->slab, sizeof(struct pr_link), n_max);
	pr_slab_init(&links->aliases, sizeof(struct pr_link_alias), n_max);
	pr_index_init(&links->by_tuple, 0);
	pr_index_init(&links->by_alias, 0);
	pr_chain_init(&links->unconfirmed);
	pr_chain_init(&links->ended);
	return links;
}

/* Out of the list of its state, and from where packets find it. */
static void unlist(struct pr_links *links, struct pr_link *link)
{
	uint32_t number = pr_link_number(link);

	if (link->state == PR_LINK_ENDED) {
		pr_chain_remove(&links->ended, &links->slab, LIST, number);
		return;
	}
	if (link->state == PR_LINK_UNCONFIRMED)
		pr_chain_remove(&links->unconfirmed, &links->slab, LIST, number);
	pr_index_remove(&links->by_tuple, pr_link_hash(&link->tuple), number);
	pr_link_alias_drop(links, link);
}

static void forget(struct pr_links *links, struct pr_link *link)
{
	if (links->forgotten)
		links->forgotten(links->context, link);
	unlist(links, link);
	pr_slab_give(&links->slab, pr_link_number(link));
}

void pr_links_free(struct pr_links *links)
{
	uint32_t cursor = 0;
	struct pr_link *link;

	if (!links)
		return;
	while ((link = pr_links_next(links, &cursor)))
		forget(links, link);
	pr_slab_done(&links->slab);
	pr_slab_done(&links->aliases);
	pr_index_done(&links->by_tuple);
	pr_index_done(&links->by_alias);
	free(links);
}

static bool is_held(const struct pr_link *link)
{
	return link->ends[PR_LINK_OUT].held || link->ends[PR_LINK_IN].held;
}

static void to_tail(struct pr_links *links, uint32_t number)
{
	pr_chain_remove(&links->unconfirmed, &links->slab, LIST, number);
	pr_chain_append(&links->unconfirmed, &links->slab, LIST, number);
}

/* The unconfirmed link that was idle longest and may go; those that wait for a decision may not. */
static uint32_t oldest_idle(struct pr_links *links, unsigned int n_most)
{
	while (links->unconfirmed.n && n_most--) {
		uint32_t number = links->unconfirmed.head;

		if (!is_held(pr_link_at(links, number)))
			return number;
		to_tail(links, number);
	}
	return PR_SLAB_NONE;
}

static bool make_room(struct pr_links *links)
{
	uint32_t number = links->ended.head;

	if (links->slab.n_used < links->slab.n_max)
		return true;
	if (number == PR_SLAB_NONE)
		number = oldest_idle(links, N_PASSED_OVER_MAX);
	if (number == PR_SLAB_NONE)
		return false;
	if (pr_link_at(links, number)->state != PR_LINK_ENDED)
		links->counters.evicted++;
	forget(links, pr_link_at(links, number));
	return true;
}

int pr_links_add(struct pr_links *links, const struct pr_tuple *tuple, enum pr_direction direction,
		 uint64_t now_us, struct pr_link **ret_link)
{
	struct pr_link *link;
	uint32_t number;

	if (pr_links_find_unaliased(links, tuple, NULL))
		return PR_LINKS_EXISTS;
	if (!make_room(links)) {
		links->counters.refused++;
		return PR_LINKS_FULL;
	}
	number = pr_slab_take(&links->slab);
	pr_assert(number != PR_SLAB_NONE);
	link = pr_link_at(links, number);
	link->id = ++links->n_made << PR_LINK_NUMBER_BITS | number;
	link->tuple = *tuple;
	link->state = PR_LINK_UNCONFIRMED;
	link->direction = (uint8_t)direction;
	link->first_us = now_us;
	link->last_us = now_us;
	pr_index_insert(&links->by_tuple, pr_link_hash(tuple), number);
	pr_chain_append(&links->unconfirmed, &links->slab, LIST, number);
	links->counters.made++;
	*ret_link = link;
	return PR_LINKS_DONE;
}

void pr_links_touch(struct pr_links *links, struct pr_link *link, uint64_t now_us)
{
	link->last_us = now_us;
	if (link->state == PR_LINK_UNCONFIRMED)
		to_tail(links, pr_link_number(link));
}

void pr_links_confirm(struct pr_links *links, struct pr_link *link, const struct pr_tuple *original,
		      const struct pr_tuple *reply, uint64_t now_us)
{
	struct pr_tuple mixed;

	if (link->state == PR_LINK_ENDED)
		return;
	if (link->state == PR_LINK_UNCONFIRMED) {
		pr_chain_remove(&links->unconfirmed, &links->slab, LIST, pr_link_number(link));
		link->state = PR_LINK_CONFIRMED;
	}
	link->last_us = now_us;
	if (!original || !reply)
		return;
	mixed = pr_link_after_nat(original, reply);
	if (pr_link_compare(&mixed, &link->tuple) == 0)
		(void)pr_links_alias(links, link, &mixed);
}

void pr_links_end(struct pr_links *links, struct pr_link *link, uint64_t now_us)
{
	if (link->state == PR_LINK_ENDED)
		return;
	unlist(links, link);
	link->state = PR_LINK_ENDED;
	link->last_us = now_us;
	pr_chain_append(&links->ended, &links->slab, LIST, pr_link_number(link));
}

static bool is_over(const struct pr_link *link, uint64_t now_us, uint32_t limit_s)
{
	return now_us >= link->last_us && now_us - link->last_us >= limit_s * UINT64_C(1000000);
}

unsigned int pr_links_expire(struct pr_links *links, uint64_t now_us, unsigned int n_most,
			     void (*ended)(void *context, struct pr_link *link), void *context)
{
	uint32_t number;
	unsigned int n;

	if (!n_most)
		n_most = UINT32_MAX;
	for (n = 0; n < n_most && links->ended.n; n++) {
		struct pr_link *link = pr_link_at(links, links->ended.head);

		if (!is_over(link, now_us, PR_LINK_ENDED_KEEP_S))
			break;
		forget(links, link);
	}
	for (; n < n_most; n++) {
		number = oldest_idle(links, links->unconfirmed.n);
		if (number == PR_SLAB_NONE ||
		    !is_over(pr_link_at(links, number), now_us, PR_LINK_UNCONFIRMED_IDLE_S))
			break;
		pr_links_end(links, pr_link_at(links, number), now_us);
		if (ended)
			ended(context, pr_link_at(links, number));
	}
	return n;
}

struct pr_link *pr_links_next(const struct pr_links *links, uint32_t *cursor)
{
	while (*cursor < links->slab.n_made) {
		struct pr_link *link = pr_link_at(links, (*cursor)++);

		if (link->id)
			return link;
	}
	return NULL;
}

void pr_links_counters(const struct pr_links *links, struct pr_links_counters *ret_counters)
{
	*ret_counters = links->counters;
	ret_counters->n = links->slab.n_used;
	ret_counters->n_max = links->slab.n_max;
	ret_counters->n_unconfirmed = links->unconfirmed.n;
	ret_counters->n_ended = links->ended.n;
	ret_counters->n_confirmed = links->slab.n_used - links->unconfirmed.n - links->ended.n;
}

size_t pr_links_bytes(const struct pr_links *links)
{
	return sizeof(*links) + pr_slab_bytes(&links->slab) + pr_slab_bytes(&links->aliases) +
	       pr_index_bytes(&links->by_tuple) + pr_index_bytes(&links->by_alias);
}
