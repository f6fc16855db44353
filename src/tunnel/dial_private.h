/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a dial is made of. Of the room itself. */
#pragma once

#include "tunnel/dial.h"
#include "tunnel/dial_names.h"

#include <net/if.h>

_Static_assert(2 * PR_DIAL_HEARD_MAX == PR_DIAL_ADDRESSES_MAX, "each family has its half");

/* Addresses of a family, as they became known. */
struct pr_dial_family {
	struct pr_address addresses[PR_DIAL_HEARD_MAX];
	unsigned int n, n_tried;
	uint64_t answered_us; /* 0 = not yet */
	enum pr_dial_answer answer;
};

struct pr_dial_attempt {
	struct pr_dial *dial;
	struct event *writable; /* NULL = ended */
	int fd;
	struct pr_address address;
};

struct pr_dialer {
	struct event_base *base;
	struct pr_dial_names *names;
	struct pr_address nameservers[PR_TUNNEL_NAMESERVERS_MAX];
	unsigned int n_nameservers;
	LIST_HEAD(, pr_dial) dials;
};

struct pr_dial {
	struct pr_dialer *dialer;
	LIST_ENTRY(pr_dial) link;
	struct event *step;
	pr_dial_done done;
	void *context;

	char *host, interface[IFNAMSIZ];
	struct pr_address nameservers[PR_TUNNEL_NAMESERVERS_MAX];
	unsigned int n_nameservers;
	uint16_t port;
	bool datagrams, is_name;
	struct pr_dial_waiter waiter;

	struct pr_dial_family v4, v6;
	struct pr_dial_attempt attempts[PR_DIAL_ADDRESSES_MAX];
	unsigned int n_attempts, n_running;
	bool started, last_was_v6;
	uint64_t deadline_us, next_us; /* the next attempt, if there is an address */
	/* What is said if none succeeds: */
	enum pr_tunnel_outcome outcome;
	char why[PR_TUNNEL_WHY_MAX + 1]; /* "" = nothing failed yet */
};

/* ---- dial_failure.c: what is said if no attempt succeeds ---- */

/* The first of those that tell most counts. */
void pr_dial_note(struct pr_dial *dial, enum pr_tunnel_outcome outcome, const char *format, ...)
	PR_PRINTF(3, 4);
/* connect() said so. */
void pr_dial_note_error(struct pr_dial *dial, const struct pr_address *address, int error);
void pr_dial_note_answer(struct pr_dial *dial, enum pr_dial_answer answer);
