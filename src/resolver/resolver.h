/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks upstream, through libunbound: its cache, its retries, its random ports and ids, TCP where an answer is cut.
 * Questions and answers are in wire format. One thread, that of the event base.
 */
#pragma once

#include "base/error.h"
#include "resolver/upstream.h"

#include <event2/event.h>

/* Questions on their way. Beyond: answered SERVFAIL at once, counted. */
#define PR_RESOLVER_QUERIES_MAX 16384u
/* Without an answer until then: SERVFAIL, extended error 22 (no reachable authority). Shorter than a question's
 * life in the nameserver, longer than a client's first try. */
#define PR_RESOLVER_DEADLINE_MS 8000u
/* Contexts of former upstreams that still wait for answers; the oldest beyond is ended, its questions fail. */
#define PR_RESOLVER_FORMER_MAX 3u
/* Sockets towards upstreams at one time; questions beyond wait in libunbound for one. */
#define PR_RESOLVER_PORTS     "256"
#define PR_RESOLVER_TCP	      "32"
#define PR_RESOLVER_MSG_CACHE "4194304" /* bytes */
#define PR_RESOLVER_SET_CACHE "8388608"

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
};

PR_MUST_USE int pr_resolver_new(struct event_base *base, const struct pr_resolver_ports *ports,
				struct pr_resolver **ret_resolver);
/* Questions that are on their way are not answered any more. */
void pr_resolver_free(struct pr_resolver *resolver);

/* From now on these are asked; the cache begins anew. Unchanged upstreams change nothing. Without any, every
 * question fails. 0 or -errno: the former stay in force. */
PR_MUST_USE int pr_resolver_set_upstreams(struct pr_resolver *resolver,
					  const struct pr_upstream *upstreams, unsigned int n);
/* Forgets what is cached. */
PR_MUST_USE int pr_resolver_flush(struct pr_resolver *resolver);

/* `bytes`: as pr_dns_write_question() writes it. The port may be called before this returns. */
void pr_resolver_ask(struct pr_resolver *resolver, uint64_t ticket, const uint8_t *bytes,
		     size_t len);

const struct pr_resolver_counters *pr_resolver_counters(const struct pr_resolver *resolver);
