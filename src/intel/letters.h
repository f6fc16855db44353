/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Do the letters of a label look as if somebody had chosen them? */
#pragma once

#include <stddef.h>

#define PR_LETTERS_BIT 4 /* scores are in quarters of a bit */

/*
 * The log-likelihood ratio of "each letter drawn at random" (from 26, or from 36 where there are digits) to "as in
 * the names of real sites", in quarters of a bit: above 0 random is likelier. `label` is canonical (base/name.h), an
 * escaped byte counts as one letter. A label of letters beyond ASCII ("xn--", RFC 5890, 2.3.2.1) is scored 0.
 */
int pr_letters_score(const char *label, size_t len);
