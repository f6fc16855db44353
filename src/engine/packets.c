/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The packet corridor. A packet is parsed and belongs to an end of a link: the sending end at output, the
 * receiving one at input; a local link passes both hooks and has two ends, owners and verdicts. A decided
 * end answers at once. Otherwise the owner is found, the end decided; where one of the two has to be
 * waited for, the packet is parked and other links pass by. A multicast packet that arrives is decided for
 * the first receiver that the owner port names.
 */
#include "engine/arrival.h"
#include "engine/attackers.h"
#include "engine/events.h"
#include "engine/inspecting.h"
#include "engine/pool.h"
#include "engine/subject.h"
#include "engine/tunnelling.h"

void pr_count_order(struct pr_engine *engine, const struct pr_verdict_order *order)
{
	uint64_t *const counters[] = {
		[PR_VERDICT_ACCEPT] = &engine->counters.verdict_accept,
		[PR_VERDICT_BLOCK] = &engine->counters.verdict_block,
		[PR_VERDICT_DROP] = &engine->counters.verdict_drop,
		[PR_VERDICT_REROUTE_NAMESERVER] = &engine->counters.verdict_reroute_nameserver,
		[PR_VERDICT_REROUTE_TUNNEL] = &engine->counters.verdict_reroute_tunnel,
	};

	++*counters[order->verdict];
}

static enum pr_engine_packet_outcome done(struct pr_engine *engine, struct pr_arrival *arrival,
					  struct pr_verdict_order order)
{
	pr_count_order(engine, &order);
	*arrival->order = order;
	return PR_ENGINE_DECIDED;
}

static enum pr_engine_packet_outcome plain(struct pr_engine *engine, struct pr_arrival *arrival,
					   enum pr_verdict verdict)
{
	return done(
		engine, arrival,
		(struct pr_verdict_order){ .verdict = verdict, .generation = engine->generation });
}

static enum pr_spoof spoof_of(const struct pr_engine *engine, const struct pr_arrival *arrival)
{
	return pr_spoofed(&arrival->parsed.tuple, pr_hook_direction(arrival->packet->hook),
			  pr_arrival_on_loopback(engine, arrival), &engine->own);
}

static bool add_parked(struct pr_engine *engine, struct pr_arrival *arrival,
		       enum pr_parked_for wait, uint64_t ticket, uint64_t deadline_us)
{
	const struct pr_parked parked = {
		.wait = wait,
		.end = (uint8_t)arrival->end,
		.reply = arrival->reply,
		.link = arrival->link->id,
		.ticket = ticket,
		.deadline_us = deadline_us,
		.interception = arrival->interception,
		.packet = *arrival->packet,
		.as_seen = arrival->as_seen,
		.one_path = arrival->one_path,
	};

	if (deadline_us <= engine->now_us || !pr_parking_add(engine, &parked))
		return false;
	arrival->link->ends[arrival->end].held = true;
	return true;
}

static enum pr_engine_packet_outcome park(struct pr_engine *engine, struct pr_arrival *arrival,
					  enum pr_parked_for wait, uint64_t ticket,
					  uint64_t deadline_us)
{
	return add_parked(engine, arrival, wait, ticket, deadline_us)
		       ? PR_ENGINE_HELD
		       : plain(engine, arrival, PR_VERDICT_DROP);
}

/* True where it waits, or is dropped because others of its link do: a connection's packet is sent again. Where there is no
 * room to wait, it goes at once. */
static bool waits_for_tunnel(struct pr_engine *engine, struct pr_arrival *arrival,
			     enum pr_engine_packet_outcome *ret_outcome)
{
	struct pr_link *link = arrival->link;
	bool others;

	if (pr_tunnel_look(engine, link, arrival->end, arrival->reply) == PR_TUNNEL_GOES)
		return false;
	others = pr_parking_waits(engine, link->id, arrival->end, PR_PARKED_TUNNEL);
	*ret_outcome = PR_ENGINE_HELD;
	if ((!others || link->tuple.proto == IPPROTO_UDP) &&
	    add_parked(engine, arrival, PR_PARKED_TUNNEL, 0, pr_tunnel_wait_until(engine, link)))
		return true;
	if (!others && pr_tunnel_at_once(engine, link))
		return false;
	*ret_outcome = plain(engine, arrival, PR_VERDICT_DROP);
	return true;
}

/* While the generation is being raised the kernel sends back an order of the one before, again and again
 * until we hear of the new one, and the machine is busy with that. */
static enum pr_engine_packet_outcome give_verdict(struct pr_engine *engine,
						  struct pr_arrival *arrival)
{
	struct pr_verdict_order order;
	enum pr_engine_packet_outcome outcome;

	if (waits_for_tunnel(engine, arrival, &outcome))
		return outcome;
	switch (pr_inspecting_look(engine, arrival)) {
	case PR_INSPECTING_HELD:
		return PR_ENGINE_HELD;
	case PR_INSPECTING_ENDS:
		return plain(engine, arrival, PR_VERDICT_DROP);
	case PR_INSPECTING_GOES:
		break;
	}
	order = pr_end_order(engine, arrival->link, arrival->end, arrival->packet->hook,
			     arrival->reply);
	order.as_seen = arrival->as_seen;
	order.one_path = arrival->one_path;
	if (order.verdict == PR_VERDICT_REROUTE_TUNNEL)
		pr_tunnel_passes(arrival->link, arrival->end);
	if (engine->generation_asked &&
	    (order.verdict == PR_VERDICT_ACCEPT || order.verdict == PR_VERDICT_REROUTE_TUNNEL) &&
	    add_parked(engine, arrival, PR_PARKED_GENERATION, 0,
		       engine->now_us + PR_ENGINE_GENERATION_WAIT_MS * UINT64_C(1000)))
		return PR_ENGINE_HELD;
	return done(engine, arrival, order);
}

uint64_t pr_packets_hold_until(const struct pr_engine *engine, const struct pr_link_end *end)
{
	const struct pr_settings *settings = pr_policy_settings(engine->policy, end->profile);

	return engine->now_us + settings->ask_hold_ms * UINT64_C(1000);
}

void pr_packets_settled(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end)
{
	if (link->ends[end].asked) {
		pr_parking_turn_to(engine, link, end, PR_PARKED_PROMPT,
				   pr_packets_hold_until(engine, &link->ends[end]));
		pr_inspecting_settled(engine, link, end);
		return;
	}
	if (pr_parking_holds(engine, link, end) &&
	    pr_tunnel_look(engine, link, end, false) == PR_TUNNEL_WAITS) {
		pr_parking_turn_to(engine, link, end, PR_PARKED_TUNNEL,
				   pr_tunnel_wait_until(engine, link));
		return;
	}
	link->ends[end].held = false;
	if (link->ends[end].verdict == PR_VERDICT_REROUTE_NAMESERVER)
		link->rerouted = true;
	pr_inspecting_settled(engine, link, end);
	pr_parking_release(engine, link, end);
	if (link->ends[end].asked)
		pr_parking_turn_to(engine, link, end, PR_PARKED_PROMPT,
				   pr_packets_hold_until(engine, &link->ends[end]));
	link->ends[end].held = pr_parking_holds(engine, link, end);
}

void pr_packets_owner(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end,
		      struct pr_actor actor, bool settled)
{
	pr_end_set_owner_take(engine, &link->ends[end], actor, settled);
	pr_attackers_owner(engine, link, end);
	pr_end_decide(engine, link, end);
	pr_event_tell_end(engine, link, end);
	pr_packets_settled(engine, link, end);
}

/* The end has its owner: decides it, tells it, and answers its packet. */
static enum pr_engine_packet_outcome decide(struct pr_engine *engine, struct pr_arrival *arrival)
{
	struct pr_link_end *end = &arrival->link->ends[arrival->end];
	const struct pr_link_end before = *end;
	enum pr_engine_packet_outcome outcome;

	pr_end_decide(engine, arrival->link, arrival->end);
	pr_packets_settled(engine, arrival->link, arrival->end);
	outcome = end->asked ? park(engine, arrival, PR_PARKED_PROMPT, 0,
				    pr_packets_hold_until(engine, end))
			     : give_verdict(engine, arrival);
	/* What this very packet has shown is told with it. */
	if (before.asked != end->asked || before.decided != end->decided ||
	    before.verdict != end->verdict || before.application != end->application)
		pr_event_owe(engine, arrival->link, arrival->end);
	return outcome;
}

static enum pr_engine_packet_outcome with_owner(struct pr_engine *engine,
						struct pr_arrival *arrival,
						enum pr_owner_outcome outcome, uint64_t ticket,
						struct pr_process *process)
{
	struct pr_link_end *end = &arrival->link->ends[arrival->end];

	if (outcome == PR_OWNER_WAIT) {
		engine->counters.owner_waited++;
		return park(engine, arrival, PR_PARKED_OWNER, ticket,
			    engine->now_us + PR_ENGINE_OWNER_WAIT_MS * UINT64_C(1000));
	}
	if (outcome == PR_OWNER_BUSY) {
		engine->counters.owner_busy++;
		return plain(engine, arrival, PR_VERDICT_DROP);
	}
	pr_end_set_owner_take(engine, end, pr_actor_of_outcome_take(engine, outcome, process),
			      true);
	pr_attackers_owner(engine, arrival->link, arrival->end);
	return decide(engine, arrival);
}

static enum pr_owner_outcome ask_owner(struct pr_engine *engine, const struct pr_arrival *arrival,
				       uint64_t *ret_ticket, struct pr_process **ret_process)
{
	*ret_ticket = ++engine->last_ticket;
	*ret_process = NULL;
	return engine->ports.owner(engine->ports.context, arrival->packet, &arrival->link->tuple,
				   pr_link_direction_of(arrival->link, arrival->end), *ret_ticket,
				   ret_process);
}

static enum pr_engine_packet_outcome undecided(struct pr_engine *engine, struct pr_arrival *arrival)
{
	struct pr_link_end *end = &arrival->link->ends[arrival->end];
	enum pr_owner_outcome outcome;
	struct pr_process *process;
	uint64_t ticket;

	if (end->owner_known)
		return decide(engine, arrival);
	/* It has been asked for: the same answer serves this packet. */
	if (pr_parking_waits(engine, arrival->link->id, arrival->end, PR_PARKED_OWNER))
		return park(engine, arrival, PR_PARKED_OWNER, 0,
			    engine->now_us + PR_ENGINE_OWNER_WAIT_MS * UINT64_C(1000));
	outcome = ask_owner(engine, arrival, &ticket, &process);
	/* Decided without an owner before, and still nobody knows: as before. */
	if (end->decided && outcome != PR_OWNER_KNOWN && outcome != PR_OWNER_SELF)
		return give_verdict(engine, arrival);
	return with_owner(engine, arrival, outcome, ticket, process);
}

static void count_spoofed(struct pr_engine *engine, const struct pr_arrival *arrival,
			  enum pr_spoof spoof)
{
	engine->counters.packets_spoofed++;
	pr_attackers_spoofed(engine, &arrival->parsed.tuple, spoof, arrival->packet->in_ifindex);
}

static enum pr_engine_packet_outcome new_link(struct pr_engine *engine, struct pr_arrival *arrival)
{
	const struct pr_packet *parsed = &arrival->parsed;
	const uint8_t both = PR_TCP_SYN | PR_TCP_ACK;
	struct pr_tuple tuple = parsed->tuple;
	enum pr_spoof spoof = spoof_of(engine, arrival);
	enum pr_direction direction = pr_hook_direction(arrival->packet->hook);

	/* The answer to a connection that was opened before anybody looked: conntrack knows it then. Where it
	 * does not, a raw socket made it up, and it goes the way of whoever sends it. */
	arrival->reply = tuple.proto == IPPROTO_TCP && (parsed->tcp_flags & both) == both &&
			 !arrival->packet->untracked;
	if (arrival->reply) {
		tuple = pr_tuple_reversed(&tuple);
		if (direction != PR_DIRECTION_FORWARD)
			direction =
				direction == PR_DIRECTION_OUT ? PR_DIRECTION_IN : PR_DIRECTION_OUT;
	}
	if (pr_links_add(engine->links, &tuple, direction, engine->now_us, &arrival->link) != 0) {
		engine->counters.dropped_table_full++;
		return plain(engine, arrival, PR_VERDICT_DROP);
	}
	pr_pool_link_made(engine, arrival->link);
	arrival->link->inherits = arrival->inherits;
	arrival->link->succeeds = arrival->succeeds;
	/* Conntrack has nothing to say of it: its entry was there. Where NAT leads, it shows when it arrives (tunnel_news.c). */
	if (arrival->is_tracked && !arrival->inherits)
		pr_links_confirm(engine->links, arrival->link, NULL, NULL, engine->now_us);
	arrival->link->untracked = arrival->packet->untracked;
	arrival->link->syn = tuple.proto == IPPROTO_TCP && (parsed->tcp_flags & both) == PR_TCP_SYN;
	if (arrival->link->syn)
		arrival->link->isn = parsed->seq;
	arrival->link->flags |= (uint16_t)(spoof << PR_LINK_SPOOF_SHIFT);
	if (spoof != PR_SPOOF_NO)
		count_spoofed(engine, arrival, spoof);
	pr_attackers_begin(engine, arrival->link, parsed->tcp_flags, arrival->packet->in_ifindex);
	arrival->link->from_self = pr_arrival_from_self(engine, arrival);
	arrival->link->from_tunnel = pr_arrival_from_tunnel(engine, arrival);
	arrival->link->no_question =
		direction != PR_DIRECTION_IN && pr_arrival_dns(arrival) == PR_ARRIVAL_DNS_OTHER;
	arrival->end = pr_arrival_end(arrival);
	return undecided(engine, arrival);
}

/* A flow of datagrams to the entry point: what another sends from its port goes his own way. */
static bool has_one_sender(const struct pr_arrival *arrival)
{
	const struct pr_link *link = arrival->link;

	return link->tuple.proto == IPPROTO_UDP &&
	       (link->inherits || link->ends[arrival->end].verdict == PR_VERDICT_REROUTE_TUNNEL);
}

static bool opens_a_connection(const struct pr_arrival *arrival)
{
	const uint8_t flags = arrival->parsed.tcp_flags & (PR_TCP_SYN | PR_TCP_ACK | PR_TCP_RST);

	return arrival->parsed.tuple.proto == IPPROTO_TCP && flags == PR_TCP_SYN;
}

/* The first of a link's packets that may be another process's by now: a SYN, whoever sends it or is called by it, or a
 * question, which has no connection: to a nameserver elsewhere, or straight to ours, which stands at another port. */
static bool may_be_anothers(const struct pr_arrival *arrival)
{
	const struct pr_link_end *end = &arrival->link->ends[arrival->end];

	if (arrival->reply)
		return false;
	if (opens_a_connection(arrival))
		return end->owner;
	if (arrival->packet->hook != PR_HOOK_OUTPUT)
		return false;
	if (has_one_sender(arrival))
		return true;
	if (!end->owner || arrival->parsed.tuple.proto == IPPROTO_TCP)
		return false;
	return end->verdict == PR_VERDICT_REROUTE_NAMESERVER ||
	       pr_link_asks_by_datagram(arrival->link, arrival->end);
}

/* It is not the one that opened its link, and nobody knows who sent it. */
static bool is_nobodys_opening(const struct pr_arrival *arrival)
{
	return arrival->packet->hook != PR_HOOK_INPUT && opens_a_connection(arrival) &&
	       arrival->link->syn && arrival->parsed.seq != arrival->link->isn;
}

/* Sent again, or another process has the port by now and the end of the link before has not been heard of yet. True when
 * *ret_outcome belongs to a new link. */
static bool taken_over(struct pr_engine *engine, const struct pr_arrival *arrival,
		       enum pr_owner_outcome *ret_outcome, uint64_t *ret_ticket,
		       struct pr_process **ret_process)
{
	const struct pr_link_end *end = &arrival->link->ends[arrival->end];

	if (!may_be_anothers(arrival))
		return false;
	*ret_outcome = ask_owner(engine, arrival, ret_ticket, ret_process);
	if (*ret_outcome != PR_OWNER_KNOWN)
		return *ret_outcome == PR_OWNER_WAIT || *ret_outcome == PR_OWNER_BUSY ||
		       is_nobodys_opening(arrival) ||
		       (end->owner && engine->senders_checked && has_one_sender(arrival));
	if (!end->owner || !pr_process_same(*ret_process, end->owner))
		return true;
	pr_process_release(*ret_process);
	return false;
}

/* Another link has the ends of the one that was known. */
static enum pr_engine_packet_outcome succeed(struct pr_engine *engine, struct pr_arrival *arrival)
{
	const struct pr_link *link = arrival->link;

	arrival->succeeds = true;
	arrival->is_tracked = pr_link_is_tracked(engine, link);
	arrival->inherits = (arrival->is_tracked || link->tuple.proto == IPPROTO_UDP) &&
			    (link->inherits || link->tunnelled);
	pr_link_end_it(engine, arrival->link);
	return new_link(engine, arrival);
}

/* A SYN that isn't the one that opened its link is another connection's. Anybody may send one from elsewhere, and one may be
 * sent again into what is older than the engine: there it is another's where the kernel has no entry yet that it belongs to. */
static bool begins_anew(const struct pr_engine *engine, const struct pr_arrival *arrival)
{
	const uint8_t both = PR_TCP_SYN | PR_TCP_ACK;
	const struct pr_link *link = arrival->link;

	if (arrival->reply || link->tuple.proto != IPPROTO_TCP || arrival->parsed.icmp_error ||
	    (arrival->parsed.tcp_flags & both) != PR_TCP_SYN ||
	    (link->syn && arrival->parsed.seq == link->isn))
		return false;
	/* NAT sends it to the entry point, or it is refused there: the kernel hands up nothing else of it. */
	if (link->tunnel || (arrival->packet->hook == PR_HOOK_OUTPUT && !link->adopted))
		return true;
	return !pr_link_is_tracked(engine, link);
}

/* What is forwarded is no link of this host's, whatever its tuple says, nor the other way round. */
static bool is_elsewhere(const struct pr_arrival *arrival)
{
	bool forwarded = pr_hook_direction(arrival->packet->hook) == PR_DIRECTION_FORWARD;

	return (arrival->link->direction == PR_DIRECTION_FORWARD) != forwarded &&
	       !arrival->link->rerouted && !pr_tunnel_is_through(arrival->link);
}

static enum pr_engine_packet_outcome drop_spoofed(struct pr_engine *engine,
						  struct pr_arrival *arrival)
{
	count_spoofed(engine, arrival, spoof_of(engine, arrival));
	return plain(engine, arrival, PR_VERDICT_DROP);
}

static enum pr_engine_packet_outcome known_link(struct pr_engine *engine,
						struct pr_arrival *arrival)
{
	struct pr_link_end *end;
	struct pr_process *process = NULL;
	enum pr_owner_outcome outcome;
	uint64_t ticket;

	if (arrival->link->owed)
		pr_event_pay(engine, 0);
	if (is_elsewhere(arrival)) {
		if (spoof_of(engine, arrival) != PR_SPOOF_NO)
			return drop_spoofed(engine, arrival);
		return succeed(engine, arrival);
	}
	if (begins_anew(engine, arrival))
		return succeed(engine, arrival);
	arrival->end = pr_arrival_end(arrival);
	end = &arrival->link->ends[arrival->end];
	pr_links_touch(engine->links, arrival->link, engine->now_us);
	arrival->link->untracked |= arrival->packet->untracked;
	if (pr_arrival_is_refusal(engine, arrival))
		return plain(engine, arrival, PR_VERDICT_ACCEPT);
	/* Nobody gets past our nameserver by beginning with something else. */
	if (arrival->link->no_question && !arrival->reply &&
	    pr_arrival_dns(arrival) != PR_ARRIVAL_DNS_OTHER)
		return plain(engine, arrival, PR_VERDICT_BLOCK);
	if (!end->decided && !end->asked && spoof_of(engine, arrival) != PR_SPOOF_NO)
		return drop_spoofed(engine, arrival);
	if (!end->decided || !end->owner_known ||
	    arrival->link->flags & PR_LINK_FLAG_TIMEOUT << arrival->end ||
	    pr_attackers_released(engine, arrival->link, arrival->end))
		return undecided(engine, arrival);
	engine->counters.packets_known_link++;
	if (!taken_over(engine, arrival, &outcome, &ticket, &process))
		return give_verdict(engine, arrival);
	pr_process_release(process);
	if (end->verdict == PR_VERDICT_REROUTE_NAMESERVER && !arrival->packet->questions_read)
		return PR_ENGINE_QUESTIONS_FIRST;
	return succeed(engine, arrival);
}

static enum pr_engine_packet_outcome at_entry(struct pr_engine *engine, struct pr_arrival *arrival)
{
	const uint8_t both = PR_TCP_SYN | PR_TCP_ACK;

	/* What begins anew does so before NAT. */
	if (pr_arrival_find_at_entry(engine, arrival) &&
	    ((arrival->parsed.tcp_flags & both) != PR_TCP_SYN ||
	     (arrival->link->syn && arrival->parsed.seq == arrival->link->isn)))
		return known_link(engine, arrival);
	engine->counters.tunnel_strangers++;
	return plain(engine, arrival, PR_VERDICT_DROP);
}

static bool parse(struct pr_engine *engine, struct pr_arrival *arrival)
{
	const struct pr_intercepted *packet = arrival->packet;

	switch (pr_packet_parse(packet->bytes, packet->len, packet->wire_len, &arrival->parsed)) {
	case PR_PACKET_PARSED:
		return true;
	case PR_PACKET_LATER_FRAGMENT:
		/* It names no ports. Conntrack puts fragments together before any hook of ours, so none
		 * comes by but where that fails, or where a rule keeps conntrack away. */
		engine->counters.packets_later_fragment++;
		return false;
	default:
		engine->counters.packets_malformed++;
		pr_attackers_malformed(engine, packet);
		return false;
	}
}

/* From a nameserver's port, to one that asked nothing: as a link of its own, what is asked from that port afterwards would be
 * its answer, and go straight. Without conntrack nothing is anybody's answer. */
static bool is_unasked_answer(const struct pr_arrival *arrival)
{
	const struct pr_tuple *tuple = &arrival->parsed.tuple;

	return arrival->packet->hook != PR_HOOK_OUTPUT && !arrival->packet->untracked &&
	       tuple->proto == IPPROTO_UDP && tuple->src_port == PR_ENGINE_PORT_DOMAIN &&
	       tuple->dst_port != PR_ENGINE_PORT_DOMAIN;
}

enum pr_engine_packet_outcome pr_packets_handle(struct pr_engine *engine,
						struct pr_interception *interception,
						const struct pr_intercepted *packet,
						struct pr_verdict_order *ret_order)
{
	struct pr_arrival arrival = { .interception = interception,
				      .packet = packet,
				      .order = ret_order };
	struct pr_decision decision;
	enum pr_verdict verdict;

	engine->counters.packets++;
	if (!engine->policy) {
		engine->counters.dropped_no_policy++;
		return plain(engine, &arrival, PR_VERDICT_DROP);
	}
	if (!parse(engine, &arrival))
		return plain(engine, &arrival, PR_VERDICT_DROP);
	if (packet->untracked)
		engine->counters.packets_untracked++;
	if (pr_arrival_about_link(engine, &arrival, &verdict))
		return plain(engine, &arrival, verdict);
	if (pr_arrival_is_infrastructure(engine, &arrival, &decision))
		return plain(engine, &arrival, decision.verdict);
	if (pr_arrival_at_entry(engine, &arrival))
		return at_entry(engine, &arrival);
	if (pr_arrival_find_link(engine, &arrival))
		return known_link(engine, &arrival);
	if (is_unasked_answer(&arrival)) {
		engine->counters.dropped_unasked_answer++;
		return plain(engine, &arrival, PR_VERDICT_DROP);
	}
	return new_link(engine, &arrival);
}
