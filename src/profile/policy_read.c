/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an opened policy says, read where it lies: pr_policy_open() has looked at every number. */
#include "base/name.h"
#include "profile/policy_view.h"
#include "profile/rule.h"

#include <string.h>

const struct pr_global_settings *pr_policy_global(const struct pr_policy *policy)
{
	return &policy->global;
}

const struct pr_settings *pr_policy_settings(const struct pr_policy *policy, uint32_t profile)
{
	pr_assert(profile < policy->n[PR_SECTION_PROFILES]);
	return &policy->settings[profile];
}

uint64_t pr_policy_next_expiry_s(const struct pr_policy *policy)
{
	return policy->blob_global->next_expiry_s;
}

uint32_t pr_policy_n_upstreams(const struct pr_policy *policy)
{
	return policy->blob_global->upstreams.n;
}

const char *pr_policy_upstream(const struct pr_policy *policy, uint32_t upstream)
{
	pr_assert(upstream < policy->blob_global->upstreams.n);
	return policy->strings + policy->numbers[policy->blob_global->upstreams.first + upstream];
}

bool pr_policy_excepts_rebinding(const struct pr_policy *policy, const char *domain)
{
	struct pr_blob_span zones = policy->blob_global->rebinding_exceptions;

	for (uint32_t i = 0; i < zones.n; i++)
		if (pr_name_within(domain, policy->strings + policy->numbers[zones.first + i]))
			return true;
	return false;
}

uint32_t pr_policy_n_lists(const struct pr_policy *policy)
{
	return policy->n[PR_SECTION_LISTS];
}

static struct pr_source decode_source(const struct pr_policy *policy,
				      const struct pr_blob_source *blob)
{
	return (struct pr_source){
		.id = policy->strings + blob->id,
		.url = policy->strings + blob->url,
		.file = policy->strings + blob->file,
		.format = policy->strings + blob->format,
		.category = policy->strings + blob->category,
		.interval_s = blob->interval_s,
		.max_bytes = blob->max_bytes,
	};
}

struct pr_source pr_policy_list(const struct pr_policy *policy, uint32_t list)
{
	pr_assert(list < policy->n[PR_SECTION_LISTS]);
	return decode_source(policy, &policy->lists[list]);
}

uint32_t pr_policy_n_list_words(const struct pr_policy *policy)
{
	return policy->blob_global->n_list_words;
}

const uint64_t *pr_policy_doh_lists(const struct pr_policy *policy)
{
	return policy->doh_lists;
}

uint32_t pr_policy_n_geo(const struct pr_policy *policy)
{
	return policy->n[PR_SECTION_GEO];
}

struct pr_source pr_policy_geo(const struct pr_policy *policy, uint32_t geo)
{
	pr_assert(geo < policy->n[PR_SECTION_GEO]);
	return decode_source(policy, &policy->geo[geo]);
}

uint32_t pr_policy_n_providers(const struct pr_policy *policy)
{
	return policy->n[PR_SECTION_PROVIDERS];
}

struct pr_provider pr_policy_provider(const struct pr_policy *policy, uint32_t provider)
{
	const struct pr_blob_provider *blob;

	pr_assert(provider < policy->n[PR_SECTION_PROVIDERS]);
	blob = &policy->providers[provider];
	return (struct pr_provider){
		.id = policy->strings + blob->id,
		.type = (enum pr_provider_type)blob->type,
		.asks = blob->asks,
		.deadline_ms = blob->deadline_ms,
		.cache_least_s = blob->cache_least_s,
		.cache_most_s = blob->cache_most_s,
		.zone = policy->strings + blob->zone,
		.server = policy->strings + blob->server,
		.url = policy->strings + blob->url,
		.header = policy->strings + blob->header,
		.ca = "",
	};
}

uint32_t pr_policy_n_tunnels(const struct pr_policy *policy)
{
	return policy->n[PR_SECTION_TUNNELS];
}

struct pr_policy_tunnel pr_policy_tunnel(const struct pr_policy *policy, uint32_t tunnel)
{
	pr_assert(tunnel < policy->n[PR_SECTION_TUNNELS]);
	return (struct pr_policy_tunnel){
		.id = policy->strings + policy->tunnels[tunnel].id,
		.kind = (enum pr_tunnel_kind)policy->tunnels[tunnel].kind,
		.port = (uint16_t)policy->tunnels[tunnel].port,
		.leads_by = policy->tunnels[tunnel].leads_by,
	};
}

bool pr_policy_tunnel_find(const struct pr_policy *policy, const char *id, uint32_t *ret_tunnel)
{
	for (uint32_t i = 0; i < policy->n[PR_SECTION_TUNNELS]; i++)
		if (strcmp(policy->strings + policy->tunnels[i].id, id) == 0) {
			*ret_tunnel = i;
			return true;
		}
	return false;
}

struct pr_pool_ranges pr_policy_pool_ranges(const struct pr_policy *policy)
{
	const struct pr_blob_global *global = policy->blob_global;
	struct pr_pool_ranges ranges = { .len4 = (uint8_t)global->pool_len4,
					 .len6 = (uint8_t)global->pool_len6 };

	if (ranges.len4)
		ranges.base4 = pr_address_v4(global->pool4);
	if (ranges.len6)
		ranges.base6 = pr_address_v6(global->pool6);
	return ranges;
}

uint32_t pr_policy_n_profiles(const struct pr_policy *policy)
{
	return policy->n[PR_SECTION_PROFILES];
}

const char *pr_policy_profile_name(const struct pr_policy *policy, uint32_t profile)
{
	pr_assert(profile < policy->n[PR_SECTION_PROFILES]);
	return policy->strings + policy->profiles[profile].name;
}

bool pr_policy_profile_find(const struct pr_policy *policy, const char *name, uint32_t *ret_profile)
{
	for (uint32_t i = 0; i < policy->n[PR_SECTION_PROFILES]; i++)
		if (strcmp(pr_policy_profile_name(policy, i), name) == 0) {
			*ret_profile = i;
			return true;
		}
	return false;
}

uint32_t pr_policy_profile_of(const struct pr_policy *policy, const struct pr_identity *identity)
{
	/* By falling score: the first that holds is the best. */
	for (uint32_t i = 0; i < policy->n[PR_SECTION_MATCHES]; i++) {
		const struct pr_blob_match *match = &policy->matches[i];
		struct pr_match_entry entry;

		for (int key = 0; key < PR_MATCH_KEY_COUNT_; key++)
			entry.keys[key] =
				match->keys[key] ? policy->strings + match->keys[key] : NULL;
		if (pr_match_holds(&entry, identity))
			return match->profile;
	}
	return PR_PROFILE_GLOBAL;
}

uint32_t pr_policy_ruleset(const struct pr_policy *policy, uint32_t profile, bool incoming,
			   enum pr_ruleset ruleset, uint32_t *ret_first)
{
	bool enforced = ruleset == PR_RULESET_ENFORCED || ruleset == PR_RULESET_ENFORCED_GLOBAL;
	bool global = ruleset == PR_RULESET_ENFORCED_GLOBAL || ruleset == PR_RULESET_GLOBAL;
	uint32_t kind = (enforced ? PR_BLOB_ENFORCED_OUT : PR_BLOB_OUT) + incoming;
	const struct pr_blob_ruleset *blob;

	pr_assert(profile < policy->n[PR_SECTION_PROFILES]);
	blob = &policy->rulesets[(global ? 0 : profile) * PR_BLOB_RULESETS + kind];
	*ret_first = blob->rules.first;
	return !global && profile == PR_PROFILE_GLOBAL ? 0 : blob->rules.n;
}

uint32_t pr_policy_n_rules(const struct pr_policy *policy)
{
	return policy->n[PR_SECTION_RULES];
}

bool pr_policy_may_deny_infrastructure(const struct pr_policy *policy)
{
	return policy->may_deny_infrastructure;
}

unsigned int pr_policy_wants_data(const struct pr_policy *policy)
{
	return policy->wants_data;
}

bool pr_policy_wants_package(const struct pr_policy *policy)
{
	for (uint32_t i = 0; i < policy->n[PR_SECTION_MATCHES]; i++)
		if (policy->matches[i].keys[PR_KEY_PACKAGE])
			return true;
	return false;
}

static const struct pr_blob_rule *rule_at(const struct pr_policy *policy, uint32_t rule)
{
	pr_assert(rule < policy->n[PR_SECTION_RULES]);
	return &policy->rules[rule];
}

const char *pr_policy_rule_text(const struct pr_policy *policy, uint32_t rule)
{
	return policy->strings + rule_at(policy, rule)->text;
}

const char *pr_policy_rule_place(const struct pr_policy *policy, uint32_t rule)
{
	return policy->strings + rule_at(policy, rule)->place;
}

unsigned int pr_policy_rule_fact(const struct pr_policy *policy, uint32_t rule)
{
	return pr_entity_fact((enum pr_entity_kind)rule_at(policy, rule)->entity);
}

unsigned int pr_policy_rule_seen(const struct pr_policy *policy, uint32_t rule)
{
	return pr_proto_fact(rule_at(policy, rule)->proto) & PR_FACTS_SEEN;
}

const uint32_t *pr_policy_rule_lists(const struct pr_policy *policy, uint32_t rule, uint32_t *ret_n)
{
	const struct pr_blob_rule *blob = rule_at(policy, rule);

	*ret_n = blob->lists.n;
	return policy->numbers + blob->lists.first;
}

struct pr_rule_end pr_policy_rule_end(const struct pr_policy *policy, uint32_t rule)
{
	const struct pr_blob_rule *blob = rule_at(policy, rule);
	bool reboot = blob->until == PR_BLOB_UNTIL_REBOOT;

	return (struct pr_rule_end){ blob->expires_s, reboot, reboot ? 0 : (pid_t)blob->until };
}

enum pr_rule_action pr_policy_rule_action(const struct pr_policy *policy, uint32_t rule)
{
	return (enum pr_rule_action)rule_at(policy, rule)->action;
}

const char *pr_policy_rule_tunnel(const struct pr_policy *policy, uint32_t rule)
{
	return policy->strings + rule_at(policy, rule)->tunnel;
}
