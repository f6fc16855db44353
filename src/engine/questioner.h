/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who asks a question, and what is kept with it. Internal to the room. */
#pragma once

#include "engine/machine.h"

/* What hangs on a question. */
struct pr_questioner {
	struct pr_actor actor;
	uint64_t ticket, policy;	/* the policy that its actor is of */
	uint64_t wait_until_us;		/* its owner is being asked for; 0 = settled */
	bool dry;			/* a user's query: nothing is recorded, no prompt raised */
	bool told;			/* that it passed the first stage */
	bool permitted;			/* by a rule, whatever may be known of its entity */
	unsigned int missing_providers; /* that had not answered when it was decided upon */
	bool asked;			/* the heuristics know of it … */
	unsigned int suspicions;	/* … and said so */
	uint32_t slot;
};

/* Of a new question: who asks isn't known yet. */
struct pr_questioner *pr_questioner_new(struct pr_engine *engine, uint64_t ticket);
void pr_questioner_free(struct pr_engine *engine, struct pr_questioner *questioner);
/* Finds the actor, or waits for it: then pr_questions_resume() follows. */
void pr_questioner_find_owner(struct pr_engine *engine, const struct pr_question *question,
			      struct pr_questioner *questioner);
