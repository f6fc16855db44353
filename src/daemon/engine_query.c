/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What front asks of the engine (ipc/query.h), and the permitted orders that come by the supervisor. */
#include "daemon/engine_process.h"

#include "base/address.h"
#include "base/clock.h"
#include "dns/message.h"
#include "ipc/body.h"
#include "ipc/query.h"
#include "kernel/nfqueue.h"
#include "profile/service.h"

#include <stdio.h>
#include <string.h>

struct query {
	struct pr_engine_process *process;
	uint64_t ticket;
	struct pr_pairs pairs;
	uint8_t body[PR_EVENT_BODY_MAX];

	/* Filters of the tables. */
	uint64_t cursor;
	const char *app, *domain, *verdict;
	struct pr_address address;
	bool active_only;
	uid_t uid;
	unsigned int n_rows;
	bool more;
};

static void send_pairs(struct query *query, enum pr_message_kind kind, const struct pr_pairs *pairs)
{
	size_t len = pr_pairs_encode(pairs, query->body, sizeof(query->body));

	(void)pr_outbox_send(query->process->to_front, kind, query->ticket, query->body, len);
}

static void end(struct query *query, const char *error, const char *status)
{
	struct pr_pairs pairs = { 0 };
	char next[24];

	if (error) {
		(void)pr_pairs_add(&pairs, "error", error);
		(void)pr_pairs_add(&pairs, "status", status);
	} else if (query->more) {
		snprintf(next, sizeof(next), "%llu", (unsigned long long)query->cursor);
		(void)pr_pairs_add(&pairs, "next", next);
	}
	send_pairs(query, PR_MESSAGE_END, &pairs);
}

/* ---- tables ---- */

static bool matches_app(const struct query *query, const struct pr_event *event)
{
	const char *app = query->app;

	return !app || (event->profile && strcmp(event->profile, app) == 0) ||
	       (event->path && strcmp(event->path, app) == 0);
}

static bool matches_domain(const struct query *query, const struct pr_event *event)
{
	if (!query->domain || (event->domain && pr_name_within(event->domain, query->domain)))
		return true;
	for (unsigned int i = 0; i < event->n_domains; i++)
		if (event->domains[i] && pr_name_within(event->domains[i], query->domain))
			return true;
	return false;
}

/* What carries packets, or may; what was refused does not. */
static bool is_active(const struct pr_event *event)
{
	return event->kind != PR_EVENT_END && !event->ended &&
	       !(event->decided && !event->ask &&
		 (event->verdict == PR_VERDICT_BLOCK || event->verdict == PR_VERDICT_DROP));
}

static bool matches(const struct query *query, const struct pr_event *event)
{
	if (query->uid != (uid_t)-1 && event->uid != query->uid)
		return false;
	if (query->address.family && !pr_address_equal(&query->address, &event->remote))
		return false;
	if (query->active_only && !is_active(event))
		return false;
	if (query->verdict &&
	    (!event->decided ||
	     strcmp(query->verdict, event->ask ? "ask" : pr_verdict_name(event->verdict)) != 0))
		return false;
	return matches_app(query, event) && matches_domain(query, event);
}

static bool on_row(void *context, const struct pr_event *event)
{
	struct query *query = context;
	size_t len;

	if (!matches(query, event))
		return true;
	if (query->n_rows == PR_QUERY_ROWS_MAX)
		return false;
	len = pr_event_encode(event, query->body, sizeof(query->body));
	if (!pr_outbox_send(query->process->to_front, PR_MESSAGE_ROW, query->ticket, query->body,
			    len))
		return false;
	query->n_rows++;
	return true;
}

static void table(struct query *query, enum pr_engine_table table)
{
	const struct pr_pairs *pairs = &query->pairs;
	const char *address = pr_pairs_get(pairs, "ip");

	query->cursor = pr_pairs_number(pairs, "after", 0);
	query->app = pr_pairs_get(pairs, "app");
	query->domain = pr_pairs_get(pairs, "domain");
	query->verdict = pr_pairs_get(pairs, "verdict");
	query->active_only = pr_pairs_number(pairs, "active", 0);
	query->uid = (uid_t)pr_pairs_number(pairs, "uid", (uid_t)-1);
	if (address && pr_address_parse(address, &query->address) < 0)
		return end(query, "this is no address", "400");
	query->more = !pr_engine_rows(query->process->engine, table, &query->cursor, on_row, query,
				      pr_clock_monotonic_us());
	end(query, NULL, NULL);
}

/* ---- status ---- */

struct facts {
	struct query *query;
	struct pr_pairs pairs;
	char keys[PR_PAIRS_MAX][48], values[PR_PAIRS_MAX][24];
};

static void facts_flush(struct facts *facts)
{
	if (facts->pairs.n)
		send_pairs(facts->query, PR_MESSAGE_PAIRS, &facts->pairs);
	facts->pairs.n = 0;
}

static void add(struct facts *facts, const char *group, const char *name, uint64_t value)
{
	unsigned int n = facts->pairs.n;

	snprintf(facts->keys[n], sizeof(facts->keys[n]), "%s.%s", group, name);
	snprintf(facts->values[n], sizeof(facts->values[n]), "%llu", (unsigned long long)value);
	(void)pr_pairs_add(&facts->pairs, facts->keys[n], facts->values[n]);
	if (facts->pairs.n == PR_PAIRS_MAX)
		facts_flush(facts);
}

static void add_queues(struct facts *facts, struct pr_engine_process *process)
{
	uint16_t first = (uint16_t)pr_pairs_number(&process->start.settings, "queue_first", 0);
	struct pr_nfqueue_kernel_counters sum = { 0 }, one;

	for (unsigned int i = 0; i <= process->n_workers; i++) {
		if (process->queue_proc_fd < 0 ||
		    pr_nfqueue_kernel_counters(process->queue_proc_fd, (uint16_t)(first + i), &one))
			continue;
		sum.n_waiting += one.n_waiting;
		sum.n_dropped_full += one.n_dropped_full;
		sum.n_dropped_buffer += one.n_dropped_buffer;
		sum.n_queued += one.n_queued;
	}
	add(facts, "queue", "waiting", sum.n_waiting);
	add(facts, "queue", "dropped_full", sum.n_dropped_full);
	add(facts, "queue", "dropped_buffer", sum.n_dropped_buffer);
	add(facts, "queue", "queued", sum.n_queued);
}

static void add_owners(struct facts *facts, struct pr_engine_process *process)
{
	struct pr_owner_counters owners;

	pthread_mutex_lock(&process->who_lock);
	owners = process->finder.counters;
	pthread_mutex_unlock(&process->who_lock);
	add(facts, "owner", "lookups", owners.n_lookups);
	for (unsigned int i = 0; i < PR_N_RUNGS; i++)
		add(facts, "owner.rung", pr_rung_name((enum pr_rung)i), owners.n_by_rung[i]);
	add(facts, "owner", "kernel", owners.n_kernel);
	add(facts, "owner", "foreign", owners.n_foreign);
	add(facts, "owner", "ambiguous", owners.n_ambiguous);
	add(facts, "owner", "several_receivers", owners.n_several_receivers);
	add(facts, "owner", "errors", owners.n_errors);
	add(facts, "owner", "questions_full", process->n_who_full);
}

static void add_listener(struct facts *facts, struct pr_engine_process *process)
{
	struct pr_listener_counters counters;

	if (!process->listener)
		return;
	pr_listener_counters(process->listener, &counters);
	add(facts, "nameserver", "questions_udp", counters.questions_udp);
	add(facts, "nameserver", "questions_tcp", counters.questions_tcp);
	add(facts, "nameserver", "replies", counters.replies);
	add(facts, "nameserver", "unanswered", counters.unanswered);
	add(facts, "nameserver", "dropped_full", counters.dropped_full);
	add(facts, "nameserver", "dropped_send", counters.dropped_send);
	add(facts, "nameserver", "connections", counters.connections);
	add(facts, "nameserver", "connections_refused", counters.connections_refused);
	add(facts, "nameserver", "connections_idle", counters.connections_idle);
}

/* As it told them last: they begin anew with it. */
static void add_resolver(struct facts *facts, const struct pr_engine_process *process)
{
	struct pr_pairs state;

	if (pr_pairs_decode(process->resolver_state, process->resolver_state_len, &state) < 0)
		return;
	for (unsigned int i = 0; i < state.n; i++)
		add(facts, "resolver", state.pairs[i].key,
		    pr_pairs_number(&state, state.pairs[i].key, 0));
}

static void add_tunnels(struct facts *facts)
{
	unsigned int n_up;
	uint64_t n_links;

	if (!pr_engine_tunnel_upstreams_count(&n_up, &n_links))
		return;
	add(facts, "tunnel", "up", n_up);
	add(facts, "tunnel", "links", n_links);
}

static void status(struct query *query)
{
	struct pr_engine_process *process = query->process;
	struct facts facts = { .query = query };
	struct pr_engine_counters counters;
	uint64_t values[PR_ENGINE_N_COUNTERS];

	pr_engine_counters(process->engine, &counters);
	memcpy(values, &counters, sizeof(values));
	for (unsigned int i = 0; i < PR_ENGINE_N_COUNTERS; i++)
		add(&facts, "engine", pr_engine_counter_name(i), values[i]);
	add(&facts, "engine", "generation", pr_engine_generation(process->engine));
	add(&facts, "engine", "events_dropped", pr_ring_n_dropped(process->events));
	add(&facts, "engine", "cuts_dropped", pr_ring_n_dropped(process->cuts));
	add_queues(&facts, process);
	add_owners(&facts, process);
	add_listener(&facts, process);
	add_resolver(&facts, process);
	add_tunnels(&facts);
	facts_flush(&facts);
	end(query, NULL, NULL);
}

/* ---- explain, dns query ---- */

/* A number or a name, as in rules; 0 where none is given. */
static bool read_number(const struct pr_pairs *pairs, const char *key,
			bool (*find)(const char *name, unsigned int *ret_number), unsigned int most,
			unsigned int *ret_number)
{
	const char *text = pr_pairs_get(pairs, key);
	uint64_t number = pr_pairs_number(pairs, key, 0);

	*ret_number = (unsigned int)number;
	return !text || (number && number <= most) || find(text, ret_number);
}

/* What the packets would show. NULL, or what is wrong. */
static const char *read_seen(const struct pr_pairs *pairs, char *name,
			     struct pr_engine_query *subject)
{
	const char *speaks = pr_pairs_get(pairs, "speaks");
	const char *encrypted = pr_pairs_get(pairs, "encrypted");
	const char *shown = pr_pairs_get(pairs, "name");

	if (speaks && !pr_speaks_find(speaks, &subject->speaks))
		return "nothing is known to speak so; write tls, quic, http, ssh, …, or unknown";
	if (encrypted && !pr_encryption_find(encrypted, &subject->encryption))
		return "encrypted is yes, no or unknown";
	if (shown && pr_name_canonical(shown, name) < 0)
		return "the name that the packets show is no domain";
	subject->name = shown ? name : NULL;
	subject->assumed = (speaks ? PR_FACT_SPEAKS : 0) | (encrypted ? PR_FACT_ENCRYPTION : 0) |
			   (shown ? PR_FACT_NAME : 0);
	return NULL;
}

/* DNS carries any byte in a name, so these would be names that nobody asks for. */
static const char *no_name(const char *entity)
{
	struct pr_prefix prefix;

	if (strstr(entity, "://"))
		return "that is an address of the web: write the name in it alone";
	if (pr_prefix_parse(entity, &prefix) == 0)
		return "that is a prefix: write one of its addresses";
	return NULL;
}

/* What is asked about. NULL, or what is wrong. */
static const char *read_subject(const struct pr_pairs *pairs, char *name,
				struct pr_engine_query *ret_subject)
{
	const char *entity = pr_pairs_get(pairs, "entity"), *in = pr_pairs_get(pairs, "in");
	struct pr_engine_query subject = {
		.app = pr_pairs_get(pairs, "app"),
		.uid = (uid_t)pr_pairs_number(pairs, "uid", (uid_t)-1),
		.incoming = in && (strcmp(in, "1") == 0 || strcmp(in, "true") == 0),
	};
	unsigned int proto, port;

	if (!read_number(pairs, "proto", pr_protocol_find, UINT8_MAX, &proto))
		return "there is no such protocol; write TCP/443, UDP, or a number up to 255";
	if (!read_number(pairs, "port", pr_service_find, UINT16_MAX, &port))
		return "there is no such port; write a number from 1 to 65535 or a service's name";
	subject.proto = (uint8_t)proto;
	subject.port = (uint16_t)port;
	if (!entity)
		entity = pr_pairs_get(pairs, "name");
	if (!entity)
		return "no entity is given";
	if (pr_address_parse(entity, &subject.address) < 0) {
		if (no_name(entity))
			return no_name(entity);
		if (pr_name_canonical(entity, name) < 0)
			return "the entity is neither an address nor a domain";
		subject.domain = name;
	}
	*ret_subject = subject;
	return NULL;
}

static void on_line(void *context, const struct pr_engine_explained *explained)
{
	struct query *query = context;
	struct pr_pairs pairs = { 0 };
	char since[PR_CLOCK_TEXT_SIZE];

	if (explained->summary)
		(void)pr_pairs_add(&pairs, "summary", "true");
	(void)pr_pairs_add(&pairs, "stage", pr_stage_name(explained->stage));
	if (explained->check)
		(void)pr_pairs_add(&pairs, "check", explained->check);
	if (explained->said)
		(void)pr_pairs_add(&pairs, "said", explained->said);
	if (explained->text)
		(void)pr_pairs_add(&pairs, "text", explained->text);
	if (explained->tunnel) {
		(void)pr_pairs_add(&pairs, "tunnel", explained->tunnel);
		pr_engine_tunnel_upstreams_explain(&pairs, explained->tunnel,
						   explained->direct_without, since);
	}
	if (explained->decides)
		(void)pr_pairs_add(&pairs, "decided", "true");
	send_pairs(query, PR_MESSAGE_PAIRS, &pairs);
}

static void explain(struct query *query)
{
	char name[PR_NAME_TEXT_SIZE], shown[PR_NAME_TEXT_SIZE];
	struct pr_engine_query subject;
	const char *wrong = read_subject(&query->pairs, name, &subject);
	int r;

	if (!wrong)
		wrong = read_seen(&query->pairs, shown, &subject);
	if (wrong)
		return end(query, wrong, "400");
	r = pr_engine_explain(query->process->engine, &subject, on_line, query,
			      pr_clock_monotonic_us());
	if (r == -ESRCH)
		return end(query,
			   "there is no such profile; name one of `portreeve profile list`, or an "
			   "executable by its whole path",
			   "404");
	if (r < 0)
		return end(query, "no policy is in force yet", "503");
	end(query, NULL, NULL);
}

void pr_engine_query_message(struct pr_engine_process *process, const struct pr_message *message)
{
	static struct query query;
	const char *kind;

	query = (struct query){ .process = process, .ticket = message->ticket };
	if (pr_pairs_decode(message->body, message->len, &query.pairs) < 0)
		return end(&query, "the query cannot be read", "400");
	kind = pr_pairs_get(&query.pairs, "query");
	if (!kind)
		return end(&query, "no query is named", "400");
	if (strcmp(kind, "links") == 0)
		table(&query, PR_ENGINE_LINKS);
	else if (strcmp(kind, "communications") == 0)
		table(&query, PR_ENGINE_COMMUNICATIONS);
	else if (strcmp(kind, "apps") == 0)
		table(&query, PR_ENGINE_APPS);
	else if (strcmp(kind, "prompts") == 0)
		table(&query, PR_ENGINE_PROMPTS);
	else if (strcmp(kind, "attacks") == 0)
		table(&query, PR_ENGINE_ATTACKS);
	else if (strcmp(kind, "dns-cache") == 0)
		table(&query, PR_ENGINE_NAMES);
	else if (strcmp(kind, "status") == 0)
		status(&query);
	else if (strcmp(kind, "explain") == 0)
		explain(&query);
	else if (strcmp(kind, "intel") == 0)
		pr_engine_intel_query(process, &query.pairs, message->ticket);
	else if (strcmp(kind, "dns-answers") == 0)
		pr_engine_answers_query(process, &query.pairs, message->ticket);
	else if (strcmp(kind, "dns-query") == 0)
		pr_engine_dns_query(process, &query.pairs, message->ticket);
	else if (strcmp(kind, "intel-providers") == 0)
		pr_engine_providers_query(process, &query.pairs, message->ticket);
	else if (strcmp(kind, "tunnels") == 0)
		pr_engine_tunnel_upstreams_query(process, message->ticket);
	else
		end(&query, "there is no such query", "404");
}
