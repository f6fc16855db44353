/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An opened policy from the inside: the sections of its blob as arrays. */
#pragma once

#include "profile/blob.h"
#include "profile/policy.h"

/* What a ruleset says of what is only seen later. */
struct pr_ruleset_seen {
	unsigned int wants;    /* PR_FACTS_SEEN */
	uint32_t first_denial; /* the first rule that denies by a name, or PR_BLOB_NONE */
};

struct pr_policy_ports {
	uint16_t *first; /* owned; ascending */
	uint32_t n;
};

struct pr_policy {
	const struct pr_blob_header *header;
	uint32_t n[PR_SECTION_COUNT_];
	const char *strings;
	const uint64_t *words;
	const uint32_t *numbers;
	const struct pr_blob_global *blob_global;
	const struct pr_blob_profile *profiles;
	const struct pr_blob_match *matches;
	const struct pr_blob_source *lists, *geo;
	const struct pr_blob_provider *providers;
	const struct pr_blob_tunnel *tunnels;
	const struct pr_blob_ruleset *rulesets;
	const struct pr_blob_rule *rules;
	const struct pr_blob_ports *ports;
	const struct pr_blob_slot *slots;
	const struct pr_blob_key *keys;
	const struct pr_blob_start *starts;
	const struct pr_blob_node *nodes;
	const struct pr_blob_state *states;
	const struct pr_blob_bucket *buckets;
	const struct pr_blob_group *groups;
	const struct pr_blob_point *points;

	struct pr_global_settings global;
	struct pr_settings *settings; /* a profile each; owned */
	uint64_t *doh_lists;	      /* owned; NULL = no profile wants them denied */
	unsigned int wants_data;
	struct pr_ruleset_seen *rulesets_seen; /* by ruleset; owned */
	struct pr_policy_ports *ports_of;      /* by profile; owned */
	bool may_deny_infrastructure;
};

/* True when every number and offset in the sections lies inside, and every walk ends. */
bool pr_policy_valid(const struct pr_policy *policy);

/* policy_seen.c: fills in rulesets_seen. */
void pr_policy_find_seen(struct pr_policy *policy);

/* policy_services.c: fills in ports_of, and frees it. */
void pr_policy_find_ports(struct pr_policy *policy);
void pr_policy_free_ports(struct pr_policy *policy);

/* What rules are looked for: those that don't exclude what a subject says of its protocol and port. */
enum pr_known { PR_IS_KNOWN, PR_IS_OPEN, PR_IS_NONE };
struct pr_search {
	enum pr_known proto_is, port_is;
	uint32_t proto, port;
	enum pr_known speaks_is, encryption_is; /* NONE: no rule that asks for it */
	enum pr_known carrier_is;		/* the protocol, of what is seen in it */
	uint8_t speaks, encryption;
	bool has_ports; /* with the protocol known */
	bool others;	/* of these the ones that don't deny */
};

/* The smaller of `best` and the first rule of the reference that is looked for. */
uint32_t pr_policy_ref_first(const struct pr_policy *policy, uint32_t ref,
			     const struct pr_search *search, uint32_t best);
/* The smaller of `best` and the first rule for one of the subject's domains, for its address. */
uint32_t pr_policy_domains_first(const struct pr_policy *policy,
				 const struct pr_blob_ruleset *ruleset,
				 const struct pr_subject *subject, const struct pr_search *search,
				 uint32_t best);
uint32_t pr_policy_address_first(const struct pr_policy *policy,
				 const struct pr_blob_ruleset *ruleset,
				 const struct pr_address *address, const struct pr_search *search,
				 uint32_t best);
/* The reference of a key that is a number; PR_BLOB_NONE when there is none. */
uint32_t pr_policy_value_ref(const struct pr_policy *policy, const struct pr_blob_ruleset *ruleset,
			     uint32_t kind, uint32_t value);
