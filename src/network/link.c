/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One index entry finds a link by its tuple and by the reverse: the hash is taken over the two ends
 * in an order that both have in common. The few links with NAT have a second tuple in a table of
 * their own. Unconfirmed links stand in a list by their last packet, ended ones by their end;
 * confirmed ones need none: conntrack says when they are over.
 */
#include "network/link.h"

#include "base/hash.h"
#include "base/index.h"

#include <stddef.h>
#include <string.h>

#define LIST offsetof(struct pr_link, list)

/* The number stands in the id's lower bits, a serial number above it. */
#define NUMBER_BITS 20
#define NUMBER_MASK ((UINT32_C(1) << NUMBER_BITS) - 1)
_Static_assert(PR_LINKS_MAX <= NUMBER_MASK, "a number fits an id");
/* A free entry is zero behind its first four bytes (base/slab.h). */
_Static_assert(offsetof(struct pr_link, id) >= 4, "the id of a free entry is 0");

/* Links with a held packet that one _add() passes over while it looks for one to evict. */
#define N_PASSED_OVER_MAX 64

struct alias {
	struct pr_tuple tuple;
	uint32_t link;
};

struct pr_links {
	struct pr_slab slab, aliases;
	struct pr_index by_tuple, by_alias;
	struct pr_chain unconfirmed; /* idle longest first */
	struct pr_chain ended;	     /* ended longest ago first */
	void (*forgotten)(void *context, struct pr_link *link);
	void *context;
	uint64_t n_made;
	struct pr_links_counters counters;
};

static struct pr_link *at(const struct pr_links *links, uint32_t number)
{
	return pr_slab_at(&links->slab, number);
}

static struct alias *alias_at(const struct pr_links *links, uint32_t number)
{
	return pr_slab_at(&links->aliases, number);
}

static uint32_t number_of(const struct pr_link *link)
{
	return (uint32_t)link->id & NUMBER_MASK;
}

/* The same for a tuple and its reverse. */
static uint64_t hash_of(const struct pr_tuple *tuple)
{
	int order = memcmp(&tuple->src, &tuple->dst, sizeof(tuple->src));
	struct pr_tuple reversed;

	if (order < 0 || (order == 0 && tuple->src_port <= tuple->dst_port))
		return pr_tuple_hash(tuple);
	reversed = pr_tuple_reversed(tuple);
	return pr_tuple_hash(&reversed);
}

struct pr_links *pr_links_new(uint32_t n_max,
			      void (*forgotten)(void *context, struct pr_link *link), void *context)
{
	struct pr_links *links = pr_calloc(1, sizeof(*links));

	pr_assert(n_max <= NUMBER_MASK);
	if (!n_max)
		n_max = PR_LINKS_MAX;
	links->forgotten = forgotten;
	links->context = context;
	pr_slab_init(&links->slab, sizeof(struct pr_link), n_max);
	pr_slab_init(&links->aliases, sizeof(struct alias), n_max);
	pr_index_init(&links->by_tuple, 0);
	pr_index_init(&links->by_alias, 0);
	pr_chain_init(&links->unconfirmed);
	pr_chain_init(&links->ended);
	return links;
}

static void alias_drop(struct pr_links *links, struct pr_link *link)
{
	uint32_t number = link->alias - 1;

	if (!link->alias)
		return;
	pr_index_remove(&links->by_alias, hash_of(&alias_at(links, number)->tuple), number);
	pr_slab_give(&links->aliases, number);
	link->alias = 0;
}

/* Out of the list of its state, and from where packets find it. */
static void unlist(struct pr_links *links, struct pr_link *link)
{
	uint32_t number = number_of(link);

	if (link->state == PR_LINK_ENDED) {
		pr_chain_remove(&links->ended, &links->slab, LIST, number);
		return;
	}
	if (link->state == PR_LINK_UNCONFIRMED)
		pr_chain_remove(&links->unconfirmed, &links->slab, LIST, number);
	pr_index_remove(&links->by_tuple, hash_of(&link->tuple), number);
	alias_drop(links, link);
}

static void forget(struct pr_links *links, struct pr_link *link)
{
	if (links->forgotten)
		links->forgotten(links->context, link);
	unlist(links, link);
	pr_slab_give(&links->slab, number_of(link));
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

		if (!is_held(at(links, number)))
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
	if (at(links, number)->state != PR_LINK_ENDED)
		links->counters.evicted++;
	forget(links, at(links, number));
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
	link = at(links, number);
	link->id = ++links->n_made << NUMBER_BITS | number;
	link->tuple = *tuple;
	link->state = PR_LINK_UNCONFIRMED;
	link->direction = (uint8_t)direction;
	link->first_us = now_us;
	link->last_us = now_us;
	pr_index_insert(&links->by_tuple, hash_of(tuple), number);
	pr_chain_append(&links->unconfirmed, &links->slab, LIST, number);
	links->counters.made++;
	*ret_link = link;
	return PR_LINKS_DONE;
}

/* 1 the same, -1 the reverse, 0 neither. */
static int compare(const struct pr_tuple *tuple, const struct pr_tuple *other)
{
	struct pr_tuple reversed;

	if (pr_tuple_equal(tuple, other))
		return 1;
	reversed = pr_tuple_reversed(other);
	return pr_tuple_equal(tuple, &reversed) ? -1 : 0;
}

struct pr_link *pr_links_find_unaliased(const struct pr_links *links, const struct pr_tuple *tuple,
					bool *ret_reply)
{
	for (struct pr_index_walk walk = pr_index_find(&links->by_tuple, hash_of(tuple));
	     pr_index_next(&links->by_tuple, &walk);) {
		int order = compare(tuple, &at(links, walk.value)->tuple);

		if (!order)
			continue;
		if (ret_reply)
			*ret_reply = order < 0;
		return at(links, walk.value);
	}
	return NULL;
}

static struct pr_link *find_alias(const struct pr_links *links, const struct pr_tuple *tuple,
				  bool *ret_reply)
{
	for (struct pr_index_walk walk = pr_index_find(&links->by_alias, hash_of(tuple));
	     pr_index_next(&links->by_alias, &walk);) {
		int order = compare(tuple, &alias_at(links, walk.value)->tuple);

		if (!order)
			continue;
		if (ret_reply)
			*ret_reply = order < 0;
		return at(links, alias_at(links, walk.value)->link);
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

/* What input and forward see of a link with destination NAT: the original source, and the one that
 * answers. */
static struct pr_tuple after_nat(const struct pr_tuple *original, const struct pr_tuple *reply)
{
	return (struct pr_tuple){ original->src, reply->src, original->src_port, reply->src_port,
				  original->proto };
}

struct pr_link *pr_links_find_conntrack(const struct pr_links *links,
					const struct pr_tuple *original,
					const struct pr_tuple *reply)
{
	struct pr_tuple mixed = after_nat(original, reply);
	struct pr_link *link = pr_links_find(links, original, NULL);

	if (!link)
		link = pr_links_find(links, &mixed, NULL);
	return link ? link : pr_links_find(links, reply, NULL);
}

struct pr_link *pr_links_by_id(const struct pr_links *links, uint64_t id)
{
	uint32_t number = (uint32_t)id & NUMBER_MASK;

	if (!id || number >= links->slab.n_made || at(links, number)->id != id)
		return NULL;
	return at(links, number);
}

void pr_links_touch(struct pr_links *links, struct pr_link *link, uint64_t now_us)
{
	link->last_us = now_us;
	if (link->state == PR_LINK_UNCONFIRMED)
		to_tail(links, number_of(link));
}

bool pr_links_alias(struct pr_links *links, struct pr_link *link, const struct pr_tuple *alias)
{
	struct pr_link *other = pr_links_find(links, alias, NULL);
	uint32_t number;

	if (link->state == PR_LINK_ENDED)
		return false;
	if (other)
		return other == link;
	alias_drop(links, link);
	number = pr_slab_take(&links->aliases);
	pr_assert(number != PR_SLAB_NONE); /* one for each link */
	*alias_at(links, number) = (struct alias){ *alias, number_of(link) };
	link->alias = number + 1;
	pr_index_insert(&links->by_alias, hash_of(alias), number);
	return true;
}

void pr_links_confirm(struct pr_links *links, struct pr_link *link, const struct pr_tuple *original,
		      const struct pr_tuple *reply, uint64_t now_us)
{
	struct pr_tuple mixed;

	if (link->state == PR_LINK_ENDED)
		return;
	if (link->state == PR_LINK_UNCONFIRMED) {
		pr_chain_remove(&links->unconfirmed, &links->slab, LIST, number_of(link));
		link->state = PR_LINK_CONFIRMED;
	}
	link->last_us = now_us;
	if (!original || !reply)
		return;
	mixed = after_nat(original, reply);
	if (compare(&mixed, &link->tuple) == 0)
		(void)pr_links_alias(links, link, &mixed);
}

void pr_links_end(struct pr_links *links, struct pr_link *link, uint64_t now_us)
{
	if (link->state == PR_LINK_ENDED)
		return;
	unlist(links, link);
	link->state = PR_LINK_ENDED;
	link->last_us = now_us;
	pr_chain_append(&links->ended, &links->slab, LIST, number_of(link));
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
		struct pr_link *link = at(links, links->ended.head);

		if (!is_over(link, now_us, PR_LINK_ENDED_KEEP_S))
			break;
		forget(links, link);
	}
	for (; n < n_most; n++) {
		number = oldest_idle(links, links->unconfirmed.n);
		if (number == PR_SLAB_NONE ||
		    !is_over(at(links, number), now_us, PR_LINK_UNCONFIRMED_IDLE_S))
			break;
		pr_links_end(links, at(links, number), now_us);
		if (ended)
			ended(context, at(links, number));
	}
	return n;
}

struct pr_link *pr_links_next(const struct pr_links *links, uint32_t *cursor)
{
	while (*cursor < links->slab.n_made) {
		struct pr_link *link = at(links, (*cursor)++);

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
