/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The builder's files among themselves, and tests that add entries without a text. */
#pragma once

#include "base/index.h"
#include "intel/set_builder.h"
#include "intel/set_layout.h"
#include "intel/set_table.h"

/* Records behind each other. */
struct pr_intel_array {
	uint8_t *bytes;
	size_t n, n_allocated;
	size_t size; /* of one */
};

struct pr_intel_domain_entry {
	uint64_t hash;
	uint32_t value;
};

struct pr_intel_prefix_entry {
	pr_intel_key first, last;
	uint32_t value;
};

/* A list's AS or country. */
struct pr_intel_number_entry {
	uint32_t number, value;
};

struct pr_intel_range_entry {
	pr_intel_key first, last;
	uint32_t value;
};

struct pr_intel_organisation {
	uint32_t asn, name;
};

/* What entries and ranges are kept in. */
enum pr_intel_part {
	PR_INTEL_PART_STRINGS,
	PR_INTEL_PART_LISTS,
	PR_INTEL_PART_FIRSTS,
	PR_INTEL_PART_DOMAINS,
	PR_INTEL_PART_PREFIX4,
	PR_INTEL_PART_PREFIX6,
	PR_INTEL_PART_ASNS,
	PR_INTEL_PART_COUNTRIES,
	PR_INTEL_PART_COUNTRY4,
	PR_INTEL_PART_COUNTRY6,
	PR_INTEL_PART_ASN4,
	PR_INTEL_PART_ASN6,
	PR_INTEL_PART_ORGANISATIONS,
	PR_INTEL_PART_COUNT_,
};

/* What is said of all lists that were added. */
struct pr_intel_known {
	uint64_t names[2], parents[2]; /* as in the header */
	uint64_t closest[PR_INTEL_WORDS_MAX];
	uint64_t n_lines; /* of the lists that are complete */
};

/* How far the builder was, to go back to where a source turns out to be too much. */
struct pr_intel_mark {
	size_t n[PR_INTEL_PART_COUNT_];
	struct pr_intel_known known;
};

struct pr_intel_builder {
	uint64_t seed;
	struct pr_intel_array parts[PR_INTEL_PART_COUNT_];
	struct pr_index organisations; /* by AS number */
	struct pr_intel_known known;
	bool full; /* something did not fit */
};

/* Rows of a table to be, by rising key. */
struct pr_intel_rows {
	struct pr_intel_array keys, values;
};

/* A set to be. */
struct pr_intel_file {
	struct pr_intel_array sections[PR_INTEL_SECTION_COUNT_];
	struct pr_intel_rows tables[PR_INTEL_TABLE_COUNT_];
	uint64_t n_domains, n_prefixes;
};

void *pr_intel_append_slow(struct pr_intel_array *array);

/* A new record at the end, not yet filled in; good until the next. */
static inline void *pr_intel_append(struct pr_intel_array *array)
{
	if (array->n == array->n_allocated)
		return pr_intel_append_slow(array);
	return array->bytes + array->size * array->n++;
}

void pr_intel_append_row(struct pr_intel_rows *rows, pr_intel_key key, uint32_t value);

struct pr_intel_mark pr_intel_builder_mark(const struct pr_intel_builder *builder);
void pr_intel_builder_go_back(struct pr_intel_builder *builder, const struct pr_intel_mark *mark);
uint32_t pr_intel_builder_string(struct pr_intel_builder *builder, const char *text);

/* A list: its entries, then what is known of it. An entry that doesn't fit sets builder->full. */
void pr_intel_builder_entry(struct pr_intel_builder *builder, const struct pr_list_entry *entry);
void pr_intel_builder_list_end(struct pr_intel_builder *builder, const struct pr_intel_list *list,
			       uint64_t n_lines);

/* A range that doesn't fit sets builder->full. False where it runs backwards or from one family to the
 * other: such a one holds nothing. */
bool pr_intel_builder_range(struct pr_intel_builder *builder, const struct pr_geo_range *range);

/* All but the first `n`. */
void pr_intel_builder_forget_organisations(struct pr_intel_builder *builder, size_t n);

/* What lists say of one entity, in the order of the lines, as one value: repetitions fall away. */
uint32_t pr_intel_builder_value(const struct pr_intel_builder *builder, struct pr_intel_file *file,
				const uint32_t *values, size_t n);
void pr_intel_builder_domains(struct pr_intel_builder *builder, struct pr_intel_file *file);
void pr_intel_builder_addresses(struct pr_intel_builder *builder, struct pr_intel_file *file);
void pr_intel_builder_ranges(struct pr_intel_builder *builder, struct pr_intel_file *file);
