/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to network/: the pool as pool.c and pool_saved.c share it. */
#pragma once

#include "base/chain.h"
#include "base/text.h"
#include "network/pool.h"

/* A name and its place, which is the same in both ranges. */
struct pr_pool_entry {
	uint32_t name; /* held text */
	uint32_t place;
	uint32_t n_held;
	uint32_t owner;		     /* of `owners`; PR_SLAB_NONE: nobody's */
	struct pr_chain_node by_use; /* of `idle`, where nobody holds it */
	uint64_t used_us;	     /* given, or let go */
};

struct pr_pool_owner {
	uint32_t owner, n;
};

struct pr_pool {
	struct pr_pool_ranges ranges;
	uint32_t n_places; /* 1 to this one */
	uint32_t n_max, n_max_per_owner;
	uint32_t next; /* the place that is looked at first */
	uint32_t n_held;
	struct pr_texts texts;
	struct pr_slab entries, owners;
	struct pr_index by_name, by_place, by_owner;
	struct pr_chain idle; /* used longest ago first */
	struct pr_pool_counters counters;
};

/* PR_SLAB_NONE where there is none. */
uint32_t pr_pool_find_name(const struct pr_pool *pool, const char *name);
uint32_t pr_pool_find_place(const struct pr_pool *pool, uint32_t place);
/* A new one of nobody's, idle since `used_us`, or since the last of the others was used. Name and place are free, and n_max is not
 * reached. False: no room for the text. */
bool pr_pool_add(struct pr_pool *pool, const char *name, uint32_t place, uint64_t used_us);
/* The place of an address; 0: it is of neither range, or of none that is given. */
uint32_t pr_pool_place_of(const struct pr_pool_ranges *ranges, uint32_t n_places,
			  const struct pr_address *address);
struct pr_address pr_pool_address_at(const struct pr_pool_ranges *ranges, int family,
				     uint32_t place);
uint32_t pr_pool_n_places(const struct pr_pool_ranges *ranges);
