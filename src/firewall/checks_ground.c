/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The checks that need no more than the packet, its owner and its names: what is ours, what can't be, the rules, the
 * switches, the defaults. Their order and why stands in checks.c.
 */
#include "firewall/checks_private.h"

#include <netinet/in.h>

#define SAYS(said)	(1u << (PR_SAID_##said))

#define NAMESERVER_PORT 53

bool pr_is_rerouted_question(const struct pr_subject *subject, bool own_dns)
{
	return !subject->dns_exempt && subject->direction != PR_DIRECTION_IN &&
	       pr_is_known(subject, PR_FACT_PROTOCOL) && pr_is_known(subject, PR_FACT_PORT) &&
	       (subject->to_nameserver || (subject->port == NAMESERVER_PORT && !own_dns)) &&
	       (subject->proto == IPPROTO_UDP || subject->proto == IPPROTO_TCP);
}

/* Older than the daemon, and to be spared what only a switch denies. Of links: a question is always new. */
static bool is_in_grace(const struct pr_check_view *view)
{
	return view->subject->start_grace && view->stage >= PR_STAGE_COMMUNICATION &&
	       pr_policy_global(view->policy)->start_grace;
}

void pr_check_own(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	if (view->subject->own)
		pr_say(ret_said, PR_SAID_PERMIT);
}

/*
 * Without it the host is not on its link at all, and a packet that is refused for want of an address can't
 * even be answered. So a general rule (- LAN, - *) is not taken to mean it; one that names its protocol is.
 */
void pr_check_infrastructure(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	/* Its packets aren't looked into; what of it has ports is DHCP. */
	static const struct pr_seen dhcp = { .speaks = PR_SPEAKS_DHCP,
					     .encryption = PR_ENCRYPTION_NO };
	struct pr_subject subject;
	struct pr_rule_hit hit;

	if (!view->subject->infrastructure)
		return;
	if (!pr_policy_may_deny_infrastructure(view->policy)) {
		pr_say(ret_said, PR_SAID_PERMIT);
		return;
	}
	if (pr_is_open(view->subject, PR_FACT_OWNER)) {
		pr_say_undeterminable(ret_said, SAYS(PERMIT) | SAYS(DENY), PR_FACT_OWNER);
		return;
	}
	subject = *view->subject;
	if (pr_is_known(&subject, PR_FACT_PROTOCOL) && subject.proto == IPPROTO_UDP) {
		subject.seen = &dhcp;
		subject.known |= PR_FACT_SPEAKS | PR_FACT_ENCRYPTION;
		subject.absent &= ~(unsigned int)(PR_FACT_SPEAKS | PR_FACT_ENCRYPTION);
	}
	pr_policy_match(view->policy, &subject, &hit);
	ret_said->rule = hit.names_protocol && hit.match != PR_MATCH_NONE ? hit.rule : PR_RULE_NONE;
	if (hit.match == PR_MATCH_UNDETERMINABLE)
		pr_say_undeterminable(ret_said, SAYS(PERMIT) | SAYS(DENY), hit.missing);
	else if (hit.match == PR_MATCH_RULE && hit.action == PR_RULE_DENY && hit.names_protocol)
		pr_say(ret_said, PR_SAID_DENY);
	else
		pr_say(ret_said, PR_SAID_PERMIT);
}

void pr_check_spoofed(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	if (view->subject->spoofed != PR_SPOOF_NO && !is_in_grace(view))
		pr_say(ret_said, PR_SAID_DENY);
}

/* A permission of before is no reason to let it go on, nor is a service that is open to all: it is an attack that was
 * seen. Who names the very address means it (docs/decisions/attackers.md); what is forwarded is named by where it goes. */
void pr_check_attacker(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	struct pr_subject subject = *view->subject;
	struct pr_rule_hit hit;

	if (!subject.attacker || is_in_grace(view))
		return;
	if (subject.direction != PR_DIRECTION_IN) {
		pr_say(ret_said, PR_SAID_DENY);
		return;
	}
	if (pr_is_open(&subject, PR_FACT_OWNER)) {
		pr_say_undeterminable(ret_said, SAYS(DENY), PR_FACT_OWNER);
		return;
	}
	/* Nothing of it is let in to be looked at. */
	subject.known &= ~PR_FACTS_SEEN;
	subject.absent &= subject.known;
	pr_policy_match_unseen(view->policy, &subject, &hit);
	if (hit.match == PR_MATCH_UNDETERMINABLE)
		pr_say_undeterminable(ret_said, SAYS(DENY), hit.missing);
	else if (hit.match != PR_MATCH_RULE || hit.action != PR_RULE_PERMIT ||
		 pr_policy_rule_fact(view->policy, hit.rule) != PR_FACT_ADDRESS)
		pr_say(ret_said, PR_SAID_DENY);
}

void pr_check_invalid(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	const struct pr_subject *subject = view->subject;

	if (pr_is_open(subject, PR_FACT_SCOPE))
		pr_say_undeterminable(ret_said, SAYS(DENY), PR_FACT_SCOPE);
	else if (pr_is_known(subject, PR_FACT_SCOPE) && subject->scope == PR_SCOPE_INVALID &&
		 !is_in_grace(view))
		pr_say(ret_said, PR_SAID_DENY);
}

static enum pr_said said_by(enum pr_rule_action action)
{
	switch (action) {
	case PR_RULE_PERMIT:
		return PR_SAID_PERMIT;
	case PR_RULE_DENY:
		return PR_SAID_DENY;
	case PR_RULE_ASK:
		return PR_SAID_ASK;
	case PR_RULE_TUNNEL:
		return PR_SAID_REROUTE_TUNNEL;
	}
	return PR_SAID_DENY;
}

/*
 * A rule that permits everything is no permission to ask foreign nameservers, which would tell them all
 * names and get past every rule on domains: only one that names the service (an address and a port) is.
 * A question that isn't denied is rerouted, and the name in it decided on by itself. What is older than
 * the daemon is not asked about: a prompt would stop it.
 */
static bool is_passed_over(const struct pr_check_view *view, const struct pr_rule_hit *hit)
{
	if (hit->action == PR_RULE_DENY)
		return false;
	if (is_in_grace(view))
		return hit->action == PR_RULE_ASK;
	return !hit->exact_service &&
	       pr_is_rerouted_question(view->subject, view->settings->own_dns);
}

/*
 * What follows a denial that can't tell yet: another that can settles it. A rule that doesn't deny and counts leaves
 * it open, for either may come; where none speaks, the rows behind it have their turn.
 */
static void say_past_denials(const struct pr_check_view *view, const struct pr_rule_hit *open,
			     bool unseen, struct pr_said_more *ret_said)
{
	struct pr_rule_hit hit;
	bool speaks, denies;

	pr_policy_match_past_denials(view->policy, view->subject, unseen, &hit);
	denies = (hit.match == PR_MATCH_RULE && hit.action == PR_RULE_DENY) ||
		 (hit.match == PR_MATCH_NO_DATA && !is_in_grace(view));
	speaks = hit.match == PR_MATCH_UNDETERMINABLE ||
		 (hit.match == PR_MATCH_RULE && !is_passed_over(view, &hit));
	if (!denies) {
		pr_say_undeterminable(ret_said, speaks ? PR_SAID_ANYTHING : SAYS(DENY),
				      open->missing);
		return;
	}
	ret_said->rule = hit.rule;
	ret_said->missing = hit.missing;
	pr_say(ret_said, PR_SAID_DENY);
}

/* What the rules say if no open fact of the packets brings anything. */
static enum pr_said said_unseen(const struct pr_check_view *view, const struct pr_rule_hit *hit)
{
	if (hit->match == PR_MATCH_NO_DATA)
		return PR_SAID_DENY;
	if (hit->match != PR_MATCH_RULE || is_passed_over(view, hit))
		return PR_SAID_NOTHING;
	return said_by(hit->action);
}

/*
 * The first rule that speaks waits for nothing but the packets. They decide whether it is the one; the rule that
 * follows where it isn't is known already.
 */
static void say_until_seen(const struct pr_check_view *view, const struct pr_rule_hit *open,
			   struct pr_said_more *ret_said)
{
	struct pr_rule_hit unseen, past;
	unsigned int could = PR_SAID_ANYTHING;

	pr_policy_match_unseen(view->policy, view->subject, &unseen);
	if (unseen.match == PR_MATCH_UNDETERMINABLE) {
		pr_say_undeterminable(ret_said, could, open->missing | unseen.missing);
		return;
	}
	if (open->action == PR_RULE_DENY) {
		pr_policy_match_past_denials(view->policy, view->subject, false, &past);
		if (past.match != PR_MATCH_UNDETERMINABLE)
			could = SAYS(DENY);
	}
	pr_say_undeterminable(ret_said, could, open->missing);
	ret_said->otherwise = said_unseen(view, &unseen);
	ret_said->otherwise_rule = unseen.match == PR_MATCH_NONE ? PR_RULE_NONE : unseen.rule;
}

static bool waits_for_packets(const struct pr_check_view *view, const struct pr_rule_hit *hit)
{
	return hit->match == PR_MATCH_UNDETERMINABLE &&
	       !(hit->missing & ~view->subject->known & ~PR_FACTS_SEEN) &&
	       (view->stage == PR_STAGE_LINK || view->stage == PR_STAGE_INSPECTION);
}

/* `unseen`: as pr_policy_match_past_denials() has it. */
static void check_rules(const struct pr_check_view *view, const struct pr_rule_hit *hit,
			bool unseen, struct pr_said_more *ret_said)
{
	ret_said->missing = hit->missing | hit->passed_over;
	if (hit->match != PR_MATCH_NONE)
		ret_said->rule = hit->rule;
	if (waits_for_packets(view, hit))
		say_until_seen(view, hit, ret_said);
	else if (hit->match == PR_MATCH_UNDETERMINABLE && hit->action == PR_RULE_DENY)
		say_past_denials(view, hit, unseen, ret_said);
	else if (hit->match == PR_MATCH_UNDETERMINABLE)
		pr_say_undeterminable(ret_said, PR_SAID_ANYTHING, hit->missing);
	else if (hit->match == PR_MATCH_NO_DATA && !is_in_grace(view))
		pr_say(ret_said, PR_SAID_DENY);
	else if (hit->match == PR_MATCH_RULE && !is_passed_over(view, hit))
		pr_say(ret_said, said_by(hit->action));
}

/* A question that is rerouted never goes where it is sent: what it would have shown there is nothing to a rule. */
static void check_rerouted(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	struct pr_subject unseen = *view->subject;
	const struct pr_check_view without = { view->policy, view->settings, &unseen, view->stage };
	struct pr_rule_hit hit;

	unseen.known &= ~PR_FACTS_SEEN;
	pr_policy_match_unseen(view->policy, &unseen, &hit);
	check_rules(&without, &hit, true, ret_said);
}

void pr_check_rules(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	struct pr_rule_hit hit;

	if (pr_is_open(view->subject, PR_FACT_OWNER)) {
		pr_say_undeterminable(ret_said, PR_SAID_ANYTHING, PR_FACT_OWNER); /* whose rules? */
	} else if (pr_is_rerouted_question(view->subject, view->settings->own_dns)) {
		check_rerouted(view, ret_said);
	} else {
		pr_policy_match(view->policy, view->subject, &hit);
		check_rules(view, &hit, false, ret_said);
	}
}

void pr_check_start_grace(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	bool tunnel = view->settings->require_tunnel &&
		      view->subject->direction != PR_DIRECTION_IN &&
		      !(view->subject->known & view->subject->absent & PR_FACT_SCOPE);

	if (!is_in_grace(view))
		return;
	/* What has to go through the tunnel may be there already; if it isn't, it is cut. */
	if (tunnel && pr_is_open(view->subject, PR_FACT_SCOPE))
		pr_say_undeterminable(ret_said, SAYS(PERMIT) | SAYS(REROUTE_TUNNEL), PR_FACT_SCOPE);
	else if (tunnel && view->subject->scope == PR_SCOPE_INTERNET)
		pr_say(ret_said, PR_SAID_REROUTE_TUNNEL);
	else
		pr_say(ret_said, PR_SAID_PERMIT);
}

#define SCOPE_BITS (PR_SCOPE_BIT_LOCALHOST | PR_SCOPE_BIT_LAN | PR_SCOPE_BIT_INTERNET)

unsigned int pr_scope_setting_bit(enum pr_scope scope)
{
	static const unsigned int bits[] = {
		[PR_SCOPE_INVALID] = 0,
		[PR_SCOPE_LOCALHOST] = PR_SCOPE_BIT_LOCALHOST,
		[PR_SCOPE_LAN] = PR_SCOPE_BIT_LAN,
		[PR_SCOPE_INTERNET] = PR_SCOPE_BIT_INTERNET,
	};

	return bits[scope];
}

/* With the scope still open: all allowed and all refused are clear, whichever it will be. */
static void check_allowed_scopes(const struct pr_subject *subject, unsigned int allowed,
				 struct pr_said_more *ret_said)
{
	if ((allowed & SCOPE_BITS) == SCOPE_BITS || subject->absent & PR_FACT_SCOPE)
		return;
	if (pr_is_open(subject, PR_FACT_SCOPE) && allowed & SCOPE_BITS)
		pr_say_undeterminable(ret_said, SAYS(DENY), PR_FACT_SCOPE);
	else if (pr_is_open(subject, PR_FACT_SCOPE) ||
		 !(allowed & pr_scope_setting_bit(subject->scope)))
		pr_say(ret_said, PR_SAID_DENY);
}

void pr_check_incoming_scope(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	check_allowed_scopes(view->subject, view->settings->incoming_scopes, ret_said);
}

void pr_check_scope(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	if (!pr_is_rerouted_question(view->subject, view->settings->own_dns))
		check_allowed_scopes(view->subject, view->settings->scopes, ret_said);
}

/* The host is nobody's peer. */
void pr_check_peer_to_peer(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	const struct pr_subject *subject = view->subject;

	if (view->settings->scopes & PR_SCOPE_BIT_PEER_TO_PEER ||
	    pr_is_rerouted_question(subject, view->settings->own_dns) ||
	    (pr_is_known(subject, PR_FACT_SCOPE) && subject->scope == PR_SCOPE_LOCALHOST))
		return;
	if (pr_is_open(subject, PR_FACT_DOMAIN))
		pr_say_undeterminable(ret_said, SAYS(DENY), PR_FACT_DOMAIN);
	else if (pr_is_known(subject, PR_FACT_DOMAIN) && subject->n_domains)
		return;
	else if (pr_is_open(subject, PR_FACT_SCOPE))
		pr_say_undeterminable(ret_said, SAYS(DENY), PR_FACT_SCOPE);
	else
		pr_say(ret_said, PR_SAID_DENY);
}

void pr_check_foreign_nameserver(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	if (pr_is_rerouted_question(view->subject, view->settings->own_dns))
		pr_say(ret_said, PR_SAID_REROUTE_NAMESERVER);
}

/* Of what would be permitted by default, and of the Internet alone: no tunnel leads to this host or to
 * its links. What is denied or asked about isn't permitted yet, and a rule says itself how. */
void pr_check_require_tunnel(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	if (!view->settings->require_tunnel || view->settings->default_action != PR_ACTION_PERMIT ||
	    view->subject->absent & PR_FACT_SCOPE)
		return;
	if (pr_is_open(view->subject, PR_FACT_SCOPE))
		pr_say_undeterminable(ret_said, SAYS(REROUTE_TUNNEL), PR_FACT_SCOPE);
	else if (view->subject->scope == PR_SCOPE_INTERNET)
		pr_say(ret_said, PR_SAID_REROUTE_TUNNEL);
}

static enum pr_said said_by_default(enum pr_default_action action)
{
	switch (action) {
	case PR_ACTION_PERMIT:
		return PR_SAID_PERMIT;
	case PR_ACTION_ASK:
		return PR_SAID_ASK;
	case PR_ACTION_BLOCK:
		break;
	}
	return PR_SAID_DENY;
}

void pr_check_default_incoming(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	pr_say(ret_said, said_by_default(view->settings->default_incoming));
}

void pr_check_default_outgoing(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	pr_say(ret_said, said_by_default(view->settings->default_action));
}
