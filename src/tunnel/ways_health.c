/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links tell how a hop fares. Where none does, it is looked at: when one failed, soon; when it went down, at once and then
 * ever more seldom; when links were sent by it and none of them has come to anything yet; and now and then while it is used.
 * What a look finds spares others the wait: links that are still being opened by it leave it, if there is another one.
 *
 * What came to nothing once the destination was named may be the destination's doing: then a look decides, not the link.
 *
 * A look tells less than a link: one that answers and yet fails every link (a certificate that is over) comes back with
 * its failures but one, and with the wait that it has grown to.
 */
#include "base/clock.h"
#include "tunnel/ways_private.h"

#include <string.h>

/* ---- grades ---- */

static bool carries_datagrams(const struct pr_way_upstream *hop)
{
	return hop->upstream.kind == PR_TUNNEL_INTERFACE ||
	       (hop->upstream.kind == PR_TUNNEL_SOCKS5 && hop->upstream.udp);
}

static enum pr_way_grade grade_of_hop(const struct pr_way_upstream *hop, bool first,
				      uint64_t now_us)
{
	const struct pr_way_health *health = first ? &hop->first : &hop->behind;

	uint64_t suspect_us = first ? PR_WAY_SUSPECT_US : PR_WAY_SUSPECT_BEHIND_US;

	/* one that nobody looks at is tried by a link, each time that it may be */
	if (health->down)
		return !first && now_us >= health->again_us ? PR_WAY_FINE : PR_WAY_DOWN;
	if ((health->failed_us && now_us < health->failed_us + suspect_us) ||
	    (health->hinted_us && now_us < health->hinted_us + suspect_us))
		return PR_WAY_SUSPECT;
	return health->late_us ? PR_WAY_SUSPECT : PR_WAY_FINE;
}

bool pr_way_is_ill(const struct pr_way_upstream *hop)
{
	return hop->first.down || hop->first.looked_ill || hop->first.late_us;
}

enum pr_way_grade pr_way_grade(const struct pr_ways *ways, const struct pr_way_upstream *upstream,
			       bool first, bool datagrams, uint64_t now_us)
{
	bool chain = upstream->upstream.kind == PR_TUNNEL_CHAIN;
	enum pr_way_grade all = chain ? PR_WAY_FINE : PR_WAY_CANT, one;

	if (pr_way_is_hop(upstream))
		return datagrams && !carries_datagrams(upstream)
			       ? PR_WAY_CANT
			       : grade_of_hop(upstream, first, now_us);
	if (chain && datagrams)
		return PR_WAY_CANT;
	for (unsigned int i = 0; i < upstream->upstream.n_members; i++) {
		one = pr_way_grade(ways, ways->upstreams[upstream->members[i]],
				   first && (!chain || i == 0), datagrams, now_us);
		if (chain ? one > all : one < all)
			all = one;
	}
	return all;
}

/* ---- when it is looked at ---- */

/* When the look that is on its way takes too long; never, where that is so already. */
static uint64_t late_us_of(const struct pr_way_upstream *hop)
{
	uint64_t usual_us = UINT64_C(2) * hop->reached_us;

	if (!hop->probe || hop->first.late_us)
		return UINT64_MAX;
	return hop->probed_us + (usual_us > PR_WAY_LATE_US ? usual_us : PR_WAY_LATE_US);
}

static void arm(struct pr_ways *ways, uint64_t now_us)
{
	uint64_t next_us = UINT64_MAX, wait_us;
	struct timeval wait;

	for (unsigned int i = 0; i < ways->n; i++) {
		const struct pr_way_upstream *hop = ways->upstreams[i];

		if (hop->look_us && hop->look_us < next_us)
			next_us = hop->look_us;
		if (late_us_of(hop) < next_us)
			next_us = late_us_of(hop);
	}
	if (next_us == UINT64_MAX) {
		event_del(ways->look);
		return;
	}
	wait_us = next_us > now_us ? next_us - now_us : 0;
	wait = (struct timeval){ (time_t)(wait_us / 1000000), (suseconds_t)(wait_us % 1000000) };
	event_add(ways->look, &wait);
}

static void look_at(struct pr_ways *ways, struct pr_way_upstream *hop, uint64_t when_us,
		    uint64_t now_us)
{
	if (hop->probe || (hop->look_us && hop->look_us <= when_us))
		return;
	hop->look_us = when_us;
	arm(ways, now_us);
}

/* Doubles the wait; the first time there is none. */
static void wait_longer(struct pr_way_health *health, uint64_t now_us)
{
	health->again_us = now_us + health->wait_us;
	health->wait_us = health->wait_us ? health->wait_us * 2 : PR_WAY_AGAIN_US;
	if (health->wait_us > PR_WAY_LOOK_US)
		health->wait_us = PR_WAY_LOOK_US;
}

/* ---- what links tell ---- */

void pr_way_used(struct pr_ways *ways, struct pr_way_upstream *hop, bool first, uint64_t now_us)
{
	if (!first) {
		if (hop->behind.down)
			wait_longer(&hop->behind, now_us);
		return;
	}
	hop->used_us = now_us;
	if (hop->waits_since_us && hop->look_us)
		return;
	if (!hop->waits_since_us)
		hop->waits_since_us = now_us;
	look_at(ways, hop, now_us + PR_WAY_HUNG_US, now_us);
}

void pr_way_succeeded(struct pr_way_upstream *hop, bool first, uint64_t now_us)
{
	*(first ? &hop->first : &hop->behind) = (struct pr_way_health){ .known = true };
	if (!first)
		return;
	/* a link tells more than the look that is on its way */
	pr_way_probe_cancel(PR_TAKE_PTR(hop->probe));
	hop->succeeded_us = now_us;
	hop->waits_since_us = 0;
	hop->account_refused = false;
}

static bool is_failing(const struct pr_way_health *health)
{
	return health->down || health->failed_us || health->hinted_us;
}

static void note_failing(struct pr_way_health *health, uint64_t now_us)
{
	health->known = true;
	if (!health->since_us)
		health->since_us = now_us;
}

/* … as both links and looks say, or looks alone twice, or links alone often. */
static void failed(struct pr_ways *ways, struct pr_way_upstream *hop, bool first, bool is_sure,
		   const char *why, uint64_t now_us)
{
	struct pr_way_health *health = first ? &hop->first : &hop->behind;

	note_failing(health, now_us);
	health->failed_us = now_us;
	snprintf(hop->why, sizeof(hop->why), "%s", why);
	if (health->down)
		return;
	if (++health->n_failures < PR_WAYS_FAILURES && !is_sure) {
		if (first)
			look_at(ways, hop, now_us + PR_WAY_AGAIN_US, now_us);
		return;
	}
	health->down = true;
	wait_longer(health, now_us);
	if (first)
		look_at(ways, hop, health->again_us, now_us);
	else if (health->again_us == now_us)
		wait_longer(health, now_us);
}

void pr_way_failed(struct pr_ways *ways, struct pr_way_upstream *hop, bool first, const char *why,
		   uint64_t now_us)
{
	failed(ways, hop, first, first && hop->first.looked_ill, why, now_us);
}

void pr_way_hinted(struct pr_ways *ways, struct pr_way_upstream *hop, bool first, uint64_t now_us)
{
	uint64_t next_us = hop->probed_us ? hop->probed_us + PR_WAY_AGAIN_US : 0;
	struct pr_way_health *health = first ? &hop->first : &hop->behind;

	note_failing(health, now_us);
	health->hinted_us = now_us;
	if (first)
		look_at(ways, hop, next_us > now_us ? next_us : now_us, now_us);
}

void pr_way_smooth(uint32_t *latency_us, uint64_t took_us)
{
	uint32_t took = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;

	/* as RFC 6298, 2.3 does */
	*latency_us = *latency_us ? *latency_us - *latency_us / 8 + took / 8 : took;
}

void pr_way_measure(struct pr_ways *ways, struct pr_way_upstream *upstream, uint64_t now_us)
{
	if (!pr_way_is_hop(upstream) ||
	    (upstream->probed_us && now_us < upstream->probed_us + PR_WAY_LOOK_US))
		return;
	if (upstream->measured_us && now_us < upstream->measured_us + PR_WAY_STALE_US)
		return;
	upstream->used_us = now_us;
	look_at(ways, upstream, now_us, now_us);
}

/* ---- looks ---- */

static void seen_to_work(struct pr_way_upstream *hop, uint64_t now_us)
{
	struct pr_way_health *health = &hop->first;

	pr_way_smooth(&hop->reached_us, now_us - hop->probed_us);
	if (health->down)
		health->n_failures = PR_WAYS_FAILURES - 1;
	health->down = health->looked_ill = false;
	health->known = true;
	health->failed_us = health->hinted_us = health->since_us = 0;
	hop->waits_since_us = 0;
	hop->account_refused = false;
}

static void on_probed(void *context, struct pr_way_upstream *hop, bool works, const char *why)
{
	uint64_t now_us = pr_clock_monotonic_us();
	struct pr_way_health *health = &hop->first;
	bool is_sure = is_failing(health) ||
		       (hop->waits_since_us && now_us >= hop->waits_since_us + PR_WAY_HUNG_US);
	struct pr_ways *ways = context;

	health->late_us = 0;
	if (works) {
		seen_to_work(hop, now_us);
		look_at(ways, hop, now_us + PR_WAY_LOOK_US, now_us);
		return;
	}
	health->looked_ill = true;
	failed(ways, hop, true, is_sure, why, now_us);
	if (!hop->look_us) {
		if (health->down)
			wait_longer(health, now_us);
		look_at(ways, hop, health->down ? health->again_us : now_us + PR_WAY_AGAIN_US,
			now_us);
	}
	if (ways->on_ill)
		ways->on_ill(ways->on_ill_context);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* True where links tell enough, or nobody is interested; then *ret_next_us is when to think of it anew, 0 = not. */
static bool needs_no_look(const struct pr_way_upstream *hop, uint64_t now_us, uint64_t *ret_next_us)
{
	if (is_failing(&hop->first))
		return false;
	if (now_us >= hop->used_us + PR_WAY_LOOK_US)
		*ret_next_us = 0;
	else if (hop->waits_since_us)
		*ret_next_us = later(hop->waits_since_us + PR_WAY_HUNG_US,
				     hop->probed_us ? hop->probed_us + PR_WAY_CALM_US : 0);
	else
		*ret_next_us = later(hop->succeeded_us, hop->probed_us) + PR_WAY_LOOK_US;
	return *ret_next_us == 0 || *ret_next_us > now_us;
}

/* It takes too long: whoever waits for it need not, if there is another one. */
static bool is_late(struct pr_way_upstream *hop, uint64_t now_us)
{
	if (now_us < late_us_of(hop))
		return false;
	hop->first.late_us = now_us;
	note_failing(&hop->first, now_us);
	snprintf(hop->why, sizeof(hop->why), "it does not answer");
	return true;
}

static void on_look(evutil_socket_t fd, short what, void *context)
{
	uint64_t now_us = pr_clock_monotonic_us(), next_us;
	struct pr_ways *ways = context;
	bool any_late = false;

	(void)fd;
	(void)what;
	for (unsigned int i = 0; i < ways->n; i++) {
		struct pr_way_upstream *hop = ways->upstreams[i];

		any_late |= is_late(hop, now_us);
		if (!hop->look_us || hop->look_us > now_us)
			continue;
		hop->look_us = 0;
		if (needs_no_look(hop, now_us, &next_us)) {
			hop->look_us = next_us;
		} else if (!hop->probe) {
			hop->probed_us = now_us;
			hop->probe = pr_way_probe_start(ways, hop, on_probed);
		}
	}
	arm(ways, now_us);
	if (any_late && ways->on_ill)
		ways->on_ill(ways->on_ill_context);
}

void pr_ways_look_start(struct pr_ways *ways)
{
	ways->look = event_new(ways->base, -1, 0, on_look, ways);
	pr_assert(ways->look);
}

void pr_ways_look_again(struct pr_ways *ways)
{
	arm(ways, pr_clock_monotonic_us());
}

void pr_ways_look_stop(struct pr_ways *ways)
{
	event_free(PR_TAKE_PTR(ways->look));
}
