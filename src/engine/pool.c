/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names that are left to the far end of the tunnel. Where every link that the asker could have with a name would go
 * through the tunnel or be denied (firewall/decide_tunnel.c), its question is asked of nobody: the asker gets an address
 * that stands for the name (network/pool.h). A link to such an address is decided on with that name, whoever opens it,
 * and with what is certain of it: that it goes to the Internet.
 */
#include "engine/pool.h"
#include "engine/subject.h"

#include "dns/message.h"
#include "dns/reverse.h"
#include "firewall/special_names.h"

#include <string.h>

#define GIVEN "an address of the tunnel's pool is given, the far end resolves the name"
#define NO_ADDRESS \
	"no address is left that could stand for the name: it is resolved at the tunnel's far end"
#define NO_RANGE    "no address can stand for the name: the tunnel's pool has no range"
#define NOT_HERE    "no address stands for the name; having one given needs root"
#define NO_NAME	    "it is no name of a host"
#define NONE_STANDS "the address stands for no name that was asked for"

bool pr_is_pooled(const struct pr_engine *engine, const struct pr_address *address)
{
	return engine->pool && pr_pool_has(engine->pool, address) &&
	       (!engine->pool_closed || pr_pool_name(engine->pool, address));
}

void pr_pool_set_subject(const struct pr_engine *engine, struct pr_subject_of *of)
{
	struct pr_subject *subject = &of->subject;
	const char *name = pr_pool_name(engine->pool, &subject->remote);

	subject->pooled = true;
	pr_subject_set_far(subject);
	subject->known |= PR_FACT_DOMAIN;
	subject->n_domains = name ? 1 : 0;
	if (!name) {
		subject->absent |= PR_FACT_DOMAIN;
		return;
	}
	subject->absent &= ~(unsigned int)PR_FACT_DOMAIN;
	subject->domains[0] = name;
	of->candidates[0] = (struct pr_name_candidate){ .domain = name, .grade = PR_NAME_GIVEN };
}

void pr_pool_refuse(struct pr_subject *subject)
{
	subject->remote_class = PR_CLASS_INVALID;
	subject->scope = PR_SCOPE_INVALID;
}

/* ---- links ---- */

void pr_pool_link_made(struct pr_engine *engine, struct pr_link *link)
{
	if (link->pooled || link->direction == PR_DIRECTION_IN ||
	    !pr_is_pooled(engine, &link->tuple.dst))
		return;
	link->pooled = pr_pool_hold(engine->pool, &link->tuple.dst);
}

void pr_pool_link_forgotten(struct pr_engine *engine, struct pr_link *link)
{
	if (link->pooled && engine->pool)
		pr_pool_release(engine->pool, &link->tuple.dst, engine->now_us);
	link->pooled = false;
}

/* ---- questions ---- */

bool pr_pool_is_local_name(const struct pr_engine *engine, const char *name)
{
	return !strchr(name, '.') || pr_name_is_local(name) || pr_name_is_private_reverse(name) ||
	       pr_names_has_host(engine->names, name);
}

/* Does a rule name it, or have a list name it? */
static bool is_named(const struct pr_engine *engine, const struct pr_decision *decision)
{
	return decision->rule != PR_RULE_NONE &&
	       pr_policy_rule_fact(engine->policy, decision->rule) &
		       (PR_FACT_DOMAIN | PR_FACT_LISTS);
}

static void answer(struct pr_question_decision *decision, enum pr_question_own own,
		   const char *text)
{
	decision->own = own;
	decision->own_ttl_s = PR_POOL_TTL_S;
	decision->text = text;
}

static int family_of(const struct pr_engine *engine, uint16_t type)
{
	switch (type) {
	case PR_DNS_TYPE_A:
		return 4;
	case PR_DNS_TYPE_AAAA:
		return 6;
	case PR_DNS_TYPE_ANY: /* one of its sets suffices (RFC 8482, 4.1) */
		return pr_pool_ranges(engine->pool)->base4.family ? 4 : 6;
	default:
		return 0;
	}
}

static void give(struct pr_engine *engine, const struct pr_question *question, uint32_t application,
		 struct pr_question_decision *decision)
{
	const struct pr_pool_ranges *ranges = pr_pool_ranges(engine->pool);
	int family = family_of(engine, question->type), r;
	const char *why = decision->text;

	if (!ranges->base4.family && !ranges->base6.family) {
		answer(decision, PR_QUESTION_OWN_FAILURE, NO_RANGE);
		return;
	}
	/* Bytes that no name of a host has are told to no proxy. */
	if (strchr(question->name, '\\')) {
		answer(decision, PR_QUESTION_OWN_UNKNOWN, NO_NAME);
		return;
	}
	if (!family) {
		answer(decision, PR_QUESTION_OWN_NOTHING, why);
		return;
	}
	if (question->asker.from_cache_alone && !pr_pool_knows(engine->pool, question->name)) {
		answer(decision, PR_QUESTION_OWN_REFUSED, NOT_HERE);
		return;
	}
	r = pr_pool_give(engine->pool, question->name, family, application, engine->now_us,
			 &decision->own_address);
	if (r == PR_POOL_GIVEN)
		answer(decision, PR_QUESTION_OWN_ADDRESS, why);
	else if (r == PR_POOL_NO_FAMILY)
		answer(decision, PR_QUESTION_OWN_NOTHING, why);
	else
		answer(decision, PR_QUESTION_OWN_FAILURE, NO_ADDRESS);
}

static bool was_given(const struct pr_engine *engine, const struct pr_questioner *questioner,
		      const struct pr_address *address)
{
	struct pr_name_candidate candidates[PR_SUBJECT_DOMAINS_MAX];

	return pr_names_find(engine->names, questioner->actor.application, address, engine->now_us,
			     candidates) > 0;
}

/* For the name of an address: only who asked for that name is told. */
static bool answer_reverse(struct pr_engine *engine, const struct pr_question *question,
			   const struct pr_questioner *questioner,
			   struct pr_question_decision *decision)
{
	struct pr_address address;

	if (!pr_dns_reverse_address(question->name, &address) || !pr_is_pooled(engine, &address))
		return false;
	decision->decision.outcome = PR_OUTCOME_REROUTE_TUNNEL;
	decision->decision.verdict = PR_VERDICT_REROUTE_TUNNEL;
	decision->own_name = pr_pool_name(engine->pool, &address);
	if (!decision->own_name || !was_given(engine, questioner, &address))
		answer(decision, PR_QUESTION_OWN_UNKNOWN, NONE_STANDS);
	else if (question->type == PR_DNS_TYPE_PTR || question->type == PR_DNS_TYPE_ANY)
		answer(decision, PR_QUESTION_OWN_NAME, NULL);
	else
		answer(decision, PR_QUESTION_OWN_NOTHING, NULL);
	return true;
}

static const char *upstream_of(const struct pr_engine *engine, const struct pr_subject *subject,
			       const struct pr_decision *decision)
{
	const char *rules = decision->rule == PR_RULE_NONE
				    ? ""
				    : pr_policy_rule_tunnel(engine->policy, decision->rule);

	return *rules ? rules : pr_policy_settings(engine->policy, subject->profile)->tunnel;
}

/* Without one the question is denied. */
static bool has_tunnel(const struct pr_engine *engine, const struct pr_subject *subject,
		       const struct pr_decision *decision)
{
	uint32_t tunnel;

	return engine->pool && !engine->pool_closed &&
	       pr_policy_tunnel_find(engine->policy, upstream_of(engine, subject, decision),
				     &tunnel);
}

void pr_pool_heard(struct pr_engine *engine, const char *upstream, enum pr_tunnel_outcome outcome)
{
	uint32_t tunnel;

	if (pr_policy_tunnel_find(engine->policy, upstream, &tunnel))
		engine->pool_down_us[tunnel] =
			outcome == PR_TUNNEL_DOWN ? engine->now_us + PR_ENGINE_POOL_DOWN_US : 0;
}

/* Its links go without the tunnel now, and nothing but the tunnel leads to an address of the pool. */
static bool does_without(const struct pr_engine *engine, const struct pr_subject *subject,
			 const struct pr_decision *decision)
{
	uint32_t tunnel;

	return pr_policy_settings(engine->policy, subject->profile)->without_tunnel ==
		       PR_WITHOUT_TUNNEL_DIRECT &&
	       pr_policy_tunnel_find(engine->policy, upstream_of(engine, subject, decision),
				     &tunnel) &&
	       engine->pool_down_us[tunnel] > engine->now_us;
}

static bool is_left_to_far_end(const struct pr_engine *engine, const char *name,
			       const struct pr_subject *subject, struct pr_decision *ret_decision)
{
	return pr_decide_is_tunnelled(engine->policy, subject, ret_decision) &&
	       (is_named(engine, ret_decision) || !pr_pool_is_local_name(engine, name));
}

/* In this order: what is denied, asked about or our own stays that; then names of addresses; then the links that there
 * could be. */
void pr_pool_question(struct pr_engine *engine, const struct pr_question *question,
		      const struct pr_questioner *questioner, const struct pr_subject *subject,
		      struct pr_question_decision *decision)
{
	enum pr_outcome outcome = decision->decision.outcome;
	struct pr_decision tunnelled;

	if (outcome == PR_OUTCOME_DENY || outcome == PR_OUTCOME_ASK || subject->own)
		return;
	if (answer_reverse(engine, question, questioner, decision))
		return;
	if (!is_left_to_far_end(engine, question->name, subject, &tunnelled)) {
		/* Some link may go straight there, or it is the network's own. */
		if (outcome == PR_OUTCOME_REROUTE_TUNNEL)
			decision->decision.outcome = PR_OUTCOME_OPEN;
		return;
	}
	if (does_without(engine, subject, &tunnelled)) {
		decision->decision.outcome = PR_OUTCOME_OPEN;
		decision->momentary = true;
		return;
	}
	decision->decision = tunnelled;
	pr_decision_reason(engine->policy, engine->intel, subject, &tunnelled, engine->denial,
			   sizeof(engine->denial));
	decision->text = engine->denial;
	if (has_tunnel(engine, subject, &tunnelled))
		give(engine, question, questioner->actor.application, decision);
}

void pr_pool_answer(const struct pr_engine *engine, const struct pr_subject *subject,
		    struct pr_question_decision *decision)
{
	if (decision->decision.outcome == PR_OUTCOME_REROUTE_TUNNEL &&
	    has_tunnel(engine, subject, &decision->decision))
		decision->decision.outcome = PR_OUTCOME_OPEN;
}

bool pr_pool_would_give(const struct pr_engine *engine, const char *name,
			const struct pr_subject *subject, struct pr_decision *ret_decision)
{
	struct pr_decision before;

	pr_decide_on_communication_before_intel(engine->policy, subject, &before);
	return before.outcome != PR_OUTCOME_DENY && before.outcome != PR_OUTCOME_ASK &&
	       !subject->own && is_left_to_far_end(engine, name, subject, ret_decision) &&
	       has_tunnel(engine, subject, ret_decision) &&
	       !does_without(engine, subject, ret_decision);
}

static const char *tell(const struct pr_engine *engine, const struct pr_subject *subject,
			const struct pr_decision *decision, const char *what, char *text,
			size_t size)
{
	size_t len;

	text[0] = '\0';
	if (decision)
		pr_decision_reason(engine->policy, engine->intel, subject, decision, text, size);
	len = strlen(text);
	snprintf(text + len, size - len, "%s%s", len ? "; " : "", what);
	return text;
}

const char *pr_pool_explain(const struct pr_engine *engine, const struct pr_subject *subject,
			    const struct pr_decision *decision, char *text, size_t size)
{
	return tell(engine, subject, decision, GIVEN, text, size);
}

const char *pr_pool_reason(struct pr_engine *engine, const struct pr_subject *subject,
			   const struct pr_question_decision *decision)
{
	static const char *const given[] = {
		[PR_QUESTION_OWN_ADDRESS] = GIVEN,
		[PR_QUESTION_OWN_NAME] =
			"the name that the address of the tunnel's pool stands for",
		[PR_QUESTION_OWN_NOTHING] =
			"no data of this type is given, the far end resolves the name",
		[PR_QUESTION_OWN_UNKNOWN] = NONE_STANDS,
		[PR_QUESTION_OWN_FAILURE] = NO_ADDRESS,
		[PR_QUESTION_OWN_REFUSED] = NOT_HERE,
	};
	bool reverse =
		decision->own == PR_QUESTION_OWN_NAME || decision->own == PR_QUESTION_OWN_UNKNOWN;

	return tell(engine, subject, reverse ? NULL : &decision->decision, given[decision->own],
		    engine->reason, sizeof(engine->reason));
}
