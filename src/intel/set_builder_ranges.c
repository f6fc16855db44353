/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which country and which AS addresses belong to. Ranges overlap where sources do, or where one source
 * is not careful: a sweep through the addresses keeps the open ranges in a heap by the order in which
 * they were added, so that the first added holds at each address. Neighbours that say the same become
 * one range.
 */
#include "base/hash.h"
#include "base/heap.h"
#include "intel/set_builder_parts.h"

#include <string.h>

/* Numbers follow each other too closely to be their own hashes. */
static uint64_t hash_of(const struct pr_intel_builder *builder, uint32_t asn)
{
	return pr_hash_seeded(&asn, sizeof(asn), builder->seed);
}

static uint32_t organisation_known(const struct pr_intel_builder *builder, uint32_t asn)
{
	const struct pr_intel_organisation *known =
		(const void *)builder->parts[PR_INTEL_PART_ORGANISATIONS].bytes;

	for (struct pr_index_walk walk =
		     pr_index_find(&builder->organisations, hash_of(builder, asn));
	     pr_index_next(&builder->organisations, &walk);)
		if (known[walk.value].asn == asn)
			return known[walk.value].name;
	return 0;
}

static void add_organisation(struct pr_intel_builder *builder, uint32_t asn, const char *name)
{
	struct pr_intel_array *array = &builder->parts[PR_INTEL_PART_ORGANISATIONS];
	struct pr_intel_organisation *made;

	if (!asn || !*name || organisation_known(builder, asn))
		return;
	pr_index_insert(&builder->organisations, hash_of(builder, asn), (uint32_t)array->n);
	made = pr_intel_append(array);
	made->asn = asn;
	made->name = pr_intel_builder_string(builder, name);
}

void pr_intel_builder_forget_organisations(struct pr_intel_builder *builder, size_t n)
{
	struct pr_intel_array *array = &builder->parts[PR_INTEL_PART_ORGANISATIONS];
	const struct pr_intel_organisation *known = (const void *)array->bytes;

	for (; array->n > n; array->n--)
		pr_index_remove(&builder->organisations, hash_of(builder, known[array->n - 1].asn),
				(uint32_t)array->n - 1);
}

static void add_range(struct pr_intel_builder *builder, enum pr_intel_part part, pr_intel_key first,
		      pr_intel_key last, uint32_t value)
{
	struct pr_intel_array *array = &builder->parts[part];
	struct pr_intel_range_entry *made;

	if (!value)
		return;
	if (array->n >= PR_INTEL_RANGES_MAX) {
		builder->full = true;
		return;
	}
	made = pr_intel_append(array);
	*made = (struct pr_intel_range_entry){ first, last, value };
}

bool pr_intel_builder_range(struct pr_intel_builder *builder, const struct pr_geo_range *range)
{
	pr_intel_key first = pr_intel_key_of_address(&range->first);
	pr_intel_key last = pr_intel_key_of_address(&range->last);
	bool v4 = range->first.family == 4;

	if (range->first.family != range->last.family || !range->first.family || first > last)
		return false;
	if (v4)
		last |= ~(pr_intel_key)0 >> 32;
	add_range(builder, v4 ? PR_INTEL_PART_COUNTRY4 : PR_INTEL_PART_COUNTRY6, first, last,
		  *range->country ? pr_intel_code(range->country) : 0);
	add_range(builder, v4 ? PR_INTEL_PART_ASN4 : PR_INTEL_PART_ASN6, first, last, range->asn);
	add_organisation(builder, range->asn, range->organisation);
	return true;
}

struct start {
	pr_intel_key first;
	uint32_t number; /* of the range: the order in which it was added */
};

static int compare_starts(const void *a, const void *b)
{
	const struct start *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static struct start *starts_new(const struct pr_intel_range_entry *ranges, size_t n)
{
	struct start *starts = pr_calloc(n, sizeof(*starts));
	bool sorted = true;

	for (size_t i = 0; i < n; i++) {
		starts[i] = (struct start){ ranges[i].first, (uint32_t)i };
		sorted = sorted && (!i || ranges[i - 1].first <= ranges[i].first);
	}
	if (!sorted)
		qsort(starts, n, sizeof(*starts), compare_starts);
	return starts;
}

struct sweep {
	const struct pr_intel_range_entry *ranges;
	struct pr_heap open; /* the first added is the least */
	struct pr_intel_rows *rows;
	pr_intel_key at;
	bool ended; /* at the end of all addresses */
};

static void say(struct sweep *sweep, uint32_t value)
{
	struct pr_intel_rows *rows = sweep->rows;
	const uint32_t *values = (const void *)rows->values.bytes;

	if (rows->values.n ? values[rows->values.n - 1] != value : value)
		pr_intel_append_row(rows, sweep->at, value);
}

static void move_to(struct sweep *sweep, pr_intel_key at)
{
	sweep->at = at;
	sweep->ended = !at;
}

/* What holds from where the sweep is up to `last`. */
static void advance(struct sweep *sweep, pr_intel_key last)
{
	while (!sweep->ended && sweep->at <= last) {
		const struct pr_heap_entry *open = pr_heap_first(&sweep->open);
		const struct pr_intel_range_entry *range =
			open ? &sweep->ranges[open->number] : NULL;

		if (range && range->last < sweep->at) {
			pr_heap_remove(&sweep->open, open->number);
			continue;
		}
		say(sweep, range ? range->value : 0);
		move_to(sweep, (range && range->last < last ? range->last : last) + 1);
	}
}

static void add_table(struct pr_intel_builder *builder, struct pr_intel_file *file,
		      enum pr_intel_part part, enum pr_intel_tables table)
{
	const struct pr_intel_array *array = &builder->parts[part];
	struct sweep sweep = { .ranges = (const void *)array->bytes, .rows = &file->tables[table] };
	PR_CLEANUP(pr_cleanup_free) struct start *starts = NULL;

	if (!array->n)
		return;
	starts = starts_new(sweep.ranges, array->n);
	pr_heap_init(&sweep.open);
	for (size_t i = 0; i < array->n; i++) {
		if (starts[i].first)
			advance(&sweep, starts[i].first - 1);
		pr_heap_set(&sweep.open, starts[i].number, starts[i].number);
	}
	advance(&sweep, ~(pr_intel_key)0);
	pr_heap_done(&sweep.open);
}

static int compare_organisations(const void *a, const void *b)
{
	const struct pr_intel_organisation *x = a, *y = b;

	return (x->asn > y->asn) - (x->asn < y->asn);
}

static void add_organisations(struct pr_intel_builder *builder, struct pr_intel_file *file)
{
	struct pr_intel_array *array = &builder->parts[PR_INTEL_PART_ORGANISATIONS];
	struct pr_intel_organisation *known = (void *)array->bytes;

	if (array->n)
		qsort(known, array->n, sizeof(*known), compare_organisations);
	for (size_t i = 0; i < array->n; i++)
		pr_intel_append_row(&file->tables[PR_INTEL_ORGANISATIONS],
				    pr_intel_key_of_number(known[i].asn), known[i].name);
}

void pr_intel_builder_ranges(struct pr_intel_builder *builder, struct pr_intel_file *file)
{
	add_table(builder, file, PR_INTEL_PART_COUNTRY4, PR_INTEL_COUNTRY4);
	add_table(builder, file, PR_INTEL_PART_COUNTRY6, PR_INTEL_COUNTRY6);
	add_table(builder, file, PR_INTEL_PART_ASN4, PR_INTEL_ASN4);
	add_table(builder, file, PR_INTEL_PART_ASN6, PR_INTEL_ASN6);
	add_organisations(builder, file);
}
