/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an application was given for an answer of the cache: the reply as it was written for it, and the names that it
 * learnt. Given again only to the same application, for the very same answer (its number), as long as nothing has
 * changed that a decision rests on (`basis`): the decisions would come out the same, for they are pure.
 * Of the room itself.
 */
#pragma once

#include "dns/cache.h"
#include "nameserver/question.h"

/* Of all replies together. What is remembered gives way to what falls on its place, which costs that one the whole
 * way once more. */
#define PR_GIVEN_MAX 4096u
#define PR_GIVEN_BYTES_MAX \
	(2u << 20)		    /* reached: no further one is remembered until some gave way */
#define PR_GIVEN_REPLY_MAX     512u /* what every client takes; longer ones are written anew */
#define PR_GIVEN_ADDRESSES_MAX 16u  /* … and those with more addresses, or names */
#define PR_GIVEN_NAMES_MAX     8u

struct pr_given_key {
	uint64_t answer, application_key, basis;
	bool has_edns; /* of the question */
};

/* Times to live are those of an answer of age `age_s`. */
struct pr_given {
	struct pr_given_key key;
	uint32_t age_s;
	uint16_t len, n_ttls;
	uint8_t n_addresses, n_names;
	const uint8_t *reply;
	const uint16_t *ttls; /* where they stand in the reply */
	const struct pr_question_given *addresses;
	const char *names[PR_GIVEN_NAMES_MAX]; /* the one asked for first */
};

struct pr_given_table;

struct pr_given_table *pr_given_table_new(void);
void pr_given_table_free(struct pr_given_table *table); /* takes NULL */
/* Until the next call. */
const struct pr_given *pr_given_find(const struct pr_given_table *table,
				     const struct pr_given_key *key);
/* Copies all but `ttls`, which it finds in the reply. False: it is not one to be remembered. */
bool pr_given_put(struct pr_given_table *table, const struct pr_given *given);
/* The reply as it is now, for this question; `age_s` of the answer. `reply` has room for `given->len`. */
void pr_given_write(const struct pr_given *given, const struct pr_dns_question *question,
		    uint32_t age_s, uint8_t *reply);
