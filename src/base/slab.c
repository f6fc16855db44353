/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/slab.h"

#include <string.h>

#define CHUNK_BYTES 65536u

void pr_slab_init(struct pr_slab *slab, size_t entry_size, uint32_t n_max)
{
	uint32_t shift = 0;

	pr_assert(entry_size >= sizeof(uint32_t) && entry_size <= CHUNK_BYTES);
	pr_assert(n_max < PR_SLAB_NONE);
	while ((entry_size << (shift + 1)) <= CHUNK_BYTES && (UINT32_C(1) << shift) < n_max)
		shift++;
	*slab = (struct pr_slab){
		.chunks = pr_calloc((n_max >> shift) + 1, sizeof(*slab->chunks)),
		.entry_size = (uint32_t)entry_size,
		.chunk_shift = shift,
		.n_max = n_max,
		.free_head = PR_SLAB_NONE,
	};
}

void pr_slab_done(struct pr_slab *slab)
{
	if (slab->chunks)
		for (uint32_t i = 0; i <= slab->n_max >> slab->chunk_shift; i++)
			free(slab->chunks[i]);
	free(slab->chunks);
	*slab = (struct pr_slab){ 0 };
}

uint32_t pr_slab_take(struct pr_slab *slab)
{
	uint32_t number = slab->free_head;
	uint8_t *entry;

	if (number != PR_SLAB_NONE) {
		entry = pr_slab_at(slab, number);
		memcpy(&slab->free_head, entry, sizeof(slab->free_head));
		memset(entry, 0, slab->entry_size);
		slab->n_used++;
		return number;
	}
	if (slab->n_made >= slab->n_max)
		return PR_SLAB_NONE;
	number = slab->n_made++;
	slab->n_used++;
	if (!slab->chunks[number >> slab->chunk_shift])
		slab->chunks[number >> slab->chunk_shift] =
			pr_calloc((size_t)1 << slab->chunk_shift, slab->entry_size);
	return number;
}

void pr_slab_give(struct pr_slab *slab, uint32_t number)
{
	uint8_t *entry = pr_slab_at(slab, number);

	pr_assert(number < slab->n_made && slab->n_used > 0);
	memset(entry, 0, slab->entry_size);
	memcpy(entry, &slab->free_head, sizeof(slab->free_head));
	slab->free_head = number;
	slab->n_used--;
}

size_t pr_slab_bytes(const struct pr_slab *slab)
{
	size_t n_chunks = 0;

	for (uint32_t i = 0; i <= slab->n_max >> slab->chunk_shift; i++)
		n_chunks += slab->chunks[i] != NULL;
	return (n_chunks << slab->chunk_shift) * slab->entry_size +
	       ((slab->n_max >> slab->chunk_shift) + 1) * sizeof(*slab->chunks);
}
