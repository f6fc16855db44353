/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions to one upstream over TCP (RFC 7766): one connection, made when it is needed, for as many questions as there
 * are, answered in any order. Of the room itself.
 */
#pragma once

#include "dns/asked.h"
#include "resolver/upstream.h"

#include <event2/event.h>
#include <sys/queue.h>

/* Without a question on it the connection is closed (RFC 7766, 6.2.3: a few seconds). */
#define PR_STREAM_IDLE_S 5

/* A question on its way. The caller's memory, from pr_stream_ask() until it is answered or taken back. */
struct pr_stream_ask {
	struct pr_dns_asked asked; /* the stream draws the id */
	/* Once, never before pr_stream_ask() returns; `ask` is the caller's again. `bytes` NULL: the connection could not
	 * be made, or ended first. Borrowed; may be written to. */
	void (*heard)(struct pr_stream_ask *ask, enum pr_dns_heard heard, uint8_t *bytes,
		      size_t len);
	TAILQ_ENTRY(pr_stream_ask) link; /* these are the stream's */
	bool waits;
	uint64_t connection; /* the number of that on which it was sent */
};

struct pr_stream {
	struct event_base *base;
	const struct pr_upstream *upstream;
	struct bufferevent *connection; /* NULL = none */
	uint64_t n_connections;
	struct event *idle;
	struct event *broken;		  /* tells those who wait, from the loop */
	TAILQ_HEAD(, pr_stream_ask) asks; /* in the order of their connections */
};

void pr_stream_init(struct pr_stream *stream, struct event_base *base,
		    const struct pr_upstream *upstream); /* borrowed */
/* Nobody who waits is told. */
void pr_stream_done(struct pr_stream *stream);

void pr_stream_ask(struct pr_stream *stream, struct pr_stream_ask *ask);
/* Takes it back: an answer that still comes is passed over. */
void pr_stream_forget(struct pr_stream *stream, struct pr_stream_ask *ask);
