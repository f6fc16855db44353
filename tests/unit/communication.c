/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/communication.h"

#include "unit.h"

#include <stdio.h>

static struct pr_applications *applications;
static struct pr_texts texts;
static unsigned int n_forgotten;

static void forgotten(void *context, struct pr_communication *communication)
{
	(void)context;
	assert_true(communication->id != 0);
	n_forgotten++;
}

static struct pr_communications *setup(uint32_t n_max)
{
	n_forgotten = 0;
	applications = pr_applications_new(0);
	pr_texts_init(&texts, 1000, 1 << 20);
	return pr_communications_new(applications, &texts, n_max, forgotten, NULL);
}

static void teardown(struct pr_communications *communications)
{
	pr_communications_free(communications);
	assert_int_equal(texts.index.n_used, 0);
	assert_int_equal(pr_applications_n(applications), 0);
	pr_texts_done(&texts);
	pr_applications_free(applications);
}

static void an_entity_is_a_domain_or_a_direction_and_a_scope(void **state)
{
	struct pr_communications *table = setup(0);
	uint32_t app = pr_applications_hold(applications, "path:/usr/bin/curl");
	struct pr_communication *domain, *peers, *incoming;

	(void)state;
	domain = pr_communications_get(table, app, "example.com", PR_DIRECTION_OUT,
				       PR_SCOPE_INTERNET, 1);
	peers = pr_communications_get(table, app, NULL, PR_DIRECTION_OUT, PR_SCOPE_INTERNET, 2);
	incoming = pr_communications_get(table, app, NULL, PR_DIRECTION_IN, PR_SCOPE_INTERNET, 3);
	assert_true(domain != peers && peers != incoming);
	assert_ptr_not_equal(
		pr_communications_get(table, app, NULL, PR_DIRECTION_OUT, PR_SCOPE_LAN, 4), peers);
	/* One name, whatever its addresses. */
	assert_ptr_equal(
		pr_communications_get(table, app, "example.com", PR_DIRECTION_OUT, PR_SCOPE_LAN, 5),
		domain);
	assert_ptr_not_equal(pr_communications_get(table, PR_APPLICATION_OTHERS, "example.com",
						   PR_DIRECTION_OUT, PR_SCOPE_INTERNET, 6),
			     domain);
	assert_string_equal(pr_communication_domain(table, domain), "example.com");
	assert_null(pr_communication_domain(table, peers));
	assert_ptr_equal(pr_communications_by_id(table, peers->id), peers);
	assert_null(pr_communications_by_id(table, 0));
	assert_null(pr_communications_by_id(table, peers->id + 12345));
	assert_int_equal(domain->last_us, 5);
	pr_applications_release(applications, app);
	teardown(table);
}

static void looking_makes_none(void **state)
{
	struct pr_communications *table = setup(0);
	struct pr_communications_counters counters;

	(void)state;
	assert_null(pr_communications_find(table, 1, "example.com", PR_DIRECTION_OUT, 0));
	assert_null(pr_communications_find(table, 1, NULL, PR_DIRECTION_OUT, PR_SCOPE_LAN));
	pr_communications_counters(table, &counters);
	assert_int_equal(counters.n, 0);
	teardown(table);
}

static struct pr_communication *numbered(struct pr_communications *table, unsigned int i)
{
	char domain[32];

	snprintf(domain, sizeof(domain), "n%u.example", i);
	return pr_communications_get(table, 1, domain, PR_DIRECTION_OUT, PR_SCOPE_INTERNET, i);
}

static void a_full_table_forgets_the_one_idle_longest(void **state)
{
	struct pr_communications *table = setup(3);
	struct pr_communication *held;
	uint64_t second_id;

	(void)state;
	held = numbered(table, 0);
	pr_communication_hold(table, held, 0);
	second_id = numbered(table, 1)->id;
	(void)numbered(table, 2);
	(void)numbered(table, 1); /* used again: 2 is older now */
	(void)numbered(table, 3);
	assert_int_equal(n_forgotten, 1);
	assert_non_null(pr_communications_by_id(table, second_id));
	assert_ptr_equal(numbered(table, 0), held);
	assert_null(pr_communications_find(table, 1, "n2.example", PR_DIRECTION_OUT, 0));
	teardown(table);
	assert_int_equal(n_forgotten, 4);
}

static void where_all_are_held_none_is_made(void **state)
{
	struct pr_communications *table = setup(2);
	struct pr_communications_counters counters;
	struct pr_communication *first = numbered(table, 0);

	(void)state;
	pr_communication_hold(table, first, 0);
	pr_communication_hold(table, first, 0);
	pr_communication_hold(table, numbered(table, 1), 0);
	assert_null(numbered(table, 2));
	pr_communication_release(table, first, 0);
	assert_null(numbered(table, 2));
	pr_communication_release(table, first, 0);
	assert_non_null(numbered(table, 2));
	pr_communications_counters(table, &counters);
	assert_int_equal(counters.refused, 2);
	assert_int_equal(counters.evicted, 1);
	teardown(table);
}

static void all_can_be_walked(void **state)
{
	struct pr_communications *table = setup(0);
	struct pr_communication *communication;
	uint32_t cursor = 0;
	unsigned int n = 0;

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		(void)numbered(table, i);
	while ((communication = pr_communications_next(table, &cursor))) {
		assert_ptr_equal(pr_communications_by_id(table, communication->id), communication);
		n++;
	}
	assert_int_equal(n, 100);
	teardown(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entity_is_a_domain_or_a_direction_and_a_scope),
		cmocka_unit_test(looking_makes_none),
		cmocka_unit_test(a_full_table_forgets_the_one_idle_longest),
		cmocka_unit_test(where_all_are_held_none_is_made),
		cmocka_unit_test(all_can_be_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
