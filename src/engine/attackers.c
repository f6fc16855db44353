/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Attacks at the packet corridor (docs/attacks.md): feeds the detector, tells what it finds, and keeps who is blocked.
 * What an incoming link led to is known from its owner. Of a forwarded one, and of a sample of connections to a port
 * that many connect to, the kernel's table of links is asked a few seconds later, off the packets' way.
 */
#include "engine/attackers_private.h"
#include "engine/events.h"

#include <stdio.h>
#include <string.h>

void pr_attackers_init(struct pr_engine *engine)
{
	engine->attackers = pr_calloc(1, sizeof(*engine->attackers));
	engine->attackers->detector = pr_attacks_new();
}

void pr_attackers_done(struct pr_engine *engine)
{
	pr_attacks_free(engine->attackers->detector);
	free(engine->attackers);
}

static bool wanted(const struct pr_engine *engine)
{
	return pr_policy_global(engine->policy)->attacks != PR_SUSPICION_IGNORE;
}

/* ---- telling ---- */

/* What it is, and what becomes of its source. */
static const char *text_of(const struct pr_engine *engine, const struct pr_attack *attack)
{
	char *text = engine->attackers->text;
	size_t len = strlen(pr_attack_text(attack, text)), size = sizeof(engine->attackers->text);

	if (attack->blocked_until_us > engine->now_us)
		snprintf(text + len, size - len, "; its source is blocked for %llu s",
			 (unsigned long long)(attack->blocked_until_us - engine->now_us + 999999) /
				 1000000);
	else if (attack->spared)
		snprintf(text + len, size - len,
			 "; not blocked: this host needs it, or speaks with it");
	return text;
}

void pr_attackers_event(const struct pr_engine *engine, const struct pr_attack *attack,
			struct pr_event *ret_event)
{
	struct pr_event event = { .kind = PR_EVENT_SYSTEM,
				  .uid = (uid_t)-1,
				  .remote = attack->source.address,
				  .attacked = true,
				  .attack = *attack };

	event.text = text_of(engine, attack);
	event.attack.first_us = pr_event_real(engine, attack->first_us);
	event.attack.last_us = pr_event_real(engine, attack->last_us);
	if (attack->blocked_until_us)
		event.attack.blocked_until_us = pr_event_real(engine, attack->blocked_until_us);
	*ret_event = event;
}

static void tell(struct pr_engine *engine, const struct pr_attack *attack)
{
	struct pr_event event;

	if (!attack)
		return;
	pr_attackers_block(engine, attack);
	if (!attack->told)
		return;
	pr_event_pay(engine, 0);
	pr_attackers_event(engine, attack, &event);
	pr_event_send(engine, &event);
}

/* ---- what is seen ---- */

static bool is_near(const struct pr_engine *engine, const struct pr_address *address)
{
	enum pr_class class_ = pr_class_of(address, &engine->own);

	return class_ == PR_CLASS_HOST || class_ == PR_CLASS_LINK_LOCAL ||
	       class_ == PR_CLASS_SITE_LOCAL;
}

/* One more packet of a source. One that goes on when its block is over, or soon will be, is blocked again. */
static void weigh(struct pr_engine *engine, const struct pr_attack_probe *probe)
{
	struct pr_attacks *detector = engine->attackers->detector;
	const struct pr_attack *attack = pr_attacks_probe(detector, engine->now_us, probe);
	uint64_t half_us = pr_policy_global(engine->policy)->block_attackers_s * UINT64_C(500000);

	if (attack)
		return tell(engine, attack);
	attack = pr_attacks_goes_on(detector);
	if (attack && attack->blocked_until_us &&
	    attack->blocked_until_us <= engine->now_us + half_us)
		pr_attackers_block(engine, attack);
}

static struct pr_attack_probe probe_of(const struct pr_engine *engine, const struct pr_link *link,
				       bool closed)
{
	const struct pr_tuple *tuple = &link->tuple;
	bool icmp = link->technique == PR_TECHNIQUE_ICMP;

	return (struct pr_attack_probe){
		.source = tuple->src,
		.target = tuple->dst,
		.source_port = tuple->src_port,
		.port = link->technique == PR_TECHNIQUE_PROTOCOL ? tuple->proto
			: icmp					 ? 0
								 : tuple->dst_port,
		.technique = (enum pr_attack_technique)link->technique,
		.near = is_near(engine, &tuple->src),
		.forwarded = link->direction == PR_DIRECTION_FORWARD,
		.closed = closed,
		.ifindex = link->in_ifindex,
	};
}

static void watch(struct pr_engine *engine, const struct pr_link *link)
{
	struct pr_attackers *attackers = engine->attackers;
	uint32_t place = (attackers->first + attackers->n_watched) % PR_ENGINE_WATCHED_MAX;

	if (attackers->n_watched == PR_ENGINE_WATCHED_MAX || !engine->ports.opened) {
		engine->counters.attacks_unwatched++;
		return;
	}
	attackers->watched[place] =
		(struct pr_watched){ link->id, engine->now_us + PR_ENGINE_WATCH_US };
	attackers->n_watched++;
	pr_engine_due(engine, engine->now_us + PR_ENGINE_WATCH_US);
}

static void forwarded(struct pr_engine *engine, const struct pr_link *link)
{
	struct pr_attack_probe probe = probe_of(engine, link, false);

	if (link->technique == PR_TECHNIQUE_SYN)
		(void)pr_attacks_opening(engine->attackers->detector, engine->now_us, &probe);
	else
		weigh(engine, &probe);
	if (!link->rerouted)
		watch(engine, link);
}

static void incoming(struct pr_engine *engine, const struct pr_link *link, bool closed)
{
	struct pr_attacks *detector = engine->attackers->detector;
	struct pr_attack_probe probe;

	if (!closed && link->technique == PR_TECHNIQUE_SYN) {
		probe = (struct pr_attack_probe){ .target = link->tuple.dst,
						  .port = link->tuple.dst_port };
		if (pr_attacks_opening(detector, engine->now_us, &probe))
			watch(engine, link);
		return;
	}
	/* What is sent to all is no more than a question whether anybody is there. */
	if (pr_class_of(&link->tuple.dst, &engine->own) != PR_CLASS_HOST)
		return;
	probe = probe_of(engine, link, closed);
	weigh(engine, &probe);
}

void pr_attackers_begin(struct pr_engine *engine, struct pr_link *link, uint8_t tcp_flags,
			uint32_t in_ifindex)
{
	if (link->direction == PR_DIRECTION_OUT || link->flags >> PR_LINK_SPOOF_SHIFT ||
	    !wanted(engine))
		return;
	link->technique = (uint8_t)pr_attack_technique_of(link->tuple.proto, tcp_flags);
	link->in_ifindex = in_ifindex <= UINT16_MAX ? (uint16_t)in_ifindex : 0;
}

void pr_attackers_owner(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name name)
{
	const struct pr_link_end *end = &link->ends[name];

	if (!link->technique || link->weighed || !end->owner_known)
		return;
	link->weighed = true;
	if (link->direction == PR_DIRECTION_FORWARD)
		forwarded(engine, link);
	else if (name == PR_LINK_IN && !link->from_self)
		incoming(engine, link, end->application == engine->unknown.application);
}

void pr_attackers_spoofed(struct pr_engine *engine, const struct pr_tuple *tuple,
			  enum pr_spoof spoof, uint32_t in_ifindex)
{
	static const uint8_t nobody[16];

	/* Hosts without an address yet send from none; and what a host sends to all may come back to it. */
	if (!in_ifindex || !wanted(engine) ||
	    memcmp(tuple->src.bytes, nobody, sizeof(nobody)) == 0 ||
	    pr_class_of(&tuple->dst, &engine->own) != PR_CLASS_HOST)
		return;
	tell(engine, pr_attacks_spoofed(engine->attackers->detector, engine->now_us, &tuple->src,
					&tuple->dst, spoof, in_ifindex));
}

/* Where its header says whence it comes. */
void pr_attackers_malformed(struct pr_engine *engine, const struct pr_intercepted *packet)
{
	const uint8_t *bytes = packet->bytes;
	struct pr_address src, dst;

	if (packet->hook == PR_HOOK_OUTPUT || packet->len < 20 || !wanted(engine))
		return;
	if (bytes[0] >> 4 == 4) {
		src = pr_address_v4(bytes + 12);
		dst = pr_address_v4(bytes + 16);
	} else if (bytes[0] >> 4 == 6 && packet->len >= 40) {
		src = pr_address_v6(bytes + 8);
		dst = pr_address_v6(bytes + 24);
	} else {
		return;
	}
	tell(engine, pr_attacks_malformed(engine->attackers->detector, engine->now_us, &src, &dst,
					  packet->in_ifindex));
}

void pr_engine_gateways_set(struct pr_engine *engine, const struct pr_attack_gateway *gateways,
			    unsigned int n, uint64_t now_us)
{
	struct pr_attackers *attackers = engine->attackers;

	pr_engine_enter_traffic(engine, now_us);
	attackers->n_gateways = n < PR_ATTACKS_GATEWAYS_MAX ? n : PR_ATTACKS_GATEWAYS_MAX;
	memcpy(attackers->gateways, gateways, attackers->n_gateways * sizeof(*gateways));
	pr_attacks_gateways_set(attackers->detector, gateways, n);
	pr_engine_leave(engine);
}

void pr_engine_claim(struct pr_engine *engine, uint32_t ifindex, const struct pr_claim *claim,
		     uint64_t now_us)
{
	pr_engine_enter_traffic(engine, now_us);
	if (engine->policy && wanted(engine))
		tell(engine, pr_attacks_claim(engine->attackers->detector, engine->now_us, ifindex,
					      &claim->address, claim->hardware));
	pr_engine_leave(engine);
}

/* ---- what became of it ---- */

static bool is_denied(const struct pr_link *link)
{
	const struct pr_link_end *end =
		&link->ends[link->direction == PR_DIRECTION_IN ? PR_LINK_IN : PR_LINK_OUT];

	return end->decided &&
	       (end->verdict == PR_VERDICT_BLOCK || end->verdict == PR_VERDICT_DROP);
}

static void look(struct pr_engine *engine, const struct pr_link *link)
{
	struct pr_attacks *detector = engine->attackers->detector;
	struct pr_attack_probe probe = probe_of(engine, link, true);
	enum pr_attack_opened opened = PR_OPENED_UNANSWERED;
	bool denied = is_denied(link), live;

	if (denied && pr_attackers_blocks(engine, link, PR_LINK_IN))
		return;
	if (!denied)
		opened = engine->ports.opened(engine->ports.context, &link->tuple, &live);
	if (!denied && link->technique == PR_TECHNIQUE_SYN)
		tell(engine, pr_attacks_opened(detector, engine->now_us, &probe, opened));
	if (link->direction == PR_DIRECTION_FORWARD && opened != PR_OPENED_COMPLETED)
		weigh(engine, &probe);
}

/* A few at a time: each is a question to the kernel. */
static uint64_t look_at_due(struct pr_engine *engine)
{
	struct pr_attackers *attackers = engine->attackers;

	for (unsigned int n = 0; attackers->n_watched && n < PR_ENGINE_WATCH_AT_ONCE; n++) {
		const struct pr_watched watched = attackers->watched[attackers->first];
		const struct pr_link *link;

		if (watched.due_us > engine->now_us)
			break;
		attackers->first = (attackers->first + 1) % PR_ENGINE_WATCHED_MAX;
		attackers->n_watched--;
		link = pr_links_by_id(engine->links, watched.link);
		if (link)
			look(engine, link);
	}
	if (!attackers->n_watched)
		return PR_ENGINE_NEVER;
	/* Packets have their turn before those that are left. */
	return attackers->watched[attackers->first].due_us > engine->now_us
		       ? attackers->watched[attackers->first].due_us
		       : engine->now_us + PR_ENGINE_WATCH_GAP_US;
}

uint64_t pr_attackers_tick(struct pr_engine *engine)
{
	uint64_t blocked_us = pr_attackers_expire(engine);
	uint64_t watched_us = look_at_due(engine);

	return blocked_us < watched_us ? blocked_us : watched_us;
}

/* ---- looking in ---- */

const struct pr_attack *pr_attackers_next(const struct pr_engine *engine, uint32_t *cursor)
{
	return pr_attacks_next(engine->attackers->detector, engine->now_us, cursor);
}

void pr_attackers_counters(const struct pr_engine *engine, struct pr_engine_counters *counters)
{
	struct pr_attacks_counters found;

	pr_attacks_counters(engine->attackers->detector, engine->now_us, &found);
	counters->attacks_probes = found.probes;
	counters->attacks_not_told = found.not_told;
	counters->attacks_sources_evicted = found.sources_evicted;
	counters->attacks_now = found.current;
	counters->attackers_blocked_now = engine->attackers->n_blocked;
	counters->attacks_vertical_scan = found.by_kind[PR_ATTACK_VERTICAL];
	counters->attacks_horizontal_scan = found.by_kind[PR_ATTACK_HORIZONTAL];
	counters->attacks_slow_scan = found.by_kind[PR_ATTACK_SLOW];
	counters->attacks_distributed_scan = found.by_kind[PR_ATTACK_DISTRIBUTED];
	counters->attacks_flag_scan = found.by_kind[PR_ATTACK_FLAGS];
	counters->attacks_udp_scan = found.by_kind[PR_ATTACK_UDP];
	counters->attacks_sctp_scan = found.by_kind[PR_ATTACK_SCTP];
	counters->attacks_protocol_scan = found.by_kind[PR_ATTACK_PROTOCOLS];
	counters->attacks_half_open_flood = found.by_kind[PR_ATTACK_HALF_OPEN];
	counters->attacks_spoofed_packets = found.by_kind[PR_ATTACK_SPOOFED];
	counters->attacks_malformed_packets = found.by_kind[PR_ATTACK_MALFORMED];
	counters->attacks_gateway_claim = found.by_kind[PR_ATTACK_GATEWAY];
}
