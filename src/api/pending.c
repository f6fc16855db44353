/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A request that waits for another process. Its ticket finds it again. A table's rows are sent on part
 * by part: the next part is asked for only when the client has taken the one before, so a slow reader
 * costs one part of memory, and never a verdict. When the client goes away first, the entry stays
 * without its request until the answer is through.
 */
#include "api/front_private.h"

#include "api/event_json.h"
#include "api/limits.h"
#include "api/pairs_json.h"
#include "api/text_json.h"
#include "ipc/event_codec.h"

#include <string.h>

enum pending_kind { PENDING_QUERY, PENDING_STATUS, PENDING_CHANGE };

struct pr_pending {
	struct pr_pending *next;
	struct pr_front *front;
	enum pending_kind kind;
	uint64_t ticket;
	struct evhttp_request *request; /* NULL: the client is gone */
	unsigned int n_answers_due;	/* of a status: one of each process */
	bool to_engine, to_supervisor;

	json_t *object;	       /* of a status */
	struct evbuffer *part; /* of a query: rows not sent yet */
	bool started;	       /* the reply's head is out */
	uint8_t *query;	       /* its pairs, to ask for the next part */
	size_t query_len;
	char after[24]; /* where the next part begins; "" = nowhere */
};

static void pending_remove(struct pr_pending *pending)
{
	struct pr_front *front = pending->front;
	struct pr_pending **at = &front->pending;

	while (*at != pending)
		at = &(*at)->next;
	*at = pending->next;
	front->n_pending--;
	if (pending->request)
		evhttp_connection_set_closecb(evhttp_request_get_connection(pending->request), NULL,
					      NULL);
	if (pending->part)
		evbuffer_free(pending->part);
	json_decref(pending->object);
	free(pending->query);
	free(pending);
}

static void on_client_closed(struct evhttp_connection *connection, void *context)
{
	struct pr_pending *pending = context;

	(void)connection;
	pending->request = NULL;
	/* Between two parts nothing is on its way that would end it. */
	if (pending->kind == PENDING_QUERY && pending->after[0])
		pending_remove(pending);
}

/* NULL: too many; the client has its answer. */
static struct pr_pending *pending_new(struct pr_front *front, struct evhttp_request *request,
				      enum pending_kind kind)
{
	struct pr_pending *pending;

	if (front->n_pending >= PR_API_PENDING_MAX) {
		pr_reply_error(request, 503, "too many requests wait for an answer");
		return NULL;
	}
	pending = pr_calloc(1, sizeof(*pending));
	*pending = (struct pr_pending){ .next = front->pending,
					.front = front,
					.kind = kind,
					.ticket = ++front->last_ticket,
					.request = request };
	front->pending = pending;
	front->n_pending++;
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_client_closed,
				      pending);
	return pending;
}

static void pending_fail(struct pr_pending *pending, int status, const char *why)
{
	struct evhttp_request *request = pending->request;
	bool started = pending->started;
	struct evbuffer *last;

	pending_remove(pending);
	if (!request)
		return;
	if (!started) {
		pr_reply_error(request, status, "%s", why);
		return;
	}
	last = evbuffer_new();
	pr_buffer_add_json(last, json_pack("{s:o}", "error", pr_text_json(why)));
	evhttp_send_reply_chunk(request, last);
	evbuffer_free(last);
	evhttp_send_reply_end(request);
}

static int send_query(struct pr_pending *pending, const uint8_t *body, size_t len)
{
	struct pr_front *front = pending->front;
	struct pr_channel *channel = pending->to_supervisor ? front->supervisor : front->engine;

	if (!channel)
		return -EPIPE;
	return pr_channel_send(channel, PR_MESSAGE_QUERY, pending->ticket, body, len);
}

static void query(struct pr_pending *pending, const struct pr_pairs *pairs)
{
	pending->part = evbuffer_new();
	pending->query = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	pending->query_len = pr_pairs_encode(pairs, pending->query, PR_MESSAGE_BODY_MAX);
	if (!pending->query_len)
		pending_fail(pending, 400, "the arguments are too long");
	else if (send_query(pending, pending->query, pending->query_len))
		pending_fail(pending, 503, "the engine does not answer; it is being restarted");
}

void pr_pending_query(struct pr_front *front, struct evhttp_request *request,
		      const struct pr_pairs *pairs)
{
	struct pr_pending *pending = pending_new(front, request, PENDING_QUERY);

	if (!pending)
		return;
	pending->to_engine = true;
	query(pending, pairs);
}

void pr_pending_supervisor_query(struct pr_front *front, struct evhttp_request *request,
				 const struct pr_pairs *pairs)
{
	struct pr_pending *pending = pending_new(front, request, PENDING_QUERY);

	if (!pending)
		return;
	pending->to_supervisor = true;
	query(pending, pairs);
}

void pr_pending_status(struct pr_front *front, struct evhttp_request *request)
{
	struct pr_pending *pending = pending_new(front, request, PENDING_STATUS);
	struct pr_pairs pairs = { .n = 0 };
	uint8_t body[128];

	if (!pending)
		return;
	/* Counted as it is asked: the engine hears first that somebody watches (watch.c), then this question. */
	pending->object =
		json_pack("{s:{s:i}}", "front", "readers", (int)pr_stream_n_readers(front->stream));
	pending->n_answers_due = 1;
	pr_pairs_add(&pairs, "query", "status");
	if (send_query(pending, body, pr_pairs_encode(&pairs, body, sizeof(body))) == 0) {
		pending->to_engine = true;
		pending->n_answers_due++;
	} else {
		json_object_set_new(pending->object, "engine", json_string("away"));
	}
	if (pr_channel_send(front->supervisor, PR_MESSAGE_STATUS, pending->ticket, NULL, 0))
		pending_fail(pending, 503, "the supervisor does not answer");
}

void pr_pending_change(struct pr_front *front, struct evhttp_request *request,
		       const struct pr_pairs *pairs)
{
	struct pr_pending *pending = pending_new(front, request, PENDING_CHANGE);
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	size_t len = pr_pairs_encode(pairs, body, PR_MESSAGE_BODY_MAX);
	int fd = pr_request_fd(request);

	if (!pending)
		return;
	pending->part = evbuffer_new(); /* one that takes long is answered by rows */
	if (!len)
		pending_fail(pending, 400, "the change is too long");
	else if (pr_channel_send_fds(front->supervisor, PR_MESSAGE_CHANGE, pending->ticket, body,
				     len, &fd, 1))
		pending_fail(pending, 503, "the supervisor does not answer");
}

static void on_part_taken(struct evhttp_connection *connection, void *context)
{
	struct pr_pending *pending = context;
	struct pr_pairs pairs;
	uint8_t *body;
	size_t len;
	int r;

	(void)connection;
	r = pr_pairs_decode(pending->query, pending->query_len, &pairs);
	if (r < 0 || !pr_pairs_add(&pairs, "after", pending->after))
		return pending_fail(pending, 500, "the table cannot be read on");
	body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	len = pr_pairs_encode(&pairs, body, PR_MESSAGE_BODY_MAX);
	pending->after[0] = '\0';
	r = send_query(pending, body, len);
	free(body);
	if (r)
		pending_fail(pending, 503, "the engine went away");
}

static void query_end(struct pr_pending *pending, const struct pr_pairs *end)
{
	const char *error = pr_pairs_get(end, "error"), *next = pr_pairs_get(end, "next");
	struct evhttp_request *request = pending->request;

	if (!request)
		return pending_remove(pending);
	if (error)
		return pending_fail(pending, (int)pr_pairs_number(end, "status", 400), error);
	if (!pending->started) {
		evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
				  "application/x-ndjson");
		evhttp_send_reply_start(request, 200, NULL);
		pending->started = true;
	}
	/* An empty chunk would never be reported as taken. */
	if (next && evbuffer_get_length(pending->part)) {
		snprintf(pending->after, sizeof(pending->after), "%s", next);
		evhttp_send_reply_chunk_with_cb(request, pending->part, on_part_taken, pending);
		return;
	}
	evhttp_send_reply_chunk(request, pending->part);
	pending_remove(pending);
	evhttp_send_reply_end(request);
}

static void status_part(struct pr_pending *pending)
{
	struct evhttp_request *request = pending->request;
	json_t *object;

	if (--pending->n_answers_due)
		return;
	object = json_incref(pending->object);
	pending_remove(pending);
	if (request)
		pr_reply_json(request, 200, object);
	else
		json_decref(object);
}

static void change_result(struct pr_pending *pending, const struct pr_pairs *pairs)
{
	struct evhttp_request *request = pending->request;
	int status = 200;
	json_t *object = json_object();

	if (pr_pairs_get(pairs, "error"))
		status = (int)pr_pairs_number(pairs, "status", 400);
	pr_pairs_json(pairs, object);
	json_object_del(object, "status");
	pending_remove(pending);
	if (request)
		pr_reply_json(request, status, object);
	else
		json_decref(object);
}

static void add_row(struct pr_pending *pending, const struct pr_message *message)
{
	struct pr_event event;

	if (pending->request && pending->part &&
	    pr_event_decode(message->body, message->len, &event) == 0)
		pr_buffer_add_json(pending->part, pr_event_json(&event));
}

static void add_pairs(struct pr_pending *pending, const struct pr_pairs *pairs)
{
	json_t *object;

	if (pending->kind == PENDING_STATUS)
		return pr_pairs_json(pairs, pending->object);
	if (!pending->request || !pending->part)
		return;
	object = json_object();
	pr_pairs_json(pairs, object);
	pr_buffer_add_json(pending->part, object);
}

void pr_pending_message(struct pr_front *front, const struct pr_message *message)
{
	struct pr_pending *pending = front->pending;
	struct pr_pairs pairs;

	while (pending && pending->ticket != message->ticket)
		pending = pending->next;
	if (!pending)
		return;
	if (message->kind == PR_MESSAGE_ROW)
		return add_row(pending, message);
	if (pr_pairs_decode(message->body, message->len, &pairs) < 0)
		return;
	if (message->kind == PR_MESSAGE_PAIRS) {
		add_pairs(pending, &pairs);
	} else if (pending->kind == PENDING_STATUS) {
		if (message->kind == PR_MESSAGE_RESULT)
			add_pairs(pending, &pairs);
		status_part(pending);
	} else if (message->kind == PR_MESSAGE_END) {
		query_end(pending, &pairs);
	} else if (message->kind == PR_MESSAGE_RESULT) {
		change_result(pending, &pairs);
	}
}

void pr_pending_engine_gone(struct pr_front *front)
{
	struct pr_pending *pending = front->pending, *next;

	for (; pending; pending = next) {
		next = pending->next;
		if (!pending->to_engine)
			continue;
		if (pending->kind == PENDING_STATUS) {
			pending->to_engine = false;
			json_object_set_new(pending->object, "engine", json_string("away"));
			status_part(pending);
		} else {
			pending_fail(pending, 503, "the engine went away; it is being restarted");
		}
	}
}

void pr_pending_free(struct pr_front *front)
{
	while (front->pending)
		pending_remove(front->pending);
}
