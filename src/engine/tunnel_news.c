/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tunnel process says of links, and what it asks about them. */
#include "engine/events.h"
#include "engine/inspecting.h"
#include "engine/pool.h"
#include "engine/tunnelling_private.h"

#include <netinet/in.h>
#include <string.h>

void pr_tunnel_init(struct pr_engine *engine)
{
	engine->tunnelling = pr_calloc(1, sizeof(*engine->tunnelling));
	pr_slab_init(&engine->tunnelling->links, sizeof(struct pr_tunnelled), PR_LINKS_MAX);
}

void pr_tunnel_done(struct pr_engine *engine)
{
	pr_slab_done(&engine->tunnelling->links);
	free(engine->tunnelling);
}

uint32_t pr_tunnel_n(const struct pr_engine *engine)
{
	return engine->tunnelling->links.n_used;
}

/* What waits goes with the verdict of its end. */
static void let_go(struct pr_engine *engine, struct pr_link *link)
{
	pr_parking_release(engine, link, PR_LINK_OUT);
	link->ends[PR_LINK_OUT].held = pr_parking_holds(engine, link, PR_LINK_OUT);
}

static void opened(struct pr_engine *engine, struct pr_link *link, struct pr_tunnelled *tunnelled,
		   const struct pr_tunnel_opened *opened)
{
	bool waits = tunnelled->state == PR_TUNNELLED_OPENING;

	pr_pool_heard(engine, pr_tunnelled_upstream(engine, tunnelled), opened->outcome);
	if (opened->outcome == PR_TUNNEL_OPEN) {
		pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_OPEN);
		tunnelled->outcome = PR_TUNNEL_OPEN;
		pr_tunnelled_keep_why(engine, tunnelled, NULL);
		engine->counters.tunnel_opened++;
	} else if (waits) {
		pr_tunnelled_fail(engine, link, tunnelled, opened->outcome, opened->why);
	} else {
		/* It was accepted by the entry point, which tells its application. */
		pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_ENDED);
		tunnelled->outcome = (uint8_t)opened->outcome;
		pr_tunnelled_keep_why(engine, tunnelled, opened->why);
		engine->counters.tunnel_failed++;
		pr_event_tell_end(engine, link, PR_LINK_OUT);
	}
	if (waits)
		let_go(engine, link);
}

void pr_engine_tunnel_opened(struct pr_engine *engine, uint64_t id,
			     const struct pr_tunnel_opened *how, uint64_t now_us)
{
	struct pr_tunnelled *tunnelled;
	struct pr_link *link;

	pr_engine_enter_traffic(engine, now_us);
	link = pr_links_by_id(engine->links, id);
	tunnelled = link ? pr_tunnelled_of(engine, link) : NULL;
	if (tunnelled && engine->policy && tunnelled->opening == how->opening &&
	    (tunnelled->state == PR_TUNNELLED_OPENING || tunnelled->state == PR_TUNNELLED_AT_ONCE))
		opened(engine, link, tunnelled, how);
	pr_engine_leave(engine);
}

void pr_engine_tunnel_ended(struct pr_engine *engine, uint64_t id,
			    const struct pr_tunnel_opened *ended, uint64_t now_us)
{
	struct pr_tunnelled *tunnelled;
	struct pr_link *link;

	pr_engine_enter_traffic(engine, now_us);
	link = pr_links_by_id(engine->links, id);
	tunnelled = link ? pr_tunnelled_of(engine, link) : NULL;
	if (tunnelled && tunnelled->opening == ended->opening &&
	    (tunnelled->state == PR_TUNNELLED_OPEN || tunnelled->state == PR_TUNNELLED_AT_ONCE)) {
		pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_ENDED);
		tunnelled->outcome = (uint8_t)ended->outcome;
		pr_tunnelled_keep_why(engine, tunnelled, ended->why);
		if (ended->outcome != PR_TUNNEL_OPEN)
			pr_event_tell_end(engine, link, PR_LINK_OUT);
	}
	pr_engine_leave(engine);
}

/* ---- what arrives at the entry point ---- */

/* A flow of datagrams goes on after the far end gave up. */
static bool open_again(struct pr_engine *engine, struct pr_link *link,
		       struct pr_tunnelled *tunnelled)
{
	if (link->tuple.proto != IPPROTO_UDP ||
	    (tunnelled->outcome != PR_TUNNEL_OPEN &&
	     engine->now_us - tunnelled->since_us < PR_ENGINE_TUNNEL_FAILED_MS * UINT64_C(1000)) ||
	    !pr_tunnelled_open(engine, link, tunnelled))
		return false;
	pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_AT_ONCE);
	return true;
}

static bool is_let_in(struct pr_engine *engine, struct pr_link *link)
{
	const struct pr_link_end *end = &link->ends[PR_LINK_OUT];
	struct pr_tunnelled *tunnelled = pr_tunnelled_of(engine, link);

	/* What it shows may be asked about by now: it waits in the queue then. */
	if (!tunnelled ||
	    (!end->asked && (!end->decided || end->verdict != PR_VERDICT_REROUTE_TUNNEL)))
		return false;
	if (tunnelled->state == PR_TUNNELLED_ENDED)
		return end->begun && open_again(engine, link, tunnelled);
	return tunnelled->state == PR_TUNNELLED_AT_ONCE || tunnelled->state == PR_TUNNELLED_OPEN;
}

static struct pr_link *find_alive(const struct pr_engine *engine, const struct pr_tuple *tuple)
{
	bool reply = false;
	struct pr_link *link = pr_links_find_unaliased(engine->links, tuple, &reply);

	return link && !reply && link->state != PR_LINK_ENDED ? link : NULL;
}

/* Its entry is older than the link: conntrack has no more to say of it. Where it isn't, that may be under way still. */
static void confirm(struct pr_engine *engine, struct pr_link *link, const struct pr_tuple *sent,
		    const struct pr_tuple *seen)
{
	const struct pr_tuple reply = pr_tuple_reversed(seen);

	if (link->inherits && link->state == PR_LINK_UNCONFIRMED)
		pr_links_confirm(engine->links, link, sent, &reply, engine->now_us);
	else
		(void)pr_links_alias(engine->links, link, seen);
}

struct pr_link *pr_tunnel_arrived(struct pr_engine *engine, const struct pr_tuple *seen)
{
	struct pr_link *link = NULL;
	struct pr_tuple sent;

	if (engine->ports.before_nat &&
	    engine->ports.before_nat(engine->ports.context, seen, &sent))
		link = find_alive(engine, &sent);
	if (!link || !pr_tunnel_is_through(link))
		return NULL;
	confirm(engine, link, &sent, seen);
	return link;
}

/* What NAT has made of a packet is the kernel's to say: who connects to the entry point himself was never rerouted. */
uint64_t pr_engine_tunnel_who(struct pr_engine *engine, const struct pr_tuple *seen,
			      uint64_t now_us)
{
	struct pr_link *link = NULL;
	struct pr_tuple sent;
	uint64_t id = 0;

	pr_engine_enter_traffic(engine, now_us);
	if (engine->policy && engine->ports.before_nat &&
	    engine->ports.before_nat(engine->ports.context, seen, &sent))
		link = find_alive(engine, &sent);
	if (link && is_let_in(engine, link)) {
		id = link->id;
		confirm(engine, link, &sent, seen);
	} else {
		engine->counters.tunnel_strangers++;
	}
	pr_engine_leave(engine);
	return id;
}

uint64_t pr_engine_tunnel_have(struct pr_engine *engine, const struct pr_tunnel_link *have,
			       uint64_t now_us)
{
	struct pr_tunnelled *tunnelled;
	struct pr_link *link;
	uint64_t id = 0;

	pr_engine_enter_traffic(engine, now_us);
	link = find_alive(engine, &have->tuple);
	tunnelled = link ? pr_tunnelled_of(engine, link) : NULL;
	if (tunnelled && tunnelled->state == PR_TUNNELLED_ADOPTED &&
	    pr_tunnelled_is(engine, link, tunnelled, have)) {
		pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_OPEN);
		pr_tunnel_passes(link, PR_LINK_OUT);
		id = link->id;
	}
	pr_engine_leave(engine);
	return id;
}

/* ---- the process ---- */

static const char process_gone[] = "the tunnel process ended";
static const char process_none[] = "no tunnel process is there";
static const char went_around[] = "it is older than the daemon and did not go there";

/* The next link that is alive and has an entry; NULL: there is none. */
static struct pr_link *next_of(const struct pr_engine *engine, uint32_t *cursor,
			       struct pr_tunnelled **ret_tunnelled)
{
	struct pr_link *link;

	while ((link = pr_links_next(engine->links, cursor)) != NULL) {
		*ret_tunnelled = pr_tunnelled_of(engine, link);
		if (*ret_tunnelled && link->state != PR_LINK_ENDED)
			return link;
	}
	return NULL;
}

/* A connection's socket has no other end any more. Datagrams are asked about again by the next process. */
static void lose(struct pr_engine *engine, struct pr_link *link, struct pr_tunnelled *tunnelled)
{
	if (tunnelled->state == PR_TUNNELLED_OPENING) {
		pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_UNSENT);
		pr_parking_set_deadline(engine, link, PR_LINK_OUT,
					pr_tunnel_wait_until(engine, link));
	} else if (link->tuple.proto == IPPROTO_UDP) {
		pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_ENDED);
	} else {
		tunnelled->kept_out = true;
		pr_tunnelled_fail(engine, link, tunnelled, PR_TUNNEL_DOWN, process_gone);
		pr_inspecting_settled(engine, link, PR_LINK_OUT);
		pr_inspecting_redecided(engine, link);
		pr_end_cut(engine, link, PR_LINK_OUT);
	}
}

void pr_engine_tunnel_lost(struct pr_engine *engine, uint64_t now_us)
{
	struct pr_tunnelled *tunnelled;
	uint32_t cursor = 0;
	struct pr_link *link;

	pr_engine_enter_traffic(engine, now_us);
	while (engine->policy && (link = next_of(engine, &cursor, &tunnelled)) != NULL)
		if (pr_tunnelled_is_with_tunnel(tunnelled))
			lose(engine, link, tunnelled);
	pr_engine_leave(engine);
}

void pr_engine_tunnel_found(struct pr_engine *engine, uint64_t now_us)
{
	struct pr_tunnelled *tunnelled;
	uint32_t cursor = 0;
	struct pr_link *link;

	pr_engine_enter_traffic(engine, now_us);
	while (engine->policy && (link = next_of(engine, &cursor, &tunnelled)) != NULL) {
		if (tunnelled->state != PR_TUNNELLED_UNSENT ||
		    !pr_tunnelled_open(engine, link, tunnelled))
			continue;
		pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_OPENING);
		pr_parking_set_deadline(engine, link, PR_LINK_OUT,
					pr_tunnel_wait_until(engine, link));
	}
	pr_engine_leave(engine);
}

bool pr_tunnel_expired(struct pr_engine *engine, struct pr_link *link)
{
	struct pr_tunnelled *tunnelled = pr_tunnelled_of(engine, link);

	if (!tunnelled || tunnelled->state != PR_TUNNELLED_UNSENT)
		return false;
	pr_tunnelled_fail(engine, link, tunnelled, PR_TUNNEL_DOWN, process_none);
	let_go(engine, link);
	return true;
}

uint64_t pr_tunnel_tick(struct pr_engine *engine)
{
	struct pr_tunnelled *tunnelled;
	uint32_t cursor = 0;
	struct pr_link *link;

	if (!engine->tunnelling->have_until_us)
		return PR_ENGINE_NEVER;
	if (engine->tunnelling->have_until_us > engine->now_us)
		return engine->tunnelling->have_until_us;
	engine->tunnelling->have_until_us = 0;
	while ((link = next_of(engine, &cursor, &tunnelled)) != NULL) {
		if (tunnelled->state != PR_TUNNELLED_ADOPTED)
			continue;
		tunnelled->kept_out = true;
		pr_tunnelled_fail(engine, link, tunnelled, PR_TUNNEL_DOWN, went_around);
		pr_end_cut(engine, link, PR_LINK_OUT);
	}
	return PR_ENGINE_NEVER;
}
