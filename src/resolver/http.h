/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GET requests by libcurl on the event loop: HTTP/2 where the server has it, HTTP/1.1 otherwise, connections kept for the
 * next. The host's addresses come from the caller; what holds for all that libcurl does, too (fetch/curl_place.h).
 */
#pragma once

#include "base/address.h"
#include "base/error.h"
#include "base/name.h"

#include <event2/event.h>

#define PR_HTTP_HEADERS_MAX	16384u /* bytes of an answer's head; beyond: ended */
#define PR_HTTP_CONNECTIONS_MAX 32L    /* of all; further requests wait in libcurl */
#define PR_HTTP_PER_HOST_MAX	8L

struct pr_http;

struct pr_http_request {
	uint64_t number; /* the caller's */
	const char *url;
	const char *header; /* "NAME: VALUE"; "" = none */
	const char *ca;	    /* file of certificates; "" = the system's */
	size_t body_max;    /* a longer body ends it */
	uint32_t timeout_ms;
	/* Of the URL's host, unless it is an address; borrowed for the call. */
	const struct pr_address *addresses;
	unsigned int n_addresses;
};

struct pr_http_ports {
	void *context;
	/* Once for each, unless it is cancelled, never before pr_http_start() returns. `status` 0: no answer, and `why`
	 * says what is the matter (it lives for ever). Borrowed. */
	void (*done)(void *context, uint64_t number, long status, const char *body, size_t len,
		     const char *why);
};

/* 0 or negative. Before the sandbox closes: libraries read their configuration here. */
PR_MUST_USE int pr_http_new(struct event_base *base, const struct pr_http_ports *ports,
			    struct pr_http **ret_http);
/* NULL: nothing. What is on its way ends without a word. */
void pr_http_free(struct pr_http *http);
/* False where libcurl refuses the request. */
PR_MUST_USE bool pr_http_start(struct pr_http *http, const struct pr_http_request *request);
/* Numbers that are not on their way are passed over. */
void pr_http_cancel(struct pr_http *http, uint64_t number);

/* The host of a URL; false where it is an address (an IPv6 one in brackets), or no URL. */
bool pr_http_host(const char *url, char ret_host[PR_NAME_TEXT_SIZE]);
