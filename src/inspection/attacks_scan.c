/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Scans. A source is remembered with the closed targets (host, port, how it was asked) that it asked, each once
 * however often: a client that tries again, and one that is turned away at one port by many hosts of the Internet, stays
 * below every threshold. What is held against it are counts of different ones.
 *
 * The table has few places for a key. Each has a weight, as many as its source has targets; who finds no
 * place takes one off the lightest and is gone. So to make the detector forget a source costs as many closed targets,
 * from as many other sources, as that one has shown.
 */
#include "inspection/attacks_private.h"

#include <stddef.h>
#include <string.h>

/* ---- the tables ---- */

static bool is_over(const struct pr_attacks_source *source, uint64_t now_us)
{
	uint64_t quiet_us = source->told ? PR_ATTACKS_QUIET_S : PR_ATTACKS_SLOW_S;

	return now_us - source->last_us > quiet_us * PR_ATTACKS_US;
}

static void begin(struct pr_attacks_source *source, uint64_t key, const struct pr_prefix *prefix,
		  uint64_t now_us)
{
	/* Targets beyond `n` are not looked at. */
	memset(source, 0, offsetof(struct pr_attacks_source, targets));
	source->key = key;
	source->prefix = *prefix;
	source->first_us = source->last_us = now_us;
}

/* NULL: it has to come again. */
struct pr_attacks_source *pr_attacks_source_get(struct pr_attacks *attacks,
						struct pr_attacks_source *table, uint32_t n_max,
						const struct pr_prefix *prefix)
{
	uint64_t key = pr_attacks_key(prefix, sizeof(*prefix), 1), now_us = attacks->now_us;
	struct pr_attacks_source *set = &table[key % n_max / PR_ATTACKS_WAYS * PR_ATTACKS_WAYS];
	struct pr_attacks_source *lightest = NULL;

	for (unsigned int i = 0; i < PR_ATTACKS_WAYS; i++) {
		if (set[i].key == key) {
			if (is_over(&set[i], now_us))
				begin(&set[i], key, prefix, now_us);
			return &set[i];
		}
		if (!set[i].key || is_over(&set[i], now_us))
			set[i].weight = 0;
		if (!lightest || set[i].weight < lightest->weight ||
		    (set[i].weight == lightest->weight && set[i].last_us < lightest->last_us))
			lightest = &set[i];
	}
	if (lightest->weight > 1) {
		lightest->weight--;
		return NULL;
	}
	if (lightest->key)
		attacks->counters.sources_evicted++;
	else if (table == attacks->sources)
		attacks->counters.sources_now++;
	begin(lightest, key, prefix, now_us);
	return lightest;
}

struct pr_attacks_target pr_attacks_target_of(const struct pr_attack_probe *probe, uint64_t now_us)
{
	const struct pr_address network =
		pr_attacks_network(&probe->target, probe->target.family == 4 ? 3 : 8);

	return (struct pr_attacks_target){
		.at_us = now_us,
		.host = (uint32_t)pr_attacks_key(&probe->target, sizeof(probe->target), 2),
		.network = (uint32_t)pr_attacks_key(&network, sizeof(network), 3),
		.port = probe->port,
		.technique = (uint8_t)probe->technique,
		.group = (uint8_t)pr_attacks_group_of(probe->technique),
		.forwarded = probe->forwarded,
	};
}

/* False where the source has asked it before. */
bool pr_attacks_source_add(struct pr_attacks_source *source, const struct pr_attacks_target *target)
{
	for (unsigned int i = 0; i < source->n; i++) {
		struct pr_attacks_target *known = &source->targets[i];

		if (known->host == target->host && known->port == target->port &&
		    known->group == target->group &&
		    target->at_us - known->at_us <= PR_ATTACKS_SLOW_S * PR_ATTACKS_US)
			return false;
	}
	source->targets[source->next] = *target;
	source->next = (uint8_t)((source->next + 1) % PR_ATTACKS_TARGETS_MAX);
	if (source->n < PR_ATTACKS_TARGETS_MAX)
		source->n++;
	source->n_distinct++;
	source->weight = source->n;
	return true;
}

/* ---- what they amount to ---- */

void pr_attacks_weigh(const struct pr_attacks_source *source, const struct pr_attacks_target *now,
		      struct pr_attacks_shape *ret_shape)
{
	struct pr_attacks_shape shape = { .since_us = now->at_us };

	for (unsigned int i = 0; i < source->n; i++) {
		const struct pr_attacks_target *target = &source->targets[i];
		uint64_t age_us = now->at_us - target->at_us;
		bool recent = age_us <= PR_ATTACKS_WINDOW_S * PR_ATTACKS_US;
		/* Of others' hosts those count that are neighbours: a client of the whole Internet fails at many. */
		bool near = target->forwarded ? target->network == now->network : !now->forwarded;

		if (age_us > PR_ATTACKS_SLOW_S * PR_ATTACKS_US)
			continue;
		if (target->at_us < shape.since_us)
			shape.since_us = target->at_us;
		shape.own += !target->forwarded;
		if (target->group != now->group)
			continue;
		shape.group++;
		shape.slow_ports += target->host == now->host;
		shape.ports += recent && target->host == now->host;
		shape.slow_hosts += target->port == now->port && near;
		shape.hosts += recent && target->port == now->port && near;
	}
	*ret_shape = shape;
}

/* PR_ATTACK_N_KINDS: nothing yet. */
static enum pr_attack_kind fast(const struct pr_attacks_target *now,
				const struct pr_attacks_shape *shape)
{
	static const uint8_t vertical[] = {
		[PR_GROUP_SYN] = PR_ATTACK_VERTICAL,	[PR_GROUP_STRAY] = PR_ATTACK_FLAGS,
		[PR_GROUP_UDP] = PR_ATTACK_UDP,		[PR_GROUP_SCTP] = PR_ATTACK_SCTP,
		[PR_GROUP_ICMP] = PR_ATTACK_HORIZONTAL,
	};

	switch ((enum pr_attacks_group)now->group) {
	case PR_GROUP_ILLEGAL:
		return shape->group >= PR_ATTACKS_FLAGS ? PR_ATTACK_FLAGS : PR_ATTACK_N_KINDS;
	case PR_GROUP_PROTOCOL:
		return shape->slow_ports >= PR_ATTACKS_PROTOCOLS ? PR_ATTACK_PROTOCOLS
								 : PR_ATTACK_N_KINDS;
	default:
		break;
	}
	if (shape->ports >= PR_ATTACKS_PORTS)
		return (enum pr_attack_kind)vertical[now->group];
	if (shape->hosts >= PR_ATTACKS_PORTS)
		return now->group == PR_GROUP_STRAY ? PR_ATTACK_FLAGS : PR_ATTACK_HORIZONTAL;
	return PR_ATTACK_N_KINDS;
}

/* However they were asked, and over however long. */
static enum pr_attack_kind in_all(const struct pr_attacks_target *now,
				  const struct pr_attacks_shape *shape)
{
	unsigned int many = shape->own;

	if (many < shape->slow_ports)
		many = shape->slow_ports;
	if (many < shape->slow_hosts)
		many = shape->slow_hosts;
	if (many < PR_ATTACKS_SLOW)
		return PR_ATTACK_N_KINDS;
	return now->at_us - shape->since_us > PR_ATTACKS_WINDOW_S * PR_ATTACKS_US
		       ? PR_ATTACK_SLOW
		       : PR_ATTACK_VERTICAL;
}

void pr_attacks_name_port(struct pr_attack *attack, uint16_t port)
{
	unsigned int at = attack->n_ports;

	for (unsigned int i = 0; i < attack->n_ports; i++)
		if (attack->ports[i] == port)
			return;
	if (attack->n_ports == PR_ATTACK_PORTS_MAX)
		return;
	for (; at && attack->ports[at - 1] > port; at--)
		attack->ports[at] = attack->ports[at - 1];
	attack->ports[at] = port;
	attack->n_ports++;
}

static unsigned int hosts_of(const struct pr_attacks_source *source)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < source->n; i++) {
		unsigned int before = 0;

		while (before < i && source->targets[before].host != source->targets[i].host)
			before++;
		n += before == i;
	}
	return n;
}

const struct pr_attack *pr_attacks_found_source(struct pr_attacks *attacks,
						struct pr_attacks_source *source,
						const struct pr_attack_probe *probe,
						enum pr_attack_kind kind)
{
	struct pr_attack attack = {
		.kind = kind,
		.technique = probe->technique,
		.source = source->prefix,
		.target = probe->target,
		.ifindex = probe->ifindex,
		.first_us = source->first_us,
		.last_us = attacks->now_us,
		.n_packets = source->n_packets,
		.n_targets = source->n_distinct,
		.n_hosts = hosts_of(source),
		.n_sources =
			source->addresses ? (uint32_t)__builtin_popcountll(source->addresses) : 1,
	};

	pr_attacks_name_port(&attack, probe->port);
	for (unsigned int i = 0; kind != PR_ATTACK_HORIZONTAL && i < source->n; i++)
		pr_attacks_name_port(&attack, source->targets[i].port);
	source->told |= (uint16_t)(1u << kind);
	return pr_attacks_find(attacks, &attack, &source->found);
}

/* It goes on: what was told of it is kept true. */
void pr_attacks_go_on(struct pr_attacks *attacks, struct pr_attacks_source *source)
{
	struct pr_attack *attack;

	attacks->goes_on = NULL;
	if (!source->found || !attacks->found[source->found - 1].used)
		return;
	attack = &attacks->found[source->found - 1].attack;
	if (memcmp(&attack->source, &source->prefix, sizeof(source->prefix)) != 0)
		return;
	attack->last_us = attacks->now_us;
	attack->n_packets = source->n_packets;
	attack->n_targets = source->n_distinct;
	attacks->goes_on = attack;
}

const struct pr_attack *pr_attacks_goes_on(const struct pr_attacks *attacks)
{
	return attacks->goes_on;
}

/* PR_ATTACK_N_KINDS: nothing, or nothing new. */
static enum pr_attack_kind news(const struct pr_attacks_source *source,
				const struct pr_attacks_target *now,
				const struct pr_attacks_shape *shape)
{
	const unsigned int quick = 1u << PR_ATTACK_VERTICAL | 1u << PR_ATTACK_HORIZONTAL |
				   1u << PR_ATTACK_UDP | 1u << PR_ATTACK_SCTP |
				   1u << PR_ATTACK_FLAGS | 1u << PR_ATTACK_PROTOCOLS;
	enum pr_attack_kind kind = fast(now, shape);

	/* A quick scan that goes on is no other one as well. */
	if (kind == PR_ATTACK_N_KINDS && !(source->told & quick))
		kind = in_all(now, shape);
	return kind != PR_ATTACK_N_KINDS && source->told & 1u << kind ? PR_ATTACK_N_KINDS : kind;
}

const struct pr_attack *pr_attacks_probe(struct pr_attacks *attacks, uint64_t now_us,
					 const struct pr_attack_probe *probe)
{
	const uint8_t len = probe->source.family == 4 ? 32 : probe->near ? 128 : 64;
	struct pr_attacks_target target;
	struct pr_attacks_source *source;
	struct pr_prefix prefix;
	enum pr_attack_kind kind;
	struct pr_attacks_shape shape;

	attacks->goes_on = NULL;
	if (!pr_attacks_is_evidence(probe))
		return NULL;
	now_us = pr_attacks_time(attacks, now_us);
	attacks->counters.probes++;
	prefix = (struct pr_prefix){ pr_attacks_network(&probe->source, len / 8), len };
	source = pr_attacks_source_get(attacks, attacks->sources, PR_ATTACKS_SOURCES_MAX, &prefix);
	if (!source)
		return probe->near ? NULL : pr_attacks_of_many(attacks, probe);
	source->last_us = now_us;
	source->n_packets++;
	target = pr_attacks_target_of(probe, now_us);
	if (!pr_attacks_source_add(source, &target)) {
		pr_attacks_go_on(attacks, source);
		attacks->goes_on = NULL;
		return NULL;
	}
	pr_attacks_weigh(source, &target, &shape);
	kind = news(source, &target, &shape);
	if (kind != PR_ATTACK_N_KINDS)
		return pr_attacks_found_source(attacks, source, probe, kind);
	pr_attacks_go_on(attacks, source);
	if (source->told || probe->near)
		return NULL;
	return pr_attacks_of_many(attacks, probe);
}
