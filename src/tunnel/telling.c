/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the engine is told. A message is made of a link's or an arrival's own state when there is room for it on the
 * channel, so that an engine that reads slowly costs no memory, and none is lost.
 */
#include "tunnel/tunnel_private.h"

#include <stddef.h>

#define TICKET_ARRIVAL (UINT64_C(1) << 63)

void pr_telling_add(struct pr_tunnel *tunnel, struct pr_carried *carried, enum pr_carried_tell tell)
{
	if (!carried->tell)
		pr_chain_append(&tunnel->to_tell, &tunnel->links, offsetof(struct pr_carried, told),
				carried->number);
	carried->tell = tell;
}

void pr_telling_remove(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	pr_chain_remove(&tunnel->to_tell, &tunnel->links, offsetof(struct pr_carried, told),
			carried->number);
	carried->tell = PR_TELL_NOTHING;
}

/* ---- out ---- */

static bool tell_outcome(struct pr_tunnel *tunnel, enum pr_message_kind kind, uint64_t id,
			 uint32_t opening, enum pr_tunnel_outcome outcome, const char *why)
{
	const struct pr_tunnel_opened opened = { .outcome = outcome,
						 .why = why,
						 .opening = opening };
	uint8_t body[PR_TUNNEL_BODY_MAX];
	size_t len = pr_tunnel_opened_encode(&opened, body, sizeof(body));

	pr_assert(len);
	return pr_tunnel_engine_send(tunnel->engine, kind, id, body, len);
}

static bool tell_have(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	const struct pr_tunnel_link link = {
		.tuple = carried->tuple,
		.upstream = carried->texts,
		.application = carried->texts + carried->application_at,
		.name = carried->texts + carried->name_at,
	};
	uint8_t body[PR_TUNNEL_BODY_MAX];
	size_t len = pr_tunnel_link_encode(&link, body, sizeof(body));

	pr_assert(len);
	if (!pr_tunnel_engine_send(tunnel->engine, PR_MESSAGE_TUNNEL_HAVE,
				   (uint64_t)carried->serial << 32 | carried->number, body, len))
		return false;
	carried->adopting = true;
	return true;
}

static bool tell(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	const char *why = carried->why ? carried->why : "";
	bool is_over = carried->state == PR_CARRIED_OVER;

	if (carried->tell == PR_TELL_HAVE)
		return tell_have(tunnel, carried);
	return tell_outcome(tunnel,
			    carried->tell == PR_TELL_OPENED ? PR_MESSAGE_TUNNEL_OPENED
							    : PR_MESSAGE_TUNNEL_ENDED,
			    carried->id, carried->opening,
			    is_over ? carried->outcome : PR_TUNNEL_OPEN, is_over ? why : "");
}

static bool tell_links(struct pr_tunnel *tunnel)
{
	while (tunnel->to_tell.n) {
		struct pr_carried *carried = pr_slab_at(&tunnel->links, tunnel->to_tell.head);

		if (!tell(tunnel, carried))
			return false;
		pr_telling_remove(tunnel, carried);
		if (carried->state == PR_CARRIED_OVER)
			pr_carried_forget(tunnel, carried);
	}
	return true;
}

static bool tell_others(struct pr_tunnel *tunnel)
{
	while (tunnel->n_others) {
		const struct pr_other *other = &tunnel->others[tunnel->n_others - 1];

		if (!tell_outcome(tunnel, other->kind, other->id, other->opening, other->outcome,
				  other->why))
			return false;
		tunnel->n_others--;
	}
	return true;
}

static bool ask(struct pr_tunnel *tunnel)
{
	while (tunnel->to_ask.n) {
		struct pr_arrival *arrival = pr_slab_at(&tunnel->arrivals, tunnel->to_ask.head);
		uint8_t body[PR_TUNNEL_BODY_MAX];
		size_t len = pr_tunnel_who_encode(&arrival->tuple, body, sizeof(body));

		pr_assert(len);
		if (!pr_tunnel_engine_send(tunnel->engine, PR_MESSAGE_TUNNEL_WHO,
					   TICKET_ARRIVAL | (uint64_t)arrival->serial << 32 |
						   arrival->number,
					   body, len))
			return false;
		arrival->asked = true;
		pr_chain_remove(&tunnel->to_ask, &tunnel->arrivals,
				offsetof(struct pr_arrival, node), arrival->number);
	}
	return true;
}

void pr_telling_go(struct pr_tunnel *tunnel)
{
	if (tell_links(tunnel) && tell_others(tunnel))
		(void)ask(tunnel);
}

void pr_telling_other(struct pr_tunnel *tunnel, enum pr_message_kind kind, uint64_t id,
		      uint32_t opening, enum pr_tunnel_outcome outcome, const char *why)
{
	if (tunnel->n_others < PR_TUNNEL_OTHERS_MAX)
		tunnel->others[tunnel->n_others++] =
			(struct pr_other){ id, why, opening, kind, outcome };
	pr_telling_go(tunnel);
}

/* ---- in ---- */

/* A new engine's word on what it was told that we have. */
static void adopted(struct pr_tunnel *tunnel, struct pr_carried *carried, uint64_t id)
{
	carried->adopting = false;
	carried->opening = 0; /* the engine that opened it is gone */
	if (id == 0 || pr_carried_find(tunnel, id))
		pr_carried_forget(tunnel, carried);
	else
		pr_carried_name(tunnel, carried, id);
}

void pr_telling_link(struct pr_tunnel *tunnel, uint64_t ticket, uint64_t id)
{
	uint32_t number = (uint32_t)ticket, serial = (uint32_t)(ticket >> 32) & INT32_MAX;
	struct pr_carried *carried;
	struct pr_arrival *arrival;

	if (ticket & TICKET_ARRIVAL) {
		arrival = pr_entry_at(tunnel, number, serial);
		if (arrival && arrival->asked)
			pr_entry_known(tunnel, arrival, id);
		return;
	}
	carried = pr_carried_at(tunnel, number, serial);
	if (carried && carried->adopting)
		adopted(tunnel, carried, id);
	else if (!carried && id)
		pr_telling_other(tunnel, PR_MESSAGE_TUNNEL_ENDED, id, 0, PR_TUNNEL_OPEN, "");
}

/* ---- another engine ---- */

/* What is carried; and what is open, for its first packet may have been let go already, and arrive yet. */
static bool outlives_engine(const struct pr_carried *carried)
{
	return carried->state == PR_CARRIED_CARRYING ||
	       (carried->state == PR_CARRIED_WAITING && carried->tell != PR_TELL_OPENED);
}

void pr_telling_engine_gone(struct pr_tunnel *tunnel)
{
	tunnel->n_others = 0;
	for (uint32_t i = 0; i < tunnel->links.n_made; i++) {
		struct pr_carried *carried = pr_slab_at(&tunnel->links, i);

		if (outlives_engine(carried))
			pr_carried_name(tunnel, carried, 0);
		else if (carried->state != PR_CARRIED_FREE)
			pr_carried_forget(tunnel, carried);
	}
	pr_entry_ask_again(tunnel);
}

void pr_telling_engine_new(struct pr_tunnel *tunnel)
{
	for (uint32_t i = 0; i < tunnel->links.n_made; i++) {
		struct pr_carried *carried = pr_slab_at(&tunnel->links, i);

		if (outlives_engine(carried))
			pr_telling_add(tunnel, carried, PR_TELL_HAVE);
	}
	pr_upstreams_untold(tunnel->upstreams);
	pr_telling_go(tunnel);
}
