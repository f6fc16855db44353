/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which hops are chosen, and what becomes of those that fail. */
#include "tunnel_ways_world.h"

#include <string.h>

/* ---- upstreams ---- */

static void test_unknown(void **state)
{
	struct world *world = *state;

	assert_int_equal(choose_for(world, "none", "app", "", 1), PR_TUNNEL_DOWN);
	assert_string_equal(world->why, "there is no tunnel_upstream none");
}

static void test_wrong_members(void **state)
{
	struct world *world = *state;

	add(world, "a", PR_TUNNEL_SOCKS5);
	set(world);
	add_of(world, "s", PR_TUNNEL_SET, "a")->members[0] = "z";
	assert_int_equal(pr_ways_set(world->ways, world->upstreams, world->n), -EINVAL);
	world->upstreams[1].members[0] = "s";
	assert_int_equal(pr_ways_set(world->ways, world->upstreams, world->n), -EINVAL);
	world->upstreams[1] = world->upstreams[0]; /* twice */
	assert_int_equal(pr_ways_set(world->ways, world->upstreams, world->n), -EINVAL);
	choose(world, "a", "app"); /* as it was */
}

static void test_what_stays_is_remembered(void **state)
{
	struct world *world = *state;
	char user[40];

	add(world, "a", PR_TUNNEL_SOCKS5);
	set(world);
	choose(world, "a", "app");
	snprintf(user, sizeof(user), "%s", world->way.hops[0].user);
	opened(world, PR_TUNNEL_OPEN, 0);
	choose(world, "a", "app");
	add(world, "b", PR_TUNNEL_HTTP);
	set(world);
	opened(world, PR_TUNNEL_OPEN, 0); /* of before */
	choose(world, "a", "app");
	assert_string_equal(world->way.hops[0].user, user);
	assert_int_equal(state_of(world, 0).opened, 1);
	world->upstreams[0].port++;
	set(world);
	choose(world, "a", "app");
	assert_string_not_equal(world->way.hops[0].user, user);
	assert_int_equal(state_of(world, 0).opened, 0);
}

/* As when the nameservers that come with them are others: links that are on their way count. */
static void test_told_again(void **state)
{
	struct world *world = *state;

	add(world, "a", PR_TUNNEL_SOCKS5);
	set(world);
	choose(world, "a", "app");
	set(world);
	opened(world, PR_TUNNEL_OPEN, 0);
	assert_int_equal(state_of(world, 0).opened, 1);
}

/* ---- sets ---- */

static void three(struct world *world)
{
	add(world, "a", PR_TUNNEL_HTTP);
	add(world, "b", PR_TUNNEL_HTTP);
	add(world, "c", PR_TUNNEL_HTTP);
}

static void test_in_order(void **state)
{
	struct world *world = *state;

	three(world);
	add_of(world, "any", PR_TUNNEL_SET, "abc");
	set(world);
	choose(world, "any", "app");
	assert_hops(world, "a");
	assert_true(opened(world, PR_TUNNEL_DOWN, 0));
	choose(world, "any", "app");
	assert_hops(world, "b");
	assert_false(opened(world, PR_TUNNEL_OPEN, 0));
	world->now_us += 10 * SECOND;
	choose(world, "any", "app");
	assert_hops(world, "b");
	world->now_us += 60 * SECOND; /* nothing tells how it is */
	choose(world, "any", "app");
	assert_hops(world, "a");
}

static void test_all_are_down(void **state)
{
	struct world *world = *state;

	three(world);
	add_of(world, "any", PR_TUNNEL_SET, "abc");
	set(world);
	fail_by(world, "any", 0, 3 * PR_WAYS_FAILURES);
	assert_int_equal(choose_for(world, "any", "app", "", 1), PR_TUNNEL_DOWN);
	assert_string_equal(world->why, "any is down: it failed");
	assert_int_equal(choose_for(world, "b", "app", "", 1), PR_TUNNEL_DOWN);
	assert_string_equal(world->why, "b is down: it failed");
	assert_false(state_of(world, 1).up);
	assert_false(state_of(world, 3).up);
	assert_int_equal(state_of(world, 3).failed, 3 * PR_WAYS_FAILURES);
}

/* Another member is taken for it; none is ever down by it. */
static void test_unanswered(void **state)
{
	struct world *world = *state;

	three(world);
	add_of(world, "any", PR_TUNNEL_SET, "ab");
	add_of(world, "chain", PR_TUNNEL_CHAIN, "bc");
	set(world);
	choose(world, "any", "app");
	assert_hops(world, "a");
	assert_true(unanswered(world, 0));
	choose(world, "any", "app");
	assert_hops(world, "b");
	assert_false(unanswered(world, 0));
	for (unsigned int i = 0; i < 3 * PR_WAYS_FAILURES; i++) {
		choose(world, "a", "app");
		assert_false(unanswered(world, 0));
		choose(world, "chain", "app");
		assert_false(unanswered(world, 1));
	}
	for (unsigned int i = 0; i < 5; i++)
		assert_true(state_of(world, i).up);
	assert_int_equal(state_of(world, 0).failed, 1 + 3 * PR_WAYS_FAILURES);
	assert_string_equal(state_of(world, 0).why, "it ended");
	world->now_us += 60 * SECOND;
	choose(world, "any", "app");
	assert_hops(world, "a");
}

/* One failure is no more than that, and shown. */
static void test_failing(void **state)
{
	struct world *world = *state;
	struct pr_way_state got;

	three(world);
	add_of(world, "any", PR_TUNNEL_SET, "ab");
	set(world);
	fail_by(world, "a", 0, 1);
	got = state_of(world, 0);
	assert_true(got.up && got.failing);
	assert_int_equal(got.since_us, world->now_us);
	assert_string_equal(got.why, "it failed");
	assert_false(state_of(world, 3).failing);
	fail_by(world, "b", 0, 1);
	got = state_of(world, 3);
	assert_true(got.up && got.failing);
	assert_int_equal(got.since_us, world->now_us);
	choose(world, "a", "app");
	opened(world, PR_TUNNEL_OPEN, 0);
	got = state_of(world, 0);
	assert_true(got.up && !got.failing);
	assert_int_equal(got.since_us, 0);
}

static void test_destinations_do_not_count(void **state)
{
	static const enum pr_tunnel_outcome outcomes[] = { PR_TUNNEL_REFUSED, PR_TUNNEL_UNREACHABLE,
							   PR_TUNNEL_TIMED_OUT,
							   PR_TUNNEL_FORBIDDEN };
	struct world *world = *state;

	three(world);
	add_of(world, "any", PR_TUNNEL_SET, "abc");
	set(world);
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(outcomes) * PR_WAYS_FAILURES; i++) {
		choose(world, "any", "app");
		assert_hops(world, "a");
		assert_false(opened(world, outcomes[i / PR_WAYS_FAILURES], 0));
	}
	assert_true(state_of(world, 0).up);
	assert_int_equal(state_of(world, 0).failed, 0);
}

static void test_success_ends_a_row(void **state)
{
	struct world *world = *state;

	three(world);
	set(world);
	for (unsigned int i = 0; i < 4; i++) {
		fail_by(world, "a", 0, PR_WAYS_FAILURES - 1);
		choose(world, "a", "app");
		opened(world, PR_TUNNEL_REFUSED, 0);
	}
	choose(world, "a", "app");
}

static void test_at_random(void **state)
{
	struct world *world = *state;
	unsigned int n[3] = { 0 };
	char application[24], id;

	three(world);
	add_of(world, "any", PR_TUNNEL_SET, "abc")->choose = PR_TUNNEL_AT_RANDOM;
	set(world);
	for (unsigned int i = 0; i < 300; i++) {
		snprintf(application, sizeof(application), "app%u", i);
		choose(world, "any", application);
		id = world->way.hops[0].upstream->id[0];
		n[id - 'a']++;
		for (unsigned int j = 0; j < 5; j++) {
			choose(world, "any", application);
			assert_int_equal(world->way.hops[0].upstream->id[0], id);
		}
	}
	for (unsigned int i = 0; i < 3; i++)
		assert_in_range(n[i], 50, 150);
}

static void test_chosen_anew_in_time(void **state)
{
	struct world *world = *state;
	unsigned int n_other = 0;

	three(world);
	add_of(world, "any", PR_TUNNEL_SET, "abc")->choose = PR_TUNNEL_AT_RANDOM;
	set(world);
	for (unsigned int i = 0; i < 60; i++) {
		char id = world->way.n_hops ? world->way.hops[0].upstream->id[0] : 0;

		choose(world, "any", "app");
		n_other += world->way.hops[0].upstream->id[0] != id;
		world->now_us += RENEW_S * SECOND;
	}
	assert_in_range(n_other, 20, 59);
}

static void test_by_latency(void **state)
{
	static const uint32_t took_us[] = { 30000, 10000, 20000 };
	static const char *const ids[] = { "a", "b", "c" };
	struct world *world = *state;

	three(world);
	add_of(world, "any", PR_TUNNEL_SET, "abc")->choose = PR_TUNNEL_BY_LATENCY;
	set(world);
	for (unsigned int i = 0; i < 3; i++) {
		choose(world, ids[i], "app");
		pr_ways_opened(world->ways, &world->way.mark, PR_TUNNEL_OPEN, 0, took_us[i], "",
			       world->now_us);
	}
	choose(world, "any", "app");
	assert_hops(world, "b");
	opened(world, PR_TUNNEL_DOWN, 0);
	choose(world, "any", "app");
	assert_hops(world, "c");
	/* what was chosen is kept */
	world->now_us += 60 * SECOND;
	choose(world, "any", "app");
	assert_hops(world, "c");
	choose(world, "any", "other");
	assert_hops(world, "b");
	assert_int_equal(state_of(world, 0).latency_us, 30000);
}

static void test_datagrams(void **state)
{
	struct world *world = *state;

	add(world, "a", PR_TUNNEL_CONNECT);
	add(world, "b", PR_TUNNEL_SOCKS5)->udp = false;
	add(world, "c", PR_TUNNEL_SOCKS5);
	add(world, "d", PR_TUNNEL_INTERFACE);
	add_of(world, "none", PR_TUNNEL_SET, "ab");
	add_of(world, "any", PR_TUNNEL_SET, "abcd");
	add_of(world, "chain", PR_TUNNEL_CHAIN, "cc");
	set(world);
	assert_int_equal(pr_ways_choose(world->ways, "any", "app", "", 1, true, world->now_us,
					&world->way, &world->why),
			 PR_TUNNEL_OPEN);
	assert_hops(world, "c");
	assert_int_equal(pr_ways_choose(world->ways, "d", "app", "", 1, true, world->now_us,
					&world->way, &world->why),
			 PR_TUNNEL_OPEN);
	assert_int_equal(pr_ways_choose(world->ways, "none", "app", "", 1, true, world->now_us,
					&world->way, &world->why),
			 PR_TUNNEL_UNSUPPORTED);
	assert_string_equal(world->why, "none does not carry datagrams");
	assert_int_equal(pr_ways_choose(world->ways, "chain", "app", "", 1, true, world->now_us,
					&world->way, &world->why),
			 PR_TUNNEL_UNSUPPORTED);
}

/* ---- chains ---- */

static void test_no_hop_stands_twice(void **state)
{
	struct world *world = *state;
	char application[24];

	three(world);
	add_of(world, "s", PR_TUNNEL_SET, "abc")->choose = PR_TUNNEL_AT_RANDOM;
	add_of(world, "t", PR_TUNNEL_SET, "ab")->choose = PR_TUNNEL_AT_RANDOM;
	add_of(world, "three", PR_TUNNEL_CHAIN, "sss");
	add_of(world, "back", PR_TUNNEL_CHAIN, "sta");
	add_of(world, "four", PR_TUNNEL_CHAIN, "ssss");
	set(world);
	for (unsigned int i = 0; i < 50; i++) {
		snprintf(application, sizeof(application), "app%u", i);
		choose(world, "three", application);
		assert_int_equal(world->way.n_hops, 3);
		assert_ptr_not_equal(world->way.hops[0].upstream, world->way.hops[1].upstream);
		assert_ptr_not_equal(world->way.hops[1].upstream, world->way.hops[2].upstream);
		assert_ptr_not_equal(world->way.hops[0].upstream, world->way.hops[2].upstream);
		choose(world, "back", application);
		assert_hops(world, "cba");
	}
	assert_int_equal(choose_for(world, "four", "app", "", 1), PR_TUNNEL_DOWN);
	assert_string_equal(world->why, "no way through four works now");
}

static void test_chain_is_kept(void **state)
{
	struct world *world = *state;
	uint8_t hops[3];

	three(world);
	add_of(world, "s", PR_TUNNEL_SET, "abc")->choose = PR_TUNNEL_AT_RANDOM;
	add_of(world, "three", PR_TUNNEL_CHAIN, "sss");
	set(world);
	choose(world, "three", "app");
	memcpy(hops, world->way.mark.hops, sizeof(hops));
	for (unsigned int i = 0; i < 20; i++) {
		choose(world, "three", "app");
		assert_memory_equal(hops, world->way.mark.hops, sizeof(hops));
	}
}

/* Who stands behind another is left alone by this host, and tried by a link now and then. */
static void test_hop_behind_another(void **state)
{
	struct world *world = *state;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", PR_TUNNEL_INTERFACE);
	add(world, "b", PR_TUNNEL_SOCKS5);
	add_of(world, "chain", PR_TUNNEL_CHAIN, "ab");
	set(world);
	fail_by(world, "chain", 1, PR_WAYS_FAILURES);
	assert_int_equal(choose_for(world, "chain", "app", "", 1), PR_TUNNEL_DOWN);
	assert_false(state_of(world, 1).up);
	assert_true(state_of(world, 0).up);
	turn(world);
	assert_int_equal(accept(world->listener, NULL, NULL), -1);
	choose(world, "b", "app"); /* as a first hop nothing is known of it */
	world->now_us += 2 * SECOND;
	choose(world, "chain", "app");
	assert_int_equal(choose_for(world, "chain", "app", "", 2), PR_TUNNEL_DOWN);
	pr_ways_opened(world->ways, &world->way.mark, PR_TUNNEL_OPEN, 0, 1, "", world->now_us);
	world->now_us += 4 * SECOND;
	choose(world, "chain", "app");
	opened(world, PR_TUNNEL_OPEN, 0);
	choose(world, "chain", "app");
	choose(world, "chain", "app");
}

static void test_set_of_chains(void **state)
{
	struct world *world = *state;

	three(world);
	add_of(world, "x", PR_TUNNEL_CHAIN, "ab");
	add_of(world, "y", PR_TUNNEL_CHAIN, "ac");
	add_of(world, "any", PR_TUNNEL_SET, "xy");
	set(world);
	choose(world, "any", "app");
	assert_hops(world, "ab");
	assert_true(opened(world, PR_TUNNEL_DOWN, 1));
	choose(world, "any", "app");
	assert_hops(world, "ac");
	opened(world, PR_TUNNEL_OPEN, 0);
	assert_int_equal(state_of(world, 4).opened, 1);
	assert_int_equal(state_of(world, 5).opened, 1);
	assert_int_equal(state_of(world, 5).failed, 1);
	assert_int_equal(state_of(world, 0).opened, 1);
	assert_int_equal(state_of(world, 1).failed, 1);
}

static void test_state(void **state)
{
	struct world *world = *state;
	struct pr_way_state got;

	add(world, "a", PR_TUNNEL_CONNECT);
	set(world);
	got = state_of(world, 0);
	assert_string_equal(got.upstream, "a");
	assert_true(got.up);
	assert_false(got.known);
	choose(world, "a", "app");
	opened(world, PR_TUNNEL_OPEN, 0);
	got = state_of(world, 0);
	assert_true(got.known);
	assert_int_equal(got.latency_us, 20000);
	assert_int_equal(got.opened, 1);
	assert_false(pr_ways_state(world->ways, 1, &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unknown),
		TEST(test_wrong_members),
		TEST(test_what_stays_is_remembered),
		TEST(test_told_again),
		TEST(test_in_order),
		TEST(test_all_are_down),
		TEST(test_unanswered),
		TEST(test_failing),
		TEST(test_destinations_do_not_count),
		TEST(test_success_ends_a_row),
		TEST(test_at_random),
		TEST(test_chosen_anew_in_time),
		TEST(test_by_latency),
		TEST(test_datagrams),
		TEST(test_no_hop_stands_twice),
		TEST(test_chain_is_kept),
		TEST(test_hop_behind_another),
		TEST(test_set_of_chains),
		TEST(test_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
