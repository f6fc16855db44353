/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nghttp2 is fed and drained here; who stands above a stream is told from the loop alone, so that it may do with its
 * stream what it wants. The connection's window is given back as bytes come, a stream's when they are read: a link that
 * does not read holds up nobody but itself, until all of them together hold too much.
 */
#include "tunnel/http2_private.h"

#include "base/clock.h"

#include <string.h>

#define OUT_MAX	   32768 /* bytes gathered for one write */
#define ROUNDS_MAX 16	 /* reads before others have their turn */
#define US_PER_S   1000000u

static void give_up_lingering(struct pr_http2 *http2, bool all);

/* ---- what is told ---- */

void pr_http2_tell(struct pr_http2_stream *stream, bool readable, bool writable)
{
	struct pr_http2 *http2 = stream->http2;

	stream->tell_readable |= readable;
	stream->tell_writable |= writable;
	if (!stream->is_ready) {
		stream->is_ready = true;
		TAILQ_INSERT_TAIL(&http2->ready, stream, ready_link);
	}
	event_active(&http2->told, 0, 0);
}

/* One of the two; for the other one it comes again. */
static void tell_one(struct pr_http2 *http2, struct pr_http2_stream *stream)
{
	const struct pr_layer_events *events = stream->layer.events;
	bool readable = stream->tell_readable;

	TAILQ_REMOVE(&http2->ready, stream, ready_link);
	stream->is_ready = false;
	if (readable)
		stream->tell_readable = false;
	else
		stream->tell_writable = false;
	if (stream->tell_writable)
		pr_http2_tell(stream, false, true);
	if (events && readable)
		events->readable(stream->layer.context);
	else if (events)
		events->writable(stream->layer.context);
}

static void read_on(struct pr_http2 *http2);

static void on_told(evutil_socket_t fd, short what, void *context)
{
	struct pr_http2 *http2 = context;
	struct pr_http2_stream *stream;
	unsigned int n = 0;

	(void)fd;
	(void)what;
	if (http2->reads_on) {
		http2->reads_on = false;
		read_on(http2);
	}
	TAILQ_FOREACH(stream, &http2->ready, ready_link)
	n++;
	while (n-- && (stream = TAILQ_FIRST(&http2->ready)))
		tell_one(http2, stream);
	if (http2->error)
		give_up_lingering(http2, true);
	if (http2->n_streams == 0 && (http2->error || http2->retired))
		http2->ended(http2->context);
}

static void break_it(struct pr_http2 *http2, int error)
{
	struct pr_http2_stream *stream;

	if (http2->error)
		return;
	http2->error = error;
	http2->retired = true;
	TAILQ_FOREACH(stream, &http2->streams, link)
	pr_http2_tell(stream, true, stream->wants_write);
	event_active(&http2->told, 0, 0);
}

void pr_http2_retire(struct pr_http2 *http2)
{
	http2->retired = true;
	event_active(&http2->told, 0, 0);
}

bool pr_http2_has_room(const struct pr_http2 *http2)
{
	uint32_t max = PR_HTTP2_STREAMS_UNTOLD;

	if (http2->told_settings)
		max = nghttp2_session_get_remote_settings(http2->session,
							  NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
	return !http2->retired && http2->n_streams < max && http2->n_streams < PR_HTTP2_STREAMS_MAX;
}

/* ---- bytes ---- */

/* 0, -EAGAIN, or what broke. */
static int flush(struct pr_http2 *http2)
{
	while (http2->out_sent < http2->out_len) {
		ssize_t n = pr_layer_write(http2->below, http2->out + http2->out_sent,
					   http2->out_len - http2->out_sent);

		if (n < 0)
			return (int)n;
		http2->out_sent += (uint32_t)n;
	}
	http2->out_len = http2->out_sent = 0;
	free(PR_TAKE_PTR(http2->out));
	return 0;
}

/* Frames are gathered: each would be a record, and a packet, of its own. */
static int gather(struct pr_http2 *http2)
{
	while (http2->out_len < OUT_MAX) {
		const uint8_t *bytes;
		ssize_t n = nghttp2_session_mem_send(http2->session, &bytes);

		if (n < 0)
			return -EPROTO;
		if (n == 0)
			return 0;
		http2->out = pr_realloc(http2->out, http2->out_len + (size_t)n, 1);
		memcpy(http2->out + http2->out_len, bytes, (size_t)n);
		http2->out_len += (uint32_t)n;
	}
	return 0;
}

void pr_http2_pump(struct pr_http2 *http2)
{
	int r;

	if (http2->error)
		return;
	do {
		r = flush(http2);
		if (r == 0)
			r = gather(http2);
	} while (r == 0 && http2->out_len);
	if (r < 0 && r != -EAGAIN)
		break_it(http2, r);
	if (http2->error || nghttp2_session_want_read(http2->session) ||
	    nghttp2_session_want_write(http2->session))
		return;
	/* the server went away, or nghttp2 found it talk nonsense */
	if (http2->n_streams)
		break_it(http2, -ECONNRESET);
	else
		pr_http2_retire(http2);
}

static void read_on(struct pr_http2 *http2)
{
	uint8_t PR_UNINITIALIZED bytes[16384];

	for (unsigned int i = 0; i < ROUNDS_MAX; i++) {
		ssize_t n;

		if (http2->error)
			return;
		n = pr_layer_read(http2->below, bytes, sizeof(bytes));
		if (n == -EAGAIN)
			goto out;
		if (n > 0 && nghttp2_session_mem_recv(http2->session, bytes, (size_t)n) < 0)
			n = -EPROTO;
		if (n <= 0) {
			/* a GOAWAY that says why may be waiting to be sent */
			pr_http2_pump(http2);
			break_it(http2, n == 0 ? -ECONNRESET : (int)n);
			return;
		}
		http2->heard_us = pr_clock_monotonic_us();
		http2->asked_ping = false;
	}
	http2->reads_on = true;
	event_active(&http2->told, 0, 0);
out:
	pr_http2_pump(http2);
}

static void on_readable(void *context)
{
	read_on(context);
}

static void on_writable(void *context)
{
	pr_http2_pump(context);
}

void pr_http2_repay(struct pr_http2 *http2)
{
	if (http2->owed && *http2->held < PR_HTTP2_HELD_MAX && !http2->error) {
		(void)nghttp2_session_consume_connection(http2->session, http2->owed);
		http2->owed = 0;
	}
}

/* ---- time ---- */

static void give_up_lingering(struct pr_http2 *http2, bool all)
{
	struct pr_http2_stream *stream = TAILQ_FIRST(&http2->streams), *next;

	for (; stream; stream = next) {
		next = TAILQ_NEXT(stream, link);
		if (!stream->lingering || (stream->n_lingered++ == 0 && !all))
			continue;
		if (!http2->error)
			(void)nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE,
							stream->id, NGHTTP2_CANCEL);
		pr_http2_stream_release(stream);
	}
}

static void ask_ping(struct pr_http2 *http2)
{
	(void)nghttp2_submit_ping(http2->session, NGHTTP2_FLAG_NONE, NULL);
	http2->asked_ping = true;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	static const struct timeval tick = { .tv_sec = PR_HTTP2_TICK_S };
	struct pr_http2 *http2 = context;
	uint64_t now_us = pr_clock_monotonic_us();

	(void)fd;
	(void)what;
	event_add(&http2->tick, &tick);
	give_up_lingering(http2, false);
	if (http2->n_streams == 0) {
		if (now_us - http2->idle_us >= PR_HTTP2_IDLE_S * (uint64_t)US_PER_S)
			pr_http2_retire(http2);
	} else if (http2->asked_ping) {
		break_it(http2, -ETIMEDOUT);
	} else if (now_us - http2->heard_us >= PR_HTTP2_TICK_S * (uint64_t)US_PER_S) {
		ask_ping(http2);
	}
	pr_http2_pump(http2);
}

void pr_http2_probe(struct pr_http2 *http2)
{
	static const struct timeval soon = { .tv_sec = PR_HTTP2_PROBE_S };

	if (http2->asked_ping ||
	    pr_clock_monotonic_us() - http2->heard_us < PR_HTTP2_TICK_S * (uint64_t)US_PER_S)
		return;
	ask_ping(http2);
	event_add(&http2->tick, &soon);
}

/* ---- life ---- */

static nghttp2_session *new_session(struct pr_http2 *http2)
{
	static const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, PR_HTTP2_STREAM_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, PR_CARRIER_ANSWER_MAX },
	};
	nghttp2_session_callbacks *callbacks = pr_http2_callbacks();
	nghttp2_session *session;
	nghttp2_option *option;

	pr_assert(nghttp2_option_new(&option) == 0);
	nghttp2_option_set_no_auto_window_update(option, 1);
	pr_assert(nghttp2_session_client_new2(&session, callbacks, http2, option) == 0);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	pr_assert(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings,
					  PR_ARRAY_SIZE(settings)) == 0);
	pr_assert(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
							PR_HTTP2_CONNECTION_WINDOW) == 0);
	return session;
}

struct pr_http2 *pr_http2_new(struct event_base *base, struct pr_layer *below, size_t *held,
			      void (*ended)(void *context), void *context)
{
	static const struct pr_layer_events events = { .readable = on_readable,
						       .writable = on_writable };
	static const struct timeval tick = { .tv_sec = PR_HTTP2_TICK_S };
	struct pr_http2 *http2 = pr_calloc(1, sizeof(*http2));

	*http2 = (struct pr_http2){ .base = base,
				    .below = below,
				    .held = held,
				    .ended = ended,
				    .context = context,
				    .heard_us = pr_clock_monotonic_us() };
	http2->idle_us = http2->heard_us;
	TAILQ_INIT(&http2->streams);
	TAILQ_INIT(&http2->ready);
	http2->session = new_session(http2);
	pr_assert(event_assign(&http2->told, base, -1, 0, on_told, http2) == 0);
	pr_assert(evtimer_assign(&http2->tick, base, on_tick, http2) == 0);
	event_add(&http2->tick, &tick);
	pr_layer_listen(below, &events, http2);
	/* what came behind the handshake was told to whoever led it */
	http2->reads_on = true;
	event_active(&http2->told, 0, 0);
	return http2;
}

void pr_http2_free(struct pr_http2 *http2)
{
	bool broken = http2->error != 0;

	give_up_lingering(http2, true);
	pr_assert(http2->n_streams == 0);
	(void)nghttp2_session_terminate_session(http2->session, NGHTTP2_NO_ERROR);
	pr_http2_pump(http2);
	nghttp2_session_del(http2->session);
	event_del(&http2->told);
	event_del(&http2->tick);
	pr_layer_free(http2->below, broken);
	free(http2->out);
	free(http2);
}
