/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A libunbound context takes no other forwarders once it was asked: with new upstreams a new one is made beside it,
 * and the former lives on until its questions are answered. A question of libunbound's can't be taken back, so a
 * question past its deadline is answered by us, and its memory waits for libunbound to call.
 */
#include "resolver/resolver.h"

#include "base/clock.h"
#include "dns/message.h"
#include "dns/reply.h"
#include "resolver/context.h"

#include <string.h>
#include <sys/queue.h>
#include <unbound-event.h>

#define TIMER_US     250000
#define MS_US	     1000u
#define NO_UPSTREAM  "no upstream nameserver is known"
#define NO_ANSWER    "no upstream nameserver gave an answer"
#define NOT_POSSIBLE "the question could not be sent upstream"
#define TOO_MANY     "too many questions at one time"

struct context {
	struct ub_ctx *unbound;
	unsigned int n_queries; /* that libunbound has not called back for */
};

struct query {
	struct pr_resolver *resolver;
	struct context *context;
	struct pr_dns_question question;
	uint64_t ticket, deadline_us;
	bool answered;
	TAILQ_ENTRY(query) link; /* while not answered: by deadline */
};

struct pr_resolver {
	struct event_base *base;
	struct pr_resolver_ports ports;
	struct pr_resolver_counters counters;
	struct pr_upstream upstreams[PR_UPSTREAMS_MAX];
	unsigned int n_upstreams;
	struct context *current; /* NULL: no upstream */
	struct context *former[PR_RESOLVER_FORMER_MAX];
	unsigned int n_queries; /* in the memory of all contexts */
	TAILQ_HEAD(, query) waiting;
	struct event *timer;
};

static void fail(struct pr_resolver *resolver, uint64_t ticket,
		 const struct pr_dns_question *question, int ede, const char *text)
{
	uint8_t bytes[PR_DNS_REPLY_MAX];
	size_t len = pr_dns_write_failure(question, PR_DNS_RCODE_SERVFAIL, ede, text, bytes,
					  sizeof(bytes));

	resolver->counters.failed++;
	resolver->ports.answer(resolver->ports.context, ticket, bytes, len);
}

/* ---- contexts ---- */

/* libunbound calls back for every question that is still on its way. */
static void context_free(struct context *context)
{
	if (!context)
		return;
	ub_ctx_delete(context->unbound);
	free(context);
}

static int context_new(struct pr_resolver *resolver, const struct pr_upstream *upstreams,
		       unsigned int n, struct context **ret_context)
{
	struct context *context;
	struct ub_ctx *unbound;
	int r = pr_unbound_context(resolver->base, upstreams, n, &unbound);

	if (r < 0)
		return r;
	context = pr_calloc(1, sizeof(*context));
	context->unbound = unbound;
	*ret_context = context;
	return 0;
}

/* The current context becomes a former one; the oldest of these may have to go. */
static void retire(struct pr_resolver *resolver)
{
	struct context *oldest = resolver->former[PR_RESOLVER_FORMER_MAX - 1];

	for (unsigned int i = PR_RESOLVER_FORMER_MAX - 1; i > 0; i--)
		resolver->former[i] = resolver->former[i - 1];
	resolver->former[0] = resolver->current;
	resolver->current = NULL;
	context_free(oldest);
}

static int swap(struct pr_resolver *resolver, const struct pr_upstream *upstreams, unsigned int n)
{
	struct context *fresh = NULL;
	int r = n ? context_new(resolver, upstreams, n, &fresh) : 0;

	/* as if there were none; the supervisor tells again, and this is tried again */
	if (r == -ENETUNREACH)
		n = 0;
	else if (r < 0)
		return r;
	retire(resolver);
	resolver->current = fresh;
	memmove(resolver->upstreams, upstreams, n * sizeof(*upstreams));
	resolver->n_upstreams = n;
	if (resolver->ports.renewed)
		resolver->ports.renewed(resolver->ports.context);
	return 0;
}

int pr_resolver_set_upstreams(struct pr_resolver *resolver, const struct pr_upstream *upstreams,
			      unsigned int n)
{
	bool same;

	if (n > PR_UPSTREAMS_MAX)
		n = PR_UPSTREAMS_MAX;
	same = n == resolver->n_upstreams;
	for (unsigned int i = 0; i < n && same; i++)
		same = pr_upstream_equal(&upstreams[i], &resolver->upstreams[i]);
	return same ? 0 : swap(resolver, upstreams, n);
}

int pr_resolver_flush(struct pr_resolver *resolver)
{
	return swap(resolver, resolver->upstreams, resolver->n_upstreams);
}

/* ---- questions ---- */

/* Answered, by whomever; the memory stays until libunbound has called. */
static void settle(struct query *query)
{
	query->answered = true;
	TAILQ_REMOVE(&query->resolver->waiting, query, link);
}

/* libunbound's failures come as an error or, from its cache, as a packet: to the client both are the same. */
static bool is_answer(const uint8_t *packet, int len)
{
	return packet && len >= PR_DNS_HEADER_LEN && len <= PR_DNS_MESSAGE_MAX &&
	       (packet[3] & PR_DNS_RCODE_MASK) != PR_DNS_RCODE_SERVFAIL;
}

static void on_answer(void *context, int rcode, void *packet, int packet_len, int security,
		      char *why_bogus, int was_rate_limited)
{
	struct query *query = context;
	struct pr_resolver *resolver = query->resolver;

	(void)security;
	(void)why_bogus;
	(void)was_rate_limited;
	query->context->n_queries--;
	resolver->n_queries--;
	if (!query->answered) {
		settle(query);
		if (rcode == PR_DNS_RCODE_NOERROR && is_answer(packet, packet_len)) {
			resolver->counters.answered++;
			resolver->ports.answer(resolver->ports.context, query->ticket, packet,
					       (size_t)packet_len);
		} else {
			fail(resolver, query->ticket, &query->question,
			     PR_DNS_EDE_NO_REACHABLE_AUTHORITY, NO_ANSWER);
		}
	}
	free(query);
}

static void send_query(struct pr_resolver *resolver, uint64_t ticket,
		       const struct pr_dns_question *question)
{
	struct query *query = pr_calloc(1, sizeof(*query));
	const char *name = question->name[0] ? question->name : ".";

	query->resolver = resolver;
	query->context = resolver->current;
	query->question = *question;
	query->ticket = ticket;
	query->deadline_us = pr_clock_monotonic_us() + PR_RESOLVER_DEADLINE_MS * MS_US;
	TAILQ_INSERT_TAIL(&resolver->waiting, query, link);
	resolver->n_queries++;
	resolver->current->n_queries++;
	/* without an error the query belongs to libunbound, which may have called back already */
	if (ub_resolve_event(resolver->current->unbound, name, question->type, question->class_,
			     query, on_answer, NULL) == 0)
		return;
	settle(query);
	resolver->n_queries--;
	resolver->current->n_queries--;
	free(query);
	fail(resolver, ticket, question, PR_DNS_EDE_OTHER, NOT_POSSIBLE);
}

void pr_resolver_ask(struct pr_resolver *resolver, uint64_t ticket, const uint8_t *bytes,
		     size_t len)
{
	struct pr_dns_question question;

	resolver->counters.asked++;
	if (pr_dns_parse_question(bytes, len, &question) != 0) {
		resolver->counters.failed++;
		resolver->ports.answer(resolver->ports.context, ticket, NULL, 0);
	} else if (!resolver->current) {
		fail(resolver, ticket, &question, PR_DNS_EDE_NO_REACHABLE_AUTHORITY, NO_UPSTREAM);
	} else if (resolver->n_queries >= PR_RESOLVER_QUERIES_MAX) {
		resolver->counters.refused_full++;
		fail(resolver, ticket, &question, PR_DNS_EDE_OTHER, TOO_MANY);
	} else {
		send_query(resolver, ticket, &question);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct pr_resolver *resolver = context;
	uint64_t now = pr_clock_monotonic_us();
	struct query *query;

	(void)fd;
	(void)what;
	/* every query has the same time: the first one's deadline is the earliest */
	while ((query = TAILQ_FIRST(&resolver->waiting)) && query->deadline_us <= now) {
		settle(query);
		resolver->counters.timed_out++;
		fail(resolver, query->ticket, &query->question, PR_DNS_EDE_NO_REACHABLE_AUTHORITY,
		     NO_ANSWER);
	}
	for (unsigned int i = 0; i < PR_RESOLVER_FORMER_MAX; i++) {
		if (!resolver->former[i] || resolver->former[i]->n_queries)
			continue;
		context_free(resolver->former[i]);
		resolver->former[i] = NULL;
	}
}

int pr_resolver_new(struct event_base *base, const struct pr_resolver_ports *ports,
		    struct pr_resolver **ret_resolver)
{
	const struct timeval interval = { .tv_usec = TIMER_US };
	struct pr_resolver *resolver = pr_calloc(1, sizeof(*resolver));

	resolver->base = base;
	resolver->ports = *ports;
	TAILQ_INIT(&resolver->waiting);
	resolver->timer = event_new(base, -1, EV_PERSIST, on_timer, resolver);
	if (!resolver->timer || event_add(resolver->timer, &interval) < 0) {
		pr_resolver_free(resolver);
		return -ENOMEM;
	}
	*ret_resolver = resolver;
	return 0;
}

void pr_resolver_free(struct pr_resolver *resolver)
{
	struct query *query;

	if (!resolver)
		return;
	TAILQ_FOREACH(query, &resolver->waiting, link)
	query->answered = true;
	context_free(resolver->current);
	for (unsigned int i = 0; i < PR_RESOLVER_FORMER_MAX; i++)
		context_free(resolver->former[i]);
	if (resolver->timer)
		event_free(resolver->timer);
	free(resolver);
}

const struct pr_resolver_counters *pr_resolver_counters(const struct pr_resolver *resolver)
{
	return &resolver->counters;
}
