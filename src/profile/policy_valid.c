/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is a blob fit to be read without looking again? Every offset, number and enumerator is checked once, and what
 * makes walks end: parents and fail links go down, hash tables have a free slot. What a wrong value could
 * at most do then is to answer wrongly: whoever can write the blob can do that anyway.
 */
#include "profile/policy_view.h"
#include "profile/rule.h"

static bool span_valid(const struct pr_policy *policy, enum pr_blob_section section,
		       struct pr_blob_span span)
{
	return span.first <= policy->n[section] && span.n <= policy->n[section] - span.first;
}

static bool string_valid(const struct pr_policy *policy, uint32_t offset)
{
	return offset < policy->n[PR_SECTION_STRINGS];
}

static bool rule_valid(const struct pr_policy *policy, uint32_t rule)
{
	return rule == PR_BLOB_NONE || rule < policy->n[PR_SECTION_RULES];
}

static bool ref_valid(const struct pr_policy *policy, uint32_t ref)
{
	if (ref == PR_BLOB_NONE || !(ref & PR_REF_BUCKET))
		return rule_valid(policy, ref);
	return (ref & ~PR_REF_BUCKET) < policy->n[PR_SECTION_BUCKETS];
}

static bool strings_valid(const struct pr_policy *policy, struct pr_blob_span strings)
{
	if (!span_valid(policy, PR_SECTION_NUMBERS, strings))
		return false;
	for (uint32_t i = 0; i < strings.n; i++)
		if (!string_valid(policy, policy->numbers[strings.first + i]))
			return false;
	return true;
}

/* Without host bits, and of a length that a pool may have. */
static bool pool_valid(const struct pr_blob_global *global)
{
	struct pr_address base4 = pr_address_v4(global->pool4),
			  base6 = pr_address_v6(global->pool6);
	struct pr_address masked4, masked6;

	if (global->pool_len4 &&
	    (global->pool_len4 < PR_POOL_LEN4_LEAST || global->pool_len4 > PR_POOL_LEN4_MOST))
		return false;
	if (global->pool_len6 && (global->pool_len6 < PR_POOL_LEN6_LEAST ||
				  global->pool_len6 > PR_POOL_LEN6_MOST || base6.family != 6))
		return false;
	masked4 = pr_address_mask(&base4, global->pool_len4);
	masked6 = pr_address_mask(&base6, global->pool_len6);
	return pr_address_equal(&masked4, &base4) && pr_address_equal(&masked6, &base6);
}

static bool global_valid(const struct pr_policy *policy)
{
	const struct pr_blob_global *global = policy->blob_global;

	return strings_valid(policy, global->upstreams) &&
	       strings_valid(policy, global->rebinding_exceptions) && pool_valid(global) &&
	       global->failure <= PR_FAILURE_OPEN && global->attacks <= PR_SUSPICION_REPORT &&
	       global->n_list_words == (policy->n[PR_SECTION_LISTS] + 63) / 64;
}

static bool profile_valid(const struct pr_policy *policy, const struct pr_blob_profile *profile)
{
	uint32_t n_words = policy->blob_global->n_list_words;

	return string_valid(policy, profile->name) && string_valid(policy, profile->tunnel) &&
	       span_valid(policy, PR_SECTION_WORDS,
			  (struct pr_blob_span){ profile->lists, n_words }) &&
	       span_valid(policy, PR_SECTION_WORDS,
			  (struct pr_blob_span){ profile->exceptions, n_words }) &&
	       profile->default_action <= PR_ACTION_BLOCK &&
	       profile->default_incoming <= PR_ACTION_BLOCK &&
	       profile->deny_outgoing <= PR_DENY_DROP && profile->deny_incoming <= PR_DENY_DROP &&
	       profile->on_missing_data <= PR_MISSING_DENY &&
	       profile->without_tunnel <= PR_WITHOUT_TUNNEL_DIRECT &&
	       profile->dns_blocked <= PR_DNS_REFUSED &&
	       profile->generated_domains <= PR_SUSPICION_DENY &&
	       profile->dns_tunnels <= PR_SUSPICION_DENY &&
	       profile->foreign_names <= PR_SUSPICION_DENY;
}

static bool sources_valid(const struct pr_policy *policy, const struct pr_blob_source *sources,
			  uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!string_valid(policy, sources[i].id) || !string_valid(policy, sources[i].url) ||
		    !string_valid(policy, sources[i].file) ||
		    !string_valid(policy, sources[i].format) ||
		    !string_valid(policy, sources[i].category))
			return false;
	return true;
}

static bool providers_valid(const struct pr_policy *policy)
{
	for (uint32_t i = 0; i < policy->n[PR_SECTION_PROVIDERS]; i++) {
		const struct pr_blob_provider *provider = &policy->providers[i];

		if (!string_valid(policy, provider->id) || provider->type > PR_PROVIDER_HTTP ||
		    !provider->asks ||
		    provider->asks > (PR_PROVIDER_ASKS_DOMAINS | PR_PROVIDER_ASKS_ADDRESSES) ||
		    provider->deadline_ms > PR_PROVIDER_DEADLINE_MOST_MS ||
		    !string_valid(policy, provider->zone) ||
		    !string_valid(policy, provider->server) ||
		    !string_valid(policy, provider->url) || !string_valid(policy, provider->header))
			return false;
	}
	return policy->n[PR_SECTION_PROVIDERS] <= PR_PROVIDERS_MAX;
}

static bool tunnels_valid(const struct pr_policy *policy)
{
	for (uint32_t i = 0; i < policy->n[PR_SECTION_TUNNELS]; i++)
		if (!string_valid(policy, policy->tunnels[i].id) ||
		    !pr_tunnel_id_valid(policy->strings + policy->tunnels[i].id) ||
		    policy->tunnels[i].kind >= PR_TUNNEL_N_KINDS ||
		    policy->tunnels[i].port > UINT16_MAX)
			return false;
	return policy->n[PR_SECTION_TUNNELS] <= PR_TUNNEL_UPSTREAMS_MAX;
}

static bool settings_valid(const struct pr_policy *policy)
{
	for (uint32_t i = 0; i < policy->n[PR_SECTION_PROFILES]; i++)
		if (!profile_valid(policy, &policy->profiles[i]))
			return false;
	if (!sources_valid(policy, policy->lists, policy->n[PR_SECTION_LISTS]) ||
	    !sources_valid(policy, policy->geo, policy->n[PR_SECTION_GEO]) ||
	    !providers_valid(policy) || !tunnels_valid(policy))
		return false;
	for (uint32_t i = 0; i < policy->n[PR_SECTION_MATCHES]; i++) {
		const struct pr_blob_match *match = &policy->matches[i];

		if (match->profile >= policy->n[PR_SECTION_PROFILES])
			return false;
		for (int key = 0; key < PR_MATCH_KEY_COUNT_; key++)
			if (!string_valid(policy, match->keys[key]))
				return false;
	}
	return true;
}

static bool text_valid(const struct pr_policy *policy, uint32_t offset, uint32_t len)
{
	return string_valid(policy, offset) && len < policy->n[PR_SECTION_STRINGS] - offset;
}

static bool one_rule_valid(const struct pr_policy *policy, const struct pr_blob_rule *rule)
{
	unsigned int bits = rule->prefix_family == 4 ? 32 : 128;

	if (rule->action > PR_RULE_TUNNEL || rule->entity >= PR_ENTITY_COUNT_ ||
	    rule->proto > PR_PROTO_LAST || rule->prefix_len > bits)
		return false;
	if (rule->entity >= PR_ENTITY_NAME && rule->entity <= PR_ENTITY_CONTAINS &&
	    !text_valid(policy, rule->value, rule->value_len))
		return false;
	if (!span_valid(policy, PR_SECTION_NUMBERS, rule->lists) ||
	    !span_valid(policy, PR_SECTION_PORTS, rule->ports))
		return false;
	return string_valid(policy, rule->text) && string_valid(policy, rule->place) &&
	       string_valid(policy, rule->tunnel);
}

static bool slots_valid(const struct pr_policy *policy, struct pr_blob_span slots)
{
	bool free_slot = false;

	if (slots.n & (slots.n - 1))
		return false;
	for (uint32_t i = 0; i < slots.n; i++) {
		uint32_t key = policy->slots[slots.first + i].key;

		if (key == PR_BLOB_NONE)
			free_slot = true;
		else if (key >= policy->n[PR_SECTION_KEYS])
			return false;
	}
	return free_slot || !slots.n;
}

static bool states_valid(const struct pr_policy *policy, struct pr_blob_span states)
{
	for (uint32_t i = 0; i < states.n; i++) {
		const struct pr_blob_state *state = &policy->states[states.first + i];
		uint32_t n_children = (uint32_t)__builtin_popcountll(state->children);

		if (n_children &&
		    (state->children & ~PR_BLOB_SYMBOLS || state->first_child <= i ||
		     state->first_child >= states.n || n_children > states.n - state->first_child))
			return false;
		if ((i && (state->fail >= i || state->suffix >= i)) ||
		    (!i && (state->fail || state->suffix)) || !ref_valid(policy, state->ref))
			return false;
	}
	return true;
}

/* Spans of the rulesets follow each other, so that looking at all of them is looking at each record once. */
static bool follows(struct pr_blob_span span, uint32_t *end)
{
	if (!span.n)
		return true;
	if (span.first < *end)
		return false;
	*end = span.first + span.n;
	return true;
}

static bool ruleset_valid(const struct pr_policy *policy, const struct pr_blob_ruleset *ruleset)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(ruleset->scopes); i++)
		if (!ref_valid(policy, ruleset->scopes[i]))
			return false;
	for (size_t i = 0; i < PR_ARRAY_SIZE(ruleset->categories); i++)
		if (!ref_valid(policy, ruleset->categories[i]))
			return false;
	return ref_valid(policy, ruleset->any) &&
	       span_valid(policy, PR_SECTION_RULES, ruleset->rules) &&
	       span_valid(policy, PR_SECTION_STARTS, ruleset->starts[0]) &&
	       span_valid(policy, PR_SECTION_STARTS, ruleset->starts[1]);
}

static bool rulesets_valid(const struct pr_policy *policy)
{
	uint32_t slots_end = 0, states_end = 0;

	for (uint32_t i = 0; i < policy->n[PR_SECTION_RULESETS]; i++) {
		const struct pr_blob_ruleset *ruleset = &policy->rulesets[i];

		if (!ruleset_valid(policy, ruleset) ||
		    !span_valid(policy, PR_SECTION_SLOTS, ruleset->slots) ||
		    !follows(ruleset->slots, &slots_end) || !slots_valid(policy, ruleset->slots) ||
		    !span_valid(policy, PR_SECTION_STATES, ruleset->states) ||
		    !follows(ruleset->states, &states_end) ||
		    !states_valid(policy, ruleset->states))
			return false;
	}
	for (uint32_t i = 0; i < policy->n[PR_SECTION_RULES]; i++)
		if (!one_rule_valid(policy, &policy->rules[i]))
			return false;
	return true;
}

static bool keys_valid(const struct pr_policy *policy)
{
	for (uint32_t i = 0; i < policy->n[PR_SECTION_KEYS]; i++) {
		const struct pr_blob_key *key = &policy->keys[i];
		bool text = key->kind >= PR_ENTITY_NAME && key->kind <= PR_ENTITY_CONTAINS;

		if ((text && !text_valid(policy, key->value, key->len)) ||
		    !ref_valid(policy, key->ref))
			return false;
	}
	for (uint32_t i = 0; i < policy->n[PR_SECTION_STARTS]; i++)
		if (policy->starts[i].node != PR_BLOB_NONE &&
		    policy->starts[i].node >= policy->n[PR_SECTION_NODES])
			return false;
	for (uint32_t i = 0; i < policy->n[PR_SECTION_NODES]; i++) {
		const struct pr_blob_node *node = &policy->nodes[i];

		if ((node->parent != PR_BLOB_NONE && node->parent >= i) ||
		    !ref_valid(policy, node->ref))
			return false;
	}
	return true;
}

static bool buckets_valid(const struct pr_policy *policy)
{
	for (uint32_t i = 0; i < policy->n[PR_SECTION_BUCKETS]; i++)
		if (!span_valid(policy, PR_SECTION_GROUPS, policy->buckets[i].groups) ||
		    !ref_valid(policy, policy->buckets[i].others))
			return false;
	for (uint32_t i = 0; i < policy->n[PR_SECTION_GROUPS]; i++) {
		const struct pr_blob_group *group = &policy->groups[i];

		if (!rule_valid(policy, group->without_ports) ||
		    !rule_valid(policy, group->with_ports) ||
		    !span_valid(policy, PR_SECTION_POINTS, group->points))
			return false;
	}
	for (uint32_t i = 0; i < policy->n[PR_SECTION_POINTS]; i++)
		if (!rule_valid(policy, policy->points[i].rule))
			return false;
	return true;
}

bool pr_policy_valid(const struct pr_policy *policy)
{
	uint32_t n_strings = policy->n[PR_SECTION_STRINGS];

	if (!n_strings || policy->strings[0] || policy->strings[n_strings - 1])
		return false;
	if (policy->n[PR_SECTION_GLOBAL] != 1 || policy->n[PR_SECTION_PROFILES] < 3 ||
	    (uint64_t)policy->n[PR_SECTION_PROFILES] * PR_BLOB_RULESETS !=
		    policy->n[PR_SECTION_RULESETS] ||
	    policy->n[PR_SECTION_RULES] >= PR_REF_BUCKET)
		return false;
	return global_valid(policy) && settings_valid(policy) && rulesets_valid(policy) &&
	       keys_valid(policy) && buckets_valid(policy);
}
