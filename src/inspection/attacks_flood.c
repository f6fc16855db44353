/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Floods of half-open connections. How many connections are opened to a port is counted; whether they are completed
 * is asked for a sample of them, and only while there are many: an ordinary connection costs a look into one
 * table. A busy server's are completed; those of a flood stay at the first answer, or the system has stopped answering.
 */
#include "inspection/attacks_private.h"

#define WINDOW_US    (PR_ATTACKS_FLOOD_S * PR_ATTACKS_US)
#define SAMPLES_KEPT (2 * PR_ATTACKS_FLOOD_SAMPLES) /* then half of them are forgotten */
#define SAMPLE_ALL   32u /* of the connections of a window, behind the first ones … */
#define SAMPLE_EACH  16u /* … then one in so many */

static uint64_t key_of(const struct pr_attack_probe *probe)
{
	return pr_attacks_key(&probe->target, sizeof(probe->target), 1000u + probe->port);
}

static struct pr_attacks_open *find(struct pr_attacks *attacks, uint64_t key, bool make)
{
	struct pr_attacks_open *set =
		&attacks->open[key % PR_ATTACKS_OPENED_MAX / PR_ATTACKS_WAYS * PR_ATTACKS_WAYS];
	struct pr_attacks_open *oldest = set;

	for (unsigned int i = 0; i < PR_ATTACKS_WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].last_us < oldest->last_us)
			oldest = &set[i];
	}
	if (!make)
		return NULL;
	*oldest = (struct pr_attacks_open){ .key = key, .since_us = attacks->now_us };
	return oldest;
}

static void turn_window(struct pr_attacks_open *open, uint64_t now_us)
{
	uint64_t passed_us = now_us - open->since_us;

	if (passed_us < WINDOW_US)
		return;
	if (passed_us >= 2 * WINDOW_US)
		open->n_samples = open->n_half = open->n_bad = 0;
	open->n_before = passed_us < 2 * WINDOW_US ? open->n_new : 0;
	open->n_new = 0;
	open->since_us = now_us;
}

bool pr_attacks_opening(struct pr_attacks *attacks, uint64_t now_us,
			const struct pr_attack_probe *probe)
{
	struct pr_attacks_open *open;
	uint32_t n;

	now_us = pr_attacks_time(attacks, now_us);
	open = find(attacks, key_of(probe), true);
	turn_window(open, now_us);
	open->last_us = now_us;
	n = ++open->n_new;
	if (n < PR_ATTACKS_FLOOD / 2)
		return false;
	n -= PR_ATTACKS_FLOOD / 2;
	return n < SAMPLE_ALL || n % SAMPLE_EACH == 0;
}

static void note(struct pr_attacks_open *open, const struct pr_attack_probe *probe,
		 enum pr_attack_opened opened, uint64_t now_us)
{
	if (open->n_samples >= SAMPLES_KEPT) {
		open->n_samples /= 2;
		open->n_half /= 2;
		open->n_bad /= 2;
	}
	open->n_samples++;
	if (opened == PR_OPENED_COMPLETED)
		return;
	if (!open->n_bad) {
		open->sources = 0;
		open->bad_since_us = now_us;
	}
	open->n_bad++;
	open->n_half += opened == PR_OPENED_HALF;
	open->a_source = probe->source;
	open->sources |= UINT64_C(1)
			 << pr_attacks_key(&probe->source, sizeof(probe->source), 4) % 64;
}

static bool is_flood(const struct pr_attacks_open *open)
{
	return open->n_new + open->n_before >= PR_ATTACKS_FLOOD &&
	       open->n_samples >= PR_ATTACKS_FLOOD_SAMPLES &&
	       open->n_bad * 4 >= open->n_samples * 3 && open->n_half * 8 >= open->n_samples;
}

const struct pr_attack *pr_attacks_opened(struct pr_attacks *attacks, uint64_t now_us,
					  const struct pr_attack_probe *probe,
					  enum pr_attack_opened opened)
{
	struct pr_attacks_open *open;
	struct pr_attack attack = { .kind = PR_ATTACK_HALF_OPEN,
				    .technique = PR_TECHNIQUE_SYN,
				    .target = probe->target,
				    .ifindex = probe->ifindex,
				    .n_hosts = 1,
				    .ports = { probe->port },
				    .n_ports = 1 };
	struct pr_attack *known;
	uint64_t told_us;

	now_us = pr_attacks_time(attacks, now_us);
	open = find(attacks, key_of(probe), false);
	if (!open)
		return NULL;
	note(open, probe, opened, now_us);
	if (!is_flood(open))
		return NULL;
	told_us = open->told_us;
	open->told_us = now_us;
	if (told_us && now_us - told_us < PR_ATTACKS_RATE_QUIET_US) {
		known = pr_attacks_at(attacks, open->found, PR_ATTACK_HALF_OPEN);
		if (known)
			known->last_us = now_us;
		return NULL;
	}
	attack.first_us = open->bad_since_us;
	attack.last_us = now_us;
	attack.n_packets = open->n_new + open->n_before;
	attack.n_targets = 1;
	attack.n_sources = (uint32_t)__builtin_popcountll(open->sources);
	if (attack.n_sources == 1)
		attack.source =
			(struct pr_prefix){ open->a_source, open->a_source.family == 4 ? 32 : 128 };
	return pr_attacks_find(attacks, &attack, &open->found);
}
