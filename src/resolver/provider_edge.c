/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/provider_edge.h"

#include "base/clock.h"
#include "resolver/http.h"
#include "resolver/provider_places.h"
#include "resolver/provider_state.h"
#include "resolver/providers.h"

#include <string.h>
#include <sys/queue.h>

#define NO_HOST	     "the provider's host has no address"
#define NOT_POSSIBLE "the request could not be made"
#define STATES_S     1

/* A request that is out: what its answer has to be read with, or what waits for its host's addresses. */
struct outgoing {
	uint64_t number;
	unsigned int provider;
	bool waits; /* for its host's addresses */
	char *text; /* the name, or the URL */
	TAILQ_ENTRY(outgoing) link;
};

struct pr_provider_edge {
	struct event_base *base;
	struct pr_provider_edge_ports ports;
	struct pr_providers *providers;
	struct pr_lookups *lookups;
	struct pr_http *http;
	struct event *tick_due, *states_due;
	struct pr_provider_places places;
	uint64_t states[PR_PROVIDERS_MAX]; /* hashes of what was told */
	TAILQ_HEAD(, outgoing) out;
};

static void arm(struct pr_provider_edge *edge)
{
	uint64_t now_us = pr_clock_monotonic_us();
	uint64_t next_us = pr_providers_tick(edge->providers, now_us);
	uint64_t in_us = next_us > now_us ? next_us - now_us : 0;
	const struct timeval in = { .tv_sec = (time_t)(in_us / 1000000),
				    .tv_usec = (suseconds_t)(in_us % 1000000) };

	if (next_us == UINT64_MAX)
		event_del(edge->tick_due);
	else
		event_add(edge->tick_due, &in);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	arm(context);
}

/* ---- out ---- */

static void outgoing_free(struct pr_provider_edge *edge, struct outgoing *outgoing)
{
	TAILQ_REMOVE(&edge->out, outgoing, link);
	free(outgoing->text);
	free(outgoing);
}

static struct outgoing *find(struct pr_provider_edge *edge, uint64_t number)
{
	struct outgoing *outgoing;

	TAILQ_FOREACH(outgoing, &edge->out, link)
	if (outgoing->number == number)
		return outgoing;
	return NULL;
}

static void settle(struct pr_provider_edge *edge, struct outgoing *outgoing,
		   const struct pr_provider_result *result)
{
	uint64_t number = outgoing->number;

	outgoing_free(edge, outgoing);
	pr_providers_result(edge->providers, pr_clock_monotonic_us(), number, result);
	event_active(edge->tick_due, EV_TIMEOUT, 0); /* not now: the machine may have called */
}

static void fail(struct pr_provider_edge *edge, struct outgoing *outgoing, const char *why)
{
	const struct pr_provider_result result = { .status = PR_PROVIDER_FAILED, .why = why };

	settle(edge, outgoing, &result);
}

static bool fetch(struct pr_provider_edge *edge, const struct pr_provider *provider,
		  const struct outgoing *outgoing)
{
	const struct pr_host *host = &edge->places.hosts[outgoing->provider];
	const struct pr_http_request request = { .number = outgoing->number,
						 .url = outgoing->text,
						 .header = provider->header,
						 .ca = provider->ca,
						 .body_max = PR_PROVIDER_JSON_MAX,
						 .timeout_ms = PR_PROVIDER_GIVE_UP_MS,
						 .addresses = host->addresses,
						 .n_addresses = host->n };

	return pr_http_start(edge->http, &request);
}

static void ask_host(struct pr_provider_edge *edge, unsigned int provider)
{
	static const uint16_t types[] = { PR_DNS_TYPE_A, PR_DNS_TYPE_AAAA };
	struct pr_host *host = &edge->places.hosts[provider];
	uint8_t bytes[PR_DNS_OWN_QUESTION_MAX];
	size_t len;

	if (!host->name || !pr_host_wants(host, pr_clock_monotonic_us()))
		return;
	for (size_t i = 0; i < PR_ARRAY_SIZE(types); i++) {
		len = pr_dns_write_question(0, host->name, types[i], 0, false, bytes,
					    sizeof(bytes));
		edge->ports.resolve(edge->ports.context,
				    PR_PROVIDER_TICKET | (uint64_t)types[i] << 32 | provider, bytes,
				    len);
	}
}

/* True where it is on its way, or will be when it is known where to. */
static bool start(struct pr_provider_edge *edge, struct outgoing *outgoing)
{
	const struct pr_provider *provider =
		pr_providers_config(edge->providers, outgoing->provider);
	const struct pr_host *host = &edge->places.hosts[outgoing->provider];

	if (provider->type == PR_PROVIDER_DNS)
		return pr_lookups_ask(edge->lookups, outgoing->provider, outgoing->number,
				      outgoing->text);
	ask_host(edge, outgoing->provider);
	outgoing->waits = host->name && host->n == 0;
	if (outgoing->waits && host->n_asked == 0)
		return false; /* it was asked for a moment ago, and had none */
	return outgoing->waits || fetch(edge, provider, outgoing);
}

static char *request_text(const struct pr_provider *provider, const struct pr_inquiry *inquiry)
{
	char name[PR_NAME_TEXT_SIZE], url[PR_PROVIDER_URL_SIZE];

	if (provider->type == PR_PROVIDER_DNS)
		return pr_provider_dns_name(provider, inquiry, name) == 0 ? pr_strdup(name) : NULL;
	return pr_provider_http_url(provider, inquiry, url) == 0 ? pr_strdup(url) : NULL;
}

static bool port_send(void *context, unsigned int provider, uint64_t number,
		      const struct pr_inquiry *inquiry)
{
	struct pr_provider_edge *edge = context;
	char *text = request_text(pr_providers_config(edge->providers, provider), inquiry);
	struct outgoing *outgoing;

	if (!text)
		return false;
	outgoing = pr_calloc(1, sizeof(*outgoing));
	outgoing->number = number;
	outgoing->provider = provider;
	outgoing->text = text;
	TAILQ_INSERT_TAIL(&edge->out, outgoing, link);
	if (!start(edge, outgoing))
		fail(edge, outgoing, NOT_POSSIBLE);
	return true;
}

static void port_cancel(void *context, unsigned int provider, uint64_t number)
{
	struct pr_provider_edge *edge = context;
	struct outgoing *outgoing = find(edge, number);

	(void)provider;
	if (!outgoing)
		return;
	outgoing_free(edge, outgoing);
	pr_lookups_cancel(edge->lookups, number);
	pr_http_cancel(edge->http, number);
}

/* ---- in ---- */

static void on_lookup(void *context, uint64_t number, const uint8_t *bytes, size_t len,
		      const char *why)
{
	struct pr_provider_edge *edge = context;
	struct outgoing *outgoing = find(edge, number);
	struct pr_provider_result result;

	if (!outgoing)
		return;
	if (!bytes) {
		fail(edge, outgoing, why);
		return;
	}
	pr_provider_dns_read(pr_providers_config(edge->providers, outgoing->provider),
			     outgoing->text, bytes, len, &result);
	settle(edge, outgoing, &result);
}

static void on_fetched(void *context, uint64_t number, long status, const char *body, size_t len,
		       const char *why)
{
	struct pr_provider_edge *edge = context;
	struct outgoing *outgoing = find(edge, number);
	struct pr_provider_result result;

	if (!outgoing)
		return;
	if (status == 0) {
		fail(edge, outgoing, why);
		return;
	}
	pr_provider_http_read(status, body, len, &result);
	settle(edge, outgoing, &result);
}

void pr_provider_edge_host(struct pr_provider_edge *edge, uint64_t ticket, const uint8_t *bytes,
			   size_t len)
{
	uint32_t provider = (uint32_t)ticket;
	uint16_t type = (uint16_t)(ticket >> 32);
	struct outgoing *outgoing, *next;
	struct pr_host *host;

	if (provider >= pr_providers_n(edge->providers) || !edge->places.hosts[provider].name)
		return;
	host = &edge->places.hosts[provider];
	if (!pr_host_answer(host, pr_clock_monotonic_us(), type, bytes, len))
		return;
	for (outgoing = TAILQ_FIRST(&edge->out); outgoing; outgoing = next) {
		next = TAILQ_NEXT(outgoing, link);
		if (outgoing->provider != provider || !outgoing->waits)
			continue;
		outgoing->waits = false;
		if (host->n == 0)
			fail(edge, outgoing, NO_HOST);
		else if (!fetch(edge, pr_providers_config(edge->providers, outgoing->provider),
				outgoing))
			fail(edge, outgoing, NOT_POSSIBLE);
	}
}

static void port_answer(void *context, uint64_t ticket, unsigned int provider,
			const struct pr_inquiry *inquiry, const struct pr_provider_result *result)
{
	struct pr_provider_edge *edge = context;
	const struct pr_intel_answer answer = {
		.inquiry = *inquiry,
		.provider = pr_providers_config(edge->providers, provider)->id,
		.result = *result,
	};

	edge->ports.answer(edge->ports.context, ticket, &answer);
}

void pr_provider_edge_ask(struct pr_provider_edge *edge, uint64_t ticket,
			  const struct pr_intel_ask *ask)
{
	for (unsigned int i = 0; i < ask->n_providers; i++) {
		struct pr_intel_answer unknown = { .inquiry = ask->inquiry,
						   .provider = ask->providers[i],
						   .result.status = PR_PROVIDER_UNAVAILABLE };
		unsigned int k = 0, n = pr_providers_n(edge->providers);

		while (k < n &&
		       strcmp(pr_providers_config(edge->providers, k)->id, ask->providers[i]) != 0)
			k++;
		if (k == n)
			edge->ports.answer(edge->ports.context, ticket, &unknown);
		else
			pr_providers_ask(edge->providers, pr_clock_monotonic_us(), ticket, k,
					 &ask->inquiry);
	}
	arm(edge);
}

/* ---- states ---- */

static void on_states(evutil_socket_t fd, short what, void *context)
{
	struct pr_provider_edge *edge = context;

	(void)fd;
	(void)what;
	for (unsigned int i = 0; i < pr_providers_n(edge->providers); i++)
		pr_provider_state_tell(i, pr_providers_state(edge->providers, i), &edge->states[i],
				       edge->ports.state, edge->ports.context);
}

void pr_provider_edge_tell_states(struct pr_provider_edge *edge)
{
	memset(edge->states, 0, sizeof(edge->states));
	on_states(-1, 0, edge);
}

/* ---- what is configured ---- */

int pr_provider_edge_set(struct pr_provider_edge *edge, const struct pr_pairs *pairs)
{
	const struct timeval second = { .tv_sec = STATES_S };
	const char *texts[PR_PAIRS_MAX] = { NULL };
	unsigned int n = 0;
	int r;

	for (unsigned int i = 0; i < pairs->n; i++)
		if (strcmp(pairs->pairs[i].key, "provider") == 0)
			texts[n++] = pairs->pairs[i].value;
	r = pr_providers_set(edge->providers, texts, n);
	if (r < 0)
		return r;
	pr_provider_places_set(&edge->places, edge->providers, edge->lookups);
	pr_provider_edge_tell_states(edge);
	if (n)
		event_add(edge->states_due, &second);
	else
		event_del(edge->states_due);
	arm(edge);
	return 0;
}

void pr_provider_edge_set_upstreams(struct pr_provider_edge *edge,
				    const struct pr_upstream *upstreams, unsigned int n)
{
	struct pr_provider_places *places = &edge->places;

	places->n_upstreams = n < PR_UPSTREAMS_MAX ? n : PR_UPSTREAMS_MAX;
	memcpy(places->upstreams, upstreams, places->n_upstreams * sizeof(*upstreams));
	pr_provider_places_set(places, edge->providers, edge->lookups);
}

int pr_provider_edge_new(struct event_base *base, const struct pr_provider_edge_ports *ports,
			 struct pr_provider_edge **ret_edge)
{
	struct pr_provider_edge *edge = pr_calloc(1, sizeof(*edge));
	const struct pr_providers_ports to_machine = { edge, port_send, port_cancel, port_answer };
	const struct pr_lookups_ports to_lookups = { edge, on_lookup };
	const struct pr_http_ports to_fetches = { edge, on_fetched };
	int r;

	edge->base = base;
	edge->ports = *ports;
	TAILQ_INIT(&edge->out);
	edge->providers = pr_providers_new(&to_machine);
	edge->lookups = pr_lookups_new(base, &to_lookups);
	edge->tick_due = evtimer_new(base, on_tick, edge);
	edge->states_due = event_new(base, -1, EV_PERSIST, on_states, edge);
	r = edge->tick_due && edge->states_due ? pr_http_new(base, &to_fetches, &edge->http)
					       : -ENOMEM;
	if (r < 0) {
		pr_provider_edge_free(edge);
		return r;
	}
	*ret_edge = edge;
	return 0;
}

void pr_provider_edge_free(struct pr_provider_edge *edge)
{
	if (!edge)
		return;
	pr_providers_free(edge->providers); /* cancels what is out */
	pr_lookups_free(edge->lookups);
	pr_http_free(edge->http);
	pr_provider_places_done(&edge->places);
	if (edge->tick_due)
		event_free(edge->tick_due);
	if (edge->states_due)
		event_free(edge->states_due);
	free(edge);
}
