/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/outbox.h"

#include <string.h>

struct item {
	struct item *next;
	enum pr_message_kind kind;
	uint64_t ticket;
	size_t len;
	uint8_t body[];
};

struct pr_outbox {
	struct pr_channel *channel;
	struct pr_outbox_ports ports;
	struct event *on_readable, *on_writable;
	struct item *first, *last;
	size_t size, size_max;
	bool gone, *freed; /* *freed: told to whoever is calling a port */
};

static void end(struct pr_outbox *outbox)
{
	if (outbox->gone)
		return;
	outbox->gone = true;
	event_del(outbox->on_readable);
	event_del(outbox->on_writable);
	outbox->ports.gone(outbox->ports.context);
}

static void readable(evutil_socket_t fd, short what, void *context)
{
	struct pr_outbox *outbox = context;
	struct pr_message message;
	bool freed = false;
	int r;

	(void)fd;
	(void)what;
	outbox->freed = &freed;
	while ((r = pr_channel_receive(outbox->channel, &message)) == 0) {
		outbox->ports.message(outbox->ports.context, &message);
		pr_message_done(&message);
		if (freed)
			return;
	}
	outbox->freed = NULL;
	if (r < 0)
		end(outbox);
}

/* 0, PR_CHANNEL_FULL or negative. */
static int drain(struct pr_outbox *outbox)
{
	while (outbox->first) {
		struct item *item = outbox->first;
		int r = pr_channel_send(outbox->channel, item->kind, item->ticket, item->body,
					item->len);

		if (r)
			return r;
		outbox->first = item->next;
		if (!outbox->first)
			outbox->last = NULL;
		outbox->size -= sizeof(*item) + item->len;
		free(item);
	}
	return 0;
}

static void writable(evutil_socket_t fd, short what, void *context)
{
	struct pr_outbox *outbox = context;
	int r = drain(outbox);

	(void)fd;
	(void)what;
	if (r < 0)
		end(outbox);
	else if (r == PR_CHANNEL_FULL)
		event_add(outbox->on_writable, NULL);
	else if (outbox->ports.drained)
		outbox->ports.drained(outbox->ports.context);
}

struct pr_outbox *pr_outbox_new_take(struct event_base *base, struct pr_channel *channel,
				     size_t size_max, const struct pr_outbox_ports *ports)
{
	struct pr_outbox *outbox = pr_calloc(1, sizeof(*outbox));
	int fd = pr_channel_fd(channel);

	outbox->channel = channel;
	outbox->ports = *ports;
	outbox->size_max = size_max;
	outbox->on_readable = event_new(base, fd, EV_READ | EV_PERSIST, readable, outbox);
	outbox->on_writable = event_new(base, fd, EV_WRITE, writable, outbox);
	pr_assert(outbox->on_readable && outbox->on_writable);
	event_add(outbox->on_readable, NULL);
	return outbox;
}

void pr_outbox_free(struct pr_outbox *outbox)
{
	if (!outbox)
		return;
	if (outbox->freed)
		*outbox->freed = true;
	event_free(outbox->on_readable);
	event_free(outbox->on_writable);
	pr_channel_free(outbox->channel);
	while (outbox->first) {
		struct item *item = outbox->first;

		outbox->first = item->next;
		free(item);
	}
	free(outbox);
}

static bool enqueue(struct pr_outbox *outbox, enum pr_message_kind kind, uint64_t ticket,
		    const void *body, size_t len)
{
	struct item *item;

	if (sizeof(*item) + len > outbox->size_max - outbox->size)
		return false;
	item = pr_calloc(1, sizeof(*item) + len);
	*item = (struct item){ .kind = kind, .ticket = ticket, .len = len };
	if (len)
		memcpy(item->body, body, len);
	if (outbox->last)
		outbox->last->next = item;
	else
		outbox->first = item;
	outbox->last = item;
	outbox->size += sizeof(*item) + len;
	event_add(outbox->on_writable, NULL);
	return true;
}

bool pr_outbox_send(struct pr_outbox *outbox, enum pr_message_kind kind, uint64_t ticket,
		    const void *body, size_t len)
{
	int r = PR_CHANNEL_FULL;

	if (!outbox || outbox->gone)
		return false;
	if (!outbox->first)
		r = pr_channel_send(outbox->channel, kind, ticket, body, len);
	if (r == 0)
		return true;
	/* The loop finds out about a peer that is gone; nobody is called back from here. */
	return r == PR_CHANNEL_FULL && enqueue(outbox, kind, ticket, body, len);
}

bool pr_outbox_is_empty(const struct pr_outbox *outbox)
{
	return !outbox->first;
}

struct pr_channel *pr_outbox_channel(struct pr_outbox *outbox)
{
	return outbox->channel;
}
