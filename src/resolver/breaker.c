/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/breaker.h"

bool pr_breaker_may_ask(struct pr_breaker *breaker, uint64_t now_us)
{
	switch (breaker->state) {
	case PR_BREAKER_CLOSED:
		return true;
	case PR_BREAKER_HALF_OPEN:
		return false;
	case PR_BREAKER_OPEN:
		break;
	}
	if (now_us < breaker->until_us)
		return false;
	breaker->state = PR_BREAKER_HALF_OPEN;
	return true;
}

void pr_breaker_succeeded(struct pr_breaker *breaker)
{
	/* an answer that was on its way when it opened proves nothing: the one that tries it does */
	if (breaker->state == PR_BREAKER_OPEN)
		return;
	breaker->state = PR_BREAKER_CLOSED;
	breaker->n_failures = 0;
	breaker->open_ms = 0;
}

bool pr_breaker_trip(struct pr_breaker *breaker, uint64_t now_us)
{
	bool was_open = breaker->state == PR_BREAKER_OPEN;

	if (was_open)
		return false;
	breaker->n_opened += breaker->state == PR_BREAKER_CLOSED;
	breaker->open_ms = breaker->open_ms ? breaker->open_ms * 2 : PR_BREAKER_LEAST_MS;
	if (breaker->open_ms > PR_BREAKER_MOST_MS)
		breaker->open_ms = PR_BREAKER_MOST_MS;
	breaker->state = PR_BREAKER_OPEN;
	breaker->until_us = now_us + breaker->open_ms * UINT64_C(1000);
	return true;
}

bool pr_breaker_failed(struct pr_breaker *breaker, uint64_t now_us)
{
	if (breaker->state == PR_BREAKER_OPEN)
		return false;
	breaker->n_failures++;
	if (breaker->state == PR_BREAKER_CLOSED && breaker->n_failures < PR_BREAKER_FAILURES)
		return false;
	return pr_breaker_trip(breaker, now_us);
}

const char *pr_breaker_state_name(enum pr_breaker_state state)
{
	static const char *const names[] = { "closed", "open", "half-open" };

	return names[state];
}
