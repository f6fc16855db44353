/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets that wait for a fact or for a user. The table is small on purpose (limits.h), looked through in
 * order: that is cheaper than an index for so few. What is not decided and has no room is dropped; what
 * waits is dropped at its deadline when a prompt is open, or decided without an owner when that did not
 * come. What is permitted while the generation is being raised waits for the new one. Other links pass by:
 * nothing here waits for anything. What is held for a user gives way to what waits for a fact: else a program
 * that raises prompts would keep out those that were just started.
 */
#include "engine/inspecting.h"
#include "engine/machine.h"
#include "engine/tunnelling.h"

#include <string.h>

void pr_parking_init(struct pr_parking *parking, uint32_t n_max)
{
	*parking = (struct pr_parking){ .slots = pr_calloc(n_max, sizeof(*parking->slots)),
					.n_max = n_max };
}

void pr_parking_done(struct pr_parking *parking)
{
	for (uint32_t i = 0; i < parking->n_max; i++)
		free(parking->slots[i].copy);
	free(parking->slots);
	*parking = (struct pr_parking){ 0 };
}

static bool is_of(const struct pr_parked *slot, uint64_t link, enum pr_link_end_name end)
{
	return slot->wait != PR_PARKED_FREE && slot->link == link && slot->end == end;
}

static void drop(struct pr_engine *engine, struct pr_parked *slot);

/* The room of the packet whose hold for a prompt ends first; NULL = there is none. */
static struct pr_parked *taken_from_prompt(struct pr_engine *engine)
{
	struct pr_parking *parking = &engine->parking;
	struct pr_parked *first = NULL;

	for (uint32_t i = 0; i < parking->n_max; i++) {
		struct pr_parked *slot = &parking->slots[i];

		if (slot->wait == PR_PARKED_PROMPT &&
		    (!first || slot->deadline_us < first->deadline_us))
			first = slot;
	}
	if (first) {
		engine->counters.dropped_parking_full++;
		drop(engine, first);
	}
	return first;
}

/* The end that it waits for may want to know what it shows. */
static uint8_t *copy_of(const struct pr_intercepted *packet)
{
	uint8_t *copy = packet->len ? pr_calloc(packet->len, 1) : NULL;

	if (copy)
		memcpy(copy, packet->bytes, packet->len);
	return copy;
}

bool pr_parking_add(struct pr_engine *engine, const struct pr_parked *parked)
{
	struct pr_parking *parking = &engine->parking;
	struct pr_parked *room = NULL;
	uint32_t n_of_end = 0;

	for (uint32_t i = 0; i < parking->n_max; i++) {
		struct pr_parked *slot = &parking->slots[i];

		if (is_of(slot, parked->link, (enum pr_link_end_name)parked->end))
			n_of_end++;
		if (slot->wait == PR_PARKED_FREE && !room)
			room = slot;
	}
	if (n_of_end < PR_ENGINE_PARKED_PER_LINK_MAX && !room && parked->wait == PR_PARKED_OWNER)
		room = taken_from_prompt(engine);
	if (n_of_end >= PR_ENGINE_PARKED_PER_LINK_MAX || !room) {
		/* What is decided goes at once, if it can't wait. */
		if (parked->wait == PR_PARKED_GENERATION || parked->wait == PR_PARKED_TUNNEL)
			return false;
		if (n_of_end >= PR_ENGINE_PARKED_PER_LINK_MAX)
			engine->counters.dropped_link_parking_full++;
		else
			engine->counters.dropped_parking_full++;
		return false;
	}
	*room = *parked;
	room->packet.bytes = NULL;
	if (parked->wait != PR_PARKED_GENERATION || parked->as_seen)
		room->copy = copy_of(&parked->packet);
	parking->n_used++;
	engine->counters.parked++;
	pr_engine_due(engine, room->deadline_us);
	return true;
}

static struct pr_parked take(struct pr_engine *engine, struct pr_parked *slot)
{
	struct pr_parked taken = *slot;

	*slot = (struct pr_parked){ 0 };
	engine->parking.n_used--;
	return taken;
}

static void release(struct pr_engine *engine, struct pr_parked *taken,
		    const struct pr_verdict_order *order)
{
	struct pr_verdict_order carried = *order;

	carried.as_seen = taken->as_seen;
	carried.one_path = taken->one_path;
	taken->packet.bytes = taken->as_seen ? taken->copy : NULL;
	pr_count_order(engine, &carried);
	engine->ports.release(engine->ports.context, taken->interception, &taken->packet, &carried);
	free(taken->copy);
	taken->copy = NULL;
}

static void let_go(struct pr_engine *engine, struct pr_parked *slot,
		   const struct pr_verdict_order *order)
{
	struct pr_parked taken = take(engine, slot);

	release(engine, &taken, order);
}

/* Its end is decided. What it shows may be of interest now, and then it is held there. */
static void give_verdict(struct pr_engine *engine, struct pr_link *link, struct pr_parked *slot)
{
	struct pr_verdict_order order = { .verdict = PR_VERDICT_DROP,
					  .generation = engine->generation };
	enum pr_link_end_name end = (enum pr_link_end_name)slot->end;
	struct pr_parked taken = take(engine, slot);

	switch (taken.wait == PR_PARKED_GENERATION
			? PR_INSPECTING_GOES
			: pr_inspecting_look_again(engine, link, &taken)) {
	case PR_INSPECTING_HELD:
		free(taken.copy);
		return;
	case PR_INSPECTING_ENDS:
		break;
	case PR_INSPECTING_GOES:
		order = pr_end_order(engine, link, end, taken.packet.hook, taken.reply);
		if (order.verdict == PR_VERDICT_REROUTE_TUNNEL)
			pr_tunnel_passes(link, end);
		break;
	}
	release(engine, &taken, &order);
}

void pr_parking_release(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end)
{
	/* One of them may show what is to be asked about: then the rest waits on. */
	for (uint32_t i = 0;
	     engine->parking.n_used && !link->ends[end].asked && i < engine->parking.n_max; i++)
		if (is_of(&engine->parking.slots[i], link->id, end))
			give_verdict(engine, link, &engine->parking.slots[i]);
}

struct pr_parked *pr_parking_by_ticket(struct pr_engine *engine, uint64_t ticket)
{
	for (uint32_t i = 0; i < engine->parking.n_max; i++) {
		struct pr_parked *slot = &engine->parking.slots[i];

		if (slot->wait == PR_PARKED_OWNER && slot->ticket == ticket)
			return slot;
	}
	return NULL;
}

bool pr_parking_waits(const struct pr_engine *engine, uint64_t link, enum pr_link_end_name end,
		      enum pr_parked_for wait)
{
	if (!engine->parking.n_used)
		return false;
	for (uint32_t i = 0; i < engine->parking.n_max; i++)
		if (is_of(&engine->parking.slots[i], link, end) &&
		    engine->parking.slots[i].wait == wait)
			return true;
	return false;
}

bool pr_parking_holds(const struct pr_engine *engine, const struct pr_link *link,
		      enum pr_link_end_name end)
{
	return pr_inspecting_holds(engine, link, end) ||
	       pr_parking_waits(engine, link->id, end, PR_PARKED_OWNER) ||
	       pr_parking_waits(engine, link->id, end, PR_PARKED_PROMPT) ||
	       pr_parking_waits(engine, link->id, end, PR_PARKED_GENERATION) ||
	       pr_parking_waits(engine, link->id, end, PR_PARKED_TUNNEL);
}

/* Whatever a packet has waited for before: in all it waits for the tunnel so long. */
static void set_deadline(struct pr_engine *engine, struct pr_parked *slot, uint64_t deadline_us)
{
	uint64_t last_us = slot->packet.time_us + PR_ENGINE_TUNNEL_WAIT_MS * UINT64_C(1000);

	slot->deadline_us =
		slot->wait == PR_PARKED_TUNNEL && last_us < deadline_us ? last_us : deadline_us;
	if (slot->deadline_us <= engine->now_us)
		slot->deadline_us = engine->now_us + 1;
	pr_engine_due(engine, slot->deadline_us);
}

/* What waits for a prompt already keeps its time; what waits for the tunnel has had its prompt. */
static bool turns_to(const struct pr_parked *slot, enum pr_parked_for wait)
{
	return slot->wait == PR_PARKED_OWNER ||
	       (slot->wait == PR_PARKED_PROMPT && wait == PR_PARKED_TUNNEL) ||
	       (slot->wait == PR_PARKED_TUNNEL && wait == PR_PARKED_PROMPT);
}

void pr_parking_turn_to(struct pr_engine *engine, const struct pr_link *link,
			enum pr_link_end_name end, enum pr_parked_for wait, uint64_t deadline_us)
{
	for (uint32_t i = 0; i < engine->parking.n_max; i++) {
		struct pr_parked *slot = &engine->parking.slots[i];

		if (!is_of(slot, link->id, end) || !turns_to(slot, wait))
			continue;
		slot->wait = wait;
		set_deadline(engine, slot, deadline_us);
	}
}

void pr_parking_set_deadline(struct pr_engine *engine, const struct pr_link *link,
			     enum pr_link_end_name end, uint64_t deadline_us)
{
	for (uint32_t i = 0; engine->parking.n_used && i < engine->parking.n_max; i++) {
		struct pr_parked *slot = &engine->parking.slots[i];

		if (is_of(slot, link->id, end) && slot->wait == PR_PARKED_TUNNEL)
			set_deadline(engine, slot, deadline_us);
	}
}

uint32_t pr_parking_n(const struct pr_engine *engine, enum pr_parked_for wait)
{
	uint32_t n = 0;

	for (uint32_t i = 0; engine->parking.n_used && i < engine->parking.n_max; i++)
		n += engine->parking.slots[i].wait == wait;
	return n;
}

static void drop(struct pr_engine *engine, struct pr_parked *slot)
{
	const struct pr_verdict_order order = { .verdict = PR_VERDICT_DROP,
						.generation = engine->generation };
	enum pr_link_end_name end = (enum pr_link_end_name)slot->end;
	struct pr_link *link = pr_links_by_id(engine->links, slot->link);

	let_go(engine, slot, &order);
	if (link)
		link->ends[end].held = pr_parking_holds(engine, link, end);
}

void pr_parking_forget(struct pr_engine *engine, uint64_t link)
{
	if (!engine->parking.n_used)
		return;
	for (uint32_t i = 0; i < engine->parking.n_max; i++)
		if (engine->parking.slots[i].wait != PR_PARKED_FREE &&
		    engine->parking.slots[i].link == link)
			drop(engine, &engine->parking.slots[i]);
}

/* Its owner did not become known in time. It has one, so it isn't decided as if it had none: what is sent again asks again. */
static void give_up(struct pr_engine *engine, struct pr_parked *slot)
{
	engine->counters.owner_expired++;
	drop(engine, slot);
}

/* With what its end was decided to, by now. */
static void order_now(struct pr_engine *engine, struct pr_parked *slot)
{
	enum pr_link_end_name end = (enum pr_link_end_name)slot->end;
	struct pr_link *link = pr_links_by_id(engine->links, slot->link);
	struct pr_verdict_order order;

	if (!link) {
		drop(engine, slot);
		return;
	}
	order = pr_end_order(engine, link, end, slot->packet.hook, slot->reply);
	let_go(engine, slot, &order);
	link->ends[end].held = pr_parking_holds(engine, link, end);
}

void pr_parking_generation_set(struct pr_engine *engine)
{
	for (uint32_t i = 0; engine->parking.n_used && i < engine->parking.n_max; i++)
		if (engine->parking.slots[i].wait == PR_PARKED_GENERATION)
			order_now(engine, &engine->parking.slots[i]);
}

/* Its way did not open in time; or there is nobody to open it, which decides it. */
static void end_wait(struct pr_engine *engine, struct pr_parked *slot)
{
	struct pr_link *link = pr_links_by_id(engine->links, slot->link);

	if (!link || !pr_tunnel_expired(engine, link))
		drop(engine, slot);
}

uint64_t pr_parking_tick(struct pr_engine *engine)
{
	uint64_t next_us = PR_ENGINE_NEVER;

	if (!engine->parking.n_used)
		return next_us;
	for (uint32_t i = 0; i < engine->parking.n_max; i++) {
		struct pr_parked *slot = &engine->parking.slots[i];

		if (slot->wait == PR_PARKED_FREE || slot->deadline_us > engine->now_us)
			continue;
		engine->counters.parked_expired++;
		if (slot->wait == PR_PARKED_PROMPT)
			drop(engine, slot);
		else if (slot->wait == PR_PARKED_GENERATION)
			order_now(engine, slot);
		else if (slot->wait == PR_PARKED_TUNNEL)
			end_wait(engine, slot);
		else
			give_up(engine, slot);
	}
	for (uint32_t i = 0; i < engine->parking.n_max; i++)
		if (engine->parking.slots[i].wait != PR_PARKED_FREE &&
		    engine->parking.slots[i].deadline_us < next_us)
			next_us = engine->parking.slots[i].deadline_us;
	return next_us;
}
