/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The links that are inspected, or hold packets still: their places, and what is counted of them. */
#include "engine/inspecting_private.h"

void pr_inspecting_init(struct pr_engine *engine, size_t bytes_max)
{
	struct pr_inspecting *inspecting = pr_calloc(1, sizeof(*inspecting));

	_Static_assert(PR_INSPECTION_LINKS_MAX < PR_ENGINE_INSPECTED_MAX,
		       "those that had to go keep their place until the next tick");
	inspecting->inspections = pr_inspections_new(bytes_max);
	pr_slab_init(&inspecting->links, sizeof(struct pr_inspected_link), PR_ENGINE_INSPECTED_MAX);
	pr_slab_init(&inspecting->held, sizeof(struct pr_held), PR_INSPECTION_HELD_MAX);
	pr_slab_init(&inspecting->seen, sizeof(struct pr_seen_kept), PR_LINKS_MAX);
	pr_chain_init(&inspecting->holding);
	pr_texts_init(&inspecting->texts, PR_ENGINE_SEEN_TEXTS_MAX, PR_ENGINE_SEEN_BYTES_MAX);
	engine->inspecting = inspecting;
}

void pr_inspecting_done(struct pr_engine *engine)
{
	struct pr_inspecting *inspecting = engine->inspecting;

	pr_inspections_free(inspecting->inspections);
	pr_slab_done(&inspecting->links);
	pr_slab_done(&inspecting->held);
	pr_slab_done(&inspecting->seen);
	pr_texts_done(&inspecting->texts);
	free(inspecting);
}

void pr_inspecting_counters(const struct pr_engine *engine, struct pr_engine_counters *ret_counters)
{
	struct pr_inspections_counters of_inspections;

	pr_inspections_counters(engine->inspecting->inspections, &of_inspections);
	ret_counters->inspections = of_inspections.begun;
	ret_counters->inspections_now = of_inspections.n;
	ret_counters->inspections_finished = of_inspections.finished;
	ret_counters->inspections_given_up_time = of_inspections.given_up_time;
	ret_counters->inspections_given_up_room += of_inspections.given_up_room;
	ret_counters->inspections_given_up_limit = of_inspections.given_up_limit;
	ret_counters->inspections_contradicted = of_inspections.contradictions;
	ret_counters->inspection_bytes_now = of_inspections.bytes;
	ret_counters->inspection_held_now = engine->inspecting->held.n_used;
}

struct pr_inspected_link *pr_inspected_of(const struct pr_engine *engine,
					  const struct pr_link *link)
{
	return link->slot ? pr_slab_at(&engine->inspecting->links, link->slot - 1) : NULL;
}

void pr_inspected_leave(struct pr_engine *engine, struct pr_link *link)
{
	const struct pr_inspected_link *inspected = pr_inspected_of(engine, link);

	if (!inspected || inspected->inspection || inspected->n_held[PR_LINK_OUT] ||
	    inspected->n_held[PR_LINK_IN])
		return;
	pr_slab_give(&engine->inspecting->links, link->slot - 1);
	link->slot = 0;
}

struct pr_inspected_link *pr_inspected_enter(struct pr_engine *engine, struct pr_link *link)
{
	struct pr_inspected_link *inspected = pr_inspected_of(engine, link);
	uint32_t number;

	if (inspected)
		return inspected;
	number = pr_slab_take(&engine->inspecting->links);
	if (number == PR_SLAB_NONE)
		return NULL;
	link->slot = number + 1;
	inspected = pr_slab_at(&engine->inspecting->links, number);
	inspected->link = link->id;
	inspected->first = inspected->last = PR_SLAB_NONE;
	return inspected;
}
