/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pairs of messages as JSON objects, and back. */
#pragma once

#include "ipc/body.h"

#include <jansson.h>

/* Adds the pairs to `object`: "a.b" becomes {"a": {"b": …}}; decimal numbers become numbers, "true" and
 * "false" booleans; a key that occurs again gathers its values in an array. */
void pr_pairs_json(const struct pr_pairs *pairs, json_t *object);

/* The members of `object` as pairs that borrow from it; numbers and booleans in `text`, which lives as
 * long. 0, or -EINVAL: no object, or a member that is neither text, number nor boolean, or too many. */
struct pr_pairs_text {
	char numbers[PR_PAIRS_MAX][24];
};
PR_MUST_USE int pr_pairs_from_json(const json_t *object, struct pr_pairs_text *text,
				   struct pr_pairs *ret_pairs);
