/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The providers from within: providers.c (requests) and providers_check.c (test points). Of the room itself. */
#pragma once

#include "resolver/providers.h"

enum pr_request_purpose {
	PR_REQUEST_FREE,
	PR_REQUEST_INQUIRY,
	PR_REQUEST_LISTED, /* of a check: it has to be listed */
	PR_REQUEST_UNLISTED,
};

struct pr_provider_request {
	enum pr_request_purpose purpose;
	uint64_t number, hash;
	struct pr_inquiry inquiry;
	char *domain; /* owned; the inquiry's */
	uint64_t sent_us, deadline_us, give_up_us;
	bool late; /* who waited has been told */
	uint64_t tickets[PR_PROVIDER_WAITERS_MAX];
	unsigned int n_tickets;
};

struct pr_provider_one {
	char *text, *pieces; /* as it came; what the provider borrows */
	struct pr_provider provider;
	struct pr_breaker breaker;
	bool has_test_points;
	bool verified;	       /* they are as they should be, or it has none */
	unsigned int n_checks; /* that are on their way */
	bool check_failed;
	const char *why;
	struct pr_providers_counters counters;
	struct pr_provider_request *requests; /* PR_PROVIDER_PARALLEL_MAX */
	unsigned int n_requests;
};

struct pr_providers {
	struct pr_providers_ports ports;
	struct pr_provider_one *all[PR_PROVIDERS_MAX];
	unsigned int n;
	uint64_t last_number;
};

/* Makes a request and sends it; its answer may come before this returns. False where it can't be asked, or too many are
 * on their way. `ticket` 0: nobody waits. */
bool pr_provider_send(struct pr_providers *providers, unsigned int provider,
		      enum pr_request_purpose purpose, const struct pr_inquiry *inquiry,
		      uint64_t ticket, uint64_t now_us);

/* Asks for the test points where it is time to. */
void pr_provider_check_tick(struct pr_providers *providers, unsigned int provider, uint64_t now_us);
/* When that is; UINT64_MAX = not by itself. */
uint64_t pr_provider_check_due(const struct pr_provider_one *one);
/* What came of a test point's request. */
void pr_provider_checked(struct pr_provider_one *one, enum pr_request_purpose purpose,
			 const struct pr_provider_result *result, uint64_t now_us);
/* It failed: the breaker hears of it. */
void pr_provider_failed(struct pr_provider_one *one, const char *why, bool ill, uint64_t now_us);
