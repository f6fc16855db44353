/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a compiled policy lies in memory. A header, then sections, each an array of one type of record;
 * records refer to others by their number within a section, to texts by their offset in the section of
 * strings. No pointers: the compiler process writes it, the engine maps it read-only wherever it likes.
 * Both are the same build on the same machine: host byte order, and another version is refused.
 *
 * For each ruleset there is an index that answers one question: which is the first rule that matches or
 * could match? It leads from what the subject has (its names, address, country …) to *keys*, each with the
 * rules for that very entity. What of these speak about the subject's protocol and port is answered by a
 * reference: a single rule, or a bucket that has the first rule for every protocol and port. Where a
 * fact of the subject is open, a bucket of all rules that need this fact answers instead. Each bucket leads
 * to another of those of its rules that don't deny: for the look past denials that are open. The cost grows
 * with the subject's labels and the different lengths of patterns, not with the number of rules.
 */
#pragma once

#include "base/address.h"
#include "profile/match.h"
#include "profile/policy.h"

#include <stdint.h>

#define PR_BLOB_MAGIC	"portreev"
#define PR_BLOB_VERSION 10u
#define PR_BLOB_NONE	UINT32_MAX
#define PR_BLOB_LEN_MAX (UINT32_C(1) << 31)

enum pr_blob_section {
	PR_SECTION_STRINGS,   /* char; offset 0 is "" */
	PR_SECTION_WORDS,     /* uint64_t: bitsets of lists */
	PR_SECTION_NUMBERS,   /* uint32_t: the lists of rules, offsets of upstreams */
	PR_SECTION_GLOBAL,    /* struct pr_blob_global, one */
	PR_SECTION_PROFILES,  /* struct pr_blob_profile */
	PR_SECTION_MATCHES,   /* struct pr_blob_match, by falling score */
	PR_SECTION_LISTS,     /* struct pr_blob_source */
	PR_SECTION_GEO,	      /* struct pr_blob_source */
	PR_SECTION_PROVIDERS, /* struct pr_blob_provider */
	PR_SECTION_TUNNELS,   /* struct pr_blob_tunnel */
	PR_SECTION_RULESETS,  /* struct pr_blob_ruleset, PR_BLOB_RULESETS a profile */
	PR_SECTION_RULES,     /* struct pr_blob_rule */
	PR_SECTION_PORTS,     /* struct pr_blob_ports */
	PR_SECTION_SLOTS,     /* struct pr_blob_slot: hash tables of keys */
	PR_SECTION_KEYS,      /* struct pr_blob_key */
	PR_SECTION_STARTS,    /* struct pr_blob_start: ranges of addresses */
	PR_SECTION_NODES,     /* struct pr_blob_node: prefixes */
	PR_SECTION_STATES,    /* struct pr_blob_state: Aho-Corasick automata */
	PR_SECTION_BUCKETS,   /* struct pr_blob_bucket */
	PR_SECTION_GROUPS,    /* struct pr_blob_group */
	PR_SECTION_POINTS,    /* struct pr_blob_point */
	PR_SECTION_COUNT_,
};

struct pr_blob_header {
	char magic[8];
	uint32_t version;
	uint32_t len; /* of everything */
	struct {
		uint32_t offset; /* a multiple of 8 */
		uint32_t n;	 /* records */
	} sections[PR_SECTION_COUNT_];
};

/* A slice of a section. */
struct pr_blob_span {
	uint32_t first, n;
};

struct pr_blob_global {
	uint64_t next_expiry_s;
	uint32_t mark_mask, n_workers, failure, start_grace;
	struct pr_blob_span upstreams;		  /* of NUMBERS */
	struct pr_blob_span rebinding_exceptions; /* of NUMBERS: strings */
	uint32_t n_list_words;
	uint32_t rebinding_protection;
	uint32_t attacks, block_attackers_s;
	uint8_t pool4[4], pool6[16];   /* the prefixes of the tunnel's pool */
	uint32_t pool_len4, pool_len6; /* 0 = none of that family */
};

struct pr_blob_profile {
	uint32_t name, tunnel;	    /* strings */
	uint32_t lists, exceptions; /* first word */
	uint32_t default_action, default_incoming, deny_outgoing, deny_incoming;
	uint32_t on_missing_data, dns_blocked, scopes, incoming_scopes;
	uint32_t ask_hold_ms, ask_question_hold_ms, ask_timeout_s, ask_again_s;
	uint32_t permanent_verdicts, require_encryption, require_tunnel, own_dns;
	uint32_t bypass_prevention, generated_domains, dns_tunnels, foreign_names;
	uint32_t encryption_scopes, deny_tls, inspect, without_tunnel;
};

struct pr_blob_match {
	uint32_t profile;
	uint32_t score;
	uint32_t keys[PR_MATCH_KEY_COUNT_]; /* strings; 0 = the key does not count */
};

struct pr_blob_source {
	uint32_t id, url, file, format, category; /* strings */
	uint32_t interval_s, max_bytes;
};

struct pr_blob_provider {
	uint32_t id; /* string */
	uint32_t type, asks, deadline_ms, cache_least_s, cache_most_s;
	uint32_t zone, server, url, header; /* strings; of the header its name */
};

struct pr_blob_tunnel {
	uint32_t id; /* string */
	uint32_t kind, port, leads_by;
};

/* A profile's rulesets stand behind each other: these. */
enum { PR_BLOB_ENFORCED_OUT, PR_BLOB_ENFORCED_IN, PR_BLOB_OUT, PR_BLOB_IN, PR_BLOB_RULESETS };

/* The hash of keys. Texts are hashed from the end backwards, so that one pass over a name yields all its
 * suffixes; beginnings of names forwards. It needs no secret seed: who chooses the names that are looked up
 * cannot choose the keys, and the table is half empty. */
static inline uint64_t pr_blob_hash_start(void)
{
	return UINT64_C(0xcbf29ce484222325); /* FNV-1a */
}

static inline uint64_t pr_blob_hash_step(uint64_t hash, uint8_t byte)
{
	return (hash ^ byte) * UINT64_C(0x100000001b3);
}

static inline uint32_t pr_blob_hash_finish(uint64_t hash, uint32_t kind)
{
	hash ^= (kind + 1) * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
	return (uint32_t)(hash ^ hash >> 32);
}

static inline uint32_t pr_blob_hash_value(uint32_t value, uint32_t kind)
{
	return pr_blob_hash_finish(value * UINT64_C(0x100000001b3), kind);
}

/* A reference: PR_BLOB_NONE, the number of a rule, or with this bit that of a bucket. */
#define PR_REF_BUCKET UINT32_C(0x80000000)

/* What an entity is compared with, for the buckets of open facts. */
enum pr_blob_category {
	PR_CATEGORY_DOMAIN,
	PR_CATEGORY_ADDRESS,
	PR_CATEGORY_SCOPE,
	PR_CATEGORY_COUNTRY,
	PR_CATEGORY_ASN,
	PR_CATEGORY_LISTS,
	PR_CATEGORY_COUNT_,
};

#define PR_BLOB_LENGTH_WORDS 4 /* bits for the lengths 0 to 255 */

struct pr_blob_ruleset {
	struct pr_blob_span rules;
	struct pr_blob_span slots;     /* n is a power of two, or 0 */
	struct pr_blob_span starts[2]; /* IPv4, IPv6 */
	struct pr_blob_span states;    /* the first is the root; n = 0: no such rules */
	uint32_t any;
	uint32_t scopes[3];
	uint32_t categories[PR_CATEGORY_COUNT_];
	uint32_t kinds;				       /* 1 << PR_ENTITY_… that have keys */
	uint64_t suffix_lengths[PR_BLOB_LENGTH_WORDS]; /* lengths that patterns have */
	uint64_t begins_lengths[PR_BLOB_LENGTH_WORDS];
};

#define PR_BLOB_UNTIL_REBOOT UINT32_MAX

struct pr_blob_rule {
	uint8_t action, entity;
	uint8_t prefix_family, prefix_len;
	uint8_t prefix[16];
	uint32_t value;	    /* domain: string; scopes: bits; country, continent: code; AS: number */
	uint32_t value_len; /* of the domain */
	struct pr_blob_span lists; /* of NUMBERS */
	struct pr_blob_span ports;
	uint32_t proto; /* or PR_PROTO_… */
	uint32_t text, place, tunnel;
	uint32_t until;	    /* a process's id or PR_BLOB_UNTIL_REBOOT; 0 = neither */
	uint64_t expires_s; /* since 1970; 0 = doesn't */
};

struct pr_blob_ports {
	uint16_t first, last;
};

struct pr_blob_slot {
	uint32_t tag;
	uint32_t key; /* PR_BLOB_NONE = free */
};

struct pr_blob_key {
	uint32_t kind;	/* PR_ENTITY_… */
	uint32_t value; /* string, or the value itself */
	uint32_t len;	/* of the string */
	uint32_t ref;
};

/* From this address to the next one's, `node` is the longest prefix; its parents hold as well. */
struct pr_blob_start {
	uint64_t high, low;
	uint32_t node; /* or PR_BLOB_NONE */
	uint32_t reserved;
};

struct pr_blob_node {
	uint32_t parent; /* a smaller number, or PR_BLOB_NONE */
	uint32_t ref;
	uint32_t first; /* smallest rule of this node and its parents */
};

/* States are numbered breadth first, the automaton's root is 0: children stand together, and what fails
 * goes to a smaller number. */
struct pr_blob_state {
	uint64_t children; /* bits of pr_blob_symbol(): the children, in this order */
	uint32_t first_child;
	uint32_t fail;	 /* the longest proper suffix that is a state */
	uint32_t suffix; /* the longest proper suffix that is a pattern; 0 = none */
	uint32_t ref;	 /* rules whose pattern ends here */
	uint32_t first;	 /* smallest rule of this state and of all its suffixes that are patterns */
	uint32_t reserved;
};

/* The number of a byte among those that domains in rules are made of, in the bytes' order; 63 = none. */
static inline unsigned int pr_blob_symbol(uint8_t byte)
{
	if (byte >= 'a' && byte <= 'z')
		return 13u + byte - 'a';
	if (byte >= '0' && byte <= '9')
		return 2u + byte - '0';
	return byte == '-' ? 0 : byte == '.' ? 1 : byte == '_' ? 12 : 63;
}

#define PR_BLOB_SYMBOLS ((UINT64_C(1) << 39) - 1)

/* The child that a byte leads to; 0 = none. */
static inline uint32_t pr_blob_child(const struct pr_blob_state *states, uint32_t state,
				     uint8_t byte)
{
	uint64_t bit = UINT64_C(1) << pr_blob_symbol(byte);

	if (!(states[state].children & bit))
		return 0;
	return states[state].first_child +
	       (uint32_t)__builtin_popcountll(states[state].children & (bit - 1));
}

struct pr_blob_bucket {
	uint32_t first; /* smallest rule */
	uint32_t
		others; /* reference: of these, the rules that don't deny; itself where none does */
	struct pr_blob_span groups;
};

/* The rules of one protocol, or of PR_PROTO_ANY. */
struct pr_blob_group {
	uint32_t proto;
	uint32_t without_ports; /* the first rule without a port */
	uint32_t with_ports;	/* the first rule with any port */
	struct pr_blob_span points;
};

/* From this port to the next point's, this is the first rule. The first point is port 0. */
struct pr_blob_point {
	uint32_t port;
	uint32_t rule;
};

size_t pr_blob_record_size(enum pr_blob_section section);
