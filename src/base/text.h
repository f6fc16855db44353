/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Texts that many entries share: each is kept once, counted, and named by a handle of four bytes.
 * For domains, paths and keys; slabs of a few sizes hold them.
 */
#pragma once

#include "base/index.h"
#include "base/slab.h"

#define PR_TEXT_NONE	0u
#define PR_TEXT_MAX	4096 /* bytes with the zero; a longer one is refused */
#define PR_TEXT_N_SIZES 5

struct pr_texts {
	struct pr_index index;
	struct pr_slab slabs[PR_TEXT_N_SIZES];
	uint32_t n_max;
	size_t bytes_used, bytes_max;
};

/* At most `n_max` different texts (less than 2^29), `bytes_max` bytes in all. */
void pr_texts_init(struct pr_texts *texts, uint32_t n_max, size_t bytes_max);
void pr_texts_done(struct pr_texts *texts);
/* A counted handle of `text`, never 1; PR_TEXT_NONE when it is too long or the limit is reached. */
uint32_t pr_texts_hold(struct pr_texts *texts, const char *text);
uint32_t pr_texts_hold_again(struct pr_texts *texts, uint32_t handle);
void pr_texts_release(struct pr_texts *texts, uint32_t handle); /* takes PR_TEXT_NONE */
/* The handle of `text` if it is held, uncounted; otherwise PR_TEXT_NONE. */
uint32_t pr_texts_find(const struct pr_texts *texts, const char *text);
/* Borrowed until the handle is released; "" for PR_TEXT_NONE. */
const char *pr_texts_get(const struct pr_texts *texts, uint32_t handle);
