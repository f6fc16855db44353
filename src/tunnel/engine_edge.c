/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/engine_edge.h"

#include "base/cursor.h"
#include "base/log.h"
#include "ipc/body.h"

#define MESSAGES_PER_READ 64 /* before the links get their turn */

struct pr_tunnel_engine {
	struct event_base *base;
	struct pr_tunnel_engine_ports ports;
	struct pr_channel *channel; /* NULL = there is none */
	struct event *readable, *writable;
};

struct pr_tunnel_engine *pr_tunnel_engine_new(struct event_base *base,
					      const struct pr_tunnel_engine_ports *ports)
{
	struct pr_tunnel_engine *engine = pr_calloc(1, sizeof(*engine));

	engine->base = base;
	engine->ports = *ports;
	return engine;
}

static void close_channel(struct pr_tunnel_engine *engine)
{
	if (!engine->channel)
		return;
	event_free(engine->readable);
	event_free(engine->writable);
	pr_channel_free(PR_TAKE_PTR(engine->channel));
	engine->ports.gone(engine->ports.context);
}

/* To the port that it is for; what is malformed is passed over. */
static void on_message(const struct pr_tunnel_engine_ports *ports, const struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);
	struct pr_tunnel_link link;
	uint64_t id;

	switch (message->kind) {
	case PR_MESSAGE_TUNNEL_OPEN:
		if (message->ticket == 0 ||
		    pr_tunnel_link_decode(message->body, message->len, &link) < 0)
			pr_log(PR_LOG_ERROR, "open-refused", "why=malformed");
		else
			ports->open(ports->context, message->ticket, &link);
		break;
	case PR_MESSAGE_TUNNEL_LINK:
		id = pr_read_u64(&reader);
		if (pr_read_complete(&reader))
			ports->link(ports->context, message->ticket, id);
		break;
	case PR_MESSAGE_TUNNEL_CLOSE:
		ports->close(ports->context, message->ticket);
		break;
	default:
		break;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct pr_tunnel_engine *engine = context;

	(void)fd;
	(void)what;
	for (unsigned int i = 0; i < MESSAGES_PER_READ; i++) {
		struct pr_message message;
		int r = pr_channel_receive(engine->channel, &message);

		if (r == PR_CHANNEL_EMPTY)
			return;
		if (r < 0) {
			/* a new one comes with the engine's restart */
			pr_log(PR_LOG_INFO, "engine-gone", "error=%d", -r);
			close_channel(engine);
			return;
		}
		on_message(&engine->ports, &message);
		pr_message_done(&message);
	}
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct pr_tunnel_engine *engine = context;

	(void)fd;
	(void)what;
	engine->ports.drained(engine->ports.context);
}

void pr_tunnel_engine_take(struct pr_tunnel_engine *engine, int fd)
{
	close_channel(engine);
	engine->channel = pr_channel_new_take(fd, PR_PARTY_TUNNEL, PR_PARTY_ENGINE);
	engine->readable = event_new(engine->base, fd, EV_READ | EV_PERSIST, on_readable, engine);
	engine->writable = event_new(engine->base, fd, EV_WRITE, on_writable, engine);
	pr_assert(engine->readable && engine->writable);
	event_add(engine->readable, NULL);
	engine->ports.appeared(engine->ports.context);
}

bool pr_tunnel_engine_is_there(const struct pr_tunnel_engine *engine)
{
	return engine->channel != NULL;
}

bool pr_tunnel_engine_send(struct pr_tunnel_engine *engine, enum pr_message_kind kind,
			   uint64_t ticket, const void *body, size_t len)
{
	int r;

	if (!engine->channel)
		return false;
	r = pr_channel_send(engine->channel, kind, ticket, body, len);
	/* An engine that is gone is noticed where it is read, not under the feet of who sends. */
	if (r == PR_CHANNEL_FULL)
		event_add(engine->writable, NULL);
	return r == 0;
}

void pr_tunnel_engine_free(struct pr_tunnel_engine *engine)
{
	if (!engine)
		return;
	close_channel(engine);
	free(engine);
}
