/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asking providers of intelligence: who waits for which answer, until when, and who is not asked at all because it failed
 * too often. Time is an argument, the network is behind ports. Nothing is kept: an answer goes to those who wait for it, and
 * one that is late goes without a ticket.
 */
#pragma once

#include "base/error.h"
#include "intel/provider.h"
#include "resolver/breaker.h"

/* Requests of one provider on their way. Beyond: UNAVAILABLE, counted. */
#define PR_PROVIDER_PARALLEL_MAX 64u
/* Tickets that wait for one request. Beyond: UNAVAILABLE. */
#define PR_PROVIDER_WAITERS_MAX 32u
/* An answer later than this is none: the request is given up. */
#define PR_PROVIDER_GIVE_UP_MS 5000u

struct pr_providers_ports {
	void *context;
	/* Sends a request: pr_providers_result() with its number follows, perhaps before this returns, unless it is
	 * cancelled. False: this can't be asked of it. */
	bool (*send)(void *context, unsigned int provider, uint64_t number,
		     const struct pr_inquiry *inquiry);
	void (*cancel)(void *context, unsigned int provider, uint64_t number);
	/* Exactly once for each ticket and provider that was asked for. Ticket 0: an answer that came when nobody waited any
	 * more. Borrowed. The TTL is within the provider's bounds. */
	void (*answer)(void *context, uint64_t ticket, unsigned int provider,
		       const struct pr_inquiry *inquiry, const struct pr_provider_result *result);
};

struct pr_providers_counters {
	uint64_t asked;	 /* requests sent */
	uint64_t shared; /* tickets that waited for a request that was on its way */
	uint64_t listed, not_listed, failed, late;
	uint64_t refused_open, refused_full; /* not asked: the breaker; a limit */
	uint32_t last_us, mean_us, worst_us; /* of answers; the mean of about the last eight */
};

/* How it is with a provider. */
struct pr_provider_state {
	const struct pr_provider *provider;
	const char *state; /* "well", "checking", "open", "half-open" */
	const char *why;   /* of the last failure; "" = none yet */
	uint32_t open_ms;  /* open: for so long at a time */
	uint64_t n_opened;
	unsigned int n_requests;
	struct pr_providers_counters counters;
};

struct pr_providers;

struct pr_providers *pr_providers_new(const struct pr_providers_ports *ports);
/* Cancels what is on its way; nobody gets an answer any more. */
void pr_providers_free(struct pr_providers *providers);

/* From now on these, each as pr_provider_write() has it. What has not changed keeps its state and its place if it stands at
 * the same; of all others what is on its way is given up. A tick is due. 0 or -EBADMSG: then nothing changes. */
PR_MUST_USE int pr_providers_set(struct pr_providers *providers, const char *const *texts,
				 unsigned int n);
unsigned int pr_providers_n(const struct pr_providers *providers);
const struct pr_provider *pr_providers_config(const struct pr_providers *providers,
					      unsigned int provider);
struct pr_provider_state pr_providers_state(const struct pr_providers *providers,
					    unsigned int provider);

/* The port `answer` may be called before this returns. `ticket` is not 0. */
void pr_providers_ask(struct pr_providers *providers, uint64_t now_us, uint64_t ticket,
		      unsigned int provider, const struct pr_inquiry *inquiry);
/* What came of a request. Numbers that are not known any more are ignored. */
void pr_providers_result(struct pr_providers *providers, uint64_t now_us, uint64_t number,
			 const struct pr_provider_result *result);
/* Does what is due; returns when to be called next at the latest. UINT64_MAX = no need. */
uint64_t pr_providers_tick(struct pr_providers *providers, uint64_t now_us);
