/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/watch.h"

#include <sys/epoll.h>
#include <unistd.h>

/* Then the rest of the loop gets its turn, the supervisor's question whether we live among it: on a busy machine each of them
 * may take many milliseconds. The kernel takes them in turns as well. */
#define EVENTS_PER_TURN 8

struct pr_watch {
	int epoll;
	struct event *readable;
	pr_watch_event event;
	void *context;
};

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct pr_watch *watch = context;
	struct epoll_event events[EVENTS_PER_TURN];
	int n = epoll_wait(fd, events, EVENTS_PER_TURN, 0);

	(void)what;
	for (int i = 0; i < n; i++)
		watch->event(watch->context, events[i].data.u64, events[i].events);
}

int pr_watch_new(struct event_base *base, pr_watch_event event, void *context,
		 struct pr_watch **ret_watch)
{
	struct pr_watch *watch = pr_calloc(1, sizeof(*watch));

	watch->event = event;
	watch->context = context;
	watch->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (watch->epoll >= 0)
		watch->readable =
			event_new(base, watch->epoll, EV_READ | EV_PERSIST, on_readable, watch);
	if (!watch->readable || event_add(watch->readable, NULL) < 0) {
		int r = watch->epoll < 0 ? -errno : -ENOMEM;

		pr_watch_free(watch);
		return r;
	}
	*ret_watch = watch;
	return 0;
}

void pr_watch_free(struct pr_watch *watch)
{
	if (!watch)
		return;
	if (watch->readable)
		event_free(watch->readable);
	if (watch->epoll >= 0)
		close(watch->epoll);
	free(watch);
}

int pr_watch_add(struct pr_watch *watch, int fd, uint64_t tag)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
				     .data.u64 = tag };

	return epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}
