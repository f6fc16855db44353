/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose question it is: of the owner of the link that was rerouted here; without such a link the client's socket tells.
 * Where that takes a while the question waits, as long as a packet does.
 */
#include "engine/questioner.h"

struct pr_questioner *pr_questioner_new(struct pr_engine *engine, uint64_t ticket)
{
	uint32_t slot = pr_slab_take(&engine->questioners);
	struct pr_questioner *questioner;

	pr_assert(slot != PR_SLAB_NONE); /* as many as there are questions */
	questioner = pr_slab_at(&engine->questioners, slot);
	questioner->slot = slot;
	questioner->ticket = ticket;
	return questioner;
}

static void drop_wait(struct pr_engine *engine, const struct pr_questioner *questioner)
{
	for (uint32_t i = 0; i < PR_ENGINE_QUESTION_WAITS_MAX; i++)
		if (engine->question_waits[i] == questioner)
			engine->question_waits[i] = NULL;
}

void pr_questioner_free(struct pr_engine *engine, struct pr_questioner *questioner)
{
	uint32_t slot = questioner->slot;

	if (questioner->wait_until_us)
		drop_wait(engine, questioner);
	else
		pr_actor_done(engine, &questioner->actor);
	pr_slab_give(&engine->questioners, slot);
}

/* True when the owner is to be waited for; false where there is no room to. */
static bool wait_for_owner(struct pr_engine *engine, struct pr_questioner *questioner)
{
	for (uint32_t i = 0; i < PR_ENGINE_QUESTION_WAITS_MAX; i++) {
		if (engine->question_waits[i])
			continue;
		engine->question_waits[i] = questioner;
		questioner->wait_until_us =
			engine->now_us + PR_ENGINE_QUESTION_OWNER_WAIT_MS * UINT64_C(1000);
		pr_engine_due(engine, questioner->wait_until_us);
		engine->counters.owner_waited++;
		return true;
	}
	return false;
}

/* Sent by this host, not by another namespace. */
static bool is_here(const struct pr_engine *engine, const struct pr_tuple *sent)
{
	return pr_class_of(&sent->src, &engine->own) == PR_CLASS_HOST;
}

/* Who has the socket that it was sent from, by what was sent. */
static enum pr_owner_outcome ask_owner(struct pr_engine *engine, const struct pr_question *question,
				       const struct pr_tuple *sent, struct pr_process **ret_process)
{
	*ret_process = NULL;
	return engine->ports.owner(engine->ports.context, NULL, sent,
				   is_here(engine, sent) ? PR_DIRECTION_OUT : PR_DIRECTION_FORWARD,
				   question->ticket | PR_TICKET_QUESTION, ret_process);
}

static void copy_owner(struct pr_engine *engine, const struct pr_link_end *end,
		       struct pr_questioner *questioner)
{
	const struct pr_actor actor = { end->owner, end->application, end->profile,
					end->application == engine->self.application };

	questioner->actor = pr_actor_copy(engine, &actor);
}

void pr_questioner_find_owner(struct pr_engine *engine, const struct pr_question *question,
			      struct pr_questioner *questioner)
{
	enum pr_owner_outcome outcome;
	struct pr_process *process;
	struct pr_tuple sent;
	struct pr_link *link;

	if (question->asker.tag) {
		questioner->dry = true;
		questioner->actor =
			pr_actor_copy(engine, &engine->queries[question->asker.tag - 1].actor);
		return;
	}
	link = pr_askers_find(engine, &question->asker, &sent);
	if (link && pr_asker_is_opener(engine, link)) {
		copy_owner(engine, &link->ends[PR_LINK_OUT], questioner);
		return;
	}
	outcome = ask_owner(engine, question, &sent, &process);
	if (outcome == PR_OWNER_WAIT && wait_for_owner(engine, questioner))
		return;
	if (outcome == PR_OWNER_WAIT || outcome == PR_OWNER_BUSY) {
		engine->counters.owner_busy++;
		questioner->wait_until_us = PR_ENGINE_NEVER;
		return;
	}
	/* Nobody has it any more: then it is of who had it. */
	if (outcome == PR_OWNER_NONE && is_here(engine, &sent) && link &&
	    link->ends[PR_LINK_OUT].owner_known)
		copy_owner(engine, &link->ends[PR_LINK_OUT], questioner);
	else
		questioner->actor = pr_actor_of_outcome_take(engine, outcome, process);
}

static void settle(struct pr_engine *engine, struct pr_questioner *questioner,
		   struct pr_actor actor)
{
	drop_wait(engine, questioner);
	questioner->wait_until_us = 0;
	questioner->actor = actor;
	pr_questions_resume(engine->questions, engine->now_us, questioner->ticket);
}

void pr_question_owner(struct pr_engine *engine, uint64_t ticket, struct pr_actor actor)
{
	for (uint32_t i = 0; i < PR_ENGINE_QUESTION_WAITS_MAX; i++) {
		struct pr_questioner *questioner = engine->question_waits[i];

		if (questioner && questioner->ticket == (ticket & ~PR_TICKET_QUESTION)) {
			settle(engine, questioner, actor);
			return;
		}
	}
	pr_actor_done(engine, &actor);
}

uint64_t pr_question_waits_tick(struct pr_engine *engine)
{
	uint64_t next_us = PR_ENGINE_NEVER;

	for (uint32_t i = 0; i < PR_ENGINE_QUESTION_WAITS_MAX; i++) {
		struct pr_questioner *questioner = engine->question_waits[i];

		if (!questioner)
			continue;
		if (questioner->wait_until_us > engine->now_us) {
			if (questioner->wait_until_us < next_us)
				next_us = questioner->wait_until_us;
			continue;
		}
		engine->counters.owner_expired++;
		drop_wait(engine, questioner);
		questioner->wait_until_us = PR_ENGINE_NEVER;
		pr_questions_resume(engine->questions, engine->now_us, questioner->ticket);
	}
	return next_us;
}
