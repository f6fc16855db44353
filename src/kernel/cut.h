/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ends a live link so that both ends learn of it. A local one: its socket is destroyed (TCP sends its reset, a
 * connected UDP socket fails), and only then are the deny bits set, or they would deny that reset. A forwarded
 * one has no socket here: its ends learn by resets with its next packet, whose numbers they need.
 */
#pragma once

#include "kernel/conntrack.h"
#include "packet/parse.h"

struct pr_cut;

/* `conntrack` is borrowed. `reset_uid`: as whom the raw sockets count (pr_ruleset_config.reset_uid),
 * PR_RULESET_NO_UID = as whoever we are. Needs CAP_NET_ADMIN for sockets, CAP_NET_RAW (now, not later) for
 * resets; without the latter forwarded links are dropped silently. 0 or negative. */
PR_MUST_USE int pr_cut_open(struct pr_conntrack *conntrack, uint32_t mark_mask, uid_t reset_uid,
			    struct pr_cut **ret_cut);

struct pr_cut_done {
	unsigned int
		n_sockets; /* destroyed: 0, 1, or 2 for a link between two sockets of this host */
	bool marked;	   /* conntrack denies it from now on; false: it has no such entry */
};
/* `tuple` as the link's first packet had it. Denies the end that `direction` names (forward: the link);
 * `drop` silently, otherwise with an answer. Under `generation` only. Listeners and unconnected UDP
 * sockets are never destroyed. 0 or negative. */
PR_MUST_USE int pr_cut_link(struct pr_cut *cut, const struct pr_tuple *tuple,
			    enum pr_direction direction, bool drop, uint32_t generation,
			    struct pr_cut_done *ret_done);
/* The same without setting bits, for a forwarded link: its verdict is only taken away, so that its next packet
 * is queued. Whoever gets it calls pr_cut_forwarded() and drops it for good. */
PR_MUST_USE int pr_cut_expect(struct pr_cut *cut, const struct pr_tuple *tuple);
/* Resets both ends of the forwarded TCP link that `packet` belongs to; other protocols: the sender gets
 * the ICMP message of a block by the order to block, the receiver nothing. 0 or negative. */
PR_MUST_USE int pr_cut_forwarded(struct pr_cut *cut, const struct pr_packet *packet);
