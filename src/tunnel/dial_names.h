/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Addresses of names, asked once for all that want to know them at the same time and kept for a while. Who waits is woken
 * by an event of its own, never by a call from within. Of the room itself.
 */
#pragma once

#include "tunnel/dial_channel.h"

#include <sys/queue.h>

#define PR_DIAL_NAMES_MAX    1024u  /* kept without anybody who waits; the oldest goes first */
#define PR_DIAL_ASKED_MAX    32768u /* names that are asked for at once; beyond: UNSUPPORTED */
#define PR_DIAL_CHANNELS_MAX 40u    /* pairs of interface and nameservers; beyond: UNSUPPORTED */
#define PR_DIAL_TTL_LEAST_S  2u	    /* however short the answer's is */
#define PR_DIAL_TTL_MOST_S   300u
#define PR_DIAL_TTL_NONE_S   2u /* of a name that is not there, or has no address */

struct pr_dial_names;
struct pr_dial_name;

/* One that waits; all zero. */
struct pr_dial_waiter {
	struct pr_dial_name *name; /* NULL = it does not wait */
	struct event *wake;	   /* made active after each answer */
	LIST_ENTRY(pr_dial_waiter) link;
};

struct pr_dial_where {
	const char *interface; /* "" = as the routes say */
	const struct pr_address *nameservers;
	unsigned int n_nameservers;
};

struct pr_dial_names *pr_dial_names_new(struct event_base *base);
void pr_dial_names_free(struct pr_dial_names *names); /* takes NULL; nobody may wait any more */
/* `wake` is made active at once where an answer is known. 0; -ENOBUFS: a limit is reached. */
PR_MUST_USE int pr_dial_names_ask(struct pr_dial_names *names, const struct pr_dial_where *where,
				  const char *host, struct event *wake,
				  struct pr_dial_waiter *waiter);
/* What is known by now; borrowed until pr_dial_names_leave(). */
const struct pr_dial_heard *pr_dial_names_heard(const struct pr_dial_waiter *waiter, bool v6);
void pr_dial_names_leave(struct pr_dial_waiter *waiter); /* one that does not wait too */
/* None of its addresses could be connected to: it is asked for anew the next time. */
void pr_dial_names_forget(struct pr_dial_names *names, const struct pr_dial_where *where,
			  const char *host);
