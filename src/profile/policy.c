/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/name.h"
#include "profile/policy_view.h"
#include "profile/rule.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const void *section(const struct pr_policy *policy, enum pr_blob_section number)
{
	return (const uint8_t *)policy->header + policy->header->sections[number].offset;
}

static bool sections_valid(const struct pr_blob_header *header, size_t len)
{
	for (int i = 0; i < PR_SECTION_COUNT_; i++) {
		uint64_t offset = header->sections[i].offset;
		uint64_t size = (uint64_t)header->sections[i].n *
				pr_blob_record_size((enum pr_blob_section)i);

		if (offset % 8 || offset < sizeof(*header) || offset > len || size > len - offset)
			return false;
	}
	return true;
}

static void find_sections(struct pr_policy *policy)
{
	for (int i = 0; i < PR_SECTION_COUNT_; i++)
		policy->n[i] = policy->header->sections[i].n;
	policy->strings = section(policy, PR_SECTION_STRINGS);
	policy->words = section(policy, PR_SECTION_WORDS);
	policy->numbers = section(policy, PR_SECTION_NUMBERS);
	policy->blob_global = section(policy, PR_SECTION_GLOBAL);
	policy->profiles = section(policy, PR_SECTION_PROFILES);
	policy->matches = section(policy, PR_SECTION_MATCHES);
	policy->lists = section(policy, PR_SECTION_LISTS);
	policy->geo = section(policy, PR_SECTION_GEO);
	policy->providers = section(policy, PR_SECTION_PROVIDERS);
	policy->rulesets = section(policy, PR_SECTION_RULESETS);
	policy->rules = section(policy, PR_SECTION_RULES);
	policy->ports = section(policy, PR_SECTION_PORTS);
	policy->slots = section(policy, PR_SECTION_SLOTS);
	policy->keys = section(policy, PR_SECTION_KEYS);
	policy->starts = section(policy, PR_SECTION_STARTS);
	policy->nodes = section(policy, PR_SECTION_NODES);
	policy->states = section(policy, PR_SECTION_STATES);
	policy->buckets = section(policy, PR_SECTION_BUCKETS);
	policy->groups = section(policy, PR_SECTION_GROUPS);
	policy->points = section(policy, PR_SECTION_POINTS);
}

static struct pr_settings decode(const struct pr_policy *policy, const struct pr_blob_profile *blob)
{
	return (struct pr_settings){
		.default_action = (enum pr_default_action)blob->default_action,
		.default_incoming = (enum pr_default_action)blob->default_incoming,
		.deny_outgoing = (enum pr_deny_how)blob->deny_outgoing,
		.deny_incoming = (enum pr_deny_how)blob->deny_incoming,
		.on_missing_data = (enum pr_on_missing)blob->on_missing_data,
		.dns_blocked = (enum pr_dns_blocked)blob->dns_blocked,
		.scopes = blob->scopes,
		.incoming_scopes = blob->incoming_scopes,
		.ask_hold_ms = blob->ask_hold_ms,
		.ask_question_hold_ms = blob->ask_question_hold_ms,
		.ask_timeout_s = blob->ask_timeout_s,
		.ask_again_s = blob->ask_again_s,
		.permanent_verdicts = blob->permanent_verdicts,
		.require_encryption = blob->require_encryption,
		.require_tunnel = blob->require_tunnel,
		.own_dns = blob->own_dns,
		.bypass_prevention = blob->bypass_prevention,
		.generated_domains = (enum pr_on_suspicion)blob->generated_domains,
		.dns_tunnels = (enum pr_on_suspicion)blob->dns_tunnels,
		.tunnel = policy->strings + blob->tunnel,
		.lists = policy->words + blob->lists,
		.exceptions = policy->words + blob->exceptions,
	};
}

static void decode_settings(struct pr_policy *policy)
{
	const struct pr_blob_global *global = policy->blob_global;

	policy->global = (struct pr_global_settings){
		.mark_mask = global->mark_mask,
		.n_workers = global->n_workers,
		.failure = (enum pr_failure)global->failure,
		.start_grace = global->start_grace,
		.rebinding_protection = global->rebinding_protection,
	};
	policy->settings = pr_calloc(policy->n[PR_SECTION_PROFILES], sizeof(*policy->settings));
	for (uint32_t i = 0; i < policy->n[PR_SECTION_PROFILES]; i++)
		policy->settings[i] = decode(policy, &policy->profiles[i]);
}

/* DHCP's ports: RFC 2131, 4.1 and RFC 8415, 7.2. */
static bool has_infrastructure_port(const struct pr_policy *policy, const struct pr_blob_rule *rule)
{
	static const uint16_t dhcp[] = { 67, 68, 546, 547 };

	for (uint32_t i = 0; i < rule->ports.n; i++)
		for (size_t j = 0; j < PR_ARRAY_SIZE(dhcp); j++)
			if (policy->ports[rule->ports.first + i].first <= dhcp[j] &&
			    policy->ports[rule->ports.first + i].last >= dhcp[j])
				return true;
	return rule->ports.n == 0;
}

static bool denies_infrastructure(const struct pr_policy *policy)
{
	for (uint32_t i = 0; i < policy->n[PR_SECTION_RULES]; i++) {
		const struct pr_blob_rule *rule = &policy->rules[i];

		if (rule->action != PR_RULE_DENY)
			continue;
		if (rule->proto == IPPROTO_ICMP || rule->proto == IPPROTO_ICMPV6 ||
		    rule->proto == IPPROTO_IGMP ||
		    (rule->proto == IPPROTO_UDP && has_infrastructure_port(policy, rule)))
			return true;
	}
	return false;
}

/* What the rules and the profiles' lists depend on. */
static unsigned int wanted_data(const struct pr_policy *policy)
{
	uint32_t n_words = policy->blob_global->n_list_words;
	unsigned int wanted = policy->doh_lists ? PR_FACT_LISTS : 0;

	for (uint32_t i = 0; i < policy->n[PR_SECTION_RULES]; i++)
		wanted |= pr_policy_rule_fact(policy, i) & PR_FACTS_DATA;
	for (uint32_t i = 0; i < policy->n[PR_SECTION_PROFILES]; i++)
		for (uint32_t word = 0; word < n_words; word++)
			if (policy->settings[i].lists[word])
				wanted |= PR_FACT_LISTS;
	return wanted;
}

static uint64_t *find_doh_lists(const struct pr_policy *policy)
{
	uint64_t *lists = NULL;
	bool wanted = false;

	for (uint32_t i = 0; i < policy->n[PR_SECTION_PROFILES]; i++)
		wanted = wanted || policy->settings[i].bypass_prevention & PR_BYPASS_DOH;
	for (uint32_t i = 0; wanted && !lists && i < policy->n[PR_SECTION_LISTS]; i++) {
		if (strcmp(policy->strings + policy->lists[i].id, PR_POLICY_DOH_LIST) != 0)
			continue;
		lists = pr_calloc(policy->blob_global->n_list_words, sizeof(*lists));
		lists[i / 64] = UINT64_C(1) << i % 64;
	}
	return lists;
}

int pr_policy_open(const void *bytes, size_t len, struct pr_policy **ret_policy)
{
	PR_CLEANUP(pr_policy_cleanup) struct pr_policy *policy = NULL;
	const struct pr_blob_header *header = bytes;

	if (!bytes || (uintptr_t)bytes % 8 || len < sizeof(*header) || len > PR_BLOB_LEN_MAX)
		return -EBADMSG;
	if (memcmp(header->magic, PR_BLOB_MAGIC, sizeof(header->magic)) != 0 ||
	    header->version != PR_BLOB_VERSION || header->len != len ||
	    !sections_valid(header, len))
		return -EBADMSG;
	policy = pr_calloc(1, sizeof(*policy));
	policy->header = header;
	find_sections(policy);
	if (!pr_policy_valid(policy))
		return -EBADMSG;
	decode_settings(policy);
	policy->doh_lists = find_doh_lists(policy);
	policy->wants_data = wanted_data(policy);
	policy->may_deny_infrastructure = denies_infrastructure(policy);
	*ret_policy = PR_TAKE_PTR(policy);
	return 0;
}

void pr_policy_free(struct pr_policy *policy)
{
	if (!policy)
		return;
	free(policy->settings);
	free(policy->doh_lists);
	free(policy);
}

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

const char *pr_policy_rule_tunnel(const struct pr_policy *policy, uint32_t rule)
{
	return policy->strings + rule_at(policy, rule)->tunnel;
}
