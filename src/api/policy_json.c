/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/front_private.h"

#include "api/text_json.h"
#include "base/clock.h"

#define YEAR_9999_S UINT64_C(253402300799) /* an end that is later is shown as that */

static const char *const action_names[] = { "permit", "ask", "block" };
static const char *const deny_names[] = { "block", "drop" };
static const char *const dns_names[] = { "nxdomain", "zero", "refused" };
static const char *const ruleset_names[] = { "enforced", "enforced-global", "profile", "global" };

static const char *const suspicious_names[] = { "ignore", "report", "deny" };
static const char *const scope_names[] = { "localhost", "lan", "internet", "peer-to-peer" };
static const char *const tls_names[] = { "nameless", "old", "self-issued", "expired" };

/* The words of those bits that are set, of four. */
static json_t *words_json(uint32_t bits, const char *const names[static 4])
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < 4; i++)
		if (bits & 1u << i)
			json_array_append_new(array, json_string(names[i]));
	return array;
}

/* Those that what packets show is held against. */
static void add_inspection(json_t *object, const struct pr_settings *settings)
{
	json_object_set_new(object, "encryption_scopes",
			    words_json(settings->encryption_scopes, scope_names));
	json_object_set_new(object, "deny_tls", words_json(settings->deny_tls, tls_names));
	json_object_set_new(object, "foreign_names",
			    json_string(suspicious_names[settings->foreign_names]));
	json_object_set_new(object, "inspect", json_boolean(settings->inspect));
}

static json_t *settings_json(const struct pr_settings *settings)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:i, s:i, s:i, s:i, s:b, s:b, s:b, s:b}",
		"default_action", action_names[settings->default_action], "default_incoming",
		action_names[settings->default_incoming], "deny_outgoing",
		deny_names[settings->deny_outgoing], "deny_incoming",
		deny_names[settings->deny_incoming], "on_missing_data",
		settings->on_missing_data == PR_MISSING_SKIP ? "skip" : "deny", "dns_blocked",
		dns_names[settings->dns_blocked], "scopes",
		words_json(settings->scopes, scope_names), "incoming_scopes",
		words_json(settings->incoming_scopes, scope_names), "ask_hold_ms",
		(int)settings->ask_hold_ms, "ask_question_hold_ms",
		(int)settings->ask_question_hold_ms, "ask_timeout_s", (int)settings->ask_timeout_s,
		"ask_again_s", (int)settings->ask_again_s, "permanent_verdicts",
		settings->permanent_verdicts, "require_encryption", settings->require_encryption,
		"require_tunnel", settings->require_tunnel, "own_dns", settings->own_dns);

	add_inspection(object, settings);
	json_object_set_new(object, "tunnel", pr_text_json(settings->tunnel));
	json_object_set_new(object, "without_tunnel",
			    json_string(settings->without_tunnel == PR_WITHOUT_TUNNEL_DIRECT
						? "direct"
						: "block"));
	return object;
}

/* A run-time rule's end, where it has one. */
static void add_end(json_t *object, const struct pr_rule_end *end)
{
	char text[PR_CLOCK_TEXT_SIZE];

	if (end->expires_s) {
		uint64_t seconds = end->expires_s < YEAR_9999_S ? end->expires_s : YEAR_9999_S;

		json_object_set_new(object, "expires",
				    json_string(pr_clock_format(seconds * 1000000, text)));
	}
	if (end->reboot || end->pid)
		json_object_set_new(object, "until", json_string(end->reboot ? "reboot" : "exit"));
	if (end->pid)
		json_object_set_new(object, "pid", json_integer(end->pid));
}

static json_t *rule_json(const struct pr_policy *policy, uint32_t profile, bool incoming,
			 enum pr_ruleset ruleset, uint32_t rule)
{
	const struct pr_rule_end end = pr_policy_rule_end(policy, rule);
	json_t *object =
		json_pack("{s:o, s:o, s:s, s:s, s:o}", "rule",
			  pr_text_json(pr_policy_rule_text(policy, rule)), "place",
			  pr_text_json(pr_policy_rule_place(policy, rule)), "direction",
			  incoming ? "in" : "out", "list", ruleset_names[ruleset], "profile",
			  pr_text_json(pr_policy_profile_name(policy, profile)));

	add_end(object, &end);
	return object;
}

static void add_rules(const struct pr_policy *policy, uint32_t profile, enum pr_ruleset ruleset,
		      json_t *rows)
{
	for (int incoming = 0; incoming < 2; incoming++) {
		uint32_t first, n;

		n = pr_policy_ruleset(policy, profile, incoming, ruleset, &first);
		for (uint32_t i = 0; i < n; i++)
			json_array_append_new(
				rows, rule_json(policy, profile, incoming, ruleset, first + i));
	}
}

json_t *pr_policy_profiles_json(const struct pr_policy *policy)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < pr_policy_n_profiles(policy); i++) {
		const struct pr_settings *settings = pr_policy_settings(policy, i);
		uint32_t first, n_rules = 0;

		for (int incoming = 0; incoming < 2; incoming++)
			n_rules +=
				pr_policy_ruleset(policy, i, incoming, PR_RULESET_PROFILE, &first);
		json_array_append_new(
			rows, json_pack("{s:o, s:i, s:s, s:s}", "profile",
					pr_text_json(pr_policy_profile_name(policy, i)), "rules",
					(int)n_rules, "default_action",
					action_names[settings->default_action], "default_incoming",
					action_names[settings->default_incoming]));
	}
	return rows;
}

json_t *pr_policy_profile_json(const struct pr_policy *policy, const char *name)
{
	json_t *object, *rules;
	uint32_t profile;

	if (!pr_policy_profile_find(policy, name, &profile))
		return NULL;
	rules = json_array();
	add_rules(policy, profile, PR_RULESET_ENFORCED, rules);
	add_rules(policy, profile, PR_RULESET_PROFILE, rules);
	object = json_pack("{s:o, s:o, s:o}", "profile", pr_text_json(name), "settings",
			   settings_json(pr_policy_settings(policy, profile)), "rules", rules);
	return object;
}

json_t *pr_policy_rules_json(const struct pr_policy *policy, const char *profile)
{
	json_t *rows = json_array();
	uint32_t wanted;

	if (profile && !pr_policy_profile_find(policy, profile, &wanted)) {
		json_decref(rows);
		return NULL;
	}
	if (!profile || wanted == PR_PROFILE_GLOBAL)
		add_rules(policy, PR_PROFILE_GLOBAL, PR_RULESET_ENFORCED_GLOBAL, rows);
	for (uint32_t i = 0; i < pr_policy_n_profiles(policy); i++) {
		if (profile && i != wanted)
			continue;
		add_rules(policy, i, PR_RULESET_ENFORCED, rows);
		add_rules(policy, i, PR_RULESET_PROFILE, rows);
	}
	if (!profile || wanted == PR_PROFILE_GLOBAL)
		add_rules(policy, PR_PROFILE_GLOBAL, PR_RULESET_GLOBAL, rows);
	return rows;
}
