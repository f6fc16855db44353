/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What changes the policy changes every live link at once, in memory: permanent ones too, of both families
 * and all directions. What is denied or rerouted now is cut, each end by itself. Only if the kernel
 * carries a permanent accept that has to die is the generation asked to be raised; what merely permits
 * more sends nothing back to the queue.
 */
#include "engine/events.h"
#include "engine/inspecting.h"
#include "engine/machine.h"
#include "engine/pool.h"
#include "engine/subject.h"
#include "engine/tunnelling.h"

#include <string.h>

void pr_end_cut(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end)
{
	struct pr_verdict_order order =
		pr_end_order(engine, link, end,
			     link->direction == PR_DIRECTION_FORWARD ? PR_HOOK_FORWARD
			     : end == PR_LINK_OUT		     ? PR_HOOK_OUTPUT
								     : PR_HOOK_INPUT,
			     false);

	engine->counters.links_cut++;
	if (pr_tunnel_cut(engine, link))
		return;
	engine->ports.cut(engine->ports.context, &link->tuple, pr_link_direction_of(link, end),
			  &order);
}

static void ask_for_generation(struct pr_engine *engine)
{
	if (engine->generation_asked || !engine->generation)
		return;
	engine->generation_asked = true;
	engine->counters.generations_asked++;
	engine->ports.raise_generation(engine->ports.context);
}

static void forget_denied(struct pr_engine *engine)
{
	if (engine->denied_forgotten)
		return;
	engine->denied_forgotten = true;
	engine->ports.forget_denied(engine->ports.context);
}

static bool passes(const struct pr_link_end *end)
{
	return end->decided && end->verdict == PR_VERDICT_ACCEPT;
}

static bool denies(const struct pr_link_end *end)
{
	return end->verdict == PR_VERDICT_BLOCK || end->verdict == PR_VERDICT_DROP;
}

static bool changed(const struct pr_link_end *before, const struct pr_link_end *now)
{
	return before->decided != now->decided || before->asked != now->asked ||
	       before->verdict != now->verdict;
}

/* Does the kernel let packets of the end through, whatever comes by here? */
static bool is_carried(const struct pr_link_end *end)
{
	return end->permanent || end->verdict == PR_VERDICT_REROUTE_NAMESERVER ||
	       (end->verdict == PR_VERDICT_REROUTE_TUNNEL && !pr_end_is_inspected(end));
}

/* A packet of it has gone where it was rerouted to. */
static bool was_rerouted(const struct pr_link_end *before)
{
	return before->decided && (before->verdict == PR_VERDICT_REROUTE_NAMESERVER ||
				   (before->verdict == PR_VERDICT_REROUTE_TUNNEL && before->begun));
}

/* A link whose packets come by here: the kernel has no word of it that denies, until the socket is destroyed. */
static void cut_with_care(struct pr_engine *engine, struct pr_link *link,
			  enum pr_link_end_name name, const struct pr_link_end *before)
{
	if (name == PR_LINK_OUT && link->direction == PR_DIRECTION_OUT &&
	    (before->asked || pr_end_is_inspected(before)))
		link->spared = PR_ENGINE_CUT_SPARES;
	pr_end_cut(engine, link, name);
}

static void carry_out(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name name,
		      const struct pr_link_end *before)
{
	const struct pr_link_end *end = &link->ends[name];
	bool passed = passes(before) || was_rerouted(before);

	if (!changed(before, end)) {
		/* What the kernel carried on has to come by here from now on. */
		if (passed && is_carried(before) && !is_carried(end))
			ask_for_generation(engine);
	} else if (passed) {
		if (is_carried(before))
			ask_for_generation(engine);
		/* Asked, it is held up but lives: the answer may be to permit it. A way that changes is
		 * cut, never NATed anew. */
		if (end->decided && (before->begun || !pr_end_is_inspected(before)))
			cut_with_care(engine, link, name, before);
	} else if (before->decided && before->permanent && passes(end)) {
		forget_denied(engine);
	} else if (before->asked && before->begun && end->decided && !passes(end) &&
		   end->verdict != PR_VERDICT_REROUTE_TUNNEL) {
		cut_with_care(engine, link, name, before);
	}
}

static void renew_owner(struct pr_engine *engine, struct pr_link_end *end)
{
	struct pr_actor actor;

	if (!end->owner)
		return; /* the three that have no process keep their instance */
	actor = pr_actor_of_take(engine, pr_process_reference(end->owner));
	pr_end_set_owner_take(engine, end, actor, end->owner_known);
}

static void redecide_end(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name name)
{
	struct pr_link_end *end = &link->ends[name];
	const struct pr_link_end before = *end;

	/* What waits for its owner is decided when that is known. */
	if (!end->decided && !end->asked)
		return;
	renew_owner(engine, end);
	pr_end_decide(engine, link, name);
	engine->counters.links_redecided++;
	if (changed(&before, end))
		pr_event_tell_end(engine, link, name);
	if (before.asked || before.held)
		pr_packets_settled(engine, link, name);
	carry_out(engine, link, name, &before);
	/* What was only looked at passes without anybody to look. */
	if (before.payload_only && pr_end_is_inspected(end) && !end->payload_only)
		ask_for_generation(engine);
	pr_inspecting_redecided(engine, link);
}

/* Something that the policy asks for isn't known, or not yet arrived. */
static bool is_open(const struct pr_link_end *end)
{
	return end->wants || end->rests;
}

void pr_redecide_seen(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name name,
		      bool tell)
{
	struct pr_link_end *end = &link->ends[name];
	const struct pr_link_end before = *end;

	if (!end->decided && !end->asked)
		return;
	/* What is owed says what was decided before. */
	if (link->owed)
		pr_event_pay(engine, 0);
	pr_end_decide(engine, link, name);
	engine->counters.inspection_denied +=
		(passes(&before) || was_rerouted(&before)) && end->decided && denies(end);
	/* Before its first event there is somebody on the way who sends that. */
	if ((tell || changed(&before, end) || (is_open(&before) && !is_open(end)) ||
	     (pr_end_is_inspected(&before) && !pr_end_is_inspected(end))) &&
	    link->flags & PR_LINK_FLAG_TOLD << name)
		pr_event_owe(engine, link, name);
	if (before.asked || before.held)
		pr_packets_settled(engine, link, name);
	carry_out(engine, link, name, &before);
}

/* Of an end that is alive: does this name, or this address, belong to its entity? */
static bool concerns(const struct pr_engine *engine, const struct pr_link *link,
		     enum pr_link_end_name name, const struct pr_inquiry *inquiry)
{
	struct pr_name_candidate candidates[PR_SUBJECT_DOMAINS_MAX];
	bool incoming = pr_link_direction_of(link, name) == PR_DIRECTION_IN;
	const struct pr_address *remote = incoming ? &link->tuple.src : &link->tuple.dst;
	const struct pr_inquiry by_address = pr_inquiry_of_address(remote);
	unsigned int n;

	if (!inquiry->domain)
		return pr_address_equal(&by_address.address, &inquiry->address);
	if (incoming)
		return false;
	n = pr_names_find(engine->names, link->ends[name].application, remote, engine->now_us,
			  candidates);
	for (unsigned int i = 0; i < n; i++)
		if (strcmp(candidates[i].domain, inquiry->domain) == 0)
			return true;
	return false;
}

/* `inquiry` NULL: whatever the entity. */
static void redecide(struct pr_engine *engine, bool asked_only, const struct pr_inquiry *inquiry)
{
	uint32_t cursor = 0;
	struct pr_link *link;

	engine->denied_forgotten = false;
	engine->redeciding = true;
	pr_prompts_review_begin(engine);
	while ((link = pr_links_next(engine->links, &cursor)) != NULL) {
		if (link->state == PR_LINK_ENDED)
			continue;
		for (unsigned int i = 0; i < PR_LINK_N_ENDS; i++)
			if ((!asked_only || link->ends[i].asked) &&
			    (!inquiry || concerns(engine, link, (enum pr_link_end_name)i, inquiry)))
				redecide_end(engine, link, (enum pr_link_end_name)i);
	}
	engine->redeciding = false;
	pr_questions_resume_all(engine->questions, engine->now_us);
	pr_prompts_review_end(engine);
}

void pr_redecide_all(struct pr_engine *engine)
{
	if (engine->policy)
		redecide(engine, false, NULL);
}

void pr_redecide_entity(struct pr_engine *engine, const struct pr_inquiry *inquiry)
{
	if (!engine->policy)
		return;
	engine->counters.intel_redecided++;
	redecide(engine, false, inquiry);
}

void pr_redecide_asked(struct pr_engine *engine)
{
	if (engine->policy)
		redecide(engine, true, NULL);
}

void pr_engine_policy_set_take(struct pr_engine *engine, struct pr_policy *policy, uint64_t now_us)
{
	struct pr_policy *before;

	pr_engine_enter(engine, now_us);
	before = engine->policy;
	engine->policy = policy;
	engine->policy_serial++;
	engine->decision_serial++;
	engine->counters.policy_swaps++;
	pr_instances_policy_changed(engine);
	pr_intel_map_renew(engine);
	pr_pool_policy(engine);
	pr_redecide_all(engine);
	pr_policy_free(before);
	pr_engine_leave(engine);
}

void pr_engine_generation_set(struct pr_engine *engine, uint32_t generation, uint64_t now_us)
{
	pr_engine_enter(engine, now_us);
	pr_assert(generation >= 1 && generation <= 7);
	engine->generation = generation;
	engine->generation_asked = false;
	engine->counters.generations_set++;
	pr_parking_generation_set(engine);
	pr_engine_leave(engine);
}

uint32_t pr_engine_generation(struct pr_engine *engine)
{
	uint32_t generation;

	pthread_mutex_lock(&engine->lock);
	generation = engine->generation;
	pthread_mutex_unlock(&engine->lock);
	return generation;
}

int pr_engine_cut(struct pr_engine *engine, uint64_t id, uint64_t now_us)
{
	struct pr_link *link;
	int r = -ENOENT;

	pr_engine_enter(engine, now_us);
	link = pr_links_by_id(engine->links, id);
	if (link && link->state != PR_LINK_ENDED) {
		pr_end_cut(engine, link,
			   link->ends[PR_LINK_OUT].decided ? PR_LINK_OUT : PR_LINK_IN);
		r = 0;
	}
	pr_engine_leave(engine);
	return r;
}
