/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The decisions. They are pure: no clock, no allocation, no I/O. Each walks the one ordered table
 * of checks (firewall/checks.h) from its first row and stops at the first that decides.
 *
 *   before intel    a question arrived, nothing is resolved: the domain and the owner are known
 *   after intel     the answer and the intelligence are in
 *   communication   first packet of the communication's first link
 *   link            first packet of each link, if the communication left it open
 *   inspection      each time that the link's packets have shown a fact more
 *
 * A stage ends with a final decision, with "open" (a later stage can tell more: go on and resolve, or
 * decide each link), or with facts that are missing: the caller fetches these and asks again, at most
 * once a fact. At the link stage nothing stays open but what the packets will show (PR_FACTS_SEEN), where the caller
 * left that open: the decision is then provisional, `wants` says what it hangs on, and the packets of the
 * client are held until that is known, but for what is handshake alone.
 *
 * What is finally decided on a communication holds for each link with the same decision key: the same
 * profile, direction, scope and candidates for the domain, and its address stands for a name or doesn't. Links that stand alone have none: these go to
 * pr_decide_on_link whatever was decided. docs/firewall.md says what facts each stage sees; what the
 * caller sets beyond these is not looked at.
 */
#pragma once

#include "firewall/verdict.h"
#include "intel/set.h"
#include "network/subject.h"
#include "profile/policy.h"

#include <stdbool.h>
#include <stdint.h>

enum pr_stage {
	PR_STAGE_BEFORE_INTEL,
	PR_STAGE_AFTER_INTEL,
	PR_STAGE_COMMUNICATION,
	PR_STAGE_LINK,
	PR_STAGE_INSPECTION,
};

enum pr_outcome {
	PR_OUTCOME_PERMIT,
	PR_OUTCOME_DENY,
	PR_OUTCOME_REROUTE_NAMESERVER,
	PR_OUTCOME_REROUTE_TUNNEL,
	PR_OUTCOME_ASK,
	PR_OUTCOME_OPEN,    /* go on to the next stage */
	PR_OUTCOME_MISSING, /* fetch the facts in `missing`, then ask again */
};

#define PR_RULE_NONE UINT32_MAX

struct pr_decision {
	enum pr_outcome outcome;
	enum pr_verdict
		verdict; /* of a deny: block or drop; of a permit: accept; of a reroute: itself */
	bool permanent;	 /* the kernel alone may handle the link from now on */
	bool defaulted;	 /* only a default or a switch decided, no explicit rule (start_grace) */
	unsigned int check; /* the row of the table that decided, PR_CHECK_… */
	uint32_t rule;	    /* the policy's number of the rule that decided, or PR_RULE_NONE */
	unsigned int
		missing; /* PR_FACT_…: with OUTCOME_MISSING what to fetch, else what there was no data for */
	unsigned int
		wants; /* PR_FACTS_SEEN that could still change it; of a permission, of a reroute to the tunnel, and of a prompt: once it is permitted */
	bool provisional; /* of the first two: `check` and `rule` haven't decided, but do with what it wants */
	bool by_claim; /* of a denial: of the name that the packets claim */
};

/* A question, before it goes upstream. Never a final permit but for our own traffic. */
void pr_decide_on_communication_before_intel(const struct pr_policy *policy,
					     const struct pr_subject *subject,
					     struct pr_decision *ret_decision);
/* An answer: first for its names alone, with ADDRESS and SCOPE open where there are addresses in it, absent
 * where there are none; then once for each address. Open: it may be given out. */
void pr_decide_on_communication_after_intel(const struct pr_policy *policy,
					    const struct pr_subject *subject,
					    struct pr_decision *ret_decision);
/* A communication, by its first link. Open: decide on each link. */
void pr_decide_on_communication(const struct pr_policy *policy, const struct pr_subject *subject,
				struct pr_decision *ret_decision);
/* A link. The caller has set ADDRESS, SCOPE, PROTOCOL and PORT (absent where the protocol has none). */
void pr_decide_on_link(const struct pr_policy *policy, const struct pr_subject *subject,
		       struct pr_decision *ret_decision);

/* A link that was permitted, with what was seen by now in `seen`; facts in PR_FACTS_SEEN that aren't known are still open. What a
 * claimed name adds can only deny. */
void pr_decide_on_inspection(const struct pr_policy *policy, const struct pr_subject *subject,
			     struct pr_decision *ret_decision);

/* Would every link of a communication (its owner and its names), at an address of the Internet that is not known here,
 * go through the tunnel or be denied, and one at least go through it? Then its name needn't be resolved here.
 * *ret_decision: such a link's. Links of TCP and UDP are meant; no tunnel carries others. What a prompt would permit
 * where the tunnel is required goes through it. There, too, a rule that lets some ports around the tunnel, whatever the
 * name (`+ * UDP/123`), has no name resolved here: only one that names it has. */
bool pr_decide_is_tunnelled(const struct pr_policy *policy, const struct pr_subject *subject,
			    struct pr_decision *ret_decision);
/* Does what a user permits of this link, being asked, go through the tunnel? */
bool pr_decide_answer_is_tunnelled(const struct pr_policy *policy,
				   const struct pr_subject *subject);

/* What a communication's decision is kept under: it holds for a link with an equal key. 0: the link stands
 * alone (our own traffic, infrastructure, what is spoofed or older than the daemon, questions to a
 * nameserver): no decision on a communication holds for it. By this process's hash seed. */
uint64_t pr_decision_key(const struct pr_subject *link);

/* How a question that this decision denies is answered: as the profile's dns_blocked says, but for checks that have
 * an answer of their own. *ret_filtered: by a list that was subscribed to. */
enum pr_dns_blocked pr_decision_blocked(const struct pr_settings *settings,
					const struct pr_decision *decision, bool *ret_filtered);

/* The sentence for an event's `reason`; at most `size` bytes with the zero. `intel`, for the lines of lists, may be
 * NULL. Returns `text`. */
const char *pr_decision_reason(const struct pr_policy *policy, const struct pr_intel_set *intel,
			       const struct pr_subject *subject, const struct pr_decision *decision,
			       char *text, size_t size);

const char *pr_stage_name(enum pr_stage stage);	      /* "before-intel", … */
const char *pr_outcome_name(enum pr_outcome outcome); /* "permit", "deny", … */
