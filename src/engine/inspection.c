/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stage of inspection. An end that was accepted though the packets may still tell something that the policy wants
 * (`wants`), or that is to be shown (`shown`), is not permanent: its packets come by here until the facts are there.
 * Each fact that becomes known decides the ends of the link anew; what the client sent is held meanwhile, where the
 * policy wants it and the inspectors can't tell yet what it is.
 *
 * A local link passes two hooks, with an end at each. A packet is looked into once, at the first of them whose end is
 * inspected; it may be held at either. What is only shown begins with the first payload: until then nothing but four bytes of
 * the link are kept, for most that is ever opened and never speaks costs nothing more. What is missed can't be made up
 * for: a link whose beginning nobody looked at has no facts.
 */
#include "engine/inspecting_private.h"

#include "firewall/checks.h"

#include <netinet/in.h>

_Static_assert(PR_LINK_WANTED(0xf) == PR_FACTS_SEEN && PR_LINK_WANTS(PR_FACTS_SEEN) == 0xf,
	       "a link's bits are those facts");

static void finish(struct pr_engine *engine, struct pr_link *link);

static bool is_provisional(const struct pr_link *link)
{
	const struct pr_link_end *out = &link->ends[PR_LINK_OUT], *in = &link->ends[PR_LINK_IN];

	return out->wants || in->wants || out->rests || in->rests;
}

static unsigned int waited_for(const struct pr_link *link)
{
	return PR_LINK_WANTED(link->ends[PR_LINK_OUT].wants | link->ends[PR_LINK_IN].wants);
}

/* All that can be seen is asked for: the facts outlive what is wanted now. Who wants no more of it ends it. */
static void renew_wants(const struct pr_engine *engine, const struct pr_link *link)
{
	const struct pr_inspected_link *inspected = pr_inspected_of(engine, link);

	if (inspected && inspected->inspection)
		pr_inspection_want(inspected->inspection, PR_FACTS_SEEN, waited_for(link));
}

/* To be shown. Of what comes from elsewhere only what the policy wants is looked at: the kernel knows no way to let
 * pass what is of no interest there. */
static bool is_shown(const struct pr_engine *engine, enum pr_link_end_name name,
		     const struct pr_subject *subject)
{
	return name == PR_LINK_OUT && pr_policy_settings(engine->policy, subject->profile)->inspect;
}

/* Nobody looks any more, or the other end has what was seen. */
static bool is_confirmed(const struct pr_engine *engine, const struct pr_link *link)
{
	const struct pr_inspected_link *inspected = pr_inspected_of(engine, link);

	return !inspected || !inspected->inspection ||
	       pr_inspection_is_confirmed(inspected->inspection);
}

void pr_inspecting_decided(struct pr_engine *engine, struct pr_link *link,
			   enum pr_link_end_name name, const struct pr_subject *subject,
			   unsigned int wants)
{
	struct pr_link_end *end = &link->ends[name];
	unsigned int open = PR_FACTS_SEEN & ~subject->known;
	bool rested = end->wants || end->rests;

	end->wants = pr_end_passes(end) ? PR_LINK_WANTS(wants & open) : 0;
	end->shown = pr_end_passes(end) && open && is_shown(engine, name, subject);
	end->rests = pr_end_passes(end) && rested && !end->wants && !is_confirmed(engine, link);
	end->payload_only = end->shown && !end->wants && !end->rests &&
			    (end->permanent || end->verdict == PR_VERDICT_REROUTE_TUNNEL);
	if (pr_end_is_inspected(end))
		end->permanent = false;
	renew_wants(engine, link);
}

/* Nothing more becomes known. The facts are kept; who is concerned is decided with them. */
static void conclude(struct pr_engine *engine, struct pr_link *link, bool finished)
{
	for (unsigned int i = 0; i < PR_LINK_N_ENDS; i++)
		if (pr_end_is_inspected(&link->ends[i]) || link->ends[i].asked)
			pr_redecide_seen(engine, link, (enum pr_link_end_name)i, finished);
	pr_inspecting_redecided(engine, link);
}

static bool is_concerned(const struct pr_link_end *end)
{
	return end->asked || pr_end_is_inspected(end);
}

void pr_inspecting_redecided(struct pr_engine *engine, struct pr_link *link)
{
	if (link->look != PR_LINK_LOOK_OVER && link->look != PR_LINK_LOOK_NEW &&
	    !is_concerned(&link->ends[PR_LINK_OUT]) && !is_concerned(&link->ends[PR_LINK_IN]))
		finish(engine, link);
	pr_inspected_leave(engine, link);
}

/* Without drawing conclusions. */
static void finish(struct pr_engine *engine, struct pr_link *link)
{
	struct pr_inspected_link *inspected = pr_inspected_of(engine, link);

	link->look = PR_LINK_LOOK_OVER;
	if (!inspected || !inspected->inspection)
		return;
	pr_seen_keep(engine, link, pr_inspection_seen(inspected->inspection));
	pr_inspection_end(engine->inspecting->inspections, inspected->inspection);
	inspected->inspection = NULL;
	inspected->unclear = false;
}

/* It can't be looked into. */
static void go_without(struct pr_engine *engine, struct pr_link *link)
{
	finish(engine, link);
	conclude(engine, link, false);
}

static bool carries(const struct pr_arrival *arrival)
{
	return arrival->parsed.payload_len;
}

static bool is_clients(const struct pr_arrival *arrival)
{
	return carries(arrival) && !arrival->reply;
}

static void begin(struct pr_engine *engine, const struct pr_arrival *arrival)
{
	const uint8_t both = PR_TCP_SYN | PR_TCP_ACK;
	const struct pr_packet *parsed = &arrival->parsed;
	struct pr_link *link = arrival->link;

	link->look = PR_LINK_LOOK_AWAITS;
	if (link->tuple.proto != IPPROTO_TCP)
		return;
	if (arrival->reply || (parsed->tcp_flags & both) != PR_TCP_SYN) {
		go_without(engine, link);
		return;
	}
	link->isn = parsed->seq;
	link->isn_known = true;
}

/* The SYN has passed when only what is shown was of interest. */
static void tell_of_syn(struct pr_engine *engine, const struct pr_link *link,
			struct pr_inspection *inspection)
{
	static const uint8_t nothing[1];
	const struct pr_packet syn = {
		.tuple = link->tuple,
		.version = link->tuple.src.family,
		.tcp_flags = PR_TCP_SYN,
		.seq = link->isn,
	};

	(void)pr_inspection_packet(engine->inspecting->inspections, inspection, &syn, nothing, 0,
				   false, engine->now_us);
}

static void start(struct pr_engine *engine, struct pr_link *link)
{
	struct pr_inspected_link *inspected = pr_inspected_enter(engine, link);

	if (!inspected) {
		engine->counters.inspections_given_up_room++;
		go_without(engine, link);
		return;
	}
	inspected->inspection = pr_inspection_begin(engine->inspecting->inspections, &link->tuple,
						    PR_FACTS_SEEN, true, link->id, engine->now_us);
	if (!inspected->inspection) {
		go_without(engine, link);
		return;
	}
	link->look = PR_LINK_LOOK_RUNNING;
	renew_wants(engine, link);
	if (link->isn_known)
		tell_of_syn(engine, link, inspected->inspection);
	/* Somebody else may have had to go for it. */
	pr_engine_due(engine, engine->now_us + PR_ENGINE_INSPECTION_TICK_US);
}

/* Of a local link's two hooks a packet is looked into at the first whose end is inspected. */
static bool is_looked_into_here(const struct pr_arrival *arrival)
{
	const struct pr_link *link = arrival->link;
	enum pr_link_end_name first = arrival->reply ? PR_LINK_IN : PR_LINK_OUT;

	return arrival->end == first || !pr_end_is_inspected(&link->ends[first]);
}

static struct pr_inspected see(struct pr_engine *engine, struct pr_arrival *arrival)
{
	struct pr_link *link = arrival->link;
	struct pr_inspected_link *inspected = pr_inspected_of(engine, link);
	struct pr_inspected shows = { .says = PR_INSPECTION_PASS };

	if (!is_looked_into_here(arrival)) {
		if (inspected->unclear)
			shows.says = PR_INSPECTION_HOLD;
		return shows;
	}
	shows = pr_inspection_packet(engine->inspecting->inspections, inspected->inspection,
				     &arrival->parsed, arrival->packet->bytes, arrival->packet->len,
				     arrival->reply, engine->now_us);
	arrival->as_seen = shows.rests;
	/* What passes may be old: what was held before stays so until it is let go. */
	if (is_clients(arrival) && shows.says == PR_INSPECTION_HOLD)
		inspected->unclear = true;
	if (shows.releases)
		inspected->unclear = shows.says == PR_INSPECTION_HOLD && is_clients(arrival);
	if (shows.says == PR_INSPECTION_FINISHED) {
		finish(engine, link);
		conclude(engine, link, true);
	} else if (shows.settled || shows.anew) {
		conclude(engine, link, false);
	}
	for (unsigned int i = 0; shows.releases && i < PR_LINK_N_ENDS; i++)
		pr_inspecting_settled(engine, link, (enum pr_link_end_name)i);
	return shows;
}

static enum pr_inspecting_outcome hold(struct pr_engine *engine, const struct pr_arrival *arrival)
{
	const struct pr_link_end *end = &arrival->link->ends[arrival->end];
	struct pr_inspected_link *inspected = pr_inspected_enter(engine, arrival->link);

	if (!inspected || !pr_held_add(engine, inspected, arrival)) {
		pr_inspected_leave(engine, arrival->link);
		return PR_INSPECTING_ENDS;
	}
	if (end->asked)
		inspected->asks_until_us = pr_packets_hold_until(engine, end);
	pr_engine_due(engine, end->asked ? inspected->asks_until_us
					 : engine->now_us + PR_INSPECTION_HOLD_MS * UINT64_C(1000));
	return PR_INSPECTING_HELD;
}

/* The end as it was decided by the packet, or before it. */
static enum pr_inspecting_outcome outcome(struct pr_engine *engine,
					  const struct pr_arrival *arrival,
					  struct pr_inspected shows, bool was_provisional)
{
	struct pr_link_end *end = &arrival->link->ends[arrival->end];

	if (end->asked)
		return hold(engine, arrival);
	/* As held.c does with what was held. */
	if (!pr_end_passes(end))
		return end->verdict == PR_VERDICT_BLOCK &&
				       arrival->link->tuple.proto == IPPROTO_TCP && end->begun
			       ? PR_INSPECTING_ENDS
			       : PR_INSPECTING_GOES;
	if (shows.says == PR_INSPECTION_DROP && was_provisional) {
		engine->counters.inspection_dropped++;
		return PR_INSPECTING_ENDS;
	}
	if (shows.says == PR_INSPECTION_HOLD && end->wants && is_clients(arrival)) {
		if (!shows.retransmission ||
		    !pr_inspecting_holds(engine, arrival->link, arrival->end))
			return hold(engine, arrival);
		engine->counters.inspection_sent_again++;
		return PR_INSPECTING_ENDS;
	}
	end->begun = true;
	return PR_INSPECTING_GOES;
}

/* Sent by the socket that is about to be destroyed. */
static bool is_spared(const struct pr_arrival *arrival)
{
	struct pr_link *link = arrival->link;
	const struct pr_link_end *end = &link->ends[arrival->end];

	if (!link->spared || arrival->reply || arrival->end != PR_LINK_OUT || !end->decided ||
	    end->verdict != PR_VERDICT_BLOCK || link->tuple.proto != IPPROTO_TCP ||
	    arrival->parsed.tcp_flags & PR_TCP_SYN)
		return false;
	link->spared--;
	return true;
}

enum pr_inspecting_outcome pr_inspecting_look(struct pr_engine *engine, struct pr_arrival *arrival)
{
	struct pr_link *link = arrival->link;
	struct pr_link_end *end = &link->ends[arrival->end];
	struct pr_inspected shows = { .says = PR_INSPECTION_PASS };
	bool was_provisional;

	/* What is forwarded is decided at the hook behind. What goes through the tunnel never gets there. */
	if (arrival->packet->hook == PR_HOOK_PREROUTING &&
	    end->verdict != PR_VERDICT_REROUTE_TUNNEL)
		return PR_INSPECTING_GOES;
	if (!pr_end_is_inspected(end)) {
		end->begun |= end->decided && end->verdict == PR_VERDICT_ACCEPT;
		return is_spared(arrival) ? PR_INSPECTING_ENDS : PR_INSPECTING_GOES;
	}
	was_provisional = is_provisional(link);
	if (link->look == PR_LINK_LOOK_NEW)
		begin(engine, arrival);
	if (link->look == PR_LINK_LOOK_AWAITS && (carries(arrival) || was_provisional))
		start(engine, link);
	if (link->look == PR_LINK_LOOK_RUNNING)
		shows = see(engine, arrival);
	/* What several paths carry is put together by numbers of its own. */
	if (was_provisional && arrival->parsed.multipath && arrival->parsed.tcp_flags & PR_TCP_SYN)
		arrival->as_seen = arrival->one_path = true;
	return outcome(engine, arrival, shows, was_provisional);
}

enum pr_inspecting_outcome pr_inspecting_look_again(struct pr_engine *engine, struct pr_link *link,
						    struct pr_parked *parked)
{
	struct pr_intercepted packet = parked->packet;
	enum pr_inspecting_outcome outcome;
	struct pr_arrival arrival = { .interception = parked->interception,
				      .packet = &packet,
				      .link = link,
				      .end = (enum pr_link_end_name)parked->end,
				      .reply = parked->reply };

	packet.bytes = parked->copy;
	/* It was parsed before. */
	if (!packet.bytes || pr_packet_parse(packet.bytes, packet.len, packet.wire_len,
					     &arrival.parsed) != PR_PACKET_PARSED)
		return PR_INSPECTING_GOES;
	outcome = pr_inspecting_look(engine, &arrival);
	parked->as_seen = arrival.as_seen;
	parked->one_path = arrival.one_path;
	return outcome;
}

void pr_inspecting_stop(struct pr_engine *engine, struct pr_link *link)
{
	finish(engine, link);
	pr_held_forget(engine, link);
	pr_inspected_leave(engine, link);
}

void pr_inspecting_forget(struct pr_engine *engine, struct pr_link *link)
{
	pr_inspecting_stop(engine, link);
	pr_seen_forget(engine, link);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t pr_inspecting_tick(struct pr_engine *engine)
{
	struct pr_inspections *inspections = engine->inspecting->inspections;
	struct pr_inspection *inspection;
	uint64_t due_us = PR_ENGINE_NEVER, id;

	while ((id = pr_inspections_tick(inspections, engine->now_us, &inspection, &due_us))) {
		struct pr_link *link = pr_links_by_id(engine->links, id);

		pr_assert(link && pr_inspected_of(engine, link)->inspection == inspection);
		finish(engine, link);
		conclude(engine, link, true);
	}
	return earlier(due_us, pr_held_tick(engine));
}
