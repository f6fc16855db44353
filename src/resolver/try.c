/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A question over UDP has a socket of its own, connected to the upstream, at a port that was drawn: the kernel hands it
 * nothing that comes from anybody else.
 */
#include "resolver/try.h"

#include "base/error.h"
#include "resolver/resolver.h"
#include "resolver/socket.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAM_MAX 4096 /* PR_DNS_UDP_MAX was announced; what is longer is cut */

void pr_try_close(struct pr_try *try)
{
	struct pr_queries *queries;

	if (!try->readable)
		return;
	queries = try->query->queries;
	event_free(PR_TAKE_PTR(try->readable));
	close(PR_TAKE_FD(try->fd));
	queries->n_sockets--;
	if (!TAILQ_EMPTY(&queries->for_socket))
		event_active(queries->socket_free, 0, 0);
}

void pr_tries_close(struct pr_query *query)
{
	for (unsigned int i = 0; i < PR_QUERY_TRIES_OPEN; i++)
		pr_try_close(&query->tries[i]);
}

unsigned int pr_tries_open(const struct pr_query *query)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < PR_QUERY_TRIES_OPEN; i++)
		n += query->tries[i].readable != NULL;
	return n;
}

/* A free place, or that of the oldest. */
static struct pr_try *take_try(struct pr_query *query)
{
	struct pr_try *oldest = &query->tries[0];

	for (unsigned int i = 0; i < PR_QUERY_TRIES_OPEN; i++) {
		if (!query->tries[i].readable)
			return &query->tries[i];
		if (query->tries[i].sent_us < oldest->sent_us)
			oldest = &query->tries[i];
	}
	pr_try_close(oldest);
	return oldest;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	uint8_t bytes[DATAGRAM_MAX];
	struct pr_try *try = context;
	ssize_t len = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC);

	(void)what;
	if (len >= 0)
		pr_query_heard(try, bytes, len > DATAGRAM_MAX ? DATAGRAM_MAX : (size_t)len,
			       len > DATAGRAM_MAX);
	else if (errno != EAGAIN && errno != EINTR)
		pr_query_unreachable(try);
}

/* 0; -errno where it could not be sent. */
int pr_try_send(struct pr_query *query, unsigned int i, uint64_t now_us)
{
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	struct pr_dns_asked asked = query->asked;
	uint8_t bytes[PR_DNS_ASKED_MAX];
	struct pr_try *try;
	size_t len;

	asked.edns = asked.edns && pr_server_speaks_edns(&query->servers->servers[i], now_us);
	pr_assert(getrandom(&asked.id, sizeof(asked.id), 0) == sizeof(asked.id));
	len = pr_dns_asked_write(&asked, bytes, sizeof(bytes));
	fd = pr_upstream_connect(&query->servers->servers[i].upstream, SOCK_DGRAM);
	if (fd < 0)
		return fd;
	if (send(fd, bytes, len, MSG_NOSIGNAL) < 0)
		return -errno;
	try = take_try(query);
	*try = (struct pr_try){ .query = query,
				.server = (uint8_t)i,
				.edns = asked.edns,
				.id = asked.id,
				.sent_us = now_us,
				.fd = PR_TAKE_FD(fd) };
	try->readable =
		event_new(query->queries->base, try->fd, EV_READ | EV_PERSIST, on_readable, try);
	pr_assert(try->readable);
	event_add(try->readable, NULL);
	query->queries->n_sockets++;
	return 0;
}

bool pr_query_has_socket(struct pr_query *query)
{
	struct pr_queries *queries = query->queries;

	if (queries->n_sockets >= PR_RESOLVER_SOCKETS_MAX / 2)
		pr_tries_close(query);
	if (queries->n_sockets < PR_RESOLVER_SOCKETS_MAX)
		return true;
	if (!query->waits_for_socket)
		TAILQ_INSERT_TAIL(&queries->for_socket, query, for_socket);
	query->waits_for_socket = true;
	return false;
}

/* ---- what queries share ---- */

static void on_socket_free(evutil_socket_t fd, short what, void *context)
{
	struct pr_queries *queries = context;
	struct pr_query *query;

	(void)fd;
	(void)what;
	while (queries->n_sockets < PR_RESOLVER_SOCKETS_MAX &&
	       (query = TAILQ_FIRST(&queries->for_socket))) {
		TAILQ_REMOVE(&queries->for_socket, query, for_socket);
		query->waits_for_socket = false;
		pr_query_ask_next(query);
	}
}

void pr_queries_init(struct pr_queries *queries, struct event_base *base)
{
	*queries = (struct pr_queries){ .base = base };
	TAILQ_INIT(&queries->for_socket);
	queries->socket_free = event_new(base, -1, 0, on_socket_free, queries);
	pr_assert(queries->socket_free);
}

void pr_queries_done(struct pr_queries *queries)
{
	event_free(queries->socket_free);
}

struct pr_servers *pr_servers_new(struct event_base *base, const struct pr_upstream *upstreams,
				  unsigned int n)
{
	struct pr_servers *servers = pr_calloc(1, sizeof(*servers));

	servers->n = n;
	for (unsigned int i = 0; i < n; i++) {
		servers->servers[i].upstream = upstreams[i];
		pr_stream_init(&servers->streams[i], base, &servers->servers[i].upstream);
	}
	return servers;
}

void pr_servers_free(struct pr_servers *servers)
{
	if (!servers)
		return;
	pr_assert(servers->n_users == 0);
	for (unsigned int i = 0; i < servers->n; i++)
		pr_stream_done(&servers->streams[i]);
	free(servers);
}
