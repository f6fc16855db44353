/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nameserver/question.h"

#include "dns_build.h"
#include "unit.h"

#include <string.h>

#define S_US	  UINT64_C(1000000)
#define ANSWER	  (PR_DNS_FLAG_QR | PR_DNS_FLAG_RD | PR_DNS_FLAG_RA)
#define ASKED_MAX 64

/* What the ports saw, and what the decide port is told to say. */
static struct {
	struct pr_questions *questions;
	enum pr_outcome before, after, address;
	enum pr_question_own own; /* with REROUTE_TUNNEL before intel */
	const char *denied_name;  /* after intel, when among the candidates */
	uint64_t key;		  /* of the application; 0 = the client's port */
	unsigned int n_to_follow; /* what the inform port announces */
	uint32_t wait_ms, ttl_s;  /* … and what is left of the answers' time; 0 = all */
	unsigned int n_informs;
	bool recognises, momentary;
	uint64_t basis;
	unsigned int n_repeats, n_repeated_addresses;
	uint32_t older_s;
	bool wants_answer; /* the port wants to hear of the answer as well */
	unsigned int n_informs_of_answer, n_asked_names, n_asked_addresses;
	unsigned int n_decided, n_upstream, n_replies, n_silent, n_records, n_concluded;
	uint64_t tickets[ASKED_MAX];
	uint8_t reply[PR_DNS_MESSAGE_MAX];
	size_t reply_len;
	enum pr_question_end end;
	enum pr_stage stage;
	uint64_t client;
} fake;

static void decide(void *context, struct pr_question *question, enum pr_stage stage,
		   const struct pr_question_facts *facts, struct pr_question_decision *ret_decision)
{
	enum pr_outcome outcome = stage == PR_STAGE_BEFORE_INTEL ? fake.before : fake.after;

	(void)context;
	fake.n_decided++;
	question->application_key = fake.key ? fake.key : question->asker.port;
	if (facts->address)
		outcome = fake.address;
	for (unsigned int i = 0; fake.denied_name && i < facts->n_names; i++)
		if (strcmp(facts->names[i], fake.denied_name) == 0)
			outcome = PR_OUTCOME_DENY;
	ret_decision->decision.outcome = outcome;
	ret_decision->hold_ms = 2000;
	ret_decision->momentary = fake.momentary;
	ret_decision->blocked = PR_DNS_NXDOMAIN;
	ret_decision->text = "because";
	ret_decision->own = fake.own;
	ret_decision->own_name = "far.example";
	ret_decision->own_ttl_s = 60;
	if (fake.own)
		assert_int_equal(pr_address_parse("198.18.0.7", &ret_decision->own_address), 0);
}

static unsigned int inform(void *context, struct pr_question *question,
			   const struct pr_question_inquiry *inquiry, uint32_t *ret_wait_ms)
{
	(void)context;
	*ret_wait_ms = fake.wait_ms;
	question->inform_of_answer = fake.wants_answer;
	if (inquiry->n_names == 0 || strcmp(inquiry->names[0], question->name) != 0) {
		assert_true(fake.wants_answer);
		fake.n_informs_of_answer++;
		fake.n_asked_names = inquiry->n_names;
		fake.n_asked_addresses = inquiry->n_addresses;
		return fake.n_to_follow;
	}
	assert_int_equal(inquiry->n_names, 1);
	assert_int_equal(inquiry->n_addresses, 0);
	/* before the question leaves, so that an answer that is at hand finds what it waits for */
	for (unsigned int i = 0; i < fake.n_upstream && i < ASKED_MAX; i++)
		assert_int_not_equal(fake.tickets[i], question->ticket);
	fake.n_informs++;
	return fake.n_to_follow;
}

static void resolve(void *context, uint64_t ticket, const uint8_t *bytes, size_t len)
{
	struct pr_dns_question question;

	(void)context;
	assert_int_equal(pr_dns_parse_question(bytes, len, &question), 0);
	fake.tickets[fake.n_upstream++ % ASKED_MAX] = ticket;
}

static void reply(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
	(void)context;
	fake.client = client;
	fake.reply_len = len;
	if (len) {
		memcpy(fake.reply, bytes, len);
		fake.n_replies++;
	} else {
		fake.n_silent++;
	}
}

static void record(void *context, const struct pr_question *question,
		   const struct pr_question_facts *facts, uint32_t ttl_s)
{
	(void)context;
	(void)question;
	assert_non_null(facts->address);
	assert_int_equal(ttl_s, fake.ttl_s ? fake.ttl_s : 300);
	fake.n_records++;
}

static bool recognise(void *context, const struct pr_asker *asker,
		      struct pr_question_known *ret_known)
{
	(void)context;
	*ret_known =
		(struct pr_question_known){ .application_key = fake.key ? fake.key : asker->port,
					    .basis = fake.basis };
	return fake.recognises;
}

static void repeat(void *context, const struct pr_question_known *known,
		   const struct pr_question_facts *facts, const struct pr_question_given *given,
		   unsigned int n_given, uint32_t older_s)
{
	(void)context;
	assert_int_equal(known->basis, fake.basis);
	assert_string_equal(facts->names[0], "a.example");
	for (unsigned int i = 0; i < n_given; i++)
		assert_true(given[i].address.family == 4 && given[i].ttl_s > older_s);
	fake.n_repeats++;
	fake.n_repeated_addresses += n_given;
	fake.older_s = older_s;
}

static void concluded(void *context, struct pr_question *question, enum pr_question_end end,
		      enum pr_stage stage, const struct pr_question_decision *decision)
{
	(void)context;
	(void)question;
	(void)decision;
	fake.n_concluded++;
	fake.end = end;
	fake.stage = stage;
}

static int set_up(void **state)
{
	const struct pr_question_ports ports = { .decide = decide,
						 .inform = inform,
						 .resolve = resolve,
						 .reply = reply,
						 .record = record,
						 .recognise = recognise,
						 .repeat = repeat,
						 .concluded = concluded };

	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.before = PR_OUTCOME_OPEN;
	fake.after = fake.address = PR_OUTCOME_PERMIT;
	fake.questions = pr_questions_new(&ports);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pr_questions_free(fake.questions);
	return 0;
}

static void ask_from(uint16_t port, uint64_t now_us, const char *name)
{
	struct pr_asker asker = { .client = port, .port = port, .transport = PR_TRANSPORT_UDP };
	static struct built built;

	built_question(&built, PR_DNS_FLAG_RD, name, PR_DNS_TYPE_A, 1232, false);
	pr_questions_ask(fake.questions, now_us, &asker, built.bytes, built.writer.position);
}

static void answer(uint64_t ticket, uint64_t now_us, const char *name, const char *alias)
{
	static struct built built;

	built_begin(&built, ANSWER, name, PR_DNS_TYPE_A);
	if (alias)
		built_cname(&built, name, alias);
	built_address(&built, 0, alias ? alias : name, "198.51.100.1");
	built_address(&built, 0, alias ? alias : name, "198.51.100.2");
	pr_questions_answer(fake.questions, now_us, ticket, built.bytes, built.writer.position);
}

static unsigned int rcode(void)
{
	return fake.reply[3] & PR_DNS_RCODE_MASK;
}

static void goes_all_the_way(void **state)
{
	(void)state;
	ask_from(1000, S_US, "A.Example");
	assert_int_equal(fake.n_upstream, 1);
	assert_int_equal(fake.n_replies, 0);
	answer(fake.tickets[0], S_US, "a.example", NULL);
	assert_int_equal(fake.n_replies, 1);
	assert_int_equal(fake.client, 1000);
	assert_int_equal(fake.n_records, 2);
	assert_int_equal(fake.end, PR_QUESTION_ANSWERED);
	assert_int_equal(fake.n_decided, 4);
	assert_memory_equal(fake.reply + PR_DNS_HEADER_LEN, "\1A\7Example", 10);
	assert_int_equal(pr_questions_count(fake.questions), 0);
	/* an answer that comes twice is too late */
	answer(fake.tickets[0], S_US, "a.example", NULL);
	assert_int_equal(fake.n_replies, 1);
	assert_int_equal(pr_questions_counters(fake.questions)->late_answers, 1);
}

static void denied_before_never_goes_upstream(void **state)
{
	(void)state;
	fake.before = PR_OUTCOME_DENY;
	ask_from(1000, S_US, "a.example");
	assert_int_equal(fake.n_upstream, 0);
	assert_int_equal(rcode(), PR_DNS_RCODE_NXDOMAIN);
	assert_int_equal(fake.stage, PR_STAGE_BEFORE_INTEL);
	assert_non_null(memmem(fake.reply, fake.reply_len, "\0\17\0\11\0\17because", 13));
	/* a tunnel that there is not yet is a denial */
	fake.before = PR_OUTCOME_REROUTE_TUNNEL;
	ask_from(1000, S_US, "a.example");
	assert_int_equal(fake.n_upstream, 0);
	assert_int_equal(fake.end, PR_QUESTION_DENIED);
}

static void answered_here_goes_nowhere(void **state)
{
	static const struct {
		enum pr_question_own own;
		unsigned int rcode, ede, n_records;
		enum pr_question_end end;
	} cases[] = {
		{ PR_QUESTION_OWN_ADDRESS, PR_DNS_RCODE_NOERROR, 29, 1, PR_QUESTION_ANSWERED },
		{ PR_QUESTION_OWN_NAME, PR_DNS_RCODE_NOERROR, 29, 0, PR_QUESTION_ANSWERED },
		{ PR_QUESTION_OWN_NOTHING, PR_DNS_RCODE_NOERROR, 29, 0, PR_QUESTION_ANSWERED },
		{ PR_QUESTION_OWN_UNKNOWN, PR_DNS_RCODE_NXDOMAIN, 29, 0, PR_QUESTION_ANSWERED },
		{ PR_QUESTION_OWN_FAILURE, PR_DNS_RCODE_SERVFAIL, 0, 0, PR_QUESTION_FAILED },
		{ PR_QUESTION_OWN_REFUSED, PR_DNS_RCODE_REFUSED, 18, 0, PR_QUESTION_FAILED },
	};

	(void)state;
	fake.before = PR_OUTCOME_REROUTE_TUNNEL;
	fake.ttl_s = 60;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		const uint8_t option[] = { 0, 15, 0, 9, 0, (uint8_t)cases[i].ede, 'b', 'e' };

		fake.own = cases[i].own;
		fake.n_records = 0;
		ask_from((uint16_t)(1000 + i), S_US, "a.example");
		assert_int_equal(rcode(), cases[i].rcode);
		assert_int_equal(fake.end, cases[i].end);
		assert_int_equal(fake.stage, PR_STAGE_BEFORE_INTEL);
		assert_int_equal(fake.n_records, cases[i].n_records);
		assert_non_null(memmem(fake.reply, fake.reply_len, option, sizeof(option)));
	}
	assert_int_equal(fake.n_upstream, 0);
	assert_int_equal(fake.n_informs, 0);
	/* the same name of an application that may go there directly */
	fake.before = PR_OUTCOME_OPEN;
	fake.own = PR_QUESTION_OWN_NONE;
	ask_from(2000, S_US, "a.example");
	assert_int_equal(fake.n_upstream, 1);
}

static void denied_after_withholds(void **state)
{
	(void)state;
	fake.address = PR_OUTCOME_DENY;
	ask_from(1000, S_US, "a.example");
	answer(fake.tickets[0], S_US, "a.example", NULL);
	assert_int_equal(rcode(), PR_DNS_RCODE_NXDOMAIN);
	assert_int_equal(fake.stage, PR_STAGE_AFTER_INTEL);
	assert_int_equal(fake.n_records, 0);
	/* a name of the chain */
	fake.address = PR_OUTCOME_PERMIT;
	fake.denied_name = "tracker.example";
	ask_from(1000, S_US, "b.example");
	answer(fake.tickets[1], S_US, "b.example", "tracker.example");
	assert_int_equal(rcode(), PR_DNS_RCODE_NXDOMAIN);
	assert_int_equal(fake.end, PR_QUESTION_DENIED);
	assert_int_equal(fake.n_records, 0);
}

static void ask_holds_then_leaves_unanswered(void **state)
{
	(void)state;
	fake.before = PR_OUTCOME_ASK;
	ask_from(1000, S_US, "a.example");
	assert_int_equal(pr_questions_next_tick(fake.questions), 3 * S_US);
	assert_int_equal(pr_questions_tick(fake.questions, 3 * S_US - 1), 3 * S_US);
	assert_int_equal(fake.n_concluded, 0);
	/* deciding again does not prolong it */
	pr_questions_resume_all(fake.questions, 2 * S_US);
	pr_questions_tick(fake.questions, 3 * S_US);
	assert_int_equal(fake.end, PR_QUESTION_UNANSWERED);
	assert_int_equal(fake.n_silent, 1);
	assert_int_equal(fake.n_upstream, 0);
	/* the answer of the prompt comes in time */
	ask_from(1000, 4 * S_US, "a.example");
	fake.before = PR_OUTCOME_PERMIT;
	pr_questions_resume_all(fake.questions, 5 * S_US);
	assert_int_equal(fake.n_upstream, 1);
	answer(fake.tickets[0], 5 * S_US, "a.example", NULL);
	assert_int_equal(fake.end, PR_QUESTION_ANSWERED);
	/* asked after intel, where nothing else is left */
	fake.address = PR_OUTCOME_ASK;
	ask_from(1000, 6 * S_US, "b.example");
	answer(fake.tickets[1], 6 * S_US, "b.example", NULL);
	assert_int_equal(fake.n_concluded, 2);
	pr_questions_tick(fake.questions, 8 * S_US);
	assert_int_equal(fake.end, PR_QUESTION_UNANSWERED);
	assert_int_equal(fake.stage, PR_STAGE_AFTER_INTEL);
}

static void waits_for_its_owner(void **state)
{
	(void)state;
	fake.before = PR_OUTCOME_MISSING;
	ask_from(1000, 0, "a.example");
	assert_int_equal(fake.n_upstream, 0);
	pr_questions_tick(fake.questions, PR_QUESTION_DEADLINE_MS * 1000);
	assert_int_equal(rcode(), PR_DNS_RCODE_SERVFAIL);
	assert_int_equal(fake.end, PR_QUESTION_FAILED);
}

static void followers_get_decisions_of_their_own(void **state)
{
	(void)state;
	fake.key = 77;
	ask_from(1000, S_US, "a.example");
	ask_from(1001, S_US, "A.example");
	assert_int_equal(fake.n_upstream, 1);
	assert_int_equal(pr_questions_counters(fake.questions)->coalesced, 1);
	/* another application asks for itself */
	fake.key = 78;
	ask_from(1002, S_US, "a.example");
	assert_int_equal(fake.n_upstream, 2);
	fake.key = 77;
	fake.n_decided = 0;
	answer(fake.tickets[0], S_US, "a.example", NULL);
	assert_int_equal(fake.n_replies, 2);
	assert_int_equal(fake.n_decided, 6);
	fake.address = PR_OUTCOME_DENY;
	fake.key = 78;
	answer(fake.tickets[1], S_US, "a.example", NULL);
	assert_int_equal(fake.end, PR_QUESTION_DENIED);
}

#define MS_US UINT64_C(1000)

static void waits_for_intelligence(void **state)
{
	(void)state;
	fake.n_to_follow = 2;
	fake.wait_ms = 300;
	ask_from(1000, S_US, "a.example");
	assert_int_equal(fake.n_informs, 1);
	assert_int_equal(fake.n_upstream, 1);
	/* the answer is first */
	answer(fake.tickets[0], S_US + 20 * MS_US, "a.example", NULL);
	pr_questions_informed(fake.questions, S_US + 30 * MS_US, fake.tickets[0]);
	assert_int_equal(fake.n_decided, 1);
	pr_questions_informed(fake.questions, S_US + 40 * MS_US, fake.tickets[0]);
	assert_int_equal(fake.n_decided, 4);
	assert_int_equal(fake.n_replies, 1);
	assert_int_equal(fake.n_records, 2);
	/* the intelligence is first */
	ask_from(1000, S_US, "b.example");
	pr_questions_informed(fake.questions, S_US + 30 * MS_US, fake.tickets[1]);
	pr_questions_informed(fake.questions, S_US + 30 * MS_US, fake.tickets[1]);
	assert_int_equal(fake.n_replies, 1);
	answer(fake.tickets[1], S_US + 40 * MS_US, "b.example", NULL);
	assert_int_equal(fake.n_replies, 2);
	assert_int_equal(pr_questions_counters(fake.questions)->waited_for_intel, 1);
	assert_int_equal(pr_questions_counters(fake.questions)->went_without_intel, 0);
	/* nobody waits for these any more */
	pr_questions_informed(fake.questions, S_US, fake.tickets[1]);
	pr_questions_informed(fake.questions, S_US, 12345);
}

static void goes_on_without_intelligence_that_is_late(void **state)
{
	uint64_t by_us = S_US + 300 * MS_US;

	(void)state;
	fake.n_to_follow = 1;
	fake.wait_ms = 300;
	ask_from(1000, S_US, "a.example");
	answer(fake.tickets[0], by_us - 1, "a.example", NULL);
	assert_int_equal(pr_questions_tick(fake.questions, by_us - 1), by_us);
	assert_int_equal(fake.n_replies, 0);
	pr_questions_tick(fake.questions, by_us);
	assert_int_equal(fake.n_replies, 1);
	assert_int_equal(fake.end, PR_QUESTION_ANSWERED);
	/* an answer that took longer than that does not wait at all */
	ask_from(1000, S_US, "b.example");
	answer(fake.tickets[1], by_us, "b.example", NULL);
	assert_int_equal(fake.n_replies, 2);
	assert_int_equal(pr_questions_counters(fake.questions)->went_without_intel, 2);
	/* no answer: nothing to decide upon */
	ask_from(1000, S_US, "c.example");
	pr_questions_answer(fake.questions, S_US, fake.tickets[2], NULL, 0);
	assert_int_equal(fake.end, PR_QUESTION_FAILED);
}

static void intelligence_is_not_asked_about_what_is_denied(void **state)
{
	(void)state;
	fake.n_to_follow = 1;
	fake.wait_ms = 300;
	fake.before = PR_OUTCOME_DENY;
	ask_from(1000, S_US, "a.example");
	fake.before = PR_OUTCOME_ASK;
	ask_from(1001, S_US, "b.example");
	assert_int_equal(fake.n_informs, 0);
	assert_int_equal(fake.n_upstream, 0);
}

static void followers_share_the_intelligence(void **state)
{
	(void)state;
	fake.key = 77;
	fake.n_to_follow = 1;
	fake.wait_ms = 300;
	ask_from(1000, S_US, "a.example");
	ask_from(1001, S_US, "a.example");
	answer(fake.tickets[0], S_US, "a.example", NULL);
	/* one that comes while the answer waits */
	ask_from(1002, S_US + MS_US, "a.example");
	assert_int_equal(fake.n_informs, 1);
	assert_int_equal(fake.n_upstream, 1);
	fake.after = PR_OUTCOME_DENY;
	pr_questions_informed(fake.questions, S_US + 2 * MS_US, fake.tickets[0]);
	assert_int_equal(fake.n_concluded, 3);
	assert_int_equal(fake.end, PR_QUESTION_DENIED);
	assert_int_equal(fake.stage, PR_STAGE_AFTER_INTEL);
}

static void asks_about_what_the_answer_adds(void **state)
{
	uint64_t by_us = S_US + 300 * MS_US;

	(void)state;
	fake.n_to_follow = 1;
	fake.wait_ms = 300;
	fake.wants_answer = true;
	ask_from(1000, S_US, "a.example");
	pr_questions_informed(fake.questions, S_US + MS_US, fake.tickets[0]);
	answer(fake.tickets[0], S_US + 10 * MS_US, "a.example", "cdn.example");
	assert_int_equal(fake.n_informs_of_answer, 1);
	assert_int_equal(fake.n_asked_names, 1);
	assert_int_equal(fake.n_asked_addresses, 2);
	assert_int_equal(fake.n_replies, 0);
	/* the time counts from when the question went upstream */
	assert_int_equal(pr_questions_tick(fake.questions, by_us - 1), by_us);
	pr_questions_tick(fake.questions, by_us);
	assert_int_equal(fake.n_replies, 1);
	/* both are waited for */
	ask_from(1000, S_US, "b.example");
	answer(fake.tickets[1], S_US, "b.example", NULL);
	assert_int_equal(fake.n_asked_names, 0);
	pr_questions_informed(fake.questions, S_US, fake.tickets[1]);
	assert_int_equal(fake.n_replies, 1);
	pr_questions_informed(fake.questions, S_US, fake.tickets[1]);
	assert_int_equal(fake.n_replies, 2);
}

static void answers_that_wait_are_bounded(void **state)
{
	static uint8_t large[PR_DNS_MESSAGE_MAX];
	unsigned int n = PR_QUESTIONS_KEPT_MAX / sizeof(large);

	(void)state;
	fake.n_to_follow = 1;
	fake.wait_ms = 300;
	for (unsigned int i = 0; i <= n; i++) {
		ask_from((uint16_t)(1000 + i), S_US, "a.example");
		pr_questions_answer(fake.questions, S_US,
				    fake.tickets[(fake.n_upstream - 1) % ASKED_MAX], large,
				    sizeof(large));
	}
	assert_int_equal(pr_questions_count(fake.questions), n);
	assert_int_equal(pr_questions_counters(fake.questions)->kept_full, 1);
	pr_questions_tick(fake.questions, 2 * S_US);
	assert_int_equal(pr_questions_count(fake.questions), 0);
	/* there is room again */
	ask_from(1000, 2 * S_US, "a.example");
	pr_questions_answer(fake.questions, 2 * S_US,
			    fake.tickets[(fake.n_upstream - 1) % ASKED_MAX], large, sizeof(large));
	assert_int_equal(pr_questions_count(fake.questions), 1);
}

/* The time to live of the first record of the reply, whose owner is a pointer. */
static uint32_t ttl_of_reply(const char *name)
{
	struct pr_reader reader = pr_reader(fake.reply, fake.reply_len);

	reader.position = PR_DNS_HEADER_LEN + strlen(name) + 2 + 4 + 2 + 4;
	return pr_read_u32(&reader);
}

static void a_cached_answer_is_decided_upon_by_each(void **state)
{
	(void)state;
	fake.key = 77;
	ask_from(1000, S_US, "a.example");
	answer(fake.tickets[0], S_US, "a.example", NULL);
	/* another application: all but the upstream */
	fake.key = 78;
	fake.n_decided = fake.n_informs = 0;
	fake.ttl_s = 290;
	ask_from(1001, 11 * S_US, "A.example");
	assert_int_equal(fake.n_upstream, 1);
	assert_int_equal(fake.n_informs, 1);
	assert_int_equal(fake.n_decided, 4);
	assert_int_equal(fake.n_records, 4);
	assert_int_equal(fake.client, 1001);
	assert_int_equal(fake.end, PR_QUESTION_ANSWERED);
	assert_int_equal(ttl_of_reply("a.example"), 290);
	assert_memory_equal(fake.reply + PR_DNS_HEADER_LEN, "\1A\7example", 10);
	/* what others were given says nothing of what this one may have */
	fake.address = PR_OUTCOME_DENY;
	ask_from(1002, 11 * S_US, "a.example");
	assert_int_equal(fake.end, PR_QUESTION_DENIED);
	assert_int_equal(fake.stage, PR_STAGE_AFTER_INTEL);
	fake.before = PR_OUTCOME_DENY;
	ask_from(1002, 11 * S_US, "a.example");
	assert_int_equal(fake.stage, PR_STAGE_BEFORE_INTEL);
	assert_int_equal(fake.n_records, 4);
	/* its time is over */
	fake.before = PR_OUTCOME_OPEN;
	ask_from(1003, 301 * S_US, "a.example");
	assert_int_equal(fake.n_upstream, 2);
}

static void a_cached_answer_waits_for_intelligence(void **state)
{
	(void)state;
	ask_from(1000, S_US, "a.example");
	answer(fake.tickets[0], S_US, "a.example", NULL);
	fake.n_to_follow = 1;
	fake.wait_ms = 300;
	fake.ttl_s = 299;
	ask_from(1001, 2 * S_US, "a.example");
	assert_int_equal(fake.n_upstream, 1);
	assert_int_equal(fake.n_replies, 1);
	assert_int_equal(pr_questions_count(fake.questions), 1);
	pr_questions_tick(fake.questions, 2 * S_US + 300 * MS_US);
	assert_int_equal(fake.n_replies, 2);
	assert_int_equal(pr_questions_count(fake.questions), 0);
}

/* Asks for what is cached until it is remembered what was given. */
static void remember(const char *name)
{
	ask_from(1000, S_US, name);
	answer(fake.tickets[fake.n_upstream - 1], S_US, name, NULL);
	ask_from(1000, S_US, name);
	assert_int_equal(fake.end, PR_QUESTION_ANSWERED);
	fake.n_decided = fake.n_repeats = 0;
}

static void is_given_again_while_nothing_changes(void **state)
{
	static uint8_t before[PR_DNS_MESSAGE_MAX];
	size_t before_len;

	(void)state;
	fake.recognises = true;
	fake.key = 77;
	remember("a.example");
	before_len = fake.reply_len;
	memcpy(before, fake.reply, before_len);
	ask_from(1001, S_US, "a.example");
	assert_int_equal(fake.n_repeats, 1);
	assert_int_equal(fake.n_repeated_addresses, 2);
	assert_int_equal(fake.n_decided, 0);
	assert_int_equal(fake.client, 1001);
	assert_int_equal(fake.reply_len, before_len);
	assert_memory_equal(fake.reply, before, before_len);
	assert_int_equal(pr_questions_counters(fake.questions)->given_again, 1);
	assert_int_equal(pr_questions_counters(fake.questions)->answered, 3);
	/* later, in another case: both are the question's */
	ask_from(1001, 11 * S_US, "A.exAmple");
	assert_int_equal(fake.n_repeats, 2);
	assert_int_equal(fake.older_s, 10);
	assert_int_equal(ttl_of_reply("a.example"), 290);
	assert_memory_equal(fake.reply + PR_DNS_HEADER_LEN, "\1A\7exAmple", 10);
	/* not longer than the answer holds */
	ask_from(1001, 301 * S_US, "a.example");
	assert_int_equal(fake.n_repeats, 2);
	assert_int_equal(fake.n_upstream, 2);
}

static void is_not_given_again_to_others_nor_after_a_change(void **state)
{
	struct pr_asker asker = { .client = 5, .port = 5 };
	static struct built built;

	(void)state;
	fake.recognises = true;
	fake.key = 77;
	remember("a.example");
	/* another application, which may not have it */
	fake.key = 78;
	fake.before = PR_OUTCOME_DENY;
	ask_from(1001, S_US, "a.example");
	assert_int_equal(fake.end, PR_QUESTION_DENIED);
	/* the same one, after a change */
	fake.key = 77;
	fake.basis++;
	ask_from(1001, S_US, "a.example");
	assert_int_equal(fake.end, PR_QUESTION_DENIED);
	fake.before = PR_OUTCOME_OPEN;
	ask_from(1001, S_US, "a.example");
	assert_int_equal(fake.end, PR_QUESTION_ANSWERED);
	assert_int_equal(fake.n_repeats, 0);
	ask_from(1001, S_US, "a.example");
	assert_int_equal(fake.n_repeats, 1);
	/* without EDNS it is another reply */
	built_question(&built, PR_DNS_FLAG_RD, "a.example", PR_DNS_TYPE_A, 0, false);
	for (unsigned int i = 0; i < 2; i++)
		pr_questions_ask(fake.questions, S_US, &asker, built.bytes, built.writer.position);
	assert_int_equal(fake.n_repeats, 2);
	assert_int_equal(fake.reply[11], 0);
	/* nobody knows who asks */
	fake.recognises = false;
	ask_from(1001, S_US, "a.example");
	assert_int_equal(fake.n_repeats, 2);
	/* the upstream said something else meanwhile */
	fake.recognises = true;
	pr_questions_forget_answers(fake.questions);
	ask_from(1001, S_US, "a.example");
	assert_int_equal(fake.n_repeats, 2);
}

static void what_is_momentary_is_not_given_again(void **state)
{
	(void)state;
	fake.recognises = fake.momentary = true;
	fake.key = 77;
	remember("a.example");
	ask_from(1001, S_US, "a.example");
	assert_int_equal(fake.n_decided, 4);
	assert_int_equal(fake.n_repeats, 0);
	fake.momentary = false;
	ask_from(1001, S_US, "a.example");
	ask_from(1001, S_US, "a.example");
	assert_int_equal(fake.n_repeats, 1);
}

static void forgotten_answers_are_asked_for_anew(void **state)
{
	(void)state;
	ask_from(1000, S_US, "a.example");
	answer(fake.tickets[0], S_US, "a.example", NULL);
	/* on its way while all is forgotten: given, not kept */
	ask_from(1000, S_US, "b.example");
	pr_questions_forget_answers(fake.questions);
	answer(fake.tickets[1], S_US, "b.example", NULL);
	assert_int_equal(fake.n_replies, 2);
	ask_from(1000, S_US, "a.example");
	ask_from(1000, S_US, "b.example");
	assert_int_equal(fake.n_upstream, 4);
	answer(fake.tickets[2], S_US, "a.example", NULL);
	ask_from(1000, S_US, "a.example");
	assert_int_equal(fake.n_upstream, 4);
}

static void repeated_packets_are_one_question(void **state)
{
	(void)state;
	ask_from(1000, S_US, "a.example");
	ask_from(1000, S_US, "a.example");
	assert_int_equal(fake.n_upstream, 1);
	assert_int_equal(fake.n_silent, 1);
	answer(fake.tickets[0], S_US, "a.example", NULL);
	assert_int_equal(fake.n_replies, 1);
	assert_int_equal(fake.n_concluded, 1);
}

static void no_answer_is_a_failure(void **state)
{
	(void)state;
	ask_from(1000, 0, "a.example");
	pr_questions_tick(fake.questions, PR_QUESTION_DEADLINE_MS * 1000);
	assert_int_equal(rcode(), PR_DNS_RCODE_SERVFAIL);
	ask_from(1000, 0, "a.example");
	pr_questions_answer(fake.questions, 0, fake.tickets[1], (const uint8_t *)"x", 1);
	assert_int_equal(rcode(), PR_DNS_RCODE_SERVFAIL);
	ask_from(1000, 0, "a.example");
	answer(fake.tickets[2], 0, "other.example", NULL);
	assert_int_equal(rcode(), PR_DNS_RCODE_SERVFAIL);
	assert_int_equal(fake.n_records, 0);
	assert_int_equal(fake.n_concluded, 3);
	/* the resolver was restarted */
	ask_from(1000, 0, "a.example");
	pr_questions_resolver_restarted(fake.questions);
	assert_int_equal(fake.n_upstream, 5);
	assert_int_equal(fake.tickets[3], fake.tickets[4]);
}

/* What nobody answers, of one application. */
static void flood(uint64_t key, unsigned int n)
{
	char name[40];

	fake.key = key;
	for (unsigned int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%u.%u.example", i, (unsigned int)key);
		ask_from((uint16_t)(1000 + i), S_US, name);
	}
}

static void is_bounded(void **state)
{
	(void)state;
	/* one application's share */
	flood(77, PR_QUESTIONS_PER_APPLICATION_MAX + 5);
	assert_int_equal(pr_questions_count(fake.questions), PR_QUESTIONS_PER_APPLICATION_MAX);
	assert_int_equal(rcode(), PR_DNS_RCODE_SERVFAIL);
	/* of several: who asks little finds room */
	for (uint64_t key = 78; key < 84; key++)
		flood(key, PR_QUESTIONS_MAX);
	assert_int_equal(rcode(), PR_DNS_RCODE_SERVFAIL);
	assert_int_equal(pr_questions_count(fake.questions),
			 PR_QUESTIONS_MAX - PR_QUESTIONS_MAX / 128);
	flood(99, 5);
	assert_int_equal(pr_questions_count(fake.questions),
			 PR_QUESTIONS_MAX - PR_QUESTIONS_MAX / 128 + 5);
	/* each port another application: all of them but the last */
	flood(0, PR_QUESTIONS_MAX + 10);
	assert_int_equal(pr_questions_count(fake.questions), PR_QUESTIONS_MAX - 1);
	pr_questions_tick(fake.questions, S_US + PR_QUESTION_DEADLINE_MS * 1000);
	assert_int_equal(pr_questions_count(fake.questions), 0);
	assert_int_equal(pr_questions_next_tick(fake.questions), UINT64_MAX);
}

/* A policy may take its asker for another application meanwhile. */
static void a_share_goes_back_where_it_came_from(void **state)
{
	(void)state;
	fake.key = 77;
	fake.before = PR_OUTCOME_ASK;
	ask_from(1000, S_US, "a.example");
	fake.key = 78;
	fake.before = PR_OUTCOME_DENY;
	pr_questions_resume_all(fake.questions, S_US);
	assert_int_equal(fake.end, PR_QUESTION_DENIED);
	ask_from(1001, S_US, "a.example");
	assert_int_equal(fake.end, PR_QUESTION_DENIED);
	assert_int_equal(pr_questions_counters(fake.questions)->refused_full, 0);
}

static void malformed_questions_get_their_error(void **state)
{
	struct pr_asker asker = { .client = 1, .port = 1 };
	static struct built built;

	(void)state;
	built_question(&built, 5 << 11, "a.example", PR_DNS_TYPE_SOA, 0, false);
	pr_questions_ask(fake.questions, 0, &asker, built.bytes, built.writer.position);
	assert_int_equal(rcode(), PR_DNS_RCODE_NOTIMP);
	pr_questions_ask(fake.questions, 0, &asker, built.bytes, 5);
	assert_int_equal(fake.n_silent, 1);
	assert_int_equal(fake.n_concluded, 0);
	assert_int_equal(pr_questions_counters(fake.questions)->malformed, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_all_the_way),
		TEST(denied_before_never_goes_upstream),
		TEST(answered_here_goes_nowhere),
		TEST(denied_after_withholds),
		TEST(ask_holds_then_leaves_unanswered),
		TEST(waits_for_its_owner),
		TEST(followers_get_decisions_of_their_own),
		TEST(waits_for_intelligence),
		TEST(goes_on_without_intelligence_that_is_late),
		TEST(intelligence_is_not_asked_about_what_is_denied),
		TEST(followers_share_the_intelligence),
		TEST(asks_about_what_the_answer_adds),
		TEST(answers_that_wait_are_bounded),
		TEST(a_cached_answer_is_decided_upon_by_each),
		TEST(a_cached_answer_waits_for_intelligence),
		TEST(is_given_again_while_nothing_changes),
		TEST(is_not_given_again_to_others_nor_after_a_change),
		TEST(what_is_momentary_is_not_given_again),
		TEST(forgotten_answers_are_asked_for_anew),
		TEST(repeated_packets_are_one_question),
		TEST(no_answer_is_a_failure),
		TEST(is_bounded),
		TEST(a_share_goes_back_where_it_came_from),
		TEST(malformed_questions_get_their_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
