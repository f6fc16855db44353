/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bodies of INTEL_ASK and INTEL_ANSWER: what providers are asked, and what one of them answered. */
#pragma once

#include "base/error.h"
#include "intel/provider.h"

#include <stddef.h>

#define PR_INTEL_BODY_MAX 4096

struct pr_intel_ask {
	struct pr_inquiry inquiry;
	const char *providers[PR_PROVIDERS_MAX]; /* their ids */
	unsigned int n_providers;
};

struct pr_intel_answer {
	struct pr_inquiry inquiry;
	const char *provider; /* its id */
	struct pr_provider_result result;
};

/* The length written; 0 where it does not fit `size` (PR_INTEL_BODY_MAX suffices). */
size_t pr_intel_ask_encode(const struct pr_intel_ask *ask, void *body, size_t size);
size_t pr_intel_answer_encode(const struct pr_intel_answer *answer, void *body, size_t size);
/* 0 or -EBADMSG. What is read borrows from the body; domains are canonical. Of an answer's `why` only that there is none is
 * carried: that goes to the log where it happens. */
PR_MUST_USE int pr_intel_ask_decode(const void *body, size_t len, struct pr_intel_ask *ret_ask);
PR_MUST_USE int pr_intel_answer_decode(const void *body, size_t len,
				       struct pr_intel_answer *ret_answer);
