/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The decisions once more, slow and obvious: a page of ifs over plain data, written from contract.md and
 * design.md without a look at the table of checks. It shares no code with it, not even the matching of
 * rules.
 */
#pragma once

#include "decide_world.h"

struct model_decision {
	enum pr_outcome outcome;
	enum pr_verdict verdict; /* of deny */
	bool permanent;
	unsigned int missing; /* of MISSING */
	/* What denied: a rule, or lists. */
	const struct world_rule *rule;
	uint64_t lists, exceptions;
};

/* `app`: the subject's profile number that is the world's application; all else has the global settings. */
struct model_decision model_decide(const struct world *world, uint32_t app, enum pr_stage stage,
				   const struct pr_subject *subject);
