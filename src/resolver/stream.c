/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whatever ends a connection ends it for all that is on it: each question is given back once, from the loop, and who
 * asked may ask again, which makes a new connection. A message that is the answer to nothing asked is passed over
 * (it may be one that was taken back); bytes that are no message end the connection.
 */
#include "resolver/stream.h"

#include "base/error.h"
#include "resolver/socket.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define PREFIX_LEN 2

static void disconnect(struct pr_stream *stream)
{
	if (stream->connection)
		bufferevent_free(PR_TAKE_PTR(stream->connection));
	event_del(stream->idle);
}

/* ---- what comes ---- */

static void give_back(struct pr_stream *stream, struct pr_stream_ask *ask, enum pr_dns_heard heard,
		      uint8_t *bytes, size_t len)
{
	pr_stream_forget(stream, ask);
	ask->heard(ask, heard, bytes, len);
}

static void on_message(struct pr_stream *stream, uint8_t *bytes, size_t len)
{
	struct pr_stream_ask *ask;

	TAILQ_FOREACH(ask, &stream->asks, link)
	{
		enum pr_dns_heard heard;

		if (ask->asked.id != (bytes[0] << 8 | bytes[1]))
			continue;
		heard = pr_dns_asked_heard(&ask->asked, bytes, len);
		if (heard != PR_DNS_HEARD_NOT_OURS)
			give_back(stream, ask, heard, bytes, len);
		return;
	}
}

/* Those who wait are told once nothing of the connection is on the stack. */
static void break_off(struct pr_stream *stream)
{
	disconnect(stream);
	if (!TAILQ_EMPTY(&stream->asks))
		event_active(stream->broken, 0, 0);
}

static void on_broken(evutil_socket_t fd, short what, void *context)
{
	struct pr_stream *stream = context;
	/* who is told may ask again at once, on a new connection */
	uint64_t last = stream->connection ? stream->n_connections - 1 : stream->n_connections;
	struct pr_stream_ask *ask;

	(void)fd;
	(void)what;
	while ((ask = TAILQ_FIRST(&stream->asks)) && ask->connection <= last)
		give_back(stream, ask, PR_DNS_HEARD_NOT_OURS, NULL, 0);
}

static void on_readable(struct bufferevent *connection, void *context)
{
	struct pr_stream *stream = context;
	struct evbuffer *in = bufferevent_get_input(connection);
	uint8_t prefix[PREFIX_LEN];

	while (evbuffer_copyout(in, prefix, sizeof(prefix)) == sizeof(prefix)) {
		size_t len = (size_t)prefix[0] << 8 | prefix[1];
		uint8_t *bytes;

		if (len < PR_DNS_HEADER_LEN) {
			break_off(stream);
			return;
		}
		if (evbuffer_get_length(in) < PREFIX_LEN + len)
			return;
		bytes = evbuffer_pullup(in, (ev_ssize_t)(PREFIX_LEN + len));
		pr_assert(bytes);
		on_message(stream, bytes + PREFIX_LEN, len);
		/* whoever was told may have ended the stream */
		if (stream->connection != connection)
			return;
		evbuffer_drain(in, PREFIX_LEN + len);
	}
}

static void on_event(struct bufferevent *connection, short what, void *context)
{
	(void)connection;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		break_off(context);
}

static void on_idle(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	disconnect(context);
}

/* ---- what is asked ---- */

static void connect_to(struct pr_stream *stream)
{
	int fd = pr_upstream_connect(stream->upstream, SOCK_STREAM), on = 1;

	stream->n_connections++;
	if (fd < 0)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	stream->connection = bufferevent_socket_new(stream->base, fd, BEV_OPT_CLOSE_ON_FREE);
	pr_assert(stream->connection);
	/* room for one whole message: what comes faster than it is taken waits in the kernel */
	bufferevent_setwatermark(stream->connection, EV_READ, 0, PREFIX_LEN + PR_DNS_MESSAGE_MAX);
	bufferevent_setcb(stream->connection, on_readable, NULL, on_event, stream);
	bufferevent_enable(stream->connection, EV_READ | EV_WRITE);
}

static bool is_taken(const struct pr_stream *stream, uint16_t id)
{
	const struct pr_stream_ask *ask;

	TAILQ_FOREACH(ask, &stream->asks, link)
	if (ask->asked.id == id)
		return true;
	return false;
}

void pr_stream_ask(struct pr_stream *stream, struct pr_stream_ask *ask)
{
	uint8_t bytes[PREFIX_LEN + PR_DNS_ASKED_MAX];
	size_t len;

	do
		pr_assert(getrandom(&ask->asked.id, sizeof(ask->asked.id), 0) ==
			  sizeof(ask->asked.id));
	while (is_taken(stream, ask->asked.id));
	if (!stream->connection)
		connect_to(stream);
	TAILQ_INSERT_TAIL(&stream->asks, ask, link);
	ask->waits = true;
	ask->connection = stream->n_connections;
	event_del(stream->idle);
	if (!stream->connection) {
		event_active(stream->broken, 0, 0);
		return;
	}
	len = pr_dns_asked_write(&ask->asked, bytes + PREFIX_LEN, PR_DNS_ASKED_MAX);
	bytes[0] = (uint8_t)(len >> 8);
	bytes[1] = (uint8_t)len;
	bufferevent_write(stream->connection, bytes, PREFIX_LEN + len);
}

void pr_stream_forget(struct pr_stream *stream, struct pr_stream_ask *ask)
{
	const struct timeval idle = { .tv_sec = PR_STREAM_IDLE_S };

	if (!ask->waits)
		return;
	ask->waits = false;
	TAILQ_REMOVE(&stream->asks, ask, link);
	if (TAILQ_EMPTY(&stream->asks) && stream->connection)
		event_add(stream->idle, &idle);
}

void pr_stream_init(struct pr_stream *stream, struct event_base *base,
		    const struct pr_upstream *upstream)
{
	*stream = (struct pr_stream){ .base = base, .upstream = upstream };
	TAILQ_INIT(&stream->asks);
	stream->idle = evtimer_new(base, on_idle, stream);
	stream->broken = event_new(base, -1, 0, on_broken, stream);
	pr_assert(stream->idle && stream->broken);
}

void pr_stream_done(struct pr_stream *stream)
{
	disconnect(stream);
	event_free(stream->idle);
	event_free(stream->broken);
}
