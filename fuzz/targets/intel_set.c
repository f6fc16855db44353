/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A compiled set whose bytes somebody changed: it is refused, or answers every question without reading
 * outside. The input is a list of changes (4 bytes where, 4 bytes what) to a good set; with a first
 * byte of 255 it is the set itself.
 */
#include "intel/set_builder_parts.h"

#include "../target.h"

#include <string.h>

static const char *const domains[] = { "", "example", "ads.example", "www.ads.example",
				       "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.ads.example" };
static const char *const prefixes[] = { "10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", "2001:db8::/32",
					"2001:db8::1" };

static void add_list(struct pr_intel_builder *builder, enum pr_list_format format)
{
	struct pr_intel_list about = { .id = "list", .category = "ads", .format = format };
	struct pr_list_entry entry = { .asn = 64496, .country = "AT" };

	for (size_t i = 0; i < 40; i++) {
		entry.line++;
		entry.exception = i % 7 == 3;
		entry.important = i % 11 == 5;
		entry.kind = (enum pr_list_entry_kind)(i % 6);
		entry.domain = domains[i % PR_ARRAY_SIZE(domains)];
		pr_assert(pr_prefix_parse(prefixes[i % PR_ARRAY_SIZE(prefixes)], &entry.prefix) ==
			  0);
		pr_intel_builder_entry(builder, &entry);
	}
	pr_intel_builder_list_end(builder, &about, entry.line);
}

static void add_ranges(struct pr_intel_builder *builder)
{
	struct pr_geo_range range = { .country = "AT", .asn = 64496, .organisation = "One" };

	range.first.family = range.last.family = 4;
	for (uint8_t i = 0; i < 200; i++) { /* two levels */
		range.first.bytes[0] = range.last.bytes[0] = i;
		range.last.bytes[3] = 9;
		pr_assert(pr_intel_builder_range(builder, &range));
	}
	range.first.family = range.last.family = 6;
	pr_assert(pr_intel_builder_range(builder, &range));
}

static void build(uint8_t **ret_bytes, size_t *ret_len)
{
	struct pr_intel_builder *builder = pr_intel_builder_new(1);

	add_list(builder, PR_LIST_DOMAINS);
	add_list(builder, PR_LIST_RPZ);
	add_ranges(builder);
	pr_assert(pr_intel_builder_finish(builder, ret_bytes, ret_len) == 0);
	pr_intel_builder_free(builder);
}

static void ask(const struct pr_intel_set *set)
{
	static const char *const addresses[] = { "10.1.2.3", "0.0.0.0", "255.255.255.255",
						 "::", "2001:db8::1" };
	uint64_t lists[PR_INTEL_WORDS_MAX] = { 0 };
	struct pr_intel_hit hits[PR_INTEL_HITS_MAX];
	struct pr_address address;
	const char *organisation;
	char country[3];
	uint32_t asn;

	for (unsigned int i = 0; i < pr_intel_set_n_lists(set); i++) {
		struct pr_intel_list list = pr_intel_set_list(set, i);

		pr_assert(strlen(list.id) + strlen(list.category) < SIZE_MAX);
		pr_assert(pr_list_format_name(list.format));
	}
	for (size_t i = 0; i < PR_ARRAY_SIZE(domains); i++) {
		(void)pr_intel_set_domain(set, domains[i], lists);
		(void)pr_intel_set_domain_hits(set, domains[i], hits, PR_INTEL_HITS_MAX);
	}
	for (size_t i = 0; i < PR_ARRAY_SIZE(addresses); i++) {
		pr_assert(pr_address_parse(addresses[i], &address) == 0);
		(void)pr_intel_set_address(set, &address, lists);
		(void)pr_intel_set_address_hits(set, &address, hits, PR_INTEL_HITS_MAX);
		if (pr_intel_set_country(set, &address, country))
			pr_assert(strlen(country) == 2);
		if (pr_intel_set_asn(set, &address, &asn, &organisation))
			pr_assert(asn && strlen(organisation) < SIZE_MAX);
	}
	for (unsigned int i = pr_intel_set_n_lists(set); i < PR_INTEL_LISTS_MAX; i++)
		pr_assert(!(lists[i / 64] >> i % 64 & 1));
	(void)pr_intel_set_totals(set);
}

static void change(uint8_t *set, size_t set_len, const uint8_t *bytes, size_t len)
{
	for (; len >= 8; bytes += 8, len -= 8) {
		uint32_t where;

		memcpy(&where, bytes, 4);
		memcpy(set + where % (set_len - 3), bytes + 4, 4);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_intel_set *set = NULL;
	static uint8_t *good;
	static size_t good_len;
	uint8_t *copy;

	if (!good)
		build(&good, &good_len);
	if (len < 1)
		return 0;
	if (bytes[0] == 255) {
		copy = pr_calloc(1, len);
		memcpy(copy, bytes + 1, len - 1);
		len--;
	} else {
		copy = pr_calloc(1, good_len);
		memcpy(copy, good, good_len);
		change(copy, good_len, bytes + 1, len - 1);
		len = good_len;
	}
	if (pr_intel_set_open(copy, len, &set) == 0)
		ask(set);
	pr_intel_set_free(set);
	free(copy);
	return 0;
}
