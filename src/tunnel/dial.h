/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A socket to a host: its name is resolved where that is needed (through the interface, where one is given), and its
 * addresses are tried one beside the other as RFC 8305 says. Never blocks.
 */
#pragma once

#include "base/address.h"
#include "base/error.h"
#include "network/tunnel.h"

#include <event2/event.h>

#define PR_DIAL_TIMEOUT_MS    15000 /* from the start; then PR_TUNNEL_TIMED_OUT */
#define PR_DIAL_ATTEMPT_MS    250   /* RFC 8305, 5: then the next address is tried beside it */
#define PR_DIAL_ADDRESSES_MAX 16u

struct pr_dial_to {
	const char *host; /* a canonical name, or an address as text */
	uint16_t port;
	bool datagrams; /* UDP: the socket is connected, nothing is sent */
	const char *
		interface; /* it leaves by this one only (SO_BINDTODEVICE); "" = as the routes say */
	const struct pr_address
		*nameservers; /* asked for the name; none: those of pr_dialer_nameservers() */
	unsigned int n_nameservers;
};

struct pr_dialer;
struct pr_dial;

/* `done` comes once, never from within pr_dial_start(); the descriptor is handed over (-1 unless OPEN), non-blocking and
 * CLOEXEC. `why` is a sentence, borrowed. DOWN: the interface is not there, or down; UNSUPPORTED: this process
 * can't (a limit); all else is said of the destination. Never is another interface or nameserver taken instead. */
typedef void (*pr_dial_done)(void *context, enum pr_tunnel_outcome outcome, int fd,
			     const char *why);

struct pr_dialer *pr_dialer_new(struct event_base *base);
void pr_dialer_free(struct pr_dialer *dialer); /* takes NULL; ends all silently */
/* Those of the system. */
void pr_dialer_nameservers(struct pr_dialer *dialer, const struct pr_address *nameservers,
			   unsigned int n);
struct pr_dial *pr_dial_start(struct pr_dialer *dialer, const struct pr_dial_to *to,
			      pr_dial_done done, void *context);
void pr_dial_cancel(struct pr_dial *dial); /* `done` does not come any more; takes NULL */
