/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A link beyond the entry point: a stream, or datagrams, to its destination by the hops of a way. It is opened, hop by
 * hop; then it is read and written like a socket that never blocks.
 *
 * TLS lies around whatever a hop says, so that of a chain no hop but the last learns the destination. What needs no TLS
 * ends as a plain socket whose bytes are the link's alone: pr_carrier_fd(), for splice(2).
 */
#pragma once

#include "tunnel/dial.h"

#include <sys/types.h>

#define PR_CARRIER_OPEN_TIMEOUT_MS   60000 /* the whole way; Tor's circuits take their time */
#define PR_CARRIER_ANSWER_TIMEOUT_MS 10000 /* a hop's own part: greeting, account, TLS */
#define PR_CARRIER_ANSWER_MAX	     16384 /* bytes of a proxy's answer before the link's own */
#define PR_CARRIER_DATAGRAM_MAX	     65507

/* A hop, with the account that it is used by. Texts are borrowed for the call. */
struct pr_carrier_hop {
	const struct pr_tunnel_upstream *upstream; /* neither a chain nor a set */
	const char *user, *password;		   /* "" = none */
	bool made_up;	    /* the account is: of the upstream none is known */
	const char *shared; /* links with the same text may share a connection (HTTP/2) */
};

struct pr_carrier_to {
	const struct pr_carrier_hop *hops;
	unsigned int n_hops; /* 1 … PR_TUNNEL_HOPS_MAX */
	const char *host;    /* the destination: a name, or an address as text */
	uint16_t port;
	bool datagrams;
};

/* None is called from within a call of this header; any of them may free the carrier. */
struct pr_carrier_events {
	void *context;
	/* Once; `why` names the hop and the reason, borrowed. DOWN: hop number `hop` is itself at fault, or cannot be
	 * reached, and the last one was not told the destination yet; otherwise it is the last one's word on the destination. Unless OPEN the carrier is good for nothing but
	 * free(). */
	void (*opened)(void *context, enum pr_tunnel_outcome outcome, unsigned int hop,
		       const char *why);
	/* There is something to read, or an end: read until -EAGAIN. */
	void (*readable)(void *context);
	/* A write that came back short may go on. */
	void (*writable)(void *context);
};

struct pr_carriers;
struct pr_carrier;

struct pr_carriers *pr_carriers_new(struct event_base *base, struct pr_dialer *dialer);
void pr_carriers_free(struct pr_carriers *carriers); /* takes NULL; no carrier may be left */
/* The upstreams are others now: no new link shares a connection that is there. */
void pr_carriers_renew(struct pr_carriers *carriers);

struct pr_carrier *pr_carrier_open(struct pr_carriers *carriers, const struct pr_carrier_to *to,
				   const struct pr_carrier_events *events);
/* `reset`: the far end learns that it ended in the middle (a reset, RST_STREAM), where there is a way to say so. */
void pr_carrier_free(struct pr_carrier *carrier, bool reset); /* takes NULL */

/* From within `opened`: the last hop was told the destination, and what came of it is no word on it: it ended the
 * connection, or spoke nonsense. UNREACHABLE: whether it does so of others too is not known. */
bool pr_carrier_unanswered(const struct pr_carrier *carrier);
/* … the hop refused our account, or that there was none. */
bool pr_carrier_account_refused(const struct pr_carrier *carrier);
/* Before `opened`: the last hop was told the destination, and has yet to say what becomes of it. */
bool pr_carrier_has_named(const struct pr_carrier *carrier);

/* Bytes, or a datagram; 0 = the far end's half is over (never of datagrams); -EAGAIN; -ECONNRESET and others: it is broken.
 * A stream's write may be short; then `writable` follows. */
PR_MUST_USE ssize_t pr_carrier_read(struct pr_carrier *carrier, void *bytes, size_t size);
PR_MUST_USE ssize_t pr_carrier_write(struct pr_carrier *carrier, const void *bytes, size_t len);
/* Our half is over: what was written still goes. */
void pr_carrier_shutdown(struct pr_carrier *carrier);
/* Once open: the socket whose bytes are the link's, to be used instead of the calls above from now on, watched by the
 * caller; it still belongs to the carrier. -1: there is none. Bytes that came with a hop's answer are taken first, by one
 * pr_carrier_read() with room for PR_CARRIER_ANSWER_MAX. */
int pr_carrier_fd(const struct pr_carrier *carrier);
