/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of the Adblock parser: options, and rules that take back others. */
#pragma once

#include "intel/list_line.h"

/* Rules with $badfilter of one list; those beyond are refused. */
#define PR_LIST_BADFILTERS_MAX 1024u

struct pr_list_badfilter {
	uint64_t hash; /* of the rule that it takes back */
	uint32_t line;
};

struct pr_list_badfilters {
	struct pr_list_badfilter rules[PR_LIST_BADFILTERS_MAX]; /* by hash */
	unsigned int n;
	uint32_t full; /* the line of the first that had no place; 0 = all have one */
};

struct pr_list_options {
	bool important, badfilter;
};

/* What stands behind the "$", for a rule that concerns a whole domain. Refuses the line and returns false where an
 * option narrows the rule to less, or isn't known. */
bool pr_list_read_options(struct pr_list_reader *reader, struct pr_list_text options,
			  struct pr_list_options *ret_options);

/* Collects the rules with $badfilter of a whole list; NULL where there are none. To be freed. */
struct pr_list_badfilters *pr_list_find_badfilters(struct pr_list_text list);
/* The line of the rule that takes this one back; 0 where none does. */
uint32_t pr_list_taken_back(const struct pr_list_badfilters *badfilters, struct pr_list_text rule);
