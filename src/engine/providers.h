/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What providers answered, by entity, and which of the policy's lists that means. Part of the engine, under its lock; a
 * table by itself, with time as an argument.
 */
#pragma once

#include "base/heap.h"
#include "base/index.h"
#include "base/slab.h"
#include "base/text.h"
#include "intel/provider.h"
#include "intel/set.h"
#include "profile/policy.h"

/* Answers that are kept. Reached: the one that is of no use first gives way. */
#define PR_ANSWERED_MAX 32768u
/* An answer whose time is over still counts for so long, while nothing newer is there: what was denied by it is not
 * permitted because its provider is away. Nobody waits less for a new one. */
#define PR_ANSWERED_STALE_S 3600u
/* A provider that did not answer is not asked for the same again by links (questions do ask) for so long. */
#define PR_ANSWERED_AGAIN_S 10u

struct pr_answered {
	uint32_t domain; /* text handle; PR_TEXT_NONE: the address */
	struct pr_address address;
	uint8_t provider; /* its place in the table */
	uint8_t status; /* enum pr_provider_status; LISTED, NOT_LISTED, otherwise nothing is known */
	uint8_t n_categories;
	uint32_t categories[PR_PROVIDER_CATEGORIES_MAX]; /* text handles */
	uint64_t fresh_until_us, asked_us;
};

/* A provider of the policy in force. */
struct pr_provider_slot {
	char *text; /* what it is, to see whether it is still the same; owned; NULL = free */
	char id[PR_PROVIDER_ID_MAX + 1];
	unsigned int asks;
	uint32_t deadline_ms;
	bool wanted; /* some rule or setting names one of its lists: it is asked */
	uint64_t lists[PR_INTEL_WORDS_MAX]; /* the numbers of all of them in the policy */
};

struct pr_providers_table {
	struct pr_provider_slot slots[PR_PROVIDERS_MAX];
	unsigned int n_wanted, asks; /* PR_PROVIDER_ASKS_… of those that are wanted */
	bool missing_denies;	     /* some profile denies what there is no data for */
	struct pr_slab slab;
	struct pr_index index;
	struct pr_heap ends; /* by when an answer is of no use any more */
	struct pr_texts texts;
};

void pr_providers_table_init(struct pr_providers_table *table);
void pr_providers_table_done(struct pr_providers_table *table);
/* The providers of a policy (NULL: none): answers of those that are still the same stay. Bits of their lists are taken out
 * of `missing`: whether there is data for them depends on the entity. */
void pr_providers_table_policy(struct pr_providers_table *table, const struct pr_policy *policy,
			       uint64_t *missing, uint64_t now_us);
/* The place of a provider of the policy, or PR_PROVIDERS_MAX. */
unsigned int pr_providers_table_find(const struct pr_providers_table *table, const char *id);

/* The answer that there is about an entity, or NULL; it may be stale, or say nothing. */
struct pr_answered *pr_answered_find(const struct pr_providers_table *table, unsigned int provider,
				     const struct pr_inquiry *inquiry);
static inline bool pr_answered_is_known(const struct pr_answered *answered)
{
	return answered && (answered->status == PR_PROVIDER_LISTED ||
			    answered->status == PR_PROVIDER_NOT_LISTED);
}
/* Notes that it is asked. */
void pr_answered_asked(struct pr_providers_table *table, unsigned int provider,
		       const struct pr_inquiry *inquiry, uint64_t now_us);
/* Notes an answer, LISTED or NOT_LISTED. True where decisions may be others by it. */
bool pr_answered_put(struct pr_providers_table *table, unsigned int provider,
		     const struct pr_inquiry *inquiry, const struct pr_provider_result *result,
		     uint64_t now_us);
/* Sets the bits of the policy's lists that an answer is on. */
void pr_answered_lists(const struct pr_providers_table *table, const struct pr_policy *policy,
		       const struct pr_answered *answered, uint64_t *lists);
/* Drops what is of no use any more; a few at a time. */
void pr_answered_expire(struct pr_providers_table *table, uint64_t now_us);
