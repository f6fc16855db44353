/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that are left to the far end of the tunnel, and the addresses that stand for them. Internal to the room. */
#pragma once

#include "engine/machine.h"
#include "engine/questioner.h"
#include "engine/subject.h"

void pr_pool_done(struct pr_engine *engine);
/* The pool by the policy in force, as long as nobody says otherwise (pr_engine_pool_set()). Names that have an address keep
 * it. */
void pr_pool_policy(struct pr_engine *engine);

bool pr_is_pooled(const struct pr_engine *engine, const struct pr_address *address);
/* A subject whose address, which is set, stands for a name: facts of the address, and its name. */
void pr_pool_set_subject(const struct pr_engine *engine, struct pr_subject_of *of);
/* A subject whose address somebody else gave out, though it is of the pool: no such address is real. */
void pr_pool_refuse(struct pr_subject *subject);

/* A link is in the table: it holds the address that it goes to; and no more. */
void pr_pool_link_made(struct pr_engine *engine, struct pr_link *link);
void pr_pool_link_forgotten(struct pr_engine *engine, struct pr_link *link);

/* Of a pool that is gone none are. */
void pr_pool_count(const struct pr_engine *engine, struct pr_engine_counters *counters);
/* How a link fared that was to go by this upstream. */
void pr_pool_heard(struct pr_engine *engine, const char *upstream, enum pr_tunnel_outcome outcome);

/* A name of this host's or its network's: what is general doesn't send it away. */
bool pr_pool_is_local_name(const struct pr_engine *engine, const char *name);

/* A question before intel: what was decided of it becomes an answer from the pool, a denial for want of a tunnel, or that
 * it goes on. */
void pr_pool_question(struct pr_engine *engine, const struct pr_question *question,
		      const struct pr_questioner *questioner, const struct pr_subject *subject,
		      struct pr_question_decision *decision);
/* An answer, after intel: its addresses may be had by the tunnel, if there is one. */
void pr_pool_answer(const struct pr_engine *engine, const struct pr_subject *subject,
		    struct pr_question_decision *decision);
/* Would a question for the name, with this subject, be answered from the pool? By what: such a link's decision. */
bool pr_pool_would_give(const struct pr_engine *engine, const char *name,
			const struct pr_subject *subject, struct pr_decision *ret_decision);
/* The sentence for it. Returns `text`. */
const char *pr_pool_explain(const struct pr_engine *engine, const struct pr_subject *subject,
			    const struct pr_decision *decision, char *text, size_t size);
/* Of an answer from the pool; in engine->reason. */
const char *pr_pool_reason(struct pr_engine *engine, const struct pr_subject *subject,
			   const struct pr_question_decision *decision);
