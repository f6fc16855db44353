/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The questions from within: their state, the intelligence that is asked for (question_inform.c), and the ends that
 * a question can come to (question_end.c). Of the room itself. */
#pragma once

#include "dns/cache.h"
#include "nameserver/given.h"
#include "nameserver/judgement.h"
#include "nameserver/question_table.h"

struct pr_questions {
	struct pr_question_ports ports;
	struct pr_questions_counters counters;
	struct pr_question_table table;
	size_t kept_len;       /* of all answers that wait for intelligence */
	uint64_t next_tick_us; /* never later than the earliest deadline */
	struct pr_dns_cache *cache;
	struct pr_given_table *given;
	const struct pr_dns_cached *answer; /* of the cache, while it is decided upon; else NULL */
	uint32_t answer_age_s;
	uint64_t n_forgotten; /* how often the cache was; what was asked for before is not kept */
	uint8_t cached[PR_DNS_CACHE_ANSWER_MAX]; /* scratch: an answer of the cache, as it is now */
	uint8_t reply[PR_DNS_MESSAGE_MAX];
};

/* Answers a question as its application was answered before, if nothing has changed. False: it has to go the whole
 * way. */
bool pr_question_give_again(struct pr_questions *questions, uint64_t now_us,
			    const struct pr_asker *asker, const struct pr_dns_question *question);
/* An answer of the cache was given: remembers the reply in `questions->reply`. */
void pr_question_remember(struct pr_questions *questions, const struct pr_question_entry *entry,
			  const struct pr_judgement *judgement, size_t reply_len);

/* The one way out of the table: replies with `reply_len` bytes of `questions->reply`, and frees the entry, which must
 * not have followers. */
void pr_question_conclude(struct pr_questions *questions, struct pr_question_entry *entry,
			  enum pr_question_end end, enum pr_stage stage,
			  const struct pr_question_decision *decision, size_t reply_len);
/* SERVFAIL, with an extended error (RFC 8914) and its text. */
void pr_question_fail(struct pr_questions *questions, struct pr_question_entry *entry,
		      enum pr_stage stage, int ede, const char *text);
/* REFUSED, to a client that may not have this asked (RFC 8914, 4.19). */
void pr_question_refuse(struct pr_questions *questions, struct pr_question_entry *entry,
			enum pr_stage stage, const char *text);
/* An answer that was made here (`own`), which is recorded like another. */
void pr_question_give_own(struct pr_questions *questions, struct pr_question_entry *entry,
			  const struct pr_question_decision *decision);
void pr_question_deny(struct pr_questions *questions, struct pr_question_entry *entry,
		      enum pr_stage stage, const struct pr_question_decision *decision);

/* Asks for intelligence: about the name; about what the answer adds (question_inform.c). */
void pr_question_inform(struct pr_questions *questions, struct pr_question_entry *entry);
void pr_question_inform_of_answer(struct pr_questions *questions, struct pr_question_entry *entry,
				  const uint8_t *bytes, size_t len);
/* The answer is kept, for what was asked for until `informed_by_us`; false where there is nothing to wait for, no
 * time, or no room. */
bool pr_question_wait_for_intel(struct pr_questions *questions, struct pr_question_entry *entry,
				uint64_t now_us, const uint8_t *bytes, size_t len);
/* Hands over what was kept, for the caller to free. */
uint8_t *pr_question_unkeep(struct pr_questions *questions, struct pr_question_entry *entry,
			    size_t *ret_len);
