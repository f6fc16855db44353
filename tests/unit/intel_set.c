/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "intel/set_builder_parts.h"

#include "unit.h"

#include <string.h>

#define SEED 7

/* A set that is built entry by entry. Lists are added in the order of their entries. */
struct world {
	struct pr_intel_builder *builder;
	struct pr_intel_list list;
	uint32_t line;
	uint8_t *bytes;
	size_t len;
	struct pr_intel_set *set;
};

static void begin(struct world *world)
{
	*world = (struct world){ .builder = pr_intel_builder_new(SEED) };
}

static void list_as(struct world *world, const char *id, enum pr_list_format format)
{
	if (world->list.id)
		pr_intel_builder_list_end(world->builder, &world->list, world->line);
	world->list = (struct pr_intel_list){ .id = id, .category = "test", .format = format };
	world->line = 0;
}

static void list(struct world *world, const char *id)
{
	list_as(world, id, PR_LIST_DOMAINS);
}

static void add(struct world *world, struct pr_list_entry entry, const char *what)
{
	enum pr_list_entry_kind kind = entry.kind;

	entry.line = ++world->line;
	if (kind == PR_LIST_PREFIX)
		assert_int_equal(pr_prefix_parse(what, &entry.prefix), 0);
	else if (kind == PR_LIST_ASN)
		entry.asn = (uint32_t)strtoul(what, NULL, 10);
	else if (kind == PR_LIST_COUNTRY)
		memcpy(entry.country, what, 2);
	else
		entry.domain = what;
	world->list.entries++;
	pr_intel_builder_entry(world->builder, &entry);
}

static void say(struct world *world, enum pr_list_entry_kind kind, const char *what, bool exception)
{
	add(world, (struct pr_list_entry){ .kind = kind, .exception = exception }, what);
}

static void important(struct world *world, enum pr_list_entry_kind kind, const char *what,
		      bool exception)
{
	add(world,
	    (struct pr_list_entry){ .kind = kind, .exception = exception, .important = true },
	    what);
}

static void name(struct world *world, const char *domain)
{
	say(world, PR_LIST_NAME, domain, false);
}

static void zone(struct world *world, const char *domain)
{
	say(world, PR_LIST_ZONE, domain, false);
}

static void add_range(struct world *world, const char *first, const char *last, const char *country,
		      uint32_t asn, const char *organisation)
{
	struct pr_geo_range range = { .asn = asn, .organisation = organisation };

	memcpy(range.country, country, strlen(country));
	assert_int_equal(pr_address_parse(first, &range.first), 0);
	assert_int_equal(pr_address_parse(last, &range.last), 0);
	assert_true(pr_intel_builder_range(world->builder, &range));
}

static void open_set(struct world *world)
{
	list(world, NULL);
	assert_int_equal(pr_intel_builder_finish(world->builder, &world->bytes, &world->len), 0);
	assert_int_equal(pr_intel_set_open(world->bytes, world->len, &world->set), 0);
}

static void end(struct world *world)
{
	pr_intel_set_free(world->set);
	free(world->bytes);
	pr_intel_builder_free(world->builder);
}

/* The first word of the lists that a domain, or an address, is on. */
static uint64_t on(const struct world *world, const char *domain)
{
	uint64_t lists[PR_INTEL_WORDS_MAX] = { 0 };
	bool any = pr_intel_set_domain(world->set, domain, lists);

	assert_int_equal(any, lists[0] != 0);
	return lists[0];
}

static uint64_t at(const struct world *world, const char *text)
{
	uint64_t lists[PR_INTEL_WORDS_MAX] = { 0 };
	struct pr_address address;
	bool any;

	assert_int_equal(pr_address_parse(text, &address), 0);
	any = pr_intel_set_address(world->set, &address, lists);
	assert_int_equal(any, lists[0] != 0);
	return lists[0];
}

static void finds_names_zones_and_what_is_below(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	list(&world, "a");
	name(&world, "only.example");
	zone(&world, "zone.example");
	say(&world, PR_LIST_BELOW, "below.example", false);
	list(&world, "b");
	zone(&world, "zone.example");
	zone(&world, "deep.zone.example");
	open_set(&world);
	assert_int_equal(on(&world, "only.example"), 1);
	assert_int_equal(on(&world, "www.only.example"), 0);
	assert_int_equal(on(&world, "zone.example"), 3);
	assert_int_equal(on(&world, "a.deep.zone.example"), 3);
	assert_int_equal(on(&world, "a.zone.example"), 3);
	assert_int_equal(on(&world, "below.example"), 0);
	assert_int_equal(on(&world, "a.b.below.example"), 1);
	assert_int_equal(on(&world, "example"), 0);
	assert_int_equal(on(&world, "notzone.example"), 0);
	assert_int_equal(on(&world, ""), 0);
	assert_int_equal(pr_intel_set_totals(world.set).domains, 4);
	end(&world);
}

static void knows_the_root(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	list(&world, "name");
	name(&world, "");
	list(&world, "zone");
	zone(&world, "");
	list(&world, "below");
	say(&world, PR_LIST_BELOW, "", false);
	open_set(&world);
	assert_int_equal(on(&world, ""), 3);
	assert_int_equal(on(&world, "example"), 6);
	assert_int_equal(on(&world, "a.b.example"), 6);
	end(&world);
}

static void an_exception_takes_out_of_its_list_alone(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	list(&world, "a");
	zone(&world, "ads.example");
	say(&world, PR_LIST_ZONE, "good.ads.example", true);
	zone(&world, "bad.good.ads.example");
	list(&world, "b");
	zone(&world, "ads.example");
	say(&world, PR_LIST_NAME, "other.example", true);
	open_set(&world);
	assert_int_equal(on(&world, "ads.example"), 3);
	assert_int_equal(on(&world, "good.ads.example"), 2);
	assert_int_equal(on(&world, "www.good.ads.example"), 2);
	assert_int_equal(on(&world, "bad.good.ads.example"), 2);
	assert_int_equal(on(&world, "other.example"), 0);
	end(&world);
}

static void the_closest_decides_in_zones_and_in_dnsmasq_files(void **state)
{
	static const enum pr_list_format formats[] = { PR_LIST_RPZ, PR_LIST_DNSMASQ };
	struct world world;

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(formats); i++) {
		begin(&world);
		list_as(&world, "a", formats[i]);
		zone(&world, "ads.example");
		say(&world, PR_LIST_ZONE, "good.ads.example", true);
		zone(&world, "bad.good.ads.example");
		say(&world, PR_LIST_PREFIX, "192.0.2.0/24", true);
		say(&world, PR_LIST_PREFIX, "192.0.2.1/32", false);
		say(&world, PR_LIST_ZONE, "both.example", true);
		name(&world, "both.example");
		open_set(&world);
		assert_int_equal(on(&world, "both.example"), 1);
		assert_int_equal(on(&world, "www.both.example"), 0);
		assert_int_equal(on(&world, "ads.example"), 1);
		assert_int_equal(on(&world, "www.good.ads.example"), 0);
		assert_int_equal(on(&world, "www.bad.good.ads.example"), 1);
		assert_int_equal(at(&world, "192.0.2.1"), 1);
		assert_int_equal(at(&world, "192.0.2.2"), 0);
		end(&world);
	}
}

static void what_is_important_stands_before_the_rest(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	list(&world, "a");
	say(&world, PR_LIST_ZONE, "example", true);
	important(&world, PR_LIST_ZONE, "ads.example", false);
	important(&world, PR_LIST_NAME, "x.ads.example", true);
	zone(&world, "x.ads.example");
	zone(&world, "other.example");
	open_set(&world);
	assert_int_equal(on(&world, "other.example"), 0);
	assert_int_equal(on(&world, "ads.example"), 1);
	assert_int_equal(on(&world, "y.ads.example"), 1);
	assert_int_equal(on(&world, "x.ads.example"), 0);
	assert_int_equal(on(&world, "y.x.ads.example"), 1);
	end(&world);
}

static void says_which_lines(void **state)
{
	struct pr_intel_hit hits[PR_INTEL_HITS_MAX];
	struct world world;

	(void)state;
	begin(&world);
	list(&world, "a");
	name(&world, "x.example");
	zone(&world, "example");
	zone(&world, "example"); /* said already */
	list(&world, "b");
	say(&world, PR_LIST_ZONE, "a.example", true);
	zone(&world, "a.example");
	zone(&world, "www.a.example");
	open_set(&world);
	assert_int_equal(pr_intel_set_domain_hits(world.set, "www.a.example", hits, 64), 4);
	assert_int_equal(hits[0].list, 1);
	assert_int_equal(hits[0].line, 3);
	assert_int_equal(hits[0].kind, PR_LIST_ZONE);
	assert_false(hits[0].exception);
	assert_int_equal(hits[1].line, 1);
	assert_true(hits[1].exception);
	assert_int_equal(hits[2].line, 2);
	assert_int_equal(hits[3].list, 0);
	assert_int_equal(hits[3].line, 2);
	assert_int_equal(pr_intel_set_domain_hits(world.set, "www.a.example", NULL, 0), 4);
	memset(hits, 0xff, sizeof(hits));
	assert_int_equal(pr_intel_set_domain_hits(world.set, "www.a.example", hits, 1), 4);
	assert_int_equal(hits[1].list, UINT32_MAX);
	end(&world);
}

static void counts_nested_prefixes_of_all_lists(void **state)
{
	struct pr_intel_hit hits[PR_INTEL_HITS_MAX];
	struct world world;

	(void)state;
	begin(&world);
	list(&world, "a");
	say(&world, PR_LIST_PREFIX, "10.0.0.0/8", false);
	say(&world, PR_LIST_PREFIX, "2001:db8::/32", false);
	say(&world, PR_LIST_PREFIX, "255.255.255.255/32", false);
	list(&world, "b");
	say(&world, PR_LIST_PREFIX, "10.1.0.0/16", false);
	say(&world, PR_LIST_PREFIX, "2001:db8::1/128", false);
	list(&world, "c");
	say(&world, PR_LIST_PREFIX, "10.1.0.0/16", false);
	say(&world, PR_LIST_PREFIX, "0.0.0.0/0", false);
	say(&world, PR_LIST_PREFIX, "10.1.2.0/24", true);
	say(&world, PR_LIST_PREFIX, "ffff::/16", false);
	open_set(&world);
	assert_int_equal(at(&world, "10.0.0.0"), 5);
	assert_int_equal(at(&world, "10.1.255.255"), 7);
	assert_int_equal(at(&world, "10.1.2.255"), 3);
	assert_int_equal(at(&world, "10.1.3.0"), 7);
	assert_int_equal(at(&world, "11.0.0.0"), 4);
	assert_int_equal(at(&world, "0.0.0.0"), 4);
	assert_int_equal(at(&world, "255.255.255.255"), 5);
	assert_int_equal(at(&world, "2001:db8::1"), 3);
	assert_int_equal(at(&world, "2001:db8::2"), 1);
	assert_int_equal(at(&world, "2001:db7:ffff::"), 0);
	assert_int_equal(at(&world, "::"), 0);
	assert_int_equal(at(&world, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 4);
	assert_int_equal(pr_intel_set_totals(world.set).prefixes, 8);
	assert_int_equal(pr_intel_set_address_hits(
				 world.set, &(struct pr_address){ 4, { 10, 1, 2, 3 } }, hits, 64),
			 5);
	assert_int_equal(hits[0].line, 3);
	assert_true(hits[0].exception);
	assert_int_equal(hits[1].kind, PR_LIST_PREFIX);
	assert_int_equal(hits[4].line, 2);
	end(&world);
}

static void no_address_is_on_no_list(void **state)
{
	uint64_t lists[PR_INTEL_WORDS_MAX] = { 0 };
	struct pr_address none = { 0 };
	struct world world;
	char country[3];

	(void)state;
	begin(&world);
	list(&world, "a");
	say(&world, PR_LIST_PREFIX, "0.0.0.0/0", false);
	say(&world, PR_LIST_PREFIX, "::/0", false);
	add_range(&world, "0.0.0.0", "255.255.255.255", "AT", 1, "");
	open_set(&world);
	assert_int_equal(at(&world, "192.0.2.1"), 1);
	assert_int_equal(at(&world, "2001:db8::1"), 1);
	assert_false(pr_intel_set_address(world.set, &none, lists));
	assert_false(pr_intel_set_country(world.set, &none, country));
	end(&world);
}

static void matches_by_as_and_country(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	list(&world, "a");
	say(&world, PR_LIST_ASN, "64496", false);
	say(&world, PR_LIST_PREFIX, "192.0.2.128/25", true);
	list(&world, "b");
	say(&world, PR_LIST_COUNTRY, "AT", false);
	say(&world, PR_LIST_ASN, "64497", true);
	add_range(&world, "192.0.2.0", "192.0.2.255", "AT", 64496, "One");
	add_range(&world, "198.51.100.0", "198.51.100.255", "AT", 64497, "Two");
	add_range(&world, "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "AT", 64496,
		  "One");
	open_set(&world);
	assert_int_equal(at(&world, "192.0.2.1"), 3);
	assert_int_equal(at(&world, "192.0.2.129"), 2);
	assert_int_equal(at(&world, "198.51.100.1"), 0);
	assert_int_equal(at(&world, "2001:db8::1"), 3);
	assert_int_equal(at(&world, "203.0.113.1"), 0);
	end(&world);
}

static const char *country_of(const struct world *world, const char *text);

/* NAT64 (RFC 6052) and 6to4 (RFC 3056): the one behind counts, and what is said of the prefix itself. */
static void an_address_stands_for_another(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	list(&world, "a");
	say(&world, PR_LIST_PREFIX, "192.0.2.0/24", false);
	list(&world, "b");
	say(&world, PR_LIST_COUNTRY, "AT", false);
	list(&world, "c");
	say(&world, PR_LIST_PREFIX, "64:ff9b::/96", false);
	list(&world, "d");
	say(&world, PR_LIST_ASN, "64496", false);
	add_range(&world, "192.0.2.0", "192.0.2.255", "AT", 64496, "One");
	add_range(&world, "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "US", 64497, "Two");
	open_set(&world);
	assert_int_equal(at(&world, "192.0.2.1"), 11);
	assert_int_equal(at(&world, "64:ff9b::192.0.2.1"), 15);
	assert_int_equal(at(&world, "64:ff9b::192.0.3.1"), 4);
	assert_int_equal(at(&world, "2002:c000:0201::1"), 11);
	assert_int_equal(at(&world, "2002:c000:0301::1"), 0);
	assert_int_equal(at(&world, "64:ff9b:0:0:0:1:192.0.2.1"), 0);
	assert_string_equal(country_of(&world, "64:ff9b::192.0.2.1"), "AT");
	assert_string_equal(country_of(&world, "2002:c000:0201::1"), "AT");
	assert_string_equal(country_of(&world, "2002:c000:0301::1"), "US");
	end(&world);
}

static const char *country_of(const struct world *world, const char *text)
{
	static char country[3];
	struct pr_address address;

	assert_int_equal(pr_address_parse(text, &address), 0);
	return pr_intel_set_country(world->set, &address, country) ? country : "";
}

static void the_first_source_holds(void **state)
{
	const char *organisation = NULL;
	struct pr_address address;
	struct world world;
	uint32_t asn = 0;

	(void)state;
	begin(&world);
	add_range(&world, "10.0.0.100", "10.0.0.200", "AT", 64496, "One");
	add_range(&world, "10.0.0.0", "10.0.0.255", "DE", 0, "");
	add_range(&world, "10.0.0.150", "10.0.1.10", "FR", 64496, "later name");
	add_range(&world, "255.255.255.0", "255.255.255.255", "US", 0, "");
	add_range(&world, "2001:db8::5", "2001:db8::7", "CH", 0, "");
	open_set(&world);
	assert_string_equal(country_of(&world, "9.255.255.255"), "");
	assert_string_equal(country_of(&world, "10.0.0.0"), "DE");
	assert_string_equal(country_of(&world, "10.0.0.99"), "DE");
	assert_string_equal(country_of(&world, "10.0.0.100"), "AT");
	assert_string_equal(country_of(&world, "10.0.0.200"), "AT");
	assert_string_equal(country_of(&world, "10.0.0.201"), "DE");
	assert_string_equal(country_of(&world, "10.0.1.0"), "FR");
	assert_string_equal(country_of(&world, "10.0.1.11"), "");
	assert_string_equal(country_of(&world, "255.255.255.255"), "US");
	assert_string_equal(country_of(&world, "2001:db8::4"), "");
	assert_string_equal(country_of(&world, "2001:db8::7"), "CH");
	assert_string_equal(country_of(&world, "2001:db8::8"), "");
	assert_true(pr_intel_set_has_countries(world.set));
	assert_true(pr_intel_set_has_asns(world.set));
	assert_int_equal(pr_address_parse("10.0.1.1", &address), 0);
	assert_true(pr_intel_set_asn(world.set, &address, &asn, &organisation));
	assert_int_equal(asn, 64496);
	assert_string_equal(organisation, "One");
	assert_string_equal(pr_intel_set_organisation(world.set, 64497), "");
	end(&world);
}

static void refuses_ranges_that_hold_nothing(void **state)
{
	struct pr_geo_range range = { .country = "AT", .asn = 1, .organisation = "" };
	struct world world;

	(void)state;
	begin(&world);
	assert_false(pr_intel_builder_range(world.builder, &range));
	assert_int_equal(pr_address_parse("10.0.0.2", &range.first), 0);
	assert_int_equal(pr_address_parse("10.0.0.1", &range.last), 0);
	assert_false(pr_intel_builder_range(world.builder, &range));
	assert_int_equal(pr_address_parse("::5", &range.last), 0);
	assert_false(pr_intel_builder_range(world.builder, &range));
	open_set(&world);
	assert_false(pr_intel_set_has_countries(world.set));
	assert_false(pr_intel_set_has_asns(world.set));
	end(&world);
}

static void takes_the_longest_names(void **state)
{
	char longest[PR_NAME_MAX + 1], many[PR_NAME_MAX + 1];
	struct world world;

	(void)state;
	memset(longest, 'a', PR_NAME_MAX);
	longest[PR_NAME_MAX] = '\0';
	for (int i = 63; i < PR_NAME_MAX; i += 64)
		longest[i] = '.';
	for (int i = 0; i < PR_NAME_MAX; i++)
		many[i] = i % 2 ? '.' : 'b';
	many[PR_NAME_MAX] = '\0'; /* 127 labels */
	begin(&world);
	list(&world, "a");
	name(&world, longest);
	list(&world, "b");
	name(&world, many);
	zone(&world, many + 2);
	list(&world, "c");
	zone(&world, "b");
	open_set(&world);
	assert_int_equal(on(&world, longest), 1);
	assert_int_equal(on(&world, longest + 1), 0);
	assert_int_equal(on(&world, many), 6);
	assert_int_equal(on(&world, many + 2), 6);
	assert_int_equal(on(&world, many + 4), 4);
	end(&world);
}

static void keeps_as_many_lists_as_there_may_be(void **state)
{
	uint64_t lists[PR_INTEL_WORDS_MAX] = { 0 };
	struct pr_intel_hit hits[PR_INTEL_HITS_MAX];
	struct world world;
	char id[16];

	(void)state;
	begin(&world);
	for (unsigned int i = 0; i < PR_INTEL_LISTS_MAX; i++) {
		snprintf(id, sizeof(id), "list%u", i);
		list(&world, id);
		name(&world, "everywhere.example");
		if (i % 2)
			say(&world, PR_LIST_ZONE, "example", true);
		list(&world, NULL); /* complete before its id changes */
	}
	open_set(&world);
	assert_int_equal(pr_intel_set_n_lists(world.set), PR_INTEL_LISTS_MAX);
	assert_string_equal(pr_intel_set_list(world.set, 1023).id, "list1023");
	assert_string_equal(pr_intel_set_list(world.set, 1023).category, "test");
	assert_true(pr_intel_set_domain(world.set, "everywhere.example", lists));
	for (unsigned int i = 0; i < PR_INTEL_WORDS_MAX; i++)
		assert_int_equal(lists[i], UINT64_C(0x5555555555555555));
	assert_int_equal(
		pr_intel_set_domain_hits(world.set, "everywhere.example", hits, PR_INTEL_HITS_MAX),
		1024 + 512);
	assert_int_equal(hits[63].list, 63);
	end(&world);
}

static void an_empty_set_says_nothing(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	open_set(&world);
	assert_int_equal(on(&world, "www.example"), 0);
	assert_int_equal(at(&world, "192.0.2.1"), 0);
	assert_int_equal(pr_intel_set_n_lists(world.set), 0);
	assert_false(pr_intel_set_has_countries(world.set));
	end(&world);
}

static void refuses_what_is_no_set(void **state)
{
	struct pr_intel_set *set = NULL;
	struct world world;

	(void)state;
	begin(&world);
	list(&world, "a");
	zone(&world, "example");
	open_set(&world);
	assert_int_equal(pr_intel_set_open(world.bytes, world.len - 1, &set), -EBADMSG);
	assert_int_equal(pr_intel_set_open(world.bytes, 8, &set), -EBADMSG);
	assert_int_equal(pr_intel_set_open(world.bytes, 0, &set), -EBADMSG);
	for (size_t i = 0; i < 12; i++) { /* the magic, the version */
		world.bytes[i] ^= 1;
		assert_int_equal(pr_intel_set_open(world.bytes, world.len, &set), -EBADMSG);
		world.bytes[i] ^= 1;
	}
	assert_null(set);
	end(&world);
}

struct refused {
	unsigned int n;
	uint32_t line;
};

static void see_refused(void *context, uint32_t line, const char *text, size_t len, const char *why)
{
	struct refused *refused = context;

	refused->n++;
	refused->line = line;
	assert_int_equal(len, strlen("not a line of hosts"));
	assert_memory_equal(text, "not a line of hosts", len);
	assert_true(*why);
}

static struct pr_intel_source source_of(const char *text, enum pr_list_format format)
{
	return (struct pr_intel_source){ .id = "ads",
					 .category = "advertising",
					 .format = format,
					 .bytes = text,
					 .len = strlen(text),
					 .updated_s = 1790000000 };
}

static void reads_lists(void **state)
{
	static const uint8_t digest[] = { 0xe8, 0xdc, 0x2b, 0x3a, 0x68, 0xd3, 0xc3, 0xed,
					  0x5d, 0x5d, 0x43, 0x98, 0x2b, 0xf1, 0xf2, 0x36,
					  0xe5, 0x89, 0x99, 0x5e, 0x0f, 0x34, 0x22, 0x23,
					  0xac, 0xa0, 0xbb, 0x6c, 0x17, 0x50, 0xa9, 0x1f };
	struct pr_intel_source source =
		source_of("# ads\n0.0.0.0 ads.example\nnot a line of hosts\n"
			  "127.0.0.1 a.example b.example\n",
			  PR_LIST_AUTO);
	struct refused refused = { 0 };
	struct pr_list_counts counts;
	struct pr_intel_hit hit;
	struct pr_intel_list about;
	struct world world;

	(void)state;
	begin(&world);
	source.refused = see_refused;
	source.context = &refused;
	assert_int_equal(pr_intel_builder_list(world.builder, &source, &counts), 0);
	source.refused = NULL;
	assert_int_equal(pr_intel_builder_list(world.builder, &source, &counts), 0);
	open_set(&world);
	assert_int_equal(counts.format, PR_LIST_HOSTS);
	assert_int_equal(counts.entries, 3);
	assert_int_equal(refused.n, 1);
	assert_int_equal(refused.line, 3);
	about = pr_intel_set_list(world.set, 1);
	assert_string_equal(about.id, "ads");
	assert_string_equal(about.category, "advertising");
	assert_int_equal(about.format, PR_LIST_HOSTS);
	assert_int_equal(about.entries, 3);
	assert_int_equal(about.refused, 1);
	assert_int_equal(about.bytes, source.len);
	assert_int_equal(about.updated_s, 1790000000);
	assert_int_equal(about.kinds, 1u << PR_LIST_NAME);
	assert_memory_equal(about.sha256, digest, sizeof(digest));
	assert_int_equal(on(&world, "b.example"), 3);
	assert_int_equal(pr_intel_set_domain_hits(world.set, "b.example", &hit, 1), 2);
	assert_int_equal(hit.line, 4);
	end(&world);
}

static void reads_geographic_data(void **state)
{
	static const char networks[] = "192.0.2.0,192.0.2.255,64496,One\n"
				       "2001:db8::,2001:db8::ffff,64497,Two\n";
	static const char countries[] = "192.0.2.0,192.0.2.127,AT\n";
	struct pr_geo_counts counts;
	struct world world;

	(void)state;
	begin(&world);
	list(&world, "a");
	say(&world, PR_LIST_ASN, "64497", false);
	assert_int_equal(pr_intel_builder_geo(world.builder, PR_GEO_CSV_ASN, networks,
					      strlen(networks), &counts),
			 0);
	assert_int_equal(counts.ranges, 2);
	assert_int_equal(pr_intel_builder_geo(world.builder, PR_GEO_CSV_COUNTRY, countries,
					      strlen(countries), &counts),
			 0);
	assert_int_equal(pr_intel_builder_geo(world.builder, PR_GEO_MMDB, countries,
					      strlen(countries), &counts),
			 -EBADMSG);
	open_set(&world);
	assert_string_equal(country_of(&world, "192.0.2.127"), "AT");
	assert_string_equal(country_of(&world, "192.0.2.128"), "");
	assert_string_equal(pr_intel_set_organisation(world.set, 64497), "Two");
	assert_int_equal(at(&world, "2001:db8::1"), 1);
	assert_int_equal(at(&world, "192.0.2.1"), 0);
	end(&world);
}

static void refuses_lists_that_are_too_many_or_no_lists(void **state)
{
	struct pr_intel_source none = source_of("", PR_LIST_DOMAINS);
	struct pr_intel_source no_list = source_of("?\n?\n", PR_LIST_AUTO);
	struct pr_intel_source two = source_of("a.example\nb.example\n", PR_LIST_DOMAINS);
	struct pr_list_counts counts;
	struct world world;

	(void)state;
	begin(&world);
	assert_int_equal(pr_intel_builder_list(world.builder, &no_list, &counts), -EINVAL);
	world.builder->known.n_lines = PR_INTEL_LINES_MAX - 1;
	assert_int_equal(pr_intel_builder_list(world.builder, &two, &counts), -ENOBUFS);
	world.builder->known.n_lines = 0;
	for (unsigned int i = 1; i < PR_INTEL_LISTS_MAX; i++)
		assert_int_equal(pr_intel_builder_list(world.builder, &none, &counts), 0);
	assert_int_equal(pr_intel_builder_list(world.builder, &two, &counts), 0);
	assert_int_equal(pr_intel_builder_list(world.builder, &two, &counts), -E2BIG);
	open_set(&world);
	assert_int_equal(pr_intel_set_n_lists(world.set), PR_INTEL_LISTS_MAX);
	assert_int_equal(pr_intel_set_totals(world.set).domains, 2);
	end(&world);
}

static void what_does_not_fit_leaves_no_trace(void **state)
{
	struct pr_list_entry entry = { .kind = PR_LIST_NAME, .line = 2, .domain = "b.example" };
	struct pr_intel_mark mark;
	struct world world;

	(void)state;
	begin(&world);
	list(&world, "a");
	name(&world, "a.example");
	list(&world, NULL);
	mark = pr_intel_builder_mark(world.builder);
	pr_intel_builder_entry(world.builder, &entry);
	add_range(&world, "10.0.0.0", "10.0.0.255", "AT", 64496, "gone");
	assert_false(world.builder->full);
	entry.line = PR_INTEL_LINES_MAX;
	pr_intel_builder_entry(world.builder, &entry);
	assert_true(world.builder->full);
	pr_intel_builder_go_back(world.builder, &mark);
	add_range(&world, "10.0.0.0", "10.0.0.255", "", 64496, "stays");
	open_set(&world);
	assert_int_equal(on(&world, "a.example"), 1);
	assert_int_equal(on(&world, "b.example"), 0);
	assert_false(pr_intel_set_has_countries(world.set));
	assert_string_equal(pr_intel_set_organisation(world.set, 64496), "stays");
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_names_zones_and_what_is_below),
		cmocka_unit_test(knows_the_root),
		cmocka_unit_test(an_exception_takes_out_of_its_list_alone),
		cmocka_unit_test(the_closest_decides_in_zones_and_in_dnsmasq_files),
		cmocka_unit_test(what_is_important_stands_before_the_rest),
		cmocka_unit_test(says_which_lines),
		cmocka_unit_test(counts_nested_prefixes_of_all_lists),
		cmocka_unit_test(no_address_is_on_no_list),
		cmocka_unit_test(an_address_stands_for_another),
		cmocka_unit_test(matches_by_as_and_country),
		cmocka_unit_test(the_first_source_holds),
		cmocka_unit_test(refuses_ranges_that_hold_nothing),
		cmocka_unit_test(takes_the_longest_names),
		cmocka_unit_test(keeps_as_many_lists_as_there_may_be),
		cmocka_unit_test(an_empty_set_says_nothing),
		cmocka_unit_test(refuses_what_is_no_set),
		cmocka_unit_test(reads_lists),
		cmocka_unit_test(reads_geographic_data),
		cmocka_unit_test(refuses_lists_that_are_too_many_or_no_lists),
		cmocka_unit_test(what_does_not_fit_leaves_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
