/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A channel in an event loop with a bounded queue before it: what the peer does not take yet waits here.
 * One thread.
 */
#pragma once

#include "ipc/channel.h"

#include <event2/event.h>
#include <stdbool.h>

struct pr_outbox;

struct pr_outbox_ports {
	void *context;
	void (*message)(void *context, struct pr_message *message); /* borrowed */
	void (*gone)(void *context);	/* the peer is gone; free the outbox now or later */
	void (*drained)(void *context); /* the queue is empty again; may be NULL */
};

/* `size_max`: bytes that may wait. */
struct pr_outbox *pr_outbox_new_take(struct event_base *base, struct pr_channel *channel,
				     size_t size_max, const struct pr_outbox_ports *ports);
void pr_outbox_free(struct pr_outbox *outbox); /* takes NULL */
/* False: no room (or the peer is gone), nothing was sent. In order. */
bool pr_outbox_send(struct pr_outbox *outbox, enum pr_message_kind kind, uint64_t ticket,
		    const void *body, size_t len);
bool pr_outbox_is_empty(const struct pr_outbox *outbox);
struct pr_channel *pr_outbox_channel(struct pr_outbox *outbox);
