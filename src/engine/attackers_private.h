/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files on attacks share. */
#pragma once

#include "engine/attackers.h"

struct pr_blocked {
	struct pr_prefix source;
	uint64_t key, since_us, until_us; /* until_us 0 = free */
};

struct pr_watched {
	uint64_t link, due_us;
};

struct pr_asked_nameserver {
	struct pr_address address; /* family 0 = free */
	uint64_t asked_us;
};

struct pr_attackers {
	struct pr_attacks *detector;
	struct pr_blocked blocked[PR_ENGINE_BLOCKED_MAX];
	uint32_t n_blocked;
	struct pr_watched watched[PR_ENGINE_WATCHED_MAX]; /* a ring, soonest first */
	uint32_t first, n_watched;
	uint64_t looking_us; /* the second in which `n_looked` searches for live links were made */
	unsigned int n_looked;
	struct pr_attack_gateway gateways[PR_ATTACKS_GATEWAYS_MAX];
	unsigned int n_gateways;
	struct pr_asked_nameserver nameservers[PR_ENGINE_NAMESERVERS_MAX];
	char text[PR_ATTACK_TEXT_SIZE + 80];
};

/* ---- attackers_blocked.c ---- */

/* The source of what was found, for as long as the policy says, if it may be. */
void pr_attackers_block(struct pr_engine *engine, const struct pr_attack *attack);
/* Ends what is over; when the next is. */
uint64_t pr_attackers_expire(struct pr_engine *engine);
