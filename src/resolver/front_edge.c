/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/front_edge.h"

#include "base/log.h"
#include "ipc/channel.h"

struct pr_front_edge {
	struct event_base *base;
	struct pr_resolver *resolver;
	struct pr_channel *channel; /* NULL = it is away */
	struct event *readable;
	unsigned int n_questions;
	uint32_t generation; /* of the channel: answers to a former one are nobody's */
};

#define GENERATION_SHIFT \
	40 /* above what front counts its questions with, below the tickets' marks */
#define GENERATION_MASK 0xffffu
#define COUNT_MASK	((UINT64_C(1) << GENERATION_SHIFT) - 1)

static void close_channel(struct pr_front_edge *edge)
{
	if (edge->readable)
		event_free(PR_TAKE_PTR(edge->readable));
	pr_channel_free(PR_TAKE_PTR(edge->channel));
	edge->generation = (edge->generation + 1) & GENERATION_MASK;
}

/* What finds no room is lost: the fetch ends by its deadline, or goes by the other address. */
static void send_answer(struct pr_front_edge *edge, uint64_t ticket, const uint8_t *bytes,
			size_t len)
{
	if (edge->channel && pr_channel_send(edge->channel, PR_MESSAGE_ANSWER, ticket, bytes, len))
		pr_log(PR_LOG_WARNING, "answer-dropped", "to=front");
}

void pr_front_edge_answer(struct pr_front_edge *edge, uint64_t ticket, const uint8_t *bytes,
			  size_t len)
{
	edge->n_questions--;
	if ((ticket >> GENERATION_SHIFT & GENERATION_MASK) == edge->generation)
		send_answer(edge, ticket & COUNT_MASK, bytes, len);
}

static void ask(struct pr_front_edge *edge, const struct pr_message *message)
{
	uint64_t ticket = PR_FRONT_TICKET | (uint64_t)edge->generation << GENERATION_SHIFT |
			  (message->ticket & COUNT_MASK);

	if (edge->n_questions == PR_FRONT_QUESTIONS_MAX)
		return send_answer(edge, message->ticket, NULL, 0);
	edge->n_questions++;
	pr_resolver_ask(edge->resolver, ticket, message->body, message->len);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct pr_front_edge *edge = context;
	struct pr_message message;
	int r = pr_channel_receive(edge->channel, &message);

	(void)fd;
	(void)what;
	if (r == PR_CHANNEL_EMPTY)
		return;
	if (r < 0)
		return close_channel(edge);
	if (message.kind == PR_MESSAGE_RESOLVE)
		ask(edge, &message);
	pr_message_done(&message);
}

struct pr_front_edge *pr_front_edge_new(struct event_base *base, struct pr_resolver *resolver)
{
	struct pr_front_edge *edge = pr_calloc(1, sizeof(*edge));

	edge->base = base;
	edge->resolver = resolver;
	return edge;
}

void pr_front_edge_free(struct pr_front_edge *edge)
{
	if (!edge)
		return;
	close_channel(edge);
	free(edge);
}

void pr_front_edge_take(struct pr_front_edge *edge, int fd)
{
	close_channel(edge);
	edge->channel = pr_channel_new_take(fd, PR_PARTY_RESOLVER, PR_PARTY_FRONT);
	edge->readable = event_new(edge->base, fd, EV_READ | EV_PERSIST, on_readable, edge);
	pr_assert(edge->readable);
	event_add(edge->readable, NULL);
}
