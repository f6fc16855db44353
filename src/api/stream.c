/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Live events for any number of readers (server-sent events, HTML Living Standard 9.2). Events are kept
 * in their encoded form and turned into JSON only when somebody reads, once for all readers. A reader
 * that does not take its output is skipped, and told how many events it missed.
 */
#include "api/front_private.h"

#include "api/event_json.h"
#include "api/limits.h"
#include "ipc/event_codec.h"

#include <event2/bufferevent.h>
#include <inttypes.h>
#include <string.h>

struct kept {
	uint64_t number;
	uint8_t *body;
	size_t len;
};

struct reader {
	struct reader *next;
	struct pr_stream *stream;
	struct evhttp_request *request;
	struct pr_reader_rights rights;
	uint64_t n_skipped;
};

struct pr_stream {
	struct kept backlog[PR_API_BACKLOG_EVENTS]; /* a ring */
	unsigned int first, n;
	size_t n_bytes;
	struct reader *readers;
	unsigned int n_readers;
	struct {
		void (*readers)(void *context, unsigned int n_readers);
		void *context;
	} port;
};

struct pr_stream *pr_stream_new(void (*readers)(void *context, unsigned int n_readers),
				void *context)
{
	struct pr_stream *stream = pr_calloc(1, sizeof(*stream));

	stream->port.readers = readers;
	stream->port.context = context;
	return stream;
}

unsigned int pr_stream_n_readers(const struct pr_stream *stream)
{
	return stream->n_readers;
}

static void forget_oldest(struct pr_stream *stream)
{
	struct kept *oldest = &stream->backlog[stream->first];

	stream->n_bytes -= oldest->len;
	free(oldest->body);
	*oldest = (struct kept){ 0 };
	stream->first = (stream->first + 1) % PR_API_BACKLOG_EVENTS;
	stream->n--;
}

void pr_stream_free(struct pr_stream *stream)
{
	if (!stream)
		return;
	while (stream->n)
		forget_oldest(stream);
	while (stream->readers) {
		struct reader *reader = stream->readers;

		stream->readers = reader->next;
		free(reader);
	}
	free(stream);
}

static void keep(struct pr_stream *stream, uint64_t number, const uint8_t *body, size_t len)
{
	struct kept *kept;

	while (stream->n &&
	       (stream->n == PR_API_BACKLOG_EVENTS || stream->n_bytes + len > PR_API_BACKLOG_BYTES))
		forget_oldest(stream);
	kept = &stream->backlog[(stream->first + stream->n) % PR_API_BACKLOG_EVENTS];
	kept->body = pr_calloc(1, len);
	memcpy(kept->body, body, len);
	kept->number = number;
	kept->len = len;
	stream->n++;
	stream->n_bytes += len;
}

/* What a reader who is neither root nor of the group may see: its own applications' events. */
static bool may_see(const struct reader *reader, const struct pr_event *event)
{
	return reader->rights.reads_all ||
	       (event->kind != PR_EVENT_SYSTEM && event->uid == reader->rights.uid);
}

static bool has_room(struct reader *reader)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(reader->request);
	struct bufferevent *socket = evhttp_connection_get_bufferevent(connection);

	return evbuffer_get_length(bufferevent_get_output(socket)) < PR_API_READER_BYTES;
}

static void give(struct reader *reader, uint64_t number, const char *json)
{
	struct evbuffer *chunk;

	if (!has_room(reader)) {
		reader->n_skipped++;
		return;
	}
	chunk = evbuffer_new();
	if (reader->n_skipped)
		evbuffer_add_printf(chunk, "event: lost\ndata: {\"lost\":%" PRIu64 "}\n\n",
				    reader->n_skipped);
	reader->n_skipped = 0;
	if (json)
		evbuffer_add_printf(chunk, "id: %" PRIu64 "\ndata: %s\n\n", number, json);
	evhttp_send_reply_chunk(reader->request, chunk);
	evbuffer_free(chunk);
}

static char *render(const struct pr_event *event)
{
	json_t *object = pr_event_json(event);
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);

	json_decref(object);
	return text;
}

void pr_stream_event(struct pr_stream *stream, uint64_t number, const uint8_t *body, size_t len)
{
	struct pr_event event;
	char *json = NULL;

	keep(stream, number, body, len);
	if (!stream->readers || pr_event_decode(body, len, &event) < 0)
		return;
	for (struct reader *reader = stream->readers, *next; reader; reader = next) {
		next = reader->next;
		if (!may_see(reader, &event))
			continue;
		if (!json)
			json = render(&event);
		if (json)
			give(reader, number, json);
	}
	free(json);
}

void pr_stream_lost(struct pr_stream *stream, uint64_t n_lost)
{
	for (struct reader *reader = stream->readers; reader; reader = reader->next)
		if (reader->rights.reads_all) {
			reader->n_skipped += n_lost;
			give(reader, 0, NULL);
		}
}

static void on_reader_closed(struct evhttp_connection *connection, void *context)
{
	struct reader *reader = context, **at = &reader->stream->readers;
	struct pr_stream *stream = reader->stream;

	(void)connection;
	while (*at != reader)
		at = &(*at)->next;
	*at = reader->next;
	stream->n_readers--;
	free(reader);
	stream->port.readers(stream->port.context, stream->n_readers);
}

static void catch_up(struct reader *reader, uint64_t last_seen)
{
	struct pr_stream *stream = reader->stream;

	for (unsigned int i = 0; i < stream->n; i++) {
		struct kept *kept = &stream->backlog[(stream->first + i) % PR_API_BACKLOG_EVENTS];
		struct pr_event event;
		char *json;

		if (kept->number <= last_seen ||
		    pr_event_decode(kept->body, kept->len, &event) < 0 || !may_see(reader, &event))
			continue;
		json = render(&event);
		if (json)
			give(reader, kept->number, json);
		free(json);
	}
}

void pr_stream_read(struct pr_stream *stream, struct evhttp_request *request,
		    const struct pr_reader_rights *rights)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	const char *last =
		evhttp_find_header(evhttp_request_get_input_headers(request), "Last-Event-ID");
	struct evbuffer *greeting;
	struct reader *reader;

	if (stream->n_readers >= PR_API_READERS_MAX)
		return pr_reply_error(request, 503, "too many readers");
	reader = pr_calloc(1, sizeof(*reader));
	*reader = (struct reader){ stream->readers, stream, request, *rights, 0 };
	stream->readers = reader;
	stream->n_readers++;
	stream->port.readers(stream->port.context, stream->n_readers);
	evhttp_connection_set_timeout(connection, 0);
	evhttp_connection_set_closecb(connection, on_reader_closed, reader);
	/* evhttp stops reading while a reply is due: without this the close would not be seen. What a reader
	 * sends all the same is not read beyond the watermark. */
	bufferevent_setwatermark(evhttp_connection_get_bufferevent(connection), EV_READ, 0,
				 PR_API_READER_INPUT);
	bufferevent_enable(evhttp_connection_get_bufferevent(connection), EV_READ);
	evhttp_add_header(headers, "Content-Type", "text/event-stream");
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_send_reply_start(request, 200, NULL);
	greeting = evbuffer_new();
	evbuffer_add_printf(greeting, ": portreeve\n\n");
	evhttp_send_reply_chunk(request, greeting);
	evbuffer_free(greeting);
	if (last)
		catch_up(reader, strtoull(last, NULL, 10));
}
