/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firewall/checks.h"

const char *pr_verdict_name(enum pr_verdict verdict)
{
	static const char *const names[] = {
		[PR_VERDICT_ACCEPT] = "accept",
		[PR_VERDICT_BLOCK] = "block",
		[PR_VERDICT_DROP] = "drop",
		[PR_VERDICT_REROUTE_NAMESERVER] = "reroute-nameserver",
		[PR_VERDICT_REROUTE_TUNNEL] = "reroute-tunnel",
	};

	return names[verdict];
}

const char *pr_stage_name(enum pr_stage stage)
{
	static const char *const names[] = {
		[PR_STAGE_BEFORE_INTEL] = "before-intel",   [PR_STAGE_AFTER_INTEL] = "after-intel",
		[PR_STAGE_COMMUNICATION] = "communication", [PR_STAGE_LINK] = "link",
		[PR_STAGE_INSPECTION] = "inspection",
	};

	return names[stage];
}

const char *pr_outcome_name(enum pr_outcome outcome)
{
	static const char *const names[] = {
		[PR_OUTCOME_PERMIT] = "permit",
		[PR_OUTCOME_DENY] = "deny",
		[PR_OUTCOME_REROUTE_NAMESERVER] = "reroute-nameserver",
		[PR_OUTCOME_REROUTE_TUNNEL] = "reroute-tunnel",
		[PR_OUTCOME_ASK] = "ask",
		[PR_OUTCOME_OPEN] = "open",
		[PR_OUTCOME_MISSING] = "missing",
	};

	return names[outcome];
}

const char *pr_said_name(enum pr_said said)
{
	static const char *const names[] = {
		[PR_SAID_NOTHING] = "nothing",
		[PR_SAID_PERMIT] = "permit",
		[PR_SAID_DENY] = "deny",
		[PR_SAID_REROUTE_NAMESERVER] = "reroute-nameserver",
		[PR_SAID_REROUTE_TUNNEL] = "reroute-tunnel",
		[PR_SAID_ASK] = "ask",
		[PR_SAID_UNDETERMINABLE] = "undeterminable",
	};

	return names[said];
}
