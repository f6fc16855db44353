/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The detector's frame: its memory, what was found, and what is counted by rate alone (spoofed and malformed
 * packets). Scans are in attacks_scan.c, floods in attacks_flood.c.
 */
#include "inspection/attacks_private.h"

#include "base/hash.h"

#include <string.h>

struct pr_attacks *pr_attacks_new(void)
{
	return pr_calloc(1, sizeof(struct pr_attacks));
}

/* With the first that it is told: where nothing comes in nothing is needed. */
static void make_room(struct pr_attacks *attacks)
{
	attacks->sources = pr_calloc(PR_ATTACKS_SOURCES_MAX, sizeof(*attacks->sources));
	attacks->networks = pr_calloc(PR_ATTACKS_NETWORKS_MAX, sizeof(*attacks->networks));
	attacks->hosts = pr_calloc(PR_ATTACKS_HOSTS_MAX, sizeof(*attacks->hosts));
	attacks->open = pr_calloc(PR_ATTACKS_OPENED_MAX, sizeof(*attacks->open));
	attacks->rates = pr_calloc(PR_ATTACKS_RATES_MAX, sizeof(*attacks->rates));
	attacks->found = pr_calloc(PR_ATTACKS_FOUND_MAX, sizeof(*attacks->found));
}

static void give_room_back(struct pr_attacks *attacks)
{
	free(attacks->sources);
	free(attacks->networks);
	free(attacks->hosts);
	free(attacks->open);
	free(attacks->rates);
	free(attacks->found);
}

void pr_attacks_free(struct pr_attacks *attacks)
{
	if (!attacks)
		return;
	give_room_back(attacks);
	free(attacks);
}

void pr_attacks_forget(struct pr_attacks *attacks)
{
	give_room_back(attacks);
	*attacks = (struct pr_attacks){ 0 };
}

/* It begins at 1: 0 is "never". */
uint64_t pr_attacks_time(struct pr_attacks *attacks, uint64_t now_us)
{
	if (!attacks->found)
		make_room(attacks);
	if (now_us >= attacks->now_us)
		attacks->now_us = now_us ? now_us : 1;
	return attacks->now_us;
}

uint64_t pr_attacks_key(const void *bytes, size_t len, uint64_t salt)
{
	uint64_t key = pr_hash(bytes, len) ^ salt * UINT64_C(0x9E3779B97F4A7C15);

	key ^= key >> 29;
	key *= UINT64_C(0xBF58476D1CE4E5B9);
	key ^= key >> 32;
	return key ? key : 1;
}

/* ---- what was found ---- */

/* An attacker who forges sources finds no more of them in a minute than a reader can stand. */
static bool may_tell(struct pr_attacks *attacks)
{
	if (attacks->now_us - attacks->telling_us >= PR_ATTACKS_RATE_US) {
		attacks->telling_us = attacks->now_us;
		attacks->n_told = 0;
	}
	if (attacks->n_told == PR_ATTACKS_TOLD_MAX) {
		attacks->counters.not_told++;
		return false;
	}
	attacks->n_told++;
	return true;
}

struct pr_attack *pr_attacks_find(struct pr_attacks *attacks, const struct pr_attack *attack,
				  uint16_t *ret_place)
{
	uint32_t place = 0;

	for (uint32_t i = 0; i < PR_ATTACKS_FOUND_MAX; i++) {
		const struct pr_attacks_found *at = &attacks->found[i];

		if (!at->used || at->attack.last_us < attacks->found[place].attack.last_us)
			place = i;
		if (!at->used)
			break;
	}
	attacks->found[place] = (struct pr_attacks_found){ .used = true, .attack = *attack };
	attacks->found[place].attack.told = may_tell(attacks);
	attacks->counters.found++;
	attacks->counters.by_kind[attack->kind]++;
	*ret_place = (uint16_t)(place + 1);
	return &attacks->found[place].attack;
}

struct pr_attack *pr_attacks_at(struct pr_attacks *attacks, uint16_t place,
				enum pr_attack_kind kind)
{
	struct pr_attack *attack = place ? &attacks->found[place - 1].attack : NULL;

	return attack && attacks->found[place - 1].used && attack->kind == kind ? attack : NULL;
}

void pr_attacks_blocked(struct pr_attacks *attacks, const struct pr_attack *attack,
			uint64_t until_us, bool spared)
{
	for (uint32_t i = 0; attacks->found && i < PR_ATTACKS_FOUND_MAX; i++)
		if (&attacks->found[i].attack == attack) {
			attacks->found[i].attack.blocked_until_us = until_us;
			attacks->found[i].attack.spared = spared;
		}
}

const struct pr_attack *pr_attacks_next(const struct pr_attacks *attacks, uint64_t now_us,
					uint32_t *cursor)
{
	while (attacks->found && *cursor < PR_ATTACKS_FOUND_MAX) {
		const struct pr_attacks_found *at = &attacks->found[(*cursor)++];
		const struct pr_attack *attack = &at->attack;

		if (!at->used)
			continue;
		if (attack->last_us + PR_ATTACKS_QUIET_S * PR_ATTACKS_US > now_us ||
		    attack->blocked_until_us > now_us)
			return attack;
	}
	return NULL;
}

void pr_attacks_counters(const struct pr_attacks *attacks, uint64_t now_us,
			 struct pr_attacks_counters *ret_counters)
{
	uint32_t cursor = 0;

	*ret_counters = attacks->counters;
	while (pr_attacks_next(attacks, now_us, &cursor))
		ret_counters->current++;
}

/* ---- rates ---- */

static struct pr_attacks_rate *rate_of(struct pr_attacks *attacks, uint64_t key)
{
	struct pr_attacks_rate *set =
		&attacks->rates[key % PR_ATTACKS_RATES_MAX / PR_ATTACKS_WAYS * PR_ATTACKS_WAYS];
	struct pr_attacks_rate *oldest = set;

	for (unsigned int i = 0; i < PR_ATTACKS_WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].last_us < oldest->last_us)
			oldest = &set[i];
	}
	*oldest = (struct pr_attacks_rate){ .key = key, .first_us = attacks->now_us };
	return oldest;
}

/* One more; true where it is `most` of them within a minute, for the first time since it was quiet. */
static bool count_rate(struct pr_attacks *attacks, struct pr_attacks_rate *rate, uint32_t most)
{
	uint64_t now_us = attacks->now_us;

	if (rate->last_us && now_us - rate->last_us > PR_ATTACKS_RATE_QUIET_US)
		*rate = (struct pr_attacks_rate){ .key = rate->key, .first_us = now_us };
	if (now_us - rate->since_us >= PR_ATTACKS_RATE_US) {
		rate->since_us = now_us;
		rate->n = 0;
	}
	rate->last_us = now_us;
	rate->n++;
	rate->n_all++;
	return !rate->told && rate->n >= most;
}

static const struct pr_attack *by_rate(struct pr_attacks *attacks, uint64_t key, uint32_t most,
				       const struct pr_attack *what)
{
	struct pr_attacks_rate *rate = rate_of(attacks, key);
	struct pr_attack attack = *what, *known;

	if (!count_rate(attacks, rate, most)) {
		known = rate->told ? pr_attacks_at(attacks, rate->found, what->kind) : NULL;
		if (known) {
			known->n_packets = rate->n_all;
			known->last_us = attacks->now_us;
		}
		return NULL;
	}
	rate->told = true;
	attack.first_us = rate->first_us;
	attack.last_us = attacks->now_us;
	attack.n_packets = rate->n_all;
	return pr_attacks_find(attacks, &attack, &rate->found);
}

static struct pr_prefix whole(const struct pr_address *address)
{
	return (struct pr_prefix){ *address, address->family == 4 ? 32 : 128 };
}

const struct pr_attack *pr_attacks_spoofed(struct pr_attacks *attacks, uint64_t now_us,
					   const struct pr_address *source,
					   const struct pr_address *target, enum pr_spoof spoof,
					   uint32_t ifindex)
{
	const struct pr_attack what = { .kind = PR_ATTACK_SPOOFED,
					.source = whole(source),
					.target = *target,
					.ifindex = ifindex,
					.n_hosts = 1 };

	(void)pr_attacks_time(attacks, now_us);
	return by_rate(attacks, pr_attacks_key(&ifindex, sizeof(ifindex), (uint64_t)spoof + 1),
		       PR_ATTACKS_SPOOFED, &what);
}

const struct pr_attack *pr_attacks_malformed(struct pr_attacks *attacks, uint64_t now_us,
					     const struct pr_address *source,
					     const struct pr_address *target, uint32_t ifindex)
{
	const struct pr_attack what = { .kind = PR_ATTACK_MALFORMED,
					.source = whole(source),
					.target = *target,
					.ifindex = ifindex,
					.n_hosts = 1,
					.n_sources = 1 };

	(void)pr_attacks_time(attacks, now_us);
	return by_rate(attacks, pr_attacks_key(source, sizeof(*source), 100), PR_ATTACKS_MALFORMED,
		       &what);
}
