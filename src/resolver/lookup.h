/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Single questions for lists in DNS, as query.h asks them, but beside the resolver: each list has servers of its own,
 * also where these are the upstreams, and all lists have sockets of their own. A list whose servers hang so spoils
 * nothing of what is known of the upstreams that names are resolved by, and nothing is kept: what is alive is
 * seen with every question (docs/decisions/providers.md).
 */
#pragma once

#include "base/error.h"
#include "network/provider.h"
#include "resolver/upstream.h"

#include <event2/event.h>

struct pr_lookups;

struct pr_lookups_ports {
	void *context;
	/* Once for each, unless it is cancelled, never before pr_lookups_ask() returns. `bytes` NULL: there is no answer,
	 * and `why` says what is the matter (it lives for ever). Borrowed. */
	void (*answer)(void *context, uint64_t number, const uint8_t *bytes, size_t len,
		       const char *why);
};

struct pr_lookups *pr_lookups_new(struct event_base *base, const struct pr_lookups_ports *ports);
void pr_lookups_free(struct pr_lookups *lookups);

/* The servers of list `place` (below PR_PROVIDERS_MAX) from now on. The same as before change nothing. */
void pr_lookups_set_servers(struct pr_lookups *lookups, unsigned int place,
			    const struct pr_upstream *servers, unsigned int n);
/* Asks for the A records of a name; `number` is the caller's. False where the list has no server, or the name is
 * none. Not from within the port `answer`. */
PR_MUST_USE bool pr_lookups_ask(struct pr_lookups *lookups, unsigned int place, uint64_t number,
				const char *name);
void pr_lookups_cancel(struct pr_lookups *lookups, uint64_t number);
