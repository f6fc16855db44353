/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compiled sets against a model that keeps the entries as they are and compares texts, over random
 * lists drawn from alphabets so small that entries meet. Seeds are fixed: a failure prints its case and
 * comes back.
 */
#include "intel/set_builder_parts.h"

#include "unit.h"

#include <string.h>

#define N_WORLDS  150u
#define N_ENTRIES 300u
#define N_LISTS	  130u
#define N_RANGES  40u
#define N_ASKED	  300u
#define SEED	  UINT64_C(0x696e7465)

static uint64_t random_state;
static unsigned int world; /* that failed */

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint32_t draw(uint32_t n)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

struct model {
	enum pr_list_format formats[N_LISTS];
	struct {
		uint32_t list;
		struct pr_list_entry entry;
		char domain[32];
	} entries[N_ENTRIES];
	struct pr_geo_range ranges[N_RANGES];
	unsigned int n_lists, n_entries, n_ranges;
	uint8_t *bytes;
	struct pr_intel_set *set;
};

static void draw_name(char name[static 32])
{
	static const char *const labels[] = { "a", "b", "cc" };
	unsigned int n = draw(6);
	size_t len = 0;

	name[0] = '\0';
	for (unsigned int i = 0; i < n; i++)
		len += (size_t)snprintf(name + len, 32 - len, "%s%s", i ? "." : "",
					labels[draw(3)]);
}

/* Few enough that ranges and prefixes meet; also at the ends of the address space. */
static struct pr_address draw_address(void)
{
	static const char *const bases[] = { "10.0.0.0",    "0.0.0.0", "255.255.255.0",
					     "2001:db8::",  "::1:0",   "2001:db8:0:1::",
					     "ffff:ffff::", "10.1.0.0" };
	struct pr_address address;

	assert_int_equal(pr_address_parse(bases[draw(PR_ARRAY_SIZE(bases))], &address), 0);
	if (draw(8) == 0)
		memset(address.bytes, 0xff, address.family == 4 ? 4 : 16);
	address.bytes[address.family == 4 ? 3 : 15] |= (uint8_t)draw(256);
	return address;
}

static struct pr_list_entry draw_entry(char domain[static 32])
{
	static const char *const countries[] = { "AT", "DE", "FR" };
	struct pr_list_entry entry = { .exception = draw(5) == 0,
				       .important = draw(6) == 0,
				       .domain = domain };

	draw_name(domain);
	entry.kind = draw(2) ? (enum pr_list_entry_kind)draw(3) : (enum pr_list_entry_kind)draw(6);
	entry.prefix.address = draw_address();
	entry.prefix.len = (uint8_t)draw(entry.prefix.address.family == 4 ? 33 : 129);
	if (draw(2))
		entry.prefix.len = entry.prefix.address.family == 4 ? (uint8_t)(22 + draw(11))
								    : (uint8_t)(112 + draw(17));
	entry.prefix.address = pr_address_mask(&entry.prefix.address, entry.prefix.len);
	entry.asn = 1 + draw(4);
	memcpy(entry.country, countries[draw(3)], 3);
	return entry;
}

static void draw_range(struct pr_geo_range *range)
{
	static const char *const countries[] = { "", "AT", "DE", "FR" };
	static const char *const organisations[] = { "", "One", "Two" };

	*range = (struct pr_geo_range){ .organisation = organisations[draw(3)], .asn = draw(5) };
	snprintf(range->country, sizeof(range->country), "%s", countries[draw(4)]);
	range->first = range->last = draw_address();
	range->last.bytes[range->last.family == 4 ? 3 : 15] |= (uint8_t)draw(256);
	if (draw(10) == 0)
		memset(range->first.bytes, 0, 16);
}

static void build(struct model *model)
{
	struct pr_intel_builder *builder = pr_intel_builder_new(draw(UINT32_MAX));
	unsigned int entry = 0;
	size_t len;

	for (unsigned int list = 0; list < model->n_lists; list++) {
		struct pr_intel_list about = { .id = "x",
					       .category = "",
					       .format = model->formats[list] };
		uint32_t line = 0;

		for (; entry < model->n_entries && model->entries[entry].list == list; entry++) {
			line += 1 + draw(2);
			model->entries[entry].entry.line = line;
			pr_intel_builder_entry(builder, &model->entries[entry].entry);
		}
		pr_intel_builder_list_end(builder, &about, line + draw(2));
	}
	for (unsigned int i = 0; i < model->n_ranges; i++)
		assert_true(pr_intel_builder_range(builder, &model->ranges[i]));
	assert_int_equal(pr_intel_builder_finish(builder, &model->bytes, &len), 0);
	assert_int_equal(pr_intel_set_open(model->bytes, len, &model->set), 0);
	pr_intel_builder_free(builder);
}

static void draw_model(struct model *model)
{
	static const enum pr_list_format formats[] = { PR_LIST_ADBLOCK, PR_LIST_RPZ,
						       PR_LIST_HOSTS };
	uint32_t list = 0;

	memset(model, 0, sizeof(*model));
	model->n_lists = 1 + draw(draw(2) ? 5 : N_LISTS);
	model->n_entries = draw(N_ENTRIES + 1);
	model->n_ranges = draw(4) ? draw(N_RANGES + 1) : 0;
	for (unsigned int i = 0; i < model->n_lists; i++)
		model->formats[i] = formats[draw(3)];
	for (unsigned int i = 0; i < model->n_entries; i++) {
		if (list + 1 < model->n_lists && draw(model->n_entries) < model->n_lists)
			list++;
		model->entries[i].list = list;
		model->entries[i].entry = draw_entry(model->entries[i].domain);
		if (pr_list_closest_decides(model->formats[list]))
			model->entries[i].entry.important = false;
	}
	for (unsigned int i = 0; i < model->n_ranges; i++)
		draw_range(&model->ranges[i]);
	build(model);
}

static void model_done(struct model *model)
{
	pr_intel_set_free(model->set);
	free(model->bytes);
}

/* What is asked about: a name, or an address with what is known of it. */
struct asked {
	const char *domain;
	struct pr_address address;
	const char *country;
	uint32_t asn;
	const char *organisation;
};

static unsigned int n_labels(const char *name)
{
	unsigned int n = *name ? 1 : 0;

	for (; *name; name++)
		n += *name == '.';
	return n;
}

/* How close an entry is to what is asked about: 0 = it doesn't match. */
static unsigned int closeness(const struct pr_list_entry *entry, const struct asked *asked)
{
	bool within;

	if (!asked->domain) {
		if (entry->kind == PR_LIST_PREFIX &&
		    pr_prefix_contains(&entry->prefix, &asked->address))
			return 10 + entry->prefix.len;
		if (entry->kind == PR_LIST_ASN && entry->asn == asked->asn)
			return 2;
		return entry->kind == PR_LIST_COUNTRY && asked->country &&
		       strcmp(entry->country, asked->country) == 0;
	}
	if (entry->kind > PR_LIST_BELOW)
		return 0;
	within = pr_name_within(asked->domain, entry->domain);
	if (strcmp(asked->domain, entry->domain) == 0)
		return entry->kind == PR_LIST_NAME ? 100 : entry->kind == PR_LIST_ZONE ? 99 : 0;
	return within && entry->kind != PR_LIST_NAME ? 1 + n_labels(entry->domain) : 0;
}

/* Is it on the list? */
static bool expected(const struct model *model, uint32_t list, const struct asked *asked)
{
	unsigned int closest = 0;
	bool important = false, on[2] = { false, false }, off[2] = { false, false };

	for (unsigned int i = 0; i < model->n_entries; i++) {
		const struct pr_list_entry *entry = &model->entries[i].entry;
		unsigned int close = closeness(entry, asked);

		if (model->entries[i].list != list || !close)
			continue;
		if (pr_list_closest_decides(model->formats[list])) {
			if (close > closest)
				on[0] = off[0] = false;
			if (close < closest)
				continue;
			closest = close;
		}
		important = important || entry->important;
		(entry->exception ? off : on)[entry->important] = true;
	}
	return on[important] && !off[important];
}

static void hold(bool condition, const struct asked *asked, const char *what)
{
	char address[PR_ADDRESS_TEXT_SIZE];

	if (!condition)
		fail_msg("world %u, %s: %s", world,
			 asked->domain ? asked->domain
				       : pr_address_format(&asked->address, address),
			 what);
}

static bool same_entity(const struct pr_list_entry *a, const struct pr_list_entry *b)
{
	if (a->kind != b->kind || a->exception != b->exception || a->important != b->important)
		return false;
	switch (a->kind) {
	case PR_LIST_PREFIX:
		return a->prefix.len == b->prefix.len &&
		       pr_address_equal(&a->prefix.address, &b->prefix.address);
	case PR_LIST_ASN:
		return a->asn == b->asn;
	case PR_LIST_COUNTRY:
		return strcmp(a->country, b->country) == 0;
	default:
		return strcmp(a->domain, b->domain) == 0;
	}
}

static bool said_before(const struct model *model, unsigned int number)
{
	for (unsigned int i = 0; i < number; i++)
		if (model->entries[i].list == model->entries[number].list &&
		    same_entity(&model->entries[i].entry, &model->entries[number].entry))
			return true;
	return false;
}

static void check_hits(const struct model *model, const struct asked *asked,
		       const struct pr_intel_hit *hits, unsigned int n_hits)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < model->n_entries; i++) {
		const struct pr_list_entry *entry = &model->entries[i].entry;
		unsigned int found = 0;

		if (!closeness(entry, asked) || said_before(model, i))
			continue;
		for (unsigned int k = 0; k < n_hits; k++)
			found += hits[k].list == model->entries[i].list &&
				 hits[k].line == entry->line && hits[k].kind == entry->kind &&
				 hits[k].exception == entry->exception &&
				 hits[k].important == entry->important;
		hold(found == 1, asked, "a line isn't found, or twice");
		n++;
	}
	hold(n == n_hits, asked, "lines are found that don't speak of it");
}

static void check(const struct model *model, const struct asked *asked)
{
	struct pr_intel_hit hits[N_ENTRIES];
	uint64_t lists[PR_INTEL_WORDS_MAX] = { 0 };
	bool any = false, said;
	unsigned int n;

	if (asked->domain) {
		said = pr_intel_set_domain(model->set, asked->domain, lists);
		n = pr_intel_set_domain_hits(model->set, asked->domain, hits, N_ENTRIES);
	} else {
		said = pr_intel_set_address(model->set, &asked->address, lists);
		n = pr_intel_set_address_hits(model->set, &asked->address, hits, N_ENTRIES);
	}
	for (uint32_t list = 0; list < PR_INTEL_LISTS_MAX; list++) {
		bool on = list < model->n_lists && expected(model, list, asked);

		hold((lists[list / 64] >> list % 64 & 1) == on, asked,
		     on ? "it isn't on a list" : "it is on a list");
		any = any || on;
	}
	hold(said == any, asked, "on some list, and on none");
	check_hits(model, asked, hits, n);
}

/* The first range that holds the address and says it. */
static void place(const struct model *model, struct asked *asked)
{
	asked->organisation = "";
	for (unsigned int i = model->n_ranges; i-- > 0;) {
		const struct pr_geo_range *range = &model->ranges[i];

		if (range->first.family != asked->address.family ||
		    memcmp(range->first.bytes, asked->address.bytes, 16) > 0 ||
		    memcmp(range->last.bytes, asked->address.bytes, 16) < 0)
			continue;
		if (range->country[0])
			asked->country = range->country;
		if (range->asn)
			asked->asn = range->asn;
	}
	for (unsigned int i = model->n_ranges; i-- > 0;)
		if (asked->asn && model->ranges[i].asn == asked->asn &&
		    *model->ranges[i].organisation)
			asked->organisation = model->ranges[i].organisation;
}

static void check_place(const struct model *model, const struct asked *asked)
{
	const char *organisation = "";
	char country[3] = "";
	uint32_t asn = 0;

	hold(pr_intel_set_country(model->set, &asked->address, country) == (asked->country != NULL),
	     asked, "has it a country?");
	hold(strcmp(country, asked->country ? asked->country : "") == 0, asked, "which country?");
	hold(pr_intel_set_asn(model->set, &asked->address, &asn, &organisation) ==
		     (asked->asn != 0),
	     asked, "has it an AS?");
	hold(asn == asked->asn, asked, "which AS?");
	hold(strcmp(organisation, asked->organisation) == 0, asked, "whose AS?");
}

static void sets_say_what_the_model_says(void **state)
{
	static struct model model;

	(void)state;
	for (world = 0; world < N_WORLDS; world++) {
		random_state = SEED + world;
		draw_model(&model);
		for (unsigned int i = 0; i < N_ASKED; i++) {
			struct asked asked = { .domain = NULL };
			char name[32];

			if (i % 2) {
				draw_name(name);
				asked.domain = name;
			} else {
				asked.address = draw_address();
				place(&model, &asked);
				check_place(&model, &asked);
			}
			check(&model, &asked);
		}
		model_done(&model);
	}
}

static void no_domain_is_lost(void **state)
{
	static const unsigned int numbers[] = { 1, 5, 6, 7, 13, 100, 1000, 30000 };
	struct pr_intel_list about = { .id = "x", .category = "", .format = PR_LIST_DOMAINS };
	struct pr_intel_set *set = NULL;
	uint8_t *bytes = NULL;
	size_t len;

	(void)state;
	random_state = SEED;
	for (size_t i = 0; i < PR_ARRAY_SIZE(numbers); i++) {
		struct pr_intel_builder *builder = pr_intel_builder_new(draw(UINT32_MAX));
		struct pr_list_entry entry = { .kind = PR_LIST_NAME };
		struct pr_intel_hit hit;
		char name[32];

		for (unsigned int k = 0; k < numbers[i]; k++) {
			snprintf(name, sizeof(name), "n%u.example", k);
			entry.domain = name;
			entry.line = k + 1;
			pr_intel_builder_entry(builder, &entry);
		}
		pr_intel_builder_list_end(builder, &about, numbers[i]);
		assert_int_equal(pr_intel_builder_finish(builder, &bytes, &len), 0);
		assert_int_equal(pr_intel_set_open(bytes, len, &set), 0);
		for (unsigned int k = 0; k < numbers[i]; k++) {
			snprintf(name, sizeof(name), "n%u.example", k);
			assert_int_equal(pr_intel_set_domain_hits(set, name, &hit, 1), 1);
			assert_int_equal(hit.line, k + 1);
			snprintf(name, sizeof(name), "m%u.example", k);
			assert_int_equal(pr_intel_set_domain_hits(set, name, &hit, 1), 0);
		}
		pr_intel_set_free(set);
		free(bytes);
		pr_intel_builder_free(builder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_say_what_the_model_says),
		cmocka_unit_test(no_domain_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
