/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A heap of numbers (of slab entries) by key: what expires or is due first. It remembers where each
 * number stands, so a key can be changed and a number taken out. Memory grows with the greatest
 * number.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct pr_heap_entry {
	uint64_t key;
	uint32_t number;
};

struct pr_heap {
	struct pr_heap_entry *entries;
	uint32_t *places; /* by number: its place among the entries + 1, or 0 */
	uint32_t n, n_entries_max, n_places;
};

void pr_heap_init(struct pr_heap *heap);
void pr_heap_done(struct pr_heap *heap);
/* Adds `number`, or gives it another key. */
void pr_heap_set(struct pr_heap *heap, uint32_t number, uint64_t key);
/* True when it was there. */
bool pr_heap_remove(struct pr_heap *heap, uint32_t number);

/* The entry with the least key, or NULL; it stays. */
static inline const struct pr_heap_entry *pr_heap_first(const struct pr_heap *heap)
{
	return heap->n ? &heap->entries[0] : NULL;
}
