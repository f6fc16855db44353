/* SPDX-License-Identifier: GPL-3.0-or-later */
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
	policy->tunnels = section(policy, PR_SECTION_TUNNELS);
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
		.without_tunnel = (enum pr_without_tunnel)blob->without_tunnel,
		.own_dns = blob->own_dns,
		.bypass_prevention = blob->bypass_prevention,
		.generated_domains = (enum pr_on_suspicion)blob->generated_domains,
		.dns_tunnels = (enum pr_on_suspicion)blob->dns_tunnels,
		.foreign_names = (enum pr_on_suspicion)blob->foreign_names,
		.encryption_scopes = blob->encryption_scopes,
		.deny_tls = blob->deny_tls,
		.inspect = blob->inspect,
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
		.attacks = (enum pr_on_suspicion)global->attacks,
		.block_attackers_s = global->block_attackers_s,
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
		    ((rule->proto == IPPROTO_UDP ||
		      rule->proto == PR_PROTO_SPEAKS + PR_SPEAKS_DHCP) &&
		     has_infrastructure_port(policy, rule)))
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
	pr_policy_find_seen(policy);
	pr_policy_find_ports(policy);
	*ret_policy = PR_TAKE_PTR(policy);
	return 0;
}

void pr_policy_free(struct pr_policy *policy)
{
	if (!policy)
		return;
	free(policy->settings);
	free(policy->doh_lists);
	free(policy->rulesets_seen);
	pr_policy_free_ports(policy);
	free(policy);
}
