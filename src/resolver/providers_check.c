/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Test points (RFC 5782, 5): every list in DNS has 127.0.0.2 or TEST on it, and never 127.0.0.1 or INVALID. A list that is
 * not as it should be (its domain was sold, somebody else answers in its place, it lists the whole Internet on the day that
 * it closes) is found out by them before it is asked about anything, and is asked for them again before it is asked
 * after a time of failures: no question of a user's is spent on trying.
 */
#include "resolver/providers_private.h"

#define NO_TEST_POINT "its test point (127.0.0.2 or TEST) is not listed"
#define LISTS_ALL     "what may never be listed (127.0.0.1 or INVALID) is: it lists everything"
#define LATE	      "it does not answer in time"

static const struct point {
	unsigned int kind; /* PR_PROVIDER_ASKS_… */
	enum pr_request_purpose purpose;
	const char *text;
} points[] = {
	{ PR_PROVIDER_ASKS_DOMAINS, PR_REQUEST_LISTED, "test" },
	{ PR_PROVIDER_ASKS_DOMAINS, PR_REQUEST_UNLISTED, "invalid" },
	{ PR_PROVIDER_ASKS_ADDRESSES, PR_REQUEST_LISTED, "127.0.0.2" },
	{ PR_PROVIDER_ASKS_ADDRESSES, PR_REQUEST_UNLISTED, "127.0.0.1" },
};

void pr_provider_failed(struct pr_provider_one *one, const char *why, bool ill, uint64_t now_us)
{
	bool opens = ill ? pr_breaker_trip(&one->breaker, now_us)
			 : pr_breaker_failed(&one->breaker, now_us);

	one->why = why ? why : "it failed";
	if (opens)
		one->verified = !one->has_test_points;
}

/* NULL, or what is wrong with it. */
static const char *wrong(enum pr_request_purpose purpose, const struct pr_provider_result *result)
{
	switch (result->status) {
	case PR_PROVIDER_LISTED:
		return purpose == PR_REQUEST_LISTED ? NULL : LISTS_ALL;
	case PR_PROVIDER_NOT_LISTED:
		return purpose == PR_REQUEST_UNLISTED ? NULL : NO_TEST_POINT;
	case PR_PROVIDER_LATE:
		return LATE;
	default:
		return result->why ? result->why : LATE;
	}
}

void pr_provider_checked(struct pr_provider_one *one, enum pr_request_purpose purpose,
			 const struct pr_provider_result *result, uint64_t now_us)
{
	const char *why = wrong(purpose, result);

	if (why) {
		one->check_failed = true;
		pr_provider_failed(one, why, true, now_us);
	}
	if (--one->n_checks || one->check_failed)
		return;
	one->verified = true;
	pr_breaker_succeeded(&one->breaker);
}

static void check(struct pr_providers *providers, unsigned int provider, const struct point *point,
		  uint64_t now_us)
{
	const struct pr_provider_result not_asked = { .status = PR_PROVIDER_FAILED,
						      .why = "it cannot be asked now" };
	struct pr_inquiry inquiry = { 0 };

	if (point->kind == PR_PROVIDER_ASKS_DOMAINS)
		inquiry.domain = point->text;
	else
		pr_assert(pr_address_parse(point->text, &inquiry.address) == 0);
	if (!pr_provider_send(providers, provider, point->purpose, &inquiry, 0, now_us))
		pr_provider_checked(providers->all[provider], point->purpose, &not_asked, now_us);
}

void pr_provider_check_tick(struct pr_providers *providers, unsigned int provider, uint64_t now_us)
{
	struct pr_provider_one *one = providers->all[provider];

	if (one->verified || one->n_checks || !pr_breaker_may_ask(&one->breaker, now_us))
		return;
	one->check_failed = false;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(points); i++)
		one->n_checks += (one->provider.asks & points[i].kind) != 0;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(points); i++)
		if (one->provider.asks & points[i].kind)
			check(providers, provider, &points[i], now_us);
}

uint64_t pr_provider_check_due(const struct pr_provider_one *one)
{
	if (one->verified || one->n_checks)
		return UINT64_MAX;
	return one->breaker.state == PR_BREAKER_OPEN ? one->breaker.until_us : 0;
}
