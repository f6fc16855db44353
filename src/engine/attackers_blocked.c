/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose links are denied for a time, and whose never are. */
#include "engine/attackers_private.h"

#include "base/hash.h"
#include "firewall/checks.h"

#include <string.h>

#define WAYS		4u
#define PORT_DOMAIN_TLS 853 /* RFC 7858 */

static struct pr_blocked *set_of(struct pr_attackers *attackers, const struct pr_prefix *source,
				 uint64_t *ret_key)
{
	*ret_key = pr_hash(source, sizeof(*source));
	return &attackers->blocked[*ret_key % PR_ENGINE_BLOCKED_MAX / WAYS * WAYS];
}

static const struct pr_blocked *find(struct pr_attackers *attackers,
				     const struct pr_address *address, uint8_t len)
{
	struct pr_prefix source = { .address = { .family = address->family }, .len = len };
	uint64_t key;
	const struct pr_blocked *set;

	memcpy(source.address.bytes, address->bytes, len / 8);
	set = set_of(attackers, &source, &key);

	for (unsigned int i = 0; i < WAYS; i++)
		if (set[i].until_us && set[i].key == key &&
		    memcmp(&set[i].source, &source, sizeof(source)) == 0)
			return &set[i];
	return NULL;
}

bool pr_attackers_blocks(const struct pr_engine *engine, const struct pr_link *link,
			 enum pr_link_end_name end)
{
	struct pr_attackers *attackers = engine->attackers;
	const struct pr_address *source = &link->tuple.src;
	const struct pr_blocked *blocked;

	if (!attackers->n_blocked || (end == PR_LINK_OUT && link->direction == PR_DIRECTION_OUT))
		return false;
	blocked = find(attackers, source, source->family == 4 ? 32 : 128);
	if (!blocked && source->family == 6)
		blocked = find(attackers, source, 64);
	/* What began before is not undone. */
	return blocked && blocked->until_us > engine->now_us && link->first_us >= blocked->since_us;
}

bool pr_attackers_released(const struct pr_engine *engine, const struct pr_link *link,
			   enum pr_link_end_name end)
{
	return link->ends[end].check == PR_CHECK_ATTACKER && link->ends[end].decided &&
	       !pr_attackers_blocks(engine, link, end);
}

uint64_t pr_attackers_expire(struct pr_engine *engine)
{
	struct pr_attackers *attackers = engine->attackers;
	uint64_t next_us = PR_ENGINE_NEVER;

	for (uint32_t i = 0; attackers->n_blocked && i < PR_ENGINE_BLOCKED_MAX; i++) {
		struct pr_blocked *blocked = &attackers->blocked[i];

		if (!blocked->until_us)
			continue;
		if (blocked->until_us <= engine->now_us) {
			*blocked = (struct pr_blocked){ 0 };
			attackers->n_blocked--;
		} else if (blocked->until_us < next_us) {
			next_us = blocked->until_us;
		}
	}
	return next_us;
}

static void add(struct pr_engine *engine, const struct pr_prefix *source, uint64_t until_us)
{
	struct pr_attackers *attackers = engine->attackers;
	uint64_t key;
	struct pr_blocked *set = set_of(attackers, source, &key), *soonest = set;

	for (unsigned int i = 0; i < WAYS; i++) {
		if (set[i].key == key) {
			soonest = &set[i];
			break;
		}
		if (set[i].until_us < soonest->until_us)
			soonest = &set[i];
	}
	attackers->n_blocked += !soonest->until_us;
	*soonest = (struct pr_blocked){ *source, key, engine->now_us, until_us };
	engine->counters.attackers_blocked++;
	pr_engine_due(engine, until_us);
}

/* ---- who is not ---- */

/*
 * Anybody can write an address into a packet. So one that this host cannot do without is never blocked, nor one that is
 * proven to be there: its connection was completed and lives.
 */

/* Whether it may show that the address is there. What nobody serves does not, and is what a scan leaves behind. */
static bool may_show(const struct pr_engine *engine, const struct pr_link *link)
{
	bool incoming = link->direction == PR_DIRECTION_IN;
	const struct pr_link_end *end = &link->ends[incoming ? PR_LINK_IN : PR_LINK_OUT];

	if (link->state != PR_LINK_CONFIRMED || !end->decided || end->verdict != PR_VERDICT_ACCEPT)
		return false;
	if (incoming && end->application == engine->unknown.application)
		return false;
	/* A datagram that is answered may have come from anybody. */
	return link->tuple.proto == IPPROTO_TCP || link->direction == PR_DIRECTION_OUT;
}

static bool has_live_link(struct pr_engine *engine, const struct pr_prefix *source)
{
	unsigned int n_asked = 0;
	const struct pr_link *link;
	uint32_t cursor = 0;
	bool live;

	while ((link = pr_links_next(engine->links, &cursor)) != NULL &&
	       n_asked < PR_ENGINE_SPARE_ASKS) {
		if ((!pr_prefix_contains(source, &link->tuple.src) &&
		     !pr_prefix_contains(source, &link->tuple.dst)) ||
		    !may_show(engine, link))
			continue;
		n_asked++;
		if (engine->ports.opened(engine->ports.context, &link->tuple, &live) ==
			    PR_OPENED_COMPLETED &&
		    live)
			return true;
	}
	return false;
}

/* By conntrack's word: our own resolver's questions come by nowhere else. */
void pr_attackers_flow(struct pr_engine *engine, const struct pr_tuple *tuple)
{
	struct pr_asked_nameserver *nameservers = engine->attackers->nameservers,
				   *oldest = nameservers;

	if ((tuple->dst_port != PR_ENGINE_PORT_DOMAIN && tuple->dst_port != PORT_DOMAIN_TLS) ||
	    (tuple->proto != IPPROTO_UDP && tuple->proto != IPPROTO_TCP) ||
	    pr_class_of(&tuple->src, &engine->own) != PR_CLASS_HOST)
		return;
	for (unsigned int i = 0; i < PR_ENGINE_NAMESERVERS_MAX; i++) {
		if (pr_address_equal(&nameservers[i].address, &tuple->dst)) {
			nameservers[i].asked_us = engine->now_us;
			return;
		}
		if (nameservers[i].asked_us < oldest->asked_us)
			oldest = &nameservers[i];
	}
	*oldest = (struct pr_asked_nameserver){ tuple->dst, engine->now_us };
}

static bool is_spared(struct pr_engine *engine, const struct pr_prefix *source)
{
	struct pr_attackers *attackers = engine->attackers;

	for (unsigned int i = 0; i < engine->own.n_own; i++)
		if (pr_prefix_contains(source, &engine->own.own[i].address))
			return true;
	for (unsigned int i = 0; i < attackers->n_gateways; i++)
		if (pr_prefix_contains(source, &attackers->gateways[i].address))
			return true;
	for (unsigned int i = 0; i < PR_ENGINE_NAMESERVERS_MAX; i++)
		if (attackers->nameservers[i].address.family &&
		    pr_prefix_contains(source, &attackers->nameservers[i].address))
			return true;
	/* Looking through all links takes milliseconds where there are many: who makes up sources makes no more of it. */
	if (engine->now_us - attackers->looking_us >= 1000000) {
		attackers->looking_us = engine->now_us;
		attackers->n_looked = 0;
	}
	if (!engine->ports.opened || attackers->n_looked == PR_ENGINE_SPARE_LOOKS)
		return true;
	attackers->n_looked++;
	return has_live_link(engine, source);
}

static bool may_be_blocked(const struct pr_attack *attack)
{
	const struct pr_prefix *source = &attack->source;

	if (attack->kind == PR_ATTACK_SPOOFED || attack->kind == PR_ATTACK_GATEWAY)
		return false;
	return source->address.family == 4 ? source->len == 32
					   : source->address.family == 6 && source->len >= 64;
}

void pr_attackers_block(struct pr_engine *engine, const struct pr_attack *attack)
{
	uint32_t seconds = pr_policy_global(engine->policy)->block_attackers_s;
	uint64_t until_us = engine->now_us + seconds * UINT64_C(1000000);

	if (!seconds || !may_be_blocked(attack))
		return;
	if (is_spared(engine, &attack->source)) {
		engine->counters.attackers_spared++;
		pr_attacks_blocked(engine->attackers->detector, attack, 0, true);
		return;
	}
	add(engine, &attack->source, until_us);
	pr_attacks_blocked(engine->attackers->detector, attack, until_us, false);
}
