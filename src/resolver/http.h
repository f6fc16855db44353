/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GET requests by libcurl on the event loop: HTTP/2 where the server has it, HTTP/1.1 otherwise, connections kept for the
 * next; TLS always verified. The host's addresses come from the caller: libcurl resolves nothing, follows no redirect,
 * uses no proxy and keeps no cookie.
 */
#pragma once

#include "base/address.h"
#include "base/error.h"

#include <event2/event.h>

#define PR_HTTP_HEADERS_MAX	16384u /* bytes of an answer's head; beyond: ended */
#define PR_HTTP_CONNECTIONS_MAX 32L    /* of all; further requests wait in libcurl */
#define PR_HTTP_PER_HOST_MAX	8L
#define PR_HTTP_ADDRESSES_MAX	8u
#define PR_HTTP_HOST_SIZE	256

struct pr_http;

struct pr_http_request {
	uint64_t number; /* the caller's */
	const char *url;
	const char *header; /* "NAME: VALUE"; "" = none */
	const char *ca;	    /* file of certificates; "" = the system's */
	size_t body_max;    /* a longer body ends it */
	uint32_t timeout_ms;
	const struct pr_address *addresses; /* of the URL's host, unless it is an address */
	unsigned int n_addresses;
};

struct pr_http_ports {
	void *context;
	/* Once for each, unless it is cancelled, never before pr_http_start() returns. `status` 0: no answer, and `why`
	 * says what is the matter (it lives for ever). Borrowed. */
	void (*done)(void *context, uint64_t number, long status, const char *body, size_t len,
		     const char *why);
};

PR_MUST_USE int pr_http_new(struct event_base *base, const struct pr_http_ports *ports,
			    struct pr_http **ret_fetches);
void pr_http_free(struct pr_http *fetches);
/* False where libcurl refuses the request. */
bool pr_http_start(struct pr_http *fetches, const struct pr_http_request *request);
void pr_http_cancel(struct pr_http *fetches, uint64_t number);

/* The host of a URL; false where it is an address (an IPv6 one in brackets), or no URL. */
bool pr_http_host(const char *url, char ret_host[PR_HTTP_HOST_SIZE]);
