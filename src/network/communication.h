/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Communications: an application instance × an entity, which is a domain or, where there is none, a
 * direction and a scope (from or to the host, the LAN, the Internet, an invalid address). Decisions
 * on them are cached here. One thread, or the caller's lock.
 */
#pragma once

#include "base/chain.h"
#include "network/application.h"
#include "network/subject.h"

/* Reached: the communication without links that was used longest ago gives way; where all have
 * links, none is made, and the caller decides on the link without a cache (`refused` counts). */
#define PR_COMMUNICATIONS_MAX 32768u

/* A decision as the engine caches it: the fields of pr_decision (firewall/decide.h), packed. */
struct pr_cached_decision {
	uint32_t policy; /* number of the policy that decided; 0 = nothing cached */
	uint32_t rule;
	uint64_t key; /* pr_decision_key() of the link that it was decided by */
	uint16_t missing;
	uint8_t stage, outcome, verdict, check;
	bool permanent, defaulted;
};

struct pr_communication {
	/* The key, fixed: */
	uint32_t application;
	uint32_t domain;   /* text handle; PR_TEXT_NONE = no domain */
	uint8_t direction; /* enum pr_direction */
	uint8_t scope;	   /* enum pr_scope; with a domain PR_SCOPE_INVALID and without meaning */
	uint64_t id; /* never used again; finds it in constant time; below 2^53 for many years */
	/* The table's: */
	struct pr_chain_node idle; /* in the list of those that nothing holds */
	uint32_t n_held;
	uint64_t first_us, last_us;
	/* The caller's, zero at first: */
	struct pr_cached_decision decision;
	uint32_t prompt;
	uint32_t flags;
};

struct pr_communications;

/* Borrows both; `texts` holds the domains. `forgotten` (or NULL) hears of each that gives way or is
 * freed. n_max 0 = the limit above. */
struct pr_communications *pr_communications_new(
	struct pr_applications *applications, struct pr_texts *texts, uint32_t n_max,
	void (*forgotten)(void *context, struct pr_communication *communication), void *context);
void pr_communications_free(struct pr_communications *communications);

/* The communication, made if there is none; NULL when the table is full. `domain` NULL = none. The
 * pointer is good while it is held, otherwise until the next _get(). */
struct pr_communication *pr_communications_get(struct pr_communications *communications,
					       uint32_t application, const char *domain,
					       enum pr_direction direction, enum pr_scope scope,
					       uint64_t now_us);
/* The same without making one. */
struct pr_communication *pr_communications_find(const struct pr_communications *communications,
						uint32_t application, const char *domain,
						enum pr_direction direction, enum pr_scope scope);
struct pr_communication *pr_communications_by_id(const struct pr_communications *communications,
						 uint64_t id);
const char *pr_communication_domain(const struct pr_communications *communications,
				    const struct pr_communication *communication); /* NULL = none */

/* A link (a question that waits, a prompt) holds it; a held one never gives way. */
void pr_communication_hold(struct pr_communications *communications,
			   struct pr_communication *communication, uint64_t now_us);
void pr_communication_release(struct pr_communications *communications,
			      struct pr_communication *communication, uint64_t now_us);

/* All of them: start with *cursor = 0 until NULL. What is made or forgotten meanwhile may be
 * missed. */
struct pr_communication *pr_communications_next(const struct pr_communications *communications,
						uint32_t *cursor);

struct pr_communications_counters {
	uint32_t n, n_max;
	uint64_t made, evicted, refused;
};
void pr_communications_counters(const struct pr_communications *communications,
				struct pr_communications_counters *ret_counters);
