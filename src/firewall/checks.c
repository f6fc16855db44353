/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The checks, each a function, and their table at the end of the file. To add one: write the function,
 * put its row where it belongs in the order, name it in enum pr_check_id, give it a sentence in reason.c,
 * a line in tests/unit/decide_model.c, and draw the diagram anew (docs/draw-decision-flow).
 *
 * Why this order: what is ours and what keeps the host on its link first, for a mistake there cuts the
 * ground; then what can't be real, because no rule's author can have meant it; then the explicit rules,
 * before every switch, so that a user can always make an exception; then the switches from the coarsest
 * on; the default at last.
 */
#include "firewall/checks_internal.h"

#include <netinet/in.h>

#define AT(stage)	(1u << (PR_STAGE_##stage))
#define AT_QUESTIONS	(AT(BEFORE_INTEL) | AT(AFTER_INTEL))
#define AT_PACKETS	(AT(COMMUNICATION) | AT(LINK))
#define AT_ALL		(AT_QUESTIONS | AT_PACKETS)
#define IS(direction)	(1u << (PR_DIRECTION_##direction))
#define IS_OPENED	(IS(OUT) | IS(FORWARD))
#define SAYS(said)	(1u << (PR_SAID_##said))

#define NAMESERVER_PORT 53

bool pr_is_rerouted_question(const struct pr_subject *subject, bool own_dns)
{
	return !own_dns && !subject->dns_exempt && subject->direction != PR_DIRECTION_IN &&
	       pr_is_known(subject, PR_FACT_PROTOCOL) && pr_is_known(subject, PR_FACT_PORT) &&
	       subject->port == NAMESERVER_PORT &&
	       (subject->proto == IPPROTO_UDP || subject->proto == IPPROTO_TCP);
}

bool pr_is_in_grace(const struct pr_check_view *view)
{
	return view->subject->start_grace && view->stage >= PR_STAGE_COMMUNICATION &&
	       pr_policy_global(view->policy)->start_grace;
}

static void check_own(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	if (view->subject->own)
		pr_say(ret_said, PR_SAID_PERMIT);
}

/*
 * Without it the host is not on its link at all, and a packet that is refused for want of an address can't
 * even be answered. So a general rule (- LAN, - *) is not taken to mean it; one that names its protocol is.
 */
static void check_infrastructure(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
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
	pr_policy_match(view->policy, view->subject, &hit);
	ret_said->rule = hit.names_protocol && hit.match != PR_MATCH_NONE ? hit.rule : PR_RULE_NONE;
	if (hit.match == PR_MATCH_UNDETERMINABLE)
		pr_say_undeterminable(ret_said, SAYS(PERMIT) | SAYS(DENY), hit.missing);
	else if (hit.match == PR_MATCH_RULE && hit.action == PR_RULE_DENY && hit.names_protocol)
		pr_say(ret_said, PR_SAID_DENY);
	else
		pr_say(ret_said, PR_SAID_PERMIT);
}

static void check_spoofed(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	if (view->subject->spoofed != PR_SPOOF_NO && !pr_is_in_grace(view))
		pr_say(ret_said, PR_SAID_DENY);
}

static void check_invalid(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	const struct pr_subject *subject = view->subject;

	if (pr_is_open(subject, PR_FACT_SCOPE))
		pr_say_undeterminable(ret_said, SAYS(DENY), PR_FACT_SCOPE);
	else if (pr_is_known(subject, PR_FACT_SCOPE) && subject->scope == PR_SCOPE_INVALID &&
		 !pr_is_in_grace(view))
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
 * the daemon is only cut by a denial: it can't be sent another way, and a prompt would stop it.
 */
static bool is_passed_over(const struct pr_check_view *view, const struct pr_rule_hit *hit)
{
	if (hit->action == PR_RULE_DENY)
		return false;
	if (pr_is_in_grace(view))
		return hit->action != PR_RULE_PERMIT;
	return !hit->exact_service &&
	       pr_is_rerouted_question(view->subject, view->settings->own_dns);
}

static void check_rules(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	struct pr_rule_hit hit;

	if (pr_is_open(view->subject, PR_FACT_OWNER)) {
		pr_say_undeterminable(ret_said, PR_SAID_ANYTHING, PR_FACT_OWNER); /* whose rules? */
		return;
	}
	pr_policy_match(view->policy, view->subject, &hit);
	ret_said->missing = hit.missing | hit.passed_over;
	if (hit.match != PR_MATCH_NONE)
		ret_said->rule = hit.rule;
	if (hit.match == PR_MATCH_UNDETERMINABLE)
		pr_say_undeterminable(ret_said, PR_SAID_ANYTHING, hit.missing);
	else if (hit.match == PR_MATCH_NO_DATA && !pr_is_in_grace(view))
		pr_say(ret_said, PR_SAID_DENY);
	else if (hit.match == PR_MATCH_RULE && !is_passed_over(view, &hit))
		pr_say(ret_said, said_by(hit.action));
}

static void check_start_grace(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	if (pr_is_in_grace(view))
		pr_say(ret_said, PR_SAID_PERMIT);
}

#define SCOPE_BITS (PR_SCOPE_BIT_LOCALHOST | PR_SCOPE_BIT_LAN | PR_SCOPE_BIT_INTERNET)

static unsigned int scope_bit(enum pr_scope scope)
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
	else if (pr_is_open(subject, PR_FACT_SCOPE) || !(allowed & scope_bit(subject->scope)))
		pr_say(ret_said, PR_SAID_DENY);
}

static void check_incoming_scope(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	check_allowed_scopes(view->subject, view->settings->incoming_scopes, ret_said);
}

static void check_scope(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	if (!pr_is_rerouted_question(view->subject, view->settings->own_dns))
		check_allowed_scopes(view->subject, view->settings->scopes, ret_said);
}

/* The host is nobody's peer. */
static void check_peer_to_peer(const struct pr_check_view *view, struct pr_said_more *ret_said)
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

static void check_foreign_nameserver(const struct pr_check_view *view,
				     struct pr_said_more *ret_said)
{
	if (pr_is_rerouted_question(view->subject, view->settings->own_dns))
		pr_say(ret_said, PR_SAID_REROUTE_NAMESERVER);
}

/* Of what would be permitted by default, and of the Internet alone: no tunnel leads to this host or to
 * its links. What is denied or asked about isn't permitted yet, and a rule says itself how. */
static void check_require_tunnel(const struct pr_check_view *view, struct pr_said_more *ret_said)
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

static void check_default_incoming(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	pr_say(ret_said, said_by_default(view->settings->default_incoming));
}

static void check_default_outgoing(const struct pr_check_view *view, struct pr_said_more *ret_said)
{
	pr_say(ret_said, said_by_default(view->settings->default_action));
}

const struct pr_check pr_checks[PR_CHECK_COUNT_] = {
	[PR_CHECK_OWN] = {
		.order = 1,
		.name = "own traffic",
		.question = "Is it a socket of Portreeve's, or the kernel's own reset or error?",
		.stages = AT_ALL,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(PERMIT),
		.function = check_own,
	},
	[PR_CHECK_INFRASTRUCTURE] = {
		.order = 1,
		.name = "infrastructure",
		.question = "Does its link need it, and does no rule that names its protocol deny it?",
		.stages = AT_PACKETS,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(PERMIT) | SAYS(DENY) | SAYS(UNDETERMINABLE),
		.function = check_infrastructure,
	},
	[PR_CHECK_SPOOFED] = {
		.order = 2,
		.name = "spoofed source",
		.question = "Can its source not come from there?",
		.stages = AT_PACKETS,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(DENY),
		/* Its tuple may be that of a real link on another interface. */
		.never_permanent = true,
		.silent = IS_OPENED | IS(IN),
		.function = check_spoofed,
	},
	[PR_CHECK_INVALID] = {
		.order = 2,
		.name = "invalid address",
		.question = "Is the entity's address one that none can have?",
		.stages = AT_ALL,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(DENY) | SAYS(UNDETERMINABLE),
		.silent = IS(IN),
		.function = check_invalid,
	},
	[PR_CHECK_RULES] = {
		.order = 3,
		.name = "explicit rules",
		.question = "Which rule is the first that matches: enforced, the application's, global?",
		.stages = AT_ALL,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(PERMIT) | SAYS(DENY) | SAYS(ASK) | SAYS(REROUTE_TUNNEL) |
			SAYS(UNDETERMINABLE),
		.function = check_rules,
	},
	[PR_CHECK_START_GRACE] = {
		.order = 3,
		.name = "start grace",
		.question = "Is the link older than the daemon?",
		.stages = AT_PACKETS,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(PERMIT),
		.function = check_start_grace,
	},
	[PR_CHECK_INCOMING_SCOPE] = {
		.order = 4,
		.name = "incoming scopes",
		.question = "Does the application not serve that scope?",
		.stages = AT_PACKETS,
		.directions = IS(IN),
		.says = SAYS(DENY) | SAYS(UNDETERMINABLE),
		.function = check_incoming_scope,
	},
	[PR_CHECK_SCOPE] = {
		.order = 5,
		.name = "scopes",
		.question = "May the application not reach that scope?",
		.stages = AT_ALL,
		.directions = IS_OPENED,
		.says = SAYS(DENY) | SAYS(UNDETERMINABLE),
		.function = check_scope,
	},
	[PR_CHECK_PEER_TO_PEER] = {
		.order = 5,
		.name = "peer-to-peer",
		.question = "Did no name lead to the address, where one has to?",
		.stages = AT_PACKETS,
		.directions = IS_OPENED,
		.says = SAYS(DENY) | SAYS(UNDETERMINABLE),
		.function = check_peer_to_peer,
	},
	[PR_CHECK_CANARY] = {
		.order = 6,
		.name = "canary domain",
		.question = "Does its name ask whether another nameserver may be used?",
		.stages = AT_QUESTIONS,
		.directions = IS_OPENED,
		.says = SAYS(DENY),
		.answer = PR_CHECK_ANSWER_NXDOMAIN,
		.function = pr_check_canary,
	},
	[PR_CHECK_DISCOVERY] = {
		.order = 6,
		.name = "resolver discovery",
		.question = "Does its name ask for a nameserver's encrypted twin?",
		.stages = AT_QUESTIONS,
		.directions = IS_OPENED,
		.says = SAYS(DENY),
		.answer = PR_CHECK_ANSWER_NODATA, /* RFC 9462, 6.4 */
		.function = pr_check_discovery,
	},
	[PR_CHECK_FOREIGN_NAMESERVER] = {
		.order = 6,
		.name = "foreign nameserver",
		.question = "Is it a question to a nameserver, and the application has none of its own?",
		.stages = AT(LINK),
		.directions = IS_OPENED,
		.says = SAYS(REROUTE_NAMESERVER),
		.function = check_foreign_nameserver,
	},
	[PR_CHECK_ENCRYPTED_DNS] = {
		.order = 6,
		.name = "encrypted DNS",
		.question = "Does it go to the port of DNS over TLS, and may the application not?",
		.stages = AT(LINK),
		.directions = IS_OPENED,
		.says = SAYS(DENY),
		.function = pr_check_encrypted_dns,
	},
	[PR_CHECK_DOH] = {
		.order = 6,
		.name = "DNS over HTTPS",
		.question = "Is it a server known for DNS over HTTPS, and may the application not?",
		.stages = AT_ALL,
		.directions = IS_OPENED,
		.says = SAYS(DENY) | SAYS(UNDETERMINABLE),
		.function = pr_check_doh,
	},
	[PR_CHECK_LISTS] = {
		.order = 7,
		.name = "lists",
		.question = "Is a part of it on a list that denies, and on none that excepts?",
		.stages = AT_ALL,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(DENY) | SAYS(UNDETERMINABLE),
		.filters = true,
		.function = pr_check_lists,
	},
	[PR_CHECK_REBINDING] = {
		.order = 8,
		.name = "rebinding",
		.question = "Does an answer from the Internet lead to this host or its networks?",
		.stages = AT(AFTER_INTEL),
		.directions = IS_OPENED,
		.says = SAYS(DENY),
		.function = pr_check_rebinding,
	},
	[PR_CHECK_GENERATED] = {
		.order = 8,
		.name = "generated domain",
		.question = "Does its name look made by a program?",
		.stages = AT_ALL,
		.directions = IS_OPENED,
		.says = SAYS(DENY),
		.function = pr_check_generated,
	},
	[PR_CHECK_DNS_TUNNEL] = {
		.order = 8,
		.name = "DNS tunnel",
		.question = "Do the questions look like data carried out in names?",
		.stages = AT_ALL,
		.directions = IS_OPENED,
		.says = SAYS(DENY),
		.function = pr_check_dns_tunnel,
	},
	[PR_CHECK_REQUIRE_TUNNEL] = {
		.order = 9,
		.name = "tunnel required",
		.question = "Must what is permitted by default reach the Internet through the tunnel?",
		.stages = AT_ALL,
		.directions = IS_OPENED,
		.says = SAYS(REROUTE_TUNNEL) | SAYS(UNDETERMINABLE),
		.function = check_require_tunnel,
	},
	[PR_CHECK_DEFAULT_INCOMING] = {
		.order = 10,
		.name = "default for incoming",
		.question = "What does default_incoming say?",
		.stages = AT_PACKETS,
		.directions = IS(IN),
		.says = SAYS(PERMIT) | SAYS(ASK) | SAYS(DENY),
		.function = check_default_incoming,
	},
	[PR_CHECK_DEFAULT_OUTGOING] = {
		.order = 10,
		.name = "default",
		.question = "What does default_action say?",
		.stages = AT_ALL,
		.directions = IS_OPENED,
		.says = SAYS(PERMIT) | SAYS(ASK) | SAYS(DENY),
		.function = check_default_outgoing,
	},
};
