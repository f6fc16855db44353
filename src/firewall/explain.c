/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firewall/explain.h"

#include "firewall/walk.h"

#define UNREACHED (1u << 31) /* stands in `could`, which the walk overwrites */

/* Names are asked for before something is opened; what comes in asked for none. */
static bool is_skipped(const struct pr_subject *subject, enum pr_stage stage)
{
	if (stage > PR_STAGE_AFTER_INTEL)
		return false;
	return subject->direction == PR_DIRECTION_IN || subject->absent & PR_FACT_DOMAIN ||
	       !(subject->known & PR_FACT_DOMAIN) || !subject->n_domains;
}

static void mark_steps(struct pr_explained_stage *explained, enum pr_stage stage,
		       enum pr_direction direction, const struct pr_said_more *said)
{
	bool is_final = explained->decision.outcome != PR_OUTCOME_OPEN;
	bool over = explained->alone || explained->skipped;

	for (unsigned int id = 0; id < PR_CHECK_COUNT_; id++) {
		struct pr_explained_step *step = &explained->steps[id];

		step->said = (struct pr_said_more){ .rule = PR_RULE_NONE };
		if (!(pr_checks[id].stages & 1u << stage) ||
		    !(pr_checks[id].directions & 1u << direction)) {
			step->state = PR_STEP_NOT_HERE;
			continue;
		}
		if (over || said[id].could == UNREACHED) {
			step->state = PR_STEP_NOT_REACHED;
			continue;
		}
		step->said = said[id];
		step->state = PR_STEP_SAID;
		if (is_final && id == explained->decision.check) {
			step->state = PR_STEP_DECIDED;
			over = true;
		}
	}
}

/* Nothing of the packets could change it, or nothing is said of them. */
static bool is_not_inspected(const struct pr_subject *subject,
			     const struct pr_explained_stage *link)
{
	return link->decision.outcome != PR_OUTCOME_PERMIT || !link->decision.wants ||
	       !(subject->known & PR_FACTS_SEEN);
}

/* A link's first packet shows nothing of what follows. */
static struct pr_subject at_first(const struct pr_subject *subject, enum pr_stage stage)
{
	struct pr_subject first = *subject;

	if (stage == PR_STAGE_LINK) {
		first.known &= ~(PR_FACTS_SEEN & ~subject->absent);
		first.seen = NULL;
	}
	return first;
}

static void explain_stage(const struct pr_policy *policy, const struct pr_subject *full,
			  enum pr_stage stage, struct pr_explained_stage *explained)
{
	const struct pr_subject first = at_first(full, stage), *subject = &first;
	struct pr_said_more said[PR_CHECK_COUNT_];
	struct pr_walk walk = { policy, stage, 0, said };
	struct pr_subject copy;

	for (unsigned int id = 0; id < PR_CHECK_COUNT_; id++)
		said[id] = (struct pr_said_more){ .could = UNREACHED };
	explained->skipped =
		is_skipped(subject, stage) ||
		(stage == PR_STAGE_INSPECTION && is_not_inspected(subject, explained - 1));
	explained->alone = stage == PR_STAGE_COMMUNICATION && pr_decision_key(subject) == 0;
	if (explained->alone || explained->skipped)
		explained->decision = (struct pr_decision){ .outcome = PR_OUTCOME_OPEN,
							    .verdict = PR_VERDICT_DROP,
							    .rule = PR_RULE_NONE };
	else
		pr_walk_names(&walk, pr_stage_view(policy, stage, false, subject, &copy),
			      &explained->decision);
	mark_steps(explained, stage, subject->direction, said);
}

void pr_explain(const struct pr_policy *policy, const struct pr_subject *subject,
		struct pr_explanation *ret_explanation)
{
	for (unsigned int stage = 0; stage < PR_EXPLAINED_STAGES; stage++)
		explain_stage(policy, subject, (enum pr_stage)stage,
			      &ret_explanation->stages[stage]);
}

const char *pr_explain_reason(const struct pr_policy *policy, const struct pr_intel_set *intel,
			      const struct pr_subject *subject,
			      const struct pr_explanation *explanation, enum pr_stage stage,
			      enum pr_check_id check, char *text, size_t size)
{
	const struct pr_subject first = at_first(subject, stage);
	struct pr_subject copy;
	const struct pr_subject *view = pr_stage_view(policy, stage, false, &first, &copy);
	struct pr_check_view check_view = { policy, pr_policy_settings(policy, view->profile), view,
					    stage };

	return pr_said_reason(&check_view, intel, check,
			      &explanation->stages[stage].steps[check].said, text, size);
}

const char *pr_step_state_name(enum pr_step_state state)
{
	static const char *const names[] = {
		[PR_STEP_NOT_HERE] = "not-here",
		[PR_STEP_NOT_REACHED] = "not-reached",
		[PR_STEP_SAID] = "said",
		[PR_STEP_DECIDED] = "decided",
	};

	return names[state];
}
