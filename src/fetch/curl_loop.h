/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libcurl's multi interface in an event loop: it tells which sockets and which time it waits for. One thread, that of the
 * event base. */
#pragma once

#include "base/error.h"

#include <curl/curl.h>
#include <event2/event.h>

struct pr_curl_loop {
	struct event_base *base;
	CURLM *multi; /* for handles, and options but for those of sockets and timers */
	struct event *on_timer;
	/* A transfer is over; its handle is still among the loop's. `private`: its CURLOPT_PRIVATE. */
	void (*over)(void *context, void *private, CURLcode code);
	void *context;
};

/* Before the sandbox closes: libraries read their configuration here. 0 or -ENOMEM. */
PR_MUST_USE int pr_curl_loop_init(struct pr_curl_loop *loop, struct event_base *base,
				  void (*over)(void *context, void *private, CURLcode code),
				  void *context);
/* There is no handle in it any more. */
void pr_curl_loop_done(struct pr_curl_loop *loop);
