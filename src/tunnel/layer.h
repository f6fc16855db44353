/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stream of bytes on the way to a far end: a socket, TLS over another layer, a stream of HTTP/2; or the datagrams of
 * an association. Of the room itself.
 *
 * What can be read or written is told once, then not again before a call said -EAGAIN (edges, as epoll(7) calls them):
 * nothing has to be switched off while nobody wants to read. Who stands above may free the layer when it is told.
 */
#pragma once

#include "base/error.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Never from within a call of the layer. */
struct pr_layer_events {
	void (*readable)(void *context);
	void (*writable)(void *context);
};

struct pr_layer;

struct pr_layer_kind {
	/* Bytes, 0 at the far end's end, -EAGAIN, or what broke it. `peek`: they stay there. */
	ssize_t (*read)(struct pr_layer *layer, void *bytes, size_t size, bool peek);
	/* May be short; then `writable` follows. */
	ssize_t (*write)(struct pr_layer *layer, const void *bytes, size_t len);
	void (*shutdown)(struct pr_layer *layer);
	/* With all that lies below. Unless `reset` what was written still goes. */
	void (*free)(struct pr_layer *layer, bool reset);
	/* The socket whose bytes are the layer's, which is not watched here any more; NULL: there is none. */
	int (*fd)(struct pr_layer *layer);
};

struct pr_layer {
	const struct pr_layer_kind *kind;
	const struct pr_layer_events *events; /* of who stands above, or NULL */
	void *context;
};

static inline void pr_layer_listen(struct pr_layer *layer, const struct pr_layer_events *events,
				   void *context)
{
	layer->events = events;
	layer->context = context;
}

static inline ssize_t pr_layer_read(struct pr_layer *layer, void *bytes, size_t size)
{
	return layer->kind->read(layer, bytes, size, false);
}

static inline ssize_t pr_layer_peek(struct pr_layer *layer, void *bytes, size_t size)
{
	return layer->kind->read(layer, bytes, size, true);
}

static inline ssize_t pr_layer_write(struct pr_layer *layer, const void *bytes, size_t len)
{
	return layer->kind->write(layer, bytes, len);
}

static inline void pr_layer_free(struct pr_layer *layer, bool reset) /* takes NULL */
{
	if (layer)
		layer->kind->free(layer, reset);
}

/* Over a connected socket of either type, which is taken. */
struct pr_layer *pr_layer_socket(struct event_base *base, int fd);
