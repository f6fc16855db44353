/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The builder keeps what it is told in plain arrays, in the order in which it hears it, and no domain's
 * text: 16 bytes an entry are enough to sort by. All work is done in pr_intel_builder_finish().
 */
#include "intel/set_builder_parts.h"
#include "intel/set_hash.h"

#include <string.h>

#define N_LEAST 64

static const size_t part_sizes[PR_INTEL_PART_COUNT_] = {
	[PR_INTEL_PART_STRINGS] = 1,
	[PR_INTEL_PART_LISTS] = sizeof(struct pr_intel_list_record),
	[PR_INTEL_PART_FIRSTS] = sizeof(uint32_t),
	[PR_INTEL_PART_DOMAINS] = sizeof(struct pr_intel_domain_entry),
	[PR_INTEL_PART_PREFIX4] = sizeof(struct pr_intel_prefix_entry),
	[PR_INTEL_PART_PREFIX6] = sizeof(struct pr_intel_prefix_entry),
	[PR_INTEL_PART_ASNS] = sizeof(struct pr_intel_number_entry),
	[PR_INTEL_PART_COUNTRIES] = sizeof(struct pr_intel_number_entry),
	[PR_INTEL_PART_COUNTRY4] = sizeof(struct pr_intel_range_entry),
	[PR_INTEL_PART_COUNTRY6] = sizeof(struct pr_intel_range_entry),
	[PR_INTEL_PART_ASN4] = sizeof(struct pr_intel_range_entry),
	[PR_INTEL_PART_ASN6] = sizeof(struct pr_intel_range_entry),
	[PR_INTEL_PART_ORGANISATIONS] = sizeof(struct pr_intel_organisation),
};

void *pr_intel_append_slow(struct pr_intel_array *array)
{
	if (array->n == array->n_allocated) {
		array->n_allocated = array->n ? array->n * 2 : N_LEAST;
		array->bytes = pr_realloc(array->bytes, array->n_allocated, array->size);
	}
	return array->bytes + array->size * array->n++;
}

struct pr_intel_builder *pr_intel_builder_new(uint64_t seed)
{
	struct pr_intel_builder *builder = pr_calloc(1, sizeof(*builder));

	builder->seed = seed;
	pr_index_init(&builder->organisations, 0);
	for (int i = 0; i < PR_INTEL_PART_COUNT_; i++)
		builder->parts[i].size = part_sizes[i];
	*(char *)pr_intel_append(&builder->parts[PR_INTEL_PART_STRINGS]) = '\0';
	return builder;
}

void pr_intel_builder_free(struct pr_intel_builder *builder)
{
	if (!builder)
		return;
	for (int i = 0; i < PR_INTEL_PART_COUNT_; i++)
		free(builder->parts[i].bytes);
	pr_index_done(&builder->organisations);
	free(builder);
}

struct pr_intel_mark pr_intel_builder_mark(const struct pr_intel_builder *builder)
{
	struct pr_intel_mark mark;

	for (int i = 0; i < PR_INTEL_PART_COUNT_; i++)
		mark.n[i] = builder->parts[i].n;
	mark.known = builder->known;
	return mark;
}

void pr_intel_builder_go_back(struct pr_intel_builder *builder, const struct pr_intel_mark *mark)
{
	pr_intel_builder_forget_organisations(builder, mark->n[PR_INTEL_PART_ORGANISATIONS]);
	for (int i = 0; i < PR_INTEL_PART_COUNT_; i++)
		builder->parts[i].n = mark->n[i];
	builder->known = mark->known;
	builder->full = false;
}

uint32_t pr_intel_builder_string(struct pr_intel_builder *builder, const char *text)
{
	struct pr_intel_array *strings = &builder->parts[PR_INTEL_PART_STRINGS];
	uint32_t offset = (uint32_t)strings->n;

	if (!*text)
		return 0;
	if (strings->n + strlen(text) >= PR_INTEL_STRINGS_MAX) {
		builder->full = true;
		return 0;
	}
	do
		*(char *)pr_intel_append(strings) = *text;
	while (*text++);
	return offset;
}

static void add_domain(struct pr_intel_builder *builder, const struct pr_list_entry *entry,
		       uint32_t value)
{
	struct pr_intel_domain_entry *made;
	unsigned int n_labels = *entry->domain ? 1 : 0;
	size_t len;

	for (len = 0; entry->domain[len]; len++)
		n_labels += entry->domain[len] == '.';
	if (n_labels > PR_INTEL_LABELS_MAX)
		return; /* no name has so many */
	if (entry->kind != PR_LIST_BELOW)
		builder->known.names[n_labels / 64] |= UINT64_C(1) << n_labels % 64;
	if (entry->kind != PR_LIST_NAME)
		builder->known.parents[n_labels / 64] |= UINT64_C(1) << n_labels % 64;
	made = pr_intel_append(&builder->parts[PR_INTEL_PART_DOMAINS]);
	*made = (struct pr_intel_domain_entry){
		.hash = pr_intel_hash(entry->domain, len, builder->seed),
		.value = value | (uint32_t)entry->kind << PR_INTEL_KIND,
	};
}

static void add_prefix(struct pr_intel_builder *builder, const struct pr_prefix *prefix,
		       uint32_t value)
{
	bool v4 = prefix->address.family == 4;
	struct pr_intel_prefix_entry *made = pr_intel_append(
		&builder->parts[v4 ? PR_INTEL_PART_PREFIX4 : PR_INTEL_PART_PREFIX6]);
	pr_intel_key hosts = prefix->len < 128 ? ~(pr_intel_key)0 >> prefix->len : 0;

	made->first = pr_intel_key_of_address(&prefix->address) & ~hosts;
	made->last = made->first | hosts;
	made->value = value;
}

static void add_number(struct pr_intel_array *array, uint32_t number, uint32_t value)
{
	struct pr_intel_number_entry *made = pr_intel_append(array);

	*made = (struct pr_intel_number_entry){ number, value };
}

static size_t n_entries(const struct pr_intel_builder *builder)
{
	size_t n = 0;

	for (int i = PR_INTEL_PART_DOMAINS; i <= PR_INTEL_PART_COUNTRIES; i++)
		n += builder->parts[i].n;
	return n;
}

void pr_intel_builder_entry(struct pr_intel_builder *builder, const struct pr_list_entry *entry)
{
	uint64_t line = builder->known.n_lines + entry->line - 1;
	uint32_t value;

	if (line >= PR_INTEL_LINES_MAX || n_entries(builder) >= PR_INTEL_ENTRIES_MAX) {
		builder->full = true;
		return;
	}
	value = (uint32_t)line | (entry->exception ? PR_INTEL_EXCEPTION : 0) |
		(entry->important ? PR_INTEL_IMPORTANT : 0);
	switch (entry->kind) {
	case PR_LIST_NAME:
	case PR_LIST_ZONE:
	case PR_LIST_BELOW:
		add_domain(builder, entry, value);
		break;
	case PR_LIST_PREFIX:
		add_prefix(builder, &entry->prefix, value);
		break;
	case PR_LIST_ASN:
		add_number(&builder->parts[PR_INTEL_PART_ASNS], entry->asn, value);
		break;
	case PR_LIST_COUNTRY:
		add_number(&builder->parts[PR_INTEL_PART_COUNTRIES], pr_intel_code(entry->country),
			   value);
		break;
	}
}

void pr_intel_builder_list_end(struct pr_intel_builder *builder, const struct pr_intel_list *list,
			       uint64_t n_lines)
{
	size_t number = builder->parts[PR_INTEL_PART_LISTS].n;
	struct pr_intel_list_record *record;

	pr_assert(number < PR_INTEL_LISTS_MAX &&
		  n_lines <= PR_INTEL_LINES_MAX - builder->known.n_lines);
	record = pr_intel_append(&builder->parts[PR_INTEL_PART_LISTS]);
	*record = (struct pr_intel_list_record){
		.id = pr_intel_builder_string(builder, list->id),
		.category = pr_intel_builder_string(builder, list->category),
		.format = (uint32_t)list->format,
		.entries = list->entries,
		.kinds = list->kinds,
		.exceptions = list->exceptions,
		.refused = list->refused,
		.bytes = list->bytes,
		.updated_s = list->updated_s,
	};
	memcpy(record->sha256, list->sha256, sizeof(record->sha256));
	*(uint32_t *)pr_intel_append(&builder->parts[PR_INTEL_PART_FIRSTS]) =
		(uint32_t)builder->known.n_lines;
	builder->known.n_lines += n_lines;
	if (pr_list_closest_decides(list->format))
		builder->known.closest[number / 64] |= UINT64_C(1) << number % 64;
}
