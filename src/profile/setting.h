/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one table of settings. Parsing, `--check`, docs/settings.md and the API's forms come from it: a
 * setting is described here and nowhere else.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum pr_setting_id {
	PR_SETTING_DEFAULT_ACTION,
	PR_SETTING_DEFAULT_INCOMING,
	PR_SETTING_OUTGOING,
	PR_SETTING_INCOMING,
	PR_SETTING_ENFORCED,
	PR_SETTING_ENFORCED_INCOMING,
	PR_SETTING_DENY_OUTGOING,
	PR_SETTING_DENY_INCOMING,
	PR_SETTING_PERMANENT_VERDICTS,
	PR_SETTING_SCOPES,
	PR_SETTING_INCOMING_SCOPES,
	PR_SETTING_BYPASS_PREVENTION,
	PR_SETTING_LISTS,
	PR_SETTING_EXCEPTIONS,
	PR_SETTING_GENERATED_DOMAINS,
	PR_SETTING_DNS_TUNNELS,
	PR_SETTING_ON_MISSING_DATA,
	PR_SETTING_REQUIRE_ENCRYPTION,
	PR_SETTING_ENCRYPTION_SCOPES,
	PR_SETTING_DENY_TLS,
	PR_SETTING_FOREIGN_NAMES,
	PR_SETTING_INSPECT,
	PR_SETTING_REQUIRE_TUNNEL,
	PR_SETTING_TUNNEL,
	PR_SETTING_WITHOUT_TUNNEL,
	PR_SETTING_OWN_DNS,
	PR_SETTING_DNS_BLOCKED,
	PR_SETTING_ASK_HOLD_MS,
	PR_SETTING_ASK_QUESTION_HOLD_MS,
	PR_SETTING_ASK_TIMEOUT_S,
	PR_SETTING_ASK_AGAIN_S,
	PR_SETTING_UPSTREAMS,
	PR_SETTING_REBINDING_PROTECTION,
	PR_SETTING_REBINDING_EXCEPTIONS,
	PR_SETTING_ATTACKS,
	PR_SETTING_BLOCK_ATTACKERS_S,
	PR_SETTING_FAILURE,
	PR_SETTING_START_GRACE,
	PR_SETTING_MARK_MASK,
	PR_SETTING_WORKERS,
	PR_SETTING_LIST,
	PR_SETTING_GEO,
	PR_SETTING_PROVIDER,
	PR_SETTING_TUNNEL_UPSTREAM,
	PR_SETTING_TUNNEL_POOL,
	PR_SETTING_NAME,
	PR_SETTING_MATCH,
	PR_SETTING_RUNTIME,
	PR_SETTING_COUNT_,
};

enum pr_setting_type {
	PR_TYPE_WORD, /* one of `words`; the value is its number */
	PR_TYPE_BOOL,
	PR_TYPE_NUMBER,	   /* `least` to `most` */
	PR_TYPE_WORDS,	   /* some of `words`; the value is a set of bits */
	PR_TYPE_TEXT,	   /* a profile's name */
	PR_TYPE_TUNNEL,	   /* a name of PR_SETTING_TUNNEL_UPSTREAM; "" = none */
	PR_TYPE_UPSTREAMS, /* addresses of nameservers */
	PR_TYPE_IDS,	   /* list ids */
	PR_TYPE_ZONES,	   /* domains, each with all below */
	PR_TYPE_RULES,
	PR_TYPE_SOURCES,   /* groups that say where data comes from */
	PR_TYPE_PROVIDERS, /* groups that say who is asked about an entity */
	PR_TYPE_TUNNELS,   /* groups that say by which ways links may leave */
	PR_TYPE_POOL,	   /* a prefix of each family at most */
	PR_TYPE_MATCH,	   /* groups of match keys */
	PR_TYPE_RUNTIME,   /* run-time rules; the state directory's only */
	PR_TYPE_ID,	   /* of keys of groups alone, as those that follow */
	PR_TYPE_URL,
	PR_TYPE_PATH,
	PR_TYPE_TEMPLATE, /* a URL with {entity} in it */
	PR_TYPE_ZONE,
	PR_TYPE_UPSTREAM,
	PR_TYPE_CODES, /* groups of an address and a category */
	PR_TYPE_WAY,   /* a URL of network/tunnel.h */
	PR_TYPE_ADDRESSES,
	PR_TYPE_NAMES, /* of other groups */
};

/* Where a setting may stand. */
#define PR_IN_GLOBAL  1u
#define PR_IN_PROFILE 2u
#define PR_IN_BOTH    (PR_IN_GLOBAL | PR_IN_PROFILE)
#define PR_NOT_STATE  4u /* only where the administrator writes */
#define PR_ONLY_STATE 8u /* only where we write */

/* A key of the groups that a setting is a list of. */
struct pr_setting_key {
	const char *name; /* NULL: such groups have no such key */
	enum pr_setting_type type;
	const char *const *words; /* NULL-terminated; the first is the default */
	int64_t default_value, least, most;
	const char *unit;
	const char *help;
};

/* The keys of groups of PR_TYPE_SOURCES. */
enum pr_source_key {
	PR_SOURCE_ID,
	PR_SOURCE_URL,
	PR_SOURCE_FILE,
	PR_SOURCE_FORMAT,
	PR_SOURCE_CATEGORY,
	PR_SOURCE_INTERVAL,
	PR_SOURCE_MAX_BYTES,
	PR_SOURCE_KEY_COUNT_,
};

/* The keys of groups of PR_TYPE_PROVIDERS. */
enum pr_provider_key {
	PR_PROVIDER_ID,
	PR_PROVIDER_TYPE,
	PR_PROVIDER_ASKS,
	PR_PROVIDER_ZONE,
	PR_PROVIDER_SERVER,
	PR_PROVIDER_CODES,
	PR_PROVIDER_TEST_POINTS,
	PR_PROVIDER_URL,
	PR_PROVIDER_HEADER,
	PR_PROVIDER_CA,
	PR_PROVIDER_DEADLINE,
	PR_PROVIDER_CACHE_LEAST,
	PR_PROVIDER_CACHE_MOST,
	PR_PROVIDER_KEY_COUNT_,
};

/* The keys of groups of PR_TYPE_TUNNELS. */
enum pr_tunnel_key {
	PR_TUNNEL_KEY_NAME,
	PR_TUNNEL_KEY_URL,
	PR_TUNNEL_KEY_USER,
	PR_TUNNEL_KEY_PASSWORD,
	PR_TUNNEL_KEY_UDP,
	PR_TUNNEL_KEY_CA,
	PR_TUNNEL_KEY_NAMESERVERS,
	PR_TUNNEL_KEY_OF,
	PR_TUNNEL_KEY_CHOOSE,
	PR_TUNNEL_KEY_CHAIN,
	PR_TUNNEL_KEY_ISOLATE,
	PR_TUNNEL_KEY_RENEW,
	PR_TUNNEL_KEY_COUNT_,
};

struct pr_setting {
	const char *name;
	enum pr_setting_type type;
	unsigned int where;
	const char *const *words; /* NULL-terminated */
	int64_t default_value;
	int64_t least, most;
	const char *unit;
	const char *help;
	const struct pr_setting_key
		*keys; /* of groups: an array, in the order of their enumeration */
	unsigned int n_keys;
};

const struct pr_setting *pr_setting(enum pr_setting_id id);
/* False when there is none; then *ret_suggestion is the name that is closest, or NULL. */
bool pr_setting_find(const char *name, enum pr_setting_id *ret_id, const char **ret_suggestion);
/* The same among the keys of a setting's groups. */
bool pr_setting_key_find(const struct pr_setting *setting, const char *name, unsigned int *ret_key,
			 const char **ret_suggestion);
