/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The resolver's half of asking providers, under a fake clock and before a fake network. */
#include "resolver/providers.h"

#include "unit.h"

#include <string.h>

#define MS_US	 UINT64_C(1000)
#define S_US	 (1000 * MS_US)
#define SEEN_MAX 128

static struct {
	struct pr_providers *providers;
	bool unsendable;
	unsigned int n_sent, n_cancelled, n_answers;
	struct {
		uint64_t number;
		unsigned int provider;
		char text[PR_NAME_TEXT_SIZE];
	} sent[SEEN_MAX];
	struct {
		uint64_t ticket;
		struct pr_provider_result result;
	} answers[SEEN_MAX];
} fake;

static bool send_it(void *context, unsigned int provider, uint64_t number,
		    const struct pr_inquiry *inquiry)
{
	(void)context;
	if (fake.unsendable)
		return false;
	assert_true(fake.n_sent < SEEN_MAX);
	fake.sent[fake.n_sent].number = number;
	fake.sent[fake.n_sent].provider = provider;
	pr_inquiry_text(inquiry, fake.sent[fake.n_sent++].text);
	return true;
}

static void cancel(void *context, unsigned int provider, uint64_t number)
{
	(void)context;
	(void)provider;
	(void)number;
	fake.n_cancelled++;
}

static void answer(void *context, uint64_t ticket, unsigned int provider,
		   const struct pr_inquiry *inquiry, const struct pr_provider_result *result)
{
	(void)context;
	(void)provider;
	assert_true(inquiry->domain || inquiry->address.family);
	assert_true(fake.n_answers < SEEN_MAX);
	fake.answers[fake.n_answers].ticket = ticket;
	fake.answers[fake.n_answers++].result = *result;
}

static const char http[] = "id=rep\ntype=1\nasks=1\ndeadline_ms=300\ncache_least_s=60\n"
			   "cache_most_s=600\nurl=https://rep.example/{entity}\n";
static const char list[] = "id=dbl\ntype=0\nasks=1\ndeadline_ms=300\ncache_least_s=0\n"
			   "cache_most_s=600\nzone=dbl.example\ntest_points=1\n";

static int set_up(void **state)
{
	const struct pr_providers_ports ports = { NULL, send_it, cancel, answer };

	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.providers = pr_providers_new(&ports);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pr_providers_free(fake.providers);
	return 0;
}

static void configure(const char *text)
{
	assert_int_equal(pr_providers_set(fake.providers, &text, 1), 0);
	pr_providers_tick(fake.providers, S_US);
}

static void ask(uint64_t now_us, uint64_t ticket, const char *domain)
{
	const struct pr_inquiry inquiry = { .domain = domain };

	pr_providers_ask(fake.providers, now_us, ticket, 0, &inquiry);
}

static void come(uint64_t now_us, unsigned int request, enum pr_provider_status status)
{
	const struct pr_provider_result result = { .status = status, .ttl_s = 5 };

	pr_providers_result(fake.providers, now_us, fake.sent[request].number, &result);
}

static const char *state_of(void)
{
	return pr_providers_state(fake.providers, 0).state;
}

static enum pr_provider_status last_status(void)
{
	return fake.answers[fake.n_answers - 1].result.status;
}

static void one_request_for_all_who_ask(void **state)
{
	(void)state;
	configure(http);
	ask(S_US, 1, "a.example");
	ask(S_US + 10 * MS_US, 2, "a.example");
	ask(S_US + 10 * MS_US, 3, "b.example");
	assert_int_equal(fake.n_sent, 2);
	come(S_US + 20 * MS_US, 0, PR_PROVIDER_LISTED);
	assert_int_equal(fake.n_answers, 2);
	assert_int_equal(fake.answers[0].ticket, 1);
	assert_int_equal(fake.answers[1].ticket, 2);
	assert_int_equal(last_status(), PR_PROVIDER_LISTED);
	/* within the bounds of the configuration, whatever it says */
	assert_int_equal(fake.answers[1].result.ttl_s, 60);
	/* an answer comes once */
	come(S_US + 20 * MS_US, 0, PR_PROVIDER_LISTED);
	assert_int_equal(fake.n_answers, 2);
	assert_int_equal(pr_providers_state(fake.providers, 0).counters.last_us, 20 * MS_US);
	assert_int_equal(pr_providers_state(fake.providers, 0).counters.shared, 1);
}

static void nobody_waits_longer_than_the_deadline(void **state)
{
	(void)state;
	configure(http);
	ask(S_US, 1, "a.example");
	assert_int_equal(pr_providers_tick(fake.providers, S_US), S_US + 300 * MS_US);
	pr_providers_tick(fake.providers, S_US + 300 * MS_US);
	assert_int_equal(fake.n_answers, 1);
	assert_int_equal(last_status(), PR_PROVIDER_LATE);
	/* whoever asks now is not made to wait, and it is not asked twice */
	ask(S_US + 400 * MS_US, 2, "a.example");
	assert_int_equal(fake.n_sent, 1);
	assert_int_equal(fake.answers[1].ticket, 2);
	assert_int_equal(last_status(), PR_PROVIDER_LATE);
	/* what comes at last goes to nobody in particular */
	come(S_US + 500 * MS_US, 0, PR_PROVIDER_LISTED);
	assert_int_equal(fake.n_answers, 3);
	assert_int_equal(fake.answers[2].ticket, 0);
	assert_int_equal(last_status(), PR_PROVIDER_LISTED);
	/* and one that never comes is given up */
	ask(2 * S_US, 3, "b.example");
	pr_providers_tick(fake.providers, 2 * S_US + PR_PROVIDER_GIVE_UP_MS * MS_US);
	assert_int_equal(fake.n_cancelled, 1);
	come(9 * S_US, 1, PR_PROVIDER_LISTED);
	assert_int_equal(fake.n_answers, 4);
	assert_int_equal(last_status(), PR_PROVIDER_LATE);
}

static void the_breaker_opens_and_closes(void **state)
{
	uint64_t now_us = S_US;

	(void)state;
	configure(http);
	for (unsigned int i = 0; i < PR_BREAKER_FAILURES; i++) {
		char name[20];

		assert_string_equal(state_of(), "well");
		snprintf(name, sizeof(name), "%u.example", i);
		ask(now_us, i + 1, name);
		come(now_us, i, PR_PROVIDER_FAILED);
	}
	assert_string_equal(state_of(), "open");
	/* not asked, and answered at once */
	ask(now_us, 10, "x.example");
	assert_int_equal(fake.n_sent, PR_BREAKER_FAILURES);
	assert_int_equal(last_status(), PR_PROVIDER_UNAVAILABLE);
	/* then one tries it, and only one */
	now_us += PR_BREAKER_LEAST_MS * MS_US;
	ask(now_us, 11, "x.example");
	ask(now_us, 12, "y.example");
	assert_int_equal(fake.n_sent, PR_BREAKER_FAILURES + 1);
	assert_string_equal(state_of(), "half-open");
	assert_int_equal(last_status(), PR_PROVIDER_UNAVAILABLE);
	/* in vain: twice as long */
	pr_providers_tick(fake.providers, now_us + 300 * MS_US);
	assert_string_equal(state_of(), "open");
	assert_int_equal(pr_providers_state(fake.providers, 0).open_ms, 2 * PR_BREAKER_LEAST_MS);
	/* the late answer of one that was on its way proves nothing */
	come(now_us + 400 * MS_US, PR_BREAKER_FAILURES, PR_PROVIDER_LISTED);
	assert_string_equal(state_of(), "open");
	now_us += 300 * MS_US + 2 * PR_BREAKER_LEAST_MS * MS_US;
	ask(now_us, 13, "z.example");
	come(now_us, PR_BREAKER_FAILURES + 1, PR_PROVIDER_NOT_LISTED);
	assert_string_equal(state_of(), "well");
	assert_int_equal(pr_providers_state(fake.providers, 0).n_opened, 1);
	/* the times don't grow without end */
	for (unsigned int i = 0; i < 20; i++) {
		struct pr_breaker breaker = { .open_ms = PR_BREAKER_LEAST_MS << (i % 10) };

		pr_breaker_trip(&breaker, 0);
		assert_true(breaker.open_ms <= PR_BREAKER_MOST_MS);
	}
}

static void a_failure_now_and_then_is_none(void **state)
{
	(void)state;
	configure(http);
	for (unsigned int i = 0; i < 20; i++) {
		ask(S_US, i + 1, "a.example");
		come(S_US, i, i % PR_BREAKER_FAILURES ? PR_PROVIDER_FAILED : PR_PROVIDER_LISTED);
	}
	assert_string_equal(state_of(), "well");
}

static void test_points_come_first(void **state)
{
	(void)state;
	configure(list);
	assert_string_equal(state_of(), "checking");
	assert_int_equal(fake.n_sent, 2);
	assert_string_equal(fake.sent[0].text, "test");
	assert_string_equal(fake.sent[1].text, "invalid");
	ask(S_US, 1, "a.example");
	assert_int_equal(fake.n_sent, 2);
	assert_int_equal(last_status(), PR_PROVIDER_UNAVAILABLE);
	come(S_US, 0, PR_PROVIDER_LISTED);
	come(S_US, 1, PR_PROVIDER_NOT_LISTED);
	assert_string_equal(state_of(), "well");
	ask(S_US, 2, "a.example");
	assert_int_equal(fake.n_sent, 3);
	come(S_US, 2, PR_PROVIDER_LISTED);
	assert_int_equal(fake.answers[1].result.ttl_s, 5);
	/* nobody but 1 and 2 heard of any of it */
	assert_int_equal(fake.n_answers, 2);
}

static void what_lists_everything_is_not_asked(void **state)
{
	uint64_t at_us;

	(void)state;
	configure(list);
	come(S_US, 0, PR_PROVIDER_LISTED);
	come(S_US, 1, PR_PROVIDER_LISTED);
	assert_string_equal(state_of(), "open");
	assert_non_null(strstr(pr_providers_state(fake.providers, 0).why, "lists everything"));
	/* it is looked at again by itself, no question is spent on it */
	at_us = pr_providers_tick(fake.providers, S_US);
	assert_int_equal(at_us, S_US + PR_BREAKER_LEAST_MS * MS_US);
	ask(at_us, 1, "a.example");
	assert_int_equal(fake.n_sent, 2);
	pr_providers_tick(fake.providers, at_us);
	assert_int_equal(fake.n_sent, 4);
	come(at_us, 2, PR_PROVIDER_NOT_LISTED);
	come(at_us, 3, PR_PROVIDER_NOT_LISTED);
	assert_string_equal(state_of(), "open");
	assert_non_null(strstr(pr_providers_state(fake.providers, 0).why, "not listed"));
	at_us = pr_providers_tick(fake.providers, at_us);
	pr_providers_tick(fake.providers, at_us);
	come(at_us, 4, PR_PROVIDER_LISTED);
	come(at_us, 5, PR_PROVIDER_NOT_LISTED);
	assert_string_equal(state_of(), "well");
}

static void one_lie_is_enough(void **state)
{
	const struct pr_provider_result lie = { .status = PR_PROVIDER_FAILED, .ill = true };

	(void)state;
	configure(list);
	come(S_US, 0, PR_PROVIDER_LISTED);
	come(S_US, 1, PR_PROVIDER_NOT_LISTED);
	ask(S_US, 1, "a.example");
	pr_providers_result(fake.providers, S_US, fake.sent[2].number, &lie);
	assert_string_equal(state_of(), "open");
	ask(S_US, 2, "b.example");
	assert_int_equal(fake.n_sent, 3);
}

static void a_hanging_one_is_bounded(void **state)
{
	(void)state;
	configure(http);
	for (unsigned int i = 0; i < PR_PROVIDER_PARALLEL_MAX + 5; i++) {
		char name[20];

		snprintf(name, sizeof(name), "%u.example", i);
		ask(S_US, i + 1, name);
	}
	assert_int_equal(fake.n_sent, PR_PROVIDER_PARALLEL_MAX);
	assert_int_equal(fake.n_answers, 5);
	assert_int_equal(last_status(), PR_PROVIDER_UNAVAILABLE);
	fake.n_answers = 0;
	pr_providers_tick(fake.providers, S_US + 300 * MS_US);
	assert_int_equal(fake.n_answers, PR_PROVIDER_PARALLEL_MAX);
	pr_providers_tick(fake.providers, S_US + PR_PROVIDER_GIVE_UP_MS * MS_US);
	assert_int_equal(fake.n_cancelled, PR_PROVIDER_PARALLEL_MAX);
	assert_int_equal(pr_providers_state(fake.providers, 0).n_requests, 0);
}

static void changes_keep_what_has_not_changed(void **state)
{
	const char *both[] = { http, list };

	(void)state;
	configure(http);
	ask(S_US, 1, "a.example");
	assert_int_equal(pr_providers_set(fake.providers, both, 2), 0);
	pr_providers_tick(fake.providers, S_US);
	assert_int_equal(fake.n_cancelled, 0);
	come(S_US, 0, PR_PROVIDER_LISTED);
	assert_int_equal(fake.n_answers, 1);
	/* the second is new: it is asked for its test points */
	assert_int_equal(fake.n_sent, 3);
	assert_int_equal(fake.sent[1].provider, 1);
	configure(list);
	assert_int_equal(fake.n_cancelled, 2);
	assert_int_equal(pr_providers_n(fake.providers), 1);
	/* what is wrong changes nothing */
	both[0] = "nonsense";
	assert_int_equal(pr_providers_set(fake.providers, both, 2), -EBADMSG);
	assert_int_equal(pr_providers_n(fake.providers), 1);
	/* what can't be asked is said so */
	come(S_US, 3, PR_PROVIDER_LISTED);
	come(S_US, 4, PR_PROVIDER_NOT_LISTED);
	fake.unsendable = true;
	ask(S_US, 5, "a.example");
	assert_int_equal(last_status(), PR_PROVIDER_UNAVAILABLE);
	assert_string_equal(state_of(), "well");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_request_for_all_who_ask),
		TEST(nobody_waits_longer_than_the_deadline),
		TEST(the_breaker_opens_and_closes),
		TEST(a_failure_now_and_then_is_none),
		TEST(test_points_come_first),
		TEST(what_lists_everything_is_not_asked),
		TEST(one_lie_is_enough),
		TEST(a_hanging_one_is_bounded),
		TEST(changes_keep_what_has_not_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
