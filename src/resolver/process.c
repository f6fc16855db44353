/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/process.h"

#include "base/log.h"
#include "ipc/body.h"
#include "ipc/channel.h"
#include "resolver/engine_edge.h"
#include "resolver/front_edge.h"
#include "resolver/greeting.h"
#include "resolver/provider_edge.h"
#include "resolver/resolver.h"
#include "resolver/used.h"
#include "resolver/resolver_state.h"

#include <string.h>

#define STATE_S 1 /* the engine is told of counters so often at most */

struct process {
	struct event_base *base;
	struct pr_resolver *resolver;
	struct pr_provider_edge *providers;
	struct pr_front_edge *front;
	struct pr_engine_edge *engine;
	struct pr_channel *supervisor;
	struct event *from_supervisor, *greeting_due, *state_due;
	uint8_t told[PR_RESOLVER_STATE_MAX]; /* the counters that the engine has */
	size_t told_len;
	bool public;				      /* pr_upstreams_are_public() */
	struct pr_upstream greeted[PR_UPSTREAMS_MAX]; /* upstreams of this host */
	unsigned int n_greeted;
};

/* ---- the engine ---- */

static void answer(void *context, uint64_t ticket, const uint8_t *bytes, size_t len)
{
	struct process *process = context;

	if (ticket & PR_PROVIDER_TICKET)
		pr_provider_edge_host(process->providers, ticket, len ? bytes : NULL, len);
	else if (ticket & PR_FRONT_TICKET)
		pr_front_edge_answer(process->front, ticket, bytes, len);
	else
		pr_engine_edge_send(process->engine, PR_MESSAGE_ANSWER, ticket, bytes, len);
}

static void renewed(void *context)
{
	struct process *process = context;

	pr_engine_edge_renewed(process->engine, process->public);
}

static void on_engine(void *context, const struct pr_message *message)
{
	struct process *process = context;
	struct pr_intel_ask ask;

	/* these tickets are our own */
	if (message->ticket & (PR_PROVIDER_TICKET | PR_FRONT_TICKET))
		return;
	if (message->kind == PR_MESSAGE_RESOLVE)
		pr_resolver_ask(process->resolver, message->ticket, message->body, message->len);
	else if (message->kind == PR_MESSAGE_INTEL_ASK &&
		 pr_intel_ask_decode(message->body, message->len, &ask) == 0)
		pr_provider_edge_ask(process->providers, message->ticket, &ask);
}

static void tell_state(evutil_socket_t fd, short what, void *context)
{
	struct process *process = context;
	struct pr_resolver_counters counters = pr_resolver_counters(process->resolver);
	uint8_t body[PR_RESOLVER_STATE_MAX];
	size_t len = pr_resolver_state_encode(&counters, body);

	(void)fd;
	(void)what;
	if (len == process->told_len && memcmp(body, process->told, len) == 0)
		return;
	memcpy(process->told, body, len);
	process->told_len = len;
	pr_engine_edge_send(process->engine, PR_MESSAGE_RESOLVER_STATE, 0, body, len);
}

static void on_new_engine(void *context)
{
	struct process *process = context;

	process->told_len = 0;
	tell_state(-1, 0, process);
	pr_provider_edge_tell_states(process->providers);
}

/* ---- providers ---- */

static void intel_answer(void *context, uint64_t ticket, const struct pr_intel_answer *intel)
{
	struct process *process = context;
	uint8_t body[PR_INTEL_BODY_MAX];
	size_t len = pr_intel_answer_encode(intel, body, sizeof(body));

	pr_assert(len);
	pr_engine_edge_send(process->engine, PR_MESSAGE_INTEL_ANSWER, ticket, body, len);
}

static void provider_resolve(void *context, uint64_t ticket, const uint8_t *bytes, size_t len)
{
	struct process *process = context;

	pr_resolver_ask(process->resolver, ticket, bytes, len);
}

static void provider_state(void *context, const struct pr_pairs *pairs)
{
	struct process *process = context;
	uint8_t body[4096];
	size_t len = pr_pairs_encode(pairs, body, sizeof(body));

	if (len)
		pr_engine_edge_send(process->engine, PR_MESSAGE_PROVIDER_STATE, 0, body, len);
}

/* ---- the supervisor ---- */

struct gathered {
	struct pr_upstream upstreams[PR_UPSTREAMS_MAX];
	struct pr_address own[PR_UPSTREAM_OWN_ADDRESSES];
	struct pr_upstream_file files[PR_PAIRS_MAX];
	unsigned int n_upstreams, n_own, n_files;
	bool flush;
};

static void gather(struct gathered *gathered, const char *key, const char *value)
{
	char quoted[80];
	bool fine = true;

	if (strcmp(key, "upstream") == 0) {
		fine = gathered->n_upstreams < PR_UPSTREAMS_MAX &&
		       pr_upstream_parse(value, &gathered->upstreams[gathered->n_upstreams]) == 0;
		gathered->n_upstreams += fine;
	} else if (strcmp(key, "own") == 0) {
		fine = gathered->n_own < PR_UPSTREAM_OWN_ADDRESSES &&
		       pr_address_parse(value, &gathered->own[gathered->n_own]) == 0;
		gathered->n_own += fine;
	} else if (strcmp(key, "flush") == 0) {
		gathered->flush = true;
	} else {
		gathered->files[gathered->n_files++] =
			(struct pr_upstream_file){ key, value, strlen(value) };
	}
	if (!fine)
		pr_log(PR_LOG_WARNING, "upstream-passed-over", "%s=%s", key,
		       pr_log_quote(value, quoted, sizeof(quoted)));
}

static void greet(evutil_socket_t fd, short what, void *context)
{
	const struct timeval later = { .tv_sec = PR_GREETING_S };
	struct process *process = context;

	(void)fd;
	(void)what;
	for (unsigned int i = 0; i < process->n_greeted; i++)
		pr_greet(&process->greeted[i]);
	if (process->n_greeted)
		event_add(process->greeting_due, &later);
}

static void greet_those_of_this_host(struct process *process, const struct gathered *gathered)
{
	process->n_greeted = 0;
	for (unsigned int i = 0; i < gathered->n_upstreams; i++)
		if (pr_upstream_is_own(&gathered->upstreams[i], gathered->own, gathered->n_own))
			process->greeted[process->n_greeted++] = gathered->upstreams[i];
	greet(-1, 0, process);
}

static void log_upstreams(const struct pr_upstream *upstreams, unsigned int n)
{
	char text[PR_UPSTREAM_TEXT_SIZE];

	if (n == 0)
		pr_log(PR_LOG_WARNING, "no-upstream", "every question will fail");
	for (unsigned int i = 0; i < n; i++)
		pr_log(PR_LOG_INFO, "upstream", "server=%s",
		       pr_upstream_format(&upstreams[i], text));
}

static void set_public(struct process *process, const struct gathered *gathered)
{
	bool public = pr_upstreams_are_public(gathered->upstreams, gathered->n_upstreams,
					      gathered->own, gathered->n_own);

	if (public == process->public)
		return;
	process->public = public;
	renewed(process);
}

static void set_upstreams(struct process *process, const struct pr_message *message)
{
	struct gathered gathered = { 0 };
	bool configured;
	struct pr_pairs pairs;
	int r = pr_pairs_decode(message->body, message->len, &pairs);

	if (r < 0) {
		pr_log(PR_LOG_ERROR, "upstreams-refused", "error=%d", -r);
		return;
	}
	for (unsigned int i = 0; i < pairs.n; i++)
		gather(&gathered, pairs.pairs[i].key, pairs.pairs[i].value);
	configured = pr_pairs_get(&pairs, "upstream") != NULL;
	if (!configured)
		gathered.n_upstreams =
			pr_upstreams_of_system(gathered.files, gathered.n_files, gathered.own,
					       gathered.n_own, gathered.upstreams);
	pr_provider_edge_set_upstreams(process->providers, gathered.upstreams,
				       gathered.n_upstreams);
	pr_upstreams_used_tell(process->supervisor, gathered.upstreams, gathered.n_upstreams);
	greet_those_of_this_host(process, &gathered);
	set_public(process, &gathered);
	if (pr_resolver_set_upstreams(process->resolver, gathered.upstreams,
				      gathered.n_upstreams) ||
	    gathered.n_upstreams == 0)
		log_upstreams(gathered.upstreams, gathered.n_upstreams);
	if (gathered.flush)
		pr_resolver_flush(process->resolver);
}

static void set_providers(struct process *process, const struct pr_message *message)
{
	struct pr_pairs pairs;

	if (pr_pairs_decode(message->body, message->len, &pairs) < 0 ||
	    pr_provider_edge_set(process->providers, &pairs) < 0)
		pr_log(PR_LOG_ERROR, "providers-refused", "why=malformed");
}

static void on_message(struct process *process, struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);

	switch (message->kind) {
	case PR_MESSAGE_PING:
		/* a supervisor that does not read has other sorrows than this one */
		(void)!pr_channel_send(process->supervisor, PR_MESSAGE_PONG, message->ticket, NULL,
				       0);
		break;
	case PR_MESSAGE_CHANNEL:
		if (pr_read_u32(&reader) == PR_PARTY_FRONT)
			pr_front_edge_take(process->front, PR_TAKE_FD(message->fds[0]));
		else
			pr_engine_edge_take(process->engine, PR_TAKE_FD(message->fds[0]));
		break;
	case PR_MESSAGE_UPSTREAMS:
		set_upstreams(process, message);
		break;
	case PR_MESSAGE_PROVIDERS:
		set_providers(process, message);
		break;
	default:
		break;
	}
}

static void on_supervisor(evutil_socket_t fd, short what, void *context)
{
	struct process *process = context;
	struct pr_message message;
	int r = pr_channel_receive(process->supervisor, &message);

	(void)fd;
	(void)what;
	if (r == PR_CHANNEL_EMPTY)
		return;
	if (r < 0) {
		event_base_loopbreak(process->base);
		return;
	}
	on_message(process, &message);
	pr_message_done(&message);
}

/* ---- */

static int start(struct process *process, int ipc_fd, const struct pr_resolver_config *config)
{
	const struct pr_resolver_ports ports = { .context = process,
						 .answer = answer,
						 .renewed = renewed };
	const struct pr_provider_edge_ports provider_ports = { process, intel_answer,
							       provider_resolve, provider_state };
	const struct pr_engine_edge_ports engine_ports = { process, on_engine, on_new_engine };
	const struct timeval often = { .tv_sec = STATE_S };
	int r;

	process->base = event_base_new();
	process->supervisor = pr_channel_new_take(ipc_fd, PR_PARTY_RESOLVER, PR_PARTY_SUPERVISOR);
	if (!process->base)
		return -ENOMEM;
	process->engine = pr_engine_edge_new(process->base, &engine_ports);
	r = pr_resolver_new(process->base, &ports, &process->resolver);
	if (r == 0)
		r = pr_provider_edge_new(process->base, &provider_ports, &process->providers);
	if (r < 0)
		return r;
	process->front = pr_front_edge_new(process->base, process->resolver);
	process->from_supervisor =
		event_new(process->base, ipc_fd, EV_READ | EV_PERSIST, on_supervisor, process);
	process->greeting_due = evtimer_new(process->base, greet, process);
	process->state_due = event_new(process->base, -1, EV_PERSIST, tell_state, process);
	if (!process->greeting_due || !process->from_supervisor || !process->state_due ||
	    event_add(process->from_supervisor, NULL) < 0 ||
	    event_add(process->state_due, &often) < 0)
		return -ENOMEM;
	r = config->sandbox ? config->sandbox(config->context) : 0;
	if (r < 0)
		return r;
	return pr_channel_send(process->supervisor, PR_MESSAGE_READY, 0, NULL, 0);
}

int pr_resolver_run(int ipc_fd, const struct pr_resolver_config *config)
{
	struct process process = { 0 };
	int r = start(&process, ipc_fd, config);

	if (r == 0 && event_base_dispatch(process.base) < 0)
		r = -EIO;
	pr_front_edge_free(process.front);
	pr_provider_edge_free(process.providers);
	pr_resolver_free(process.resolver);
	pr_engine_edge_free(process.engine);
	if (process.greeting_due)
		event_free(process.greeting_due);
	if (process.state_due)
		event_free(process.state_due);
	if (process.from_supervisor)
		event_free(process.from_supervisor);
	pr_channel_free(process.supervisor);
	if (process.base)
		event_base_free(process.base);
	return r;
}
