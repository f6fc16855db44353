/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which list speaks against an entity, and of which of its parts. Internal to the room. */
#pragma once

#include "firewall/decide.h"

/* Lists that deny, and those that are taken out of them: bitsets of list numbers of the policy. */
struct pr_denying_lists {
	const uint64_t *lists;
	const uint64_t *exceptions; /* NULL = none */
	unsigned int n_words;
};

struct pr_listing {
	uint32_t list;	 /* its number */
	unsigned int at; /* the domain's place */
	bool of_address; /* not a domain: the address */
};

enum pr_listing_answer {
	PR_LISTING_NONE,
	PR_LISTING_FOUND,
	PR_LISTING_OPEN,    /* none so far, but one may come with the facts that are open */
	PR_LISTING_NO_DATA, /* none, and of some there is no data */
};

/* *ret_listing is set with FOUND alone. */
enum pr_listing_answer pr_listing_find(const struct pr_denying_lists *lists,
				       const struct pr_subject *subject,
				       struct pr_listing *ret_listing);
/* The lists of the profile, and of known DNS-over-HTTPS servers. */
struct pr_denying_lists pr_lists_of_profile(const struct pr_policy *policy,
					    const struct pr_settings *settings);
struct pr_denying_lists pr_lists_of_doh(const struct pr_policy *policy);
