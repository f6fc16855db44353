/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which hops are chosen, with which accounts, and what becomes of those that fail. Looks go to sockets of our own. */
#include "tunnel/ways.h"

#include "base/clock.h"
#include "unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND	 UINT64_C(1000000)
#define PATIENCE 500 /* turns of 10 ms */
#define RENEW_S	 600

struct world {
	struct event_base *base;
	struct pr_dialer *dialer;
	struct pr_carriers *carriers;
	struct pr_ways *ways;
	struct pr_tunnel_upstream upstreams[PR_TUNNEL_UPSTREAMS_MAX];
	unsigned int n;
	uint64_t now_us;
	int listener;
	uint16_t port;
	struct pr_way way;
	const char *why;
};

static int setup(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct world *world = pr_calloc(1, sizeof(*world));
	socklen_t len = sizeof(at);

	world->base = event_base_new();
	world->dialer = pr_dialer_new(world->base);
	world->carriers = pr_carriers_new(world->base, world->dialer);
	world->ways = pr_ways_new(world->base, world->dialer, world->carriers);
	world->now_us = pr_clock_monotonic_us();
	world->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(world->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(world->listener, (struct sockaddr *)&at, &len), 0);
	world->port = ntohs(at.sin_port);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	pr_ways_free(world->ways);
	pr_carriers_free(world->carriers);
	pr_dialer_free(world->dialer);
	event_base_free(world->base);
	close(world->listener);
	free(world);
	return 0;
}

static struct pr_tunnel_upstream *add(struct world *world, const char *id, enum pr_tunnel_kind kind)
{
	struct pr_tunnel_upstream *upstream = &world->upstreams[world->n++];

	*upstream = (struct pr_tunnel_upstream){ .id = id,
						 .kind = kind,
						 .renew_s = RENEW_S,
						 .host = "",
						 .user = "",
						 .password = "",
						 .udp = true,
						 .ca = "",
						 .interface = "" };
	if (kind == PR_TUNNEL_INTERFACE)
		upstream->interface = "lo";
	else if (kind < PR_TUNNEL_INTERFACE)
		upstream->host = "127.0.0.1";
	upstream->port = kind < PR_TUNNEL_INTERFACE ? world->port : 0;
	return upstream;
}

static struct pr_tunnel_upstream *add_of(struct world *world, const char *id,
					 enum pr_tunnel_kind kind, const char *members)
{
	struct pr_tunnel_upstream *upstream = add(world, id, kind);

	/* one letter a member */
	for (; *members; members++)
		for (unsigned int i = 0; i < world->n; i++)
			if (world->upstreams[i].id[0] == *members && !world->upstreams[i].id[1])
				upstream->members[upstream->n_members++] = world->upstreams[i].id;
	return upstream;
}

static void set(struct world *world)
{
	assert_int_equal(pr_ways_set(world->ways, world->upstreams, world->n), 0);
}

static enum pr_tunnel_outcome choose_for(struct world *world, const char *upstream,
					 const char *application, const char *domain, uint64_t link)
{
	world->why = NULL;
	return pr_ways_choose(world->ways, upstream, application, domain, link, false,
			      world->now_us, &world->way, &world->why);
}

static void choose(struct world *world, const char *upstream, const char *application)
{
	assert_int_equal(choose_for(world, upstream, application, "a.example", 1), PR_TUNNEL_OPEN);
}

/* The hops' ids, one letter each. */
static void assert_hops(const struct world *world, const char *ids)
{
	assert_int_equal(world->way.n_hops, strlen(ids));
	for (unsigned int i = 0; i < world->way.n_hops; i++)
		assert_int_equal(world->way.hops[i].upstream->id[0], ids[i]);
}

static bool opened(struct world *world, enum pr_tunnel_outcome outcome, unsigned int hop)
{
	return pr_ways_opened(world->ways, &world->way.mark, outcome, hop, 20000, "it failed",
			      world->now_us);
}

static struct pr_way_state state_of(const struct world *world, unsigned int n)
{
	struct pr_way_state state;

	assert_true(pr_ways_state(world->ways, n, &state));
	return state;
}

static void turn(struct world *world)
{
	const struct timeval soon = { .tv_usec = 10000 };

	event_base_loopexit(world->base, &soon);
	event_base_dispatch(world->base);
}

static int accept_one(struct world *world)
{
	int fd = -1;

	for (unsigned int i = 0; i < PATIENCE && fd < 0; i++) {
		turn(world);
		fd = accept(world->listener, NULL, NULL);
	}
	assert_true(fd >= 0);
	return fd;
}

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

/* ---- accounts ---- */

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
	assert_hops(world, "a");
}

static void fail_by(struct world *world, const char *upstream, unsigned int hop, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		choose(world, upstream, "app");
		opened(world, PR_TUNNEL_DOWN, hop);
	}
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

static bool unanswered(struct world *world, unsigned int hop)
{
	return pr_ways_unanswered(world->ways, &world->way.mark, hop, "it ended", world->now_us);
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
	world->now_us += 10 * SECOND;
	choose(world, "any", "app");
	assert_hops(world, "a");
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
	world->now_us += 10 * SECOND;
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

/* ---- looks ---- */

static void test_brought_back(void **state)
{
	struct world *world = *state;
	uint8_t greeting[8];
	int fd;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", PR_TUNNEL_SOCKS5);
	set(world);
	fail_by(world, "a", 0, PR_WAYS_FAILURES);
	assert_int_equal(choose_for(world, "a", "app", "", 1), PR_TUNNEL_DOWN);
	fd = accept_one(world);
	assert_int_equal(recv(fd, greeting, sizeof(greeting), 0), 4);
	assert_int_equal(send(fd, "\x05\x02", 2, 0), 2);
	for (unsigned int i = 0; i < PATIENCE && !state_of(world, 0).up; i++)
		turn(world);
	/* nothing else was said */
	assert_int_equal(recv(fd, greeting, sizeof(greeting), 0), 0);
	close(fd);
	/* it has to prove itself */
	fail_by(world, "a", 0, 1);
	assert_int_equal(choose_for(world, "a", "app", "", 1), PR_TUNNEL_DOWN);
}

/* At once; that decides. */
static void test_unanswered_is_looked_at(void **state)
{
	static const char silent[] = "it ends connections at once";
	struct world *world = *state;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", PR_TUNNEL_SOCKS5);
	set(world);
	choose(world, "a", "app");
	assert_false(unanswered(world, 0));
	close(accept_one(world));
	for (unsigned int i = 0; i < PATIENCE && strcmp(state_of(world, 0).why, silent) != 0; i++)
		turn(world);
	assert_string_equal(state_of(world, 0).why, silent);
	assert_true(state_of(world, 0).up);
	/* it counts as the first failure */
	fail_by(world, "a", 0, PR_WAYS_FAILURES - 1);
	assert_false(state_of(world, 0).up);
}

static void assert_not_back(struct world *world, enum pr_tunnel_kind kind, const char *why)
{
	int fd;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", kind);
	set(world);
	fail_by(world, "a", 0, PR_WAYS_FAILURES);
	fd = accept_one(world);
	assert_int_equal(send(fd, "220 mail.example\r\n", 18, 0), 18);
	for (unsigned int i = 0; i < PATIENCE && strcmp(state_of(world, 0).why, why) != 0; i++)
		turn(world);
	assert_string_equal(state_of(world, 0).why, why);
	assert_false(state_of(world, 0).up);
	close(fd);
}

static void test_nonsense_from_socks5(void **state)
{
	assert_not_back(*state, PR_TUNNEL_SOCKS5, "it does not speak SOCKS5");
}

static void test_nonsense_from_http(void **state)
{
	assert_not_back(*state, PR_TUNNEL_HTTP, "it does not speak HTTP");
}

static void test_nonsense_from_tls(void **state)
{
	assert_not_back(*state, PR_TUNNEL_CONNECT,
			"the handshake of TLS failed: wrong version number");
}

static void test_http_is_brought_back(void **state)
{
	struct world *world = *state;
	char request[100] = { 0 };
	int fd;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", PR_TUNNEL_HTTP);
	set(world);
	fail_by(world, "a", 0, PR_WAYS_FAILURES);
	fd = accept_one(world);
	turn(world);
	assert_true(recv(fd, request, sizeof(request) - 1, 0) > 0);
	assert_string_equal(request, "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n"
				     "Connection: close\r\n\r\n");
	assert_int_equal(send(fd, "HTTP/1.1 400 \r\n", 15, 0), 15);
	for (unsigned int i = 0; i < PATIENCE && !state_of(world, 0).up; i++)
		turn(world);
	assert_true(state_of(world, 0).up);
	close(fd);
}

static void test_interface_is_looked_at(void **state)
{
	struct world *world = *state;

	add(world, "a", PR_TUNNEL_INTERFACE);
	add(world, "b", PR_TUNNEL_INTERFACE)->interface = "nosuch0";
	set(world);
	fail_by(world, "a", 0, PR_WAYS_FAILURES);
	fail_by(world, "b", 0, PR_WAYS_FAILURES);
	for (unsigned int i = 0; i < PATIENCE && !state_of(world, 0).up; i++)
		turn(world);
	assert_true(state_of(world, 0).up);
	assert_false(state_of(world, 1).up);
	assert_string_equal(state_of(world, 1).why, "the interface nosuch0 is not there");
}

static void test_freed_while_it_looks(void **state)
{
	struct world *world = *state;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", PR_TUNNEL_SOCKS5);
	set(world);
	fail_by(world, "a", 0, PR_WAYS_FAILURES);
	close(accept_one(world));
	set(world);
	pr_ways_free(PR_TAKE_PTR(world->ways));
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unknown),
		TEST(test_wrong_members),
		TEST(test_what_stays_is_remembered),
		TEST(test_account_of_application),
		TEST(test_account_of_domain),
		TEST(test_account_of_link),
		TEST(test_no_account),
		TEST(test_shared),
		TEST(test_hops_of_a_chain_hear_different_accounts),
		TEST(test_more_are_kept_than_there_is_room_for),
		TEST(test_in_order),
		TEST(test_all_are_down),
		TEST(test_unanswered),
		TEST(test_unanswered_is_looked_at),
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
		TEST(test_brought_back),
		TEST(test_nonsense_from_socks5),
		TEST(test_nonsense_from_http),
		TEST(test_nonsense_from_tls),
		TEST(test_http_is_brought_back),
		TEST(test_interface_is_looked_at),
		TEST(test_freed_while_it_looks),
		TEST(test_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
