/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions to nameservers by one interface: a channel of c-ares on the event loop. Of the room itself. */
#pragma once

#include "base/address.h"
#include "network/tunnel.h"

#include <event2/event.h>

#define PR_DIAL_HEARD_MAX 8u /* addresses of a family that are looked at; RFC 8305 tries few */

enum pr_dial_answer {
	PR_DIAL_WAITING = 0,
	PR_DIAL_FOUND,
	PR_DIAL_NO_ADDRESS,   /* the name is there, but has none of this family */
	PR_DIAL_NO_NAME,      /* the name is not there */
	PR_DIAL_SILENT,	      /* no nameserver answered */
	PR_DIAL_FAILED,	      /* each is unreachable, or says that it can't */
	PR_DIAL_NO_INTERFACE, /* there is none of this name (now) */
	PR_DIAL_NOBODY,	      /* there is no nameserver to be asked */
};

struct pr_dial_heard {
	enum pr_dial_answer answer;
	struct pr_address addresses[PR_DIAL_HEARD_MAX];
	unsigned int n;
	uint32_t ttl_s; /* of FOUND */
};

/* `v6` tells which of a name's two questions was answered. May come from within pr_dial_channel_ask(). No channel may
 * be freed within. */
typedef void (*pr_dial_answered)(void *context, bool v6, const struct pr_dial_heard *heard);

struct pr_dial_channel;

/* They are asked in order, the next where one is silent. "" = as the routes say. NULL: no memory. */
struct pr_dial_channel *pr_dial_channel_new(struct event_base *base, const char *interface,
					    const struct pr_address *nameservers, unsigned int n);
void pr_dial_channel_free(struct pr_dial_channel *channel); /* no question may be open; NULL */
bool pr_dial_channel_is(const struct pr_dial_channel *channel, const char *interface,
			const struct pr_address *nameservers, unsigned int n);
/* Both, AAAA first (RFC 8305, 3); each is answered once. */
void pr_dial_channel_ask(struct pr_dial_channel *channel, const char *name,
			 pr_dial_answered answered, void *context);
/* Answers every open question with FAILED. */
void pr_dial_channel_cancel(struct pr_dial_channel *channel);
