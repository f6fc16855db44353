/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide_world.h"

#include "profile/policy_builder.h"
#include "profile/rule.h"

#include "unit.h"

#include <string.h>

#define APP 3u /* after the three that always exist */

const char *const world_lists[] = { "ads", "drop", "mine", PR_POLICY_DOH_LIST };

static struct pr_settings default_settings(void)
{
	return (struct pr_settings){
		.deny_outgoing = PR_DENY_BLOCK,
		.deny_incoming = PR_DENY_DROP,
		.scopes = 15,
		.incoming_scopes = 15,
		.permanent_verdicts = true,
		.tunnel = "",
	};
}

void world_init(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->global = default_settings();
	world->app = default_settings();
	world->start_grace = true;
}

void world_add(struct world *world, enum pr_ruleset ruleset, bool incoming, const char *text)
{
	assert_true(world->n_rules < WORLD_RULES_MAX);
	world->rules[world->n_rules++] = (struct world_rule){
		.ruleset = ruleset,
		.incoming = incoming,
		.verbatim = text,
	};
}

static size_t add_entity(const struct world_rule *rule, char *text, size_t size)
{
	static const char *const scopes[] = {
		"",	    "Localhost",	  "LAN",	  "Localhost,LAN",
		"Internet", "Localhost,Internet", "LAN,Internet", "Localhost,LAN,Internet"
	};
	int len = 0;

	switch (rule->entity) {
	case WORLD_ANY:
		len = snprintf(text, size, "*");
		break;
	case WORLD_ZONE:
		len = snprintf(text, size, ".%s", rule->text);
		break;
	case WORLD_PREFIX:
		len = snprintf(text, size, "%s", rule->prefix);
		break;
	case WORLD_SCOPES:
		len = snprintf(text, size, "%s", scopes[rule->scopes]);
		break;
	case WORLD_ASN:
		len = snprintf(text, size, "AS%u", rule->asn);
		break;
	case WORLD_LIST:
		len = snprintf(text, size, "L:%s", rule->text);
		break;
	default:
		len = snprintf(text, size, "%s", rule->text);
		break;
	}
	return (size_t)len;
}

const char *world_rule_text(const struct world_rule *rule, char *text, size_t size)
{
	static const char actions[] = { [PR_RULE_PERMIT] = '+',
					[PR_RULE_DENY] = '-',
					[PR_RULE_ASK] = '?',
					[PR_RULE_TUNNEL] = '>' };
	size_t len;

	if (rule->verbatim)
		return rule->verbatim;
	len = (size_t)snprintf(text, size, "%c ", actions[rule->action]);
	len += add_entity(rule, text + len, size - len);
	if (rule->seen)
		len += (size_t)snprintf(text + len, size - len, " %s", rule->seen);
	else if (rule->proto >= 0)
		len += (size_t)snprintf(text + len, size - len, " %d", rule->proto);
	else if (rule->first_port)
		len += (size_t)snprintf(text + len, size - len, " *");
	if (rule->first_port)
		snprintf(text + len, size - len, "/%u-%u", rule->first_port, rule->last_port);
	return text;
}

static void add_profile(struct pr_policy_builder *builder, const char *name,
			const struct pr_settings *settings, const uint64_t lists[2])
{
	struct pr_blob_profile profile = {
		.name = pr_policy_builder_string(builder, name),
		.default_action = settings->default_action,
		.default_incoming = settings->default_incoming,
		.deny_outgoing = settings->deny_outgoing,
		.deny_incoming = settings->deny_incoming,
		.on_missing_data = settings->on_missing_data,
		.scopes = settings->scopes,
		.incoming_scopes = settings->incoming_scopes,
		.permanent_verdicts = settings->permanent_verdicts,
		.require_tunnel = settings->require_tunnel,
		.own_dns = settings->own_dns,
		.bypass_prevention = settings->bypass_prevention,
		.generated_domains = settings->generated_domains,
		.dns_tunnels = settings->dns_tunnels,
		.foreign_names = settings->foreign_names,
		.require_encryption = settings->require_encryption,
		.encryption_scopes = settings->encryption_scopes,
		.deny_tls = settings->deny_tls,
	};

	profile.lists = pr_policy_builder_append(builder, PR_SECTION_WORDS, lists, 2);
	profile.exceptions = profile.lists + 1;

	pr_policy_builder_append(builder, PR_SECTION_PROFILES, &profile, 1);
}

/* The rules of one of a profile's four lists, in order. */
static void add_ruleset(struct pr_policy_builder *builder, const struct world *world, bool app,
			bool enforced, bool incoming)
{
	enum pr_ruleset wanted = enforced ? (app ? PR_RULESET_ENFORCED : PR_RULESET_ENFORCED_GLOBAL)
					  : (app ? PR_RULESET_PROFILE : PR_RULESET_GLOBAL);
	uint32_t first = pr_policy_builder_count(builder, PR_SECTION_RULES);
	struct pr_rule_error error;
	struct pr_rule parsed;
	char buffer[256];

	for (unsigned int i = 0; i < world->n_rules; i++) {
		const struct world_rule *rule = &world->rules[i];
		const char *text = world_rule_text(rule, buffer, sizeof(buffer));

		if (rule->ruleset != wanted || (!enforced && rule->incoming != incoming))
			continue;
		if (pr_rule_parse(text, &parsed, &error) != 0)
			fail_msg("%s: %u: %s", text, error.column, error.message);
		pr_policy_builder_rule(builder, &parsed, text,
				       app ? "profiles/app.conf:4" : "portreeve.conf:2");
	}
	pr_policy_builder_ruleset(builder, first);
}

void world_compile(const struct world *world, struct world_policy *ret_policy)
{
	PR_CLEANUP(pr_policy_builder_cleanup)
	struct pr_policy_builder *builder = pr_policy_builder_new();
	struct pr_blob_global *global = pr_policy_builder_record(builder, PR_SECTION_GLOBAL, 0);
	const uint64_t global_lists[] = { world->global_lists, world->global_exceptions };
	const uint64_t app_lists[] = { world->app_lists, world->app_exceptions };
	uint8_t *bytes;
	size_t len;

	global->start_grace = world->start_grace;
	global->mark_mask = 0xff000000;
	global->n_list_words = 1;
	global->rebinding_protection = world->rebinding_protection;
	for (uint32_t i = 0; i < WORLD_LISTS_COUNT_; i++)
		assert_int_equal(pr_policy_builder_list(builder, world_lists[i]), i);
	for (unsigned int profile = 0; profile <= APP; profile++) {
		add_profile(builder, profile == APP ? WORLD_PROFILE_NAME : "other",
			    profile == APP ? &world->app : &world->global,
			    profile == APP ? app_lists : global_lists);
		for (unsigned int set = 0; set < PR_BLOB_RULESETS; set++) {
			uint32_t n = pr_policy_builder_count(builder, PR_SECTION_RULES);

			if (profile == PR_PROFILE_GLOBAL || profile == APP)
				add_ruleset(builder, world, profile == APP, set < 2, set & 1);
			else
				pr_policy_builder_ruleset(builder, n);
		}
	}
	assert_int_equal(pr_policy_builder_finish(builder, &bytes, &len), 0);
	assert_int_equal(pr_policy_open(bytes, len, &ret_policy->policy), 0);
	ret_policy->bytes = bytes;
	ret_policy->app = APP;
}

void world_policy_done(struct world_policy *policy)
{
	pr_policy_free(policy->policy);
	free(policy->bytes);
}
