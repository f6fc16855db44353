/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fetches lists from the web: http and https, one GET each, into a descriptor that somebody else opened. Names are
 * looked up by a port, so nothing here reads resolv.conf; redirections are followed one by one, each checked like the
 * first address. What the server sends is counted, not believed. One thread, that of the event base.
 */
#pragma once

#include "base/error.h"
#include "network/class.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PR_FETCH_TRANSFERS_MAX 16  /* at a time; one more fails at once */
#define PR_FETCH_TOTAL_S       900 /* of one, with all redirections; then it fails */
#define PR_FETCH_CONNECT_S     20  /* until a connection is there, TLS included */
#define PR_FETCH_NAME_S	       10  /* until a name is looked up */
#define PR_FETCH_STALL_S       15  /* so long below … */
#define PR_FETCH_STALL_BYTES   500 /* … so many bytes a second: it fails */
#define PR_FETCH_REDIRECTS_MAX 5   /* one more: it fails */
#define PR_FETCH_ADDRESSES_MAX 16  /* of a name; those beyond are not tried */
#define PR_FETCH_ETAG_SIZE     256 /* a longer one, or one that can't be printed, is not kept */
#define PR_FETCH_MODIFIED_SIZE 64
#define PR_FETCH_ERROR_SIZE    256

struct pr_fetcher;

struct pr_fetch_request {
	uint64_t ticket; /* the caller's, different from all that are on their way */
	const char *url;
	/* Of what is there already; "" = ask for it in any case. RFC 9110, 13.1.2 and 13.1.3. */
	const char *etag, *modified;
	uint64_t bytes_max; /* of what comes out of its transfer encoding; more: it fails */
	int fd;		    /* written to from its position on; taken */
};

enum pr_fetch_outcome {
	PR_FETCH_NEW,	    /* the descriptor holds it, whole */
	PR_FETCH_UNCHANGED, /* what is there already is current */
	PR_FETCH_FAILED,
};

/* Borrowed for the call. */
struct pr_fetched {
	uint64_t ticket;
	enum pr_fetch_outcome outcome;
	const char *error; /* a sentence; "" unless it failed */
	const char *etag, *modified;
	uint64_t bytes;
};

struct pr_fetch_ports {
	void *context;
	/* A question in wire format, to be answered by pr_fetcher_name_answer() with the same ticket. False: nobody
	 * is there to answer. */
	bool (*ask)(void *context, uint64_t ticket, const uint8_t *question, size_t len);
	/* Exactly once for each request; never from within pr_fetcher_start(). */
	void (*done)(void *context, const struct pr_fetched *fetched);
};

/* Before the sandbox closes: libraries read their configuration here. NULL where they can't be set up. */
struct pr_fetcher *pr_fetcher_new(struct event_base *base, const struct pr_fetch_ports *ports);
/* What is on its way ends without a word. */
void pr_fetcher_free(struct pr_fetcher *fetcher);
/* What this host's addresses are, from now on; copied. At first there are none: the registries alone say what is near. */
void pr_fetcher_own_addresses(struct pr_fetcher *fetcher, const struct pr_own_addresses *own);
void pr_fetcher_start(struct pr_fetcher *fetcher, const struct pr_fetch_request *request);
/* An answer in wire format; empty = there is none. Unknown tickets are passed over. */
void pr_fetcher_name_answer(struct pr_fetcher *fetcher, uint64_t ticket, const uint8_t *answer,
			    size_t len);
