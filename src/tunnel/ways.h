/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * By which hops a link goes: of a chain each in order, of a set one that works; with an account for whatever isolates,
 * so that a proxy that tells accounts apart (Tor does) gives each a way of its own. How the upstreams fare is measured by
 * the links that use them, and looked at from time to time where none tells.
 *
 * What isolates, and for how long, is said by the upstream that the rule names, for all of its way: what a chain says
 * counts, not what its hops say.
 */
#pragma once

#include "tunnel/carrier.h"

/* Links in a row that fail by an upstream's own fault: it is down. One that a look finds so too is down at once. */
#define PR_WAYS_FAILURES 3u
#define PR_WAYS_LOOK_S	 30u /* how often one that is used, or down, is looked at */
#define PR_WAYS_KEPT_MAX \
	16384u		     /* ways that are remembered for what isolates; the oldest gives way */
#define PR_WAYS_SPANS_MAX 8u /* sets within sets down to a hop or a chain; deeper: DOWN */
#define PR_WAYS_TRIES	  4u /* ways that are tried for a link, one after the other */

struct pr_ways;

/* `now_us` of the calls below is of the monotonic clock. */
/* `carriers` outlives it. */
struct pr_ways *pr_ways_new(struct event_base *base, struct pr_dialer *dialer,
			    struct pr_carriers *carriers);
void pr_ways_free(struct pr_ways *ways); /* takes NULL */
/* Copies; what is remembered of an upstream that stays the same is kept; where all of them do, as where they are only told
 * again, nothing happens. 0, or -EINVAL: a member is unknown, does not
 * stand before it, or there are too many; then all stays as it was. */
PR_MUST_USE int pr_ways_set(struct pr_ways *ways, const struct pr_tunnel_upstream *upstreams,
			    unsigned int n);

/* By which upstreams a way leads, to be kept by whom it was given to; what it names may be gone by then. */
struct pr_way_mark {
	uint32_t set;			  /* pr_ways_set() to others, counted */
	uint8_t hops[PR_TUNNEL_HOPS_MAX]; /* their places */
	uint8_t spans
		[PR_WAYS_SPANS_MAX]; /* of those that it is the whole way of, the named one first */
	uint8_t n_hops, n_spans;
	bool datagrams;
	/* Of its hops, and of the chain that they stand in: as they were. 0 = none. */
	uint32_t serials[PR_TUNNEL_HOPS_MAX + 1];
};

/* A way, chosen. */
struct pr_way {
	struct pr_carrier_hop hops[PR_TUNNEL_HOPS_MAX];
	unsigned int n_hops;
	struct pr_way_mark mark;
};
/* What its hops hold is borrowed until the next pr_ways_set() or pr_ways_choose(). OPEN, DOWN with a sentence, or
 * UNSUPPORTED (datagrams). `domain` "" = none. */
PR_MUST_USE enum pr_tunnel_outcome pr_ways_choose(struct pr_ways *ways, const char *upstream,
						  const char *application, const char *domain,
						  uint64_t link, bool datagrams, uint64_t now_us,
						  struct pr_way *ret_way, const char **ret_why);
/* How the opening of a way ended, and how long it took; DOWN: by the fault of hop number `hop`. One that was chosen before
 * the last pr_ways_set() tells nothing. True: nothing was said to the destination yet, and another way is there:
 * pr_ways_choose() again, up to PR_WAYS_TRIES. */
bool pr_ways_opened(struct pr_ways *ways, const struct pr_way_mark *mark,
		    enum pr_tunnel_outcome outcome, unsigned int hop, uint64_t took_us,
		    const char *why, uint64_t now_us);
/* The opening ended as pr_carrier_unanswered() says, at hop number `hop`, which is looked at. True as above. */
bool pr_ways_unanswered(struct pr_ways *ways, const struct pr_way_mark *mark, unsigned int hop,
			const char *why, uint64_t now_us);

/* Beforehand, where it was the hop's word on the account: a look has to hear whether it says so always. */
void pr_ways_account_refused(struct pr_ways *ways, const struct pr_way_mark *mark,
			     unsigned int hop);
/* `on_ill` comes, from the loop, when a look shows that one doesn't work: a way that is still being opened by it is to be
 * left where pr_ways_is_left() says so, up to PR_WAYS_TRIES. */
void pr_ways_on_ill(struct pr_ways *ways, void (*on_ill)(void *context), void *context);
/* Its first hop does not work, and another way is there: pr_ways_choose() again. */
bool pr_ways_is_left(const struct pr_ways *ways, const struct pr_way_mark *mark, uint64_t now_us);

/* Are its hops, and their chain, what they were? A set may have got other members. */
bool pr_ways_stands(const struct pr_ways *ways, const struct pr_way_mark *mark);

struct pr_way_state {
	const char *upstream;
	bool up, known;	   /* known: it was used or looked at */
	bool failing;	   /* up, but what is known last is a failure: others go first */
	uint64_t since_us; /* of `failing`, or of not being up; 0 = neither */
	uint32_t
		latency_us; /* of opening a link by it, smoothed; until then of reaching it; 0 = none yet */
	uint64_t opened, failed; /* links; failed: by its own fault, as far as is known */
	const char *why;	 /* of the last failure; "" = none */
};
/* The state of the n-th upstream; false where there is none. */
bool pr_ways_state(const struct pr_ways *ways, unsigned int n, struct pr_way_state *ret_state);
