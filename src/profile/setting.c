/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/setting.h"

#include "network/provider.h"
#include "network/tunnel.h"

#include <string.h>

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

/* As pr_list_format_name() and pr_geo_format_name() have them. */
static const char *const list_formats[] = { "auto",    "hosts",	    "domains", "wildcards",
					    "adblock", "rpz",	    "dnsmasq", "addresses",
					    "asns",    "countries", "unbound", NULL };
static const char *const geo_formats[] = { "auto", "mmdb", "csv-asn", "csv-country", "tor", NULL };

#define HOUR 3600
#define DAY  (24 * HOUR)
#define MIB  (INT64_C(1) << 20)

#define KEY_ID(what)                           \
	{                                      \
		"id", PR_TYPE_ID, .help = what \
	}
#define KEY_URL                                                                                      \
	{                                                                                            \
		"url", PR_TYPE_URL,                                                                  \
			.help = "where it is fetched from, `https://…` or `http://…`; what was " \
				"fetched last "                                                      \
				"stays in force while nothing better comes"                          \
	}
#define KEY_FILE                                                                        \
	{                                                                               \
		"file", PR_TYPE_PATH,                                                   \
			.help = "or the file that holds it; read again when it changes" \
	}
#define KEY_INTERVAL(seconds)                                                        \
	{                                                                            \
		"interval", PR_TYPE_NUMBER, NULL, seconds, 60, 366 * DAY, "seconds", \
			"how often it is looked for a new one"                       \
	}
#define KEY_MAX_BYTES                                                               \
	{                                                                           \
		"max_bytes", PR_TYPE_NUMBER, NULL, 64 * MIB, 1, 256 * MIB, "bytes", \
			"a larger one is refused"                                   \
	}

static const struct pr_setting_key list_keys[PR_SOURCE_KEY_COUNT_] = {
	[PR_SOURCE_ID] = KEY_ID("what `lists`, `exceptions` and rules (`L:ads`) call it"),
	[PR_SOURCE_URL] = KEY_URL,
	[PR_SOURCE_FILE] = KEY_FILE,
	[PR_SOURCE_FORMAT] = { "format", PR_TYPE_WORD, list_formats,
			       .help = "how it is written; see intel.md" },
	[PR_SOURCE_CATEGORY] = { "category", PR_TYPE_ID,
				 .help = "lists of one category are called together by it" },
	[PR_SOURCE_INTERVAL] = KEY_INTERVAL(DAY),
	[PR_SOURCE_MAX_BYTES] = KEY_MAX_BYTES,
};

static const struct pr_setting_key geo_keys[PR_SOURCE_KEY_COUNT_] = {
	[PR_SOURCE_ID] = KEY_ID("its name; no list has the same"),
	[PR_SOURCE_URL] = KEY_URL,
	[PR_SOURCE_FILE] = KEY_FILE,
	[PR_SOURCE_FORMAT] = { "format", PR_TYPE_WORD, geo_formats,
			       .help = "how it is written; see intel.md" },
	[PR_SOURCE_INTERVAL] = KEY_INTERVAL(7 * DAY),
	[PR_SOURCE_MAX_BYTES] = KEY_MAX_BYTES,
};

static const char *const provider_types[] = { "dns", "http", NULL };
static const char *const provider_asks[] = { "domains", "addresses", "both", NULL };

static const struct pr_setting_key provider_keys[PR_PROVIDER_KEY_COUNT_] = {
	[PR_PROVIDER_ID] = KEY_ID("what `lists`, `exceptions` and rules (`L:dbl`) call it; "
				  "`ID.CATEGORY` for each category that it answers; no dot"),
	[PR_PROVIDER_TYPE] = { "type", PR_TYPE_WORD, provider_types,
			       .help = "a list in DNS (RFC 5782), or JSON over HTTP" },
	[PR_PROVIDER_ASKS] = { "asks", PR_TYPE_WORD, provider_asks,
			       .help = "what it is asked about" },
	[PR_PROVIDER_ZONE] = { "zone", PR_TYPE_ZONE,
			       .help = "dns: where the list lies: `a.example` is asked for as "
				       "`a.example.ZONE`" },
	[PR_PROVIDER_SERVER] = { "server", PR_TYPE_UPSTREAM,
				 .help = "dns: the nameserver that is asked; without, the "
					 "upstreams" },
	[PR_PROVIDER_CODES] = { "codes", PR_TYPE_CODES,
				.help = "dns: what the addresses of answers mean, `( { address = "
					"\"127.0.0.2\"; category = \"spam\"; } )`" },
	[PR_PROVIDER_TEST_POINTS] = { "test_points", PR_TYPE_BOOL, .default_value = 1,
				      .help = "dns: whether the list has those of RFC 5782, "
					      "section 5, "
					      "and is not asked unless they are right; `true` by "
					      "default" },
	[PR_PROVIDER_URL] = { "url", PR_TYPE_TEMPLATE,
			      .help = "http: what is fetched, with `{entity}` where the domain or "
				      "address goes" },
	[PR_PROVIDER_HEADER] = { "header", PR_TYPE_TEXT,
				 .help = "http: a header that is sent with it, `NAME: VALUE`, for "
					 "a key" },
	[PR_PROVIDER_CA] = { "ca", PR_TYPE_PATH,
			     .help = "http: certificates that the provider's is checked with; "
				     "without, "
				     "the system's" },
	[PR_PROVIDER_DEADLINE] = { "deadline_ms", PR_TYPE_NUMBER, NULL, PR_PROVIDER_DEADLINE_MS,
				   PR_PROVIDER_DEADLINE_LEAST_MS, PR_PROVIDER_DEADLINE_MOST_MS,
				   "milliseconds",
				   "how long an answer of the nameserver waits for it at most" },
	[PR_PROVIDER_CACHE_LEAST] = { "cache_least_s", PR_TYPE_NUMBER, NULL,
				      PR_PROVIDER_CACHE_LEAST_S, 0, 7 * DAY, "seconds",
				      "how long what it said is kept at least, whatever it says" },
	[PR_PROVIDER_CACHE_MOST] = { "cache_most_s", PR_TYPE_NUMBER, NULL, PR_PROVIDER_CACHE_MOST_S,
				     1, 7 * DAY, "seconds", "and at most" },
};

/* As pr_tunnel_choose_name() and pr_tunnel_isolate_name() have them. */
static const char *const tunnel_choices[] = { "order", "latency", "random", NULL };
static const char *const tunnel_isolates[] = { "application", "domain", "link", "none", NULL };

static const struct pr_setting_key tunnel_keys[PR_TUNNEL_KEY_COUNT_] = {
	[PR_TUNNEL_KEY_NAME] = { "name", PR_TYPE_TEXT,
				 .help = "what `tunnel` and rules (`>tor`) call it: letters, "
					 "digits, "
					 "`-`, `_`" },
	[PR_TUNNEL_KEY_URL] = { "url", PR_TYPE_WAY,
				.help = "`socks5://HOST:PORT`; `connect://HOST:PORT`, HTTP CONNECT "
					"over TLS; `http://HOST:PORT`, the same without TLS; or "
					"`interface:NAME`, by which the links leave then" },
	[PR_TUNNEL_KEY_USER] = { "user", PR_TYPE_TEXT, .help = "of a proxy that asks for one" },
	[PR_TUNNEL_KEY_PASSWORD] = { "password", PR_TYPE_TEXT, .help = "and its password" },
	[PR_TUNNEL_KEY_UDP] = { "udp", PR_TYPE_BOOL, .default_value = 1,
				.help = "socks5: whether datagrams are sent through it (UDP "
					"ASSOCIATE); `true` by default. Tor has no way for them" },
	[PR_TUNNEL_KEY_CA] = { "ca", PR_TYPE_PATH,
			       .help = "connect: certificates that the proxy's is checked with, "
				       "below the configuration's directory or where the system's "
				       "lie; without, the system's" },
	[PR_TUNNEL_KEY_NAMESERVERS] = { "nameservers", PR_TYPE_ADDRESSES,
					.help = "interface: who is asked, through it, where the "
						"names lead; without, the system's nameservers "
						"through it" },
	[PR_TUNNEL_KEY_OF] = { "of", PR_TYPE_NAMES,
			       .help = "instead of `url`: upstreams that stand before it, one of "
				       "which is taken, `[ \"a\", \"b\" ]`" },
	[PR_TUNNEL_KEY_CHOOSE] = { "choose", PR_TYPE_WORD, tunnel_choices,
				   .help = "of: the first that works, the quickest, or any, the "
					   "same for what `isolate` keeps together" },
	[PR_TUNNEL_KEY_CHAIN] = { "chain", PR_TYPE_NAMES,
				  .help = "instead of `url`: upstreams that stand before it, each "
					  "reached through the one before; an interface only at "
					  "the first place" },
	[PR_TUNNEL_KEY_ISOLATE] = { "isolate", PR_TYPE_WORD, tunnel_isolates,
				    .help = "which links may share a way (an account of the proxy, "
					    "so a circuit of Tor; the chosen members): those of an "
					    "application, of an application to one domain, no two, "
					    "or all" },
	[PR_TUNNEL_KEY_RENEW] = { "renew_s", PR_TYPE_NUMBER, NULL, PR_TUNNEL_RENEW_S, 0, 7 * DAY,
				  "seconds",
				  "how long new links are given the same way; 0 = always" },
};

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
			      .keys = list_keys, .n_keys = PR_SOURCE_KEY_COUNT_ },
	[PR_SETTING_GEO] = { "geo", PR_TYPE_SOURCES, PR_IN_GLOBAL,
			     .help = "Data on the country and the AS of addresses. A group has an "
				     "`id` and either `url` or `file`; where sources overlap the "
				     "first holds.",
			     .keys = geo_keys, .n_keys = PR_SOURCE_KEY_COUNT_ },
	[PR_SETTING_PROVIDER] = { "provider", PR_TYPE_PROVIDERS, PR_IN_GLOBAL | PR_NOT_STATE,
				  .help = "Who is asked about an entity while its name is being "
					  "resolved. Without any, nothing is sent anywhere. See "
					  "intel.md.",
				  .keys = provider_keys, .n_keys = PR_PROVIDER_KEY_COUNT_ },
	[PR_SETTING_TUNNEL_UPSTREAM] = { "tunnel_upstream", PR_TYPE_TUNNELS,
					 PR_IN_GLOBAL | PR_NOT_STATE,
					 .help = "Ways by which links leave instead of going "
						 "straight "
						 "to where they lead. A group has a `name` and one "
						 "of "
						 "`url`, `of` and `chain`. See tunnel.md.",
					 .keys = tunnel_keys, .n_keys = PR_TUNNEL_KEY_COUNT_ },
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

#define NAME_MAX_LEN 32

/* How many characters to insert, delete or replace (Wagner and Fischer 1974); names only. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[NAME_MAX_LEN + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > NAME_MAX_LEN || b_len > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (unsigned int j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned int i = 1; i <= a_len; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (unsigned int j = 1; j <= b_len; j++) {
			unsigned int replace = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			if (replace < row[j])
				row[j] = replace;
		}
	}
	return row[b_len];
}

#define SUGGEST_WITHIN 3

/* Keeps the name that is closest so far. */
static void compare(const char *name, const char *known, unsigned int *best,
		    const char **suggestion)
{
	unsigned int d = distance(name, known);

	if (d < *best) {
		*best = d;
		*suggestion = known;
	}
}

bool pr_setting_find(const char *name, enum pr_setting_id *ret_id, const char **ret_suggestion)
{
	unsigned int best = SUGGEST_WITHIN + 1;

	*ret_suggestion = NULL;
	for (int i = 0; i < PR_SETTING_COUNT_; i++) {
		if (strcmp(name, settings[i].name) == 0) {
			*ret_id = (enum pr_setting_id)i;
			return true;
		}
		compare(name, settings[i].name, &best, ret_suggestion);
	}
	return false;
}

bool pr_setting_key_find(const struct pr_setting *setting, const char *name, unsigned int *ret_key,
			 const char **ret_suggestion)
{
	unsigned int best = SUGGEST_WITHIN + 1;

	*ret_suggestion = NULL;
	for (unsigned int i = 0; i < setting->n_keys; i++) {
		const char *known = setting->keys[i].name;

		if (!known)
			continue;
		if (strcmp(name, known) == 0) {
			*ret_key = i;
			return true;
		}
		compare(name, known, &best, ret_suggestion);
	}
	return false;
}
