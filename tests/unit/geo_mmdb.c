/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MaxMind DBs, made by hand: well-made ones, and others. */
#include "geo_show.h"
#include "mmdb_build.h"

static struct mmdb_build build;

/* { key: text } */
static uint32_t pair(const char *key, const char *text)
{
	uint32_t offset = mmdb_build_map(&build, 1);

	mmdb_build_text(&build, key);
	mmdb_build_text(&build, text);
	return offset;
}

/* { key: { "iso_code": text } } */
static uint32_t nested(const char *key, const char *text)
{
	uint32_t offset = mmdb_build_map(&build, 1);

	mmdb_build_text(&build, key);
	(void)pair("iso_code", text);
	return offset;
}

static uint32_t network(uint32_t number, const char *name)
{
	uint32_t offset = mmdb_build_map(&build, 2);

	mmdb_build_text(&build, "autonomous_system_number");
	mmdb_build_number(&build, number);
	mmdb_build_text(&build, "autonomous_system_organization");
	mmdb_build_text(&build, name);
	return offset;
}

static int show(struct geo_shown *ret_shown)
{
	mmdb_build_finish(&build);
	return geo_show(PR_GEO_AUTO, build.file, build.file_len, ret_shown);
}

static void every_size_of_node_is_read(void **state)
{
	static const unsigned int sizes[] = { 24, 28, 32 };
	struct geo_shown shown;

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(sizes); i++) {
		mmdb_build_init(&build, 4, sizes[i]);
		mmdb_build_insert(&build, "192.0.2.0/24", nested("country", "AT"));
		mmdb_build_insert(&build, "198.51.100.7/32", nested("country", "DE"));
		assert_int_equal(show(&shown), 0);
		assert_int_equal(shown.counts.format, PR_GEO_MMDB);
		assert_true(shown.counts.countries && !shown.counts.asns);
		assert_string_equal(shown.ranges,
				    "192.0.2.0-192.0.2.255 AT; 198.51.100.7-198.51.100.7 DE");
	}
}

static void both_families_are_in_one_tree(void **state)
{
	struct geo_shown shown;
	uint32_t at;

	(void)state;
	mmdb_build_init(&build, 6, 28);
	at = nested("country", "AT");
	mmdb_build_insert(&build, "192.0.2.0/24", at);
	mmdb_build_insert(&build, "2001:db8::/32", at);
	mmdb_build_insert(&build, "2001:dba::/128", at);
	mmdb_build_alias(&build);
	assert_int_equal(show(&shown), 0);
	assert_string_equal(
		shown.ranges,
		"192.0.2.0-192.0.2.255 AT; "
		"2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff AT; 2001:dba::-2001:dba:: AT");
	assert_int_equal(shown.counts.refused, 0);
}

static void neighbours_are_one_range(void **state)
{
	struct geo_shown shown;
	uint32_t at, de;

	(void)state;
	mmdb_build_init(&build, 4, 24);
	at = nested("country", "AT");
	de = nested("country", "DE");
	mmdb_build_insert(&build, "192.0.2.0/26", at);
	mmdb_build_insert(&build, "192.0.2.64/26", at);
	mmdb_build_insert(&build, "192.0.2.128/25", de);
	mmdb_build_insert(&build, "192.0.3.0/24", de);
	mmdb_build_insert(&build, "192.0.5.0/24", de);
	mmdb_build_insert(&build, "255.255.255.255/32", de);
	assert_int_equal(show(&shown), 0);
	assert_string_equal(shown.ranges,
			    "192.0.2.0-192.0.2.127 AT; 192.0.2.128-192.0.3.255 DE; "
			    "192.0.5.0-192.0.5.255 DE; 255.255.255.255-255.255.255.255 DE");
}

static void all_of_an_address_family(void **state)
{
	struct geo_shown shown;
	uint32_t at;

	(void)state;
	mmdb_build_init(&build, 4, 24);
	at = nested("country", "AT");
	mmdb_build_insert(&build, "0.0.0.0/1", at);
	mmdb_build_insert(&build, "128.0.0.0/1", at);
	assert_int_equal(show(&shown), 0);
	assert_string_equal(shown.ranges, "0.0.0.0-255.255.255.255 AT");
}

static void records_of_every_database(void **state)
{
	struct geo_shown shown;
	uint32_t offset, shared;

	(void)state;
	mmdb_build_init(&build, 4, 24);
	mmdb_build_insert(&build, "192.0.2.0/32", pair("country_code", "at"));
	mmdb_build_insert(&build, "192.0.2.2/32", pair("country", "DE"));
	mmdb_build_insert(&build, "192.0.2.4/32", nested("registered_country", "FR"));
	shared = pair("iso_code", "IT");
	offset = mmdb_build_map(&build, 1);
	mmdb_build_text(&build, "country");
	mmdb_build_pointer(&build, shared);
	mmdb_build_insert(&build, "192.0.2.6/32", offset);
	offset = mmdb_build_map(&build, 2); /* the name under one key, the code under the other */
	mmdb_build_text(&build, "country");
	mmdb_build_text(&build, "Spain");
	mmdb_build_text(&build, "country_code");
	mmdb_build_text(&build, "ES");
	mmdb_build_insert(&build, "192.0.2.8/32", offset);
	mmdb_build_insert(&build, "192.0.2.10/32", network(64496, "Somebody, Inc."));
	offset = mmdb_build_map(&build, 3);
	mmdb_build_text(&build, "asn");
	mmdb_build_text(&build, "AS64497");
	mmdb_build_text(&build, "as_name");
	mmdb_build_text(&build, "B\xfcro");
	mmdb_build_text(&build, "country");
	mmdb_build_text(&build, "NL");
	mmdb_build_insert(&build, "192.0.2.12/32", offset);
	assert_int_equal(show(&shown), 0);
	assert_string_equal(
		shown.ranges,
		"192.0.2.0-192.0.2.0 AT; 192.0.2.2-192.0.2.2 DE; 192.0.2.4-192.0.2.4 FR; "
		"192.0.2.6-192.0.2.6 IT; 192.0.2.8-192.0.2.8 ES; "
		"192.0.2.10-192.0.2.10 AS64496 Somebody, Inc.; "
		"192.0.2.12-192.0.2.12 NL AS64497 B?ro");
	assert_int_equal(shown.counts.refused, 0);
}

static void records_that_say_nothing_or_nonsense(void **state)
{
	struct geo_shown shown;
	uint32_t offset;

	(void)state;
	mmdb_build_init(&build, 4, 24);
	mmdb_build_insert(&build, "192.0.2.0/32", pair("city", "Wien"));
	mmdb_build_insert(&build, "192.0.2.2/32", pair("country_code", "ZZ"));
	mmdb_build_insert(&build, "192.0.2.4/32", mmdb_build_text(&build, "no map"));
	assert_int_equal(show(&shown), 0);
	assert_string_equal(shown.ranges, "");
	assert_int_equal(shown.counts.unknown, 3);
	mmdb_build_insert(&build, "192.0.2.6/32", pair("country_code", "AUT"));
	assert_int_equal(show(&shown), 0);
	assert_non_null(strstr(shown.why, "country"));
	offset = mmdb_build_map(&build, 1);
	mmdb_build_text(&build, "asn");
	mmdb_build_text(&build, "ASx");
	mmdb_build_insert(&build, "192.0.2.8/32", offset);
	mmdb_build_insert(&build, "192.0.2.10/32", 0x7fff00);
	assert_int_equal(show(&shown), 0);
	assert_int_equal(shown.counts.refused, 3);
	assert_int_equal(shown.counts.unknown, 3);
}

/* A map that declares more than there is; a pointer to itself; values without end. */
static void malicious_records_give_nothing(void **state)
{
	static const uint8_t arrays[] = {
		0x1d, 0x04, 0xff
	}; /* an array of 284 values, as each of its values */
	struct geo_shown shown;
	uint32_t offset;

	(void)state;
	mmdb_build_init(&build, 4, 24);
	mmdb_build_insert(&build, "192.0.2.0/32", pair("country_code", "AT"));
	offset = mmdb_build_map(&build, 28);
	mmdb_build_text(&build, "x");
	for (unsigned int i = 0; i < 1000; i++) {
		memcpy(build.data + build.data_len, arrays, sizeof(arrays));
		build.data_len += sizeof(arrays);
	}
	mmdb_build_insert(&build, "192.0.2.2/32", offset);
	offset = (uint32_t)build.data_len;
	mmdb_build_insert(&build, "192.0.2.4/32", mmdb_build_pointer(&build, offset));
	assert_int_equal(show(&shown), 0);
	assert_string_equal(shown.ranges, "192.0.2.0-192.0.2.0 AT");
	assert_int_equal(shown.counts.unknown, 2);
}

static void a_node_is_entered_once(void **state)
{
	struct geo_shown shown;

	(void)state;
	mmdb_build_init(&build, 6, 24);
	mmdb_build_insert(&build, "8000::/1", pair("country_code", "AT"));
	/* every node leads twice to the next: 2^128 ways to the end */
	for (unsigned int i = 0; i < 127; i++) {
		build.sides[i][0] = i + 1;
		if (i)
			build.sides[i][1] = i + 1;
	}
	build.n_nodes = 128;
	build.sides[127][0] = build.sides[127][1] = 126; /* and back */
	assert_int_equal(show(&shown), 0);
	assert_string_equal(shown.ranges, "8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff AT");
	assert_int_equal(shown.counts.refused, 2); /* what is deeper than an address is long */
}

static void files_that_are_none_are_refused(void **state)
{
	struct geo_shown shown;
	size_t len;

	(void)state;
	assert_int_equal(geo_show(PR_GEO_MMDB, "", 0, &shown), -EBADMSG);
	assert_int_equal(geo_show(PR_GEO_MMDB, "\xab\xcd\xefMaxMind.com", 14, &shown), -EBADMSG);
	mmdb_build_init(&build, 4, 24);
	mmdb_build_insert(&build, "192.0.2.0/24", pair("country_code", "AT"));
	assert_int_equal(show(&shown), 0);
	len = build.file_len;
	for (size_t i = 0; i < len; i++) {
		/* in memory of exactly its size, for the sanitizers */
		uint8_t *cut = pr_calloc(i + 1, 1);

		memcpy(cut, build.file, i);
		assert_int_equal(geo_show(PR_GEO_MMDB, cut, i, &shown), -EBADMSG);
		free(cut);
	}
	build.n_nodes = 0;
	assert_int_equal(show(&shown), -EBADMSG);
	mmdb_build_init(&build, 5, 24);
	assert_int_equal(show(&shown), -EBADMSG);
	mmdb_build_init(&build, 4, 32);
	mmdb_build_finish(&build);
	build.file[build.file_len - 12 - 5] ^= 1; /* the size of a node */
	assert_int_equal(geo_show(PR_GEO_MMDB, build.file, build.file_len, &shown), -EBADMSG);
}

/* Whatever a byte becomes: nothing is read outside, and the ranges are some. */
static void any_byte_may_be_wrong(void **state)
{
	struct geo_shown shown;
	uint8_t *bytes;

	(void)state;
	mmdb_build_init(&build, 6, 28);
	mmdb_build_insert(&build, "192.0.2.0/24", nested("country", "AT"));
	mmdb_build_insert(&build, "2001:db8::/32", network(64496, "x"));
	assert_int_equal(show(&shown), 0);
	bytes = pr_calloc(build.file_len, 1);
	for (size_t i = 0; i < build.file_len; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			memcpy(bytes, build.file, build.file_len);
			bytes[i] ^= (uint8_t)(1u << bit);
			(void)geo_show(PR_GEO_MMDB, bytes, build.file_len, &shown);
			assert_true(shown.counts.ranges <= 64);
		}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_of_node_is_read),
		cmocka_unit_test(both_families_are_in_one_tree),
		cmocka_unit_test(neighbours_are_one_range),
		cmocka_unit_test(all_of_an_address_family),
		cmocka_unit_test(records_of_every_database),
		cmocka_unit_test(records_that_say_nothing_or_nonsense),
		cmocka_unit_test(malicious_records_give_nothing),
		cmocka_unit_test(a_node_is_entered_once),
		cmocka_unit_test(files_that_are_none_are_refused),
		cmocka_unit_test(any_byte_may_be_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
