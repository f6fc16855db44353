/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A circuit breaker: who fails several times in a row is not asked for a while, then once; what comes of that one decides
 * whether it is asked again or left alone for longer. Time is an argument.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PR_BREAKER_FAILURES 5u	    /* in a row, and it opens */
#define PR_BREAKER_LEAST_MS 1000u   /* stays open for so long at first, … */
#define PR_BREAKER_MOST_MS  300000u /* … twice as long each time, at most so long */

enum pr_breaker_state {
	PR_BREAKER_CLOSED, /* all is well */
	PR_BREAKER_OPEN,
	PR_BREAKER_HALF_OPEN, /* one is on its way to try it */
};

struct pr_breaker {
	enum pr_breaker_state state;
	unsigned int n_failures; /* in a row */
	uint32_t open_ms;	 /* how long it was opened for last; 0 = it is well */
	uint64_t until_us;	 /* OPEN: then it may be tried */
	uint64_t n_opened;	 /* how often it went from closed to open */
};

/* May it be asked now? Where it is open and its time has passed, the one that hears yes is the one that tries it. */
bool pr_breaker_may_ask(struct pr_breaker *breaker, uint64_t now_us);
void pr_breaker_succeeded(struct pr_breaker *breaker);
/* True where it opens by this. */
bool pr_breaker_failed(struct pr_breaker *breaker, uint64_t now_us);
/* Opens at once: there is no use in asking again. True where it was not open. */
bool pr_breaker_trip(struct pr_breaker *breaker, uint64_t now_us);
const char *pr_breaker_state_name(enum pr_breaker_state state); /* "closed", "open", "half-open" */
