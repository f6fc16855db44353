/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking into the tables: rows for the command line and the dashboard, and the counters. */
#include "engine/machine.h"

struct walk {
	struct pr_engine *engine;
	bool (*row)(void *context, const struct pr_event *event);
	void *context;
};

static void links(const struct walk *walk)
{
	struct pr_engine *engine = walk->engine;
	struct pr_subject_of of;
	struct pr_event event;
	struct pr_link *link;
	uint32_t cursor = 0;

	while ((link = pr_links_next(engine->links, &cursor)) != NULL)
		for (unsigned int i = 0; i < PR_LINK_N_ENDS; i++) {
			if (!(link->flags & PR_LINK_FLAG_TOLD << i))
				continue;
			pr_event_of_end(engine, link, (enum pr_link_end_name)i, &of, &event);
			if (!walk->row(walk->context, &event))
				return;
		}
}

/* A decision on the communication itself; one that is left to each link shows none. */
static void fill_decision(struct pr_engine *engine, const struct pr_communication *communication,
			  struct pr_event *event)
{
	const struct pr_cached_decision *cached = &communication->decision;
	const struct pr_subject subject = {
		.direction = (enum pr_direction)communication->direction,
		.known = PR_FACT_OWNER | PR_FACT_DOMAIN,
		.absent = event->domain ? 0 : PR_FACT_DOMAIN,
		.domains = { event->domain },
		.n_domains = event->domain ? 1 : 0,
		.scope = (enum pr_scope)communication->scope,
	};
	const struct pr_decision decision = {
		.outcome = (enum pr_outcome)cached->outcome,
		.verdict = (enum pr_verdict)cached->verdict,
		.permanent = cached->permanent,
		.check = cached->check,
		.rule = cached->rule,
		.missing = cached->missing,
	};

	if (cached->policy != engine->policy_serial || decision.outcome == PR_OUTCOME_OPEN ||
	    decision.outcome == PR_OUTCOME_MISSING)
		return;
	pr_event_of_decision(engine, &subject, &decision, PR_STAGE_COMMUNICATION, event);
}

static void communications(const struct walk *walk)
{
	struct pr_engine *engine = walk->engine;
	const struct pr_communication *communication;
	struct pr_event event;
	uint32_t cursor = 0;

	while ((communication = pr_communications_next(engine->communications, &cursor)) != NULL) {
		pr_event_of_communication(engine, communication, &event);
		fill_decision(engine, communication, &event);
		event.ask = communication->prompt != 0;
		if (!walk->row(walk->context, &event))
			return;
	}
}

/* An application is the sum of its communications: adds `communication` to its row. */
static void sum_up(const struct pr_engine *engine, const struct pr_communication *communication,
		   struct pr_event *row)
{
	uint64_t last_us = pr_event_real(engine, communication->last_us);

	row->n_communications++;
	row->n_links += pr_communication_links(communication);
	if (last_us > row->last_real_us)
		row->last_real_us = last_us;
	if (pr_event_real(engine, communication->first_us) < row->real_us)
		row->real_us = pr_event_real(engine, communication->first_us);
}

static void apps(const struct walk *walk)
{
	struct pr_engine *engine = walk->engine;
	const struct pr_communication *communication;
	uint32_t n_max = PR_APPLICATIONS_MAX + 2, cursor = 0;
	struct pr_event *rows = pr_calloc(n_max, sizeof(*rows));

	while ((communication = pr_communications_next(engine->communications, &cursor)) != NULL) {
		struct pr_event *row = &rows[communication->application % n_max];

		if (!row->id) {
			pr_event_of_communication(engine, communication, row);
			row->id = communication->application;
			row->communication = 0;
			row->domain = NULL;
			row->n_domains = row->n_links = 0;
		}
		sum_up(engine, communication, row);
	}
	for (uint32_t i = 0; i < n_max; i++)
		if (rows[i].id && !walk->row(walk->context, &rows[i]))
			break;
	free(rows);
}

static void prompts(const struct walk *walk)
{
	struct pr_engine *engine = walk->engine;
	struct pr_event event;

	for (uint32_t i = 0; engine->n_prompts && i < engine->n_prompts_max; i++) {
		if (!engine->prompts[i].id || engine->prompts[i].state != PR_PROMPT_OPEN)
			continue;
		pr_prompt_event(engine, &engine->prompts[i], &event);
		if (!walk->row(walk->context, &event))
			return;
	}
}

void pr_engine_rows(struct pr_engine *engine, enum pr_engine_table table,
		    bool (*row)(void *context, const struct pr_event *event), void *context,
		    uint64_t now_us)
{
	static void (*const walks[])(const struct walk *) = {
		[PR_ENGINE_APPS] = apps,
		[PR_ENGINE_COMMUNICATIONS] = communications,
		[PR_ENGINE_LINKS] = links,
		[PR_ENGINE_PROMPTS] = prompts,
	};
	const struct walk walk = { engine, row, context };

	pr_engine_enter(engine, now_us);
	if (engine->policy)
		walks[table](&walk);
	pr_engine_leave(engine);
}

void pr_engine_counters(struct pr_engine *engine, struct pr_engine_counters *ret_counters)
{
	struct pr_communications_counters of_communications;
	const struct pr_questions_counters *of_questions;
	struct pr_links_counters of_links;
	struct pr_names_counters of_names;

	pthread_mutex_lock(&engine->lock);
	pr_links_counters(engine->links, &of_links);
	pr_names_counters(engine->names, &of_names);
	pr_communications_counters(engine->communications, &of_communications);
	of_questions = pr_questions_counters(engine->questions);
	*ret_counters = engine->counters;
	ret_counters->links_now = of_links.n - of_links.n_ended;
	ret_counters->names_now = of_names.n;
	ret_counters->names_recorded = of_names.learnt;
	ret_counters->communications_now = of_communications.n;
	ret_counters->instances_now = pr_applications_n(engine->applications);
	ret_counters->parked_now = engine->parking.n_used;
	ret_counters->prompts_now = 0;
	for (uint32_t i = 0; i < engine->n_prompts_max; i++)
		ret_counters->prompts_now +=
			engine->prompts[i].id && engine->prompts[i].state == PR_PROMPT_OPEN;
	ret_counters->questions = of_questions->asked;
	ret_counters->questions_malformed = of_questions->malformed;
	ret_counters->questions_full = of_questions->refused_full;
	ret_counters->questions_answered = of_questions->answered;
	ret_counters->questions_unanswered = of_questions->unanswered;
	ret_counters->questions_failed = of_questions->failed;
	pthread_mutex_unlock(&engine->lock);
}
