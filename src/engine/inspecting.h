/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stage of inspection, as the rest of the engine has it: what packets show decides the ends of their link
 * (inspection.c; docs/engine.md, "Inspection").
 */
#pragma once

#include "engine/arrival.h"
#include "engine/subject.h"

/* 0 = the default of inspection/limits.h. */
void pr_inspecting_init(struct pr_engine *engine, size_t bytes_max);
void pr_inspecting_done(struct pr_engine *engine);
/* Nothing that is held is released any more: the queues are closed. */
void pr_inspecting_abandon(struct pr_engine *engine);
static inline bool pr_end_is_inspected(const struct pr_link_end *end)
{
	return end->wants || end->shown || end->rests;
}
/* Puts into the subject what was seen of its link by now, and what can't be seen any more. */
void pr_inspecting_facts(const struct pr_engine *engine, const struct pr_link *link,
			 enum pr_link_end_name end, struct pr_subject_of *of);
/* An end was decided, and it stands there: are its packets looked into from now on? Takes its permanence away then. */
void pr_inspecting_decided(struct pr_engine *engine, struct pr_link *link,
			   enum pr_link_end_name end, const struct pr_subject *subject,
			   unsigned int wants);
/* After a decision of an end: what is held there waits on, or goes. */
void pr_inspecting_settled(struct pr_engine *engine, struct pr_link *link,
			   enum pr_link_end_name end);
/* The link was decided anew: who looks, if nobody wants to know any more, stops. */
void pr_inspecting_redecided(struct pr_engine *engine, struct pr_link *link);
/* A packet of this end is held until it is known what its client sent. */
bool pr_inspecting_holds(const struct pr_engine *engine, const struct pr_link *link,
			 enum pr_link_end_name end);

enum pr_inspecting_outcome {
	PR_INSPECTING_GOES, /* the end's verdict is the packet's */
	PR_INSPECTING_HELD, /* it is released later */
	PR_INSPECTING_ENDS, /* it is dropped */
};
/* Looks into a packet of a decided end. What it shows may decide the ends of its link anew. */
enum pr_inspecting_outcome pr_inspecting_look(struct pr_engine *engine, struct pr_arrival *arrival);
/* The same for one that was parked; its copy has to outlive its order. */
enum pr_inspecting_outcome pr_inspecting_look_again(struct pr_engine *engine, struct pr_link *link,
						    struct pr_parked *parked);
/* The link is over: what is held is dropped, what was seen is kept; or it is forgotten, and that too. */
void pr_inspecting_stop(struct pr_engine *engine, struct pr_link *link);
void pr_inspecting_forget(struct pr_engine *engine, struct pr_link *link);
uint64_t pr_inspecting_tick(struct pr_engine *engine);
void pr_inspecting_counters(const struct pr_engine *engine,
			    struct pr_engine_counters *ret_counters);
