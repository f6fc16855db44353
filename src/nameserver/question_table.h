/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bounded table of questions that are alive: slots, tickets, and the two ways to find one by what it is. Of
 * the room itself. */
#pragma once

#include "base/index.h"
#include "nameserver/question.h"

enum pr_question_state {
	PR_QUESTION_WAITING,   /* for a fact or a prompt */
	PR_QUESTION_RESOLVING, /* asked upstream */
	PR_QUESTION_INFORMING, /* answered by the upstream; intelligence is still out */
	PR_QUESTION_FOLLOWING, /* another one asked upstream for the same application */
};

struct pr_question_entry {
	struct pr_question public; /* first: ports get a pointer to it */
	struct pr_dns_question question;
	enum pr_question_state state;
	bool asked_user; /* it waits for a prompt, not for a fact */
	bool counted;	 /* in the share of who was its application then */
	uint32_t share;
	bool momentary; /* some decision since it began was */
	bool leads;	/* in the index of what is being resolved */
	uint64_t deadline_us;
	struct pr_question_entry *next_follower; /* of the one that resolves */
	unsigned int n_awaited;			 /* answers of intelligence that are out */
	uint64_t upstream_us,
		informed_by_us; /* when it went upstream; how long its answer may wait */
	uint64_t n_forgotten;	/* RESOLVING: how often the cache was when the upstream was asked */
	uint8_t *kept;		/* INFORMING: the upstream's answer */
	size_t kept_len;
	struct pr_question_decision waits_for; /* WAITING: what decided so; its text is not kept */
	enum pr_stage waits_at;
};

#define PR_QUESTION_SHARES 1024u /* applications share a counter where their keys fall together */

struct pr_question_table {
	struct pr_question_entry **entries; /* PR_QUESTIONS_MAX; NULL = free */
	uint32_t *free_slots;
	uint32_t n_free;
	uint64_t sequence;
	struct pr_index by_asker;     /* who asks what: repeated packets */
	struct pr_index by_resolving; /* application and what is asked upstream */
	uint16_t shares[PR_QUESTION_SHARES];
};

void pr_question_table_init(struct pr_question_table *table);
void pr_question_table_done(struct pr_question_table *table); /* it is empty */
uint32_t pr_question_table_count(const struct pr_question_table *table);

/* NULL where the table is full. */
struct pr_question_entry *pr_question_table_add(struct pr_question_table *table,
						const struct pr_asker *asker,
						const struct pr_dns_question *question);
/* Frees the entry. */
void pr_question_table_remove(struct pr_question_table *table, struct pr_question_entry *entry);
struct pr_question_entry *pr_question_table_get(const struct pr_question_table *table,
						uint64_t ticket);
/* The same question from the same socket with the same id, over UDP: a repeated packet. */
struct pr_question_entry *pr_question_table_repeated(const struct pr_question_table *table,
						     const struct pr_asker *asker,
						     const struct pr_dns_question *question);

/* The one that asked the same upstream for the same application, or NULL. */
struct pr_question_entry *pr_question_table_leader(const struct pr_question_table *table,
						   const struct pr_question_entry *entry);
void pr_question_table_lead(struct pr_question_table *table, struct pr_question_entry *entry);
void pr_question_table_lead_no_more(struct pr_question_table *table,
				    struct pr_question_entry *entry);

/* Counts the entry into its application's share, once. False where the share is used up. */
bool pr_question_table_share(struct pr_question_table *table, struct pr_question_entry *entry);
