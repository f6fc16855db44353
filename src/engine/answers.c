/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers to prompts. Most become a rule, which the policy's keeper adds. Those that no rule says are direct ones:
 * they stand for "ask" only, a policy that permits or denies by itself speaks before them, and they end with
 * the engine.
 */
#include "engine/machine.h"
#include "engine/pool.h"

#include <string.h>

static bool domain_matches(const struct pr_standing_answer *answer,
			   const struct pr_subject *subject, bool zone)
{
	if (!answer->domain[0])
		return !subject->n_domains && subject->scope == answer->address_scope;
	for (unsigned int i = 0; i < subject->n_domains; i++)
		if (zone ? pr_name_within(subject->domains[i], answer->domain)
			 : strcmp(subject->domains[i], answer->domain) == 0)
			return true;
	return false;
}

static bool speaks_of(const struct pr_standing_answer *answer, uint32_t application,
		      const struct pr_subject *subject)
{
	if (!answer->until_us || answer->application != application ||
	    answer->direction != subject->direction)
		return false;
	switch (answer->scope) {
	case PR_ANSWER_APP:
		return true;
	case PR_ANSWER_ADDRESS:
		return subject->known & ~subject->absent & PR_FACT_ADDRESS &&
		       pr_address_equal(&subject->remote, &answer->address);
	case PR_ANSWER_ZONE:
	case PR_ANSWER_DOMAIN:
		break;
	}
	return domain_matches(answer, subject, answer->scope == PR_ANSWER_ZONE);
}

enum pr_prompt_says pr_answer_find(const struct pr_engine *engine, uint32_t application,
				   const struct pr_subject *subject)
{
	const struct pr_standing_answer *newest = NULL;

	for (uint32_t i = 0; engine->n_answers && i < PR_ENGINE_ANSWERS_MAX; i++) {
		const struct pr_standing_answer *answer = &engine->answers[i];

		if (speaks_of(answer, application, subject) &&
		    (!newest || answer->number > newest->number))
			newest = answer;
	}
	if (!newest)
		return PR_PROMPT_SAYS_WAIT;
	return newest->permit ? PR_PROMPT_SAYS_PERMIT : PR_PROMPT_SAYS_DENY;
}

static void forget(struct pr_engine *engine, struct pr_standing_answer *answer)
{
	pr_applications_release(engine->applications, answer->application);
	*answer = (struct pr_standing_answer){ 0 };
	engine->n_answers--;
}

static struct pr_standing_answer *room(struct pr_engine *engine)
{
	struct pr_standing_answer *oldest = &engine->answers[0];

	for (uint32_t i = 0; i < PR_ENGINE_ANSWERS_MAX; i++) {
		if (!engine->answers[i].until_us)
			return &engine->answers[i];
		if (engine->answers[i].number < oldest->number)
			oldest = &engine->answers[i];
	}
	forget(engine, oldest);
	return oldest;
}

static struct pr_prompt *open_prompt(struct pr_engine *engine, uint64_t id)
{
	for (uint32_t i = 0; id && i < engine->n_prompts_max; i++)
		if (engine->prompts[i].id == id && engine->prompts[i].state == PR_PROMPT_OPEN)
			return &engine->prompts[i];
	return NULL;
}

/* The enforced rules stand before those of run time. */
static bool is_enforced(const struct pr_engine *engine, const struct pr_prompt *prompt)
{
	bool incoming =
		pr_communications_by_id(engine->communications, prompt->communication)->direction ==
		PR_DIRECTION_IN;
	const enum pr_ruleset rulesets[] = { PR_RULESET_ENFORCED, PR_RULESET_ENFORCED_GLOBAL };

	for (size_t i = 0; i < PR_ARRAY_SIZE(rulesets); i++) {
		uint32_t first, n = pr_policy_ruleset(engine->policy, prompt->actor.profile,
						      incoming, rulesets[i], &first);

		if (prompt->rule != PR_RULE_NONE && prompt->rule >= first &&
		    prompt->rule < first + n)
			return true;
	}
	return false;
}

static bool write_app(const struct pr_engine *engine, uint32_t application,
		      struct pr_answer_rule *rule)
{
	const char *key = pr_applications_key(engine->applications, application);
	int len = -1;

	if (strncmp(key, "profile:", 8) == 0)
		len = snprintf(rule->app, sizeof(rule->app), "%s", key + 8);
	else if (strncmp(key, "path:/", 6) == 0)
		len = snprintf(rule->app, sizeof(rule->app), "%s", key + 5);
	return len > 0 && (size_t)len < sizeof(rule->app);
}

/* Of the address that the prompt is about; a communication that has a domain has none. */
static enum pr_scope address_scope(const struct pr_engine *engine, const struct pr_prompt *prompt)
{
	if (pr_is_pooled(engine, &prompt->address))
		return PR_SCOPE_INTERNET;
	return pr_class_scope(pr_class_of(&prompt->address, &engine->own));
}

/* A rule is an exception to what the profile requires. Who answers a prompt doesn't mean to make one: it is asked about
 * what is encrypted already, and a rule for no more leaves the rest as it was. */
static const char *encryption_of(const struct pr_engine *engine, const struct pr_prompt *prompt,
				 bool permit)
{
	static const unsigned int bits[] = {
		[PR_SCOPE_INVALID] = 0,
		[PR_SCOPE_LOCALHOST] = PR_SCOPE_BIT_LOCALHOST,
		[PR_SCOPE_LAN] = PR_SCOPE_BIT_LAN,
		[PR_SCOPE_INTERNET] = PR_SCOPE_BIT_INTERNET,
	};
	const struct pr_settings *settings =
		pr_policy_settings(engine->policy, prompt->actor.profile);
	/* A question's address isn't known yet. */
	unsigned int scope =
		prompt->stage > PR_STAGE_AFTER_INTEL ? bits[address_scope(engine, prompt)] : ~0u;

	return permit && settings->require_encryption && settings->encryption_scopes & scope
		       ? " encrypted"
		       : "";
}

/* Nor does who answers mean to let it around a tunnel that is required. A rule that goes through it asks for nothing that
 * packets show. */
static bool is_tunnelled(const struct pr_engine *engine,
			 const struct pr_communication *communication, const char *domain,
			 const struct pr_prompt *prompt)
{
	if (communication->direction == PR_DIRECTION_IN ||
	    !pr_policy_settings(engine->policy, prompt->actor.profile)->require_tunnel)
		return false;
	if (prompt->stage > PR_STAGE_AFTER_INTEL)
		return address_scope(engine, prompt) == PR_SCOPE_INTERNET;
	return !domain || !pr_pool_is_local_name(engine, domain);
}

/* A question has no address yet, and one that stands for a name is the name's alone. */
static enum pr_answer_scope scope_of(const struct pr_engine *engine, const struct pr_prompt *prompt,
				     enum pr_answer_scope scope)
{
	bool real = prompt->address.family && !pr_is_pooled(engine, &prompt->address);

	return scope == PR_ANSWER_ADDRESS && !real ? PR_ANSWER_DOMAIN : scope;
}

static bool write_rule(const struct pr_communication *communication, const char *domain,
		       const struct pr_prompt *prompt, char action, enum pr_answer_scope scope,
		       const char *encryption, struct pr_answer_rule *rule)
{
	char address[PR_ADDRESS_TEXT_SIZE], *text = rule->rule;
	size_t size = sizeof(rule->rule);

	rule->incoming = communication->direction == PR_DIRECTION_IN;
	if (scope == PR_ANSWER_APP)
		snprintf(text, size, "%c %s%s", action, action == '>' ? "Internet" : "*",
			 encryption);
	else if (scope == PR_ANSWER_ADDRESS)
		snprintf(text, size, "%c %s%s", action,
			 pr_address_format(&prompt->address, address), encryption);
	else if (domain)
		/* The final dot keeps a name of one label a name, whatever it is called. */
		snprintf(text, size, "%c %s%s%s%s", action, scope == PR_ANSWER_ZONE ? "." : "",
			 domain, strchr(domain, '.') ? "" : ".", encryption);
	else if (rule->incoming && communication->scope >= PR_SCOPE_LOCALHOST)
		snprintf(text, size, "%c %s%s", action,
			 pr_scope_name((enum pr_scope)communication->scope), encryption);
	else
		return false;
	return true;
}

int pr_engine_prompt_rule(struct pr_engine *engine, uint64_t id, bool permit,
			  enum pr_answer_scope scope, struct pr_answer_rule *ret_rule,
			  uint64_t now_us)
{
	const struct pr_communication *communication;
	struct pr_answer_rule rule = { 0 };
	const struct pr_prompt *prompt;
	const char *domain;
	bool tunnelled;
	int r = -ENOENT;

	pr_engine_enter(engine, now_us);
	prompt = open_prompt(engine, id);
	if (prompt) {
		communication =
			pr_communications_by_id(engine->communications, prompt->communication);
		domain = pr_communication_domain(engine->communications, communication);
		tunnelled = permit && is_tunnelled(engine, communication, domain, prompt);
		r = PR_ANSWER_IS_NONE;
		if (!is_enforced(engine, prompt) &&
		    write_app(engine, communication->application, &rule) &&
		    write_rule(communication, domain, prompt,
			       tunnelled ? '>'
			       : permit	 ? '+'
					 : '-',
			       scope_of(engine, prompt, scope),
			       tunnelled ? "" : encryption_of(engine, prompt, permit), &rule)) {
			*ret_rule = rule;
			r = PR_ANSWER_IS_RULE;
		}
	}
	pr_engine_leave(engine);
	return r;
}

int pr_engine_prompt_answer(struct pr_engine *engine, uint64_t id, bool permit,
			    enum pr_answer_scope scope, uint64_t duration_us, uint64_t now_us)
{
	const struct pr_communication *communication;
	struct pr_standing_answer *answer;
	struct pr_prompt *prompt;
	const char *domain;

	pr_engine_enter(engine, now_us);
	prompt = open_prompt(engine, id);
	if (!prompt) {
		pr_engine_leave(engine);
		return -ENOENT;
	}
	communication = pr_communications_by_id(engine->communications, prompt->communication);
	domain = pr_communication_domain(engine->communications, communication);
	answer = room(engine);
	*answer = (struct pr_standing_answer){
		.permit = permit,
		.scope = scope_of(engine, prompt, scope),
		.application = communication->application,
		.direction = (enum pr_direction)communication->direction,
		.address_scope = (enum pr_scope)communication->scope,
		.address = prompt->address,
		.until_us = duration_us >= PR_ENGINE_NEVER - now_us ? PR_ENGINE_NEVER
								    : now_us + duration_us,
		.number = ++engine->last_answer,
	};
	if (domain)
		memcpy(answer->domain, domain, strlen(domain) + 1);
	pr_applications_hold_again(engine->applications, answer->application);
	engine->n_answers++;
	pr_engine_due(engine, answer->until_us);
	pr_redecide_asked(engine);
	pr_engine_leave(engine);
	return 0;
}

uint64_t pr_answers_tick(struct pr_engine *engine)
{
	uint64_t next_us = PR_ENGINE_NEVER;
	bool ended = false;

	for (uint32_t i = 0; engine->n_answers && i < PR_ENGINE_ANSWERS_MAX; i++) {
		struct pr_standing_answer *answer = &engine->answers[i];

		if (!answer->until_us)
			continue;
		if (answer->until_us <= engine->now_us) {
			forget(engine, answer);
			ended = true;
		} else if (answer->until_us < next_us) {
			next_us = answer->until_us;
		}
	}
	if (ended)
		pr_redecide_all(engine);
	return next_us;
}

void pr_answers_done(struct pr_engine *engine)
{
	for (uint32_t i = 0; i < PR_ENGINE_ANSWERS_MAX; i++)
		if (engine->answers[i].until_us)
			forget(engine, &engine->answers[i]);
}
