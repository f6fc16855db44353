/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Scans from many sources, each of which stays below every threshold: of one network, whose addresses share a record
 * as if they were one, and of anybody, by how many different ports of a host are asked at all. Hosts of this
 * host's own networks are not put together: each of them is somebody, and they ask for the same few things.
 */
#include "inspection/attacks_private.h"

#include <string.h>

static bool set_bit(uint64_t *bits, uint64_t n_bits, uint64_t hash)
{
	uint64_t *word = &bits[hash % n_bits / 64], bit = UINT64_C(1) << hash % 64;
	bool is_new = !(*word & bit);

	*word |= bit;
	return is_new;
}

static const struct pr_attack *of_network(struct pr_attacks *attacks,
					  const struct pr_attack_probe *probe)
{
	const uint8_t len = probe->source.family == 4 ? 24 : 48;
	const struct pr_prefix prefix = { pr_attacks_network(&probe->source, len / 8), len };
	const struct pr_attacks_target target = pr_attacks_target_of(probe, attacks->now_us);
	struct pr_attacks_source *network =
		pr_attacks_source_get(attacks, attacks->networks, PR_ATTACKS_NETWORKS_MAX, &prefix);
	struct pr_attacks_shape shape;

	if (!network)
		return NULL;
	network->last_us = attacks->now_us;
	network->n_packets++;
	(void)set_bit(&network->addresses, 64,
		      pr_attacks_key(&probe->source, sizeof(probe->source), 4));
	if (!pr_attacks_source_add(network, &target) || network->told) {
		pr_attacks_go_on(attacks, network);
		return NULL;
	}
	pr_attacks_weigh(network, &target, &shape);
	if ((unsigned int)__builtin_popcountll(network->addresses) < PR_ATTACKS_NETWORK_SOURCES ||
	    (shape.own < PR_ATTACKS_NETWORK && shape.slow_ports < PR_ATTACKS_NETWORK))
		return NULL;
	return pr_attacks_found_source(attacks, network, probe, PR_ATTACK_DISTRIBUTED);
}

static struct pr_attacks_host *host_of(struct pr_attacks *attacks, uint64_t key)
{
	struct pr_attacks_host *set =
		&attacks->hosts[key % PR_ATTACKS_HOSTS_MAX / PR_ATTACKS_WAYS * PR_ATTACKS_WAYS];
	struct pr_attacks_host *host = set;

	for (unsigned int i = 0; i < PR_ATTACKS_WAYS; i++) {
		if (set[i].key == key) {
			host = &set[i];
			break;
		}
		if (set[i].last_us < host->last_us)
			host = &set[i];
	}
	if (host->key != key ||
	    attacks->now_us - host->since_us > PR_ATTACKS_ANYBODY_S * PR_ATTACKS_US) {
		uint64_t told_us = host->key == key ? host->told_us : 0;

		memset(host, 0, sizeof(*host));
		host->key = key;
		host->told_us = told_us;
		host->since_us = attacks->now_us;
	}
	host->last_us = attacks->now_us;
	return host;
}

static const struct pr_attack *of_anybody(struct pr_attacks *attacks,
					  const struct pr_attack_probe *probe)
{
	struct pr_attacks_host *host =
		host_of(attacks, pr_attacks_key(&probe->target, sizeof(probe->target), 5));
	uint32_t port = (uint32_t)probe->technique << 16 | probe->port;
	struct pr_attack attack = { .kind = PR_ATTACK_DISTRIBUTED,
				    .technique = probe->technique,
				    .target = probe->target,
				    .ifindex = probe->ifindex,
				    .n_hosts = 1 };
	uint16_t place;

	host->n_packets++;
	host->n_ports +=
		set_bit(host->ports, PR_ATTACKS_PORT_BITS, pr_attacks_key(&port, sizeof(port), 6));
	host->n_sources += set_bit(host->sources, PR_ATTACKS_SOURCE_BITS,
				   pr_attacks_key(&probe->source, sizeof(probe->source), 7));
	if (host->n_ports < PR_ATTACKS_ANYBODY || host->n_sources < PR_ATTACKS_ANYBODY_SOURCES)
		return NULL;
	if (host->told_us && attacks->now_us - host->told_us < PR_ATTACKS_QUIET_S * PR_ATTACKS_US) {
		host->told_us = attacks->now_us;
		return NULL;
	}
	host->told_us = attacks->now_us;
	attack.first_us = host->since_us;
	attack.last_us = attacks->now_us;
	attack.n_packets = host->n_packets;
	attack.n_targets = host->n_ports;
	attack.n_sources = host->n_sources;
	pr_attacks_name_port(&attack, probe->port);
	return pr_attacks_find(attacks, &attack, &place);
}

const struct pr_attack *pr_attacks_of_many(struct pr_attacks *attacks,
					   const struct pr_attack_probe *probe)
{
	const struct pr_attack *attack = of_network(attacks, probe);

	if (attack || probe->forwarded)
		return attack;
	return of_anybody(attacks, probe);
}
