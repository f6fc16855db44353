/* SPDX-License-Identifier: GPL-3.0-or-later */
/* With which accounts proxies are asked, and whose links share one. */
#include "tunnel_ways_world.h"

#include <string.h>

static void assert_account(struct world *world, const char *application, const char *domain,
			   uint64_t link, const char *user, bool same)
{
	assert_int_equal(choose_for(world, "a", application, domain, link), PR_TUNNEL_OPEN);
	assert_int_equal(strcmp(world->way.hops[0].user, user) == 0, same);
}

static void take_account(struct world *world, char user[40])
{
	assert_int_equal(choose_for(world, "a", "app", "a.example", 1), PR_TUNNEL_OPEN);
	snprintf(user, 40, "%s", world->way.hops[0].user);
	assert_int_equal(strlen(user), 32);
	assert_int_equal(strlen(world->way.hops[0].password), 32);
	assert_string_not_equal(user, world->way.hops[0].password);
	assert_string_not_equal(user, world->way.hops[0].shared);
}

static void test_account_of_application(void **state)
{
	struct world *world = *state;
	char user[40];

	add(world, "a", PR_TUNNEL_SOCKS5);
	set(world);
	take_account(world, user);
	assert_account(world, "app", "b.example", 2, user, true);
	assert_account(world, "other", "a.example", 1, user, false);
	world->now_us += RENEW_S * SECOND - 1;
	assert_account(world, "app", "a.example", 1, user, true);
	world->now_us += 1;
	assert_account(world, "app", "a.example", 1, user, false);
}

static void test_account_of_domain(void **state)
{
	struct world *world = *state;
	char user[40];

	add(world, "a", PR_TUNNEL_SOCKS5)->isolate = PR_TUNNEL_PER_DOMAIN;
	set(world);
	take_account(world, user);
	assert_account(world, "app", "a.example", 2, user, true);
	assert_account(world, "app", "b.example", 1, user, false);
	assert_account(world, "other", "a.example", 1, user, false);
	/* neither text runs into the other */
	assert_account(world, "pp", "a.examplea", 1, user, false);
}

static void test_account_of_link(void **state)
{
	struct world *world = *state;
	char user[40];

	add(world, "a", PR_TUNNEL_SOCKS5)->isolate = PR_TUNNEL_PER_LINK;
	set(world);
	take_account(world, user);
	assert_account(world, "app", "a.example", 2, user, false);
	assert_account(world, "app", "a.example", 1, user, true);
}

static void test_no_account(void **state)
{
	struct world *world = *state;
	struct pr_tunnel_upstream *own;

	add(world, "a", PR_TUNNEL_SOCKS5)->isolate = PR_TUNNEL_SHARED;
	own = add(world, "b", PR_TUNNEL_SOCKS5);
	own->user = "me";
	own->password = "secret";
	add(world, "c", PR_TUNNEL_CONNECT);
	set(world);
	choose(world, "a", "app");
	assert_string_equal(world->way.hops[0].user, "");
	assert_string_equal(world->way.hops[0].password, "");
	choose(world, "b", "app");
	assert_string_equal(world->way.hops[0].user, "me");
	assert_string_equal(world->way.hops[0].password, "secret");
	assert_false(world->way.hops[0].made_up);
	choose(world, "c", "app");
	assert_string_equal(world->way.hops[0].user, "");
}

static void test_shared(void **state)
{
	struct world *world = *state;
	char shared[40];

	add(world, "a", PR_TUNNEL_CONNECT);
	set(world);
	choose(world, "a", "app");
	snprintf(shared, sizeof(shared), "%s", world->way.hops[0].shared);
	choose(world, "a", "app");
	assert_string_equal(world->way.hops[0].shared, shared);
	choose(world, "a", "other");
	assert_string_not_equal(world->way.hops[0].shared, shared);
}

static void test_hops_of_a_chain_hear_different_accounts(void **state)
{
	struct world *world = *state;

	add(world, "a", PR_TUNNEL_SOCKS5);
	add(world, "b", PR_TUNNEL_SOCKS5);
	add_of(world, "chain", PR_TUNNEL_CHAIN, "ab");
	set(world);
	choose(world, "chain", "app");
	assert_hops(world, "ab");
	assert_string_not_equal(world->way.hops[0].user, world->way.hops[1].user);
	assert_true(world->way.hops[0].made_up && world->way.hops[1].made_up);
}

static void test_more_are_kept_than_there_is_room_for(void **state)
{
	struct world *world = *state;
	char user[40], application[24];

	add(world, "a", PR_TUNNEL_SOCKS5);
	set(world);
	take_account(world, user);
	for (unsigned int i = 0; i < PR_WAYS_KEPT_MAX - 1; i++) {
		snprintf(application, sizeof(application), "app%u", i);
		choose(world, "a", application);
	}
	assert_account(world, "app", "", 1, user, true);
	for (unsigned int i = 0; i < PR_WAYS_KEPT_MAX; i++) {
		snprintf(application, sizeof(application), "more%u", i);
		choose(world, "a", application);
	}
	assert_account(world, "app", "", 1, user, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_account_of_application),
		TEST(test_account_of_domain),
		TEST(test_account_of_link),
		TEST(test_no_account),
		TEST(test_shared),
		TEST(test_hops_of_a_chain_hear_different_accounts),
		TEST(test_more_are_kept_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
