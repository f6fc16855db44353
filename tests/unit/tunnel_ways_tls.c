/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks at proxies that speak TLS: all of the handshake counts, and nothing more is said. */
#include "tunnel/ways.h"

#include "base/clock.h"
#include "unit.h"

#include "tunnel_far.h"

#include <string.h>

static struct pr_carriers *carriers;
static struct pr_ways *ways;

static int setup(void **state)
{
	struct event_base *base = far_setup();

	(void)state;
	tls_server = true;
	carriers = pr_carriers_new(base, NULL);
	ways = pr_ways_new(base, NULL, carriers);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pr_ways_free(ways);
	pr_carriers_free(carriers);
	far_teardown();
	return 0;
}

/* It goes down, and is looked at at once. */
static struct pr_way_state look(void)
{
	const struct pr_tunnel_upstream upstream = { .id = "office",
						     .kind = PR_TUNNEL_CONNECT,
						     .host = "proxy.example",
						     .port = 443,
						     .user = "",
						     .password = "",
						     .interface = "",
						     .ca = far_authority() };
	uint64_t now_us = pr_clock_monotonic_us();
	struct pr_way_state state;
	struct pr_way way;
	const char *why;

	assert_int_equal(pr_ways_set(ways, &upstream, 1), 0);
	for (unsigned int i = 0; i < PR_WAYS_FAILURES; i++) {
		assert_int_equal(
			pr_ways_choose(ways, "office", "app", "", 1, false, now_us, &way, &why),
			PR_TUNNEL_OPEN);
		pr_ways_opened(ways, &way.mark, PR_TUNNEL_DOWN, 0, 1, "it failed", now_us);
	}
	assert_true(pr_ways_state(ways, 0, &state));
	assert_false(state.up);
	run();
	assert_int_equal(n_fars, 1);
	assert_int_equal(fars[0]->n_in, 0);
	assert_true(pr_ways_state(ways, 0, &state));
	return state;
}

static void test_works(void **state)
{
	(void)state;
	far_certificate("DNS:proxy.example", false);
	assert_true(look().up);
}

static void test_another_name(void **state)
{
	struct pr_way_state got;

	(void)state;
	far_certificate("DNS:other.example", false);
	got = look();
	assert_false(got.up);
	assert_string_equal(got.why, "the certificate is of another name (expected proxy.example)");
}

static void test_expired(void **state)
{
	struct pr_way_state got;

	(void)state;
	far_certificate("DNS:proxy.example", true);
	got = look();
	assert_false(got.up);
	assert_string_equal(got.why, "the certificate has expired");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_works),
		TEST(test_another_name),
		TEST(test_expired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
