/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's packets that wait until it is known what they carry, of each link in their order. They have their own store,
 * and not the parking table: there may be thousands of links under inspection, and each knows what it holds. How long
 * is the inspection's business (inspection/limits.h); what comes to a prompt by it waits as any packet does for a prompt.
 */
#include "engine/inspecting_private.h"
#include "engine/tunnelling.h"

#include <string.h>

#define LIST offsetof(struct pr_inspected_link, list)

static struct pr_held *held_at(const struct pr_engine *engine, uint32_t number)
{
	return pr_slab_at(&engine->inspecting->held, number);
}

bool pr_inspecting_holds(const struct pr_engine *engine, const struct pr_link *link,
			 enum pr_link_end_name end)
{
	const struct pr_inspected_link *inspected = pr_inspected_of(engine, link);

	return inspected && inspected->n_held[end];
}

static unsigned int n_held(const struct pr_inspected_link *inspected)
{
	return inspected->n_held[PR_LINK_OUT] + inspected->n_held[PR_LINK_IN];
}

bool pr_held_add(struct pr_engine *engine, struct pr_inspected_link *inspected,
		 const struct pr_arrival *arrival)
{
	struct pr_inspecting *inspecting = engine->inspecting;
	const struct pr_intercepted *packet = arrival->packet;
	uint32_t number;
	struct pr_held *held;

	if (n_held(inspected) >= PR_INSPECTION_HELD_PER_LINK_MAX ||
	    packet->len > PR_INSPECTION_HELD_BYTES_MAX - inspecting->held_bytes)
		number = PR_SLAB_NONE;
	else
		number = pr_slab_take(&inspecting->held);
	if (number == PR_SLAB_NONE) {
		engine->counters.inspection_held_full++;
		return false;
	}
	held = held_at(engine, number);
	held->next = PR_SLAB_NONE;
	held->end = (uint8_t)arrival->end;
	held->reply = arrival->reply;
	held->interception = arrival->interception;
	held->packet = *packet;
	held->one_path = arrival->one_path;
	held->copy = pr_calloc(packet->len, 1);
	memcpy(held->copy, packet->bytes, packet->len);
	held->packet.bytes = held->copy;
	inspecting->held_bytes += packet->len;
	if (!n_held(inspected)) {
		inspected->first = number;
		pr_chain_append(&inspecting->holding, &inspecting->links, LIST,
				arrival->link->slot - 1);
	} else {
		held_at(engine, inspected->last)->next = number;
	}
	inspected->last = number;
	inspected->n_held[arrival->end]++;
	arrival->link->ends[arrival->end].held = true;
	engine->counters.inspection_held++;
	return true;
}

/* Takes the first one that is held at `end` out of its list, or PR_LINK_N_ENDS: at any. */
static bool take_first(struct pr_engine *engine, struct pr_link *link, unsigned int end,
		       struct pr_held *ret_held)
{
	struct pr_inspecting *inspecting = engine->inspecting;
	struct pr_inspected_link *inspected = pr_inspected_of(engine, link);
	uint32_t before = PR_SLAB_NONE, number;

	if (!inspected || !n_held(inspected))
		return false;
	for (number = inspected->first; number != PR_SLAB_NONE;
	     before = number, number = held_at(engine, number)->next)
		if (end == PR_LINK_N_ENDS || held_at(engine, number)->end == end)
			break;
	if (number == PR_SLAB_NONE)
		return false;
	*ret_held = *held_at(engine, number);
	if (before == PR_SLAB_NONE)
		inspected->first = ret_held->next;
	else
		held_at(engine, before)->next = ret_held->next;
	if (inspected->last == number)
		inspected->last = before;
	inspected->n_held[ret_held->end]--;
	pr_slab_give(&inspecting->held, number);
	if (!n_held(inspected))
		pr_chain_remove(&inspecting->holding, &inspecting->links, LIST, link->slot - 1);
	return true;
}

static void let_go(struct pr_engine *engine, struct pr_held *held, struct pr_verdict_order order)
{
	order.as_seen = true;
	order.one_path = held->one_path;
	pr_count_order(engine, &order);
	engine->ports.release(engine->ports.context, held->interception, &held->packet, &order);
	engine->inspecting->held_bytes -= held->packet.len;
	free(held->copy);
}

/*
 * A connection that has begun is cut: its socket is destroyed, and says so to the other end. A reset in answer to what is
 * held would take that socket away before, and the other end would never learn.
 */
static void keep_for_cut(const struct pr_link *link, enum pr_link_end_name end,
			 struct pr_verdict_order *order)
{
	if (order->verdict != PR_VERDICT_BLOCK || link->tuple.proto != IPPROTO_TCP ||
	    !link->ends[end].begun)
		return;
	order->verdict = PR_VERDICT_DROP;
	order->permanent = false;
}

/* What is held at this end goes, with the end's verdict. */
static void release(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end)
{
	struct pr_held held;

	while (take_first(engine, link, end, &held)) {
		struct pr_verdict_order order =
			pr_end_order(engine, link, end, held.packet.hook, held.reply);

		keep_for_cut(link, end, &order);
		if (order.verdict == PR_VERDICT_ACCEPT)
			link->ends[end].begun = true;
		else if (order.verdict == PR_VERDICT_REROUTE_TUNNEL)
			pr_tunnel_passes(link, end);
		let_go(engine, &held, order);
	}
}

void pr_inspecting_settled(struct pr_engine *engine, struct pr_link *link,
			   enum pr_link_end_name name)
{
	struct pr_inspected_link *inspected = pr_inspected_of(engine, link);
	const struct pr_link_end *end = &link->ends[name];

	if (!inspected || !inspected->n_held[name])
		return;
	if (end->asked) {
		inspected->asks_until_us = pr_packets_hold_until(engine, end);
		pr_engine_due(engine, inspected->asks_until_us);
		return;
	}
	link->ends[name].held = true;
	if (inspected->unclear && pr_end_passes(end) && end->wants)
		return;
	release(engine, link, name);
	link->ends[name].held = pr_parking_holds(engine, link, name);
	pr_inspected_leave(engine, link);
}

static void drop(struct pr_engine *engine, struct pr_link *link, unsigned int end)
{
	const struct pr_verdict_order order = { .verdict = PR_VERDICT_DROP,
						.generation = engine->generation };
	struct pr_held held;

	while (take_first(engine, link, end, &held)) {
		let_go(engine, &held, order);
		link->ends[held.end].held =
			pr_parking_holds(engine, link, (enum pr_link_end_name)held.end);
	}
}

void pr_held_forget(struct pr_engine *engine, struct pr_link *link)
{
	drop(engine, link, PR_LINK_N_ENDS);
}

void pr_inspecting_abandon(struct pr_engine *engine)
{
	struct pr_inspecting *inspecting = engine->inspecting;

	for (uint32_t number = inspecting->holding.head; number != PR_SLAB_NONE;) {
		struct pr_inspected_link *inspected = pr_slab_at(&inspecting->links, number);

		for (uint32_t i = inspected->first; i != PR_SLAB_NONE; i = held_at(engine, i)->next)
			free(held_at(engine, i)->copy);
		inspected->n_held[PR_LINK_OUT] = inspected->n_held[PR_LINK_IN] = 0;
		number = inspected->list.next;
	}
}

/* Those that wait for a prompt; the others' time is the inspection's. Few links hold anything at a time. */
uint64_t pr_held_tick(struct pr_engine *engine)
{
	struct pr_inspecting *inspecting = engine->inspecting;
	uint64_t next_us = PR_ENGINE_NEVER;
	uint32_t number = inspecting->holding.head;

	while (number != PR_SLAB_NONE) {
		struct pr_inspected_link *inspected = pr_slab_at(&inspecting->links, number);
		struct pr_link *link = pr_links_by_id(engine->links, inspected->link);
		uint64_t until_us = inspected->asks_until_us;

		number = inspected->list.next;
		pr_assert(link);
		if (until_us && until_us <= engine->now_us) {
			engine->counters.parked_expired++;
			inspected->asks_until_us = 0;
			for (unsigned int i = 0; i < PR_LINK_N_ENDS; i++)
				if (link->ends[i].asked)
					drop(engine, link, i);
			pr_inspected_leave(engine, link);
		} else if (until_us && until_us < next_us) {
			next_us = until_us;
		}
	}
	return next_us;
}
