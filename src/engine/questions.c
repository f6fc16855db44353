/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The question corridor: gives the life of a question (nameserver/question.h) what it asks for: who asks
 * (questioner.c), what is decided, what a name led to. Names are recorded for the asker's instance, or for all where
 * the asker is a stub that hides whom it asks for.
 */
#include "engine/events.h"
#include "engine/pool.h"
#include "engine/questioner.h"
#include "engine/subject.h"
#include "engine/suspicions.h"

#include "dns/message.h"

#include <string.h>

/* An answer of these types has addresses, but for the stage that says it has none. */
static bool may_have_addresses(uint16_t type)
{
	return type == PR_DNS_TYPE_A || type == PR_DNS_TYPE_AAAA || type == PR_DNS_TYPE_HTTPS ||
	       type == PR_DNS_TYPE_SVCB || type == PR_DNS_TYPE_ANY;
}

/* Where there is no address, there is nothing that is known by it. */
static void set_no_address(struct pr_subject *subject)
{
	subject->known |= PR_FACT_ADDRESS | PR_FACT_SCOPE | PR_FACTS_DATA;
	subject->absent |= PR_FACT_ADDRESS | PR_FACT_SCOPE;
}

_Static_assert(PR_DNS_CHAIN_MAX <= PR_SUBJECT_DOMAINS_MAX, "no name of a chain is passed over");

static void set_subject(struct pr_engine *engine, const struct pr_question *question,
			const struct pr_questioner *questioner, enum pr_stage stage,
			const struct pr_question_facts *facts, unsigned int wanted,
			struct pr_subject_of *of)
{
	struct pr_subject *subject = &of->subject;

	*subject = (struct pr_subject){
		.direction = PR_DIRECTION_OUT,
		.known = PR_FACT_OWNER | PR_FACT_DOMAIN,
		.profile = questioner->actor.profile,
		.own = questioner->actor.own,
	};
	pr_intel_begin(engine, of);
	of->may_follow = stage == PR_STAGE_BEFORE_INTEL;
	if (subject->profile == PR_PROFILE_UNKNOWN)
		subject->absent |= PR_FACT_OWNER;
	for (unsigned int i = 0; i < facts->n_names && i < PR_SUBJECT_DOMAINS_MAX; i++)
		subject->domains[subject->n_domains++] = facts->names[i];
	pr_intel_of_names(engine, of);
	pr_suspicions_set(engine, &questioner->actor, questioner->suspicions, subject);
	if (facts->address) {
		subject->public_answer = engine->upstreams_public;
		pr_subject_set_address(engine, facts->address, subject);
		if (pr_is_pooled(engine, facts->address) && stage != PR_STAGE_BEFORE_INTEL)
			pr_pool_refuse(subject);
		pr_intel_of_address(engine, of, wanted);
	} else if (stage == PR_STAGE_AFTER_INTEL && !may_have_addresses(question->type)) {
		set_no_address(subject);
	}
}

static void tell_watchers(struct pr_engine *engine, const struct pr_question *question,
			  const struct pr_questioner *questioner, const struct pr_subject *subject,
			  const struct pr_question_decision *decision, enum pr_stage stage)
{
	char type[PR_DNS_TYPE_TEXT_SIZE];
	struct pr_event event = {
		.kind = PR_EVENT_DNS,
		.id = question->ticket,
		.text = pr_dns_type_text(question->type, type),
		.tuple = { .src = question->asker.address,
			   .dst = question->asker.local_address,
			   .src_port = question->asker.port,
			   .dst_port = question->asker.local_port,
			   .proto = question->asker.transport == PR_TRANSPORT_TCP ? IPPROTO_TCP
										  : IPPROTO_UDP },
	};

	pr_event_of_actor(engine, questioner->actor.application, questioner->actor.process, &event);
	pr_event_of_subject(engine, subject, &event);
	pr_event_of_decision(engine, subject, &decision->decision, stage, &event);
	if (questioner->missing_providers) {
		event.missing |= PR_FACT_LISTS;
		event.missing_providers = pr_providers_text(engine, questioner->missing_providers);
	}
	if (decision->answered || decision->unanswered)
		event.reason = pr_reason_of_denial(engine, subject, decision, engine->reason,
						   sizeof(engine->reason));
	if (decision->own)
		event.reason = pr_pool_reason(engine, subject, decision);
	pr_event_add_suspicions(engine, subject, &decision->decision, &event);
	pr_event_send(engine, &event);
}

static void tell(struct pr_engine *engine, const struct pr_question *question,
		 const struct pr_questioner *questioner, const struct pr_subject *subject,
		 const struct pr_question_decision *decision, enum pr_stage stage)
{
	if (engine->unwatched)
		engine->counters.events_unwatched++;
	else
		tell_watchers(engine, question, questioner, subject, decision, stage);
}

/* "Ask" at a question: said already, or a prompt. */
static void ask(struct pr_engine *engine, const struct pr_questioner *questioner,
		const struct pr_subject *subject, enum pr_stage stage,
		struct pr_question_decision *decision)
{
	const struct pr_settings *settings = pr_policy_settings(engine->policy, subject->profile);
	struct pr_prompt_for for_ = { .actor = questioner->actor,
				      .subject = subject,
				      .stage = stage,
				      .rule = decision->decision.rule };
	enum pr_prompt_says says;

	if (questioner->dry) {
		decision->hold_ms = 0;
		return;
	}
	for_.communication = pr_communications_get(
		engine->communications, questioner->actor.application, subject->domains[0],
		PR_DIRECTION_OUT, PR_SCOPE_INVALID, engine->now_us);
	says = pr_prompt_ask(engine, &for_);
	decision->hold_ms = settings->ask_question_hold_ms;
	if (says == PR_PROMPT_SAYS_WAIT) {
		engine->counters.questions_held++;
		return;
	}
	decision->decision.outcome =
		says == PR_PROMPT_SAYS_PERMIT ? PR_OUTCOME_OPEN : PR_OUTCOME_DENY;
	decision->decision.verdict =
		settings->deny_outgoing == PR_DENY_BLOCK ? PR_VERDICT_BLOCK : PR_VERDICT_DROP;
	decision->answered = says == PR_PROMPT_SAYS_DENY;
	decision->unanswered = says == PR_PROMPT_SAYS_TIMEOUT;
}

/* Whether intelligence decides anything, and what of it there was not. */
static void note_intelligence(const struct pr_engine *engine, struct pr_questioner *questioner,
			      enum pr_stage stage, const struct pr_subject *subject)
{
	struct pr_rule_hit hit;

	if (engine->providers.n_wanted == 0)
		return;
	if (stage != PR_STAGE_BEFORE_INTEL) {
		if (!questioner->permitted)
			questioner->missing_providers |= pr_providers_missing(engine, subject);
		return;
	}
	pr_policy_match(engine->policy, subject, &hit);
	questioner->permitted = hit.match == PR_MATCH_RULE && hit.action == PR_RULE_PERMIT;
	questioner->missing_providers = 0;
}

static void decide_with_owner(struct pr_engine *engine, const struct pr_question *question,
			      struct pr_questioner *questioner, enum pr_stage stage,
			      const struct pr_question_facts *facts,
			      struct pr_question_decision *ret_decision)
{
	struct pr_decision *decision = &ret_decision->decision;
	PR_UNINITIALIZED struct pr_subject_of of;
	const struct pr_subject *subject = &of.subject;

	set_subject(engine, question, questioner, stage, facts, engine->intel_map.wants, &of);
	if (stage == PR_STAGE_BEFORE_INTEL)
		pr_decide_on_communication_before_intel(engine->policy, subject, decision);
	else
		pr_decide_on_communication_after_intel(engine->policy, subject, decision);
	ret_decision->blocked =
		pr_decision_blocked(pr_policy_settings(engine->policy, subject->profile), decision,
				    &ret_decision->filtered);
	note_intelligence(engine, questioner, stage, subject);
	/* What users say, and what they did not say, ends by itself; so does what providers said, and a suspicion. */
	ret_decision->momentary = decision->outcome == PR_OUTCOME_ASK ||
				  engine->providers.n_wanted > 0 || questioner->suspicions;
	if (decision->outcome == PR_OUTCOME_ASK)
		ask(engine, questioner, subject, stage, ret_decision);
	/* Facts that no stage before the packet has: that is what "open" means. */
	if (decision->outcome == PR_OUTCOME_MISSING)
		decision->outcome = PR_OUTCOME_OPEN;
	if (stage == PR_STAGE_BEFORE_INTEL)
		pr_pool_question(engine, question, questioner, subject, ret_decision);
	else
		pr_pool_answer(engine, subject, ret_decision);
	if (ret_decision->own)
		return;
	if (decision->outcome == PR_OUTCOME_DENY ||
	    decision->outcome == PR_OUTCOME_REROUTE_TUNNEL) {
		ret_decision->text = pr_reason_of_denial(engine, subject, ret_decision,
							 engine->denial, sizeof(engine->denial));
	} else if (stage == PR_STAGE_BEFORE_INTEL && decision->outcome != PR_OUTCOME_ASK &&
		   !questioner->told) {
		questioner->told = true;
		tell(engine, question, questioner, subject, ret_decision, stage);
	}
}

/* Decisions are about a profile, names belong to an application. */
static uint64_t key_of(uint32_t application, uint32_t profile)
{
	return (uint64_t)profile << 32 | application;
}

/* Numbers of profiles are a policy's own: behind whatever came between, first of all. */
static void renew(struct pr_engine *engine, struct pr_questioner *questioner)
{
	if (questioner->policy == engine->policy_serial)
		return;
	pr_actor_renew(engine, &questioner->actor);
	questioner->policy = engine->policy_serial;
}

static void port_decide(void *context, struct pr_question *question, enum pr_stage stage,
			const struct pr_question_facts *facts,
			struct pr_question_decision *ret_decision)
{
	struct pr_questioner *questioner = question->application;
	struct pr_engine *engine = context;

	*ret_decision = (struct pr_question_decision){ .decision.rule = PR_RULE_NONE };
	if (!questioner) {
		questioner = pr_questioner_new(engine, question->ticket);
		question->application = questioner;
		pr_questioner_find_owner(engine, question, questioner);
	}
	/* Nobody will say whose it is: left unanswered, for the client to ask again. */
	if (questioner->wait_until_us == PR_ENGINE_NEVER) {
		ret_decision->decision.outcome = PR_OUTCOME_ASK;
		return;
	}
	if (questioner->wait_until_us) {
		ret_decision->decision.outcome = PR_OUTCOME_MISSING;
		ret_decision->decision.missing = PR_FACT_OWNER;
		return;
	}
	renew(engine, questioner);
	question->application_key =
		key_of(questioner->actor.application, questioner->actor.profile);
	if (!questioner->asked) {
		questioner->asked = true;
		questioner->suspicions =
			questioner->dry
				? pr_suspicions_look(engine, &questioner->actor, question->name)
				: pr_suspicions_asked(engine, &questioner->actor, question->name,
						      question->type);
	}
	decide_with_owner(engine, question, questioner, stage, facts, ret_decision);
}

/* Is what the answer leads to denied by its names already? Then nobody is told of it. */
static bool is_denied_by_names(struct pr_engine *engine, const struct pr_question *question,
			       const struct pr_question_inquiry *about)
{
	struct pr_questioner *questioner = question->application;
	const char *names[PR_DNS_CHAIN_MAX] = { question->name };
	struct pr_question_facts facts = { .names = names, .n_names = 1 };
	PR_UNINITIALIZED struct pr_subject_of of;
	struct pr_decision decision;

	for (unsigned int i = 0; i < about->n_names && facts.n_names < PR_DNS_CHAIN_MAX; i++)
		names[facts.n_names++] = about->names[i];
	renew(engine, questioner);
	set_subject(engine, question, questioner, PR_STAGE_BEFORE_INTEL, &facts,
		    engine->intel_map.wants, &of);
	pr_decide_on_communication_before_intel(engine->policy, &of.subject, &decision);
	return decision.outcome == PR_OUTCOME_DENY;
}

static unsigned int port_inform(void *context, struct pr_question *question,
				const struct pr_question_inquiry *about, uint32_t *ret_wait_ms)
{
	struct pr_engine *engine = context;

	question->inform_of_answer = engine->providers.n_wanted;
	*ret_wait_ms = 0;
	if (((const struct pr_questioner *)question->application)->permitted)
		return 0; /* nothing that they could say decides */
	if (pr_name_within(question->name, "onion"))
		return 0; /* told to nobody (RFC 7686, 2) */
	if (engine->providers.n_wanted && is_denied_by_names(engine, question, about))
		return 0;
	return pr_providers_inform(engine, question->ticket, about, ret_wait_ms);
}

static void port_resolve(void *context, uint64_t ticket, const uint8_t *bytes, size_t len)
{
	struct pr_engine *engine = context;

	engine->ports.resolve(engine->ports.context, ticket, bytes, len);
}

static void port_answered(void *context, const struct pr_question *question,
			  const struct pr_dns_facts *facts, size_t len)
{
	struct pr_questioner *questioner = question->application;
	struct pr_engine *engine = context;

	if (!questioner || questioner->dry || questioner->wait_until_us)
		return;
	renew(engine, questioner);
	pr_suspicions_answered(engine, &questioner->actor, question, facts, len);
}

static void port_reply(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
	struct pr_engine *engine = context;

	engine->ports.reply(engine->ports.context, client, bytes, len);
}

/* The name that was asked for comes last: it is the newest, and the one that is shown. */
static void learn(struct pr_engine *engine, uint32_t application, const struct pr_process *process,
		  const struct pr_question_facts *facts, const struct pr_question_given *given,
		  unsigned int n_given, uint32_t older_s)
{
	bool stub =
		pr_actor_is_stub(process, pr_applications_key(engine->applications, application));

	if (stub)
		application = PR_APPLICATION_ALL;
	for (unsigned int k = 0; k < n_given; k++)
		for (unsigned int i = facts->n_names; i-- > 0;)
			pr_names_learn(engine->names, application, &given[k].address,
				       facts->names[i], stub ? PR_NAME_SHARED : PR_NAME_GIVEN,
				       i > 0, given[k].ttl_s - older_s, engine->now_us);
}

static void port_record(void *context, const struct pr_question *question,
			const struct pr_question_facts *facts, uint32_t ttl_s)
{
	const struct pr_questioner *questioner = question->application;

	if (!questioner || questioner->dry || !facts->address)
		return;
	learn(context, questioner->actor.application, questioner->actor.process, facts,
	      &(struct pr_question_given){ *facts->address, ttl_s }, 1, 0);
}

/* While somebody watches, each decision is told, so each is made; a user's query says why it came out as it did. */
static bool port_recognise(void *context, const struct pr_asker *asker,
			   struct pr_question_known *ret_known)
{
	struct pr_engine *engine = context;
	struct pr_tuple sent;
	struct pr_link *link;

	if (!engine->unwatched || asker->tag)
		return false;
	link = pr_askers_find(engine, asker, &sent);
	if (!link || !pr_asker_is_opener(engine, link) ||
	    link->ends[PR_LINK_OUT].policy != engine->policy_serial)
		return false;
	*ret_known = (struct pr_question_known){
		.application_key = key_of(link->ends[PR_LINK_OUT].application,
					  link->ends[PR_LINK_OUT].profile),
		.basis = engine->basis,
		.application = &link->ends[PR_LINK_OUT],
	};
	return true;
}

static void port_repeat(void *context, const struct pr_question_known *known,
			const struct pr_question_facts *facts,
			const struct pr_question_given *given, unsigned int n_given,
			uint32_t older_s)
{
	const struct pr_link_end *end = known->application;
	struct pr_engine *engine = context;

	engine->counters.events_unwatched += 2;
	learn(engine, end->application, end->owner, facts, given, n_given, older_s);
}

static void port_concluded(void *context, struct pr_question *question, enum pr_question_end end,
			   enum pr_stage stage, const struct pr_question_decision *decision)
{
	struct pr_questioner *questioner = question->application;
	struct pr_question_facts facts = { .names = &question->name, .n_names = 1 };
	struct pr_question_decision shown = { .decision = { .outcome = PR_OUTCOME_OPEN,
							    .rule = PR_RULE_NONE } };
	struct pr_engine *engine = context;
	PR_UNINITIALIZED struct pr_subject_of of;

	if (end == PR_QUESTION_DENIED)
		++*(stage == PR_STAGE_BEFORE_INTEL ? &engine->counters.questions_denied_before
						   : &engine->counters.questions_denied_after);
	if (decision && decision->facts.n_names)
		facts = decision->facts;
	if (questioner && !questioner->wait_until_us && end != PR_QUESTION_FAILED) {
		renew(engine, questioner);
		set_subject(engine, question, questioner, stage, &facts, PR_FACTS_DATA, &of);
		if (decision)
			shown = *decision;
		tell(engine, question, questioner, &of.subject, &shown, stage);
	}
	if (questioner)
		pr_questioner_free(engine, questioner);
	question->application = NULL;
	if (question->asker.tag) {
		pr_actor_done(engine, &engine->queries[question->asker.tag - 1].actor);
		engine->queries[question->asker.tag - 1].used = false;
	}
}

static const struct pr_question_ports question_ports = {
	.decide = port_decide,
	.inform = port_inform,
	.resolve = port_resolve,
	.answered = port_answered,
	.reply = port_reply,
	.record = port_record,
	.recognise = port_recognise,
	.repeat = port_repeat,
	.concluded = port_concluded,
};

void pr_questions_init(struct pr_engine *engine)
{
	struct pr_question_ports ports = question_ports;

	ports.context = engine;
	pr_slab_init(&engine->questioners, sizeof(struct pr_questioner), PR_QUESTIONS_MAX + 1);
	engine->questions = pr_questions_new(&ports);
}

void pr_questions_done(struct pr_engine *engine)
{
	pr_questions_free(engine->questions);
	for (uint32_t i = 0; i < PR_ENGINE_QUERIES_MAX; i++)
		if (engine->queries[i].used)
			pr_actor_done(engine, &engine->queries[i].actor);
	pr_slab_done(&engine->questioners);
}
