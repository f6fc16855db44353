/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to network/: the link table as link.c (a link's life) and link_find.c (finding it) share
 * it. */
#pragma once

#include "base/index.h"
#include "network/link.h"

#include <stddef.h>

/* The number stands in the id's lower bits, a serial number above it. */
#define PR_LINK_NUMBER_BITS 20
#define PR_LINK_NUMBER_MASK ((UINT32_C(1) << PR_LINK_NUMBER_BITS) - 1)
_Static_assert(PR_LINKS_MAX <= PR_LINK_NUMBER_MASK, "a number fits an id");
/* A free entry is zero behind its first four bytes (base/slab.h). */
_Static_assert(offsetof(struct pr_link, id) >= 4, "the id of a free entry is 0");

struct pr_link_alias {
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

static inline struct pr_link *pr_link_at(const struct pr_links *links, uint32_t number)
{
	return pr_slab_at(&links->slab, number);
}

static inline struct pr_link_alias *pr_link_alias_at(const struct pr_links *links, uint32_t number)
{
	return pr_slab_at(&links->aliases, number);
}

static inline uint32_t pr_link_number(const struct pr_link *link)
{
	return (uint32_t)link->id & PR_LINK_NUMBER_MASK;
}

/* 1 the same, -1 the reverse, 0 neither. */
static inline int pr_link_compare(const struct pr_tuple *tuple, const struct pr_tuple *other)
{
	struct pr_tuple reversed;

	if (pr_tuple_equal(tuple, other))
		return 1;
	reversed = pr_tuple_reversed(other);
	return pr_tuple_equal(tuple, &reversed) ? -1 : 0;
}

/* What input and forward see of a link with destination NAT: the original source, and the one that
 * answers. */
static inline struct pr_tuple pr_link_after_nat(const struct pr_tuple *original,
						const struct pr_tuple *reply)
{
	return (struct pr_tuple){ original->src, reply->src, original->src_port, reply->src_port,
				  original->proto };
}

/* The same for a tuple and its reverse. */
uint64_t pr_link_hash(const struct pr_tuple *tuple);
void pr_link_alias_drop(struct pr_links *links, struct pr_link *link);
