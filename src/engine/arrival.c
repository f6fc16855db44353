/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a packet is: which link's, which end's, an error about one, or none of a link at all. */
#include "engine/arrival.h"
#include "engine/subject.h"

#include "engine/tunnelling.h"

#define DNS_HEADER_LEN 12 /* RFC 1035, 4.1.1 */
#define DNS_OPCODE     0x78

enum pr_direction pr_hook_direction(enum pr_hook hook)
{
	return hook == PR_HOOK_OUTPUT  ? PR_DIRECTION_OUT
	       : hook == PR_HOOK_INPUT ? PR_DIRECTION_IN
				       : PR_DIRECTION_FORWARD;
}

enum pr_link_end_name pr_arrival_end(const struct pr_arrival *arrival)
{
	enum pr_hook hook = arrival->packet->hook;

	/* The other end of what goes through the tunnel is its entry point, and nobody decides on that. */
	if (pr_hook_direction(hook) == PR_DIRECTION_FORWARD || pr_tunnel_is_through(arrival->link))
		return PR_LINK_OUT;
	/* A forwarded question, rerouted: behind NAT our own nameserver is its other end. */
	if (arrival->link->direction == PR_DIRECTION_FORWARD)
		return PR_LINK_IN;
	return (hook == PR_HOOK_OUTPUT) != arrival->reply ? PR_LINK_OUT : PR_LINK_IN;
}

bool pr_arrival_on_loopback(const struct pr_engine *engine, const struct pr_arrival *arrival)
{
	const struct pr_intercepted *packet = arrival->packet;
	uint32_t ifindex =
		packet->hook == PR_HOOK_OUTPUT ? packet->out_ifindex : packet->in_ifindex;

	return ifindex == engine->loopback_ifindex;
}

bool pr_arrival_find_link(const struct pr_engine *engine, struct pr_arrival *arrival)
{
	const struct pr_tuple *tuple = &arrival->parsed.tuple;

	arrival->link = pr_links_find_unaliased(engine->links, tuple, &arrival->reply);
	if (arrival->link)
		return true;
	arrival->link = pr_links_find(engine->links, tuple, &arrival->reply);
	/* At output nothing is NATed yet: who sends there to where a reroute leads is no part of the link
	 * that was rerouted, though it uses the same port. What answers is. */
	if (arrival->link && arrival->packet->hook == PR_HOOK_OUTPUT && !arrival->reply)
		arrival->link = NULL;
	return arrival->link;
}

bool pr_arrival_at_entry(const struct pr_engine *engine, const struct pr_arrival *arrival)
{
	const struct pr_tuple *tuple = &arrival->parsed.tuple;
	uint16_t port = tuple->dst.family == 4 ? engine->tunnel_port4 : engine->tunnel_port6;

	return port && (tuple->proto == IPPROTO_TCP || tuple->proto == IPPROTO_UDP) &&
	       ((arrival->packet->hook == PR_HOOK_INPUT && tuple->dst_port == port) ||
		(arrival->packet->hook == PR_HOOK_OUTPUT && tuple->src_port == port));
}

bool pr_arrival_find_at_entry(struct pr_engine *engine, struct pr_arrival *arrival)
{
	struct pr_tuple seen = arrival->parsed.tuple;
	bool reply = arrival->packet->hook == PR_HOOK_OUTPUT, is_reply;

	arrival->reply = reply;
	arrival->link = pr_links_find(engine->links, &seen, &is_reply);
	if (arrival->link && is_reply == reply && pr_tunnel_is_through(arrival->link))
		return true;
	if (reply)
		seen = pr_tuple_reversed(&seen);
	arrival->link = pr_tunnel_arrived(engine, &seen);
	return arrival->link;
}

bool pr_arrival_from_self(const struct pr_engine *engine, const struct pr_arrival *arrival)
{
	const struct pr_tuple *tuple = &arrival->parsed.tuple;

	return arrival->packet->hook == PR_HOOK_INPUT && !arrival->reply &&
	       tuple->dst_port == PR_ENGINE_PORT_DOMAIN &&
	       (tuple->proto == IPPROTO_UDP || tuple->proto == IPPROTO_TCP) &&
	       pr_arrival_on_loopback(engine, arrival);
}

bool pr_arrival_from_tunnel(const struct pr_engine *engine, const struct pr_arrival *arrival)
{
	const struct pr_tuple *tuple = &arrival->parsed.tuple;

	return arrival->packet->hook == PR_HOOK_INPUT && !arrival->reply &&
	       tuple->proto == IPPROTO_TCP && arrival->parsed.tcp_flags & PR_TCP_SYN &&
	       pr_tunnel_has_port(engine, tuple->dst_port) &&
	       pr_arrival_on_loopback(engine, arrival);
}

enum pr_arrival_dns pr_arrival_dns(const struct pr_arrival *arrival)
{
	const struct pr_packet *parsed = &arrival->parsed;
	const uint8_t *message = arrival->packet->bytes + parsed->payload_offset;

	if (parsed->tuple.proto != IPPROTO_UDP || parsed->tuple.dst_port != PR_ENGINE_PORT_DOMAIN ||
	    parsed->payload_len < DNS_HEADER_LEN)
		return PR_ARRIVAL_NO_DNS;
	/* Whatever a server might take for a query is one: of the first flags' byte the opcode alone counts. */
	return message[2] & DNS_OPCODE ? PR_ARRIVAL_DNS_OTHER : PR_ARRIVAL_DNS_QUERY;
}

/* Asks who sent what is going out, by its own tuple and not by its link's. */
static enum pr_owner_outcome sender_of(struct pr_engine *engine, const struct pr_arrival *arrival,
				       struct pr_process **ret_process)
{
	*ret_process = NULL;
	return engine->ports.owner(engine->ports.context, arrival->packet, &arrival->parsed.tuple,
				   pr_hook_direction(arrival->packet->hook), ++engine->last_ticket,
				   ret_process);
}

bool pr_arrival_is_refusal(struct pr_engine *engine, const struct pr_arrival *arrival)
{
	const struct pr_link_end *ends = arrival->link->ends;
	struct pr_process *process;

	if (!arrival->reply ||
	    !(arrival->parsed.icmp_error || (arrival->parsed.tuple.proto == IPPROTO_TCP &&
					     arrival->parsed.tcp_flags & PR_TCP_RST)))
		return false;
	if ((!ends[PR_LINK_OUT].decided || ends[PR_LINK_OUT].verdict != PR_VERDICT_BLOCK) &&
	    (!ends[PR_LINK_IN].decided || ends[PR_LINK_IN].verdict != PR_VERDICT_BLOCK))
		return false;
	if (arrival->packet->hook == PR_HOOK_INPUT)
		return pr_arrival_on_loopback(engine, arrival);
	if (arrival->packet->hook != PR_HOOK_OUTPUT)
		return false;
	if (sender_of(engine, arrival, &process) == PR_OWNER_KERNEL)
		return true;
	pr_process_release(process);
	return false;
}

/* An error carries bytes of whoever made it. The kernel makes those that are meant; a program that may
 * (CAP_NET_RAW) speaks in its own name, unless the link is its own. What comes from elsewhere was made by
 * the other end or on the way. */
static bool by_who_may(struct pr_engine *engine, const struct pr_arrival *arrival)
{
	const struct pr_intercepted *packet = arrival->packet;
	struct pr_process *process;
	enum pr_owner_outcome outcome;
	bool own;

	if (packet->hook == PR_HOOK_INPUT)
		return true;
	outcome = sender_of(engine, arrival, &process);
	own = outcome == PR_OWNER_KNOWN &&
	      pr_process_same(process, arrival->link->ends[arrival->end].owner);
	pr_process_release(process);
	return own || outcome == PR_OWNER_KERNEL || outcome == PR_OWNER_SELF ||
	       (outcome == PR_OWNER_NONE &&
		(packet->hook != PR_HOOK_OUTPUT || packet->uid == UINT32_MAX));
}

bool pr_arrival_about_link(struct pr_engine *engine, struct pr_arrival *arrival,
			   enum pr_verdict *ret_verdict)
{
	const struct pr_packet *parsed = &arrival->parsed;
	const struct pr_link_end *end;
	bool reply;

	/* It goes to who sent what it is about (RFC 1122, 3.2.2; RFC 4443, 2.2). */
	if (!parsed->icmp_error || !parsed->embedded_known ||
	    !pr_address_equal(&parsed->tuple.dst, &parsed->embedded.src))
		return false;
	arrival->link = pr_links_find(engine->links, &parsed->embedded, &reply);
	if (!arrival->link)
		return false;
	/* The error travels against the packet that it is about. */
	arrival->reply = !reply;
	arrival->end = pr_arrival_end(arrival);
	end = &arrival->link->ends[arrival->end];
	if (pr_arrival_is_refusal(engine, arrival)) {
		*ret_verdict = PR_VERDICT_ACCEPT;
		return true;
	}
	*ret_verdict =
		!end->decided || end->verdict == PR_VERDICT_BLOCK || end->verdict == PR_VERDICT_DROP
			? PR_VERDICT_DROP
			: PR_VERDICT_ACCEPT;
	return *ret_verdict == PR_VERDICT_DROP || by_who_may(engine, arrival);
}

static void decide_on_infrastructure(struct pr_engine *engine, const struct pr_link *link,
				     enum pr_link_end_name end, struct pr_decision *ret_decision)
{
	PR_UNINITIALIZED struct pr_subject_of of;

	pr_subject_of_end(engine, link, end, &of);
	pr_intel_of_link(engine, &of);
	pr_decide_on_link(engine->policy, &of.subject, ret_decision);
}

/* Decided packet by packet, for what follows between the same two addresses may be something else. Seen
 * here only while a rule speaks of it; the kernel accepts it otherwise. */
bool pr_arrival_is_infrastructure(struct pr_engine *engine, const struct pr_arrival *arrival,
				  struct pr_decision *ret_decision)
{
	enum pr_direction direction = pr_hook_direction(arrival->packet->hook);
	enum pr_infrastructure infrastructure =
		pr_packet_infrastructure(&arrival->parsed, direction == PR_DIRECTION_OUT);
	struct pr_link link = { .tuple = arrival->parsed.tuple, .direction = (uint8_t)direction };
	enum pr_link_end_name end = direction == PR_DIRECTION_IN ? PR_LINK_IN : PR_LINK_OUT;

	if (direction == PR_DIRECTION_FORWARD || infrastructure == PR_INFRASTRUCTURE_NONE ||
	    infrastructure == PR_INFRASTRUCTURE_PMTU)
		return false;
	link.infrastructure = true;
	link.ends[end].application = engine->kernel.application;
	link.ends[end].profile = PR_PROFILE_KERNEL;
	decide_on_infrastructure(engine, &link, end, ret_decision);
	return true;
}
