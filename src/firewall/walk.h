/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk over the table, shared by the decisions and by explain. Internal to the room. */
#pragma once

#include "firewall/checks.h"

struct pr_walk {
	const struct pr_policy *policy;
	enum pr_stage stage;
	unsigned int fetchable; /* PR_FACT_… that the caller can get; without them the walk stops */
	struct pr_said_more *steps; /* PR_CHECK_COUNT_ entries for what each said, or NULL */
};

/* `subject` as the stage sees it. Steps that the walk doesn't reach stay as they are. */
void pr_walk_checks(const struct pr_walk *walk, const struct pr_subject *subject,
		    struct pr_decision *ret_decision);

/* The walk, and what names can still change of it: several candidates, of which the packets will show one, and a name
 * that they claim. `view` as pr_stage_view() has it. */
void pr_walk_names(const struct pr_walk *walk, const struct pr_subject *view,
		   struct pr_decision *ret_decision);

/* The same link as what its packets claim to be: the claimed name is its only one. */
struct pr_subject pr_claimed_view(const struct pr_subject *view);

/* With that one of the names which its packets claim alone that has it denied; with the first where none has. */
struct pr_subject pr_denied_claim(const struct pr_walk *walk, const struct pr_subject *view);

/* The subject with the facts that `stage` sees: itself where nothing has to be taken away, else a copy in
 * *copy. `complete`: what a packet hasn't got is absent. */
const struct pr_subject *pr_stage_view(const struct pr_policy *policy, enum pr_stage stage,
				       bool complete, const struct pr_subject *subject,
				       struct pr_subject *copy);

/* What of a view's open facts the caller can get. */
unsigned int pr_stage_fetchable(enum pr_stage stage, const struct pr_subject *view);

/* The profile that decides: without an owner, or with a number that another policy gave, `unknown`. */
uint32_t pr_profile_in_force(const struct pr_policy *policy, const struct pr_subject *subject);

/* What a check said, in a sentence; "" for nothing. Returns `text`. */
const char *pr_said_reason(const struct pr_check_view *view, const struct pr_intel_set *intel,
			   enum pr_check_id id, const struct pr_said_more *said, char *text,
			   size_t size);
