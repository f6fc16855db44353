/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An open set, for the files that look things up in it. */
#pragma once

#include "intel/set_layout.h"
#include "intel/set_table.h"

struct pr_intel_set {
	const struct pr_intel_header *header;
	const char *strings;
	const struct pr_intel_list_record *lists;
	const uint32_t *firsts;
	const uint64_t *filter;
	const struct pr_intel_bucket *buckets;
	const uint32_t *spans;
	const struct pr_intel_node *nodes;
	uint32_t n_strings, n_lists, n_filter, n_buckets, n_spans, n_nodes;
	struct pr_intel_table tables[PR_INTEL_TABLE_COUNT_];
};

/* What is found goes here, the closest to the entity first. */
struct pr_intel_finding {
	const struct pr_intel_set *set;
	bool lines; /* look for lines: up to n_max to `hits`, n goes on counting; otherwise for lists */
	struct pr_intel_hit *hits;
	unsigned int n, n_max;
	/* lists that have it, that except it, and of which only important entries count */
	uint64_t on[PR_INTEL_WORDS_MAX], off[PR_INTEL_WORDS_MAX], important[PR_INTEL_WORDS_MAX];
};

void pr_intel_finding_init(struct pr_intel_finding *finding, const struct pr_intel_set *set);
/* All that a value says. `at`: PR_LIST_NAME where it stands at the name itself, PR_LIST_BELOW where it
 * stands at a parent; otherwise what entries of such values are. */
void pr_intel_find_value(struct pr_intel_finding *finding, uint32_t value,
			 enum pr_list_entry_kind at);
/* The lists that remain, into `lists`. True where any does. */
bool pr_intel_found_lists(const struct pr_intel_finding *finding, uint64_t *lists);

/* "" where the offset is none. */
const char *pr_intel_string(const struct pr_intel_set *set, uint32_t offset);
