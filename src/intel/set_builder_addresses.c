/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What lists say of prefixes, autonomous systems and countries. */
#include "intel/set_builder_parts.h"

#include <string.h>

/* The outer prefix first: it ends later. The same one in the order of the lines. */
static int compare_prefixes(const void *a, const void *b)
{
	const struct pr_intel_prefix_entry *x = a, *y = b;
	uint32_t x_line = x->value & PR_INTEL_LINE, y_line = y->value & PR_INTEL_LINE;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->last != y->last)
		return x->last > y->last ? -1 : 1;
	return (x_line > y_line) - (x_line < y_line);
}

static int compare_numbers(const void *a, const void *b)
{
	const struct pr_intel_number_entry *x = a, *y = b;
	uint32_t x_line = x->value & PR_INTEL_LINE, y_line = y->value & PR_INTEL_LINE;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x_line > y_line) - (x_line < y_line);
}

/* One pass over the sorted prefixes, with a stack of those that are open. */
struct sweep {
	struct pr_intel_file *file;
	struct pr_intel_rows *starts;
	struct {
		uint32_t node;
		pr_intel_key last;
	} open[129]; /* one a length at most */
	unsigned int n;
};

static void start_at(struct sweep *sweep, pr_intel_key at)
{
	struct pr_intel_rows *starts = sweep->starts;
	uint32_t node = sweep->n ? sweep->open[sweep->n - 1].node : PR_INTEL_NONE;
	const pr_intel_key *keys = (const void *)starts->keys.bytes;

	if (starts->keys.n && keys[starts->keys.n - 1] == at)
		((uint32_t *)(void *)starts->values.bytes)[starts->values.n - 1] = node;
	else
		pr_intel_append_row(starts, at, node);
}

/* Closes the open prefixes that end before `at`; NULL: all of them. */
static void close_before(struct sweep *sweep, const pr_intel_key *at)
{
	while (sweep->n && (!at || sweep->open[sweep->n - 1].last < *at)) {
		pr_intel_key next = sweep->open[--sweep->n].last + 1;

		if (next) /* otherwise it ends where the addresses do */
			start_at(sweep, next);
	}
}

static void open_prefix(struct sweep *sweep, const struct pr_intel_prefix_entry *prefix,
			uint32_t value)
{
	struct pr_intel_array *nodes = &sweep->file->sections[PR_INTEL_NODES];
	struct pr_intel_node *node = pr_intel_append(nodes);

	*node = (struct pr_intel_node){
		.parent = sweep->n ? sweep->open[sweep->n - 1].node : PR_INTEL_NONE,
		.value = value,
	};
	pr_assert(sweep->n < PR_ARRAY_SIZE(sweep->open));
	sweep->open[sweep->n].node = (uint32_t)nodes->n - 1;
	sweep->open[sweep->n++].last = prefix->last;
	start_at(sweep, prefix->first);
}

static void add_prefixes(struct pr_intel_builder *builder, struct pr_intel_file *file,
			 enum pr_intel_part part, enum pr_intel_tables table)
{
	struct pr_intel_array *array = &builder->parts[part];
	struct pr_intel_prefix_entry *entries = (void *)array->bytes;
	struct pr_intel_array values = { .size = sizeof(uint32_t) };
	struct sweep sweep = { .file = file, .starts = &file->tables[table] };

	if (array->n)
		qsort(entries, array->n, sizeof(*entries), compare_prefixes);
	for (size_t i = 0; i < array->n; i += values.n) {
		values.n = 0;
		for (size_t k = i; k < array->n && entries[k].first == entries[i].first &&
				   entries[k].last == entries[i].last;
		     k++)
			*(uint32_t *)pr_intel_append(&values) = entries[k].value;
		close_before(&sweep, &entries[i].first);
		open_prefix(&sweep, &entries[i],
			    pr_intel_builder_value(builder, file, (void *)values.bytes, values.n));
		file->n_prefixes++;
	}
	close_before(&sweep, NULL);
	free(values.bytes);
}

static void add_numbers(struct pr_intel_builder *builder, struct pr_intel_file *file,
			enum pr_intel_part part, enum pr_intel_tables table)
{
	struct pr_intel_array *array = &builder->parts[part];
	struct pr_intel_number_entry *entries = (void *)array->bytes;
	struct pr_intel_array values = { .size = sizeof(uint32_t) };

	if (array->n)
		qsort(entries, array->n, sizeof(*entries), compare_numbers);
	for (size_t i = 0; i < array->n; i += values.n) {
		values.n = 0;
		for (size_t k = i; k < array->n && entries[k].number == entries[i].number; k++)
			*(uint32_t *)pr_intel_append(&values) = entries[k].value;
		pr_intel_append_row(
			&file->tables[table], pr_intel_key_of_number(entries[i].number),
			pr_intel_builder_value(builder, file, (void *)values.bytes, values.n));
	}
	free(values.bytes);
}

void pr_intel_builder_addresses(struct pr_intel_builder *builder, struct pr_intel_file *file)
{
	add_prefixes(builder, file, PR_INTEL_PART_PREFIX4, PR_INTEL_PREFIX4);
	add_prefixes(builder, file, PR_INTEL_PART_PREFIX6, PR_INTEL_PREFIX6);
	add_numbers(builder, file, PR_INTEL_PART_ASNS, PR_INTEL_LIST_ASNS);
	add_numbers(builder, file, PR_INTEL_PART_COUNTRIES, PR_INTEL_LIST_COUNTRIES);
}
