/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A question is in one of four states: it waits (for its owner, or for a prompt), it is being resolved, it has its
 * answer and waits for intelligence, or it follows another one of the same application. Whatever brings it back from
 * waiting, it begins anew with the decision before intel: no half of an old policy's decision survives. A second way
 * upstream costs nothing then, the answer is in the cache.
 *
 * Intelligence is asked for in the moment in which the question goes upstream, and never before it was decided upon:
 * what is denied by its name is told to nobody. Whichever of the two comes first waits for the other, the answer
 * not longer than until the time that the port set; then it is decided upon with what there is.
 *
 * Followers share the upstream's answer and the intelligence, never a decision: each is decided upon by itself, and
 * gets bytes of its own.
 *
 * The cache stands where the upstream is asked, behind the decision before intel: whoever's question brought an answer
 * in, the next application's goes all the way, but for the upstream. Only what our resolver gave to that very
 * question goes in, and nothing that was asked for before the cache was forgotten (other upstreams, a user's order).
 * A question that the cache alone may answer ends there: it neither leads nor follows.
 */
#include "nameserver/question.h"

#include "nameserver/judgement.h"
#include "nameserver/question_private.h"

#define MS_US	  1000u
#define NO_ANSWER "the resolver gave no answer"
#define UNUSABLE  "the upstream's answer cannot be used"
#define TOO_MANY  "too many questions at one time"
#define NO_OWNER  "who asks could not be found out in time"
#define NOT_HERE  "not in the cache; asking upstream needs root"

struct pr_questions *pr_questions_new(const struct pr_question_ports *ports)
{
	struct pr_questions *questions = pr_calloc(1, sizeof(*questions));

	questions->ports = *ports;
	questions->next_tick_us = UINT64_MAX;
	questions->cache = pr_dns_cache_new(NULL);
	questions->given = pr_given_table_new();
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

/* Holds the question for what the decision waits for. */
static void hold(struct pr_questions *questions, struct pr_question_entry *entry,
		 enum pr_stage stage, const struct pr_question_decision *decision)
{
	bool ask = decision->decision.outcome == PR_OUTCOME_ASK;
	uint64_t hold_ms = ask ? decision->hold_ms : PR_QUESTION_DEADLINE_MS;

	entry->state = PR_QUESTION_WAITING;
	entry->n_awaited = 0; /* it begins anew */
	entry->asked_user = ask;
	entry->waits_at = stage;
	entry->waits_for = *decision;
	entry->waits_for.text = NULL;
	entry->waits_for.facts = (struct pr_question_facts){ 0 };
	/* from when it came: being decided anew does not prolong it */
	set_deadline(questions, entry, entry->public.asked_us + hold_ms * MS_US);
}

/* ---- before intel, upstream, after intel ---- */

static void resolve(struct pr_questions *questions, struct pr_question_entry *entry)
{
	uint8_t bytes[PR_DNS_OWN_QUESTION_MAX];
	size_t len = pr_dns_write_question(0, entry->question.name, entry->question.type,
					   entry->question.flags, entry->question.dnssec_ok, bytes,
					   sizeof(bytes));

	pr_assert(len); /* the name was read from a question */
	entry->n_forgotten = questions->n_forgotten;
	questions->ports.resolve(questions->ports.context, entry->public.ticket, bytes, len);
}

/* What the upstream said to this very question before. False: it has to be asked. */
static bool find_cached(struct pr_questions *questions, const struct pr_question_entry *entry,
			uint64_t now_us)
{
	const struct pr_dns_cached *cached =
		pr_dns_cache_find(questions->cache, &entry->question, now_us);

	if (!cached)
		return false;
	questions->answer = cached;
	questions->answer_age_s = pr_dns_cached_age_s(cached, now_us);
	pr_dns_cached_write(cached, now_us, questions->cached);
	return true;
}

static void arrive(struct pr_questions *questions, struct pr_question_entry *entry, uint64_t now_us,
		   const uint8_t *bytes, size_t len);

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
	entry->upstream_us = now_us;
	pr_question_table_lead(&questions->table, entry);
	pr_question_inform(questions, entry);
	if (find_cached(questions, entry, now_us))
		arrive(questions, entry, now_us, questions->cached, questions->answer->len);
	else
		resolve(questions, entry);
	questions->answer = NULL;
}

/* An answer for one question; it is no leader and no follower any more. */
static void finish(struct pr_questions *questions, struct pr_question_entry *entry,
		   const uint8_t *bytes, size_t len)
{
	struct pr_judgement judgement;
	size_t reply_len = 0;

	if (len == 0) {
		pr_question_fail(questions, entry, PR_STAGE_AFTER_INTEL, PR_DNS_EDE_NETWORK_ERROR,
				 NO_ANSWER);
		return;
	}
	switch (pr_judge(&judgement, &questions->ports, entry, bytes, len, questions->reply,
			 sizeof(questions->reply), &reply_len)) {
	case PR_JUDGED_GIVEN:
		pr_question_remember(questions, entry, &judgement, reply_len);
		pr_question_conclude(questions, entry, PR_QUESTION_ANSWERED, PR_STAGE_AFTER_INTEL,
				     &judgement.decision, reply_len);
		break;
	case PR_JUDGED_DENIED:
		pr_question_deny(questions, entry, PR_STAGE_AFTER_INTEL, &judgement.decision);
		break;
	case PR_JUDGED_HELD:
		hold(questions, entry, PR_STAGE_AFTER_INTEL, &judgement.decision);
		break;
	case PR_JUDGED_UNUSABLE:
		pr_question_fail(questions, entry, PR_STAGE_AFTER_INTEL, PR_DNS_EDE_OTHER,
				 UNUSABLE);
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

/* The intelligence is here, or it is time to go on without it. */
static void go_on(struct pr_questions *questions, struct pr_question_entry *entry)
{
	size_t len;
	uint8_t *kept = pr_question_unkeep(questions, entry, &len);

	if (entry->n_awaited)
		questions->counters.went_without_intel++;
	finish_all(questions, entry, kept, len);
	free(kept);
}

/* The one place where an answer comes in, from wherever; `len` 0: there is none. */
static void arrive(struct pr_questions *questions, struct pr_question_entry *entry, uint64_t now_us,
		   const uint8_t *bytes, size_t len)
{
	if (len)
		pr_question_inform_of_answer(questions, entry, bytes, len);
	if (pr_question_wait_for_intel(questions, entry, now_us, bytes, len))
		set_deadline(questions, entry, entry->informed_by_us);
	else
		finish_all(questions, entry, bytes, len);
}

static void answer_from_cache(struct pr_questions *questions, struct pr_question_entry *entry,
			      uint64_t now_us)
{
	if (find_cached(questions, entry, now_us))
		finish(questions, entry, questions->cached, questions->answer->len);
	else
		pr_question_refuse(questions, entry, PR_STAGE_AFTER_INTEL, NOT_HERE);
	questions->answer = NULL;
}

static void begin(struct pr_questions *questions, struct pr_question_entry *entry, uint64_t now_us)
{
	const char *names[] = { entry->question.name };
	struct pr_question_facts facts = { .names = names, .n_names = 1 };
	struct pr_question_decision decision;
	enum pr_question_way way;

	entry->momentary = false;
	way = pr_question_decide(&questions->ports, entry, PR_STAGE_BEFORE_INTEL, &facts,
				 &decision);
	if (!pr_question_table_share(&questions->table, entry)) {
		questions->counters.refused_full++;
		pr_question_fail(questions, entry, PR_STAGE_BEFORE_INTEL, PR_DNS_EDE_OTHER,
				 TOO_MANY);
	} else if (way == PR_QUESTION_WAY_DENIED) {
		pr_question_deny(questions, entry, PR_STAGE_BEFORE_INTEL, &decision);
	} else if (way == PR_QUESTION_WAY_OWN) {
		pr_question_give_own(questions, entry, &decision);
	} else if (way == PR_QUESTION_WAY_HELD) {
		hold(questions, entry, PR_STAGE_BEFORE_INTEL, &decision);
	} else if (entry->public.asker.from_cache_alone) {
		answer_from_cache(questions, entry, now_us);
	} else {
		go_upstream(questions, entry, now_us);
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
	if (pr_question_give_again(questions, now_us, asker, &question))
		return;
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

	if (!entry || entry->state != PR_QUESTION_RESOLVING) {
		questions->counters.late_answers++;
		return;
	}
	if (entry->n_forgotten == questions->n_forgotten && len)
		(void)pr_dns_cache_put(questions->cache, &entry->question, bytes, len, now_us);
	arrive(questions, entry, now_us, bytes, len);
}

void pr_questions_informed(struct pr_questions *questions, uint64_t now_us, uint64_t ticket)
{
	struct pr_question_entry *entry = pr_question_table_get(&questions->table, ticket);

	(void)now_us;
	if (!entry || entry->n_awaited == 0)
		return;
	if (--entry->n_awaited == 0 && entry->state == PR_QUESTION_INFORMING)
		go_on(questions, entry);
}

void pr_questions_forget_answers(struct pr_questions *questions)
{
	questions->n_forgotten++;
	pr_dns_cache_flush(questions->cache);
}

void pr_questions_expire_answers(struct pr_questions *questions, uint64_t now_us)
{
	pr_dns_cache_expire(questions->cache, now_us, PR_QUESTIONS_EXPIRE_AT_ONCE);
}

const struct pr_dns_cache *pr_questions_cache(const struct pr_questions *questions)
{
	return questions->cache;
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
	if (entry->state == PR_QUESTION_INFORMING)
		go_on(questions, entry);
	else if (entry->state != PR_QUESTION_WAITING)
		/* followers came later; they were promised no more than this one answer */
		finish_all(questions, entry, NULL, 0);
	else if (entry->asked_user)
		pr_question_conclude(questions, entry, PR_QUESTION_UNANSWERED, entry->waits_at,
				     &entry->waits_for, 0);
	else
		pr_question_fail(questions, entry, entry->waits_at, PR_DNS_EDE_NOT_READY, NO_OWNER);
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
			pr_question_conclude(questions, entry, PR_QUESTION_UNANSWERED,
					     PR_STAGE_BEFORE_INTEL, NULL, 0);
	}
	pr_question_table_done(&questions->table);
	pr_dns_cache_free(questions->cache);
	pr_given_table_free(questions->given);
	free(questions);
}
