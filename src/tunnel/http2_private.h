/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What http2.c, http2_stream.c and http2_callbacks.c share. */
#pragma once

#include "tunnel/carrier.h"
#include "tunnel/connect.h"
#include "tunnel/http2.h"

#include <event2/buffer.h>
#include <nghttp2/nghttp2.h>
#include <sys/queue.h>

struct pr_http2_stream {
	struct pr_layer layer;
	struct pr_http2 *http2;
	TAILQ_ENTRY(pr_http2_stream) link, ready_link;
	struct pr_connect_answer *answer; /* NULL once it was a good one */
	struct evbuffer *in;		  /* NULL: nothing waits to be read */
	/* during a write only: what nghttp2 may take of it */
	const uint8_t *offered;
	size_t offered_len;
	int32_t id;
	uint32_t error_code;	 /* of the stream's end */
	uint32_t window, n_read; /* bytes; those that were read since it last grew */
	uint16_t answer_len;
	uint8_t n_lingered; /* ticks */
	bool is_ready, tell_readable, tell_writable;
	bool deferred;	  /* nghttp2 does not ask for bytes before it is told that there are some */
	bool wants_write; /* who stands above waits until it asks */
	bool shut;
	bool answered, ended; /* the server's half is over */
	bool had_account;     /* it was asked with one */
	bool closed;	      /* nghttp2 knows it no more */
	bool lingering;	      /* nobody stands above any more; our half is still to be sent */
};

struct pr_http2 {
	struct event_base *base;
	struct pr_layer *below;
	nghttp2_session *session;
	size_t *held; /* bytes that wait to be read, of all connections */
	void (*ended)(void *context);
	void *context;
	TAILQ_HEAD(, pr_http2_stream) streams, ready;
	unsigned int n_streams, n_grown; /* those whose window is larger than at first */
	struct event told, tick;
	uint64_t heard_us, idle_us; /* when something came; since when it has no stream */
	uint8_t *out;		    /* what the layer below has no room for yet */
	uint32_t out_len, out_sent;
	size_t owed; /* bytes of the connection's window that are not given back yet */
	int error;   /* -errno: it is broken */
	bool retired, asked_ping, reads_on;
	bool told_settings; /* the server's, or that it knows ours */
};

/* Sends what there is to send, as far as it can be. */
void pr_http2_pump(struct pr_http2 *http2);
/* A link comes: if nothing came for a while, it is soon known whether anybody is there. */
void pr_http2_probe(struct pr_http2 *http2);
/* From the loop. */
void pr_http2_tell(struct pr_http2_stream *stream, bool readable, bool writable);
/* Forgets the stream. */
void pr_http2_stream_release(struct pr_http2_stream *stream);
/* Gives back the connection's window of what was kept from it. */
void pr_http2_repay(struct pr_http2 *http2);
/* To be freed by the caller. */
nghttp2_session_callbacks *pr_http2_callbacks(void);
