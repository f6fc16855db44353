/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Single questions to nameservers over UDP, for lists in DNS. Not through the resolver: a list whose servers hang would
 * fill its sockets and spoil what it knows of the upstreams that everything else is asked of (docs/decisions/providers.md). Each question has a socket of its own, so a port and an
 * id that nobody can guess, and hears only the server that it went to.
 */
#pragma once

#include "base/error.h"
#include "resolver/upstream.h"

#include <event2/event.h>

#define PR_LOOKUP_TRIES 2u /* the second goes to the next server */

struct pr_lookups;

struct pr_lookup_question {
	uint64_t number;  /* the caller's */
	const char *name; /* type A */
	const struct pr_upstream *servers;
	unsigned int n_servers; /* at least 1 */
	uint32_t again_ms;	/* without an answer by then it is asked again */
};

struct pr_lookups_ports {
	void *context;
	/* Once for each, unless it is cancelled, never before pr_lookups_ask() returns. `bytes` NULL: it could not be
	 * sent, or nobody is there. Borrowed. */
	void (*answer)(void *context, uint64_t number, const uint8_t *bytes, size_t len);
};

struct pr_lookups *pr_lookups_new(struct event_base *base, const struct pr_lookups_ports *ports);
void pr_lookups_free(struct pr_lookups *lookups);
void pr_lookups_ask(struct pr_lookups *lookups, const struct pr_lookup_question *question);
void pr_lookups_cancel(struct pr_lookups *lookups, uint64_t number);
