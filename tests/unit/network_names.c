/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/names.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S	   UINT64_C(1000000)
#define REAL_START (UINT64_C(1790000000) * S)

struct fixture {
	struct pr_applications *applications;
	struct pr_names *names;
	uint32_t curl, wget;
};

static void setup(struct fixture *fixture, uint32_t n_max, uint32_t n_max_per_application)
{
	fixture->applications = pr_applications_new(0);
	fixture->names = pr_names_new(fixture->applications, n_max, n_max_per_application);
	fixture->curl = pr_applications_hold(fixture->applications, "path:/usr/bin/curl");
	fixture->wget = pr_applications_hold(fixture->applications, "path:/usr/bin/wget");
}

static void teardown(struct fixture *fixture)
{
	pr_applications_release(fixture->applications, fixture->curl);
	pr_applications_release(fixture->applications, fixture->wget);
	pr_names_free(fixture->names);
	assert_int_equal(pr_applications_n(fixture->applications), 0);
	pr_applications_free(fixture->applications);
}

static struct pr_address address_of(const char *text)
{
	struct pr_address address;

	assert_int_equal(pr_address_parse(text, &address), 0);
	return address;
}

static void learn(struct fixture *fixture, uint32_t application, const char *address,
		  const char *domain, enum pr_name_grade grade, uint64_t now_us)
{
	struct pr_address parsed = address_of(address);

	pr_names_learn(fixture->names, application, &parsed, domain, grade, false, 60, now_us);
}

/* The candidates joined by blanks, each with its grade's number. */
static const char *found(struct fixture *fixture, uint32_t application, const char *address,
			 uint64_t now_us)
{
	struct pr_name_candidate candidates[PR_SUBJECT_DOMAINS_MAX];
	struct pr_address parsed = address_of(address);
	static char text[PR_SUBJECT_DOMAINS_MAX * 64];
	unsigned int n;

	n = pr_names_find(fixture->names, application, &parsed, now_us, candidates);
	text[0] = '\0';
	for (unsigned int i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s%s/%d", i ? " " : "", candidates[i].domain,
			candidates[i].grade);
	return text;
}

static void each_application_has_its_own(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 0, 0);
	learn(&f, f.curl, "192.0.2.1", "example.com", PR_NAME_GIVEN, 0);
	assert_string_equal(found(&f, f.curl, "192.0.2.1", 0), "example.com/1");
	assert_string_equal(found(&f, f.curl, "::ffff:192.0.2.1", 0), "example.com/1");
	assert_string_equal(found(&f, f.curl, "192.0.2.2", 0), "");
	assert_string_equal(found(&f, f.wget, "192.0.2.1", 0), "");
	assert_string_equal(found(&f, PR_APPLICATION_ALL, "192.0.2.1", 0), "");
	teardown(&f);
}

static void all_candidates_are_kept_best_grade_and_newest_first(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 0, 0);
	learn(&f, PR_APPLICATION_ALL, "192.0.2.1", "stub.example", PR_NAME_SHARED, 0);
	learn(&f, PR_APPLICATION_ALL, "192.0.2.1", "hosts.example", PR_NAME_HOSTS, 0);
	learn(&f, f.curl, "192.0.2.1", "a.example", PR_NAME_GIVEN, 0);
	learn(&f, f.curl, "192.0.2.1", "b.example", PR_NAME_GIVEN, 0);
	learn(&f, f.curl, "192.0.2.1", "c.example", PR_NAME_GIVEN, 0);
	learn(&f, f.curl, "192.0.2.1", "a.example", PR_NAME_GIVEN, 0);
	assert_string_equal(found(&f, f.curl, "192.0.2.1", 0),
			    "a.example/1 c.example/1 b.example/1 stub.example/2 hosts.example/3");
	assert_string_equal(found(&f, f.wget, "192.0.2.1", 0), "stub.example/2 hosts.example/3");
	teardown(&f);
}

static void candidates_of_an_address_are_bounded(void **state)
{
	struct pr_name_candidate candidates[PR_SUBJECT_DOMAINS_MAX];
	struct pr_address address = address_of("192.0.2.1");
	struct fixture f;
	char domain[32];

	(void)state;
	setup(&f, 0, 0);
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(domain, sizeof(domain), "n%u.example", i);
		learn(&f, f.curl, "192.0.2.1", domain, PR_NAME_GIVEN, 0);
		learn(&f, PR_APPLICATION_ALL, "192.0.2.1", domain, PR_NAME_SHARED, 0);
	}
	assert_int_equal(pr_names_find(f.names, f.curl, &address, 0, candidates),
			 PR_SUBJECT_DOMAINS_MAX);
	for (unsigned int i = 0; i < PR_SUBJECT_DOMAINS_MAX; i++) {
		snprintf(domain, sizeof(domain), "n%u.example", 99 - i);
		assert_string_equal(candidates[i].domain, domain);
		assert_int_equal(candidates[i].grade, PR_NAME_GIVEN);
	}
	teardown(&f);
}

/* Those that are no candidates are there still, for who names them. */
static void names_beyond_the_candidates(void **state)
{
	struct pr_address address = address_of("192.0.2.1"), other = address_of("192.0.2.2");
	struct pr_name_candidate one;
	struct fixture f;
	char domain[32];

	(void)state;
	setup(&f, 0, 0);
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(domain, sizeof(domain), "n%u.example", i);
		learn(&f, f.curl, "192.0.2.1", domain, PR_NAME_GIVEN, 0);
		snprintf(domain, sizeof(domain), "h%u.example", i);
		learn(&f, PR_APPLICATION_ALL, "192.0.2.1", domain, PR_NAME_HOSTS, 0);
	}
	assert_true(pr_names_find_one(f.names, f.curl, &address, "n72.example", 0, &one));
	assert_string_equal(one.domain, "n72.example");
	assert_int_equal(one.grade, PR_NAME_GIVEN);
	assert_false(pr_names_find_one(f.names, f.curl, &address, "n71.example", 0, &one));
	assert_false(pr_names_find_one(f.names, f.wget, &address, "n72.example", 0, &one));
	assert_false(pr_names_find_one(f.names, f.curl, &other, "n72.example", 0, &one));
	assert_false(pr_names_find_one(f.names, f.curl, &address, "n72.example",
				       PR_NAMES_KEEP_S_LEAST * S, &one));
	assert_true(pr_names_find_one(f.names, f.wget, &address, "h199.example", 0, &one));
	assert_int_equal(one.grade, PR_NAME_HOSTS);
	assert_false(pr_names_find_one(f.names, f.wget, &address, "h167.example", 0, &one));
	assert_true(pr_names_find_one(f.names, f.wget, &address, "h168.example", 0, &one));
	teardown(&f);
}

static void names_expire(void **state)
{
	const uint64_t least = PR_NAMES_KEEP_S_LEAST * S;
	struct pr_names_counters counters;
	struct fixture f;

	(void)state;
	setup(&f, 0, 0);
	learn(&f, f.curl, "192.0.2.1", "a.example", PR_NAME_GIVEN, 0);
	learn(&f, f.curl, "192.0.2.1", "b.example", PR_NAME_GIVEN, 100 * S);
	assert_string_equal(found(&f, f.curl, "192.0.2.1", least - 1), "b.example/1 a.example/1");
	assert_string_equal(found(&f, f.curl, "192.0.2.1", least), "b.example/1");
	pr_names_expire(f.names, least);
	pr_names_counters(f.names, &counters);
	assert_int_equal(counters.n, 1);
	assert_int_equal(counters.expired, 1);
	teardown(&f);
}

static void hosts_are_replaced_whole(void **state)
{
	struct pr_address address = address_of("192.0.2.1");
	struct fixture f;

	(void)state;
	setup(&f, 0, 0);
	pr_names_learn(f.names, PR_APPLICATION_ALL, &address, "old.example", PR_NAME_HOSTS, false,
		       PR_NAMES_FOR_EVER, 0);
	learn(&f, PR_APPLICATION_ALL, "192.0.2.1", "stub.example", PR_NAME_SHARED, 0);
	assert_string_equal(found(&f, f.curl, "192.0.2.1", 0), "stub.example/2 old.example/3");
	pr_names_expire(f.names, PR_NAMES_KEEP_S_MOST * S);
	assert_string_equal(found(&f, f.curl, "192.0.2.1", 0), "old.example/3");
	pr_names_forget(f.names, PR_NAME_HOSTS);
	assert_string_equal(found(&f, f.curl, "192.0.2.1", 0), "");
	teardown(&f);
}

static void a_full_table_drops_what_expires_first(void **state)
{
	struct pr_names_counters counters;
	struct fixture f;

	(void)state;
	setup(&f, 3, 0);
	learn(&f, f.curl, "192.0.2.1", "a.example", PR_NAME_GIVEN, 10 * S);
	learn(&f, f.wget, "192.0.2.2", "b.example", PR_NAME_GIVEN, 0);
	learn(&f, f.curl, "192.0.2.3", "c.example", PR_NAME_GIVEN, 20 * S);
	learn(&f, f.curl, "192.0.2.4", "d.example", PR_NAME_GIVEN, 30 * S);
	assert_string_equal(found(&f, f.wget, "192.0.2.2", 30 * S), "");
	assert_string_equal(found(&f, f.curl, "192.0.2.1", 30 * S), "a.example/1");
	assert_string_equal(found(&f, f.curl, "192.0.2.4", 30 * S), "d.example/1");
	pr_names_counters(f.names, &counters);
	assert_int_equal(counters.n, 3);
	assert_int_equal(counters.evicted, 1);
	teardown(&f);
}

static void a_flood_of_one_application_leaves_the_others_alone(void **state)
{
	struct pr_names_counters counters;
	struct fixture f;
	char text[32];

	(void)state;
	setup(&f, 1000, 100);
	learn(&f, f.wget, "192.0.2.1", "kept.example", PR_NAME_GIVEN, 0);
	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
		learn(&f, f.curl, text, "flood.example", PR_NAME_GIVEN, i * S);
	}
	assert_string_equal(found(&f, f.wget, "192.0.2.1", 0), "kept.example/1");
	assert_string_equal(found(&f, f.curl, "10.0.19.135", 0), "flood.example/1");
	pr_names_counters(f.names, &counters);
	assert_int_equal(counters.n, 101);
	teardown(&f);
}

static void survive_a_restart(void **state)
{
	struct fixture before, after;
	uint8_t *saved;
	size_t size, len;

	(void)state;
	setup(&before, 0, 0);
	setup(&after, 0, 0);
	learn(&before, before.curl, "192.0.2.1", "a.example", PR_NAME_GIVEN, 0);
	learn(&before, before.curl, "192.0.2.1", "b.example", PR_NAME_GIVEN, 0);
	learn(&before, before.wget, "2001:db8::1", "c.example", PR_NAME_PROVEN, 1000 * S);
	learn(&before, PR_APPLICATION_ALL, "192.0.2.1", "stub.example", PR_NAME_SHARED, 0);
	learn(&before, PR_APPLICATION_ALL, "192.0.2.1", "hosts.example", PR_NAME_HOSTS, 0);
	learn(&before, PR_APPLICATION_OTHERS, "192.0.2.1", "o.example", PR_NAME_GIVEN, 0);
	size = pr_names_saved_len(before.names);
	saved = calloc(size, 1);
	assert_int_equal(pr_names_save(before.names, 1000 * S, REAL_START, saved, 40, &len),
			 -ENOBUFS);
	assert_int_equal(pr_names_save(before.names, 1000 * S, REAL_START, saved, size, &len), 0);
	/* Another boot: the monotonic clock begins anew, 500 s went by. */
	assert_int_equal(pr_names_load(after.names, 5 * S, REAL_START + 500 * S, saved, len), 0);
	assert_string_equal(found(&after, after.curl, "192.0.2.1", 5 * S),
			    "b.example/1 a.example/1 stub.example/2");
	assert_string_equal(found(&after, after.curl, "192.0.2.1", 2105 * S), "");
	assert_string_equal(found(&after, after.wget, "2001:db8::1", 2105 * S), "c.example/0");
	assert_string_equal(found(&after, PR_APPLICATION_OTHERS, "192.0.2.1", 5 * S),
			    "stub.example/2");
	free(saved);
	teardown(&before);
	teardown(&after);
}

static void damaged_files_are_survived(void **state)
{
	struct fixture before, after;
	uint8_t saved[1024];
	size_t len;

	(void)state;
	setup(&before, 0, 0);
	learn(&before, before.curl, "192.0.2.1", "a.example", PR_NAME_GIVEN, 0);
	learn(&before, PR_APPLICATION_ALL, "2001:db8::1", "b.example", PR_NAME_SHARED, 0);
	assert_int_equal(pr_names_save(before.names, 0, REAL_START, saved, sizeof(saved), &len), 0);
	for (size_t i = 0; i <= len; i++) {
		setup(&after, 0, 0);
		assert_int_equal(pr_names_load(after.names, 0, REAL_START, saved, i),
				 i == len ? PR_NAMES_DONE : PR_NAMES_DAMAGED);
		teardown(&after);
	}
	for (size_t i = 0; i < len; i++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			setup(&after, 0, 0);
			saved[i] ^= (uint8_t)(1 << bit);
			assert_true(pr_names_load(after.names, 0, REAL_START, saved, len) >= 0);
			saved[i] ^= (uint8_t)(1 << bit);
			teardown(&after);
		}
	}
	teardown(&before);
}

static void a_clock_that_was_set_back_keeps_no_name_for_ever(void **state)
{
	struct pr_address address = address_of("192.0.2.1");
	struct fixture before, after;
	uint8_t saved[1024];
	size_t len;

	(void)state;
	setup(&before, 0, 0);
	setup(&after, 0, 0);
	pr_names_learn(before.names, before.curl, &address, "a.example", PR_NAME_GIVEN, true,
		       PR_NAMES_KEEP_S_MOST, 0);
	assert_int_equal(pr_names_save(before.names, 0, REAL_START, saved, sizeof(saved), &len), 0);
	assert_int_equal(pr_names_load(after.names, 0, REAL_START / 2, saved, len), 0);
	assert_string_equal(found(&after, after.curl, "192.0.2.1", 0), "a.example/1");
	assert_string_equal(found(&after, after.curl, "192.0.2.1", PR_NAMES_KEEP_S_MOST * S), "");
	teardown(&before);
	teardown(&after);
}

/* Asked for itself it is none any more; it outlives a restart. */
static void an_alias_is_known_for_one(void **state)
{
	struct pr_name_candidate candidates[PR_SUBJECT_DOMAINS_MAX];
	struct pr_address address = address_of("192.0.2.1");
	struct fixture before, after;
	uint8_t saved[1024];
	size_t len;

	(void)state;
	setup(&before, 0, 0);
	setup(&after, 0, 0);
	pr_names_learn(before.names, before.curl, &address, "x.example", PR_NAME_GIVEN, true, 60,
		       0);
	pr_names_learn(before.names, before.curl, &address, "a.example", PR_NAME_GIVEN, false, 60,
		       0);
	assert_int_equal(pr_names_save(before.names, 0, REAL_START, saved, sizeof(saved), &len), 0);
	assert_int_equal(pr_names_load(after.names, 0, REAL_START, saved, len), 0);
	assert_int_equal(pr_names_find(after.names, after.curl, &address, 0, candidates), 2);
	assert_false(candidates[0].alias);
	assert_string_equal(candidates[1].domain, "x.example");
	assert_true(candidates[1].alias);
	pr_names_learn(after.names, after.curl, &address, "x.example", PR_NAME_GIVEN, false, 60, 0);
	pr_names_learn(after.names, after.curl, &address, "x.example", PR_NAME_GIVEN, true, 60, 0);
	assert_int_equal(pr_names_find(after.names, after.curl, &address, 0, candidates), 2);
	assert_string_equal(candidates[0].domain, "x.example");
	assert_false(candidates[0].alias);
	teardown(&before);
	teardown(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_application_has_its_own),
		cmocka_unit_test(an_alias_is_known_for_one),
		cmocka_unit_test(all_candidates_are_kept_best_grade_and_newest_first),
		cmocka_unit_test(candidates_of_an_address_are_bounded),
		cmocka_unit_test(names_beyond_the_candidates),
		cmocka_unit_test(names_expire),
		cmocka_unit_test(hosts_are_replaced_whole),
		cmocka_unit_test(a_full_table_drops_what_expires_first),
		cmocka_unit_test(a_flood_of_one_application_leaves_the_others_alone),
		cmocka_unit_test(survive_a_restart),
		cmocka_unit_test(damaged_files_are_survived),
		cmocka_unit_test(a_clock_that_was_set_back_keeps_no_name_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
