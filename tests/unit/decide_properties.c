/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The decisions against the model, and what must hold of them whatever the model says, over random
 * policies and subjects drawn from alphabets so small that they meet. Seeds are fixed: a failure prints
 * its case and comes back.
 */
#include "decide_draw.h"
#include "decide_model.h"

#include "firewall/explain.h"
#include "network/class.h"

#include "unit.h"

#include <string.h>

#define N_WORLDS      3000u
#define N_SUBJECTS    220u /* a world; each is decided on at four stages: 2,640,000 cases */
#define N_COMPLETIONS 3u
#define SEED	      UINT64_C(0x706f7274)

typedef void decide_function(const struct pr_policy *policy, const struct pr_subject *subject,
			     struct pr_decision *ret_decision);

static decide_function *const deciders[] = {
	[PR_STAGE_BEFORE_INTEL] = pr_decide_on_communication_before_intel,
	[PR_STAGE_AFTER_INTEL] = pr_decide_on_communication_after_intel,
	[PR_STAGE_COMMUNICATION] = pr_decide_on_communication,
	[PR_STAGE_LINK] = pr_decide_on_link,
	[PR_STAGE_INSPECTION] = pr_decide_on_inspection,
};

struct scene {
	struct world world;
	struct world_policy compiled;
	uint64_t seed; /* of the world */
	unsigned int number;
};

static void show(const struct scene *scene, enum pr_stage stage, const struct pr_subject *subject,
		 const struct pr_decision *decision, const char *what)
{
	const struct pr_policy *policy = scene->compiled.policy;
	char text[256], address[PR_ADDRESS_TEXT_SIZE];

	print_error("%s: world %llu, subject %u, stage %s\n", what, (unsigned long long)scene->seed,
		    scene->number, pr_stage_name(stage));
	for (unsigned int i = 0; i < scene->world.n_rules; i++)
		print_error("  %u%s %s\n", scene->world.rules[i].ruleset,
			    scene->world.rules[i].incoming ? " in" : "",
			    world_rule_text(&scene->world.rules[i], text, sizeof(text)));
	print_error("  profile %u %s known %x absent %x %s %s proto %u port %u flags %d%d%d%d\n",
		    subject->profile, pr_direction_name(subject->direction), subject->known,
		    subject->absent, subject->n_domains ? subject->domains[0] : "-",
		    pr_address_format(&subject->remote, address), subject->proto, subject->port,
		    subject->own, subject->infrastructure, subject->start_grace, subject->spoofed);
	print_error("  %s %s permanent %d missing %x by %s: %s\n",
		    pr_outcome_name(decision->outcome), pr_verdict_name(decision->verdict),
		    decision->permanent, decision->missing, pr_checks[decision->check].name,
		    pr_decision_reason(policy, NULL, subject, decision, text, sizeof(text)));
}

static void check_against_model(const struct scene *scene, enum pr_stage stage,
				const struct pr_subject *subject,
				const struct pr_decision *decision)
{
	struct model_decision model =
		model_decide(&scene->world, scene->compiled.app, stage, subject);
	bool final = model.outcome == PR_OUTCOME_PERMIT || model.outcome == PR_OUTCOME_DENY;
	bool same = model.outcome == decision->outcome;

	if (final)
		same = same && model.verdict == decision->verdict &&
		       model.permanent == decision->permanent;
	if (model.outcome == PR_OUTCOME_MISSING)
		same = same && model.missing == decision->missing;
	if (same)
		return;
	show(scene, stage, subject, decision, "not what the model says");
	fail_msg("the model says %s, verdict %s, permanent %d, missing %x",
		 pr_outcome_name(model.outcome), pr_verdict_name(model.verdict), model.permanent,
		 model.missing);
}

static bool is_final(const struct pr_decision *decision)
{
	return decision->outcome == PR_OUTCOME_PERMIT || decision->outcome == PR_OUTCOME_DENY;
}

/* What must hold of any decision. */
static void check_invariants(const struct scene *scene, enum pr_stage stage,
			     const struct pr_subject *subject, const struct pr_decision *decision)
{
	const struct pr_check *check = &pr_checks[decision->check];
	const char *broken = NULL;

	if (stage >= PR_STAGE_LINK && decision->outcome == PR_OUTCOME_OPEN)
		broken = "open at the link stage";
	else if (decision->outcome == PR_OUTCOME_MISSING &&
		 (!decision->missing || decision->missing & subject->known))
		broken = "asks for a fact that is there";
	else if (decision->verdict == PR_VERDICT_ACCEPT && decision->outcome != PR_OUTCOME_PERMIT)
		broken = "accepts what isn't permitted";
	else if (decision->permanent && (!is_final(decision) || stage < PR_STAGE_COMMUNICATION))
		broken = "permanent, but not final";
	else if (stage == PR_STAGE_BEFORE_INTEL && decision->outcome == PR_OUTCOME_PERMIT &&
		 !subject->own)
		broken = "permits before the address is known";
	else if (is_final(decision) && !(check->stages & 1u << stage))
		broken = "decided by a check that has no say at this stage";
	else if (is_final(decision) && !(check->directions & 1u << subject->direction))
		broken = "decided by a check that has no say in this direction";
	else if (decision->check > PR_CHECK_START_GRACE && decision->rule != PR_RULE_NONE)
		broken = "a switch that names a rule";
	if (!broken)
		return;
	show(scene, stage, subject, decision, broken);
	fail();
}

/* What a stage is told of a subject: the rest may turn out in any way. */
static struct pr_subject forget(const struct pr_subject *subject, enum pr_stage stage)
{
	const unsigned int seen[] = {
		[PR_STAGE_BEFORE_INTEL] = PR_FACT_OWNER | PR_FACT_DOMAIN,
		[PR_STAGE_AFTER_INTEL] = PR_FACTS_ALL & ~(PR_FACT_PROTOCOL | PR_FACT_PORT),
	};
	struct pr_subject left = *subject;

	left.known &= seen[stage];
	left.absent &= left.known;
	if (!(left.known & PR_FACT_ADDRESS))
		left.address_lists = NULL;
	return left;
}

/* The same candidates in another order. */
static void turn_domains(struct pr_subject *subject)
{
	unsigned int n = subject->n_domains, first = n ? draw(n) : 0;
	struct pr_subject before = *subject;

	for (unsigned int i = 0; i < n; i++) {
		subject->domains[i] = before.domains[(first + i) % n];
		subject->domain_lists[i] = before.domain_lists[(first + i) % n];
	}
}

/*
 * Whatever the open facts turn out to be, what was finally denied or permitted before stays so: at the link
 * stage, for links that don't stand alone. For a communication the open facts are those of the other links
 * with the same key.
 */
static void check_completions(const struct scene *scene, enum pr_stage stage,
			      const struct pr_subject *subject, const struct pr_decision *decision)
{
	uint64_t key = pr_decision_key(subject);

	if (stage >= PR_STAGE_LINK || !is_final(decision) || subject->spoofed)
		return;
	/* Of an answer, or of the question itself: no link has it. */
	if (!(pr_checks[decision->check].stages & 1u << PR_STAGE_LINK))
		return;
	for (unsigned int i = 0; i < N_COMPLETIONS; i++) {
		struct pr_subject other =
			stage == PR_STAGE_COMMUNICATION ? *subject : forget(subject, stage);
		struct pr_decision link;

		if (stage == PR_STAGE_COMMUNICATION) {
			other.known &= PR_FACT_OWNER | PR_FACT_DOMAIN;
			other.absent &= other.known;
			other.address_lists = NULL;
			turn_domains(&other);
		}
		draw_rest(&other, scene->compiled.app);
		if (!pr_decision_key(&other) || other.absent & PR_FACT_SCOPE ||
		    (stage == PR_STAGE_COMMUNICATION && pr_decision_key(&other) != key))
			continue;
		pr_decide_on_link(scene->compiled.policy, &other, &link);
		if (link.outcome == decision->outcome)
			continue;
		show(scene, stage, subject, decision, "final");
		show(scene, PR_STAGE_LINK, &other, &link, "but then");
		fail();
	}
}

static void check_explained(const struct scene *scene, const struct pr_subject *subject)
{
	const unsigned int of_a_packet =
		PR_FACT_ADDRESS | PR_FACT_SCOPE | PR_FACT_PROTOCOL | PR_FACT_PORT;
	struct pr_explanation explanation;
	struct pr_decision decision;
	struct pr_subject first;

	pr_explain(scene->compiled.policy, subject, &explanation);
	for (unsigned int stage = 0; stage < PR_EXPLAINED_STAGES; stage++) {
		const struct pr_explained_stage *explained = &explanation.stages[stage];

		for (unsigned int id = 0; id < PR_CHECK_COUNT_; id++) {
			unsigned int said = 1u << explained->steps[id].said.said;

			assert_true(said == 1u << PR_SAID_NOTHING || pr_checks[id].says & said);
		}
		first = *subject;
		/* A link's first packet shows nothing of what follows. */
		if (stage == PR_STAGE_LINK) {
			first.known &= ~(PR_FACTS_SEEN & ~first.absent);
			first.seen = NULL;
		}
		deciders[stage](scene->compiled.policy, &first, &decision);
		/* Explain leaves open what a decision on a packet takes for absent. */
		if (explained->skipped || explained->alone || !is_final(&decision) ||
		    (stage >= PR_STAGE_COMMUNICATION && ~subject->known & of_a_packet))
			continue;
		if (decision.outcome != explained->decision.outcome ||
		    decision.check != explained->decision.check ||
		    (!decision.provisional &&
		     explained->steps[decision.check].state != PR_STEP_DECIDED)) {
			show(scene, (enum pr_stage)stage, subject, &decision, "decided");
			show(scene, (enum pr_stage)stage, subject, &explained->decision,
			     "explained");
			fail();
		}
	}
}

static unsigned int n_outcomes[PR_STAGE_INSPECTION + 1][PR_OUTCOME_MISSING + 1];
static unsigned int n_decided[PR_CHECK_COUNT_];

/* No question comes in, and each has a name. */
static const struct pr_subject *as_asked(const struct pr_subject *subject, unsigned int stage,
					 struct pr_subject *copy)
{
	*copy = *subject;
	if (stage < PR_STAGE_LINK)
		copy->absent |= PR_FACTS_SEEN;
	if (stage >= PR_STAGE_COMMUNICATION)
		return copy;
	if (copy->direction == PR_DIRECTION_IN)
		copy->direction = PR_DIRECTION_OUT;
	copy->known |= PR_FACT_DOMAIN;
	copy->absent &= ~(unsigned int)PR_FACT_DOMAIN;
	if (!copy->n_domains) {
		copy->domains[0] = draw_name();
		copy->domain_lists[0] = NULL;
		copy->n_domains = 1;
	}
	return copy;
}

static void check_subject(const struct scene *scene, const struct pr_subject *drawn)
{
	for (unsigned int stage = 0; stage < PR_ARRAY_SIZE(deciders); stage++) {
		struct pr_subject copy;
		const struct pr_subject *subject = as_asked(drawn, stage, &copy);
		struct pr_decision decision;

		deciders[stage](scene->compiled.policy, subject, &decision);
		check_against_model(scene, (enum pr_stage)stage, subject, &decision);
		check_invariants(scene, (enum pr_stage)stage, subject, &decision);
		check_completions(scene, (enum pr_stage)stage, subject, &decision);
		n_outcomes[stage][decision.outcome]++;
		if (decision.outcome < PR_OUTCOME_OPEN)
			n_decided[decision.check]++;
	}
}

static void the_decisions_are_the_models(void **state)
{
	static struct scene scene;

	(void)state;
	for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
		draw_seed((SEED << 32) + (seed << 16));
		scene.seed = seed;
		draw_world(&scene.world);
		world_compile(&scene.world, &scene.compiled);
		for (scene.number = 0; scene.number < N_SUBJECTS; scene.number++) {
			struct pr_subject subject;

			draw_subject(&subject, scene.compiled.app);
			check_subject(&scene, &subject);
			if (scene.number % 8 == 0)
				check_explained(&scene, &subject);
		}
		world_policy_done(&scene.compiled);
	}
}

/* The cases are worth something: every check decided often, every outcome came at every stage it can. */
static void the_cases_reach_everything(void **state)
{
	(void)state;
	for (unsigned int id = 0; id < PR_CHECK_COUNT_; id++)
		if (n_decided[id] < 100)
			fail_msg("%s decided %u times", pr_checks[id].name, n_decided[id]);
	for (unsigned int stage = 0; stage <= PR_STAGE_INSPECTION; stage++)
		for (unsigned int outcome = 0; outcome <= PR_OUTCOME_MISSING; outcome++) {
			bool can = !(outcome == PR_OUTCOME_OPEN && stage >= PR_STAGE_LINK) &&
				   !(outcome == PR_OUTCOME_REROUTE_NAMESERVER &&
				     stage < PR_STAGE_LINK);

			if (can != (n_outcomes[stage][outcome] > 100))
				fail_msg("%s at %s: %u times",
					 pr_outcome_name((enum pr_outcome)outcome),
					 pr_stage_name((enum pr_stage)stage),
					 n_outcomes[stage][outcome]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_decisions_are_the_models),
		cmocka_unit_test(the_cases_reach_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
