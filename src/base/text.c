/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A handle is the size's number in the upper three bits and the slab's number, plus two, below: 0
 * is "none", and 1 is left to users who need one more special value.
 */
#include "base/text.h"

#include "base/hash.h"

#include <string.h>

#define NUMBER_BITS 29

struct text {
	uint32_t n_held;
	char bytes[];
};

/* Most domains take less than 28 bytes, most paths less than 60. */
static const uint16_t sizes[PR_TEXT_N_SIZES] = { 32, 64, 128, 512,
						 sizeof(struct text) + PR_TEXT_MAX };

static struct text *at(const struct pr_texts *texts, uint32_t handle)
{
	uint32_t number = (handle & ((UINT32_C(1) << NUMBER_BITS) - 1)) - 2;

	return pr_slab_at(&texts->slabs[handle >> NUMBER_BITS], number);
}

void pr_texts_init(struct pr_texts *texts, uint32_t n_max, size_t bytes_max)
{
	*texts = (struct pr_texts){ .n_max = n_max, .bytes_max = bytes_max };
	pr_index_init(&texts->index, 0);
	for (unsigned int i = 0; i < PR_TEXT_N_SIZES; i++)
		pr_slab_init(&texts->slabs[i], sizes[i], n_max);
}

void pr_texts_done(struct pr_texts *texts)
{
	for (unsigned int i = 0; i < PR_TEXT_N_SIZES; i++)
		pr_slab_done(&texts->slabs[i]);
	pr_index_done(&texts->index);
}

uint32_t pr_texts_find(const struct pr_texts *texts, const char *text)
{
	uint64_t hash = pr_hash(text, strlen(text));

	for (struct pr_index_walk walk = pr_index_find(&texts->index, hash);
	     pr_index_next(&texts->index, &walk);)
		if (strcmp(at(texts, walk.value)->bytes, text) == 0)
			return walk.value;
	return PR_TEXT_NONE;
}

uint32_t pr_texts_hold(struct pr_texts *texts, const char *text)
{
	uint32_t handle = pr_texts_find(texts, text);
	size_t len = strlen(text);
	unsigned int size = 0;
	uint32_t number;

	if (handle != PR_TEXT_NONE)
		return pr_texts_hold_again(texts, handle);
	while (size < PR_TEXT_N_SIZES && sizeof(struct text) + len + 1 > sizes[size])
		size++;
	if (size == PR_TEXT_N_SIZES || texts->index.n_used >= texts->n_max ||
	    texts->bytes_used + sizes[size] > texts->bytes_max)
		return PR_TEXT_NONE;
	number = pr_slab_take(&texts->slabs[size]);
	if (number == PR_SLAB_NONE)
		return PR_TEXT_NONE;
	handle = size << NUMBER_BITS | (number + 2);
	at(texts, handle)->n_held = 1;
	memcpy(at(texts, handle)->bytes, text, len + 1);
	pr_index_insert(&texts->index, pr_hash(text, len), handle);
	texts->bytes_used += sizes[size];
	return handle;
}

uint32_t pr_texts_hold_again(struct pr_texts *texts, uint32_t handle)
{
	if (handle != PR_TEXT_NONE) {
		pr_assert(at(texts, handle)->n_held < UINT32_MAX);
		at(texts, handle)->n_held++;
	}
	return handle;
}

void pr_texts_release(struct pr_texts *texts, uint32_t handle)
{
	struct text *text;

	if (handle == PR_TEXT_NONE)
		return;
	text = at(texts, handle);
	pr_assert(text->n_held > 0);
	if (--text->n_held)
		return;
	pr_index_remove(&texts->index, pr_hash(text->bytes, strlen(text->bytes)), handle);
	texts->bytes_used -= sizes[handle >> NUMBER_BITS];
	pr_slab_give(&texts->slabs[handle >> NUMBER_BITS],
		     (handle & ((UINT32_C(1) << NUMBER_BITS) - 1)) - 2);
}

const char *pr_texts_get(const struct pr_texts *texts, uint32_t handle)
{
	return handle == PR_TEXT_NONE ? "" : at(texts, handle)->bytes;
}
