/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One question on its way: which upstream is asked how, until one has answered. Of the room itself. */
#pragma once

#include "dns/asked.h"
#include "resolver/server.h"
#include "resolver/stream.h"

/* Questions of one query that may still be answered over UDP; with a further one the oldest is given up. */
#define PR_QUERY_TRIES_OPEN 3
/* Datagrams to a question's own socket that are not its answer: somebody guesses. It is asked over TCP then. */
#define PR_QUERY_FORGED_MAX 3
/* How often one query is asked over TCP, and how long each time. */
#define PR_QUERY_TCP_MAX	 4
#define PR_QUERY_TCP_PATIENCE_MS 3000u

/* The upstreams of a configuration, and what is known of them. Shared by the queries that ask them. */
struct pr_servers {
	struct pr_server servers[PR_UPSTREAMS_MAX];
	struct pr_stream streams[PR_UPSTREAMS_MAX];
	unsigned int n, n_users;
	STAILQ_ENTRY(pr_servers) link; /* the resolver's */
};

/* What all queries share; the resolver's. */
struct pr_queries {
	struct event_base *base;
	unsigned int n_sockets;		   /* at most PR_RESOLVER_SOCKETS_MAX */
	TAILQ_HEAD(, pr_query) for_socket; /* those that wait for one */
	struct event *socket_free;
	uint64_t n_forged, n_over_tcp;
};

struct pr_try {
	struct pr_query *query;
	struct event *readable; /* NULL = not open */
	int fd;
	uint8_t server;
	bool edns;
	uint16_t id;
	uint64_t sent_us;
};

/* Why a question goes over TCP. */
enum pr_query_why {
	PR_QUERY_CUT,	 /* the answer did not fit */
	PR_QUERY_CASE,	 /* the name came back in another case */
	PR_QUERY_FORGED, /* somebody guesses */
};

struct pr_query {
	struct pr_queries *queries;
	struct pr_servers *servers;
	struct pr_dns_question question;
	/* Once, never before pr_query_start() returns. `bytes` NULL: there is no answer, for the reason that the
	 * extended error and `why` give. Borrowed. The callee ends the query. */
	void (*ended)(struct pr_query *query, const uint8_t *bytes, size_t len, int ede,
		      const char *why);

	struct pr_dns_asked asked; /* the rest is the query's own */
	uint8_t order[PR_UPSTREAMS_MAX];
	unsigned int n_asked;  /* so many times one was asked, in that order, over and over */
	unsigned int n_errors; /* of these could not be sent, or nobody was there */
	uint32_t given_up;     /* servers that are not asked again, a bit each */
	struct pr_try tries[PR_QUERY_TRIES_OPEN];
	unsigned int n_forged, n_over_tcp;
	bool twice; /* it was guessed at, and there was no TCP */
	enum pr_query_why why_tcp;
	struct pr_stream_ask over_tcp;
	uint8_t last, tcp_server; /* which was asked over UDP, over TCP */
	struct event *again;
	bool waits_for_socket;
	TAILQ_ENTRY(pr_query) for_socket;
	uint8_t *failure; /* the first that an upstream gave; NULL = none */
	size_t failure_len;
	const char *why; /* there is no answer */
};

/* `question`, `queries`, `servers` and `ended` are set, all else is zero. */
void pr_query_start(struct pr_query *query);
/* Frees what it holds, not itself; it will not end any more. */
void pr_query_done(struct pr_query *query);

void pr_queries_init(struct pr_queries *queries, struct event_base *base);
void pr_queries_done(struct pr_queries *queries);

struct pr_servers *pr_servers_new(struct event_base *base, const struct pr_upstream *upstreams,
				  unsigned int n);
/* Without users, and not from within one's `ended`: its stream may be what called. Takes NULL. */
void pr_servers_free(struct pr_servers *servers);
