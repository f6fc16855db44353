/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opening looks at the header alone: that the sections lie within the file. What stands in them is
 * checked where it is followed, so that a set of a million domains is open in a microsecond and a file
 * whose bytes somebody changed can answer wrongly but never lead outside, nor into a walk without end.
 */
#include "intel/set_view.h"

#include <string.h>

static const size_t record_sizes[PR_INTEL_SECTION_COUNT_] = {
	[PR_INTEL_STRINGS] = 1,
	[PR_INTEL_LISTS] = sizeof(struct pr_intel_list_record),
	[PR_INTEL_FIRSTS] = sizeof(uint32_t),
	[PR_INTEL_FILTER] = sizeof(uint64_t),
	[PR_INTEL_BUCKETS] = sizeof(struct pr_intel_bucket),
	[PR_INTEL_SPANS] = sizeof(uint32_t),
	[PR_INTEL_NODES] = sizeof(struct pr_intel_node),
};

size_t pr_intel_record_size(enum pr_intel_section section)
{
	return record_sizes[section];
}

static bool lies_within(uint64_t offset, uint64_t size, uint64_t len)
{
	return offset % PR_INTEL_ALIGN == 0 && offset <= len && size <= len - offset;
}

static bool sections_valid(const struct pr_intel_header *header, size_t len)
{
	for (int i = 0; i < PR_INTEL_SECTION_COUNT_; i++) {
		uint64_t n = header->sections[i].n;

		if (n >= UINT32_MAX ||
		    !lies_within(header->sections[i].offset, n * record_sizes[i], len))
			return false;
	}
	return header->sections[PR_INTEL_STRINGS].n &&
	       header->sections[PR_INTEL_LISTS].n <= PR_INTEL_LISTS_MAX &&
	       header->sections[PR_INTEL_FIRSTS].n == header->sections[PR_INTEL_LISTS].n;
}

static bool tables_init(struct pr_intel_set *set, size_t len)
{
	const struct pr_intel_header *header = set->header;
	const uint8_t *bytes = (const uint8_t *)header;

	for (int i = 0; i < PR_INTEL_TABLE_COUNT_; i++) {
		uint32_t n = header->tables[i].n, width = header->tables[i].width;

		if (!lies_within(header->tables[i].keys, pr_intel_table_size(n, width), len) ||
		    !lies_within(header->tables[i].values, (uint64_t)n * 4, len) ||
		    !pr_intel_table_init(
			    &set->tables[i], bytes + header->tables[i].keys,
			    (const uint32_t *)(const void *)(bytes + header->tables[i].values), n,
			    width))
			return false;
	}
	return true;
}

static const void *section(const struct pr_intel_set *set, enum pr_intel_section number,
			   uint32_t *ret_n)
{
	*ret_n = (uint32_t)set->header->sections[number].n;
	return (const uint8_t *)set->header + set->header->sections[number].offset;
}

static bool init(struct pr_intel_set *set, const void *bytes, size_t len)
{
	uint32_t n_firsts;

	if (len < sizeof(*set->header) || (uintptr_t)bytes % sizeof(pr_intel_key))
		return false;
	set->header = bytes;
	if (memcmp(set->header->magic, PR_INTEL_MAGIC, sizeof(set->header->magic)) != 0 ||
	    set->header->version != PR_INTEL_VERSION || set->header->len != len ||
	    !sections_valid(set->header, len) || !tables_init(set, len))
		return false;
	set->strings = section(set, PR_INTEL_STRINGS, &set->n_strings);
	set->lists = section(set, PR_INTEL_LISTS, &set->n_lists);
	set->firsts = section(set, PR_INTEL_FIRSTS, &n_firsts);
	set->filter = section(set, PR_INTEL_FILTER, &set->n_filter);
	set->buckets = section(set, PR_INTEL_BUCKETS, &set->n_buckets);
	set->spans = section(set, PR_INTEL_SPANS, &set->n_spans);
	set->nodes = section(set, PR_INTEL_NODES, &set->n_nodes);
	return !set->n_filter == !set->n_buckets && !set->strings[0] &&
	       !set->strings[set->n_strings - 1];
}

int pr_intel_set_open(const void *bytes, size_t len, struct pr_intel_set **ret_set)
{
	struct pr_intel_set *set = pr_calloc(1, sizeof(*set));

	if (!init(set, bytes, len)) {
		free(set);
		return -EBADMSG;
	}
	*ret_set = set;
	return 0;
}

void pr_intel_set_free(struct pr_intel_set *set)
{
	free(set);
}

const char *pr_intel_string(const struct pr_intel_set *set, uint32_t offset)
{
	return offset < set->n_strings ? set->strings + offset : "";
}

unsigned int pr_intel_set_n_lists(const struct pr_intel_set *set)
{
	return set->n_lists;
}

struct pr_intel_list pr_intel_set_list(const struct pr_intel_set *set, unsigned int list)
{
	const struct pr_intel_list_record *record;
	struct pr_intel_list made;

	pr_assert(list < set->n_lists);
	record = &set->lists[list];
	made = (struct pr_intel_list){
		.id = pr_intel_string(set, record->id),
		.category = pr_intel_string(set, record->category),
		.format = record->format < PR_LIST_FORMAT_COUNT_
				  ? (enum pr_list_format)record->format
				  : PR_LIST_AUTO,
		.entries = record->entries,
		.kinds = record->kinds,
		.exceptions = record->exceptions,
		.refused = record->refused,
		.bytes = record->bytes,
		.updated_s = record->updated_s,
	};
	memcpy(made.sha256, record->sha256, sizeof(made.sha256));
	return made;
}

struct pr_intel_totals pr_intel_set_totals(const struct pr_intel_set *set)
{
	return (struct pr_intel_totals){
		.bytes = set->header->len,
		.domains = set->header->n_domains,
		.prefixes = set->header->n_prefixes,
		.country_ranges = (uint64_t)set->tables[PR_INTEL_COUNTRY4].n +
				  set->tables[PR_INTEL_COUNTRY6].n,
		.asn_ranges = (uint64_t)set->tables[PR_INTEL_ASN4].n + set->tables[PR_INTEL_ASN6].n,
		.organisations = set->tables[PR_INTEL_ORGANISATIONS].n,
	};
}

void pr_intel_finding_init(struct pr_intel_finding *finding, const struct pr_intel_set *set)
{
	uint32_t n_words = (set->n_lists + 63) / 64;

	finding->set = set;
	finding->lines = false;
	finding->hits = NULL;
	finding->n = finding->n_max = 0;
	for (uint32_t i = 0; i < n_words; i++)
		finding->on[i] = finding->off[i] = finding->important[i] = 0;
}

/* The list that a line, counted through all lists, belongs to. */
static bool list_of(const struct pr_intel_set *set, uint32_t line, uint32_t *ret_list)
{
	uint32_t low = 0;

	/* without branches to guess: lists are as good as random */
	for (uint32_t n = set->n_lists; n > 1; n -= n / 2)
		low += set->firsts[low + n / 2] <= line ? n / 2 : 0;
	if (!set->n_lists || line < set->firsts[low])
		return false;
	*ret_list = low;
	return true;
}

static void add_list(struct pr_intel_finding *finding, uint32_t list, uint32_t value)
{
	uint64_t bit = UINT64_C(1) << list % 64;
	uint32_t word = list / 64;

	if (finding->set->header->closest[word] & (finding->on[word] | finding->off[word]) & bit)
		return;
	if (value & PR_INTEL_IMPORTANT && !(finding->important[word] & bit)) {
		finding->important[word] |= bit;
		finding->on[word] &= ~bit;
		finding->off[word] &= ~bit;
	} else if (!(value & PR_INTEL_IMPORTANT) && finding->important[word] & bit) {
		return;
	}
	if (value & PR_INTEL_EXCEPTION)
		finding->off[word] |= bit;
	else
		finding->on[word] |= bit;
}

static bool fits(enum pr_list_entry_kind kind, enum pr_list_entry_kind at)
{
	return kind == PR_LIST_ZONE || kind == at;
}

static void add(struct pr_intel_finding *finding, uint32_t value, enum pr_list_entry_kind at)
{
	bool domain = at == PR_LIST_NAME || at == PR_LIST_BELOW;
	enum pr_list_entry_kind kind =
		domain ? (enum pr_list_entry_kind)(value >> PR_INTEL_KIND & 3) : at;
	uint32_t list;

	if (!fits(kind, at) || !list_of(finding->set, value & PR_INTEL_LINE, &list))
		return;
	if (!finding->lines) {
		add_list(finding, list, value);
		return;
	}
	if (finding->n < finding->n_max)
		finding->hits[finding->n] = (struct pr_intel_hit){
			.list = list,
			.line = (value & PR_INTEL_LINE) - finding->set->firsts[list] + 1,
			.kind = kind,
			.exception = value & PR_INTEL_EXCEPTION,
			.important = value & PR_INTEL_IMPORTANT,
		};
	finding->n++;
}

void pr_intel_find_value(struct pr_intel_finding *finding, uint32_t value,
			 enum pr_list_entry_kind at)
{
	const struct pr_intel_set *set = finding->set;
	uint32_t place = value & ~PR_INTEL_SPAN;

	if (!(value & PR_INTEL_SPAN)) {
		add(finding, value, at);
		return;
	}
	for (uint32_t i = 0; i < PR_INTEL_SPAN_MAX && place < set->n_spans; i++, place++) {
		add(finding, set->spans[place], at);
		if (set->spans[place] & PR_INTEL_LAST)
			break;
	}
}

bool pr_intel_found_lists(const struct pr_intel_finding *finding, uint64_t *lists)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < (finding->set->n_lists + 63) / 64; i++) {
		uint64_t word = finding->on[i] & ~finding->off[i];

		lists[i] |= word;
		any |= word;
	}
	return any;
}
