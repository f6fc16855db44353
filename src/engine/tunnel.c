/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A link that goes through the tunnel. Its first packet waits until the way is open at the far end, so that its
 * application sees what becomes of it there; then it is rerouted, and the kernel alone carries the rest. What has come of
 * a link is kept beside it, in an entry of its own: most links have none.
 *
 * The kernel reroutes by NAT, which the first packet of an entry of conntrack's fixes. So what went another way, and be
 * it another upstream, is denied and cut; and where packets reach the entry point of which nothing is known any more,
 * none of them leaves.
 */
#include "engine/inspecting.h"
#include "engine/tunnelling_private.h"

#include <netinet/in.h>
#include <string.h>

struct pr_tunnelled *pr_tunnelled_of(const struct pr_engine *engine, const struct pr_link *link)
{
	return link->tunnel ? pr_slab_at(&engine->tunnelling->links, link->tunnel - 1) : NULL;
}

const char *pr_tunnelled_upstream(const struct pr_engine *engine,
				  const struct pr_tunnelled *tunnelled)
{
	return engine->tunnelling->upstreams[tunnelled->upstream].id;
}

void pr_tunnelled_keep_why(struct pr_engine *engine, struct pr_tunnelled *tunnelled,
			   const char *why)
{
	struct pr_tunnelling *tunnelling = engine->tunnelling;
	size_t len = why ? strlen(why) + 1 : 0;

	if (tunnelled->why)
		tunnelling->why_bytes -= strlen(tunnelled->why) + 1;
	free(tunnelled->why);
	tunnelled->why = NULL;
	if (len < 2 || tunnelling->why_bytes + len > PR_ENGINE_TUNNEL_WHY_BYTES)
		return;
	tunnelled->why = pr_strdup(why);
	tunnelling->why_bytes += len;
}

/* ---- the entries ---- */

/* The place of an id; the limit where all are in use, by links of policies before. */
static uint16_t place_of(const struct pr_tunnelling *tunnelling, const char *id)
{
	uint16_t free_one = PR_ENGINE_TUNNEL_UPSTREAMS_MAX;

	for (uint16_t i = 0; i < PR_ENGINE_TUNNEL_UPSTREAMS_MAX; i++) {
		if (tunnelling->upstreams[i].n && strcmp(tunnelling->upstreams[i].id, id) == 0)
			return i;
		if (!tunnelling->upstreams[i].n && free_one == PR_ENGINE_TUNNEL_UPSTREAMS_MAX)
			free_one = i;
	}
	return free_one;
}

static bool set_upstream(struct pr_engine *engine, struct pr_tunnelled *tunnelled, const char *id)
{
	struct pr_tunnelling *tunnelling = engine->tunnelling;
	uint16_t place = place_of(tunnelling, id);

	if (place == PR_ENGINE_TUNNEL_UPSTREAMS_MAX)
		return false;
	if (tunnelled->has_upstream)
		tunnelling->upstreams[tunnelled->upstream].n--;
	snprintf(tunnelling->upstreams[place].id, sizeof(tunnelling->upstreams[place].id), "%s",
		 id);
	tunnelling->upstreams[place].n++;
	tunnelled->upstream = place;
	tunnelled->has_upstream = true;
	return true;
}

struct pr_tunnelled *pr_tunnelled_enter(struct pr_engine *engine, struct pr_link *link,
					const char *upstream)
{
	uint32_t number = pr_slab_take(&engine->tunnelling->links);
	struct pr_tunnelled *tunnelled;

	if (number == PR_SLAB_NONE)
		return NULL;
	tunnelled = pr_slab_at(&engine->tunnelling->links, number);
	if (!set_upstream(engine, tunnelled, upstream)) {
		pr_slab_give(&engine->tunnelling->links, number);
		return NULL;
	}
	link->tunnel = number + 1;
	tunnelled->since_us = engine->now_us;
	return tunnelled;
}

static void close_it(struct pr_engine *engine, const struct pr_link *link,
		     const struct pr_tunnelled *tunnelled)
{
	if (pr_tunnelled_is_with_tunnel(tunnelled) && engine->ports.tunnel_close)
		engine->ports.tunnel_close(engine->ports.context, link->id);
}

void pr_tunnel_leave(struct pr_engine *engine, struct pr_link *link)
{
	struct pr_tunnelled *tunnelled = pr_tunnelled_of(engine, link);

	if (!tunnelled)
		return;
	close_it(engine, link, tunnelled);
	pr_tunnelled_keep_why(engine, tunnelled, NULL);
	engine->tunnelling->upstreams[tunnelled->upstream].n--;
	pr_slab_give(&engine->tunnelling->links, link->tunnel - 1);
	link->tunnel = 0;
}

void pr_tunnelled_set(struct pr_engine *engine, struct pr_tunnelled *tunnelled,
		      enum pr_tunnelled_state state)
{
	tunnelled->state = (uint8_t)state;
	tunnelled->since_us = engine->now_us;
}

bool pr_tunnel_cut(struct pr_engine *engine, struct pr_link *link)
{
	struct pr_tunnelled *tunnelled = pr_tunnelled_of(engine, link);

	if (tunnelled && pr_tunnelled_is_with_tunnel(tunnelled)) {
		close_it(engine, link, tunnelled);
		pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_ENDED);
	}
	return link->tunnelled && link->direction == PR_DIRECTION_FORWARD;
}

/* ---- the decision ---- */

const char *pr_tunnelled_upstream_by(const struct pr_engine *engine, uint32_t profile,
				     uint32_t rule)
{
	const char *own = "";

	if (rule != PR_RULE_NONE && pr_policy_rule_action(engine->policy, rule) == PR_RULE_TUNNEL)
		own = pr_policy_rule_tunnel(engine->policy, rule);
	return *own ? own : pr_policy_settings(engine->policy, profile)->tunnel;
}

bool pr_tunnel_is_set(const struct pr_engine *engine, uint32_t profile, uint32_t rule)
{
	return *pr_tunnelled_upstream_by(engine, profile, rule);
}

bool pr_tunnel_is_required(const struct pr_engine *engine, const struct pr_subject *subject)
{
	return pr_decide_answer_is_tunnelled(engine->policy, subject);
}

bool pr_tunnelled_may_begin(const struct pr_link *link)
{
	return link->state == PR_LINK_UNCONFIRMED && !link->adopted &&
	       !link->ends[PR_LINK_OUT].begun && (link->tuple.proto == IPPROTO_UDP || link->syn);
}

enum pr_tunnel_refusal pr_tunnelled_refusal(const struct pr_engine *engine,
					    const struct pr_link *link, enum pr_link_end_name end,
					    const struct pr_subject *subject, uint32_t rule)
{
	if (end != PR_LINK_OUT || link->direction == PR_DIRECTION_IN)
		return PR_TUNNEL_REFUSAL_INCOMING;
	if (!*pr_tunnelled_upstream_by(engine, subject->profile, rule))
		return PR_TUNNEL_REFUSAL_NO_UPSTREAM;
	if (link->tuple.proto != IPPROTO_TCP && link->tuple.proto != IPPROTO_UDP)
		return PR_TUNNEL_REFUSAL_PROTOCOL;
	if (subject->remote_class == PR_CLASS_HOST && !link->pooled)
		return PR_TUNNEL_REFUSAL_HERE;
	if (subject->remote_class == PR_CLASS_MULTICAST_LOCAL ||
	    subject->remote_class == PR_CLASS_MULTICAST_GLOBAL)
		return PR_TUNNEL_REFUSAL_MANY;
	if (link->untracked)
		return PR_TUNNEL_REFUSAL_UNTRACKED;
	if (pr_tunnel_server_is(engine, link->ends[end].application,
				pr_tunnelled_upstream_by(engine, subject->profile, rule)))
		return PR_TUNNEL_REFUSAL_CIRCLE;
	return PR_TUNNEL_REFUSAL_NONE;
}

static enum pr_verdict denial(const struct pr_settings *settings, const struct pr_link *link)
{
	enum pr_deny_how how = link->direction == PR_DIRECTION_IN ? settings->deny_incoming
								  : settings->deny_outgoing;

	return how == PR_DENY_BLOCK ? PR_VERDICT_BLOCK : PR_VERDICT_DROP;
}

/* What the application sees is what it would have seen without a tunnel. */
static enum pr_verdict verdict_of(const struct pr_settings *settings, const struct pr_link *link,
				  enum pr_tunnel_outcome outcome)
{
	switch (outcome) {
	case PR_TUNNEL_REFUSED:
	case PR_TUNNEL_UNREACHABLE:
		return PR_VERDICT_BLOCK;
	case PR_TUNNEL_TIMED_OUT:
		return PR_VERDICT_DROP;
	default:
		return denial(settings, link);
	}
}

/* What packets of the end get, by what has come of it. */
static enum pr_verdict verdict_now(const struct pr_engine *engine, const struct pr_link *link,
				   const struct pr_tunnelled *tunnelled)
{
	const struct pr_settings *settings =
		pr_policy_settings(engine->policy, link->ends[PR_LINK_OUT].profile);

	if (tunnelled->state != PR_TUNNELLED_FAILED)
		return PR_VERDICT_REROUTE_TUNNEL;
	if (tunnelled->outcome == PR_TUNNEL_DOWN && !tunnelled->kept_out && !link->pooled &&
	    settings->without_tunnel == PR_WITHOUT_TUNNEL_DIRECT)
		return PR_VERDICT_ACCEPT;
	return verdict_of(settings, link, (enum pr_tunnel_outcome)tunnelled->outcome);
}

/* The way is another one than that which it went, or was about to go. */
static void change_way(struct pr_engine *engine, struct pr_link *link,
		       struct pr_tunnelled *tunnelled, const char *upstream)
{
	if (!link->ends[PR_LINK_OUT].begun) {
		pr_tunnel_leave(engine, link);
		return;
	}
	close_it(engine, link, tunnelled);
	pr_tunnelled_set(engine, tunnelled, PR_TUNNELLED_FAILED);
	tunnelled->outcome = PR_TUNNEL_DOWN;
	tunnelled->kept_out = true;
	pr_tunnelled_keep_why(engine, tunnelled, "it went another way before, so it is cut");
	(void)set_upstream(engine, tunnelled, upstream);
}

/* Who goes through the tunnel may have been let through it by the engine before this one: the tunnel will say so. */
static bool may_be_the_tunnels(const struct pr_link *link)
{
	return link->adopted && !link->ends[PR_LINK_OUT].decided;
}

static struct pr_tunnelled *await(struct pr_engine *engine, struct pr_link *link,
				  const char *upstream)
{
	struct pr_tunnelled *tunnelled = pr_tunnelled_enter(engine, link, upstream);

	if (!tunnelled)
		return NULL;
	tunnelled->state = PR_TUNNELLED_ADOPTED;
	link->ends[PR_LINK_OUT].begun = true;
	engine->tunnelling->have_until_us =
		engine->now_us + PR_ENGINE_TUNNEL_HAVE_MS * UINT64_C(1000);
	pr_engine_due(engine, engine->tunnelling->have_until_us);
	return tunnelled;
}

void pr_tunnel_decided(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end,
		       const struct pr_subject *subject, struct pr_decision *decision)
{
	const struct pr_settings *settings = pr_policy_settings(engine->policy, subject->profile);
	const char *upstream = pr_tunnelled_upstream_by(engine, subject->profile, decision->rule);
	struct pr_tunnelled *tunnelled = NULL;

	decision->permanent = false;
	decision->verdict = denial(settings, link);
	if (pr_tunnelled_refusal(engine, link, end, subject, decision->rule) !=
	    PR_TUNNEL_REFUSAL_NONE) {
		if (end == PR_LINK_OUT)
			pr_tunnel_leave(engine, link);
		link->flags |= (uint16_t)(PR_LINK_FLAG_TUNNEL << end);
		return;
	}
	tunnelled = pr_tunnelled_of(engine, link);
	if (tunnelled && strcmp(pr_tunnelled_upstream(engine, tunnelled), upstream) != 0) {
		change_way(engine, link, tunnelled, upstream);
		tunnelled = pr_tunnelled_of(engine, link);
	}
	if (!tunnelled && may_be_the_tunnels(link))
		tunnelled = await(engine, link, upstream);
	if (tunnelled)
		decision->verdict = verdict_now(engine, link, tunnelled);
	else if (pr_tunnelled_may_begin(link))
		decision->verdict = PR_VERDICT_REROUTE_TUNNEL;
	if (decision->verdict == PR_VERDICT_ACCEPT)
		decision->permanent = settings->permanent_verdicts;
	if (decision->verdict != PR_VERDICT_REROUTE_TUNNEL)
		link->flags |= (uint16_t)(PR_LINK_FLAG_TUNNEL << end);
}

void pr_tunnel_decided_straight(struct pr_engine *engine, struct pr_link *link,
				const struct pr_subject *subject, struct pr_decision *decision)
{
	link->led_away = link->inherits && decision->verdict == PR_VERDICT_ACCEPT &&
			 decision->outcome != PR_OUTCOME_REROUTE_TUNNEL;
	if (!link->led_away)
		return;
	decision->permanent = false;
	decision->verdict = denial(pr_policy_settings(engine->policy, subject->profile), link);
}

void pr_tunnelled_apply(struct pr_engine *engine, struct pr_link *link,
			const struct pr_tunnelled *tunnelled)
{
	struct pr_link_end *end = &link->ends[PR_LINK_OUT];
	const struct pr_settings *settings = pr_policy_settings(engine->policy, end->profile);

	end->verdict = (uint8_t)verdict_now(engine, link, tunnelled);
	if (end->verdict != PR_VERDICT_REROUTE_TUNNEL && end->verdict != PR_VERDICT_ACCEPT)
		end->wants = end->shown = end->rests = 0;
	end->permanent = end->verdict == PR_VERDICT_ACCEPT && settings->permanent_verdicts &&
			 end->owner_known && !link->untracked;
	end->payload_only = end->shown && !end->wants && !end->rests &&
			    (end->permanent || end->verdict == PR_VERDICT_REROUTE_TUNNEL);
	end->permanent = end->permanent && !pr_end_is_inspected(end);
	link->flags &= (uint16_t)~PR_LINK_FLAG_TUNNEL;
	if (end->verdict != PR_VERDICT_REROUTE_TUNNEL)
		link->flags |= PR_LINK_FLAG_TUNNEL;
}
