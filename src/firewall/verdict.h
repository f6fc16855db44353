/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* "Undecided" is not a verdict: a packet is held until it has one of these (docs/contract.md). */
enum pr_verdict {
	PR_VERDICT_ACCEPT,
	PR_VERDICT_BLOCK, /* dropped; the sender gets a TCP reset or ICMP host administratively prohibited */
	PR_VERDICT_DROP, /* dropped silently */
	PR_VERDICT_REROUTE_NAMESERVER,
	PR_VERDICT_REROUTE_TUNNEL,
};

const char *pr_verdict_name(enum pr_verdict verdict); /* as in the events: "accept", … */
