/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Entries of one size in chunks, with a free list and a limit. An entry has a number (for
 * base/index.h, and for links between entries in four bytes) and an address that stays. Grows by
 * chunks up to the limit and keeps what it has: nothing is allocated once it has been that full
 * before.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define PR_SLAB_NONE UINT32_MAX

struct pr_slab {
	uint8_t **chunks;
	uint32_t entry_size, chunk_shift;
	uint32_t n_max, n_made, n_used;
	uint32_t free_head;
};

/* Entries of at least 4 bytes, of the alignment that `entry_size` allows. */
void pr_slab_init(struct pr_slab *slab, size_t entry_size, uint32_t n_max);
void pr_slab_done(struct pr_slab *slab);
/* A zeroed entry's number; PR_SLAB_NONE when n_max are in use. */
uint32_t pr_slab_take(struct pr_slab *slab);
void pr_slab_give(struct pr_slab *slab, uint32_t number);
/* Memory that it holds, for the figures. */
size_t pr_slab_bytes(const struct pr_slab *slab);

static inline void *pr_slab_at(const struct pr_slab *slab, uint32_t number)
{
	uint32_t in_chunk = number & ((UINT32_C(1) << slab->chunk_shift) - 1);

	return slab->chunks[number >> slab->chunk_shift] + (size_t)in_chunk * slab->entry_size;
}
