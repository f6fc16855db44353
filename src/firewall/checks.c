/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of the checks; each is a function, in checks_ground.c or checks_intel.c. To add one: write the
 * function, put its row where it belongs in the order, name it in enum pr_check_id, give it a sentence in reason.c,
 * a line in tests/unit/decide_model.c, and draw the diagram anew (docs/draw-decision-flow).
 *
 * Why this order: what is ours and what keeps the host on its link first, for a mistake there cuts the
 * ground; then what can't be real, because no rule's author can have meant it; then the explicit rules,
 * before every switch, so that a user can always make an exception; then the switches from the coarsest
 * on; the default at last.
 */
#include "firewall/checks_internal.h"

#define AT(stage)     (1u << (PR_STAGE_##stage))
#define AT_QUESTIONS  (AT(BEFORE_INTEL) | AT(AFTER_INTEL))
#define AT_PACKETS    (AT(COMMUNICATION) | AT(LINK))
#define AT_ALL	      (AT_QUESTIONS | AT_PACKETS)
#define IS(direction) (1u << (PR_DIRECTION_##direction))
#define IS_OPENED     (IS(OUT) | IS(FORWARD))
#define SAYS(said)    (1u << (PR_SAID_##said))

const struct pr_check pr_checks[PR_CHECK_COUNT_] = {
	[PR_CHECK_OWN] = {
		.order = 1,
		.name = "own traffic",
		.question = "Is it a socket of Portreeve's, or the kernel's own reset or error?",
		.stages = AT_ALL,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(PERMIT),
		.function = pr_check_own,
	},
	[PR_CHECK_INFRASTRUCTURE] = {
		.order = 1,
		.name = "infrastructure",
		.question = "Does its link need it, and does no rule that names its protocol deny it?",
		.stages = AT_PACKETS,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(PERMIT) | SAYS(DENY) | SAYS(UNDETERMINABLE),
		.function = pr_check_infrastructure,
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
		.function = pr_check_spoofed,
	},
	[PR_CHECK_INVALID] = {
		.order = 2,
		.name = "invalid address",
		.question = "Is the entity's address one that none can have?",
		.stages = AT_ALL,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(DENY) | SAYS(UNDETERMINABLE),
		.silent = IS(IN),
		.function = pr_check_invalid,
	},
	[PR_CHECK_RULES] = {
		.order = 3,
		.name = "explicit rules",
		.question = "Which rule is the first that matches: enforced, the application's, global?",
		.stages = AT_ALL,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(PERMIT) | SAYS(DENY) | SAYS(ASK) | SAYS(REROUTE_TUNNEL) |
			SAYS(UNDETERMINABLE),
		.function = pr_check_rules,
	},
	[PR_CHECK_START_GRACE] = {
		.order = 3,
		.name = "start grace",
		.question = "Is the link older than the daemon?",
		.stages = AT_PACKETS,
		.directions = IS_OPENED | IS(IN),
		.says = SAYS(PERMIT),
		.function = pr_check_start_grace,
	},
	[PR_CHECK_INCOMING_SCOPE] = {
		.order = 4,
		.name = "incoming scopes",
		.question = "Does the application not serve that scope?",
		.stages = AT_PACKETS,
		.directions = IS(IN),
		.says = SAYS(DENY) | SAYS(UNDETERMINABLE),
		.function = pr_check_incoming_scope,
	},
	[PR_CHECK_SCOPE] = {
		.order = 5,
		.name = "scopes",
		.question = "May the application not reach that scope?",
		.stages = AT_ALL,
		.directions = IS_OPENED,
		.says = SAYS(DENY) | SAYS(UNDETERMINABLE),
		.function = pr_check_scope,
	},
	[PR_CHECK_PEER_TO_PEER] = {
		.order = 5,
		.name = "peer-to-peer",
		.question = "Did no name lead to the address, where one has to?",
		.stages = AT_PACKETS,
		.directions = IS_OPENED,
		.says = SAYS(DENY) | SAYS(UNDETERMINABLE),
		.function = pr_check_peer_to_peer,
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
		.function = pr_check_foreign_nameserver,
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
		.function = pr_check_require_tunnel,
	},
	[PR_CHECK_DEFAULT_INCOMING] = {
		.order = 10,
		.name = "default for incoming",
		.question = "What does default_incoming say?",
		.stages = AT_PACKETS,
		.directions = IS(IN),
		.says = SAYS(PERMIT) | SAYS(ASK) | SAYS(DENY),
		.function = pr_check_default_incoming,
	},
	[PR_CHECK_DEFAULT_OUTGOING] = {
		.order = 10,
		.name = "default",
		.question = "What does default_action say?",
		.stages = AT_ALL,
		.directions = IS_OPENED,
		.says = SAYS(PERMIT) | SAYS(ASK) | SAYS(DENY),
		.function = pr_check_default_outgoing,
	},
};
