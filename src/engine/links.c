/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A link's life after its decision: conntrack confirms it, counts it and says when it is over. A link that
 * conntrack never confirms (denied, untracked) ends when nothing was seen of it for a while.
 */
#include "engine/attackers.h"
#include "engine/events.h"
#include "engine/inspecting.h"
#include "engine/machine.h"
#include "engine/pool.h"
#include "engine/subject.h"
#include "engine/tunnelling.h"

#include <netinet/in.h>

bool pr_link_asks_by_datagram(const struct pr_link *link, enum pr_link_end_name end)
{
	return end == PR_LINK_OUT && link->tuple.proto == IPPROTO_UDP &&
	       link->tuple.dst_port == PR_ENGINE_PORT_DOMAIN;
}

bool pr_link_is_tracked(const struct pr_engine *engine, const struct pr_link *link)
{
	return engine->ports.tracked && engine->ports.tracked(engine->ports.context, &link->tuple);
}

static void tell_end(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end)
{
	PR_UNINITIALIZED struct pr_subject_of of;
	struct pr_event event;

	pr_event_pay(engine, 0);
	if (!(link->flags & PR_LINK_FLAG_TOLD << end))
		return;
	pr_event_of_end(engine, link, end, &of, &event);
	event.kind = PR_EVENT_END;
	event.real_us = pr_event_real(engine, engine->now_us);
	event.ended = true;
	event.duration_ms = (engine->now_us - link->first_us) / 1000;
	pr_event_send(engine, &event);
}

/* What is over holds no communication and no process: only its row stays for a while. */
static void tell_ends(struct pr_engine *engine, struct pr_link *link)
{
	pr_inspecting_stop(engine, link);
	for (unsigned int i = 0; i < PR_LINK_N_ENDS; i++)
		tell_end(engine, link, (enum pr_link_end_name)i);
	engine->counters.links_adopted_now -= link->adopted;
	pr_parking_forget(engine, link->id);
	(void)pr_tunnel_cut(engine, link);
	engine->counters.links_ended++;
}

void pr_link_end_it(struct pr_engine *engine, struct pr_link *link)
{
	tell_ends(engine, link);
	pr_links_end(engine->links, link, engine->now_us);
	pr_engine_due(engine, engine->now_us + PR_ENGINE_SWEEP_US);
}

void pr_link_expired(void *context, struct pr_link *link)
{
	tell_ends(context, link);
}

void pr_link_forgotten(void *context, struct pr_link *link)
{
	struct pr_engine *engine = context;

	pr_parking_forget(engine, link->id);
	pr_inspecting_forget(engine, link);
	pr_pool_link_forgotten(engine, link);
	pr_tunnel_leave(engine, link);
	for (unsigned int i = 0; i < PR_LINK_N_ENDS; i++)
		pr_end_clear(engine, &link->ends[i]);
}

static bool is_end(const struct pr_address *address, uint16_t port, const struct pr_address *other,
		   uint16_t other_port)
{
	return port == other_port && pr_address_equal(address, other);
}

/* Of a flow that is older than conntrack its "original" direction is that of the first packet it saw. */
static bool is_reversed(const struct pr_link *link, const struct pr_tuple *original)
{
	const struct pr_tuple *tuple = &link->tuple;

	return is_end(&original->src, original->src_port, &tuple->dst, tuple->dst_port) &&
	       !is_end(&original->src, original->src_port, &tuple->src, tuple->src_port);
}

static void count(struct pr_link *link, const struct pr_engine_conntrack *event)
{
	bool reversed = is_reversed(link, &event->original);

	if (!event->counted)
		return;
	link->counted = true;
	link->bytes_sent = reversed ? event->bytes_reply : event->bytes_original;
	link->bytes_received = reversed ? event->bytes_original : event->bytes_reply;
	link->packets_sent = (uint32_t)(reversed ? event->packets_reply : event->packets_original);
	link->packets_received =
		(uint32_t)(reversed ? event->packets_original : event->packets_reply);
}

/* Events are gathered, and ports may be used again meanwhile: is it about the entry before, of what had the same ends? What
 * the kernel knows by now is newer than any event. The entry of a link whose packet is held is not there yet. */
static bool is_of_former(struct pr_engine *engine, const struct pr_link *link,
			 const struct pr_engine_conntrack *event)
{
	if (!event->unsure_since_us || link->last_us < event->unsure_since_us)
		return false;
	if (event->event == PR_LINK_EVENT_DESTROY)
		return link->state == PR_LINK_UNCONFIRMED || pr_link_is_tracked(engine, link);
	return link->succeeds && link->state == PR_LINK_UNCONFIRMED &&
	       !pr_link_is_tracked(engine, link);
}

void pr_engine_conntrack(struct pr_engine *engine, const struct pr_engine_conntrack *event,
			 uint64_t now_us)
{
	struct pr_link *link;

	pr_engine_enter_traffic(engine, now_us);
	if (event->event == PR_LINK_EVENT_NEW)
		pr_attackers_flow(engine, &event->original);
	link = pr_links_find_conntrack(engine->links, &event->original, &event->reply);
	if (link && !is_of_former(engine, link, event)) {
		count(link, event);
		if (event->event == PR_LINK_EVENT_DESTROY)
			pr_link_end_it(engine, link);
		else if (link->state == PR_LINK_UNCONFIRMED)
			pr_links_confirm(engine->links, link, &event->original, &event->reply,
					 now_us);
		else
			pr_links_touch(engine->links, link, now_us);
	}
	pr_engine_leave(engine);
}

void pr_engine_conntrack_sync_begin(struct pr_engine *engine, uint64_t now_us)
{
	pr_engine_enter_traffic(engine, now_us);
	engine->sync_since_us = engine->now_us;
	pr_engine_leave(engine);
}

bool pr_engine_conntrack_sync_end(struct pr_engine *engine, uint32_t *cursor, uint64_t now_us)
{
	struct pr_link *link = NULL;

	pr_engine_enter_traffic(engine, now_us);
	for (unsigned int i = 0; i < PR_ENGINE_ROWS_AT_ONCE; i++) {
		link = pr_links_next(engine->links, cursor);
		if (!link)
			break;
		if (link->state == PR_LINK_CONFIRMED && link->last_us < engine->sync_since_us)
			pr_link_end_it(engine, link);
	}
	pr_engine_leave(engine);
	return !link;
}
