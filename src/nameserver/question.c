/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A question is in one of three states: it waits (for its owner, or for a prompt), it is being resolved, or it
 * follows another one of the same application that is being resolved. Whatever brings it back from waiting, it
 * begins anew with the decision before intel: no half of an old policy's decision survives. A second way
 * upstream costs nothing then, the resolver has the answer in its cache.
 *
 * Followers share the upstream's answer, never a decision: each is decided upon by itself, and gets bytes
 * of its own.
 */
#include "nameserver/question.h"

#include "nameserver/judgement.h"
#include "nameserver/question_table.h"

#define MS_US	      1000u
#define NO_ANSWER     "the resolver gave no answer"
#define UNUSABLE      "the upstream's answer cannot be used"
#define TOO_MANY      "too many questions at one time"
#define NO_OWNER      "who asks could not be found out in time"
#define QUESTION_SIZE (PR_DNS_HEADER_LEN + PR_DNS_NAME_MAX + 15)

struct pr_questions {
	struct pr_question_ports ports;
	struct pr_questions_counters counters;
	struct pr_question_table table;
	uint64_t next_tick_us; /* never later than the earliest deadline */
	uint8_t reply[PR_DNS_MESSAGE_MAX];
};

struct pr_questions *pr_questions_new(const struct pr_question_ports *ports)
{
	struct pr_questions *questions = pr_calloc(1, sizeof(*questions));

	questions->ports = *ports;
	questions->next_tick_us = UINT64_MAX;
	pr_question_table_init(&questions->table);
	return questions;
}

static void set_deadline(struct pr_questions *questions, struct pr_question_entry *entry,
			 uint64_t deadline_us)
{
	entry->deadline_us = deadline_us;
	if (deadline_us < questions->next_tick_us)
		questions->next_tick_us = deadline_us;
}

/* ---- ends ---- */

static void count_end(struct pr_questions_counters *counters, enum pr_question_end end)
{
	switch (end) {
	case PR_QUESTION_ANSWERED:
		counters->answered++;
		break;
	case PR_QUESTION_DENIED:
		counters->denied++;
		break;
	case PR_QUESTION_UNANSWERED:
		counters->unanswered++;
		break;
	case PR_QUESTION_FAILED:
		counters->failed++;
		break;
	}
}

/* The one way out of the table. */
static void conclude(struct pr_questions *questions, struct pr_question_entry *entry,
		     enum pr_question_end end, enum pr_stage stage,
		     const struct pr_question_decision *decision, size_t reply_len)
{
	const struct pr_question_ports *ports = &questions->ports;

	count_end(&questions->counters, end);
	ports->reply(ports->context, entry->public.asker.client,
		     reply_len ? questions->reply : NULL, reply_len);
	ports->concluded(ports->context, &entry->public, end, stage, decision);
	pr_question_table_remove(&questions->table, entry);
}

static void fail(struct pr_questions *questions, struct pr_question_entry *entry,
		 enum pr_stage stage, int ede, const char *text)
{
	size_t len = pr_dns_write_failure(&entry->question, PR_DNS_RCODE_SERVFAIL, ede, text,
					  questions->reply, sizeof(questions->reply));

	conclude(questions, entry, PR_QUESTION_FAILED, stage, NULL, len);
}

static enum pr_dns_denial denial_of(enum pr_dns_blocked blocked)
{
	switch (blocked) {
	case PR_DNS_ZERO:
		return PR_DNS_DENIAL_ZERO;
	case PR_DNS_REFUSED:
		return PR_DNS_DENIAL_REFUSED;
	case PR_DNS_NXDOMAIN:
		break;
	}
	return PR_DNS_DENIAL_NXDOMAIN;
}

static void deny(struct pr_questions *questions, struct pr_question_entry *entry,
		 enum pr_stage stage, const struct pr_question_decision *decision)
{
	size_t len =
		pr_dns_write_denial(&entry->question, denial_of(decision->blocked), decision->text,
				    questions->reply, sizeof(questions->reply));

	conclude(questions, entry, PR_QUESTION_DENIED, stage, decision, len);
}

/* Holds the question for what the decision waits for. */
static void hold(struct pr_questions *questions, struct pr_question_entry *entry,
		 enum pr_stage stage, const struct pr_question_decision *decision)
{
	bool ask = decision->decision.outcome == PR_OUTCOME_ASK;
	uint64_t hold_ms = ask ? decision->hold_ms : PR_QUESTION_DEADLINE_MS;

	entry->state = PR_QUESTION_WAITING;
	entry->asked_user = ask;
	entry->waits_at = stage;
	entry->waits_for = *decision;
	entry->waits_for.text = NULL;
	/* from when it came: being decided anew does not prolong it */
	set_deadline(questions, entry, entry->public.asked_us + hold_ms * MS_US);
}

/* ---- before intel, upstream, after intel ---- */

static void resolve(struct pr_questions *questions, struct pr_question_entry *entry)
{
	uint8_t bytes[QUESTION_SIZE];
	size_t len = pr_dns_write_question(0, entry->question.name, entry->question.type,
					   entry->question.flags, entry->question.dnssec_ok, bytes,
					   sizeof(bytes));

	pr_assert(len); /* the name was read from a question */
	questions->ports.resolve(questions->ports.context, entry->public.ticket, bytes, len);
}

static void go_upstream(struct pr_questions *questions, struct pr_question_entry *entry,
			uint64_t now_us)
{
	struct pr_question_entry *leader = pr_question_table_leader(&questions->table, entry);

	set_deadline(questions, entry, now_us + PR_QUESTION_DEADLINE_MS * MS_US);
	if (leader) {
		questions->counters.coalesced++;
		entry->state = PR_QUESTION_FOLLOWING;
		entry->next_follower = leader->next_follower;
		leader->next_follower = entry;
		return;
	}
	entry->state = PR_QUESTION_RESOLVING;
	pr_question_table_lead(&questions->table, entry);
	resolve(questions, entry);
}

static void begin(struct pr_questions *questions, struct pr_question_entry *entry, uint64_t now_us)
{
	const char *names[] = { entry->question.name };
	struct pr_question_facts facts = { .names = names, .n_names = 1 };
	struct pr_question_decision decision;
	enum pr_question_way way = pr_question_decide(&questions->ports, entry,
						      PR_STAGE_BEFORE_INTEL, &facts, &decision);

	if (!pr_question_table_share(&questions->table, entry)) {
		questions->counters.refused_full++;
		fail(questions, entry, PR_STAGE_BEFORE_INTEL, PR_DNS_EDE_OTHER, TOO_MANY);
	} else if (way == PR_QUESTION_WAY_DENIED) {
		deny(questions, entry, PR_STAGE_BEFORE_INTEL, &decision);
	} else if (way == PR_QUESTION_WAY_HELD) {
		hold(questions, entry, PR_STAGE_BEFORE_INTEL, &decision);
	} else {
		go_upstream(questions, entry, now_us);
	}
}

/* An answer for one question; it is no leader and no follower any more. */
static void finish(struct pr_questions *questions, struct pr_question_entry *entry,
		   const uint8_t *bytes, size_t len)
{
	struct pr_judgement judgement;
	size_t reply_len = 0;

	if (len == 0) {
		fail(questions, entry, PR_STAGE_AFTER_INTEL, PR_DNS_EDE_NETWORK_ERROR, NO_ANSWER);
		return;
	}
	switch (pr_judge(&judgement, &questions->ports, entry, bytes, len, questions->reply,
			 sizeof(questions->reply), &reply_len)) {
	case PR_JUDGED_GIVEN:
		conclude(questions, entry, PR_QUESTION_ANSWERED, PR_STAGE_AFTER_INTEL,
			 &judgement.decision, reply_len);
		break;
	case PR_JUDGED_DENIED:
		deny(questions, entry, PR_STAGE_AFTER_INTEL, &judgement.decision);
		break;
	case PR_JUDGED_HELD:
		hold(questions, entry, PR_STAGE_AFTER_INTEL, &judgement.decision);
		break;
	case PR_JUDGED_UNUSABLE:
		fail(questions, entry, PR_STAGE_AFTER_INTEL, PR_DNS_EDE_OTHER, UNUSABLE);
		break;
	}
}

/* The leader and its followers, each by itself. */
static void finish_all(struct pr_questions *questions, struct pr_question_entry *leader,
		       const uint8_t *bytes, size_t len)
{
	struct pr_question_entry *entry = leader, *next;

	pr_question_table_lead_no_more(&questions->table, leader);
	for (; entry; entry = next) {
		next = entry->next_follower;
		entry->next_follower = NULL;
		finish(questions, entry, bytes, len);
	}
}

/* ---- calls from outside ---- */

void pr_questions_ask(struct pr_questions *questions, uint64_t now_us, const struct pr_asker *asker,
		      const uint8_t *bytes, size_t len)
{
	const struct pr_question_ports *ports = &questions->ports;
	struct pr_question_entry *entry;
	struct pr_dns_question question;
	size_t reply_len = 0;
	int r = pr_dns_parse_question(bytes, len, &question);

	if (r != 0) {
		questions->counters.malformed++;
		reply_len = pr_dns_write_error(bytes, len, (enum pr_dns_question_outcome)r,
					       questions->reply, sizeof(questions->reply));
		ports->reply(ports->context, asker->client, reply_len ? questions->reply : NULL,
			     reply_len);
		return;
	}
	questions->counters.asked++;
	if (pr_question_table_repeated(&questions->table, asker, &question)) {
		questions->counters.duplicates++;
		ports->reply(ports->context, asker->client, NULL, 0);
		return;
	}
	entry = pr_question_table_add(&questions->table, asker, &question);
	if (!entry) {
		questions->counters.refused_full++;
		reply_len =
			pr_dns_write_failure(&question, PR_DNS_RCODE_SERVFAIL, PR_DNS_EDE_OTHER,
					     TOO_MANY, questions->reply, sizeof(questions->reply));
		ports->reply(ports->context, asker->client, questions->reply, reply_len);
		return;
	}
	entry->public.asked_us = now_us;
	begin(questions, entry, now_us);
}

void pr_questions_resume(struct pr_questions *questions, uint64_t now_us, uint64_t ticket)
{
	struct pr_question_entry *entry = pr_question_table_get(&questions->table, ticket);

	if (entry && entry->state == PR_QUESTION_WAITING)
		begin(questions, entry, now_us);
}

void pr_questions_resume_all(struct pr_questions *questions, uint64_t now_us)
{
	for (uint32_t i = 0; i < PR_QUESTIONS_MAX; i++) {
		struct pr_question_entry *entry = questions->table.entries[i];

		if (entry && entry->state == PR_QUESTION_WAITING)
			begin(questions, entry, now_us);
	}
}

void pr_questions_answer(struct pr_questions *questions, uint64_t now_us, uint64_t ticket,
			 const uint8_t *bytes, size_t len)
{
	struct pr_question_entry *entry = pr_question_table_get(&questions->table, ticket);

	(void)now_us;
	if (!entry || entry->state != PR_QUESTION_RESOLVING) {
		questions->counters.late_answers++;
		return;
	}
	finish_all(questions, entry, bytes, len);
}

void pr_questions_resolver_restarted(struct pr_questions *questions)
{
	for (uint32_t i = 0; i < PR_QUESTIONS_MAX; i++) {
		struct pr_question_entry *entry = questions->table.entries[i];

		if (entry && entry->state == PR_QUESTION_RESOLVING)
			resolve(questions, entry);
	}
}

static void expire(struct pr_questions *questions, struct pr_question_entry *entry)
{
	if (entry->state != PR_QUESTION_WAITING)
		/* followers came later; they were promised no more than this one answer */
		finish_all(questions, entry, NULL, 0);
	else if (entry->asked_user)
		conclude(questions, entry, PR_QUESTION_UNANSWERED, entry->waits_at,
			 &entry->waits_for, 0);
	else
		fail(questions, entry, entry->waits_at, PR_DNS_EDE_NOT_READY, NO_OWNER);
}

uint64_t pr_questions_tick(struct pr_questions *questions, uint64_t now_us)
{
	if (now_us < questions->next_tick_us)
		return questions->next_tick_us;
	questions->next_tick_us = UINT64_MAX;
	for (uint32_t i = 0; i < PR_QUESTIONS_MAX; i++) {
		struct pr_question_entry *entry = questions->table.entries[i];

		/* a follower ends with the one that it follows */
		if (!entry || entry->state == PR_QUESTION_FOLLOWING)
			continue;
		if (entry->deadline_us <= now_us)
			expire(questions, entry);
		else
			set_deadline(questions, entry, entry->deadline_us);
	}
	return questions->next_tick_us;
}

uint64_t pr_questions_next_tick(const struct pr_questions *questions)
{
	return questions->next_tick_us;
}

unsigned int pr_questions_count(const struct pr_questions *questions)
{
	return pr_question_table_count(&questions->table);
}

const struct pr_questions_counters *pr_questions_counters(const struct pr_questions *questions)
{
	return &questions->counters;
}

void pr_questions_free(struct pr_questions *questions)
{
	if (!questions)
		return;
	for (uint32_t i = 0; i < PR_QUESTIONS_MAX; i++) {
		struct pr_question_entry *entry = questions->table.entries[i];

		if (entry)
			conclude(questions, entry, PR_QUESTION_UNANSWERED, PR_STAGE_BEFORE_INTEL,
				 NULL, 0);
	}
	pr_question_table_done(&questions->table);
	free(questions);
}
