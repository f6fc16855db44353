/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/heap.h"

#include <string.h>

#define N_LEAST 16

void pr_heap_init(struct pr_heap *heap)
{
	*heap = (struct pr_heap){ 0 };
}

void pr_heap_done(struct pr_heap *heap)
{
	free(heap->entries);
	free(heap->places);
	*heap = (struct pr_heap){ 0 };
}

static void put(struct pr_heap *heap, uint32_t at, struct pr_heap_entry entry)
{
	heap->entries[at] = entry;
	heap->places[entry.number] = at + 1;
}

static void sift(struct pr_heap *heap, uint32_t at, struct pr_heap_entry entry)
{
	for (; at && heap->entries[(at - 1) / 2].key > entry.key; at = (at - 1) / 2)
		put(heap, at, heap->entries[(at - 1) / 2]);
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < heap->n && heap->entries[child + 1].key < heap->entries[child].key)
			child++;
		if (child >= heap->n || heap->entries[child].key >= entry.key)
			break;
		put(heap, at, heap->entries[child]);
		at = child;
	}
	put(heap, at, entry);
}

static void make_room(struct pr_heap *heap, uint32_t number)
{
	if (number >= heap->n_places) {
		uint32_t n = heap->n_places ? heap->n_places : N_LEAST;

		while (n <= number)
			n *= 2;
		heap->places = pr_realloc(heap->places, n, sizeof(*heap->places));
		memset(heap->places + heap->n_places, 0,
		       (n - heap->n_places) * sizeof(*heap->places));
		heap->n_places = n;
	}
	if (heap->n == heap->n_entries_max) {
		heap->n_entries_max = heap->n_entries_max ? heap->n_entries_max * 2 : N_LEAST;
		heap->entries =
			pr_realloc(heap->entries, heap->n_entries_max, sizeof(*heap->entries));
	}
}

void pr_heap_set(struct pr_heap *heap, uint32_t number, uint64_t key)
{
	struct pr_heap_entry entry = { key, number };

	pr_assert(number < UINT32_C(1) << 30);
	make_room(heap, number);
	if (heap->places[number])
		sift(heap, heap->places[number] - 1, entry);
	else
		sift(heap, heap->n++, entry);
}

bool pr_heap_remove(struct pr_heap *heap, uint32_t number)
{
	uint32_t at;

	if (number >= heap->n_places || !heap->places[number])
		return false;
	at = heap->places[number] - 1;
	heap->places[number] = 0;
	heap->n--;
	if (at != heap->n)
		sift(heap, at, heap->entries[heap->n]);
	return true;
}
