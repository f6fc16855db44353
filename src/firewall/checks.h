/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one ordered table of checks. The five decisions walk it from its first row (decide.c), explain
 * walks it and tells (explain.c), docs/decision-flow is drawn from it. A check sees what its stage sees,
 * says one thing, and knows nothing of the rows around it.
 */
#pragma once

#include "firewall/decide.h"

enum pr_check_id {
	PR_CHECK_OWN,
	PR_CHECK_INFRASTRUCTURE,
	PR_CHECK_SPOOFED,
	PR_CHECK_ATTACKER,
	PR_CHECK_INVALID,
	PR_CHECK_POOLED,
	PR_CHECK_RULES,
	PR_CHECK_START_GRACE,
	PR_CHECK_INCOMING_SCOPE,
	PR_CHECK_SCOPE,
	PR_CHECK_PEER_TO_PEER,
	PR_CHECK_CANARY,
	PR_CHECK_DISCOVERY,
	PR_CHECK_FOREIGN_NAMESERVER,
	PR_CHECK_ENCRYPTED_DNS,
	PR_CHECK_DOH,
	PR_CHECK_DOH_SEEN,
	PR_CHECK_LISTS,
	PR_CHECK_REBINDING,
	PR_CHECK_FOREIGN_NAME,
	PR_CHECK_GENERATED,
	PR_CHECK_DNS_TUNNEL,
	PR_CHECK_DENY_TLS,
	PR_CHECK_REQUIRE_ENCRYPTION,
	PR_CHECK_REQUIRE_TUNNEL,
	PR_CHECK_DEFAULT_INCOMING,
	PR_CHECK_DEFAULT_OUTGOING,
	PR_CHECK_COUNT_,
};

/* What a check says. */
enum pr_said {
	PR_SAID_NOTHING,
	PR_SAID_PERMIT,
	PR_SAID_DENY,
	PR_SAID_REROUTE_NAMESERVER,
	PR_SAID_REROUTE_TUNNEL,
	PR_SAID_ASK,
	PR_SAID_UNDETERMINABLE, /* one of `could`, or nothing, were the facts in `missing` known */
};

#define PR_SAID_ANYTHING                                                                \
	(1u << PR_SAID_PERMIT | 1u << PR_SAID_DENY | 1u << PR_SAID_REROUTE_NAMESERVER | \
	 1u << PR_SAID_REROUTE_TUNNEL | 1u << PR_SAID_ASK)

struct pr_said_more {
	enum pr_said said;
	unsigned int could;   /* bits 1 << PR_SAID_…, of UNDETERMINABLE */
	unsigned int missing; /* PR_FACT_…: of UNDETERMINABLE; else what there was no data for */
	uint32_t rule;	      /* or PR_RULE_NONE */
	/* Of UNDETERMINABLE, for want of what the packets will show: what it says if that brings nothing. */
	enum pr_said otherwise;
	uint32_t otherwise_rule; /* or PR_RULE_NONE */
};

/* What a check may look at. */
struct pr_check_view {
	const struct pr_policy *policy;
	const struct pr_settings *settings; /* of the subject's profile */
	const struct pr_subject *subject;   /* with the facts that the stage sees */
	enum pr_stage stage;
};

/* How a question that the check denies is answered. */
enum pr_check_answer {
	PR_CHECK_ANSWER_AS_SET, /* dns_blocked */
	PR_CHECK_ANSWER_NXDOMAIN,
	PR_CHECK_ANSWER_NODATA,
};

struct pr_check {
	unsigned int order;	 /* its place in the order of docs/firewall.md, 1 to 10 */
	const char *name;	 /* a few words, for explain and the diagram */
	const char *question;	 /* what it finds out */
	unsigned int stages;	 /* bits 1 << PR_STAGE_…, where it can speak */
	unsigned int directions; /* bits 1 << PR_DIRECTION_… */
	unsigned int says;	 /* bits 1 << PR_SAID_…, all that it ever says */
	bool never_permanent;	 /* what it decides holds for this packet alone */
	bool filters; /* it denies what a user subscribed to have denied (RFC 8914, 4.18) */
	enum pr_check_answer answer;
	unsigned int silent; /* directions where its denials are drops: a reply would hit another */
	void (*function)(const struct pr_check_view *view, struct pr_said_more *ret_said);
};

extern const struct pr_check pr_checks[PR_CHECK_COUNT_];

const char *pr_said_name(
	enum pr_said said); /* "permit", "reroute-nameserver", "undeterminable", … */

/* Something that is nothing but DNS over an encrypted transport, by its port. */
bool pr_is_encrypted_question(const struct pr_subject *subject);
/* A question to a nameserver that is rerouted unless a rule names the service: the switches don't speak
 * of it, for it never reaches the address it is sent to. `own_dns`: of the owner's profile. */
bool pr_is_rerouted_question(const struct pr_subject *subject, bool own_dns);
