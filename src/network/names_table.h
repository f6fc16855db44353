/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to network/: the names table as names.c and names_saved.c share it. */
#pragma once

#include "base/chain.h"
#include "base/heap.h"
#include "network/names.h"

/* A domain that led to an address; at most PR_NAMES_PER_ADDRESS_MAX of a key (application,
 * address). */
struct pr_name {
	uint32_t application; /* not counted: its pr_name_owner's is */
	uint32_t domain;      /* held text */
	struct pr_address address;
	uint8_t grade;
	bool alias;
	uint32_t expiry_s; /* monotonic; PR_NAMES_FOR_EVER */
	uint32_t owner;
	struct pr_chain_node by_age; /* of the owner */
	uint64_t learnt;	     /* serial number: the greater, the newer */
};

/* An application that has names. */
struct pr_name_owner {
	uint32_t application;  /* held */
	struct pr_chain names; /* oldest first; n > 0 */
};

struct pr_names {
	struct pr_applications *applications;
	struct pr_texts domains;
	struct pr_slab names, owners;
	struct pr_index by_key;		/* (application, address) → name */
	struct pr_index by_application; /* → owner */
	struct pr_heap by_expiry;
	uint32_t n_max_per_application;
	uint64_t n_learnt;
	struct pr_names_counters counters;
};

/* pr_names_learn() with the very time of expiry. */
void pr_names_learn_until(struct pr_names *names, uint32_t application,
			  const struct pr_address *address, const char *domain,
			  enum pr_name_grade grade, bool alias, uint32_t expiry_s);
