/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The compiled policy: an immutable, position-independent snapshot of settings, profiles and rules,
 * written by the compiler process into a sealed memory file and read by the engine where it is mapped.
 * pr_policy_open() checks every bound once; after that no reader checks again. Any number of threads may
 * read a policy.
 */
#pragma once

#include "base/error.h"
#include "network/pool.h"
#include "network/provider.h"
#include "network/subject.h"
#include "network/tunnel.h"
#include "profile/identity.h"

#include <stddef.h>
#include <stdint.h>

struct pr_policy;

/* Profiles have numbers. These three always exist and hold the global settings unless configured: */
#define PR_PROFILE_GLOBAL  0u /* applications that no profile matches */
#define PR_PROFILE_UNKNOWN 1u /* links without an owner */
#define PR_PROFILE_KERNEL  2u /* what the kernel itself sends */

enum pr_default_action { PR_ACTION_PERMIT, PR_ACTION_ASK, PR_ACTION_BLOCK };
enum pr_deny_how { PR_DENY_BLOCK, PR_DENY_DROP };
enum pr_on_missing { PR_MISSING_SKIP, PR_MISSING_DENY };
enum pr_dns_blocked {
	PR_DNS_NXDOMAIN,
	PR_DNS_ZERO,
	PR_DNS_REFUSED,
	PR_DNS_NODATA, /* of no setting: some checks answer so */
};
/* What becomes of links of the tunnel while no upstream works. */
enum pr_without_tunnel { PR_WITHOUT_TUNNEL_BLOCK, PR_WITHOUT_TUNNEL_DIRECT };
enum pr_failure { PR_FAILURE_CLOSED, PR_FAILURE_OPEN };

/* Bits of `scopes` and `incoming_scopes`. */
#define PR_SCOPE_BIT_LOCALHOST	  1u
#define PR_SCOPE_BIT_LAN	  2u
#define PR_SCOPE_BIT_INTERNET	  4u
#define PR_SCOPE_BIT_PEER_TO_PEER 8u

/* Bits of `bypass_prevention`. */
#define PR_BYPASS_CANARY    1u
#define PR_BYPASS_DISCOVERY 2u
#define PR_BYPASS_DOT	    4u
#define PR_BYPASS_DOH	    8u

/* Bits of `deny_tls`. */
#define PR_TLS_NAMELESS	   1u
#define PR_TLS_OLD	   2u
#define PR_TLS_SELF_ISSUED 4u
#define PR_TLS_EXPIRED	   8u

/* What happens to what looks suspicious. */
enum pr_on_suspicion { PR_SUSPICION_IGNORE, PR_SUSPICION_REPORT, PR_SUSPICION_DENY };

/* A profile's settings with the global ones merged in: what is in force for it (docs/contract.md). */
struct pr_settings {
	enum pr_default_action default_action, default_incoming;
	enum pr_deny_how deny_outgoing, deny_incoming;
	enum pr_on_missing on_missing_data;
	enum pr_dns_blocked dns_blocked;
	enum pr_on_suspicion generated_domains, dns_tunnels, foreign_names;
	uint32_t scopes, incoming_scopes; /* PR_SCOPE_BIT_… */
	uint32_t bypass_prevention;	  /* PR_BYPASS_… */
	uint32_t encryption_scopes;	  /* PR_SCOPE_BIT_…, where require_encryption holds */
	uint32_t deny_tls;		  /* PR_TLS_… */
	uint32_t ask_hold_ms, ask_question_hold_ms, ask_timeout_s, ask_again_s;
	bool permanent_verdicts, require_encryption, require_tunnel, own_dns;
	bool inspect; /* for display too, not only what the policy wants */
	enum pr_without_tunnel without_tunnel;
	const char *tunnel; /* name of an upstream; "" = none */
	/* Bitsets of list numbers, subject->n_list_words long: the lists that deny, and those that are
	 * taken out of them. */
	const uint64_t *lists, *exceptions;
};

/* Settings that exist once. */
struct pr_global_settings {
	uint32_t mark_mask; /* the bits of packet and conntrack mark that are ours */
	uint32_t n_workers; /* 0 = one for every two cores, four at most */
	enum pr_failure failure;
	bool start_grace;
	bool rebinding_protection;
	enum pr_on_suspicion attacks; /* never DENY */
	uint32_t block_attackers_s;   /* 0 = not at all */
};

/* Which list of rules. Profile lists come before the global ones; `enforced` before both. */
enum pr_rule_action { PR_RULE_PERMIT, PR_RULE_DENY, PR_RULE_ASK, PR_RULE_TUNNEL };

enum pr_match {
	PR_MATCH_NONE,		 /* no rule speaks */
	PR_MATCH_RULE,		 /* `rule` is the first that matches */
	PR_MATCH_UNDETERMINABLE, /* `rule` could match, were the facts in `missing` known */
	PR_MATCH_NO_DATA /* `rule` would speak, but there is no data for the facts in `missing`
				  * (country, AS, lists), and the profile's on_missing_data is deny */
};

struct pr_rule_hit {
	enum pr_match match;
	enum pr_rule_action action;
	uint32_t rule;	      /* number in the policy */
	unsigned int missing; /* PR_FACT_…: what the rule stopped at lacks */
	unsigned int
		passed_over; /* with on_missing_data = skip: the data that rules before it have none of */
	bool exact_service; /* the rule names an address or prefix and a port: it may exempt from
			       * the reroute of questions to foreign nameservers */
	bool names_protocol; /* the rule names a protocol, or what it speaks: only such a rule may deny
			      * infrastructure */
};

/* Borrows `bytes`, which must stay mapped and unchanged until pr_policy_free(). -EBADMSG where the bytes
 * are not a policy of this version, or any offset in them lies outside. */
PR_MUST_USE int pr_policy_open(const void *bytes, size_t len, struct pr_policy **ret_policy);
void pr_policy_free(struct pr_policy *policy);
static inline void pr_policy_cleanup(struct pr_policy **policy)
{
	pr_policy_free(*policy);
}

const struct pr_global_settings *pr_policy_global(const struct pr_policy *policy);
const struct pr_settings *pr_policy_settings(const struct pr_policy *policy, uint32_t profile);
/* When the first of the run-time rules expires (seconds since 1970): compile anew then. 0 = never. */
uint64_t pr_policy_next_expiry_s(const struct pr_policy *policy);
/* Upstream nameservers from the configuration, as written; none = those of the system. */
uint32_t pr_policy_n_upstreams(const struct pr_policy *policy);
const char *pr_policy_upstream(const struct pr_policy *policy, uint32_t upstream);

/* True when `rebinding_exceptions` names the domain (canonical) or one that it stands below. */
bool pr_policy_excepts_rebinding(const struct pr_policy *policy, const char *domain);

/* Where a list, or data on addresses, comes from. Texts are "" where they are not given. */
struct pr_source {
	const char *id, *url, *file;
	const char *format, *category; /* the format "": "auto" */
	uint32_t interval_s, max_bytes;
};

/* Lists of intelligence: every id that a rule or a setting names has a number, and every list that is configured.
 * An id may be that of a list, or the category of several; with neither url nor file it is no list's. */
uint32_t pr_policy_n_lists(const struct pr_policy *policy);
struct pr_source pr_policy_list(const struct pr_policy *policy, uint32_t list);
/* Words of a bitset of list numbers. */
uint32_t pr_policy_n_list_words(const struct pr_policy *policy);
/* The list of servers known to serve DNS over HTTPS, as a bitset; NULL: nothing asks for it. */
const uint64_t *pr_policy_doh_lists(const struct pr_policy *policy);
#define PR_POLICY_DOH_LIST "doh"
/* Data on addresses; what comes first holds where they overlap. */
uint32_t pr_policy_n_geo(const struct pr_policy *policy);
struct pr_source pr_policy_geo(const struct pr_policy *policy, uint32_t geo);

/* Who is asked about entities, PR_PROVIDERS_MAX at most. Of a header there is its name, codes and certificates are not in a
 * policy. */
uint32_t pr_policy_n_providers(const struct pr_policy *policy);
struct pr_provider pr_policy_provider(const struct pr_policy *policy, uint32_t provider);

/* Ways by which links leave instead of going straight, PR_TUNNEL_UPSTREAMS_MAX at most. Where they lead, but for the port, and by
 * which account, is not in a policy. */
struct pr_policy_tunnel {
	const char *id;
	enum pr_tunnel_kind kind;
	uint16_t port; /* of a proxy; 0 = it is none */
	uint32_t
		leads_by; /* bit 1 << number of each upstream that links of it may go by; its own too */
};
uint32_t pr_policy_n_tunnels(const struct pr_policy *policy);
struct pr_policy_tunnel pr_policy_tunnel(const struct pr_policy *policy, uint32_t tunnel);
/* Its number. False: there is none of this name; a rule or a setting that was written at run time may still name it. */
bool pr_policy_tunnel_find(const struct pr_policy *policy, const char *id, uint32_t *ret_tunnel);
/* Of the addresses that stand for names; whether there are upstreams or not. */
struct pr_pool_ranges pr_policy_pool_ranges(const struct pr_policy *policy);

uint32_t pr_policy_n_profiles(const struct pr_policy *policy);
const char *pr_policy_profile_name(const struct pr_policy *policy, uint32_t profile);

/* By name, case counts. False when there is none. */
bool pr_policy_profile_find(const struct pr_policy *policy, const char *name,
			    uint32_t *ret_profile);

/* The profile that matches best, by the score documented in docs/profile.md; PR_PROFILE_GLOBAL when none. */
uint32_t pr_policy_profile_of(const struct pr_policy *policy, const struct pr_identity *identity);

/* The first rule, in the order of contract.md, that matches or could match. Cost: a few look-ups,
 * whatever the number of rules. The facts come from the subject, so does the profile. */
void pr_policy_match(const struct pr_policy *policy, const struct pr_subject *subject,
		     struct pr_rule_hit *ret_hit);

/* The same, but what denies and is undeterminable is passed over as if it did not match: the first rule that
 * matches, or that could match and doesn't deny. A denial by it holds whatever the open facts turn out to be,
 * for a denial is all that could come before it; no other answer does. passed_over is 0. Cost: three times as
 * much at most. `unseen`: nor do others that ask for what the packets will show, where that is open. */
void pr_policy_match_past_denials(const struct pr_policy *policy, const struct pr_subject *subject,
				  bool unseen, struct pr_rule_hit *ret_hit);

/* The same as pr_policy_match(), as if no rule asked for what the packets will show and is open: none of these
 * matches. */
void pr_policy_match_unseen(const struct pr_policy *policy, const struct pr_subject *subject,
			    struct pr_rule_hit *ret_hit);

/* The lists that a subject walks, in this order; forwarded links use the outgoing ones. */
enum pr_ruleset {
	PR_RULESET_ENFORCED,	    /* the profile's */
	PR_RULESET_ENFORCED_GLOBAL, /* the same for all profiles */
	PR_RULESET_PROFILE,
	PR_RULESET_GLOBAL,
	PR_RULESET_COUNT_,
};

/* The rules of one list are the numbers from *ret_first on; returns how many. */
uint32_t pr_policy_ruleset(const struct pr_policy *policy, uint32_t profile, bool incoming,
			   enum pr_ruleset ruleset, uint32_t *ret_first);
uint32_t pr_policy_n_rules(const struct pr_policy *policy);

/* True when some deny rule of any list names a protocol of infrastructure: ICMP, ICMPv6, IGMP, dhcp, or UDP
 * without a port or with one of 67, 68, 546, 547. The kernel then doesn't accept infrastructure by itself. */
bool pr_policy_may_deny_infrastructure(const struct pr_policy *policy);
/* The data (PR_FACT_COUNTRY, PR_FACT_ASN, PR_FACT_LISTS) that some rule or setting depends on. */
unsigned int pr_policy_wants_data(const struct pr_policy *policy);
/* PR_FACTS_SEEN that a decision on the profile's links could ever want; a few look-ups. */
unsigned int pr_policy_wants_seen(const struct pr_policy *policy, uint32_t profile,
				  enum pr_direction direction);
/* Could a rule deny by a name (a domain, a list) in front of this one, in the order of the profile's lists?
 * UINT32_MAX: any rule. */
bool pr_policy_denies_name_before(const struct pr_policy *policy, uint32_t profile,
				  enum pr_direction direction, uint32_t rule);
/* Ports, ascending, such that a link to any other one is to the rules of the profile for what is opened from here, and
 * to every check, what one to the greatest of them below it is. None: nothing of the profile's leads through the tunnel. */
const uint16_t *pr_policy_ports(const struct pr_policy *policy, uint32_t profile, uint32_t *ret_n);
/* True when some profile matches by `package`, which costs a look-up for each executable otherwise spared. */
bool pr_policy_wants_package(const struct pr_policy *policy);

/* The rule as written, and where it stands ("profiles/firefox.conf:4", "run-time"). Borrowed from the
 * policy. */
const char *pr_policy_rule_text(const struct pr_policy *policy, uint32_t rule);
const char *pr_policy_rule_place(const struct pr_policy *policy, uint32_t rule);
/* The fact (PR_FACT_…) that its entity is compared with, 0 for *; and the numbers of its lists. */
unsigned int pr_policy_rule_fact(const struct pr_policy *policy, uint32_t rule);
bool pr_policy_rule_has_ports(const struct pr_policy *policy, uint32_t rule);
/* PR_FACT_SPEAKS, PR_FACT_ENCRYPTION: what its protocol's place asks of the packets; 0 for nothing. */
unsigned int pr_policy_rule_seen(const struct pr_policy *policy, uint32_t rule);
const uint32_t *pr_policy_rule_lists(const struct pr_policy *policy, uint32_t rule,
				     uint32_t *ret_n);
/* How long a run-time rule holds. All 0: until it is removed. */
struct pr_rule_end {
	uint64_t expires_s; /* since 1970 */
	bool reboot;	    /* until then */
	pid_t pid;	    /* until this process ends */
};
struct pr_rule_end pr_policy_rule_end(const struct pr_policy *policy, uint32_t rule);
enum pr_rule_action pr_policy_rule_action(const struct pr_policy *policy, uint32_t rule);
/* Name of the upstream of a tunnel rule; "" = the profile's. */
const char *pr_policy_rule_tunnel(const struct pr_policy *policy, uint32_t rule);
