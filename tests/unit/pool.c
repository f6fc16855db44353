/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/pool.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S      UINT64_C(1000000)
#define KEEP   (PR_POOL_KEEP_S * S)
#define REAL_1 (UINT64_C(1790000000) * S)

static struct pr_address address_of(const char *text)
{
	struct pr_address address;

	assert_int_equal(pr_address_parse(text, &address), 0);
	return address;
}

static struct pr_pool_ranges ranges_of(const char *range4, const char *range6)
{
	struct pr_pool_ranges ranges = { 0 };
	struct pr_prefix prefix;

	if (range4) {
		assert_int_equal(pr_prefix_parse(range4, &prefix), 0);
		ranges.base4 = prefix.address;
		ranges.len4 = prefix.len;
	}
	if (range6) {
		assert_int_equal(pr_prefix_parse(range6, &prefix), 0);
		ranges.base6 = prefix.address;
		ranges.len6 = prefix.len;
	}
	return ranges;
}

static struct pr_pool *pool_of(const char *range4, const char *range6, uint32_t n_max)
{
	struct pr_pool_ranges ranges = ranges_of(range4, range6);

	return pr_pool_new(&ranges, n_max);
}

/* The address given, or what was said instead. */
static const char *give(struct pr_pool *pool, const char *name, int family, uint64_t now_us)
{
	static const char *const outcomes[] = { "given", "full", "no family" };
	static char text[PR_ADDRESS_TEXT_SIZE];
	struct pr_address address;
	int r = pr_pool_give(pool, name, family, 0, now_us, &address);

	assert_in_range(r, 0, 2);
	return r == PR_POOL_GIVEN ? pr_address_format(&address, text) : outcomes[r];
}

static const char *name(const struct pr_pool *pool, const char *address)
{
	struct pr_address parsed = address_of(address);
	const char *text = pr_pool_name(pool, &parsed);

	return text ? text : "-";
}

static bool hold(struct pr_pool *pool, const char *address)
{
	struct pr_address parsed = address_of(address);

	return pr_pool_hold(pool, &parsed);
}

static void release(struct pr_pool *pool, const char *address, uint64_t now_us)
{
	struct pr_address parsed = address_of(address);

	pr_pool_release(pool, &parsed, now_us);
}

static struct pr_pool_counters counted(const struct pr_pool *pool)
{
	struct pr_pool_counters counters;

	pr_pool_counters(pool, &counters);
	return counters;
}

static void a_name_has_one_address_of_each_family(void **state)
{
	struct pr_pool_ranges ranges = pr_pool_ranges_default();
	struct pr_pool *pool = pr_pool_new(&ranges, 0);

	(void)state;
	assert_string_equal(give(pool, "one.example", 4, 0), "198.18.0.1");
	assert_string_equal(give(pool, "one.example", 6, S), "2001:2:0:17::1");
	assert_string_equal(give(pool, "two.example", 6, S), "2001:2:0:17::2");
	assert_string_equal(give(pool, "two.example", 4, S), "198.18.0.2");
	assert_string_equal(give(pool, "one.example", 4, 2 * S), "198.18.0.1");
	assert_string_equal(name(pool, "198.18.0.1"), "one.example");
	assert_string_equal(name(pool, "2001:2:0:17::2"), "two.example");
	assert_string_equal(name(pool, "198.18.0.3"), "-");
	assert_string_equal(name(pool, "192.0.2.1"), "-");
	assert_string_equal(name(pool, "2001:2:0:17:1::1"),
			    "-"); /* of the range, given to nobody */
	assert_int_equal(counted(pool).n, 2);
	assert_int_equal(counted(pool).given, 2);
	assert_int_equal(counted(pool).n_max, PR_POOL_NAMES_MAX);
	pr_pool_free(pool);
}

static void ranges_have_what_is_theirs(void **state)
{
	struct pr_pool *pool = pool_of("198.18.0.0/15", "fd17::/64", 0);
	static const struct {
		const char *address;
		bool has;
	} cases[] = {
		{ "198.18.0.0", true },	   { "198.19.255.255", true },
		{ "198.20.0.0", false },   { "198.17.255.255", false },
		{ "fd17::", true },	   { "fd17::ffff:ffff:ffff:ffff", true },
		{ "fd17:0:0:1::", false }, { "::ffff:198.18.0.1", true },
	};

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		struct pr_address address = address_of(cases[i].address);

		assert_int_equal(pr_pool_has(pool, &address), cases[i].has);
	}
	pr_pool_free(pool);
}

static void one_family_alone(void **state)
{
	struct pr_pool *four = pool_of("10.99.7.0/24", NULL, 0);
	struct pr_pool *six = pool_of(NULL, "fd99::/96", 0);
	struct pr_pool *none = pool_of(NULL, NULL, 0);

	(void)state;
	assert_string_equal(give(four, "a.example", 6, 0), "no family");
	assert_string_equal(give(four, "a.example", 4, 0), "10.99.7.1");
	assert_int_equal(counted(four).n_max, 254);
	assert_string_equal(give(six, "a.example", 4, 0), "no family");
	assert_string_equal(give(six, "a.example", 6, 0), "fd99::1");
	assert_string_equal(give(none, "a.example", 4, 0), "no family");
	assert_string_equal(give(none, "a.example", 6, 0), "no family");
	pr_pool_scatter(none);
	pr_pool_free(four);
	pr_pool_free(six);
	pr_pool_free(none);
	pr_pool_free(NULL);
}

static void the_smallest_pool_gives_all_but_its_ends(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", "fd99::/64", 0);
	char text[32], want[32];

	(void)state;
	for (int i = 1; i <= 254; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		snprintf(want, sizeof(want), "10.99.7.%d", i);
		assert_string_equal(give(pool, text, 4, (uint64_t)i), want);
	}
	assert_string_equal(give(pool, "more.example", 4, S), "full");
	assert_string_equal(give(pool, "more.example", 6, S), "full");
	assert_int_equal(counted(pool).full, 2);
	/* those that are there go on */
	assert_string_equal(give(pool, "n7.example", 4, S), "10.99.7.7");
	pr_pool_free(pool);
}

static void the_one_used_longest_ago_gives_way_when_its_time_is_over(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", NULL, 3);

	(void)state;
	give(pool, "a.example", 4, 0);
	give(pool, "b.example", 4, S);
	give(pool, "c.example", 4, 2 * S);
	give(pool, "a.example", 4, 3 * S); /* asked for again */
	assert_string_equal(give(pool, "d.example", 4, KEEP), "full");
	assert_string_equal(give(pool, "d.example", 4, KEEP + S - 1), "full");
	/* b's turn; d gets what was never given, as long as there is something */
	assert_string_equal(give(pool, "d.example", 4, KEEP + S), "10.99.7.4");
	assert_string_equal(name(pool, "10.99.7.2"), "-");
	assert_string_equal(name(pool, "10.99.7.1"), "a.example");
	assert_int_equal(counted(pool).reused, 1);
	assert_int_equal(counted(pool).n, 3);
	pr_pool_free(pool);
}

static void never_given_anew_under_a_link(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", "fd99::/64", 2);

	(void)state;
	give(pool, "a.example", 4, 0);
	give(pool, "b.example", 4, 0);
	assert_true(hold(pool, "10.99.7.1"));
	assert_true(hold(pool, "fd99::1")); /* the same name's: two links */
	assert_true(hold(pool, "10.99.7.2"));
	assert_false(hold(pool, "10.99.7.77"));
	assert_false(hold(pool, "192.0.2.1"));
	assert_int_equal(counted(pool).n_held, 2);
	assert_string_equal(give(pool, "c.example", 4, 100 * KEEP), "full");
	release(pool, "10.99.7.1", 100 * KEEP);
	assert_string_equal(give(pool, "c.example", 4, 200 * KEEP), "full");
	release(pool, "fd99::1", 200 * KEEP);
	assert_int_equal(counted(pool).n_held, 1);
	/* and for its time after it */
	assert_string_equal(give(pool, "c.example", 4, 201 * KEEP - 1), "full");
	assert_string_equal(give(pool, "c.example", 4, 201 * KEEP), "10.99.7.3");
	assert_string_equal(name(pool, "10.99.7.1"), "-");
	assert_string_equal(name(pool, "10.99.7.2"), "b.example");
	/* once more than was held */
	release(pool, "10.99.7.3", 201 * KEEP);
	assert_string_equal(name(pool, "10.99.7.3"), "c.example");
	pr_pool_free(pool);
}

static void addresses_come_again_last(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", NULL, 1);
	char text[32], want[32];

	(void)state;
	for (int i = 0; i < 600; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		snprintf(want, sizeof(want), "10.99.7.%d", i % 254 + 1);
		assert_string_equal(give(pool, text, 4, (uint64_t)i * KEEP), want);
	}
	pr_pool_free(pool);
}

static int give_to(struct pr_pool *pool, uint32_t owner, const char *name, uint64_t now_us)
{
	struct pr_address address;

	return pr_pool_give(pool, name, 4, owner, now_us, &address);
}

static void one_that_asks_for_ever_more_leaves_room(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", NULL, 8);
	char text[32];

	(void)state;
	for (int i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		assert_int_equal(give_to(pool, 7, text, 0), PR_POOL_GIVEN);
	}
	assert_int_equal(give_to(pool, 7, "more.example", 0), PR_POOL_FULL);
	assert_int_equal(give_to(pool, 7, "n2.example", 0), PR_POOL_GIVEN);
	/* the name of another costs it nothing */
	for (int i = 4; i < 8; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		assert_int_equal(give_to(pool, 9, text, S), PR_POOL_GIVEN);
	}
	assert_int_equal(give_to(pool, 7, "n5.example", S), PR_POOL_GIVEN);
	assert_int_equal(give_to(pool, 8, "late.example", S), PR_POOL_FULL);
	/* those of 7 gave way to others, so it may have some again */
	assert_int_equal(give_to(pool, 8, "late.example", KEEP), PR_POOL_GIVEN);
	assert_int_equal(give_to(pool, 7, "again.example", KEEP), PR_POOL_GIVEN);
	assert_int_equal(counted(pool).n, 8);
	pr_pool_free(pool);
}

static void one_that_has_enough_gives_up_its_oldest(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", NULL, 8);
	struct pr_address address;
	char text[32];

	(void)state;
	assert_int_equal(give_to(pool, 9, "other.example", 0), PR_POOL_GIVEN);
	for (int i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		assert_int_equal(pr_pool_give(pool, text, 4, 7, (uint64_t)i * S, &address),
				 PR_POOL_GIVEN);
		if (i == 0)
			assert_true(pr_pool_hold(pool, &address));
	}
	assert_int_equal(give_to(pool, 7, "more.example", PR_POOL_KEEP_OWN_S * S), PR_POOL_FULL);
	assert_int_equal(give_to(pool, 7, "more.example", (PR_POOL_KEEP_OWN_S + 1) * S),
			 PR_POOL_GIVEN);
	/* not the one in use, and none of another's */
	assert_true(pr_pool_knows(pool, "n0.example"));
	assert_false(pr_pool_knows(pool, "n1.example"));
	assert_true(pr_pool_knows(pool, "n2.example"));
	assert_true(pr_pool_knows(pool, "other.example"));
	assert_int_equal(give_to(pool, 7, "again.example", (PR_POOL_KEEP_OWN_S + 1) * S),
			 PR_POOL_FULL);
	assert_int_equal(counted(pool).n, 5);
	pr_pool_free(pool);
}

static void a_place_in_use_is_passed_over(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", NULL, 2);
	char text[32];

	(void)state;
	give(pool, "held.example", 4, 0);
	hold(pool, "10.99.7.1");
	for (int i = 2; i <= 254; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		give(pool, text, 4, (uint64_t)i * KEEP);
	}
	assert_string_equal(give(pool, "x.example", 4, 255 * KEEP), "10.99.7.2");
	assert_string_equal(name(pool, "10.99.7.1"), "held.example");
	pr_pool_free(pool);
}

static void names_too_long_are_full(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", NULL, 0);
	char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_string_equal(give(pool, text, 4, 0), "full");
	assert_int_equal(counted(pool).n, 0);
	pr_pool_free(pool);
}

/* Saved at `saved_us` and loaded into another, an hour of real time later. */
static void carry_over(struct pr_pool *from, struct pr_pool *to, uint64_t saved_us, uint64_t now_us)
{
	uint8_t *bytes;
	size_t len;

	assert_int_equal(pr_pool_save(from, saved_us, REAL_1, &bytes, &len), 0);
	assert_int_equal(pr_pool_load(to, bytes, len, now_us, REAL_1 + 3600 * S), 0);
	free(bytes);
}

static void survives_a_restart(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", "fd99::/64", 3);
	struct pr_pool *next = pool_of("10.99.7.0/24", "fd99::/64", 3);

	(void)state;
	give(pool, "a.example", 4, 0);
	give(pool, "b.example", 4, 10 * S);
	give(pool, "\\000\\046c.example", 4, 20 * S); /* whatever the wire may bring */
	hold(pool, "10.99.7.1");
	carry_over(pool, next, 100 * S, 5 * KEEP);
	assert_string_equal(name(next, "10.99.7.1"), "a.example");
	assert_string_equal(name(next, "fd99::2"), "b.example");
	assert_int_equal(counted(next).n_held, 0);
	/* b: 90 s when it was saved, and an hour */
	assert_string_equal(give(next, "d.example", 4, 6 * KEEP - 3691 * S), "full");
	/* what was given after the saving isn't met soon */
	assert_string_equal(give(next, "d.example", 4, 6 * KEEP - 3690 * S), "10.99.7.67");
	assert_string_equal(name(next, "10.99.7.2"), "-");
	assert_string_equal(name(next, "10.99.7.1"), "a.example");
	pr_pool_free(pool);
	pr_pool_free(next);
}

static void a_clock_set_back_keeps_longer(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", NULL, 1);
	struct pr_pool *next = pool_of("10.99.7.0/24", NULL, 1);
	uint8_t *bytes;
	size_t len;

	(void)state;
	give(pool, "a.example", 4, 0);
	assert_int_equal(pr_pool_save(pool, 0, REAL_1, &bytes, &len), 0);
	assert_int_equal(pr_pool_load(next, bytes, len, KEEP, REAL_1 - KEEP), 0);
	assert_string_equal(give(next, "b.example", 4, 2 * KEEP - 1), "full");
	free(bytes);
	pr_pool_free(pool);
	pr_pool_free(next);
}

static void what_is_of_another_range_is_passed_over(void **state)
{
	struct pr_pool *pool = pool_of("10.99.6.0/23", "fd99::/64", 0);
	struct pr_pool *narrower = pool_of("10.99.6.0/24", NULL, 0);
	struct pr_pool *other = pool_of("10.98.0.0/16", "fd98::/64", 0);
	struct pr_pool *shifted = pool_of("10.99.7.0/24", "fd99::/64", 0);
	char text[32];

	(void)state;
	for (int i = 1; i <= 300; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		give(pool, text, 4, (uint64_t)i);
	}
	carry_over(pool, narrower, S, S);
	assert_string_equal(name(narrower, "10.99.6.254"), "n254.example");
	assert_string_equal(name(narrower, "10.99.6.47"), "n47.example");
	assert_string_equal(name(narrower, "10.99.6.46"), "-"); /* of 300, the last 254 */
	assert_int_equal(counted(narrower).n, 254 - 46);
	carry_over(pool, other, S, S);
	assert_int_equal(counted(other).n, 0);
	/* an IPv4 address would belong to another name than the IPv6 address did */
	carry_over(pool, shifted, S, S);
	assert_int_equal(counted(shifted).n, 0);
	pr_pool_free(pool);
	pr_pool_free(narrower);
	pr_pool_free(other);
	pr_pool_free(shifted);
}

static void what_is_there_stays(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", NULL, 0);
	struct pr_pool *next = pool_of("10.99.7.0/24", NULL, 0);

	(void)state;
	give(pool, "a.example", 4, 0);
	give(pool, "b.example", 4, 0);
	give(pool, "c.example", 4, 0);
	give(next, "c.example", 4, 0); /* .1 */
	carry_over(pool, next, S, S);
	assert_string_equal(name(next, "10.99.7.1"), "c.example");
	assert_string_equal(name(next, "10.99.7.2"), "b.example");
	assert_string_equal(name(next, "10.99.7.3"), "-");
	assert_int_equal(counted(next).n, 2);
	pr_pool_free(pool);
	pr_pool_free(next);
}

static void those_used_last_are_loaded(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", NULL, 0);
	struct pr_pool *small = pool_of("10.99.7.0/24", NULL, 2);

	(void)state;
	give(pool, "a.example", 4, 0);
	give(pool, "b.example", 4, 0);
	give(pool, "c.example", 4, 0);
	give(pool, "a.example", 4, S);
	carry_over(pool, small, S, S);
	assert_string_equal(name(small, "10.99.7.1"), "a.example");
	assert_string_equal(name(small, "10.99.7.2"), "-");
	assert_string_equal(name(small, "10.99.7.3"), "c.example");
	pr_pool_free(pool);
	pr_pool_free(small);
}

/* Cut anywhere, and with every byte changed: nothing is loaded, or a pool that holds. */
static void hostile_bytes(void **state)
{
	struct pr_pool *pool = pool_of("10.99.7.0/24", "fd99::/64", 0);
	uint8_t *bytes;
	size_t len;

	(void)state;
	give(pool, "one.example", 4, 0);
	give(pool, "two.example", 4, 0);
	assert_int_equal(pr_pool_save(pool, S, REAL_1, &bytes, &len), 0);
	pr_pool_free(pool);
	for (size_t cut = 0; cut < len; cut++) {
		pool = pool_of("10.99.7.0/24", "fd99::/64", 0);
		assert_int_equal(pr_pool_load(pool, bytes, cut, S, REAL_1), -EBADMSG);
		assert_int_equal(counted(pool).n, 0);
		assert_string_equal(give(pool, "new.example", 4, S), "10.99.7.1");
		pr_pool_free(pool);
	}
	for (size_t at = 0; at < len; at++)
		for (unsigned int value = 0; value < 256; value++) {
			uint8_t was = bytes[at];

			bytes[at] = (uint8_t)value;
			pool = pool_of("10.99.7.0/24", "fd99::/64", 0);
			if (pr_pool_load(pool, bytes, len, S, REAL_1) == -EBADMSG)
				assert_int_equal(counted(pool).n, 0);
			assert_in_range(counted(pool).n, 0, 2);
			assert_string_not_equal(give(pool, "new.example", 4, S), "full");
			pr_pool_free(pool);
			bytes[at] = was;
		}
	free(bytes);
}

static void scattered_it_begins_elsewhere(void **state)
{
	struct pr_pool *pool = pool_of("198.18.0.0/15", NULL, 0);

	(void)state;
	pr_pool_scatter(pool);
	assert_string_not_equal(give(pool, "a.example", 4, 0), "full");
	assert_int_equal(counted(pool).n, 1);
	pr_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_one_address_of_each_family),
		cmocka_unit_test(ranges_have_what_is_theirs),
		cmocka_unit_test(one_family_alone),
		cmocka_unit_test(the_smallest_pool_gives_all_but_its_ends),
		cmocka_unit_test(the_one_used_longest_ago_gives_way_when_its_time_is_over),
		cmocka_unit_test(never_given_anew_under_a_link),
		cmocka_unit_test(addresses_come_again_last),
		cmocka_unit_test(one_that_asks_for_ever_more_leaves_room),
		cmocka_unit_test(one_that_has_enough_gives_up_its_oldest),
		cmocka_unit_test(a_place_in_use_is_passed_over),
		cmocka_unit_test(names_too_long_are_full),
		cmocka_unit_test(survives_a_restart),
		cmocka_unit_test(a_clock_set_back_keeps_longer),
		cmocka_unit_test(what_is_of_another_range_is_passed_over),
		cmocka_unit_test(what_is_there_stays),
		cmocka_unit_test(those_used_last_are_loaded),
		cmocka_unit_test(hostile_bytes),
		cmocka_unit_test(scattered_it_begins_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
