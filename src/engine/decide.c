/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two tiers: an end of a link is decided by its communication's decision where there is one that
 * holds for it (equal key, same policy), otherwise the communication is decided, once for a policy, and
 * what it leaves open is decided on the link alone. What is known of the entity is looked up on the way, of its names
 * for the communication, of its address for the link. The result stands in the end; nothing is fetched from
 * elsewhere, so that a change of policy can run the same over every link there is.
 */
#include "engine/events.h"
#include "engine/inspecting.h"
#include "engine/machine.h"
#include "engine/subject.h"
#include "engine/suspicions.h"
#include "engine/tunnelling.h"

#include "firewall/checks.h"

void pr_end_clear(struct pr_engine *engine, struct pr_link_end *end)
{
	pr_process_release(end->owner);
	if (end->communication)
		pr_communication_release(engine->communications, end->communication,
					 engine->now_us);
	if (end->application)
		pr_applications_release(engine->applications, end->application);
	*end = (struct pr_link_end){ 0 };
}

void pr_end_set_owner_take(struct pr_engine *engine, struct pr_link_end *end, struct pr_actor actor,
			   bool settled)
{
	pr_process_release(end->owner);
	if (end->application)
		pr_applications_release(engine->applications, end->application);
	end->owner = actor.process;
	end->application = actor.application;
	end->profile = actor.profile;
	end->owner_known = settled;
}

/* The communication that the end belongs to by what is known now. NULL: the table is full. */
static struct pr_communication *join(struct pr_engine *engine, struct pr_link_end *end,
				     const struct pr_subject *subject)
{
	struct pr_communication *communication =
		pr_communications_get(engine->communications, end->application,
				      subject->n_domains ? subject->domains[0] : NULL,
				      subject->direction, subject->scope, engine->now_us);

	if (communication == end->communication)
		return communication;
	if (communication)
		pr_communication_hold(engine->communications, communication, engine->now_us);
	if (end->communication)
		pr_communication_release(engine->communications, end->communication,
					 engine->now_us);
	end->communication = communication;
	return communication;
}

static void unpack(const struct pr_cached_decision *cached, struct pr_decision *ret_decision)
{
	*ret_decision = (struct pr_decision){
		.outcome = (enum pr_outcome)cached->outcome,
		.verdict = (enum pr_verdict)cached->verdict,
		.permanent = cached->permanent,
		.defaulted = cached->defaulted,
		.check = cached->check,
		.rule = cached->rule,
		.missing = cached->missing,
	};
}

static void pack(const struct pr_engine *engine, const struct pr_decision *decision, uint64_t key,
		 struct pr_cached_decision *cached)
{
	*cached = (struct pr_cached_decision){
		.policy = engine->decision_serial,
		.rule = decision->rule,
		.key = key,
		.missing = (uint16_t)decision->missing,
		.stage = PR_STAGE_COMMUNICATION,
		.outcome = (uint8_t)decision->outcome,
		.verdict = (uint8_t)decision->verdict,
		.check = (uint8_t)decision->check,
		.permanent = decision->permanent,
		.defaulted = decision->defaulted,
	};
}

static void tell_communication(struct pr_engine *engine,
			       const struct pr_communication *communication,
			       const struct pr_subject *subject, const struct pr_decision *decision)
{
	struct pr_event event;

	pr_event_pay(engine, 0);
	pr_event_of_communication(engine, communication, &event);
	if (decision->outcome != PR_OUTCOME_OPEN && decision->outcome != PR_OUTCOME_MISSING)
		pr_event_of_decision(engine, subject, decision, PR_STAGE_COMMUNICATION, &event);
	pr_event_send(engine, &event);
}

/* The communication's own decision: from its cache, or made now. OPEN where it has none to give. */
static void on_communication(struct pr_engine *engine, struct pr_communication *communication,
			     struct pr_subject_of *of, struct pr_decision *ret_decision)
{
	const struct pr_subject *subject = &of->subject;
	uint64_t key = pr_decision_key(subject);
	struct pr_cached_decision before;

	*ret_decision = (struct pr_decision){ .outcome = PR_OUTCOME_OPEN };
	if (!communication || !key)
		return;
	if (communication->decision.policy == engine->decision_serial &&
	    communication->decision.key == key) {
		engine->counters.communications_reused++;
		unpack(&communication->decision, ret_decision);
		return;
	}
	before = communication->decision;
	pr_intel_of_names(engine, of);
	pr_decide_on_communication(engine->policy, subject, ret_decision);
	pack(engine, ret_decision, key, &communication->decision);
	engine->counters.communications_decided++;
	/* Once, and when a policy says otherwise of it as a whole. */
	if (before.policy == 0 ||
	    (before.policy != engine->decision_serial && before.outcome != ret_decision->outcome &&
	     before.outcome != PR_OUTCOME_OPEN && ret_decision->outcome != PR_OUTCOME_OPEN))
		tell_communication(engine, communication, subject, ret_decision);
}

/* What one link has shown, or can't, says nothing of the others. */
static void on_communication_of_any(struct pr_engine *engine,
				    struct pr_communication *communication,
				    struct pr_subject_of *of, struct pr_decision *ret_decision)
{
	struct pr_subject *subject = &of->subject;
	unsigned int known = subject->known, absent = subject->absent;

	subject->known &= ~PR_FACTS_SEEN;
	subject->absent &= ~PR_FACTS_SEEN;
	on_communication(engine, communication, of, ret_decision);
	subject->known |= known;
	subject->absent |= absent;
}

static bool is_open(const struct pr_decision *decision)
{
	return decision->outcome == PR_OUTCOME_OPEN || decision->outcome == PR_OUTCOME_MISSING;
}

static enum pr_verdict denial(const struct pr_engine *engine, const struct pr_subject *subject)
{
	const struct pr_settings *settings = pr_policy_settings(engine->policy, subject->profile);
	enum pr_deny_how how = subject->direction == PR_DIRECTION_IN ? settings->deny_incoming
								     : settings->deny_outgoing;

	return how == PR_DENY_BLOCK ? PR_VERDICT_BLOCK : PR_VERDICT_DROP;
}

/* "Ask": what was answered already stands for the decision; otherwise the end waits for its prompt. True
 * when it is decided. */
static bool ask(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end_name,
		const struct pr_subject *subject, enum pr_stage stage, struct pr_decision *decision)
{
	struct pr_link_end *end = &link->ends[end_name];
	const struct pr_settings *settings = pr_policy_settings(engine->policy, subject->profile);
	const struct pr_prompt_for for_ = {
		.communication = end->communication,
		.actor = { end->owner, end->application, end->profile, false },
		.subject = subject,
		.stage = stage,
		.rule = decision->rule,
	};
	enum pr_prompt_says says = pr_prompt_ask(engine, &for_);

	if (says == PR_PROMPT_SAYS_WAIT)
		return false;
	decision->permanent = says != PR_PROMPT_SAYS_TIMEOUT && settings->permanent_verdicts;
	decision->outcome = says != PR_PROMPT_SAYS_PERMIT	     ? PR_OUTCOME_DENY
			    : pr_tunnel_is_required(engine, subject) ? PR_OUTCOME_REROUTE_TUNNEL
								     : PR_OUTCOME_PERMIT;
	decision->verdict =
		says == PR_PROMPT_SAYS_PERMIT ? PR_VERDICT_ACCEPT : denial(engine, subject);
	link->flags |= (uint16_t)((says == PR_PROMPT_SAYS_TIMEOUT ? PR_LINK_FLAG_TIMEOUT
								  : PR_LINK_FLAG_ANSWERED)
				  << end_name);
	return true;
}

/* Would a link that began now be denied? It lives on only because it is older than the daemon. */
static bool lives_by_grace(const struct pr_engine *engine, const struct pr_subject *subject,
			   const struct pr_decision *decision)
{
	struct pr_subject young = *subject;
	struct pr_decision otherwise;

	if (!subject->start_grace || !decision->defaulted || decision->outcome != PR_OUTCOME_PERMIT)
		return false;
	young.start_grace = false;
	pr_decide_on_link(engine->policy, &young, &otherwise);
	return otherwise.outcome != PR_OUTCOME_PERMIT;
}

/* Conntrack knows ports of these no more (DCCP, gone with Linux 6.17) or not everywhere: one entry may be of all ports, and so
 * would be what its mark permits. */
static bool may_lack_ports(const struct pr_link *link)
{
	return link->tuple.proto == IPPROTO_DCCP || link->tuple.proto == IPPROTO_UDPLITE;
}

static void fill(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end_name,
		 const struct pr_subject *subject, const struct pr_decision *decision,
		 enum pr_stage stage)
{
	struct pr_link_end *end = &link->ends[end_name];

	end->policy = engine->policy_serial;
	end->rule = decision->rule;
	end->verdict = (uint8_t)decision->verdict;
	end->check = (uint8_t)decision->check;
	end->stage = (uint8_t)stage;
	end->missing = (uint16_t)decision->missing;
	/* An owner that did not come in time is asked for again by the next packet. Whoever has the port of a
	 * question next is another asker, which the kernel alone can't tell; into our own it lets nobody else. */
	end->permanent =
		decision->permanent && end->owner_known && !link->untracked && !link->no_question &&
		!may_lack_ports(link) &&
		!(decision->verdict == PR_VERDICT_ACCEPT && decision->check != PR_CHECK_OWN &&
		  pr_link_asks_by_datagram(link, end_name));
	end->defaulted = decision->defaulted;
	end->by_claim = decision->by_claim;
	end->provisional = decision->provisional;
	end->decided = true;
	end->asked = false;
	if (decision->missing)
		engine->counters.decided_missing_data++;
	pr_inspecting_decided(engine, link, end_name, subject, decision->wants);
}

/* What was seen of the link is no part of its communication, whatever that says: all of it is held against the policy. */
static void on_link(struct pr_engine *engine, struct pr_subject_of *of,
		    struct pr_decision *ret_decision)
{
	pr_intel_of_link(engine, of);
	if (of->subject.seen) {
		pr_decide_on_inspection(engine->policy, &of->subject, ret_decision);
		engine->counters.inspection_decided++;
		return;
	}
	pr_decide_on_link(engine->policy, &of->subject, ret_decision);
	engine->counters.links_decided++;
}

/* What its packets show may be asked about. What is permitted goes on there. */
static bool may_stay_in_tunnel(const struct pr_engine *engine, const struct pr_link *link,
			       enum pr_link_end_name end, const struct pr_subject *subject)
{
	return end == PR_LINK_OUT && link->tunnelled && subject->seen &&
	       pr_tunnel_is_required(engine, subject);
}

/*
 * A link that goes through the tunnel already goes there for its whole life: what its packets have shown may have it denied, and
 * asked about, but it doesn't lead another way. What was decided without that stands.
 */
static void keep_in_tunnel(struct pr_engine *engine, const struct pr_link *link,
			   enum pr_link_end_name end, const struct pr_subject *subject,
			   struct pr_decision *decision)
{
	PR_UNINITIALIZED struct pr_subject_of of;
	struct pr_decision unseen;

	if (end != PR_LINK_OUT || !link->tunnel || !subject->seen ||
	    (decision->outcome == PR_OUTCOME_DENY && decision->check != PR_CHECK_POOLED) ||
	    decision->outcome == PR_OUTCOME_ASK || decision->outcome == PR_OUTCOME_REROUTE_TUNNEL)
		return;
	pr_subject_of_end_unseen(engine, link, end, &of);
	pr_intel_of_link(engine, &of);
	pr_decide_on_link(engine->policy, &of.subject, &unseen);
	if (unseen.outcome != PR_OUTCOME_REROUTE_TUNNEL)
		return;
	unseen.wants &= ~subject->known;
	*decision = unseen;
}

static void leave_tunnel(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end)
{
	if (end == PR_LINK_OUT)
		pr_tunnel_leave(engine, link);
}

void pr_end_decide(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end_name)
{
	const uint16_t why = PR_LINK_FLAG_TUNNEL | PR_LINK_FLAG_ANSWERED | PR_LINK_FLAG_TIMEOUT;
	struct pr_link_end *end = &link->ends[end_name];
	enum pr_stage stage = PR_STAGE_COMMUNICATION;
	struct pr_communication *communication;
	struct pr_decision decision;
	PR_UNINITIALIZED struct pr_subject_of of;

	link->flags &= (uint16_t) ~(why << end_name);
	if (link->from_self && end_name == PR_LINK_IN)
		pr_local_upstream_note(engine, end->application);
	if (link->from_tunnel && end_name == PR_LINK_IN)
		pr_tunnel_server_note(engine, end->application, link->tuple.dst_port);
	pr_subject_of_end(engine, link, end_name, &of);
	if (of.subject.seen) {
		pr_doh_note(engine, end->application, &of.subject);
		pr_doh_set(engine, end->application, &of.subject);
	}
	communication = join(engine, end, &of.subject);
	on_communication_of_any(engine, communication, &of, &decision);
	if (is_open(&decision) || of.subject.seen) {
		stage = of.subject.seen ? PR_STAGE_INSPECTION : PR_STAGE_LINK;
		on_link(engine, &of, &decision);
		keep_in_tunnel(engine, link, end_name, &of.subject, &decision);
	}
	if (decision.missing & PR_FACT_LISTS)
		pr_providers_want(engine, &of.subject);
	if (decision.outcome == PR_OUTCOME_ASK &&
	    !ask(engine, link, end_name, &of.subject, stage, &decision)) {
		end->policy = engine->policy_serial;
		end->rule = decision.rule;
		end->check = (uint8_t)decision.check;
		end->stage = (uint8_t)stage;
		end->missing = (uint16_t)decision.missing;
		end->asked = true;
		end->decided = end->permanent = false;
		end->rests |= end->wants != 0;
		end->wants = end->shown = end->payload_only = 0;
		if (!may_stay_in_tunnel(engine, link, end_name, &of.subject))
			leave_tunnel(engine, link, end_name);
		return;
	}
	if (decision.outcome == PR_OUTCOME_REROUTE_TUNNEL)
		pr_tunnel_decided(engine, link, end_name, &of.subject, &decision);
	else
		leave_tunnel(engine, link, end_name);
	if (end_name == PR_LINK_OUT)
		pr_tunnel_decided_straight(engine, link, &of.subject, &decision);
	fill(engine, link, end_name, &of.subject, &decision, stage);
	link->grace = lives_by_grace(engine, &of.subject, &decision);
}

struct pr_decision pr_end_decision(const struct pr_link *link, enum pr_link_end_name end_name)
{
	const struct pr_link_end *end = &link->ends[end_name];
	struct pr_decision decision = {
		.verdict = (enum pr_verdict)end->verdict,
		.permanent = end->permanent,
		.defaulted = end->defaulted,
		.wants = PR_LINK_WANTED(end->wants),
		.provisional = end->provisional,
		.by_claim = end->by_claim,
		.check = end->check,
		.rule = end->rule,
		.missing = end->missing,
	};

	/* What a user, or time, has answered is still what the policy asks about. */
	if (end->asked || link->flags & (PR_LINK_FLAG_ANSWERED | PR_LINK_FLAG_TIMEOUT) << end_name)
		decision.outcome = PR_OUTCOME_ASK;
	else if (link->flags & PR_LINK_FLAG_TUNNEL << end_name ||
		 end->verdict == PR_VERDICT_REROUTE_TUNNEL)
		decision.outcome = PR_OUTCOME_REROUTE_TUNNEL;
	else if (end->verdict == PR_VERDICT_ACCEPT || (end_name == PR_LINK_OUT && link->led_away))
		decision.outcome = PR_OUTCOME_PERMIT;
	else if (end->verdict == PR_VERDICT_REROUTE_NAMESERVER)
		decision.outcome = PR_OUTCOME_REROUTE_NAMESERVER;
	else
		decision.outcome = PR_OUTCOME_DENY;
	return decision;
}

struct pr_verdict_order pr_end_order(const struct pr_engine *engine, const struct pr_link *link,
				     enum pr_link_end_name end_name, enum pr_hook hook, bool reply)
{
	const struct pr_link_end *end = &link->ends[end_name];
	struct pr_verdict_order order = {
		.verdict = (enum pr_verdict)end->verdict,
		.permanent = end->permanent && !link->untracked && engine->generation,
		.generation = engine->generation,
	};

	if (end->asked || !end->decided) {
		order.verdict = PR_VERDICT_DROP;
		order.permanent = false;
		return order;
	}
	order.unreachable = order.verdict == PR_VERDICT_BLOCK && !reply &&
			    pr_tunnel_is_unreachable(engine, link, end_name);
	order.payload_only = end->payload_only && !link->untracked && engine->generation;
	if (order.verdict == PR_VERDICT_REROUTE_NAMESERVER) {
		/* What answers is our own nameserver, in the name of the one that was asked. */
		if (reply)
			order.verdict = PR_VERDICT_ACCEPT;
		order.permanent = order.payload_only = false;
	} else if (order.verdict == PR_VERDICT_REROUTE_TUNNEL) {
		/* So does the entry point, where what is forwarded arrives. NAT comes before the forward hook. */
		order.verdict = reply				  ? PR_VERDICT_ACCEPT
				: !pr_tunnel_is_way(engine, link) ? PR_VERDICT_DROP
				: hook == PR_HOOK_INPUT		  ? PR_VERDICT_ACCEPT
				: hook == PR_HOOK_FORWARD	  ? PR_VERDICT_BLOCK
								  : PR_VERDICT_REROUTE_TUNNEL;
		order.permanent = !pr_end_is_inspected(end) && engine->generation &&
				  order.verdict != PR_VERDICT_DROP &&
				  order.verdict != PR_VERDICT_BLOCK;
	} else if (hook == PR_HOOK_PREROUTING) {
		/* Only a reroute is carried out there: the forward hook decides on the rest. */
		order.verdict = PR_VERDICT_ACCEPT;
		order.permanent = order.payload_only = false;
	}
	return order;
}
