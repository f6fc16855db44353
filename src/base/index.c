/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/index.h"

#define N_SLOTS_LEAST 16

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash ^ hash >> 32);
}

static void place(struct pr_index *index, uint32_t tag, uint32_t value)
{
	uint32_t slot = tag & index->mask;

	while (index->slots[slot].value)
		slot = (slot + 1) & index->mask;
	index->slots[slot] = (struct pr_index_slot){ tag, value };
}

static void grow(struct pr_index *index)
{
	struct pr_index_slot *old = index->slots;
	uint32_t n_old = index->mask + 1;

	index->mask = n_old * 2 - 1;
	index->slots = pr_calloc(n_old * 2, sizeof(*index->slots));
	for (uint32_t i = 0; i < n_old; i++)
		if (old[i].value)
			place(index, old[i].tag, old[i].value);
	free(old);
}

void pr_index_init(struct pr_index *index, uint32_t n_expected)
{
	uint32_t n_slots = N_SLOTS_LEAST;

	pr_assert(n_expected < UINT32_C(1) << 29);
	while (n_slots - n_slots / 4 < n_expected)
		n_slots *= 2;
	*index = (struct pr_index){ .slots = pr_calloc(n_slots, sizeof(*index->slots)),
				    .mask = n_slots - 1 };
}

void pr_index_done(struct pr_index *index)
{
	free(index->slots);
	*index = (struct pr_index){ 0 };
}

void pr_index_insert(struct pr_index *index, uint64_t hash, uint32_t value)
{
	if (index->n_used >= index->mask + 1 - (index->mask + 1) / 4)
		grow(index);
	place(index, tag_of(hash), value + 1);
	index->n_used++;
}

/* Moves later entries of the run back over the hole, so that no walk ends before them. */
static void close_hole(struct pr_index *index, uint32_t hole)
{
	uint32_t slot = hole;

	for (;;) {
		uint32_t home;

		slot = (slot + 1) & index->mask;
		if (!index->slots[slot].value)
			break;
		home = index->slots[slot].tag & index->mask;
		if (((slot - home) & index->mask) >= ((slot - hole) & index->mask)) {
			index->slots[hole] = index->slots[slot];
			hole = slot;
		}
	}
	index->slots[hole] = (struct pr_index_slot){ 0 };
}

bool pr_index_remove(struct pr_index *index, uint64_t hash, uint32_t value)
{
	uint32_t tag = tag_of(hash);

	for (uint32_t slot = tag & index->mask; index->slots[slot].value;
	     slot = (slot + 1) & index->mask) {
		if (index->slots[slot].tag != tag || index->slots[slot].value != value + 1)
			continue;
		close_hole(index, slot);
		index->n_used--;
		return true;
	}
	return false;
}
