/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every stage and every check in order, what each said, which decided: the same walk over the same table
 * that the decisions make. Pure, and a plain value; what shows it makes text or JSON of it.
 */
#pragma once

#include "firewall/checks.h"

#define PR_EXPLAINED_STAGES (PR_STAGE_INSPECTION + 1)

enum pr_step_state {
	PR_STEP_NOT_HERE,    /* the check doesn't speak at this stage, or of this direction */
	PR_STEP_NOT_REACHED, /* an earlier one decided, or left the stage open */
	PR_STEP_SAID,	     /* `said` holds, which may be "nothing" */
	PR_STEP_DECIDED,     /* the same, and that was the decision */
};

struct pr_explained_step {
	enum pr_step_state state;
	struct pr_said_more said;
};

struct pr_explained_stage {
	bool skipped; /* the subject never comes by here: no name is asked for, or it comes in */
	bool alone;   /* communication: the link is decided on by itself (pr_decision_key) */
	struct pr_decision decision; /* OPEN where it depends on facts that the subject lacks */
	struct pr_explained_step steps[PR_CHECK_COUNT_];
};

struct pr_explanation {
	struct pr_explained_stage stages[PR_EXPLAINED_STAGES]; /* by enum pr_stage */
};

/* A fact that the subject lacks stays open at every stage, whatever could be fetched. */
void pr_explain(const struct pr_policy *policy, const struct pr_subject *subject,
		struct pr_explanation *ret_explanation);

/* Why a check said what it said, in a sentence; "" where it said nothing. `intel` as in
 * pr_decision_reason(). Returns `text`. */
const char *pr_explain_reason(const struct pr_policy *policy, const struct pr_intel_set *intel,
			      const struct pr_subject *subject,
			      const struct pr_explanation *explanation, enum pr_stage stage,
			      enum pr_check_id check, char *text, size_t size);

const char *pr_step_state_name(enum pr_step_state state); /* "not-here", "decided", … */
