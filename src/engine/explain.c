/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `explain`: the subject from what a user gave and what the tables know, walked through every stage. */
#include "engine/machine.h"
#include "engine/pool.h"
#include "engine/subject.h"
#include "engine/suspicions.h"

#include "firewall/explain.h"
#include "profile/service.h"

#include <string.h>

struct explaining {
	struct pr_engine *engine;
	const struct pr_subject *subject;
	const struct pr_explanation *explanation;
	bool far; /* its name is left to the far end of the tunnel, as `left` says */
	struct pr_decision left;
	void (*line)(void *context, const struct pr_engine_explained *explained);
	void *context;
};

/* As if the packets had shown what is given. A name that led there is proven, another claimed. */
static void assume_seen(const struct pr_engine_query *query, struct pr_seen *seen,
			struct pr_subject *subject)
{
	seen->speaks = (uint8_t)query->speaks;
	seen->encryption = (uint8_t)query->encryption;
	subject->known |= query->assumed;
	if (query->assumed)
		subject->seen = seen;
	if (!query->name)
		return;
	for (unsigned int i = 0; i < subject->n_domains; i++)
		if (strcmp(subject->domains[i], query->name) == 0) {
			subject->domains[0] = subject->domains[i];
			subject->n_domains = 1;
			return;
		}
	subject->claimed = query->name;
}

static void set_subject(struct pr_engine *engine, const struct pr_engine_query *query,
			const struct pr_actor *actor, struct pr_seen *seen,
			struct pr_subject_of *ret_subject)
{
	struct pr_subject *subject = &ret_subject->subject;

	*subject = (struct pr_subject){
		.direction = query->incoming ? PR_DIRECTION_IN : PR_DIRECTION_OUT,
		.known = PR_FACT_OWNER,
		.profile = actor->profile,
		.proto = query->proto,
		.port = query->port,
	};
	pr_intel_begin(engine, ret_subject);
	if (query->address.family) {
		pr_subject_set_address(engine, &query->address, subject);
		pr_subject_set_domains(engine, actor->application, ret_subject);
	}
	/* A name that is given is the one that is meant, whatever else led to the address. */
	if (query->domain) {
		subject->domains[0] = query->domain;
		subject->n_domains = 1;
		subject->known |= PR_FACT_DOMAIN;
		subject->absent &= ~(unsigned int)PR_FACT_DOMAIN;
	}
	assume_seen(query, seen, subject);
	pr_intel_of_names(engine, ret_subject);
	if (query->domain && !query->incoming)
		pr_suspicions_set(engine, actor, pr_suspicions_look(engine, actor, query->domain),
				  subject);
	if (query->address.family)
		pr_intel_of_address(engine, ret_subject, PR_FACTS_DATA);
	if (query->proto)
		subject->known |= PR_FACT_PROTOCOL;
	if (query->port || (query->proto && !pr_protocol_has_ports(query->proto)))
		subject->known |= PR_FACT_PORT;
	if (!query->port)
		subject->absent |= subject->known & PR_FACT_PORT;
}

static void say_check(const struct explaining *explaining, enum pr_stage stage, unsigned int check)
{
	const struct pr_explained_step *step = &explaining->explanation->stages[stage].steps[check];
	char text[PR_ENGINE_REASON_SIZE];
	const struct pr_engine_explained line = {
		.stage = stage,
		.check = pr_checks[check].name,
		.said = step->state == PR_STEP_NOT_REACHED ? pr_step_state_name(step->state)
							   : pr_said_name(step->said.said),
		.text = pr_explain_reason(explaining->engine->policy, explaining->engine->intel,
					  explaining->subject, explaining->explanation, stage,
					  (enum pr_check_id)check, text, sizeof(text)),
		.decides = step->state == PR_STEP_DECIDED,
	};

	if (step->state != PR_STEP_NOT_HERE)
		explaining->line(explaining->context, &line);
}

static bool is_final(const struct pr_explained_stage *explained)
{
	return !explained->skipped && !explained->alone &&
	       explained->decision.outcome != PR_OUTCOME_OPEN &&
	       explained->decision.outcome != PR_OUTCOME_MISSING;
}

/* What a stage finally says each later one says too (firewall/decide.c): the first is the one that decides. But for
 * what packets show: they can only deny what was permitted. */
static enum pr_stage deciding_stage(const struct explaining *explaining)
{
	const struct pr_explanation *explanation = explaining->explanation;
	const struct pr_decision *link = &explanation->stages[PR_STAGE_LINK].decision;
	unsigned int stage = explaining->far ? PR_STAGE_COMMUNICATION : PR_STAGE_BEFORE_INTEL;

	if (explaining->far && !(explaining->subject->known & PR_FACT_PROTOCOL))
		return PR_STAGE_BEFORE_INTEL;
	if (!explanation->stages[PR_STAGE_INSPECTION].skipped)
		return PR_STAGE_INSPECTION;
	if (link->wants && explaining->subject->known & PR_FACT_PROTOCOL)
		return PR_STAGE_LINK;
	while (stage < PR_STAGE_LINK && !is_final(&explanation->stages[stage]))
		stage++;
	return (enum pr_stage)stage;
}

/* Why nothing decides: the check that lacks something for it. */
static const char *open_reason(const struct explaining *explaining, enum pr_stage stage, char *text,
			       size_t size)
{
	const struct pr_explained_stage *explained = &explaining->explanation->stages[stage];
	unsigned int last = PR_CHECK_COUNT_;

	for (unsigned int check = 0; check < PR_CHECK_COUNT_; check++)
		if (explained->steps[check].state == PR_STEP_SAID &&
		    explained->steps[check].said.said == PR_SAID_UNDETERMINABLE)
			last = check;
	if (last == PR_CHECK_COUNT_)
		return pr_decision_reason(explaining->engine->policy, explaining->engine->intel,
					  explaining->subject, &explained->decision, text, size);
	return pr_explain_reason(explaining->engine->policy, explaining->engine->intel,
				 explaining->subject, explaining->explanation, stage,
				 (enum pr_check_id)last, text, size);
}

/* The upstream; NULL: it isn't to go through any. */
static const char *tunnel_of(const struct explaining *explaining,
			     const struct pr_decision *decision)
{
	const struct pr_policy *policy = explaining->engine->policy;
	const char *tunnel = "";

	if (decision->outcome != PR_OUTCOME_REROUTE_TUNNEL)
		return NULL;
	if (decision->rule != PR_RULE_NONE)
		tunnel = pr_policy_rule_tunnel(policy, decision->rule);
	if (!*tunnel)
		tunnel = pr_policy_settings(policy, explaining->subject->profile)->tunnel;
	return *tunnel ? tunnel : NULL;
}

static bool is_direct_without(const struct explaining *explaining)
{
	const struct pr_subject *subject = explaining->subject;

	return !subject->pooled &&
	       pr_policy_settings(explaining->engine->policy, subject->profile)->without_tunnel ==
		       PR_WITHOUT_TUNNEL_DIRECT;
}

static void say_summary(const struct explaining *explaining, enum pr_stage stage)
{
	const struct pr_explained_stage *explained = &explaining->explanation->stages[stage];
	const struct pr_decision *decision = &explained->decision;
	bool is_verdict = is_final(explained) && decision->outcome != PR_OUTCOME_ASK;
	char text[PR_ENGINE_REASON_SIZE];
	const struct pr_engine_explained line = {
		.summary = true,
		.stage = stage,
		.check = is_final(explained) ? pr_checks[decision->check].name : NULL,
		.said = is_verdict ? pr_verdict_name(decision->verdict)
				   : pr_outcome_name(decision->outcome),
		.tunnel = tunnel_of(explaining, decision),
		.direct_without = is_direct_without(explaining),
		.text = is_final(explained)
				? pr_decision_reason(explaining->engine->policy,
						     explaining->engine->intel, explaining->subject,
						     decision, text, sizeof(text))
				: open_reason(explaining, stage, text, sizeof(text)),
	};

	explaining->line(explaining->context, &line);
}

/* Before intel, of a name that is left to the far end; after it there is nothing to decide on. */
static void say_far(const struct explaining *explaining, enum pr_stage stage, bool summary)
{
	const struct pr_decision *left = &explaining->left;
	bool before = stage == PR_STAGE_BEFORE_INTEL;
	char text[PR_ENGINE_REASON_SIZE];
	const struct pr_engine_explained line = {
		.summary = summary,
		.stage = stage,
		.check = summary ? pr_checks[left->check].name : NULL,
		.said = before ? pr_verdict_name(left->verdict) : "skipped",
		.tunnel = summary ? tunnel_of(explaining, left) : NULL,
		.text = before ? pr_pool_explain(explaining->engine, explaining->subject, left,
						 text, sizeof(text))
			       : "the name is resolved at the tunnel's far end",
	};

	explaining->line(explaining->context, &line);
}

static void say_not_reached(const struct explaining *explaining, enum pr_stage stage)
{
	const struct pr_engine_explained line = {
		.stage = stage,
		.said = pr_step_state_name(PR_STEP_NOT_REACHED),
		.text = "",
	};

	explaining->line(explaining->context, &line);
}

static void say_stage(const struct explaining *explaining, enum pr_stage stage)
{
	const struct pr_explained_stage *explained = &explaining->explanation->stages[stage];
	char text[PR_ENGINE_REASON_SIZE];
	struct pr_engine_explained line = {
		.stage = stage,
		.said = pr_outcome_name(explained->decision.outcome),
	};

	if (explaining->far && stage <= PR_STAGE_AFTER_INTEL) {
		say_far(explaining, stage, false);
		return;
	}
	if (explained->skipped) {
		line.said = "skipped";
		line.text = "no name is asked for";
	} else if (explained->alone) {
		line.said = "skipped";
		line.text = "the link is decided on by itself";
	} else {
		line.text = pr_decision_reason(explaining->engine->policy,
					       explaining->engine->intel, explaining->subject,
					       &explained->decision, text, sizeof(text));
	}
	explaining->line(explaining->context, &line);
	for (unsigned int check = 0;
	     !explained->skipped && !explained->alone && check < PR_CHECK_COUNT_; check++)
		say_check(explaining, stage, check);
}

static void say_all(const struct explaining *explaining)
{
	enum pr_stage last = deciding_stage(explaining);

	if (explaining->far && last == PR_STAGE_BEFORE_INTEL)
		say_far(explaining, last, true);
	else
		say_summary(explaining, last);
	for (unsigned int stage = 0; stage < PR_EXPLAINED_STAGES; stage++)
		if (stage <= last)
			say_stage(explaining, (enum pr_stage)stage);
		else
			say_not_reached(explaining, (enum pr_stage)stage);
}

int pr_engine_explain(struct pr_engine *engine, const struct pr_engine_query *query,
		      void (*line)(void *context, const struct pr_engine_explained *explained),
		      void *context, uint64_t now_us)
{
	struct pr_explanation *explanation;
	struct explaining explaining = { .engine = engine };
	PR_UNINITIALIZED struct pr_subject_of of;
	struct pr_seen seen = { 0 };
	struct pr_actor actor;
	uint32_t profile;

	pr_engine_enter(engine, now_us);
	if (!engine->policy) {
		pr_engine_leave(engine);
		return -ENOENT;
	}
	if (query->app && query->app[0] != '/' &&
	    !pr_policy_profile_find(engine->policy, query->app, &profile)) {
		pr_engine_leave(engine);
		return -ESRCH;
	}
	explanation = pr_calloc(1, sizeof(*explanation));
	actor = pr_actor_named(engine, query->app, query->uid);
	set_subject(engine, query, &actor, &seen, &of);
	explaining.far = query->domain && !query->address.family && !query->incoming &&
			 pr_pool_would_give(engine, query->domain, &of.subject, &explaining.left);
	if (explaining.far) {
		pr_subject_set_far(&of.subject);
		of.subject.pooled = true;
	}
	pr_explain(engine->policy, &of.subject, explanation);
	explaining.subject = &of.subject;
	explaining.explanation = explanation;
	explaining.line = line;
	explaining.context = context;
	say_all(&explaining);
	pr_actor_done(engine, &actor);
	free(explanation);
	pr_engine_leave(engine);
	return 0;
}
