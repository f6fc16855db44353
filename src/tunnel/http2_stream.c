/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nothing that is written waits in a stream: nghttp2 asks for bytes when it may send some, and takes them out of the
 * caller's own memory during its write. Where it asks and there are none, the caller is told that it may write.
 */
#include "tunnel/http2_private.h"

#include "base/clock.h"

#include <string.h>

/* What came for it. */
static void drop(struct pr_http2_stream *stream)
{
	size_t len = stream->in ? evbuffer_get_length(stream->in) : 0;

	if (!stream->in)
		return;
	*stream->http2->held -= len;
	evbuffer_free(PR_TAKE_PTR(stream->in));
	pr_http2_repay(stream->http2);
}

void pr_http2_stream_release(struct pr_http2_stream *stream)
{
	struct pr_http2 *http2 = stream->http2;

	if (!stream->closed && !http2->error)
		(void)nghttp2_session_set_stream_user_data(http2->session, stream->id, NULL);
	drop(stream);
	if (stream->is_ready)
		TAILQ_REMOVE(&http2->ready, stream, ready_link);
	TAILQ_REMOVE(&http2->streams, stream, link);
	if (--http2->n_streams == 0) {
		http2->idle_us = pr_clock_monotonic_us();
		event_active(&http2->told, 0, 0); /* it may be over */
	}
	http2->n_grown -= stream->window > PR_HTTP2_STREAM_WINDOW;
	free(stream->answer);
	free(stream);
}

/* ---- what nghttp2 asks for ---- */

static ssize_t on_asked(nghttp2_session *session, int32_t id, uint8_t *bytes, size_t size,
			uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct pr_http2_stream *stream = source->ptr;
	size_t n = stream->offered_len < size ? stream->offered_len : size;

	(void)session;
	(void)id;
	(void)context;
	if (n) {
		memcpy(bytes, stream->offered, n);
		stream->offered += n;
		stream->offered_len -= n;
		return (ssize_t)n;
	}
	if (stream->shut) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		return 0;
	}
	stream->deferred = true;
	if (stream->wants_write)
		pr_http2_tell(stream, false, true);
	stream->wants_write = false;
	return NGHTTP2_ERR_DEFERRED;
}

/* ---- the layer ---- */

static struct pr_http2_stream *stream_of(struct pr_layer *layer)
{
	return (struct pr_http2_stream *)layer;
}

/* How it ended, for who reads. */
static ssize_t end_of(const struct pr_http2_stream *stream)
{
	if (stream->ended)
		return 0;
	if (stream->http2->error)
		return stream->http2->error;
	return stream->closed ? -ECONNRESET : -EAGAIN;
}

/* A window that is emptied again and again is what holds the link up. */
static void grow(struct pr_http2_stream *stream)
{
	struct pr_http2 *http2 = stream->http2;
	bool first = stream->window == PR_HTTP2_STREAM_WINDOW;
	uint32_t window = 2 * stream->window;

	if (stream->n_read < stream->window || window > PR_HTTP2_STREAM_WINDOW_MAX ||
	    window > PR_HTTP2_GROWN_MAX / (http2->n_grown + first))
		return;
	http2->n_grown += first;
	stream->window = window;
	stream->n_read = 0;
	(void)nghttp2_session_set_local_window_size(http2->session, NGHTTP2_FLAG_NONE, stream->id,
						    (int32_t)window);
}

static ssize_t stream_read(struct pr_layer *layer, void *bytes, size_t size, bool peek)
{
	struct pr_http2_stream *stream = stream_of(layer);
	struct pr_http2 *http2 = stream->http2;
	ssize_t n;

	if (!stream->in)
		return end_of(stream);
	if (peek)
		return evbuffer_copyout(stream->in, bytes, size);
	n = evbuffer_remove(stream->in, bytes, size);
	pr_assert(n >= 0);
	*http2->held -= (size_t)n;
	stream->n_read += (uint32_t)n;
	if (evbuffer_get_length(stream->in) == 0)
		evbuffer_free(PR_TAKE_PTR(stream->in));
	if (!stream->closed && !http2->error) {
		(void)nghttp2_session_consume_stream(http2->session, stream->id, (size_t)n);
		if (!stream->in)
			grow(stream);
	}
	pr_http2_repay(http2);
	pr_http2_pump(http2);
	return n;
}

/* nghttp2 asks again, now that there is something, or never will be. */
static void resume(struct pr_http2_stream *stream)
{
	if (stream->deferred) {
		stream->deferred = false;
		(void)nghttp2_session_resume_data(stream->http2->session, stream->id);
	}
	pr_http2_pump(stream->http2);
}

static ssize_t stream_write(struct pr_layer *layer, const void *bytes, size_t len)
{
	struct pr_http2_stream *stream = stream_of(layer);
	size_t taken;

	if (stream->http2->error)
		return stream->http2->error;
	if (stream->closed || stream->shut)
		return stream->error_code ? -ECONNRESET : -EPIPE;
	stream->offered = bytes;
	stream->offered_len = len;
	stream->wants_write = false;
	resume(stream);
	taken = len - stream->offered_len;
	stream->offered = NULL;
	stream->offered_len = 0;
	if (taken == len)
		return (ssize_t)len;
	if (stream->http2->error)
		return stream->http2->error;
	stream->wants_write = true;
	return taken ? (ssize_t)taken : -EAGAIN;
}

static void stream_shutdown(struct pr_layer *layer)
{
	struct pr_http2_stream *stream = stream_of(layer);

	if (stream->shut || stream->closed || stream->http2->error)
		return;
	stream->shut = true;
	resume(stream);
}

/* Our half is still sent, and what comes passed over, until both are over or it took too long. */
static void linger(struct pr_http2_stream *stream)
{
	pr_layer_listen(&stream->layer, NULL, NULL);
	if (stream->in)
		(void)nghttp2_session_consume_stream(stream->http2->session, stream->id,
						     evbuffer_get_length(stream->in));
	drop(stream);
	stream->lingering = true;
	if (stream->shut)
		pr_http2_pump(stream->http2);
	else
		stream_shutdown(&stream->layer);
}

static void stream_free(struct pr_layer *layer, bool reset)
{
	struct pr_http2_stream *stream = stream_of(layer);
	struct pr_http2 *http2 = stream->http2;

	if (stream->closed || http2->error) {
		pr_http2_stream_release(stream);
	} else if (!reset) {
		linger(stream);
	} else {
		(void)nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE, stream->id,
						NGHTTP2_CANCEL);
		pr_http2_stream_release(stream);
		pr_http2_pump(http2);
	}
}

/* ---- the opening ---- */

static nghttp2_nv field(const char *name, const char *value, uint8_t flags)
{
	return (nghttp2_nv){ (uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
			     strlen(value), flags };
}

struct pr_layer *pr_http2_open(struct pr_http2 *http2, const struct pr_talk_ask *ask)
{
	static const struct pr_layer_kind kind = { .read = stream_read,
						   .write = stream_write,
						   .shutdown = stream_shutdown,
						   .free = stream_free };
	char authority[512], credentials[PR_CONNECT_CREDENTIALS_SIZE];
	struct pr_http2_stream *stream;
	nghttp2_data_provider provider = { .read_callback = on_asked };
	nghttp2_nv fields[3];
	size_t n = 2;

	if (pr_connect_authority(ask->host, ask->port, authority, sizeof(authority)) < 0)
		return NULL;
	fields[0] = field(":method", "CONNECT", NGHTTP2_NV_FLAG_NONE);
	fields[1] = field(":authority", authority, NGHTTP2_NV_FLAG_NO_INDEX);
	if (ask->user[0]) {
		pr_connect_credentials(ask->user, ask->password, credentials);
		fields[n++] = field("proxy-authorization", credentials, NGHTTP2_NV_FLAG_NO_INDEX);
	}
	stream = pr_calloc(1, sizeof(*stream));
	stream->layer.kind = &kind;
	stream->http2 = http2;
	stream->window = PR_HTTP2_STREAM_WINDOW;
	stream->answer = pr_calloc(1, sizeof(*stream->answer));
	stream->had_account = ask->user[0];
	provider.source.ptr = stream;
	TAILQ_INSERT_TAIL(&http2->streams, stream, link);
	http2->n_streams++;
	stream->id = http2->error ? -1
				  : nghttp2_submit_request(http2->session, NULL, fields, n,
							   &provider, stream);
	if (stream->id < 0) {
		/* its numbers are used up, for example: another connection has some */
		stream->closed = true;
		stream->error_code = NGHTTP2_REFUSED_STREAM;
		pr_http2_retire(http2);
		pr_http2_tell(stream, true, false);
	}
	pr_http2_probe(http2);
	pr_http2_pump(http2);
	return &stream->layer;
}

/* It ended before it was answered. */
static enum pr_talk_heard heard_end(struct pr_http2_stream *stream, struct pr_talk_failure *failure,
				    bool *ret_again)
{
	static const char broke[] = "the connection broke before it answered";

	*failure = (struct pr_talk_failure){ .outcome = PR_TUNNEL_DOWN, .own = true, .why = broke };
	*ret_again = stream->http2->error || stream->error_code == NGHTTP2_REFUSED_STREAM;
	if (stream->http2->error)
		return PR_TALK_FAILED;
	switch (stream->error_code) {
	case NGHTTP2_CONNECT_ERROR:
		failure->outcome = PR_TUNNEL_REFUSED;
		failure->own = false;
		failure->why = "connection refused";
		break;
	case NGHTTP2_REFUSED_STREAM:
		failure->why = "it takes no further link";
		break;
	case NGHTTP2_HTTP_1_1_REQUIRED:
		failure->outcome = PR_TUNNEL_UNSUPPORTED;
		failure->why = "it wants HTTP/1.1";
		break;
	default:
		failure->outcome = PR_TUNNEL_UNREACHABLE;
		failure->own = false;
		snprintf(stream->answer->why, sizeof(stream->answer->why),
			 "it reset the link (%.40s)", nghttp2_http2_strerror(stream->error_code));
		failure->why = stream->answer->why;
	}
	return PR_TALK_FAILED;
}

enum pr_talk_heard pr_http2_heard(struct pr_layer *layer, struct pr_talk_failure *ret_failure,
				  bool *ret_again)
{
	struct pr_http2_stream *stream = stream_of(layer);
	enum pr_talk_heard heard;

	*ret_again = false;
	if (!stream->answered)
		return stream->closed || stream->http2->error
			       ? heard_end(stream, ret_failure, ret_again)
			       : PR_TALK_MORE;
	heard = pr_connect_answer_heard(stream->answer, stream->had_account, ret_failure);
	if (heard == PR_TALK_OPEN)
		free(PR_TAKE_PTR(stream->answer));
	return heard;
}
