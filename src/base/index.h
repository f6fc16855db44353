/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hash index: hash → position of an entry that the caller keeps in an array of its own. Eight bytes
 * a slot, open addressing with linear probing and backward-shift deletion. It never compares keys:
 * the caller walks the candidates of a hash and compares.
 *
 *     for (struct pr_index_walk w = pr_index_find(&index, hash); pr_index_next(&index, &w);)
 *             if (equal(&entries[w.value], key)) …
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct pr_index_slot {
	uint32_t tag;	/* the hash folded to 32 bits; its low bits are the home slot */
	uint32_t value; /* the caller's position + 1; 0 = free */
};

struct pr_index {
	struct pr_index_slot *slots;
	uint32_t mask; /* number of slots - 1; a power of two */
	uint32_t n_used;
};

struct pr_index_walk {
	uint32_t slot, tag, value;
};

/* Room for `n_expected` entries before the first growth. */
void pr_index_init(struct pr_index *index, uint32_t n_expected);
void pr_index_done(struct pr_index *index);
void pr_index_insert(struct pr_index *index, uint64_t hash, uint32_t value);
/* True when the pair was there. */
bool pr_index_remove(struct pr_index *index, uint64_t hash, uint32_t value);

static inline size_t pr_index_bytes(const struct pr_index *index)
{
	return ((size_t)index->mask + 1) * sizeof(*index->slots);
}

static inline struct pr_index_walk pr_index_find(const struct pr_index *index, uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash ^ hash >> 32);

	return (struct pr_index_walk){ tag & index->mask, tag, 0 };
}

static inline bool pr_index_next(const struct pr_index *index, struct pr_index_walk *walk)
{
	while (index->slots[walk->slot].value) {
		const struct pr_index_slot *slot = &index->slots[walk->slot];

		walk->slot = (walk->slot + 1) & index->mask;
		if (slot->tag == walk->tag) {
			walk->value = slot->value - 1;
			return true;
		}
	}
	return false;
}
