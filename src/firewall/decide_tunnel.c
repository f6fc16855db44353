/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether a name may be left to the far end of a tunnel. Nothing is resolved then, so all that is known of its links is
 * the name, and that they go to the Internet; a link to the address that stands for the name is decided on with just
 * that. So the links that there could be are decided on beforehand: one for each port that some rule or check tells
 * from others. What comes out is what will come out, not a guess at it.
 */
#include "firewall/checks_private.h"
#include "firewall/walk.h"

#include <netinet/in.h>

/* It is an exception for a service, not for this name: it doesn't have the name told to nameservers. */
static bool lets_ports_around(const struct pr_policy *policy, const struct pr_settings *settings,
			      const struct pr_decision *decision)
{
	return settings->require_tunnel && decision->check == PR_CHECK_RULES &&
	       decision->rule != PR_RULE_NONE && pr_policy_rule_has_ports(policy, decision->rule) &&
	       !(pr_policy_rule_fact(policy, decision->rule) & (PR_FACT_DOMAIN | PR_FACT_LISTS));
}

enum way { WAY_NONE, WAY_TUNNEL, WAY_DIRECT };

static enum way way_of(const struct pr_policy *policy, const struct pr_settings *settings,
		       struct pr_decision *decision)
{
	switch (decision->outcome) {
	case PR_OUTCOME_DENY:
	case PR_OUTCOME_REROUTE_NAMESERVER:
		return WAY_NONE;
	case PR_OUTCOME_REROUTE_TUNNEL:
		return WAY_TUNNEL;
	case PR_OUTCOME_ASK:
		if (!settings->require_tunnel)
			return WAY_DIRECT;
		decision->check = PR_CHECK_REQUIRE_TUNNEL;
		decision->rule = PR_RULE_NONE;
		decision->outcome = PR_OUTCOME_REROUTE_TUNNEL;
		decision->verdict = PR_VERDICT_REROUTE_TUNNEL;
		return WAY_TUNNEL;
	case PR_OUTCOME_PERMIT:
		return lets_ports_around(policy, settings, decision) ? WAY_NONE : WAY_DIRECT;
	default:
		return WAY_DIRECT;
	}
}

bool pr_decide_is_tunnelled(const struct pr_policy *policy, const struct pr_subject *subject,
			    struct pr_decision *ret_decision)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	uint32_t profile = pr_profile_in_force(policy, subject), n;
	const uint16_t *ports = pr_policy_ports(policy, profile, &n);
	const struct pr_settings *settings = pr_policy_settings(policy, profile);
	struct pr_subject link = *subject;
	struct pr_decision found;
	bool has_found = false;

	if (n == 0 || subject->direction == PR_DIRECTION_IN)
		return false;
	pr_subject_set_far(&link);
	link.known = (link.known & ~PR_FACTS_SEEN) | PR_FACT_PROTOCOL | PR_FACT_PORT;
	link.absent &= ~(PR_FACTS_SEEN | PR_FACT_PROTOCOL | PR_FACT_PORT);
	link.lists_open = NULL;
	for (size_t i = 0; i < PR_ARRAY_SIZE(protocols) * n; i++) {
		struct pr_decision decision;
		enum way way;

		link.proto = protocols[i / n];
		link.port = ports[i % n];
		pr_decide_on_link(policy, &link, &decision);
		way = way_of(policy, settings, &decision);
		if (way == WAY_DIRECT)
			return false;
		if (way == WAY_TUNNEL && !has_found) {
			has_found = true;
			found = decision;
		}
	}
	if (has_found)
		*ret_decision = found;
	return has_found;
}

/* Nothing but the tunnel leads to such an address. What the rows behind say is what would be decided without this one:
 * permitted, it would go nowhere. A communication that these leave open is decided link by link. */
void pr_check_pooled(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	struct pr_walk walk = { view->policy, view->stage,
				pr_stage_fetchable(view->stage, view->subject), NULL };
	struct pr_subject otherwise;
	struct pr_decision decision;
	bool goes;

	if (!view->subject->pooled)
		return;
	otherwise = *view->subject;
	otherwise.pooled = false;
	pr_walk_checks(&walk, &otherwise, &decision);
	goes = decision.outcome == PR_OUTCOME_PERMIT ||
	       (decision.outcome == PR_OUTCOME_ASK && !view->settings->require_tunnel);
	if (goes || view->subject->known & view->subject->absent & PR_FACT_DOMAIN)
		pr_say(ret_said, PR_SAID_DENY);
}

bool pr_decide_answer_is_tunnelled(const struct pr_policy *policy, const struct pr_subject *subject)
{
	uint32_t profile = pr_profile_in_force(policy, subject);

	return subject->direction != PR_DIRECTION_IN &&
	       pr_policy_settings(policy, profile)->require_tunnel &&
	       pr_is_known(subject, PR_FACT_SCOPE) && subject->scope == PR_SCOPE_INTERNET;
}
