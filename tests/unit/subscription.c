/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the compiler tells the supervisor about lists: root opens what it names, so it is held against the rules again. */
#include "daemon/subscription.h"

#include "unit.h"

#include <string.h>

static const struct pr_source good = {
	.id = "ads",
	.url = "https://lists.example/ads",
	.file = "",
	.format = "hosts",
	.category = "advertising",
	.interval_s = 3600,
	.max_bytes = 1000,
};

static void arrives_as_it_was_sent(void **state)
{
	struct pr_subscription subscription;
	uint8_t body[1024];
	size_t len = pr_subscription_encode(false, &good, body, sizeof(body));

	(void)state;
	assert_int_equal(pr_subscription_decode(body, len, &subscription), 0);
	assert_false(subscription.geo);
	assert_string_equal(subscription.id, "ads");
	assert_string_equal(subscription.url, good.url);
	assert_string_equal(subscription.format, "hosts");
	assert_string_equal(subscription.category, "advertising");
	assert_int_equal(subscription.interval_s, 3600);
	assert_int_equal(subscription.max_bytes, 1000);
	assert_string_equal(pr_subscription_origin(&subscription), good.url);
	pr_subscription_done(&subscription);
}

static void refuses_what_nobody_may_write(void **state)
{
	struct pr_source bad[10];
	struct pr_subscription subscription;
	uint8_t body[1024];

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(bad); i++)
		bad[i] = good;
	bad[0].id = "..";
	bad[1].id = "a/b";
	bad[2].id = "";
	bad[3].id = "ads~new";
	bad[4].url = "file:///etc/shadow";
	bad[5].url = "";
	bad[6].file = "/both";
	bad[7].url = "";
	bad[7].file = "relative";
	bad[8].interval_s = 0;
	bad[9].id = "1234567890123456789012345678901234567890123456789012345678901234";
	for (size_t i = 0; i < PR_ARRAY_SIZE(bad); i++) {
		size_t len = pr_subscription_encode(false, &bad[i], body, sizeof(body));

		if (pr_subscription_decode(body, len, &subscription) != -EBADMSG)
			fail_msg("%zu is taken", i);
	}
	assert_int_equal(pr_subscription_decode((const uint8_t *)"\xff", 1, &subscription),
			 -EBADMSG);
}

static void an_id_comes_once(void **state)
{
	struct pr_subscriptions all = { 0 };
	struct pr_source other = good;
	uint8_t body[1024];
	size_t len = pr_subscription_encode(false, &good, body, sizeof(body));

	(void)state;
	assert_int_equal(pr_subscriptions_take(&all, body, len), 0);
	len = pr_subscription_encode(true, &good, body, sizeof(body));
	assert_int_equal(pr_subscriptions_take(&all, body, len), -EBADMSG);
	other.id = "other";
	len = pr_subscription_encode(true, &other, body, sizeof(body));
	assert_int_equal(pr_subscriptions_take(&all, body, len), 0);
	assert_int_equal(all.n, 2);
	assert_ptr_equal(pr_subscriptions_find(&all, "other"), &all.items[1]);
	assert_null(pr_subscriptions_find(&all, "third"));
	assert_false(pr_subscription_same(&all.items[0], &all.items[1]));
	pr_subscriptions_done(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrives_as_it_was_sent),
		cmocka_unit_test(refuses_what_nobody_may_write),
		cmocka_unit_test(an_id_comes_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
