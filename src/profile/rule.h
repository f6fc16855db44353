/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rule language of contract.md: text in, struct out, and back. Pure. The matching here takes one
 * rule at a time; it is the meaning of the language, which the policy's index is tested against.
 */
#pragma once

#include "base/address.h"
#include "base/name.h"
#include "network/subject.h"
#include "profile/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PR_RULE_TEXT_MAX    2048 /* bytes of a rule with its comment; longer ones are refused */
#define PR_RULE_PORTS_MAX   64	 /* ports and ranges of a rule; more are refused */
#define PR_RULE_LISTS_MAX   32	 /* lists of a rule; more are refused */
#define PR_LIST_ID_MAX	    63	 /* bytes of a list's id */
#define PR_TUNNEL_NAME_MAX  63	 /* bytes of an upstream's name */
#define PR_RULE_MESSAGE_MAX 256	 /* bytes of an error's message with the zero */

#define PR_PROTO_ANY	    256u
/* In the protocol's place, what only inspection proves. */
#define PR_PROTO_ENCRYPTED   257u
#define PR_PROTO_UNENCRYPTED 258u /* all that isn't proven encrypted, of what has ports */
#define PR_PROTO_SPEAKS	     259u /* and the number of enum pr_speaks */
#define PR_PROTO_LAST	     (PR_PROTO_SPEAKS + PR_SPEAKS_COUNT_ - 1u)

enum pr_entity_kind {
	PR_ENTITY_ANY,
	PR_ENTITY_PREFIX,
	PR_ENTITY_NAME,	    /* example.com */
	PR_ENTITY_ZONE,	    /* .example.com: the name and all below */
	PR_ENTITY_SUFFIX,   /* *example.com, *.example.com */
	PR_ENTITY_BEGINS,   /* example.* */
	PR_ENTITY_CONTAINS, /* *exampl* */
	PR_ENTITY_SCOPE,
	PR_ENTITY_COUNTRY,
	PR_ENTITY_CONTINENT,
	PR_ENTITY_ASN,
	PR_ENTITY_LISTS,
	PR_ENTITY_COUNT_,
};

struct pr_port_range {
	uint16_t first, last;
};

struct pr_rule {
	enum pr_rule_action action;
	char tunnel[PR_TUNNEL_NAME_MAX + 1]; /* "" = the profile's */

	enum pr_entity_kind entity;
	struct pr_prefix prefix;
	char domain[PR_NAME_MAX + 3]; /* canonical, without wildcards and the zone's dot */
	unsigned int scopes;	      /* PR_SCOPE_BIT_… */
	char code[3];		      /* country or continent */
	uint32_t asn;
	char lists[PR_RULE_LISTS_MAX][PR_LIST_ID_MAX + 1];
	unsigned int n_lists;

	unsigned int proto; /* or PR_PROTO_… */
	struct pr_port_range ports[PR_RULE_PORTS_MAX];
	unsigned int n_ports; /* 0 = whatever the port */
};

struct pr_rule_error {
	unsigned int column; /* characters from the start of the text, the first is 1 */
	char message[PR_RULE_MESSAGE_MAX];
};

/* 0, or -EINVAL with *ret_error filled: what is wrong, where, and what to write instead. */
PR_MUST_USE int pr_rule_parse(const char *text, struct pr_rule *ret_rule,
			      struct pr_rule_error *ret_error);
/* The canonical text, without the comment: two rules mean the same if and only if their texts are equal.
 * Returns `text`, which holds PR_RULE_TEXT_SIZE bytes. */
#define PR_RULE_TEXT_SIZE 4096
const char *pr_rule_format(const struct pr_rule *rule, char *text);

/* Letters, digits, '-', '_' and '.'. */
bool pr_list_id_character(char c);

/* The one fact (PR_FACT_…) that a rule's protocol is compared with; 0 for *. */
unsigned int pr_proto_fact(unsigned int proto);
/* The one fact (PR_FACT_…) that an entity of this kind is compared with; 0 for *. */
unsigned int pr_entity_fact(enum pr_entity_kind entity);

enum pr_rule_answer {
	PR_ANSWER_NO,	   /* does not match, whatever is still unknown */
	PR_ANSWER_YES,	   /* matches */
	PR_ANSWER_OPEN,	   /* could match, were the facts in *ret_missing known */
	PR_ANSWER_NO_DATA, /* would match or not by data that there is none for; see on_missing_data */
};

/* Does one rule match? `list_numbers` has the number of each of the rule's lists. Set whatever the answer:
 * *ret_missing to the facts (PR_FACT_…) that it lacked, *ret_no_data to those of them that there is no data
 * for. */
enum pr_rule_answer pr_rule_match(const struct pr_rule *rule, const uint32_t *list_numbers,
				  const struct pr_subject *subject, unsigned int *ret_missing,
				  unsigned int *ret_no_data);
