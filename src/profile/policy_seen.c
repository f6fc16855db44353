/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What of a link's packets a policy could ever ask about. Found once, when the policy is opened, so that a new link
 * costs a few look-ups: most need no inspection at all.
 */
#include "profile/policy_view.h"
#include "profile/rule.h"

static void note(const struct pr_policy *policy, uint32_t number, struct pr_ruleset_seen *seen)
{
	const struct pr_blob_rule *rule = &policy->rules[number];

	seen->wants |= pr_proto_fact(rule->proto) & PR_FACTS_SEEN;
	if (!(pr_entity_fact((enum pr_entity_kind)rule->entity) & (PR_FACT_DOMAIN | PR_FACT_LISTS)))
		return;
	seen->wants |= PR_FACT_NAME;
	if (rule->action == PR_RULE_DENY && number < seen->first_denial)
		seen->first_denial = number;
}

void pr_policy_find_seen(struct pr_policy *policy)
{
	uint32_t n = policy->n[PR_SECTION_RULESETS];

	policy->rulesets_seen = pr_calloc(n, sizeof(*policy->rulesets_seen));
	for (uint32_t i = 0; i < n; i++) {
		struct pr_blob_span rules = policy->rulesets[i].rules;

		policy->rulesets_seen[i].first_denial = PR_BLOB_NONE;
		for (uint32_t k = 0; k < rules.n; k++)
			note(policy, rules.first + k, &policy->rulesets_seen[i]);
	}
}

/* The numbers of the rulesets that are in force, in their order. Returns how many. */
static unsigned int rulesets_of(uint32_t profile, enum pr_direction direction,
				uint32_t ret_rulesets[static PR_RULESET_COUNT_])
{
	uint32_t in = direction == PR_DIRECTION_IN, own = profile * PR_BLOB_RULESETS;
	unsigned int n = 0;

	if (own)
		ret_rulesets[n++] = own + PR_BLOB_ENFORCED_OUT + in;
	ret_rulesets[n++] = PR_BLOB_ENFORCED_OUT + in;
	if (own)
		ret_rulesets[n++] = own + PR_BLOB_OUT + in;
	ret_rulesets[n++] = PR_BLOB_OUT + in;
	return n;
}

static bool has_lists(const struct pr_policy *policy, const struct pr_settings *settings)
{
	for (uint32_t i = 0; i < policy->blob_global->n_list_words; i++)
		if (settings->lists[i])
			return true;
	return false;
}

/* By settings, of links that are opened from here. */
static unsigned int wanted_opening(const struct pr_policy *policy,
				   const struct pr_settings *settings)
{
	unsigned int wants = 0;

	if (has_lists(policy, settings) || settings->foreign_names == PR_SUSPICION_DENY ||
	    settings->deny_tls & PR_TLS_NAMELESS ||
	    (!settings->own_dns && settings->bypass_prevention & (PR_BYPASS_DOT | PR_BYPASS_DOH)))
		wants |= PR_FACT_NAME;
	if (settings->deny_tls & ~PR_TLS_NAMELESS)
		wants |= PR_FACT_CERTIFICATE;
	return wants;
}

unsigned int pr_policy_wants_seen(const struct pr_policy *policy, uint32_t profile,
				  enum pr_direction direction)
{
	const struct pr_settings *settings = pr_policy_settings(policy, profile);
	uint32_t rulesets[PR_RULESET_COUNT_];
	unsigned int n = rulesets_of(profile, direction, rulesets), wants = 0;

	for (unsigned int i = 0; i < n; i++)
		wants |= policy->rulesets_seen[rulesets[i]].wants;
	if (settings->require_encryption && settings->encryption_scopes)
		wants |= PR_FACT_ENCRYPTION;
	/* Nobody was given a name for a link that comes in. */
	if (direction == PR_DIRECTION_IN)
		return wants & ~(unsigned int)PR_FACT_NAME;
	return wants | wanted_opening(policy, settings);
}

bool pr_policy_denies_name_before(const struct pr_policy *policy, uint32_t profile,
				  enum pr_direction direction, uint32_t rule)
{
	uint32_t rulesets[PR_RULESET_COUNT_];
	unsigned int n = rulesets_of(profile, direction, rulesets);

	for (unsigned int i = 0; i < n; i++) {
		struct pr_blob_span rules = policy->rulesets[rulesets[i]].rules;
		uint32_t first = policy->rulesets_seen[rulesets[i]].first_denial;

		if (rule >= rules.first && rule - rules.first < rules.n)
			return first < rule;
		if (first != PR_BLOB_NONE)
			return true;
	}
	return false;
}
