/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/engine_edge.h"

#include "base/log.h"
#include "resolver/backlog.h"

#define MESSAGES_PER_READ 64 /* before upstreams' sockets get their turn */

struct pr_engine_edge {
	struct event_base *base;
	struct pr_engine_edge_ports ports;
	struct pr_channel *channel; /* NULL = there is none */
	struct event *readable, *writable;
	struct pr_backlog backlog;
	bool renewed, public;
};

struct pr_engine_edge *pr_engine_edge_new(struct event_base *base,
					  const struct pr_engine_edge_ports *ports)
{
	struct pr_engine_edge *edge = pr_calloc(1, sizeof(*edge));

	edge->base = base;
	edge->ports = *ports;
	pr_backlog_init(&edge->backlog);
	return edge;
}

static void close_channel(struct pr_engine_edge *edge)
{
	if (edge->readable)
		event_free(edge->readable);
	if (edge->writable)
		event_free(edge->writable);
	edge->readable = edge->writable = NULL;
	pr_channel_free(edge->channel);
	edge->channel = NULL;
	pr_backlog_clear(&edge->backlog);
}

/* ---- out ---- */

/* False where the channel is full. */
static bool send_renewed(struct pr_engine_edge *edge)
{
	const uint8_t public = edge->public;

	if (edge->renewed && pr_channel_send(edge->channel, PR_MESSAGE_RENEWED, 0, &public,
					     sizeof(public)) == PR_CHANNEL_FULL)
		return false;
	edge->renewed = false;
	return true;
}

/* False where the channel is full: the rest waits for it to be writable. An engine that is gone reads no more; its
 * channel is closed where it is read, not under the feet of who sends. */
static bool send_now(struct pr_engine_edge *edge, enum pr_message_kind kind, uint64_t ticket,
		     const uint8_t *bytes, size_t len)
{
	return send_renewed(edge) &&
	       pr_channel_send(edge->channel, kind, ticket, bytes, len) != PR_CHANNEL_FULL;
}

void pr_engine_edge_send(struct pr_engine_edge *edge, enum pr_message_kind kind, uint64_t ticket,
			 const uint8_t *bytes, size_t len)
{
	if (!edge->channel)
		return;
	if (!pr_backlog_peek(&edge->backlog) && send_now(edge, kind, ticket, bytes, len))
		return;
	if (!pr_backlog_put(&edge->backlog, kind, ticket, bytes, len))
		pr_log(PR_LOG_WARNING, "answer-dropped", "why=backlog dropped=%llu",
		       (unsigned long long)edge->backlog.n_dropped);
	event_add(edge->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_edge *edge = context;
	const struct pr_backlog_entry *entry;

	(void)fd;
	(void)what;
	if (!send_renewed(edge)) {
		event_add(edge->writable, NULL);
		return;
	}
	while ((entry = pr_backlog_peek(&edge->backlog))) {
		if (!send_now(edge, (enum pr_message_kind)entry->kind, entry->ticket, entry->bytes,
			      entry->len)) {
			event_add(edge->writable, NULL);
			return;
		}
		pr_backlog_consume(&edge->backlog);
	}
}

void pr_engine_edge_renewed(struct pr_engine_edge *edge, bool public)
{
	edge->renewed = true;
	edge->public = public;
	if (edge->channel && !send_renewed(edge))
		event_add(edge->writable, NULL);
}

/* ---- in ---- */

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_edge *edge = context;

	(void)fd;
	(void)what;
	for (unsigned int i = 0; i < MESSAGES_PER_READ; i++) {
		struct pr_message message;
		int r = pr_channel_receive(edge->channel, &message);

		if (r == PR_CHANNEL_EMPTY)
			return;
		if (r < 0) {
			/* a new one comes with the engine's restart */
			pr_log(PR_LOG_INFO, "engine-gone", "error=%d", -r);
			close_channel(edge);
			return;
		}
		edge->ports.message(edge->ports.context, &message);
		pr_message_done(&message);
	}
}

void pr_engine_edge_take(struct pr_engine_edge *edge, int fd)
{
	close_channel(edge);
	edge->channel = pr_channel_new_take(fd, PR_PARTY_RESOLVER, PR_PARTY_ENGINE);
	edge->readable = event_new(edge->base, fd, EV_READ | EV_PERSIST, on_readable, edge);
	edge->writable = event_new(edge->base, fd, EV_WRITE, on_writable, edge);
	pr_assert(edge->readable && edge->writable);
	event_add(edge->readable, NULL);
	/* Whatever the engine remembers, it is not known to be of these upstreams. */
	pr_engine_edge_renewed(edge, edge->public);
	edge->ports.opened(edge->ports.context);
}

void pr_engine_edge_free(struct pr_engine_edge *edge)
{
	if (!edge)
		return;
	close_channel(edge);
	free(edge);
}
