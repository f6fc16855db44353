/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The links' lives: opened by the engine's word, ended by either end, by the engine, or by time. */
#include "tunnel/tunnel_private.h"

#include "base/clock.h"
#include "base/hash.h"
#include "tunnel/process.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SWEEP_PARTS 8u /* of the links, one is looked at each second */
#define MORE	    offsetof(struct pr_carried, more)

static uint64_t hash_id(uint64_t id)
{
	return pr_hash(&id, sizeof(id));
}

struct pr_carried *pr_carried_find(struct pr_tunnel *tunnel, uint64_t id)
{
	struct pr_index_walk walk = pr_index_find(&tunnel->by_id, hash_id(id));

	while (pr_index_next(&tunnel->by_id, &walk)) {
		struct pr_carried *carried = pr_slab_at(&tunnel->links, walk.value);

		if (carried->id == id)
			return carried;
	}
	return NULL;
}

struct pr_carried *pr_carried_at(struct pr_tunnel *tunnel, uint32_t number, uint32_t serial)
{
	struct pr_carried *carried;

	if (number >= tunnel->links.n_made)
		return NULL;
	carried = pr_slab_at(&tunnel->links, number);
	return carried->state != PR_CARRIED_FREE && carried->serial == serial ? carried : NULL;
}

/* ---- the end ---- */

static void give(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	if (carried->tell)
		pr_telling_remove(tunnel, carried);
	if (carried->has_more)
		pr_chain_remove(&tunnel->with_more, &tunnel->links, MORE, carried->number);
	if (carried->id)
		(void)pr_index_remove(&tunnel->by_id, hash_id(carried->id), carried->number);
	free(carried->texts);
	free(carried->why);
	pr_slab_give(&tunnel->links, carried->number);
}

/* Both ends go; what is left is a word for the engine. */
static void leave(struct pr_tunnel *tunnel, struct pr_carried *carried, bool broken)
{
	if (carried->state == PR_CARRIED_OVER)
		return;
	if (carried->is_stream)
		pr_relay_done(tunnel, carried);
	else
		pr_datagrams_done(tunnel, carried);
	if (carried->is_stream && carried->stream.app_fd >= 0) {
		if (broken)
			pr_entry_reset(PR_TAKE_FD(carried->stream.app_fd));
		else
			pr_cleanup_close(&carried->stream.app_fd);
	}
	pr_carrier_free(PR_TAKE_PTR(carried->carrier), broken);
	carried->count->links--;
	carried->state = PR_CARRIED_OVER;
}

void pr_carried_end(struct pr_tunnel *tunnel, struct pr_carried *carried,
		    enum pr_tunnel_outcome outcome, const char *why)
{
	bool was_told = carried->state != PR_CARRIED_OPENING && carried->tell != PR_TELL_OPENED;
	/* A new engine that never heard of it need not hear that it is over; one that is about to hear gets told when
	 * it answers. */
	bool is_unknown = carried->id == 0;

	leave(tunnel, carried, outcome != PR_TUNNEL_OPEN);
	carried->outcome = outcome;
	free(carried->why);
	carried->why = *why ? pr_strndup(why, PR_TUNNEL_WHY_MAX) : NULL;
	if (is_unknown || !pr_tunnel_engine_is_there(tunnel->engine)) {
		give(tunnel, carried);
		return;
	}
	/* What ends before its opening was told was never open. */
	if (!was_told && outcome == PR_TUNNEL_OPEN)
		carried->outcome = PR_TUNNEL_REFUSED;
	pr_telling_add(tunnel, carried, was_told ? PR_TELL_ENDED : PR_TELL_OPENED);
	pr_telling_go(tunnel);
}

void pr_carried_broke(struct pr_tunnel *tunnel, struct pr_carried *carried, bool far, int error)
{
	enum pr_tunnel_outcome outcome = PR_TUNNEL_UNREACHABLE;
	char why[PR_TUNNEL_WHY_MAX];

	if (error == -ECONNRESET || error == -EPIPE || error == -ECONNREFUSED)
		outcome = PR_TUNNEL_REFUSED;
	else if (error == -ETIMEDOUT)
		outcome = PR_TUNNEL_TIMED_OUT;
	snprintf(why, sizeof(why), "%s: %s: %s", carried->texts,
		 far ? "the far end" : "the application's end", strerror(-error));
	pr_carried_end(tunnel, carried, outcome, why);
}

void pr_carried_forget(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	leave(tunnel, carried, true);
	give(tunnel, carried);
}

void pr_carried_name(struct pr_tunnel *tunnel, struct pr_carried *carried, uint64_t id)
{
	if (carried->tell)
		pr_telling_remove(tunnel, carried);
	if (carried->id)
		(void)pr_index_remove(&tunnel->by_id, hash_id(carried->id), carried->number);
	carried->id = id;
	if (id)
		pr_index_insert(&tunnel->by_id, hash_id(id), carried->number);
}

void pr_carried_free(struct pr_tunnel *tunnel)
{
	for (uint32_t i = 0; i < tunnel->links.n_made; i++) {
		struct pr_carried *carried = pr_slab_at(&tunnel->links, i);

		if (carried->state != PR_CARRIED_FREE)
			pr_carried_forget(tunnel, carried);
	}
	pr_index_done(&tunnel->by_id);
	pr_slab_done(&tunnel->links);
}

/* ---- its way ---- */

static void choose_way(struct pr_tunnel *tunnel, struct pr_carried *carried);

/* Tells how it went; true: there is another one. */
static bool is_there_another(struct pr_tunnel *tunnel, struct pr_carried *carried,
			     enum pr_tunnel_outcome outcome, unsigned int hop, const char *why)
{
	uint64_t now_us = pr_clock_monotonic_us();

	if (pr_carrier_account_refused(carried->carrier))
		pr_ways_account_refused(tunnel->ways, &carried->mark, hop);
	if (!pr_carrier_unanswered(carried->carrier))
		return pr_ways_opened(tunnel->ways, &carried->mark, outcome, hop,
				      now_us - carried->began_us, why, now_us);
	carried->was_named = true;
	return pr_ways_unanswered(tunnel->ways, &carried->mark, hop, why, now_us);
}

/* Where the destination was named to one that works, that the others are down is not all of it. */
static void fail(struct pr_tunnel *tunnel, struct pr_carried *carried,
		 enum pr_tunnel_outcome outcome, const char *why)
{
	if (outcome == PR_TUNNEL_DOWN && carried->was_named)
		outcome = PR_TUNNEL_UNREACHABLE;
	pr_carried_end(tunnel, carried, outcome, why);
}

static void on_opened(void *context, enum pr_tunnel_outcome outcome, unsigned int hop,
		      const char *why)
{
	struct pr_carried *carried = context;
	struct pr_tunnel *tunnel = carried->tunnel;

	if (is_there_another(tunnel, carried, outcome, hop, why) &&
	    carried->n_ways < PR_WAYS_TRIES) {
		pr_carrier_free(PR_TAKE_PTR(carried->carrier), true);
		choose_way(tunnel, carried);
		return;
	}
	if (outcome != PR_TUNNEL_OPEN) {
		fail(tunnel, carried, outcome, why);
		return;
	}
	carried->state = PR_CARRIED_WAITING;
	carried->seen_s = tunnel->now_s;
	carried->far_fd = pr_carrier_fd(carried->carrier);
	pr_telling_add(tunnel, carried, PR_TELL_OPENED);
	pr_telling_go(tunnel);
	if (carried->is_stream && carried->stream.app_fd >= 0)
		pr_relay_start(tunnel, carried);
	else if (!carried->is_stream && carried->datagrams.arrived.src.family)
		pr_datagrams_start(tunnel, carried);
}

static void on_change(void *context)
{
	struct pr_carried *carried = context;

	if (carried->state != PR_CARRIED_CARRYING)
		return;
	if (carried->is_stream)
		pr_relay_go(carried->tunnel, carried);
	else
		pr_datagrams_readable(carried->tunnel, carried);
}

static void open_carrier(struct pr_tunnel *tunnel, struct pr_carried *carried,
			 const struct pr_way *way)
{
	const struct pr_carrier_events events = { carried, on_opened, on_change, on_change };
	const char *name = carried->texts + carried->name_at;
	char address[PR_ADDRESS_TEXT_SIZE];
	const struct pr_carrier_to to = {
		.hops = way->hops,
		.n_hops = way->n_hops,
		.host = *name ? name : pr_address_format(&carried->tuple.dst, address),
		.port = carried->tuple.dst_port,
		.datagrams = !carried->is_stream,
	};

	carried->mark = way->mark;
	carried->carrier = pr_carrier_open(tunnel->carriers, &to, &events);
}

/* Where one fails before anything was said to the destination, another may be there. */
static void choose_way(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	enum pr_tunnel_outcome outcome;
	struct pr_way way;
	const char *why;

	carried->n_ways++;
	carried->began_us = pr_clock_monotonic_us();
	outcome = pr_ways_choose(tunnel->ways, carried->texts,
				 carried->texts + carried->application_at,
				 carried->texts + carried->name_at, carried->id,
				 !carried->is_stream, carried->began_us, &way, &why);
	if (outcome == PR_TUNNEL_OPEN)
		open_carrier(tunnel, carried, &way);
	else
		fail(tunnel, carried, outcome, why);
}

void pr_carried_other_upstreams(struct pr_tunnel *tunnel)
{
	for (uint32_t i = 0; i < tunnel->links.n_made; i++) {
		struct pr_carried *carried = pr_slab_at(&tunnel->links, i);

		if (carried->state == PR_CARRIED_FREE || carried->state == PR_CARRIED_OVER ||
		    pr_ways_stands(tunnel->ways, &carried->mark))
			continue;
		if (carried->state == PR_CARRIED_OPENING) {
			pr_carrier_free(PR_TAKE_PTR(carried->carrier), true);
			choose_way(tunnel, carried);
		} else {
			pr_carried_end(tunnel, carried, PR_TUNNEL_REFUSED,
				       "its upstream is another one now");
		}
	}
}

void pr_carried_leave_ill(struct pr_tunnel *tunnel)
{
	uint64_t now_us = pr_clock_monotonic_us();

	for (uint32_t i = 0; i < tunnel->links.n_made; i++) {
		struct pr_carried *carried = pr_slab_at(&tunnel->links, i);

		if (carried->state != PR_CARRIED_OPENING || !carried->carrier ||
		    carried->n_ways >= PR_WAYS_TRIES ||
		    !pr_ways_is_left(tunnel->ways, &carried->mark, now_us))
			continue;
		carried->was_named |= pr_carrier_has_named(carried->carrier);
		pr_carrier_free(PR_TAKE_PTR(carried->carrier), true);
		choose_way(tunnel, carried);
	}
}

void pr_carried_again(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	const struct timeval now = { 0 };

	if (!carried->has_more)
		pr_chain_append(&tunnel->with_more, &tunnel->links, MORE, carried->number);
	carried->has_more = true;
	event_add(tunnel->more_due, &now);
}

void pr_carried_more(struct pr_tunnel *tunnel)
{
	for (uint32_t n = tunnel->with_more.n; n && tunnel->with_more.n; n--) {
		struct pr_carried *carried = pr_slab_at(&tunnel->links, tunnel->with_more.head);

		carried->has_more = false;
		pr_chain_remove(&tunnel->with_more, &tunnel->links, MORE, carried->number);
		on_change(carried);
	}
}

static void remember(struct pr_carried *carried, const struct pr_tunnel_link *link)
{
	size_t upstream = strlen(link->upstream) + 1, application = strlen(link->application) + 1,
	       name = strlen(link->name) + 1;

	carried->tuple = link->tuple;
	carried->texts = pr_calloc(1, upstream + application + name);
	carried->application_at = (uint16_t)upstream;
	carried->name_at = (uint16_t)(upstream + application);
	memcpy(carried->texts, link->upstream, upstream);
	memcpy(carried->texts + upstream, link->application, application);
	memcpy(carried->texts + upstream + application, link->name, name);
}

static struct pr_carried *take(struct pr_tunnel *tunnel, uint64_t id,
			       const struct pr_tunnel_link *link)
{
	uint32_t number = pr_slab_take(&tunnel->links);
	struct pr_carried *carried;

	if (number == PR_SLAB_NONE)
		return NULL;
	carried = pr_slab_at(&tunnel->links, number);
	carried->tunnel = tunnel;
	carried->number = number;
	carried->serial = tunnel->next_serial++ & INT32_MAX;
	carried->id = id;
	carried->opening = link->opening;
	carried->state = PR_CARRIED_OPENING;
	carried->seen_s = tunnel->now_s;
	carried->is_stream = link->tuple.proto == IPPROTO_TCP;
	carried->far_fd = -1;
	if (carried->is_stream)
		carried->stream.app_fd = -1;
	remember(carried, link);
	carried->count = pr_upstreams_count(tunnel->upstreams, link->upstream);
	carried->count->links++;
	pr_index_insert(&tunnel->by_id, hash_id(id), number);
	return carried;
}

void pr_carried_open(struct pr_tunnel *tunnel, uint64_t id, const struct pr_tunnel_link *link)
{
	struct pr_carried *carried;

	if (pr_carried_find(tunnel, id))
		return;
	carried = take(tunnel, id, link);
	if (!carried) {
		pr_telling_other(tunnel, PR_MESSAGE_TUNNEL_OPENED, id, link->opening,
				 PR_TUNNEL_UNSUPPORTED,
				 "the tunnel carries as many links as it can");
		return;
	}
	choose_way(tunnel, carried);
}

/* ---- time ---- */

static void look(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	uint32_t idle_s = tunnel->now_s - carried->seen_s;

	if (carried->state == PR_CARRIED_WAITING && idle_s > PR_TUNNEL_UNCLAIMED_S)
		pr_carried_end(tunnel, carried, PR_TUNNEL_TIMED_OUT, "nothing arrived for it");
	else if (carried->state == PR_CARRIED_CARRYING &&
		 idle_s > (carried->is_stream ? PR_TUNNEL_IDLE_STREAM_S
					      : PR_TUNNEL_IDLE_DATAGRAMS_S))
		pr_carried_end(tunnel, carried,
			       carried->is_stream ? PR_TUNNEL_TIMED_OUT : PR_TUNNEL_OPEN, "idle");
}

/* An engine that is gone for good can't say what has to end. */
static void look_for_engine(struct pr_tunnel *tunnel)
{
	if (pr_tunnel_engine_is_there(tunnel->engine))
		tunnel->engine_seen_s = tunnel->now_s;
	if (tunnel->now_s - tunnel->engine_seen_s <= PR_TUNNEL_ALONE_S)
		return;
	for (uint32_t i = 0; tunnel->links.n_used && i < tunnel->links.n_made; i++) {
		struct pr_carried *carried = pr_slab_at(&tunnel->links, i);

		if (carried->state != PR_CARRIED_FREE)
			pr_carried_forget(tunnel, carried);
	}
}

void pr_carried_sweep(struct pr_tunnel *tunnel)
{
	uint32_t n = tunnel->links.n_made / SWEEP_PARTS + 1;

	look_for_engine(tunnel);
	for (uint32_t i = 0; i < n && tunnel->links.n_made; i++) {
		tunnel->swept = (tunnel->swept + 1) % tunnel->links.n_made;
		look(tunnel, pr_slab_at(&tunnel->links, tunnel->swept));
	}
}
