/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A packet on its way through the corridor: packets.c takes it through, arrival.c says what it is. */
#pragma once

#include "engine/machine.h"

struct pr_arrival {
	struct pr_interception *interception;
	const struct pr_intercepted *packet;
	struct pr_packet parsed;
	struct pr_link *link;
	enum pr_link_end_name end;
	bool reply;
	bool inherits;	 /* a new link: pr_link.inherits */
	bool succeeds;	 /* a new link: pr_link.succeeds */
	bool is_tracked; /* a new link, in the entry of conntrack's of the one before */
	bool as_seen;	 /* pr_verdict_order.as_seen */
	bool one_path;	 /* pr_verdict_order.one_path */
	struct pr_verdict_order *order;
};

enum pr_direction pr_hook_direction(enum pr_hook hook);
/* The end of its link that the packet is seen at. */
enum pr_link_end_name pr_arrival_end(const struct pr_arrival *arrival);
bool pr_arrival_on_loopback(const struct pr_engine *engine, const struct pr_arrival *arrival);
/* The link that it belongs to, and whether it comes from the end that did not open that; false: none
 * is known. */
bool pr_arrival_find_link(const struct pr_engine *engine, struct pr_arrival *arrival);

/* Sent by the tunnel's entry point, or arriving there. */
bool pr_arrival_at_entry(const struct pr_engine *engine, const struct pr_arrival *arrival);
/* Then conntrack knows which link it belongs to; false: to none. */
bool pr_arrival_find_at_entry(struct pr_engine *engine, struct pr_arrival *arrival);

/* Our own socket opened it: such a packet is not seen where it leaves, only where it arrives. To a nameserver alone,
 * that is what we talk to. */
bool pr_arrival_from_self(const struct pr_engine *engine, const struct pr_arrival *arrival);
bool pr_arrival_from_tunnel(const struct pr_engine *engine, const struct pr_arrival *arrival);
/* A DNS message over UDP to a nameserver; what it is for. */
enum pr_arrival_dns {
	PR_ARRIVAL_NO_DNS, /* or over TCP, where no first packet carries the message */
	PR_ARRIVAL_DNS_QUERY,
	PR_ARRIVAL_DNS_OTHER, /* UPDATE (RFC 2136), NOTIFY (RFC 1996): asks for no name */
};
enum pr_arrival_dns pr_arrival_dns(const struct pr_arrival *arrival);

/* What the kernel itself says of a link that we blocked: the reset or the error that makes it a
 * refusal. */
bool pr_arrival_is_refusal(struct pr_engine *engine, const struct pr_arrival *arrival);
/* An error about a packet of a known link, sent by who may: it goes its link's way. Sets the link. */
bool pr_arrival_about_link(struct pr_engine *engine, struct pr_arrival *arrival,
			   enum pr_verdict *ret_verdict);
/* Neighbour discovery and the like, decided by itself. */
bool pr_arrival_is_infrastructure(struct pr_engine *engine, const struct pr_arrival *arrival,
				  struct pr_decision *ret_decision);
