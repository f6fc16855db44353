/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of those settings that are groups. */
#include "profile/setting_private.h"

#include "network/provider.h"
#include "network/tunnel.h"

#define DAY (24 * 3600)
#define MIB (INT64_C(1) << 20)

/* As pr_list_format_name() and pr_geo_format_name() have them. */
static const char *const list_formats[] = { "auto",    "hosts",	    "domains", "wildcards",
					    "adblock", "rpz",	    "dnsmasq", "addresses",
					    "asns",    "countries", "unbound", NULL };
static const char *const geo_formats[] = { "auto", "mmdb", "csv-asn", "csv-country", "tor", NULL };

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

const struct pr_setting_key pr_list_keys[PR_SOURCE_KEY_COUNT_] = {
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

const struct pr_setting_key pr_geo_keys[PR_SOURCE_KEY_COUNT_] = {
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

const struct pr_setting_key pr_provider_keys[PR_PROVIDER_KEY_COUNT_] = {
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

const struct pr_setting_key pr_tunnel_keys[PR_TUNNEL_KEY_COUNT_] = {
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
