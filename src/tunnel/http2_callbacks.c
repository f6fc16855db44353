/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What nghttp2 tells of streams. It may be within a call of ours to it, so nothing is freed but what lingers, and who stands
 * above a stream is told later, from the loop.
 */
#include "tunnel/http2_private.h"

#include <stdlib.h>
#include <string.h>

static int on_field(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		    void *context)
{
	struct pr_http2_stream *stream =
		nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

	(void)flags;
	(void)context;
	if (!stream || stream->answered || !stream->answer)
		return 0;
	if (stream->answer_len + name_len + value_len > PR_CARRIER_ANSWER_MAX)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* the stream alone is reset */
	stream->answer_len = (uint16_t)(stream->answer_len + name_len + value_len);
	/* nghttp2 saw to it that it is three digits; both texts end with a zero */
	if (strcmp((const char *)name, ":status") == 0)
		*stream->answer = (struct pr_connect_answer){
			.status = (unsigned int)strtoul((const char *)value, NULL, 10)
		};
	else
		pr_connect_answer_field(stream->answer, (const char *)name, (const char *)value);
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct pr_http2 *http2 = context;
	struct pr_http2_stream *stream =
		frame->hd.stream_id
			? nghttp2_session_get_stream_user_data(session, frame->hd.stream_id)
			: NULL;

	if (frame->hd.type == NGHTTP2_GOAWAY)
		pr_http2_retire(http2);
	if (frame->hd.type == NGHTTP2_SETTINGS)
		http2->told_settings = true;
	if (!stream || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return 0;
	if (stream->answer && stream->answer->status >= 200 && !stream->answered) {
		stream->answered = true;
		pr_http2_tell(stream, true, false);
	}
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
		stream->ended = true;
		pr_http2_tell(stream, true, false);
	}
	return 0;
}

static int on_bytes(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
		    size_t len, void *context)
{
	struct pr_http2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
	struct pr_http2 *http2 = context;

	(void)flags;
	if (!stream || stream->lingering) {
		(void)nghttp2_session_consume(session, id, len);
		return 0;
	}
	if (!stream->in) {
		stream->in = evbuffer_new();
		pr_assert(stream->in);
	}
	pr_assert(evbuffer_add(stream->in, bytes, len) == 0);
	*http2->held += len;
	http2->owed += len;
	pr_http2_repay(http2);
	pr_http2_tell(stream, true, false);
	return 0;
}

static int on_closed(nghttp2_session *session, int32_t id, uint32_t error_code, void *context)
{
	struct pr_http2_stream *stream = nghttp2_session_get_stream_user_data(session, id);

	(void)context;
	if (!stream)
		return 0;
	stream->closed = true;
	stream->error_code = error_code;
	if (stream->lingering)
		pr_http2_stream_release(stream);
	else
		pr_http2_tell(stream, true, stream->wants_write);
	return 0;
}

nghttp2_session_callbacks *pr_http2_callbacks(void)
{
	nghttp2_session_callbacks *callbacks;

	pr_assert(nghttp2_session_callbacks_new(&callbacks) == 0);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_bytes);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_closed);
	return callbacks;
}
