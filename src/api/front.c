/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/front_private.h"

#include "api/limits.h"

#include <event2/listener.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void stop(struct pr_front *front, int result)
{
	front->result = result;
	event_base_loopbreak(front->base);
}

static void drop_engine(struct pr_front *front)
{
	if (front->engine_readable)
		event_free(front->engine_readable);
	front->engine_readable = NULL;
	pr_channel_free(front->engine);
	front->engine = NULL;
	pr_pending_engine_gone(front);
}

/* One after the other; what is cut short is nobody's event. */
static void engine_events(struct pr_front *front, const struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);

	while (!reader.failed && reader.position < reader.len) {
		uint64_t number = pr_read_u64(&reader);
		uint32_t len = pr_read_u32(&reader);
		const uint8_t *event = pr_read_bytes(&reader, len);

		if (event && len)
			pr_stream_event(front->stream, number, event, len);
	}
}

static void engine_message(struct pr_front *front, const struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);

	if (message->kind == PR_MESSAGE_EVENT)
		engine_events(front, message);
	else if (message->kind == PR_MESSAGE_LOST)
		pr_stream_lost(front->stream, pr_read_u64(&reader));
	else
		pr_pending_message(front, message);
}

static void on_engine(evutil_socket_t fd, short what, void *context)
{
	struct pr_front *front = context;
	struct pr_message message;
	int r;

	(void)fd;
	(void)what;
	while ((r = pr_channel_receive(front->engine, &message)) == 0) {
		engine_message(front, &message);
		pr_message_done(&message);
	}
	if (r < 0)
		drop_engine(front);
}

static void take_channel(struct pr_front *front, struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);

	if (pr_read_u32(&reader) == PR_PARTY_RESOLVER)
		return pr_fetching_resolver_take(front->fetching, PR_TAKE_FD(message->fds[0]));
	drop_engine(front);
	front->engine =
		pr_channel_new_take(PR_TAKE_FD(message->fds[0]), PR_PARTY_FRONT, PR_PARTY_ENGINE);
	front->engine_readable = event_new(front->base, pr_channel_fd(front->engine),
					   EV_READ | EV_PERSIST, on_engine, front);
	event_add(front->engine_readable, NULL);
	pr_watch_engine(front);
}

static void drop_policy(struct pr_front *front)
{
	pr_policy_free(front->policy);
	front->policy = NULL;
	if (front->policy_bytes)
		munmap(front->policy_bytes, front->policy_len);
	front->policy_bytes = NULL;
}

/* The sealed memory comes from the supervisor; a policy that does not open is shown as none. */
static void take_policy(struct pr_front *front, struct pr_message *message)
{
	struct stat file;

	drop_policy(front);
	if (fstat(message->fds[0], &file) < 0 || file.st_size <= 0)
		return;
	front->policy_len = (size_t)file.st_size;
	front->policy_bytes =
		mmap(NULL, front->policy_len, PROT_READ, MAP_SHARED, message->fds[0], 0);
	if (front->policy_bytes == MAP_FAILED)
		front->policy_bytes = NULL;
	else if (pr_policy_open(front->policy_bytes, front->policy_len, &front->policy))
		front->policy = NULL;
}

static int supervisor_message(struct pr_front *front, struct pr_message *message)
{
	if (message->kind == PR_MESSAGE_PING)
		return pr_channel_send(front->supervisor, PR_MESSAGE_PONG, message->ticket, NULL,
				       0);
	if (message->kind == PR_MESSAGE_CHANNEL)
		take_channel(front, message);
	else if (message->kind == PR_MESSAGE_POLICY_SHOWN)
		take_policy(front, message);
	else if (message->kind == PR_MESSAGE_FETCH)
		pr_fetching_message(front->fetching, message);
	else
		pr_pending_message(front, message);
	return 0;
}

static void on_supervisor(evutil_socket_t fd, short what, void *context)
{
	struct pr_front *front = context;
	struct pr_message message;
	int r;

	(void)fd;
	(void)what;
	while ((r = pr_channel_receive(front->supervisor, &message)) == 0) {
		r = supervisor_message(front, &message);
		pr_message_done(&message);
		if (r)
			break;
	}
	if (r < 0)
		stop(front, r == -EPIPE ? 0 : r);
}

static void accept_again(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(context);
}

/* No descriptor is left: who waits, waits. Without the pause it would be tried, and complained of, over and over. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
	const struct timeval pause = { .tv_usec = PR_API_FULL_PAUSE_MS * 1000 };

	(void)context;
	evconnlistener_disable(listener);
	if (event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, accept_again,
			    listener, &pause) < 0)
		evconnlistener_enable(listener);
}

static int listen_for_requests(struct pr_front *front, int listener)
{
	struct evhttp_bound_socket *bound;

	front->http = evhttp_new(front->base);
	if (!front->http)
		return -ENOMEM;
	evhttp_set_max_body_size(front->http, PR_API_BODY_MAX);
	evhttp_set_max_headers_size(front->http, PR_API_HEADERS_MAX);
	evhttp_set_timeout(front->http, PR_API_IDLE_S);
	evhttp_set_allowed_methods(front->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
							EVHTTP_REQ_DELETE);
	evhttp_set_gencb(front->http, pr_route, front);
	bound = evhttp_accept_socket_with_handle(front->http, listener);
	if (!bound)
		return -EBADF;
	evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(bound), on_accept_error);
	return 0;
}

static void front_done(struct pr_front *front)
{
	if (front->http)
		evhttp_free(front->http);
	pr_pending_free(front);
	drop_engine(front);
	drop_policy(front);
	pr_stream_free(front->stream);
	pr_watch_done(front);
	pr_fetching_free(front->fetching);
	if (front->supervisor_readable)
		event_free(front->supervisor_readable);
	if (front->base)
		event_base_free(front->base);
}

int pr_front_run(const struct pr_front_config *config)
{
	struct pr_front front = { .supervisor = config->supervisor, .group = config->group };
	int r = -ENOMEM;

	front.base = event_base_new();
	if (!front.base)
		goto out;
	front.stream = pr_stream_new(pr_watch_readers, &front);
	front.fetching = pr_fetching_new(&front);
	if (!front.fetching)
		goto out;
	r = pr_watch_init(&front);
	if (r < 0)
		goto out;
	r = listen_for_requests(&front, config->api_listener);
	if (r < 0)
		goto out;
	front.supervisor_readable = event_new(front.base, pr_channel_fd(front.supervisor),
					      EV_READ | EV_PERSIST, on_supervisor, &front);
	event_add(front.supervisor_readable, NULL);
	r = config->sandbox(config->context);
	if (r < 0)
		goto out;
	if (event_base_dispatch(front.base) < 0)
		front.result = -EIO;
	r = front.result;
out:
	front_done(&front);
	return r;
}
