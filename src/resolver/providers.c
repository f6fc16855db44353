/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A request stays in its slot until its answer is here, also when those who waited for it were told that it is late: what
 * comes then is passed on without a ticket. Whoever asks for the same meanwhile shares it; behind its deadline
 * nobody waits for it any more.
 */
#include "resolver/providers_private.h"

#include <string.h>

#define MS_US UINT64_C(1000)

struct pr_providers *pr_providers_new(const struct pr_providers_ports *ports)
{
	struct pr_providers *providers = pr_calloc(1, sizeof(*providers));

	providers->ports = *ports;
	return providers;
}

/* ---- what is configured ---- */

static void cancel_all(struct pr_providers *providers, unsigned int provider)
{
	struct pr_provider_one *one = providers->all[provider];

	for (unsigned int i = 0; i < PR_PROVIDER_PARALLEL_MAX; i++) {
		struct pr_provider_request *request = &one->requests[i];

		if (request->purpose == PR_REQUEST_FREE)
			continue;
		providers->ports.cancel(providers->ports.context, provider, request->number);
		free(request->domain);
	}
}

static void one_free(struct pr_provider_one *one)
{
	free(one->text);
	free(one->pieces);
	free(one->requests);
	free(one);
}

static void drop_from(struct pr_providers *providers, unsigned int first)
{
	for (unsigned int i = first; i < providers->n; i++) {
		cancel_all(providers, i);
		one_free(providers->all[i]);
	}
	providers->n = first;
}

void pr_providers_free(struct pr_providers *providers)
{
	if (!providers)
		return;
	drop_from(providers, 0);
	free(providers);
}

static int one_new(const char *text, struct pr_provider_one **ret_one)
{
	struct pr_provider_one *one = pr_calloc(1, sizeof(*one));

	one->text = pr_strdup(text);
	one->pieces = pr_strdup(text);
	if (pr_provider_read(one->pieces, &one->provider) != 0) {
		one_free(one);
		return -EBADMSG;
	}
	one->requests = pr_calloc(PR_PROVIDER_PARALLEL_MAX, sizeof(*one->requests));
	one->has_test_points = one->provider.type == PR_PROVIDER_DNS && one->provider.test_points;
	one->verified = !one->has_test_points;
	one->why = "";
	*ret_one = one;
	return 0;
}

int pr_providers_set(struct pr_providers *providers, const char *const *texts, unsigned int n)
{
	struct pr_provider_one *fresh[PR_PROVIDERS_MAX];
	unsigned int n_same = 0, n_fresh = 0;
	int r = n <= PR_PROVIDERS_MAX ? 0 : -EBADMSG;

	while (n_same < n && n_same < providers->n &&
	       strcmp(texts[n_same], providers->all[n_same]->text) == 0)
		n_same++;
	while (r == 0 && n_same + n_fresh < n) {
		r = one_new(texts[n_same + n_fresh], &fresh[n_fresh]);
		n_fresh += r == 0;
	}
	if (r != 0) {
		while (n_fresh)
			one_free(fresh[--n_fresh]);
		return r;
	}
	drop_from(providers, n_same);
	for (unsigned int i = 0; i < n_fresh; i++)
		providers->all[providers->n++] = fresh[i];
	return 0;
}

/* ---- requests ---- */

static void answer(struct pr_providers *providers, uint64_t ticket, unsigned int provider,
		   const struct pr_inquiry *inquiry, const struct pr_provider_result *result)
{
	providers->ports.answer(providers->ports.context, ticket, provider, inquiry, result);
}

static void refuse(struct pr_providers *providers, uint64_t ticket, unsigned int provider,
		   const struct pr_inquiry *inquiry, uint64_t *counter)
{
	const struct pr_provider_result result = { .status = PR_PROVIDER_UNAVAILABLE };

	(*counter)++;
	answer(providers, ticket, provider, inquiry, &result);
}

static struct pr_provider_request *find_request(struct pr_provider_one *one,
						const struct pr_inquiry *inquiry)
{
	uint64_t hash = pr_inquiry_hash(inquiry);

	for (unsigned int i = 0; i < PR_PROVIDER_PARALLEL_MAX; i++) {
		struct pr_provider_request *request = &one->requests[i];

		if (request->purpose == PR_REQUEST_INQUIRY && request->hash == hash &&
		    pr_inquiry_equal(&request->inquiry, inquiry))
			return request;
	}
	return NULL;
}

static void release(struct pr_provider_one *one, struct pr_provider_request *request)
{
	free(request->domain);
	*request = (struct pr_provider_request){ .purpose = PR_REQUEST_FREE };
	one->n_requests--;
}

bool pr_provider_send(struct pr_providers *providers, unsigned int provider,
		      enum pr_request_purpose purpose, const struct pr_inquiry *inquiry,
		      uint64_t ticket, uint64_t now_us)
{
	struct pr_provider_one *one = providers->all[provider];
	struct pr_provider_request *request = one->requests;
	uint64_t number = ++providers->last_number;

	if (one->n_requests == PR_PROVIDER_PARALLEL_MAX)
		return false;
	while (request->purpose != PR_REQUEST_FREE)
		request++;
	request->purpose = purpose;
	request->number = number;
	request->hash = pr_inquiry_hash(inquiry);
	request->inquiry = *inquiry;
	if (inquiry->domain)
		request->inquiry.domain = request->domain = pr_strdup(inquiry->domain);
	request->sent_us = now_us;
	request->deadline_us = now_us + one->provider.deadline_ms * MS_US;
	request->give_up_us = now_us + PR_PROVIDER_GIVE_UP_MS * MS_US;
	if (ticket)
		request->tickets[request->n_tickets++] = ticket;
	one->n_requests++;
	one->counters.asked++;
	if (providers->ports.send(providers->ports.context, provider, number, inquiry))
		return true;
	one->counters.asked--;
	release(one, request);
	return false;
}

/* One that is on its way; false where nobody may wait for it any more. */
static bool join(struct pr_provider_one *one, struct pr_provider_request *request, uint64_t ticket,
		 uint64_t now_us)
{
	if (request->late || now_us >= request->deadline_us ||
	    request->n_tickets == PR_PROVIDER_WAITERS_MAX)
		return false;
	request->tickets[request->n_tickets++] = ticket;
	one->counters.shared++;
	return true;
}

void pr_providers_ask(struct pr_providers *providers, uint64_t now_us, uint64_t ticket,
		      unsigned int provider, const struct pr_inquiry *inquiry)
{
	const struct pr_provider_result late = { .status = PR_PROVIDER_LATE };
	struct pr_provider_one *one = providers->all[provider];
	struct pr_provider_request *request = find_request(one, inquiry);

	if (request) {
		if (!join(one, request, ticket, now_us))
			answer(providers, ticket, provider, inquiry, &late);
	} else if (one->n_requests == PR_PROVIDER_PARALLEL_MAX) {
		refuse(providers, ticket, provider, inquiry, &one->counters.refused_full);
	} else if (!one->verified || !pr_breaker_may_ask(&one->breaker, now_us)) {
		refuse(providers, ticket, provider, inquiry, &one->counters.refused_open);
	} else if (!pr_provider_send(providers, provider, PR_REQUEST_INQUIRY, inquiry, ticket,
				     now_us)) {
		/* it may have been the one that tries it */
		if (one->breaker.state == PR_BREAKER_HALF_OPEN)
			one->breaker.state = PR_BREAKER_OPEN;
		refuse(providers, ticket, provider, inquiry, &one->counters.refused_full);
	}
}

/* ---- what comes of them ---- */

static void tell(struct pr_providers *providers, unsigned int provider,
		 struct pr_provider_request *request, const struct pr_provider_result *result)
{
	for (unsigned int i = 0; i < request->n_tickets; i++)
		answer(providers, request->tickets[i], provider, &request->inquiry, result);
	request->n_tickets = 0;
}

static void measure(struct pr_providers_counters *counters, uint64_t us)
{
	uint32_t took_us = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;

	counters->last_us = took_us;
	counters->mean_us = counters->mean_us
				    ? counters->mean_us - counters->mean_us / 8 + took_us / 8
				    : took_us;
	if (took_us > counters->worst_us)
		counters->worst_us = took_us;
}

/* The result as it goes out; the breaker and the counters hear of it. */
static struct pr_provider_result weigh(struct pr_provider_one *one,
				       const struct pr_provider_request *request,
				       const struct pr_provider_result *result, uint64_t now_us)
{
	struct pr_provider_result weighed = *result;

	if (result->status != PR_PROVIDER_LISTED && result->status != PR_PROVIDER_NOT_LISTED) {
		one->counters.failed++;
		if (!request->late && request->purpose == PR_REQUEST_INQUIRY)
			pr_provider_failed(one, result->why, result->ill, now_us);
		return weighed;
	}
	measure(&one->counters, now_us - request->sent_us);
	++*(result->status == PR_PROVIDER_LISTED ? &one->counters.listed
						 : &one->counters.not_listed);
	if (!request->late && request->purpose == PR_REQUEST_INQUIRY)
		pr_breaker_succeeded(&one->breaker);
	if (weighed.ttl_s < one->provider.cache_least_s)
		weighed.ttl_s = one->provider.cache_least_s;
	if (weighed.ttl_s > one->provider.cache_most_s)
		weighed.ttl_s = one->provider.cache_most_s;
	return weighed;
}

static void settle(struct pr_providers *providers, unsigned int provider,
		   struct pr_provider_request *request, const struct pr_provider_result *result,
		   uint64_t now_us)
{
	struct pr_provider_one *one = providers->all[provider];
	struct pr_provider_result weighed = weigh(one, request, result, now_us);
	enum pr_request_purpose purpose = request->purpose;
	bool late = request->late;

	if (purpose == PR_REQUEST_INQUIRY && late && weighed.status <= PR_PROVIDER_LISTED)
		answer(providers, 0, provider, &request->inquiry, &weighed);
	else if (purpose == PR_REQUEST_INQUIRY)
		tell(providers, provider, request, &weighed);
	release(one, request);
	if (purpose != PR_REQUEST_INQUIRY && !late)
		pr_provider_checked(one, purpose, &weighed, now_us);
}

void pr_providers_result(struct pr_providers *providers, uint64_t now_us, uint64_t number,
			 const struct pr_provider_result *result)
{
	for (unsigned int i = 0; i < providers->n; i++)
		for (unsigned int k = 0; k < PR_PROVIDER_PARALLEL_MAX; k++) {
			struct pr_provider_request *request = &providers->all[i]->requests[k];

			if (request->purpose != PR_REQUEST_FREE && request->number == number) {
				settle(providers, i, request, result, now_us);
				return;
			}
		}
}

/* ---- time ---- */

static void be_late(struct pr_providers *providers, unsigned int provider,
		    struct pr_provider_request *request, uint64_t now_us)
{
	const struct pr_provider_result late = { .status = PR_PROVIDER_LATE };
	struct pr_provider_one *one = providers->all[provider];

	request->late = true;
	one->counters.late++;
	if (request->purpose != PR_REQUEST_INQUIRY) {
		pr_provider_checked(one, request->purpose, &late, now_us);
		return;
	}
	pr_provider_failed(one, "it does not answer in time", false, now_us);
	tell(providers, provider, request, &late);
}

static uint64_t request_tick(struct pr_providers *providers, unsigned int provider,
			     struct pr_provider_request *request, uint64_t now_us)
{
	if (!request->late && now_us >= request->deadline_us)
		be_late(providers, provider, request, now_us);
	if (now_us >= request->give_up_us) {
		providers->ports.cancel(providers->ports.context, provider, request->number);
		release(providers->all[provider], request);
		return UINT64_MAX;
	}
	return request->late ? request->give_up_us : request->deadline_us;
}

uint64_t pr_providers_tick(struct pr_providers *providers, uint64_t now_us)
{
	uint64_t next_us = UINT64_MAX, at_us;

	for (unsigned int i = 0; i < providers->n; i++) {
		struct pr_provider_one *one = providers->all[i];

		for (unsigned int k = 0; k < PR_PROVIDER_PARALLEL_MAX && one->n_requests; k++) {
			if (one->requests[k].purpose == PR_REQUEST_FREE)
				continue;
			at_us = request_tick(providers, i, &one->requests[k], now_us);
			next_us = at_us < next_us ? at_us : next_us;
		}
		pr_provider_check_tick(providers, i, now_us);
		at_us = pr_provider_check_due(one);
		next_us = at_us < next_us ? at_us : next_us;
	}
	return next_us;
}

/* ---- looking in ---- */

unsigned int pr_providers_n(const struct pr_providers *providers)
{
	return providers->n;
}

const struct pr_provider *pr_providers_config(const struct pr_providers *providers,
					      unsigned int provider)
{
	return &providers->all[provider]->provider;
}

struct pr_provider_state pr_providers_state(const struct pr_providers *providers,
					    unsigned int provider)
{
	const struct pr_provider_one *one = providers->all[provider];

	return (struct pr_provider_state){
		.provider = &one->provider,
		.state = one->n_checks ? "checking"
			 : one->breaker.state == PR_BREAKER_CLOSED
				 ? "well"
				 : pr_breaker_state_name(one->breaker.state),
		.why = one->why,
		.open_ms = one->breaker.open_ms,
		.n_opened = one->breaker.n_opened,
		.n_requests = one->n_requests,
		.counters = one->counters,
	};
}
