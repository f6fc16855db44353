/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `intel-providers`: each provider, how it is with it (which the resolver tells whenever that changes), what it said of an
 * entity, and what exactly it is sent when it is asked about that.
 */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "intel/provider.h"
#include "ipc/body.h"

#include <stdio.h>
#include <string.h>

#define EXAMPLE_DOMAIN	"www.example.com"
#define EXAMPLE_ADDRESS "192.0.2.1"

/* What the resolver said last of each, by its place; the control thread's. */
static struct {
	uint8_t *body;
	size_t len;
} states[PR_PROVIDERS_MAX];

void pr_engine_provider_state(struct pr_engine_process *process, const struct pr_message *message)
{
	struct pr_pairs pairs;
	uint64_t place;

	(void)process;
	if (pr_pairs_decode(message->body, message->len, &pairs) < 0)
		return;
	place = pr_pairs_number(&pairs, "provider", PR_PROVIDERS_MAX);
	if (place >= PR_PROVIDERS_MAX)
		return;
	free(states[place].body);
	states[place].body = pr_calloc(1, message->len);
	memcpy(states[place].body, message->body, message->len);
	states[place].len = message->len;
}

/* True where there is one of this id; it borrows. */
static bool find_state(const char *id, struct pr_pairs *ret_state)
{
	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++) {
		const char *of;

		if (!states[i].body ||
		    pr_pairs_decode(states[i].body, states[i].len, ret_state) < 0)
			continue;
		of = pr_pairs_get(ret_state, "id");
		if (of && strcmp(of, id) == 0)
			return true;
	}
	return false;
}

struct showing {
	struct pr_engine_process *process;
	uint64_t ticket;
	const struct pr_inquiry *inquiry; /* NULL = none was named */
};

static void send_pairs(const struct showing *showing, enum pr_message_kind kind,
		       const struct pr_pairs *pairs)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);

	(void)pr_outbox_send(showing->process->to_front, kind, showing->ticket, body,
			     pr_pairs_encode(pairs, body, PR_MESSAGE_BODY_MAX));
}

static void add_state(struct pr_pairs *pairs, const char *id)
{
	struct pr_pairs state;

	if (!find_state(id, &state)) {
		(void)pr_pairs_add(pairs, "state", "unknown");
		return;
	}
	for (unsigned int i = 0; i < state.n; i++)
		if (strcmp(state.pairs[i].key, "id") != 0 &&
		    strcmp(state.pairs[i].key, "provider") != 0)
			(void)pr_pairs_add(pairs, state.pairs[i].key, state.pairs[i].value);
}

static void add_answer(struct pr_pairs *pairs, const struct pr_engine_provider *shown,
		       char fresh_s[24])
{
	bool known = shown->status == PR_PROVIDER_LISTED || shown->status == PR_PROVIDER_NOT_LISTED;

	(void)pr_pairs_add(pairs, "known", known ? pr_provider_status_name(shown->status) : "no");
	for (unsigned int i = 0; i < shown->n_categories; i++)
		(void)pr_pairs_add(pairs, "category", shown->categories[i]);
	if (known) {
		snprintf(fresh_s, 24, "%llu", (unsigned long long)(shown->fresh_us / 1000000));
		(void)pr_pairs_add(pairs, "fresh_s", fresh_s);
	}
}

static void on_provider(void *context, const struct pr_engine_provider *shown)
{
	const struct showing *showing = context;
	const struct pr_provider *provider = shown->provider;
	char deadline_ms[16], fresh_s[24], request[PR_PROVIDER_REQUEST_SIZE];
	struct pr_inquiry example = { .domain = EXAMPLE_DOMAIN };
	struct pr_pairs pairs = { 0 };

	if (!(provider->asks & PR_PROVIDER_ASKS_DOMAINS)) {
		example.domain = NULL;
		pr_assert(pr_address_parse(EXAMPLE_ADDRESS, &example.address) == 0);
	}
	snprintf(deadline_ms, sizeof(deadline_ms), "%u", provider->deadline_ms);
	(void)pr_pairs_add(&pairs, "id", provider->id);
	(void)pr_pairs_add(&pairs, "type", pr_provider_type_name(provider->type));
	(void)pr_pairs_add(&pairs, "asks", pr_provider_asks_name(provider->asks));
	(void)pr_pairs_add(&pairs, "wanted", shown->wanted ? "true" : "false");
	(void)pr_pairs_add(&pairs, "deadline_ms", deadline_ms);
	(void)pr_pairs_add(&pairs, "sends",
			   pr_provider_request_text(provider,
						    showing->inquiry ? showing->inquiry : &example,
						    request));
	if (showing->inquiry)
		add_answer(&pairs, shown, fresh_s);
	add_state(&pairs, provider->id);
	send_pairs(showing, PR_MESSAGE_PAIRS, &pairs);
}

void pr_engine_providers_query(struct pr_engine_process *process, const struct pr_pairs *query,
			       uint64_t ticket)
{
	const char *entity = pr_pairs_get(query, "entity");
	struct showing showing = { .process = process, .ticket = ticket };
	struct pr_inquiry inquiry = { .domain = EXAMPLE_DOMAIN };
	char name[PR_NAME_TEXT_SIZE];
	struct pr_pairs end = { 0 };

	if (entity && pr_address_parse(entity, &inquiry.address) == 0) {
		inquiry = pr_inquiry_of_address(&inquiry.address);
	} else if (entity && pr_name_canonical(entity, name) == 0) {
		inquiry.domain = name;
	} else if (entity) {
		(void)pr_pairs_add(&end, "error", "the entity is neither an address nor a domain");
		(void)pr_pairs_add(&end, "status", "400");
		return send_pairs(&showing, PR_MESSAGE_END, &end);
	}
	showing.inquiry = entity ? &inquiry : NULL;
	pr_engine_providers(process->engine, &inquiry, on_provider, &showing,
			    pr_clock_monotonic_us());
	send_pairs(&showing, PR_MESSAGE_END, &end);
}
