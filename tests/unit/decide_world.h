/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small world to decide in: settings of two profiles and rules as data, from which both the policy under
 * test and the model's answers are made.
 */
#pragma once

#include "firewall/decide.h"

#define WORLD_RULES_MAX	   24
#define WORLD_PROFILE_NAME "app"

enum world_entity {
	WORLD_ANY,
	WORLD_NAME, /* exactly */
	WORLD_ZONE, /* and below */
	WORLD_PREFIX,
	WORLD_SCOPES,
	WORLD_COUNTRY,
	WORLD_ASN,
	WORLD_LIST,
	WORLD_ENTITIES_COUNT_,
};

struct world_rule {
	enum pr_ruleset ruleset;
	bool incoming;	      /* of the two lists that have a direction */
	const char *verbatim; /* the whole text; the fields below are for the model only */
	enum pr_rule_action action;
	enum world_entity entity;
	const char *text;    /* name, zone, country */
	const char *prefix;  /* as text */
	unsigned int scopes; /* PR_SCOPE_BIT_… */
	uint32_t asn;
	int proto;	  /* -1 = any */
	const char *seen; /* in the protocol's place: what packets prove; NULL = none */
	uint16_t first_port, last_port; /* 0 = any */
};

/* The lists there are, by their numbers. */
enum { WORLD_ADS, WORLD_DROP, WORLD_MINE, WORLD_DOH, WORLD_LISTS_COUNT_ };
extern const char *const world_lists[WORLD_LISTS_COUNT_];

struct world {
	struct pr_settings global, app; /* without their lists */
	/* Bits of list numbers. */
	uint64_t global_lists, global_exceptions, app_lists, app_exceptions;
	bool start_grace, rebinding_protection;
	struct world_rule rules[WORLD_RULES_MAX]; /* within a list in this order */
	unsigned int n_rules;
};

/* The defaults of contract.md, and no rule. */
void world_init(struct world *world);
/* Adds a rule as text. */
void world_add(struct world *world, enum pr_ruleset ruleset, bool incoming, const char *text);
/* The rule as the configuration has it. */
const char *world_rule_text(const struct world_rule *rule, char *text, size_t size);

/* Compiles; the test fails where that fails. `ret_app` is the number of the profile. */
struct world_policy {
	struct pr_policy *policy;
	uint32_t app;
	void *bytes;
};
void world_compile(const struct world *world, struct world_policy *ret_policy);
void world_policy_done(struct world_policy *policy);
