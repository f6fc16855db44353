/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the front share. One thread; everything hangs on one event base. */
#pragma once

#include "api/front.h"
#include "ipc/body.h"
#include "profile/policy.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <jansson.h>

struct pr_front {
	struct event_base *base;
	struct evhttp *http;
	gid_t group;

	struct pr_channel *supervisor; /* borrowed */
	struct pr_channel *engine;     /* NULL while the engine is away */
	struct event *supervisor_readable, *engine_readable;
	uint64_t last_ticket;
	int result; /* why the loop ended */

	struct pr_pending *pending;
	unsigned int n_pending;

	struct pr_stream *stream;
	struct event *watch_due;
	bool watch_told; /* what the engine heard last */
	struct pr_fetching *fetching;

	/* What is in force, for `profile` and `rule list`; NULL before the first. */
	struct pr_policy *policy;
	void *policy_bytes;
	size_t policy_len;
};

/* ---- replies (reply.c) ---- */

/* One JSON object and a newline; takes `object`. */
void pr_reply_json(struct evhttp_request *request, int status, json_t *object);
/* {"error": …} with printf's text. */
void pr_reply_error(struct evhttp_request *request, int status, const char *format, ...)
	PR_PRINTF(3, 4);
/* Appends one object and a newline; takes `object`. */
void pr_buffer_add_json(struct evbuffer *buffer, json_t *object);
int pr_request_fd(struct evhttp_request *request);

/* ---- requests that wait for an answer of another process (pending.c) ---- */

/* Asks the engine; the answer's rows go to the client as one JSON object a line. `pairs` starts with
 * "query". */
void pr_pending_query(struct pr_front *front, struct evhttp_request *request,
		      const struct pr_pairs *pairs);
/* The same of the supervisor. */
void pr_pending_supervisor_query(struct pr_front *front, struct evhttp_request *request,
				 const struct pr_pairs *pairs);
/* What both the supervisor and the engine say of themselves, as one object. */
void pr_pending_status(struct pr_front *front, struct evhttp_request *request);
/* Hands a change to the supervisor with the client's own socket. */
void pr_pending_change(struct pr_front *front, struct evhttp_request *request,
		       const struct pr_pairs *pairs);
/* Messages with the ticket of a request that waits. */
void pr_pending_message(struct pr_front *front, const struct pr_message *message);
/* The engine is gone: what waits for it ends with an error. */
void pr_pending_engine_gone(struct pr_front *front);
void pr_pending_free(struct pr_front *front);

/* ---- who asks (routes.c) ---- */

struct pr_reader_rights {
	uid_t uid;
	bool reads_all; /* root and the group's members; others see what is their own */
};

/* ---- lists (fetching.c) ---- */

/* Before the sandbox closes. NULL: the libraries cannot be set up. */
struct pr_fetching *pr_fetching_new(struct pr_front *front);
void pr_fetching_free(struct pr_fetching *fetching); /* takes NULL */
/* A channel to the resolver. */
void pr_fetching_resolver_take(struct pr_fetching *fetching, int fd);
/* PR_MESSAGE_FETCH. */
void pr_fetching_message(struct pr_fetching *fetching, struct pr_message *message);

/* ---- live events (stream.c) ---- */

/* `readers` hears of every change of their number. */
struct pr_stream *pr_stream_new(void (*readers)(void *context, unsigned int n_readers),
				void *context);
unsigned int pr_stream_n_readers(const struct pr_stream *stream);
void pr_stream_free(struct pr_stream *stream);
/* An event in its encoded form (ipc/event_codec.h) with its number. */
void pr_stream_event(struct pr_stream *stream, uint64_t number, const uint8_t *body, size_t len);
void pr_stream_lost(struct pr_stream *stream, uint64_t n_lost);
/* Makes the request a reader: server-sent events until either side closes. */
void pr_stream_read(struct pr_stream *stream, struct evhttp_request *request,
		    const struct pr_reader_rights *rights);

/* ---- whether anybody watches (watch.c) ---- */

PR_MUST_USE int pr_watch_init(struct pr_front *front);
void pr_watch_done(struct pr_front *front);
/* There is another engine. */
void pr_watch_engine(struct pr_front *front);
/* For the stream. */
void pr_watch_readers(void *front, unsigned int n_readers);

/* ---- the policy in force (policy_json.c) ---- */

json_t *pr_policy_profiles_json(const struct pr_policy *policy);
/* NULL: there is no such profile. */
json_t *pr_policy_profile_json(const struct pr_policy *policy, const char *name);
/* All rules in order, or those of one profile; NULL: no such profile. */
json_t *pr_policy_rules_json(const struct pr_policy *policy, const char *profile);

/* ---- routes (routes.c) ---- */
void pr_route(struct evhttp_request *request, void *front);
