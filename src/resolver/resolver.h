/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks upstream: one question, one answer, both in wire format, as the upstream gave it but for the id. Retries, other
 * upstreams where one is away, TCP where an answer is cut. It forwards and nothing else: what an answer says beside
 * what was asked for is given to nobody else (docs/decisions/forwarding.md). One thread, that of the event base.
 */
#pragma once

#include "base/error.h"
#include "resolver/upstream.h"

#include <event2/event.h>
#include <stdbool.h>

/* Questions on their way, and such as ask the same. Beyond: answered SERVFAIL at once, counted. */
#define PR_RESOLVER_QUERIES_MAX 16384u
/* Without an answer until then: SERVFAIL, extended error 22 (no reachable authority). Shorter than a question's
 * life in the nameserver, longer than a client's first try. */
#define PR_RESOLVER_DEADLINE_MS 8000u
/* UDP sockets towards upstreams at one time, as many as the engine has questions; from half of it on no question has
 * more than one, beyond it waits for one. */
#define PR_RESOLVER_SOCKETS_MAX 8192u

struct pr_resolver;

struct pr_resolver_ports {
	void *context;
	/* Exactly once for each question; borrowed. */
	void (*answer)(void *context, uint64_t ticket, const uint8_t *bytes, size_t len);
	/* Other upstreams are asked, or nothing is remembered, from now on; may be NULL. */
	void (*renewed)(void *context);
};

struct pr_resolver_counters {
	uint64_t asked, answered, failed, timed_out, refused_full;
	uint64_t joined; /* asked while the same was on its way: one question upstream */
	uint64_t forged; /* datagrams that were not the answer to what was asked from their port */
	uint64_t over_tcp; /* questions over TCP */
};

PR_MUST_USE int pr_resolver_new(struct event_base *base, const struct pr_resolver_ports *ports,
				struct pr_resolver **ret_resolver);
/* Questions that are on their way are not answered any more. */
void pr_resolver_free(struct pr_resolver *resolver);

/* From now on these are asked; what is on its way ends with the former. Without any, every
 * question fails. False: they are the same as before, and nothing changes. */
bool pr_resolver_set_upstreams(struct pr_resolver *resolver, const struct pr_upstream *upstreams,
			       unsigned int n);
/* Whoever asks from now on is given nothing that was asked for before. */
void pr_resolver_flush(struct pr_resolver *resolver);

/* `bytes`: as pr_dns_write_question() writes it. The port may be called before this returns. */
void pr_resolver_ask(struct pr_resolver *resolver, uint64_t ticket, const uint8_t *bytes,
		     size_t len);

struct pr_resolver_counters pr_resolver_counters(const struct pr_resolver *resolver);
