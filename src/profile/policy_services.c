/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ports that stand for all others: the first of each range within which no rule of a profile, and no check, tells one from
 * another. So that "whatever link comes" can be asked by asking about a few. Found once, when the policy is opened,
 * and only for profiles that may use the tunnel: nothing else asks.
 */
#include "profile/policy_view.h"

#include <string.h>

#define N_PORTS 65536u

struct boundaries {
	uint8_t bits[N_PORTS / 8];
};

static void add(struct boundaries *boundaries, uint32_t port)
{
	if (port < N_PORTS)
		boundaries->bits[port / 8] |= (uint8_t)(1u << port % 8);
}

static bool has(const struct boundaries *boundaries, uint32_t port)
{
	return boundaries->bits[port / 8] >> port % 8 & 1;
}

/* Does one of the rules lead through the tunnel? */
static bool add_ruleset(const struct pr_policy *policy, uint32_t ruleset,
			struct boundaries *boundaries)
{
	struct pr_blob_span rules = policy->rulesets[ruleset].rules;
	bool tunnels = false;

	for (uint32_t i = 0; i < rules.n; i++) {
		const struct pr_blob_rule *rule = &policy->rules[rules.first + i];

		tunnels = tunnels || rule->action == PR_RULE_TUNNEL;
		for (uint32_t k = 0; k < rule->ports.n; k++) {
			const struct pr_blob_ports *ports = &policy->ports[rule->ports.first + k];

			add(boundaries, ports->first);
			add(boundaries, (uint32_t)ports->last + 1);
		}
	}
	return tunnels;
}

static struct pr_policy_ports ports_of(const struct pr_policy *policy, uint32_t profile,
				       struct boundaries *boundaries)
{
	uint32_t own = profile * PR_BLOB_RULESETS;
	const uint32_t rulesets[] = { own + PR_BLOB_ENFORCED_OUT, own + PR_BLOB_OUT,
				      PR_BLOB_ENFORCED_OUT, PR_BLOB_OUT };
	/* The ports that checks name: DNS, and DNS over TLS. */
	static const uint16_t named[] = { 0, 53, 54, 853, 854 };
	bool tunnels = policy->settings[profile].require_tunnel;
	struct pr_policy_ports ports = { 0 };

	memset(boundaries, 0, sizeof(*boundaries));
	for (size_t i = 0; i < PR_ARRAY_SIZE(rulesets); i++)
		tunnels |= add_ruleset(policy, rulesets[i], boundaries);
	if (!tunnels)
		return ports;
	for (size_t i = 0; i < PR_ARRAY_SIZE(named); i++)
		add(boundaries, named[i]);
	for (uint32_t i = 0; i < sizeof(boundaries->bits); i++)
		ports.n += (uint32_t)__builtin_popcount(boundaries->bits[i]);
	ports.first = pr_calloc(ports.n, sizeof(*ports.first));
	for (uint32_t port = 0, n = 0; port < N_PORTS; port++)
		if (has(boundaries, port))
			ports.first[n++] = (uint16_t)port;
	return ports;
}

void pr_policy_find_ports(struct pr_policy *policy)
{
	uint32_t n = policy->n[PR_SECTION_PROFILES];
	struct boundaries *boundaries = pr_calloc(1, sizeof(*boundaries));

	policy->ports_of = pr_calloc(n, sizeof(*policy->ports_of));
	for (uint32_t i = 0; i < n; i++)
		policy->ports_of[i] = ports_of(policy, i, boundaries);
	free(boundaries);
}

void pr_policy_free_ports(struct pr_policy *policy)
{
	for (uint32_t i = 0; policy->ports_of && i < policy->n[PR_SECTION_PROFILES]; i++)
		free(policy->ports_of[i].first);
	free(policy->ports_of);
}

const uint16_t *pr_policy_ports(const struct pr_policy *policy, uint32_t profile, uint32_t *ret_n)
{
	*ret_n = policy->ports_of[profile].n;
	return policy->ports_of[profile].first;
}

bool pr_policy_rule_has_ports(const struct pr_policy *policy, uint32_t rule)
{
	return policy->rules[rule].ports.n != 0;
}
