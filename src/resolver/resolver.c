/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who asks what is already on its way joins it: one question upstream at a time for the same thing, or a forger would
 * have as many to guess at as he can make somebody ask (RFC 5452, 5). With other upstreams, what is on its way goes
 * on with the former, whose state lives until then.
 */
#include "resolver/resolver.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "dns/message.h"
#include "dns/reply.h"
#include "resolver/query.h"
#include "resolver/special.h"

#include <string.h>
#include <sys/queue.h>

#define TIMER_US    250000
#define TELL_US	    60000000u /* forged answers are told of once in this time */
#define MS_US	    1000u
#define N_BUCKETS   4096u
#define NO_UPSTREAM "no upstream nameserver is known"
#define NO_ANSWER   "no upstream nameserver gave an answer in time"
#define TOO_MANY    "too many questions at one time"

struct waiter {
	uint64_t ticket;
	STAILQ_ENTRY(waiter) link;
};

struct entry {
	struct pr_query query; /* first */
	struct pr_resolver *resolver;
	uint64_t deadline_us, age;
	STAILQ_HEAD(, waiter) waiters;
	TAILQ_ENTRY(entry) by_deadline;
	LIST_ENTRY(entry) by_question;
};

struct pr_resolver {
	struct event_base *base;
	struct pr_resolver_ports ports;
	struct pr_resolver_counters counters;
	struct pr_queries queries;
	struct pr_servers *current; /* NULL: no upstream */
	STAILQ_HEAD(, pr_servers) former;
	uint64_t age; /* one more with every renewal */
	unsigned int n_waiters;
	uint64_t n_forged_told, told_us;
	TAILQ_HEAD(, entry)
	entries; /* each has the same time: the first one's deadline is the earliest */
	LIST_HEAD(bucket, entry) buckets[N_BUCKETS];
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

/* ---- upstreams ---- */

static bool is_current(const struct pr_resolver *resolver, const struct pr_upstream *upstreams,
		       unsigned int n)
{
	if (n != (resolver->current ? resolver->current->n : 0))
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (!pr_upstream_equal(&upstreams[i], &resolver->current->servers[i].upstream))
			return false;
	return true;
}

bool pr_resolver_set_upstreams(struct pr_resolver *resolver, const struct pr_upstream *upstreams,
			       unsigned int n)
{
	if (n > PR_UPSTREAMS_MAX)
		n = PR_UPSTREAMS_MAX;
	if (is_current(resolver, upstreams, n))
		return false;
	if (resolver->current)
		STAILQ_INSERT_TAIL(&resolver->former, resolver->current, link);
	resolver->current = n ? pr_servers_new(resolver->base, upstreams, n) : NULL;
	pr_resolver_flush(resolver);
	return true;
}

void pr_resolver_flush(struct pr_resolver *resolver)
{
	resolver->age++;
	if (resolver->ports.renewed)
		resolver->ports.renewed(resolver->ports.context);
}

/* ---- questions ---- */

/* What makes two questions one; all else of them stays here. */
static bool is_same(const struct pr_dns_question *a, const struct pr_dns_question *b)
{
	const uint16_t flags = PR_DNS_FLAG_AD | PR_DNS_FLAG_CD;

	return a->type == b->type && a->class_ == b->class_ && a->dnssec_ok == b->dnssec_ok &&
	       (a->flags & flags) == (b->flags & flags) && strcmp(a->name, b->name) == 0;
}

static struct bucket *bucket_of(struct pr_resolver *resolver,
				const struct pr_dns_question *question)
{
	uint64_t hash = pr_hash(question->name, strlen(question->name)) + question->type;

	return &resolver->buckets[hash % N_BUCKETS];
}

static struct entry *find(struct pr_resolver *resolver, const struct pr_dns_question *question)
{
	struct entry *entry;

	LIST_FOREACH(entry, bucket_of(resolver, question), by_question)
	if (entry->age == resolver->age && is_same(&entry->query.question, question))
		return entry;
	return NULL;
}

static void free_entry(struct entry *entry)
{
	struct waiter *waiter;

	while ((waiter = STAILQ_FIRST(&entry->waiters))) {
		STAILQ_REMOVE_HEAD(&entry->waiters, link);
		entry->resolver->n_waiters--;
		free(waiter);
	}
	TAILQ_REMOVE(&entry->resolver->entries, entry, by_deadline);
	LIST_REMOVE(entry, by_question);
	pr_query_done(&entry->query);
	free(entry);
}

static void on_ended(struct pr_query *query, const uint8_t *bytes, size_t len, int ede,
		     const char *why)
{
	struct entry *entry = (struct entry *)query;
	struct pr_resolver *resolver = entry->resolver;
	struct waiter *waiter;

	STAILQ_FOREACH(waiter, &entry->waiters, link)
	{
		if (!bytes) {
			fail(resolver, waiter->ticket, &query->question, ede, why);
			continue;
		}
		resolver->counters.answered++;
		resolver->ports.answer(resolver->ports.context, waiter->ticket, bytes, len);
	}
	free_entry(entry);
}

static void wait_for(struct entry *entry, uint64_t ticket)
{
	struct waiter *waiter = pr_calloc(1, sizeof(*waiter));

	waiter->ticket = ticket;
	STAILQ_INSERT_TAIL(&entry->waiters, waiter, link);
	entry->resolver->n_waiters++;
}

static void begin(struct pr_resolver *resolver, uint64_t ticket,
		  const struct pr_dns_question *question)
{
	struct entry *entry = pr_calloc(1, sizeof(*entry));

	entry->resolver = resolver;
	entry->age = resolver->age;
	entry->deadline_us = pr_clock_monotonic_us() + PR_RESOLVER_DEADLINE_MS * MS_US;
	entry->query.queries = &resolver->queries;
	entry->query.servers = resolver->current;
	entry->query.question = *question;
	entry->query.ended = on_ended;
	STAILQ_INIT(&entry->waiters);
	TAILQ_INSERT_TAIL(&resolver->entries, entry, by_deadline);
	LIST_INSERT_HEAD(bucket_of(resolver, question), entry, by_question);
	wait_for(entry, ticket);
	pr_query_start(&entry->query);
}

static void ask(struct pr_resolver *resolver, uint64_t ticket,
		const struct pr_dns_question *question)
{
	uint8_t special[PR_DNS_UDP_MIN];
	size_t special_len = pr_special_answer(question, special, sizeof(special));
	struct entry *same;

	if (special_len) {
		resolver->counters.answered++;
		resolver->ports.answer(resolver->ports.context, ticket, special, special_len);
	} else if (!resolver->current) {
		fail(resolver, ticket, question, PR_DNS_EDE_NO_REACHABLE_AUTHORITY, NO_UPSTREAM);
	} else if (resolver->n_waiters >= PR_RESOLVER_QUERIES_MAX) {
		resolver->counters.refused_full++;
		fail(resolver, ticket, question, PR_DNS_EDE_OTHER, TOO_MANY);
	} else if ((same = find(resolver, question))) {
		resolver->counters.joined++;
		wait_for(same, ticket);
	} else {
		begin(resolver, ticket, question);
	}
}

void pr_resolver_ask(struct pr_resolver *resolver, uint64_t ticket, const uint8_t *bytes,
		     size_t len)
{
	struct pr_dns_question question;

	resolver->counters.asked++;
	if (pr_dns_parse_question(bytes, len, &question) != 0) {
		resolver->counters.failed++;
		resolver->ports.answer(resolver->ports.context, ticket, NULL, 0);
		return;
	}
	ask(resolver, ticket, &question);
}

/* Somebody forges answers: not a stray datagram, which any network has. */
static void tell_of_forged(struct pr_resolver *resolver, uint64_t now)
{
	uint64_t n = resolver->queries.n_forged - resolver->n_forged_told;

	if (n < PR_QUERY_FORGED_MAX || now < resolver->told_us + TELL_US)
		return;
	resolver->n_forged_told += n;
	resolver->told_us = now;
	pr_log(PR_LOG_WARNING, "answers-forged", "n=%llu", (unsigned long long)n);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct pr_resolver *resolver = context;
	uint64_t now = pr_clock_monotonic_us();
	struct pr_servers *servers;
	struct entry *entry;

	(void)fd;
	(void)what;
	while ((entry = TAILQ_FIRST(&resolver->entries)) && entry->deadline_us <= now) {
		resolver->counters.timed_out++;
		on_ended(&entry->query, entry->query.failure, entry->query.failure_len,
			 PR_DNS_EDE_NO_REACHABLE_AUTHORITY, NO_ANSWER);
	}
	tell_of_forged(resolver, now);
	/* the first one's queries are the oldest */
	while ((servers = STAILQ_FIRST(&resolver->former)) && servers->n_users == 0) {
		STAILQ_REMOVE_HEAD(&resolver->former, link);
		pr_servers_free(servers);
	}
}

int pr_resolver_new(struct event_base *base, const struct pr_resolver_ports *ports,
		    struct pr_resolver **ret_resolver)
{
	const struct timeval interval = { .tv_usec = TIMER_US };
	struct pr_resolver *resolver = pr_calloc(1, sizeof(*resolver));

	resolver->base = base;
	resolver->ports = *ports;
	TAILQ_INIT(&resolver->entries);
	STAILQ_INIT(&resolver->former);
	pr_queries_init(&resolver->queries, base);
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
	struct pr_servers *servers;

	if (!resolver)
		return;
	while (!TAILQ_EMPTY(&resolver->entries))
		free_entry(TAILQ_FIRST(&resolver->entries));
	while ((servers = STAILQ_FIRST(&resolver->former))) {
		STAILQ_REMOVE_HEAD(&resolver->former, link);
		pr_servers_free(servers);
	}
	pr_servers_free(resolver->current);
	pr_queries_done(&resolver->queries);
	if (resolver->timer)
		event_free(resolver->timer);
	free(resolver);
}

struct pr_resolver_counters pr_resolver_counters(const struct pr_resolver *resolver)
{
	struct pr_resolver_counters counters = resolver->counters;

	counters.forged = resolver->queries.n_forged;
	counters.over_tcp = resolver->queries.n_over_tcp;
	return counters;
}
