/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prompts: one a communication, however many links, packets and questions wait for it. A prompt outlives
 * what was held for it: packets are dropped and questions left unanswered, and the retry finds the answer.
 * It ends by a policy that decides, by a direct answer, or by its default, deny, which is remembered for
 * ask_again_s before the next one is raised.
 */
#include "engine/events.h"
#include "engine/machine.h"
#include "engine/subject.h"
#include "engine/tunnelling.h"

static struct pr_prompt *prompt_of(struct pr_engine *engine,
				   const struct pr_communication *communication)
{
	struct pr_prompt *prompt;

	if (!communication || !communication->prompt)
		return NULL;
	prompt = &engine->prompts[communication->prompt - 1];
	pr_assert(prompt->id && prompt->communication == communication->id);
	return prompt;
}

void pr_prompt_event(struct pr_engine *engine, const struct pr_prompt *prompt,
		     struct pr_event *ret_event)
{
	const struct pr_communication *communication =
		pr_communications_by_id(engine->communications, prompt->communication);
	struct pr_event event;

	pr_assert(communication); /* it is held */
	pr_event_of_communication(engine, communication, &event);
	pr_event_of_actor(engine, prompt->actor.application, prompt->actor.process, &event);
	event.kind = PR_EVENT_PROMPT;
	event.id = prompt->id;
	event.communication = prompt->communication;
	event.real_us = pr_event_real(engine, prompt->raised_us);
	event.stage = prompt->stage;
	event.ask = prompt->state == PR_PROMPT_OPEN;
	event.decided = true;
	event.verdict = prompt->state == PR_PROMPT_PERMITTED ? PR_VERDICT_ACCEPT : PR_VERDICT_BLOCK;
	event.prompt_state = prompt->state;
	event.deadline_real_us = pr_event_real(engine, prompt->until_us);
	event.remote = prompt->address;
	event.port = prompt->port;
	event.proto = prompt->proto;
	*ret_event = event;
}

static void tell(struct pr_engine *engine, const struct pr_prompt *prompt)
{
	struct pr_event event;

	pr_event_pay(engine, 0);
	pr_prompt_event(engine, prompt, &event);
	event.real_us = pr_event_real(engine, engine->now_us);
	pr_event_send(engine, &event);
}

static void forget(struct pr_engine *engine, struct pr_prompt *prompt)
{
	struct pr_communication *communication =
		pr_communications_by_id(engine->communications, prompt->communication);

	if (communication) {
		communication->prompt = 0;
		pr_communication_release(engine->communications, communication, engine->now_us);
	}
	pr_actor_done(engine, &prompt->actor);
	*prompt = (struct pr_prompt){ 0 };
	engine->n_prompts--;
}

static struct pr_prompt *room(struct pr_engine *engine, uint32_t application)
{
	struct pr_prompt *free_one = NULL;
	uint32_t n_of_application = 0;

	for (uint32_t i = 0; i < engine->n_prompts_max; i++) {
		struct pr_prompt *prompt = &engine->prompts[i];

		if (!prompt->id && !free_one)
			free_one = prompt;
		n_of_application += prompt->id && prompt->actor.application == application;
	}
	return n_of_application < PR_ENGINE_PROMPTS_PER_APPLICATION_MAX ? free_one : NULL;
}

static struct pr_prompt *raise_prompt(struct pr_engine *engine, const struct pr_prompt_for *for_)
{
	const struct pr_subject *subject = for_->subject;
	const struct pr_settings *settings = pr_policy_settings(engine->policy, subject->profile);
	struct pr_prompt *prompt = room(engine, for_->actor.application);

	if (!prompt || !for_->communication) {
		engine->counters.prompts_full++;
		return NULL;
	}
	*prompt = (struct pr_prompt){
		.id = ++engine->last_prompt,
		.communication = for_->communication->id,
		.stage = for_->stage,
		.rule = for_->rule,
		.raised_us = engine->now_us,
		.until_us = engine->now_us + settings->ask_timeout_s * UINT64_C(1000000),
		.actor = pr_actor_copy(engine, &for_->actor),
	};
	if (subject->pooled || subject->known & ~subject->absent & PR_FACT_ADDRESS) {
		prompt->address = subject->remote;
		prompt->local = subject->local;
		prompt->port = subject->port;
		prompt->proto = subject->proto;
	}
	engine->n_prompts++;
	engine->counters.prompts_raised++;
	for_->communication->prompt = (uint32_t)(prompt - engine->prompts) + 1;
	pr_communication_hold(engine->communications, for_->communication, engine->now_us);
	pr_engine_due(engine, prompt->until_us);
	tell(engine, prompt);
	return prompt;
}

enum pr_prompt_says pr_prompt_ask(struct pr_engine *engine, const struct pr_prompt_for *for_)
{
	enum pr_prompt_says says = pr_answer_find(engine, for_->actor.application, for_->subject);
	struct pr_prompt *prompt;

	if (says != PR_PROMPT_SAYS_WAIT)
		return says;
	prompt = prompt_of(engine, for_->communication);
	if (!prompt)
		prompt = raise_prompt(engine, for_);
	if (!prompt || prompt->state == PR_PROMPT_EXPIRED)
		return PR_PROMPT_SAYS_TIMEOUT;
	/* Numbers of profiles and rules are a policy's own. */
	prompt->actor.profile = for_->actor.profile;
	prompt->rule = for_->rule;
	prompt->asked = true;
	return PR_PROMPT_SAYS_WAIT;
}

void pr_prompts_review_begin(struct pr_engine *engine)
{
	for (uint32_t i = 0; i < engine->n_prompts_max; i++)
		engine->prompts[i].asked = false;
}

/* What would be decided if what raised it came again. */
static void decide_again(struct pr_engine *engine, const struct pr_prompt *prompt,
			 struct pr_subject_of *of, struct pr_decision *ret_decision)
{
	const struct pr_communication *communication =
		pr_communications_by_id(engine->communications, prompt->communication);
	struct pr_subject *subject = &of->subject;

	*subject = (struct pr_subject){
		.direction = (enum pr_direction)communication->direction,
		.known = PR_FACT_OWNER,
		.profile = prompt->actor.profile,
	};
	pr_intel_begin(engine, of);
	if (prompt->address.family)
		pr_subject_set_address(engine, &prompt->address, subject);
	if (prompt->stage > PR_STAGE_AFTER_INTEL) {
		subject->local = prompt->local;
		subject->port = prompt->port;
		subject->proto = prompt->proto;
		subject->known |= PR_FACT_PROTOCOL | PR_FACT_PORT;
		/* What packets showed is gone with them: another link may show it again. */
		if (prompt->stage != PR_STAGE_INSPECTION) {
			subject->known |= PR_FACTS_SEEN;
			subject->absent |= PR_FACTS_SEEN;
		}
		if (!prompt->port)
			subject->absent |= PR_FACT_PORT;
		pr_subject_set_domains(engine, prompt->actor.application, of);
		pr_intel_of_link(engine, of);
		pr_decide_on_link(engine->policy, subject, ret_decision);
		return;
	}
	subject->known |= PR_FACT_DOMAIN;
	subject->domains[0] = pr_communication_domain(engine->communications, communication);
	subject->n_domains = 1;
	pr_intel_of_names(engine, of);
	if (prompt->address.family)
		pr_intel_of_address(engine, of, engine->intel_map.wants);
	pr_decide_on_communication_before_intel(engine->policy, subject, ret_decision);
	if (prompt->stage == PR_STAGE_AFTER_INTEL && ret_decision->outcome == PR_OUTCOME_OPEN)
		pr_decide_on_communication_after_intel(engine->policy, subject, ret_decision);
}

/* The rule that its answer becomes where encryption is required (answers.c). What was asked about was encrypted, or it would
 * have been denied. */
static bool is_permitted_encrypted(const struct pr_engine *engine, const struct pr_prompt *prompt,
				   const struct pr_decision *decision)
{
	return decision->provisional && decision->rule != PR_RULE_NONE &&
	       pr_policy_rule_action(engine->policy, decision->rule) == PR_RULE_PERMIT &&
	       pr_policy_rule_seen(engine->policy, decision->rule) == PR_FACT_ENCRYPTION &&
	       pr_policy_settings(engine->policy, prompt->actor.profile)->require_encryption;
}

static void review(struct pr_engine *engine, struct pr_prompt *prompt)
{
	enum pr_prompt_says says = PR_PROMPT_SAYS_PERMIT;
	struct pr_decision decision;
	PR_UNINITIALIZED struct pr_subject_of of;
	uint32_t application = prompt->actor.application;

	pr_actor_renew(engine, &prompt->actor);
	decide_again(engine, prompt, &of, &decision);
	if (is_permitted_encrypted(engine, prompt, &decision)) {
		says = PR_PROMPT_SAYS_PERMIT;
	} else if (decision.outcome == PR_OUTCOME_ASK ||
		   (decision.wants &&
		    (decision.outcome != PR_OUTCOME_REROUTE_TUNNEL || decision.provisional))) {
		says = pr_answer_find(engine, prompt->actor.application, &of.subject);
	} else if (decision.outcome == PR_OUTCOME_DENY ||
		   (decision.outcome == PR_OUTCOME_REROUTE_TUNNEL &&
		    !pr_tunnel_is_set(engine, prompt->actor.profile, decision.rule))) {
		says = PR_PROMPT_SAYS_DENY;
	}
	/* An application that has a profile of its own now asks by another communication. */
	if (says == PR_PROMPT_SAYS_WAIT && prompt->actor.application == application)
		return;
	if (prompt->state == PR_PROMPT_OPEN) {
		prompt->state = says == PR_PROMPT_SAYS_PERMIT ? PR_PROMPT_PERMITTED
				: says == PR_PROMPT_SAYS_DENY ? PR_PROMPT_DENIED
							      : PR_PROMPT_EXPIRED;
		engine->counters.prompts_answered++;
		tell(engine, prompt);
	}
	forget(engine, prompt);
}

void pr_prompts_review_end(struct pr_engine *engine)
{
	for (uint32_t i = 0; engine->n_prompts && i < engine->n_prompts_max; i++)
		if (engine->prompts[i].id && !engine->prompts[i].asked)
			review(engine, &engine->prompts[i]);
}

/* Nobody answered. What waits is denied; so is what comes until the prompt is forgotten. */
static void expire(struct pr_engine *engine, struct pr_prompt *prompt)
{
	const struct pr_settings *settings =
		pr_policy_settings(engine->policy, prompt->actor.profile);

	prompt->state = PR_PROMPT_EXPIRED;
	prompt->until_us = engine->now_us + settings->ask_again_s * UINT64_C(1000000);
	engine->counters.prompts_expired++;
	tell(engine, prompt);
}

uint64_t pr_prompts_tick(struct pr_engine *engine)
{
	uint64_t next_us = PR_ENGINE_NEVER;
	bool expired = false;

	for (uint32_t i = 0; engine->n_prompts && i < engine->n_prompts_max; i++) {
		struct pr_prompt *prompt = &engine->prompts[i];

		if (prompt->id && prompt->until_us <= engine->now_us) {
			if (prompt->state == PR_PROMPT_OPEN) {
				expire(engine, prompt);
				expired = true;
			} else {
				forget(engine, prompt);
			}
		}
		if (prompt->id && prompt->until_us < next_us)
			next_us = prompt->until_us;
	}
	if (expired)
		pr_redecide_asked(engine);
	return next_us;
}

void pr_prompts_done(struct pr_engine *engine)
{
	for (uint32_t i = 0; i < engine->n_prompts_max; i++)
		if (engine->prompts[i].id)
			forget(engine, &engine->prompts[i]);
	free(engine->prompts);
}
