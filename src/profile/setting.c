/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of settings: what there is, of which type, and what it means. */
#include "profile/setting_private.h"

static const char *const actions[] = { "permit", "ask", "block", NULL };
static const char *const denials[] = { "block", "drop", NULL };
static const char *const missing[] = { "skip", "deny", NULL };
static const char *const blocked[] = { "nxdomain", "zero", "refused", NULL };
static const char *const failures[] = { "closed", "open", NULL };
static const char *const scopes[] = { "localhost", "lan", "internet", "peer-to-peer", NULL };

static const char *const bypasses[] = { "canary", "discovery", "dot", "doh", NULL };
static const char *const suspicious[] = { "ignore", "report", "deny", NULL };
static const char *const without_tunnel[] = { "block", "direct", NULL };
static const char *const attacks[] = { "ignore", "report", NULL };
static const char *const encryption_scopes[] = { "localhost", "lan", "internet", NULL };
static const char *const denied_tls[] = { "nameless", "old", "self-issued", "expired", NULL };

#define DAY (24 * 3600)

static const struct pr_setting settings[PR_SETTING_COUNT_] = {
	[PR_SETTING_DEFAULT_ACTION] = { "default_action", PR_TYPE_WORD, PR_IN_BOTH, actions,
					.help = "What happens to outgoing communications, and to "
						"forwarded ones, that no "
						"rule and no other check decides." },
	[PR_SETTING_DEFAULT_INCOMING] = { "default_incoming", PR_TYPE_WORD, PR_IN_BOTH, actions,
					  .help = "The same for incoming communications." },
	[PR_SETTING_OUTGOING] = { "outgoing", PR_TYPE_RULES, PR_IN_BOTH,
				  .help = "Rules for what applications of this host open, and for "
					  "what is forwarded; "
					  "the first match wins. A profile's stand before the "
					  "global ones." },
	[PR_SETTING_INCOMING] = { "incoming", PR_TYPE_RULES, PR_IN_BOTH,
				  .help = "Rules for what is opened towards applications of this "
					  "host; the entity is "
					  "the far end, the port the local one." },
	[PR_SETTING_ENFORCED] = { "enforced", PR_TYPE_RULES, PR_IN_BOTH | PR_NOT_STATE,
				  .help = "Rules that stand before all others, run-time rules "
					  "included; for outgoing "
					  "and forwarded communications. Only the configuration "
					  "directory can hold "
					  "them." },
	[PR_SETTING_ENFORCED_INCOMING] = { "enforced_incoming", PR_TYPE_RULES,
					   PR_IN_BOTH | PR_NOT_STATE,
					   .help = "The same for incoming communications." },
	[PR_SETTING_DENY_OUTGOING] = { "deny_outgoing", PR_TYPE_WORD, PR_IN_BOTH, denials,
				       .help = "How an outgoing link is denied: `block` tells the "
					       "application at once "
					       "(a TCP reset or an ICMP error), `drop` lets it "
					       "time out." },
	[PR_SETTING_DENY_INCOMING] = { "deny_incoming", PR_TYPE_WORD, PR_IN_BOTH, denials, 1,
				       .help = "How an incoming link is denied; `drop` doesn't "
					       "show that there is a host." },
	[PR_SETTING_PERMANENT_VERDICTS] = { "permanent_verdicts", PR_TYPE_BOOL, PR_IN_BOTH,
					    .default_value = 1,
					    .help = "Whether the kernel alone handles a link once "
						    "its verdict is final. Without, "
						    "every packet passes through the engine." },
	[PR_SETTING_SCOPES] = { "scopes", PR_TYPE_WORDS, PR_IN_BOTH, scopes, 15,
				.help = "Where outgoing communications may lead. `peer-to-peer` "
					"are addresses that no "
					"name led to." },
	[PR_SETTING_INCOMING_SCOPES] = { "incoming_scopes", PR_TYPE_WORDS, PR_IN_BOTH, scopes, 15,
					 .help = "Where incoming communications may come from." },
	[PR_SETTING_BYPASS_PREVENTION] = { "bypass_prevention", PR_TYPE_WORDS, PR_IN_BOTH, bypasses,
					   3,
					   .help = "Ways past Portreeve's nameserver that are "
						   "closed. `canary`: names by which "
						   "browsers and systems ask "
						   "whether they may use a nameserver of their own "
						   "are answered: no. "
						   "`discovery`: a nameserver's encrypted "
						   "twin is not told of (resolver.arpa). `dot`: "
						   "DNS over TLS, DTLS and QUIC, "
						   "port 853 or by its ALPN. `doh`: names and "
						   "addresses of the list `doh`, known to serve "
						   "DNS over HTTPS, and links with names that "
						   "seem to have come by it. Profiles with "
						   "`own_dns` are exempt." },
	[PR_SETTING_LISTS] = { "lists", PR_TYPE_IDS, PR_IN_BOTH,
			       .help = "Ids or categories of lists; an entity on one of them is "
				       "denied." },
	[PR_SETTING_EXCEPTIONS] = { "exceptions", PR_TYPE_IDS, PR_IN_BOTH,
				    .help = "Ids or categories of lists; an entity on one of them "
					    "is not denied "
					    "by `lists`." },
	[PR_SETTING_GENERATED_DOMAINS] = { "generated_domains", PR_TYPE_WORD, PR_IN_BOTH,
					   suspicious, 1,
					   .help = "What happens to questions for names that look "
						   "made by a program, as those "
						   "of botnets are: `report` "
						   "names the suspicion in the event, `deny` "
						   "refuses them." },
	[PR_SETTING_DNS_TUNNELS] = { "dns_tunnels", PR_TYPE_WORD, PR_IN_BOTH, suspicious, 1,
				     .help = "The same for questions that look like data carried "
					     "out in names." },
	[PR_SETTING_ON_MISSING_DATA] = { "on_missing_data", PR_TYPE_WORD, PR_IN_BOTH, missing,
					 .help = "What a rule does that needs a country, an AS or "
						 "a list for which there is no "
						 "data: `skip` it, or `deny` what it might have "
						 "matched." },
	[PR_SETTING_REQUIRE_ENCRYPTION] = { "require_encryption", PR_TYPE_BOOL, PR_IN_BOTH,
					    .help = "Whether links must be encrypted, outgoing "
						    "and incoming ones, in the scopes that "
						    "`encryption_scopes` names. What is sent is "
						    "held until it is proven; a link that "
						    "isn't is cut before a byte of it has "
						    "arrived. Rules are its exceptions." },
	[PR_SETTING_ENCRYPTION_SCOPES] = { "encryption_scopes", PR_TYPE_WORDS, PR_IN_BOTH,
					   encryption_scopes, 6,
					   .help = "Where `require_encryption` holds." },
	[PR_SETTING_DENY_TLS] = { "deny_tls", PR_TYPE_WORDS, PR_IN_BOTH, denied_tls,
				  .help = "What of TLS, DTLS and QUIC is denied on links that are "
					  "opened. `nameless`: the client names no server. `old`: "
					  "a "
					  "version below TLS 1.2 (RFC 8996). `self-issued` and "
					  "`expired`: the server's certificate, where it is "
					  "visible "
					  "(up to TLS 1.2)." },
	[PR_SETTING_FOREIGN_NAMES] = { "foreign_names", PR_TYPE_WORD, PR_IN_BOTH, suspicious, 1,
				       .help = "What happens to links whose packets name a server "
					       "that the application was never given for the "
					       "address (domain fronting, addresses that it "
					       "brought "
					       "along): `report` shows the name as claimed, `deny` "
					       "cuts the link." },
	[PR_SETTING_INSPECT] = { "inspect", PR_TYPE_BOOL, PR_IN_BOTH, .default_value = 1,
				 .help = "Whether it is found out for display what links show of "
					 "themselves: protocol, names, encryption. Without, only "
					 "what the policy needs." },
	[PR_SETTING_REQUIRE_TUNNEL] = { "require_tunnel", PR_TYPE_BOOL, PR_IN_BOTH,
					.help = "Whether what leads to the Internet must go "
						"through the tunnel. Rules are its exceptions. "
						"See tunnel.md." },
	[PR_SETTING_TUNNEL] = { "tunnel", PR_TYPE_TUNNEL, PR_IN_BOTH,
				.help = "Name of the tunnel's upstream that `>` rules and "
					"`require_tunnel` use; a rule `>NAME` names its own." },
	[PR_SETTING_WITHOUT_TUNNEL] = { "without_tunnel", PR_TYPE_WORD, PR_IN_BOTH, without_tunnel,
					.help = "What becomes of links of the tunnel while none of "
						"its upstreams works: they are blocked, or go "
						"`direct`, around it." },
	[PR_SETTING_OWN_DNS] = { "own_dns", PR_TYPE_BOOL, PR_IN_BOTH,
				 .help = "The application is a nameserver of its own: its "
					 "questions to other "
					 "nameservers are not rerouted to Portreeve's." },
	[PR_SETTING_DNS_BLOCKED] = { "dns_blocked", PR_TYPE_WORD, PR_IN_BOTH, blocked,
				     .help = "The answer to a question that is denied: the name "
					     "does not exist, its "
					     "address is zero, or the server refuses." },
	[PR_SETTING_ASK_HOLD_MS] = { "ask_hold_ms", PR_TYPE_NUMBER, PR_IN_BOTH, NULL, 500, 0, 10000,
				     "milliseconds",
				     "How long a packet is held for an answer to a prompt; then it "
				     "is dropped, and the "
				     "retransmission finds the answer." },
	[PR_SETTING_ASK_QUESTION_HOLD_MS] = { "ask_question_hold_ms", PR_TYPE_NUMBER, PR_IN_BOTH,
					      NULL, 2000, 0, 10000, "milliseconds",
					      "The same for a DNS question, which is then left "
					      "unanswered." },
	[PR_SETTING_ASK_TIMEOUT_S] = { "ask_timeout_s", PR_TYPE_NUMBER, PR_IN_BOTH, NULL, 120, 1,
				       DAY, "seconds", "How long a prompt stays open." },
	[PR_SETTING_ASK_AGAIN_S] = { "ask_again_s", PR_TYPE_NUMBER, PR_IN_BOTH, NULL, 600, 0, DAY,
				     "seconds",
				     "How long after a prompt that nobody answered the next may be "
				     "raised for the same "
				     "communication; denied meanwhile." },
	[PR_SETTING_UPSTREAMS] = { "upstreams", PR_TYPE_UPSTREAMS, PR_IN_GLOBAL,
				   .help = "Nameservers to ask: addresses, with `@PORT` where it "
					   "isn't 53 (`192.0.2.1:5353` and `[2001:db8::1]:5353` do "
					   "as well), link-local ones with their interface "
					   "(`fe80::1%eth0`). Without any, those of the system." },
	[PR_SETTING_REBINDING_PROTECTION] = { "rebinding_protection", PR_TYPE_BOOL, PR_IN_GLOBAL,
					      .default_value = 1,
					      .help = "Whether answers of nameservers on the "
						      "Internet that lead to this host or "
						      "its networks are refused "
						      "(DNS rebinding). Names that are special by "
						      "their use (home.arpa, local, "
						      "internal, lan, localhost) may "
						      "lead there." },
	[PR_SETTING_REBINDING_EXCEPTIONS] = { "rebinding_exceptions", PR_TYPE_ZONES, PR_IN_GLOBAL,
					      .help = "Domains that may lead there too, each with "
						      "all below." },
	[PR_SETTING_ATTACKS] = { "attacks", PR_TYPE_WORD, PR_IN_GLOBAL, attacks, 1,
				 .help = "What happens to scans, floods of half-open connections, "
					 "malformed packets and claims of the gateway's address: "
					 "`report` tells of each once." },
	[PR_SETTING_BLOCK_ATTACKERS_S] = { "block_attackers_s", PR_TYPE_NUMBER, PR_IN_GLOBAL, NULL,
					   0, 0, DAY, "seconds",
					   "How long what comes from the source of an attack is "
					   "dropped. 0 = not at all." },
	[PR_SETTING_FAILURE] = { "failure", PR_TYPE_WORD, PR_IN_GLOBAL, failures,
				 .help = "What happens when Portreeve dies: `closed` lets nothing "
					 "new pass until it is "
					 "back, `open` removes the rules." },
	[PR_SETTING_START_GRACE] = { "start_grace", PR_TYPE_BOOL, PR_IN_GLOBAL, .default_value = 1,
				     .help = "Whether links older than the daemon that only a "
					     "default would deny live "
					     "until they end." },
	[PR_SETTING_MARK_MASK] = { "mark_mask", PR_TYPE_NUMBER, PR_IN_GLOBAL, NULL, 0xff000000,
				   0xff, 0xff000000, "bits",
				   "The bits of packet marks and conntrack marks that are "
				   "Portreeve's: exactly eight "
				   "that stand together. All others are never touched." },
	[PR_SETTING_WORKERS] = { "workers", PR_TYPE_NUMBER, PR_IN_GLOBAL, NULL, 0, 0, 64, "threads",
				 "Queues, with a thread each. 0 = one for every two cores, four at "
				 "most." },
	[PR_SETTING_LIST] = { "list", PR_TYPE_SOURCES, PR_IN_GLOBAL,
			      .help = "Lists of domains, addresses, ASes or countries. A group "
				      "has an `id` and either `url` or `file`.",
			      .keys = pr_list_keys, .n_keys = PR_SOURCE_KEY_COUNT_ },
	[PR_SETTING_GEO] = { "geo", PR_TYPE_SOURCES, PR_IN_GLOBAL,
			     .help = "Data on the country and the AS of addresses. A group has an "
				     "`id` and either `url` or `file`; where sources overlap the "
				     "first holds.",
			     .keys = pr_geo_keys, .n_keys = PR_SOURCE_KEY_COUNT_ },
	[PR_SETTING_PROVIDER] = { "provider", PR_TYPE_PROVIDERS, PR_IN_GLOBAL | PR_NOT_STATE,
				  .help = "Who is asked about an entity while its name is being "
					  "resolved. Without any, nothing is sent anywhere. See "
					  "intel.md.",
				  .keys = pr_provider_keys, .n_keys = PR_PROVIDER_KEY_COUNT_ },
	[PR_SETTING_TUNNEL_UPSTREAM] = { "tunnel_upstream", PR_TYPE_TUNNELS,
					 PR_IN_GLOBAL | PR_NOT_STATE,
					 .help = "Ways by which links leave instead of going "
						 "straight "
						 "to where they lead. A group has a `name` and one "
						 "of "
						 "`url`, `of` and `chain`. See tunnel.md.",
					 .keys = pr_tunnel_keys, .n_keys = PR_TUNNEL_KEY_COUNT_ },
	[PR_SETTING_TUNNEL_POOL] = { "tunnel_pool", PR_TYPE_POOL, PR_IN_GLOBAL,
				     .help = "Addresses that stand for names which are resolved at "
					     "the far end of the tunnel: a prefix of each family "
					     "at "
					     "most, /8 to /24 and /16 to /96. No other use may be "
					     "made "
					     "of them. `[ ]` = none: what only the tunnel may "
					     "resolve is "
					     "not resolved at all." },
	[PR_SETTING_NAME] = { "name", PR_TYPE_TEXT, PR_IN_PROFILE,
			      .help = "The profile's name. Files of different layers with the same "
				      "name are one "
				      "profile. `unknown` is the profile of links without a known "
				      "owner, `kernel` "
				      "of what the kernel itself sends." },
	[PR_SETTING_MATCH] = { "match", PR_TYPE_MATCH, PR_IN_PROFILE,
			       .help = "Which processes have the profile: groups of one or more of "
				       "`path`, "
				       "`pattern`, `package`, `container`, `unit`, `cgroup`, "
				       "`user`, `script`, "
				       "`cmdline`; all of a group must hold. See profile.md." },
	[PR_SETTING_RUNTIME] = { "runtime", PR_TYPE_RUNTIME, PR_IN_BOTH | PR_ONLY_STATE,
				 .help = "Rules that were added at run time, the newest first: "
					 "groups of `rule`, "
					 "`direction` (out, in), and where they don't hold for "
					 "ever `expires` "
					 "(seconds since 1970), `until_reboot` with `boot_id`, "
					 "`pid` with "
					 "`start_time`." },
};

const struct pr_setting *pr_setting(enum pr_setting_id id)
{
	return &settings[id];
}
