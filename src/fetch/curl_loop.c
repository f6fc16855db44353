/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/curl_loop.h"

static void look(struct pr_curl_loop *loop)
{
	const CURLMsg *message;
	int n;

	while ((message = curl_multi_info_read(loop->multi, &n))) {
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;
		void *private = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&private);
		loop->over(loop->context, private, code);
	}
}

static void socket_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_curl_loop *loop = context;
	int n, mask = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		      (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	curl_multi_socket_action(loop->multi, fd, mask, &n);
	look(loop);
}

static void timer_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_curl_loop *loop = context;
	int n;

	(void)fd;
	(void)what;
	curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &n);
	look(loop);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *event)
{
	struct pr_curl_loop *loop = context;
	short wants = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
			      (what & CURL_POLL_OUT ? EV_WRITE : 0));

	(void)easy;
	if (event)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		event = event_new(loop->base, fd, (short)(wants | EV_PERSIST), socket_event, loop);
		pr_assert(event);
		event_add(event, NULL);
	}
	curl_multi_assign(loop->multi, fd, event);
	return 0;
}

static int on_timeout(CURLM *multi, long ms, void *context)
{
	struct pr_curl_loop *loop = context;
	const struct timeval in = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		evtimer_del(loop->on_timer);
	else
		evtimer_add(loop->on_timer, &in);
	return 0;
}

int pr_curl_loop_init(struct pr_curl_loop *loop, struct event_base *base,
		      void (*over)(void *context, void *private, CURLcode code), void *context)
{
	*loop = (struct pr_curl_loop){ .base = base, .over = over, .context = context };
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return -ENOMEM;
	loop->multi = curl_multi_init();
	loop->on_timer = evtimer_new(base, timer_event, loop);
	if (!loop->multi || !loop->on_timer) {
		pr_curl_loop_done(loop);
		return -ENOMEM;
	}
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
	return 0;
}

void pr_curl_loop_done(struct pr_curl_loop *loop)
{
	if (loop->multi)
		curl_multi_cleanup(loop->multi);
	if (loop->on_timer)
		event_free(loop->on_timer);
	curl_global_cleanup();
}
