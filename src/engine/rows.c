/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking into the tables: rows for the command line and the dashboard, and the counters. */
#include "engine/attackers.h"
#include "engine/events.h"
#include "engine/inspecting.h"
#include "engine/machine.h"
#include "engine/pool.h"
#include "engine/subject.h"
#include "engine/tunnelling.h"

#include "dns/cache.h"

#include <sched.h>

struct walk {
	struct pr_engine *engine;
	bool (*row)(void *context, const struct pr_event *event);
	void *context;
	uint64_t cursor;     /* where it goes on */
	unsigned int n_left; /* entries that may be looked at before others get their turn */
	bool ended;	     /* by the table's end, or by `row` */
	bool complete;
};

/* One row; false ends the walk, which goes on with this row another time. */
static bool tell(struct walk *walk, uint64_t cursor, const struct pr_event *event)
{
	if (walk->row(walk->context, event))
		return true;
	walk->cursor = cursor;
	walk->ended = true;
	return false;
}

static void complete(struct walk *walk)
{
	walk->ended = walk->complete = true;
}

/* The cursor counts ends of links. */
static void links(struct walk *walk)
{
	struct pr_engine *engine = walk->engine;
	uint32_t next = (uint32_t)(walk->cursor / PR_LINK_N_ENDS), begin = next;
	unsigned int skipped = walk->cursor % PR_LINK_N_ENDS;
	PR_UNINITIALIZED struct pr_subject_of of;
	struct pr_event event;
	struct pr_link *link;

	while (walk->n_left--) {
		link = pr_links_next(engine->links, &next);
		if (!link)
			return complete(walk);
		for (unsigned int i = next - 1 == begin ? skipped : 0; i < PR_LINK_N_ENDS; i++) {
			if (!(link->flags & PR_LINK_FLAG_TOLD << i))
				continue;
			pr_event_of_end(engine, link, (enum pr_link_end_name)i, &of, &event);
			if (!tell(walk, (next - 1) * (uint64_t)PR_LINK_N_ENDS + i, &event))
				return;
		}
	}
	walk->cursor = next * (uint64_t)PR_LINK_N_ENDS;
}

/* A decision on the communication itself; one that is left to each link shows none. */
static void fill_decision(struct pr_engine *engine, const struct pr_communication *communication,
			  struct pr_event *event)
{
	const struct pr_cached_decision *cached = &communication->decision;
	struct pr_subject_of of = {
		.subject = {
			.direction = (enum pr_direction)communication->direction,
			.known = PR_FACT_OWNER | PR_FACT_DOMAIN,
			.absent = event->domain ? 0 : PR_FACT_DOMAIN,
			.domains = { event->domain },
			.n_domains = event->domain ? 1 : 0,
			.scope = (enum pr_scope)communication->scope,
		},
	};
	const struct pr_decision decision = {
		.outcome = (enum pr_outcome)cached->outcome,
		.verdict = (enum pr_verdict)cached->verdict,
		.permanent = cached->permanent,
		.check = cached->check,
		.rule = cached->rule,
		.missing = cached->missing,
	};

	if (cached->policy != engine->decision_serial || decision.outcome == PR_OUTCOME_OPEN ||
	    decision.outcome == PR_OUTCOME_MISSING)
		return;
	pr_intel_begin(engine, &of);
	pr_intel_of_names(engine, &of);
	pr_event_of_decision(engine, &of.subject, &decision, PR_STAGE_COMMUNICATION, event);
}

static void communications(struct walk *walk)
{
	struct pr_engine *engine = walk->engine;
	const struct pr_communication *communication;
	struct pr_event event;
	uint32_t next = (uint32_t)walk->cursor;

	while (walk->n_left--) {
		communication = pr_communications_next(engine->communications, &next);
		if (!communication)
			return complete(walk);
		pr_event_of_communication(engine, communication, &event);
		fill_decision(engine, communication, &event);
		event.ask = communication->prompt != 0;
		if (!tell(walk, next - 1, &event))
			return;
	}
	walk->cursor = next;
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

/* Few, and each the sum of many: in one go. */
static void apps(struct walk *walk)
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
	for (uint32_t i = (uint32_t)walk->cursor; i < n_max && !walk->ended; i++)
		if (rows[i].id)
			(void)tell(walk, i, &rows[i]);
	if (!walk->ended)
		complete(walk);
	free(rows);
}

static void prompts(struct walk *walk)
{
	struct pr_engine *engine = walk->engine;
	struct pr_event event;
	uint32_t i = (uint32_t)walk->cursor;

	for (; engine->n_prompts && i < engine->n_prompts_max; i++) {
		if (!engine->prompts[i].id || engine->prompts[i].state != PR_PROMPT_OPEN)
			continue;
		pr_prompt_event(engine, &engine->prompts[i], &event);
		if (!tell(walk, i, &event))
			return;
	}
	complete(walk);
}

static void names(struct walk *walk)
{
	struct pr_engine *engine = walk->engine;
	uint32_t next = (uint32_t)walk->cursor;

	while (walk->n_left--) {
		struct pr_event event = { .kind = PR_EVENT_DNS, .uid = (uid_t)-1 };
		struct pr_name_known known;

		if (!pr_names_next(engine->names, &next, &known))
			return complete(walk);
		event.id = next;
		event.domain = event.domains[0] = known.domain;
		event.n_domains = 1;
		event.remote = known.address;
		if (known.expiry_us)
			event.deadline_real_us = pr_event_real(engine, known.expiry_us);
		if (known.application != PR_APPLICATION_ALL)
			pr_event_of_actor(engine, known.application, NULL, &event);
		if (!tell(walk, next - 1, &event))
			return;
	}
	walk->cursor = next;
}

static void attacks(struct walk *walk)
{
	uint32_t next = (uint32_t)walk->cursor;
	const struct pr_attack *attack;

	while ((attack = pr_attackers_next(walk->engine, &next)) != NULL) {
		struct pr_event event;

		pr_attackers_event(walk->engine, attack, &event);
		event.id = next;
		event.real_us = event.attack.last_us;
		if (!tell(walk, next - 1, &event))
			return;
	}
	complete(walk);
}

bool pr_engine_rows(struct pr_engine *engine, enum pr_engine_table table, uint64_t *cursor,
		    bool (*row)(void *context, const struct pr_event *event), void *context,
		    uint64_t now_us)
{
	static void (*const walks[])(struct walk *) = {
		[PR_ENGINE_APPS] = apps,   [PR_ENGINE_COMMUNICATIONS] = communications,
		[PR_ENGINE_LINKS] = links, [PR_ENGINE_PROMPTS] = prompts,
		[PR_ENGINE_NAMES] = names, [PR_ENGINE_ATTACKS] = attacks,
	};
	struct walk walk = { .engine = engine, .row = row, .context = context, .cursor = *cursor };

	while (!walk.ended) {
		walk.n_left = PR_ENGINE_ROWS_AT_ONCE;
		pr_engine_enter(engine, now_us);
		if (engine->policy)
			walks[table](&walk);
		else
			complete(&walk);
		pr_engine_leave(engine);
		/* A lock that is taken again at once leaves those who wait for it no chance. */
		if (!walk.ended)
			sched_yield();
	}
	*cursor = walk.cursor;
	return walk.complete;
}

void pr_engine_counters(struct pr_engine *engine, struct pr_engine_counters *ret_counters)
{
	struct pr_communications_counters of_communications;
	struct pr_dns_cache_counters of_answers;
	const struct pr_questions_counters *of_questions;
	struct pr_links_counters of_links;
	struct pr_names_counters of_names;

	pthread_mutex_lock(&engine->lock);
	pr_links_counters(engine->links, &of_links);
	pr_names_counters(engine->names, &of_names);
	pr_communications_counters(engine->communications, &of_communications);
	of_questions = pr_questions_counters(engine->questions);
	pr_dns_cache_counters(pr_questions_cache(engine->questions), &of_answers);
	*ret_counters = engine->counters;
	ret_counters->answers_found = of_answers.found;
	ret_counters->answers_missed = of_answers.missed;
	ret_counters->answers_evicted = of_answers.evicted;
	ret_counters->answers_now = of_answers.n;
	ret_counters->intel_answers_now = engine->providers.slab.n_used;
	ret_counters->intel_waited = of_questions->waited_for_intel;
	ret_counters->intel_went_without = of_questions->went_without_intel;
	ret_counters->answers_bytes_now = of_answers.bytes;
	ret_counters->links_now = of_links.n - of_links.n_ended;
	ret_counters->names_now = of_names.n;
	ret_counters->names_recorded = of_names.learnt;
	pr_pool_count(engine, ret_counters);
	ret_counters->communications_now = of_communications.n;
	ret_counters->instances_now = pr_applications_n(engine->applications);
	ret_counters->parked_now = engine->parking.n_used;
	ret_counters->tunnel_now = pr_tunnel_n(engine);
	pr_inspecting_counters(engine, ret_counters);
	ret_counters->prompts_now = 0;
	for (uint32_t i = 0; i < engine->n_prompts_max; i++)
		ret_counters->prompts_now +=
			engine->prompts[i].id && engine->prompts[i].state == PR_PROMPT_OPEN;
	pr_attackers_counters(engine, ret_counters);
	ret_counters->questions = of_questions->asked;
	ret_counters->questions_given_again = of_questions->given_again;
	ret_counters->questions_malformed = of_questions->malformed;
	ret_counters->questions_full = of_questions->refused_full;
	ret_counters->questions_answered = of_questions->answered;
	ret_counters->questions_unanswered = of_questions->unanswered;
	ret_counters->questions_failed = of_questions->failed;
	pthread_mutex_unlock(&engine->lock);
}
