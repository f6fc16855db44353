/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each stage sees, and how what the checks say becomes a decision.
 *
 *                    before intel   after intel   communication   link      inspection
 *     OWNER          fetched        fetched       fetched         fetched   fetched
 *     DOMAIN         fetched        fetched       fetched         fetched   fetched
 *     SCOPE          -              given         given           given     given
 *     ADDRESS        -              given         -               given     given
 *     COUNTRY, ASN   -              fetched       -               fetched   fetched
 *     LISTS          of names       fetched       of names        fetched   fetched
 *     PROTOCOL, PORT -              -             -               given     given
 *     PR_FACTS_SEEN  -              -             -               open      given
 *
 * fetched: where it is open and a check needs it, the decision is MISSING and the caller gets it. given: it
 * comes with the subject, or stays open. "-": taken for open, whatever the subject says. "of names": the lists that
 * the domains are on are seen, those of the address not; what lists of addresses say is open. A communication
 * doesn't see what its links differ in, or the first link would decide for the others; it sees the scope,
 * which is a part of what it is. At the link stage what isn't given is absent, so nothing stays open.
 *
 * The walk goes from row to row until one decides. A row that can't tell yet is one of two kinds:
 *
 *   - It could say anything (a rule that lacks a fact): what follows might never have its turn. The stage
 *     is open; it neither permits nor denies.
 *   - It could only deny, or only want the tunnel (a switch that lacks the scope, rules that deny): the walk
 *     goes on, and what a later row says holds if no answer of the earlier would change it. A denial does,
 *     for a denial is all that could come before it. A permission doesn't: the stage is open. A prompt is raised all
 *     the same, so that nothing goes upstream before its answer; and the tunnel is taken all the same, so
 *     that the question doesn't go past it. Behind a rule that could only deny nothing but a denial holds:
 *     who wrote it wants to be asked about nothing that it denies.
 *
 * What the packets will show (PR_FACTS_SEEN) is open at the link stage too, where the link may be inspected, and
 * given at the inspection stage. There nothing is lost by going on: the handshake passes, the client's payload is
 * held. So a row that lacks nothing else doesn't stop the walk, whatever it could say. A denial behind it holds if nothing
 * but a denial could come before it. So does a reroute, which can't be made good later; one to the tunnel has what it
 * `wants`, for its packets are looked into as well. All else is a permission that isn't final: `provisional`, with what it
 * `wants`. Where a prompt is behind it, and what is permitted then has to go through the tunnel, it goes there at once.
 *
 * Hence: what a stage finally permits or denies, each later stage permits or denies too, unless the facts
 * have changed (tests/unit/decide_properties.c).
 */
#include "firewall/decide.h"

#include "base/hash.h"
#include "firewall/checks_private.h"
#include "firewall/walk.h"

#include <netinet/in.h>
#include <string.h>

struct stage_facts {
	unsigned int seen, fetched;
};

#define FETCHED_EARLY (PR_FACT_OWNER | PR_FACT_DOMAIN)
#define FETCHED_LATE  (FETCHED_EARLY | PR_FACT_COUNTRY | PR_FACT_ASN | PR_FACT_LISTS)
#define OF_A_PACKET   (PR_FACT_ADDRESS | PR_FACT_SCOPE | PR_FACT_PROTOCOL | PR_FACT_PORT)

static const struct stage_facts stage_facts[] = {
	[PR_STAGE_BEFORE_INTEL] = { FETCHED_EARLY, FETCHED_EARLY },
	[PR_STAGE_AFTER_INTEL] = { FETCHED_LATE | PR_FACT_ADDRESS | PR_FACT_SCOPE, FETCHED_LATE },
	[PR_STAGE_COMMUNICATION] = { FETCHED_EARLY | PR_FACT_SCOPE, FETCHED_EARLY },
	[PR_STAGE_LINK] = { PR_FACTS_ALL, FETCHED_LATE },
	[PR_STAGE_INSPECTION] = { PR_FACTS_ALL, FETCHED_LATE },
};

uint32_t pr_profile_in_force(const struct pr_policy *policy, const struct pr_subject *subject)
{
	if (subject->absent & subject->known & PR_FACT_OWNER ||
	    subject->profile >= pr_policy_n_profiles(policy))
		return PR_PROFILE_UNKNOWN;
	return subject->profile;
}

/* Without the address the lists of the names are all there is. They are settled where no list speaks of addresses. */
static bool do_names_settle_lists(const struct pr_subject *subject)
{
	for (unsigned int i = 0; subject->lists_open && i < subject->n_list_words; i++)
		if (subject->lists_open[i])
			return false;
	return subject->lists_open;
}

static unsigned int known_at(enum pr_stage stage, const struct pr_subject *subject)
{
	unsigned int known = subject->known & stage_facts[stage].seen;

	/* That there will be no inspection is known beforehand. */
	known |= subject->known & subject->absent & PR_FACTS_SEEN;
	if (known & PR_FACT_DOMAIN && !(known & PR_FACT_ADDRESS) && do_names_settle_lists(subject))
		known |= PR_FACT_LISTS;
	return known;
}

/* Is it known that its packets are not looked into? `complete`: what isn't given is absent. */
static bool is_closed(const struct pr_policy *policy, const struct pr_subject *subject,
		      bool complete)
{
	uint32_t profile = pr_profile_in_force(policy, subject);

	if (subject->own || subject->infrastructure || subject->start_grace)
		return true;
	if (!pr_is_known(subject, PR_FACT_PROTOCOL))
		return complete || !pr_is_open(subject, PR_FACT_PROTOCOL);
	if (!pr_is_known(subject, PR_FACT_PORT) && (complete || !pr_is_open(subject, PR_FACT_PORT)))
		return true;
	return (subject->proto != IPPROTO_TCP && subject->proto != IPPROTO_UDP) ||
	       pr_is_rerouted_question(subject, pr_policy_settings(policy, profile)->own_dns);
}

const struct pr_subject *pr_stage_view(const struct pr_policy *policy, enum pr_stage stage,
				       bool complete, const struct pr_subject *subject,
				       struct pr_subject *copy)
{
	unsigned int known = known_at(stage, subject);
	unsigned int absent = subject->absent & subject->known & known;
	unsigned int given = OF_A_PACKET & stage_facts[stage].seen;
	bool lacks = given & ~known || given & absent & PR_FACT_SCOPE;
	bool strips = !(given & PR_FACT_ADDRESS) && subject->address_lists;
	bool closes = stage >= PR_STAGE_LINK && is_closed(policy, subject, complete) &&
		      (known & absent & PR_FACTS_SEEN) != PR_FACTS_SEEN;

	complete = complete && stage >= PR_STAGE_COMMUNICATION && lacks;
	if (!complete && !strips && !closes && known == subject->known &&
	    absent == subject->absent && pr_profile_in_force(policy, subject) == subject->profile)
		return subject;
	*copy = *subject;
	copy->profile = pr_profile_in_force(policy, subject);
	copy->known = known;
	copy->absent = absent;
	if (strips)
		copy->address_lists = NULL;
	if (closes) {
		copy->absent |= PR_FACTS_SEEN;
		copy->known |= PR_FACTS_SEEN;
	}
	if (complete) {
		copy->absent |= given & ~known;
		copy->known |= given;
	}
	/* A packet is from and to somewhere: without a scope it is refused. */
	if (complete && copy->absent & PR_FACT_SCOPE) {
		copy->absent &= ~(unsigned int)PR_FACT_SCOPE;
		copy->scope = PR_SCOPE_INVALID;
		copy->remote_class = PR_CLASS_INVALID;
	}
	return copy;
}

static enum pr_outcome outcome_of(enum pr_said said)
{
	switch (said) {
	case PR_SAID_PERMIT:
		return PR_OUTCOME_PERMIT;
	case PR_SAID_REROUTE_NAMESERVER:
		return PR_OUTCOME_REROUTE_NAMESERVER;
	case PR_SAID_REROUTE_TUNNEL:
		return PR_OUTCOME_REROUTE_TUNNEL;
	case PR_SAID_ASK:
		return PR_OUTCOME_ASK;
	default:
		return PR_OUTCOME_DENY;
	}
}

/* What a row that can't tell yet could say without hiding the rows behind it. */
#define PASSABLE (1u << PR_SAID_DENY | 1u << PR_SAID_REROUTE_TUNNEL)

/* What the rows so far could still say. */
struct open_rows {
	unsigned int could;   /* bits 1 << PR_SAID_… */
	unsigned int missing; /* PR_FACT_…: what is open for them */
	unsigned int no_data;
	bool by_rule; /* some of `could` */
	struct pr_decision first;
};

static bool is_of_links(enum pr_stage stage)
{
	return stage == PR_STAGE_LINK || stage == PR_STAGE_INSPECTION;
}

/* Do they lack nothing but what the packets of this very link will show? */
static bool is_to_be_seen(enum pr_stage stage, const struct open_rows *rows)
{
	return is_of_links(stage) && !(rows->missing & ~PR_FACTS_SEEN);
}

/* Does what a row says hold, whatever the rows before it could still have said? */
static bool holds(enum pr_stage stage, enum pr_said said, const struct open_rows *rows)
{
	bool reroutes = said == PR_SAID_REROUTE_TUNNEL || said == PR_SAID_REROUTE_NAMESERVER;

	if (reroutes && is_to_be_seen(stage, rows))
		return true;
	if (rows->could & ~(1u << PR_SAID_DENY))
		return false;
	if (!rows->could || said == PR_SAID_DENY)
		return true;
	/* Who will see more of the link asks then. */
	if (stage == PR_STAGE_COMMUNICATION &&
	    rows->missing & (PR_FACTS_SEEN | (reroutes ? PR_FACT_PROTOCOL : 0)))
		return false;
	if (is_of_links(stage))
		return said == PR_SAID_REROUTE_TUNNEL && !rows->by_rule;
	return !rows->by_rule && (said == PR_SAID_ASK || said == PR_SAID_REROUTE_TUNNEL);
}

static enum pr_verdict denial(const struct pr_check_view *view, const struct pr_check *check)
{
	bool incoming = view->subject->direction == PR_DIRECTION_IN;
	enum pr_deny_how how =
		incoming ? view->settings->deny_incoming : view->settings->deny_outgoing;

	if (check->silent & 1u << view->subject->direction)
		return PR_VERDICT_DROP;
	return how == PR_DENY_DROP ? PR_VERDICT_DROP : PR_VERDICT_BLOCK;
}

static void decide_finally(const struct pr_check_view *view, const struct pr_check *check,
			   struct pr_decision *decision)
{
	bool can_last = view->stage >= PR_STAGE_COMMUNICATION && !check->never_permanent;

	switch (decision->outcome) {
	case PR_OUTCOME_PERMIT:
		decision->verdict = PR_VERDICT_ACCEPT;
		decision->permanent = can_last && view->settings->permanent_verdicts;
		break;
	case PR_OUTCOME_DENY:
		decision->verdict = denial(view, check);
		decision->permanent = can_last && view->settings->permanent_verdicts;
		break;
	case PR_OUTCOME_REROUTE_NAMESERVER:
		decision->verdict = PR_VERDICT_REROUTE_NAMESERVER;
		break;
	case PR_OUTCOME_REROUTE_TUNNEL:
		decision->verdict = PR_VERDICT_REROUTE_TUNNEL;
		break;
	default:
		break;
	}
}

static struct pr_decision decision_by(enum pr_check_id id, enum pr_outcome outcome,
				      const struct pr_said_more *said)
{
	return (struct pr_decision){
		.outcome = outcome,
		.verdict = PR_VERDICT_DROP, /* of a packet that isn't decided on yet */
		.check = id,
		.rule = said->rule,
		.missing = said->missing,
		.defaulted = said->rule == PR_RULE_NONE,
	};
}

/* The handshake passes, and what it shows decides. */
static struct pr_decision permit_for_now(const struct open_rows *rows)
{
	struct pr_decision decision = rows->first;

	decision.outcome = PR_OUTCOME_PERMIT;
	decision.verdict = PR_VERDICT_ACCEPT;
	decision.missing = rows->no_data;
	decision.wants = rows->missing & PR_FACTS_SEEN;
	decision.provisional = true;
	return decision;
}

/* The same through the tunnel. */
static struct pr_decision reroute_for_now(const struct open_rows *rows)
{
	struct pr_decision decision = permit_for_now(rows);

	decision.outcome = PR_OUTCOME_REROUTE_TUNNEL;
	decision.verdict = PR_VERDICT_REROUTE_TUNNEL;
	return decision;
}

static bool can_speak(const struct pr_check *check, const struct pr_check_view *view)
{
	return check->stages & 1u << view->stage &&
	       check->directions & 1u << view->subject->direction;
}

static void conclude(const struct pr_check_view *view, unsigned int id,
		     const struct pr_said_more *said, const struct open_rows *rows,
		     struct pr_decision *ret_decision)
{
	*ret_decision = decision_by(id, outcome_of(said->said), said);
	ret_decision->missing |= rows->no_data;
	if (holds(view->stage, said->said, rows)) {
		decide_finally(view, &pr_checks[id], ret_decision);
		if (said->said == PR_SAID_REROUTE_TUNNEL && is_of_links(view->stage))
			ret_decision->wants = rows->missing & PR_FACTS_SEEN;
	} else if (is_to_be_seen(view->stage, rows) && said->said == PR_SAID_ASK &&
		   !(rows->could & ~(1u << PR_SAID_DENY)) &&
		   pr_decide_answer_is_tunnelled(view->policy, view->subject))
		*ret_decision = reroute_for_now(rows);
	else if (is_to_be_seen(view->stage, rows))
		*ret_decision = permit_for_now(rows);
	else
		*ret_decision = rows->first;
}

static void note_open(const struct pr_check_view *view, unsigned int id,
		      const struct pr_said_more *said, struct open_rows *rows)
{
	if (!rows->could)
		rows->first = decision_by(id, PR_OUTCOME_OPEN, said);
	rows->could |= said->could;
	/* the rest is known: that there is no data for it */
	rows->missing |= said->missing & ~view->subject->known;
	rows->by_rule |= said->rule != PR_RULE_NONE;
}

void pr_walk_checks(const struct pr_walk *walk, const struct pr_subject *subject,
		    struct pr_decision *ret_decision)
{
	struct pr_check_view view = { walk->policy,
				      pr_policy_settings(walk->policy, subject->profile), subject,
				      walk->stage };
	/* Of a question that comes in, which there is none of, no row speaks: refused. */
	struct open_rows rows = { .first = { .outcome = PR_OUTCOME_DENY,
					     .verdict = PR_VERDICT_DROP,
					     .check = PR_CHECK_DEFAULT_OUTGOING,
					     .rule = PR_RULE_NONE } };

	for (unsigned int id = 0; id < PR_CHECK_COUNT_; id++) {
		struct pr_said_more said = { .rule = PR_RULE_NONE };

		if (!can_speak(&pr_checks[id], &view))
			continue;
		pr_checks[id].function(&view, &said);
		if (walk->steps)
			walk->steps[id] = said;
		if (said.said == PR_SAID_NOTHING) {
			rows.no_data |= said.missing;
			continue;
		}
		if (said.said != PR_SAID_UNDETERMINABLE) {
			conclude(&view, id, &said, &rows, ret_decision);
			return;
		}
		if (said.missing & walk->fetchable) {
			*ret_decision = decision_by(id, PR_OUTCOME_MISSING, &said);
			ret_decision->missing &= walk->fetchable;
			return;
		}
		note_open(&view, id, &said, &rows);
		if (said.otherwise != PR_SAID_NOTHING) {
			const struct pr_said_more unseen = { .said = said.otherwise,
							     .rule = said.otherwise_rule };

			conclude(&view, id, &unseen, &rows, ret_decision);
			if (walk->steps && !ret_decision->provisional)
				walk->steps[id] = unseen;
			return;
		}
		if (said.could & ~PASSABLE && !is_to_be_seen(walk->stage, &rows))
			break;
	}
	*ret_decision = rows.first;
}

unsigned int pr_stage_fetchable(enum pr_stage stage, const struct pr_subject *view)
{
	unsigned int facts = stage_facts[stage].fetched & ~view->known;

	/* Nobody can say where an address is that isn't known, or what it is on. */
	if (!(view->known & PR_FACT_ADDRESS))
		facts &= ~(unsigned int)(PR_FACT_COUNTRY | PR_FACT_ASN | PR_FACT_LISTS);
	return facts;
}

static void decide(const struct pr_policy *policy, enum pr_stage stage,
		   const struct pr_subject *subject, struct pr_decision *ret_decision)
{
	struct pr_subject copy;
	const struct pr_subject *view = pr_stage_view(policy, stage, true, subject, &copy);
	struct pr_walk walk = { policy, stage, pr_stage_fetchable(stage, view), NULL };

	pr_walk_names(&walk, view, ret_decision);
}

void pr_decide_on_communication_before_intel(const struct pr_policy *policy,
					     const struct pr_subject *subject,
					     struct pr_decision *ret_decision)
{
	decide(policy, PR_STAGE_BEFORE_INTEL, subject, ret_decision);
}

void pr_decide_on_communication_after_intel(const struct pr_policy *policy,
					    const struct pr_subject *subject,
					    struct pr_decision *ret_decision)
{
	decide(policy, PR_STAGE_AFTER_INTEL, subject, ret_decision);
}

static bool stands_alone(const struct pr_subject *link)
{
	/* own_dns or not: whether it is exempted depends on its address. */
	return link->own || link->infrastructure || link->start_grace || link->attacker ||
	       link->spoofed != PR_SPOOF_NO || link->dns_exempt ||
	       pr_is_rerouted_question(link, false) || pr_is_encrypted_question(link);
}

void pr_decide_on_communication(const struct pr_policy *policy, const struct pr_subject *subject,
				struct pr_decision *ret_decision)
{
	if (stands_alone(subject))
		*ret_decision = (struct pr_decision){ .outcome = PR_OUTCOME_OPEN,
						      .verdict = PR_VERDICT_DROP,
						      .rule = PR_RULE_NONE };
	else
		decide(policy, PR_STAGE_COMMUNICATION, subject, ret_decision);
}

void pr_decide_on_link(const struct pr_policy *policy, const struct pr_subject *subject,
		       struct pr_decision *ret_decision)
{
	decide(policy, PR_STAGE_LINK, subject, ret_decision);
}

void pr_decide_on_inspection(const struct pr_policy *policy, const struct pr_subject *subject,
			     struct pr_decision *ret_decision)
{
	decide(policy, PR_STAGE_INSPECTION, subject, ret_decision);
}

enum pr_dns_blocked pr_decision_blocked(const struct pr_settings *settings,
					const struct pr_decision *decision, bool *ret_filtered)
{
	const struct pr_check *check = &pr_checks[decision->check];

	*ret_filtered = check->filters;
	switch (check->answer) {
	case PR_CHECK_ANSWER_NXDOMAIN:
		return PR_DNS_NXDOMAIN;
	case PR_CHECK_ANSWER_NODATA:
		return PR_DNS_NODATA;
	case PR_CHECK_ANSWER_AS_SET:
		break;
	}
	return settings->dns_blocked;
}

uint64_t pr_decision_key(const struct pr_subject *link)
{
	uint32_t head[5] = { link->profile, link->direction, link->scope, link->suspicions,
			     link->pooled };
	uint64_t key;

	if (stands_alone(link))
		return 0;
	key = pr_hash(head, sizeof(head));
	/* The first by its place, for exceptions of lists go by it; the rest as a sum, for they are a set. */
	for (unsigned int i = 0; i < link->n_domains; i++) {
		uint64_t hash = pr_hash(link->domains[i], strlen(link->domains[i]));

		key = i ? key + hash : (key ^ hash) * UINT64_C(0x9e3779b97f4a7c15);
	}
	return key ? key : 1;
}
