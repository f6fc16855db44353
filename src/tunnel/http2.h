/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CONNECT over HTTP/2 (RFC 9113, 8.5): the client's side of one connection, and its streams as layers. Of the room
 * itself.
 */
#pragma once

#include "tunnel/layer.h"
#include "tunnel/talk.h"

/* Bytes of a stream that wait here to be read, at most; of one that is read as quickly as it comes; and what all such
 * ones divide among themselves. */
#define PR_HTTP2_STREAM_WINDOW	   (64u << 10)
#define PR_HTTP2_STREAM_WINDOW_MAX (512u << 10)
#define PR_HTTP2_GROWN_MAX	   (2u << 20)
#define PR_HTTP2_CONNECTION_WINDOW (8 << 20)
#define PR_HTTP2_STREAMS_MAX	   1000 /* in one connection, if the server permits as many */
#define PR_HTTP2_STREAMS_UNTOLD	   100	/* before it says how many (RFC 9113, 6.5.2) */
#define PR_HTTP2_HELD_MAX	   (64u << 20) /* of all streams; beyond, connections are not read on */
#define PR_HTTP2_TICK_S		   15 /* of silence; then a PING, after another one the end */
#define PR_HTTP2_PROBE_S	   5  /* instead, when a link comes to one that was silent */
#define PR_HTTP2_IDLE_S		   60 /* without a stream; then it is closed */

struct pr_http2;

/* Takes `below`. `ended` comes from the loop when the connection is over and no stream of it is left; it is freed there. */
struct pr_http2 *pr_http2_new(struct event_base *base, struct pr_layer *below, size_t *held,
			      void (*ended)(void *context), void *context);
void pr_http2_free(struct pr_http2 *http2); /* no stream may be left but such as were freed */

/* Whether another stream may be opened in it. */
bool pr_http2_has_room(const struct pr_http2 *http2);
/* No stream is opened in it any more; it ends with the last one. */
void pr_http2_retire(struct pr_http2 *http2);

/* A stream on which the destination was asked for; `readable` comes when something was answered. NULL: the name can't be. */
struct pr_layer *pr_http2_open(struct pr_http2 *http2, const struct pr_talk_ask *ask);
/* What was answered. `ret_again`: the server did not look at it, another connection may be tried. The sentence is the
 * stream's. */
PR_MUST_USE enum pr_talk_heard pr_http2_heard(struct pr_layer *stream,
					      struct pr_talk_failure *ret_failure, bool *ret_again);
