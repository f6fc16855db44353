/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many sockets, watched edge by edge: one epoll of our own inside of the event loop. A socket that is watched costs no
 * memory of this process, and nothing is armed or disarmed as its bytes come and go. It is watched until it is closed.
 */
#pragma once

#include "base/error.h"

#include <event2/event.h>
#include <stdint.h>

struct pr_watch;

/* `events` as of epoll_ctl(2): EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLPRI, EPOLLERR, EPOLLHUP. A tag may be one whose socket
 * was closed a moment ago. */
typedef void (*pr_watch_event)(void *context, uint64_t tag, uint32_t events);

/* 0 or -errno. */
PR_MUST_USE int pr_watch_new(struct event_base *base, pr_watch_event event, void *context,
			     struct pr_watch **ret_watch);
void pr_watch_free(struct pr_watch *watch); /* takes NULL */
PR_MUST_USE int pr_watch_add(struct pr_watch *watch, int fd, uint64_t tag);
