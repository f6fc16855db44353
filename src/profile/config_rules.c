/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules and matches of all profiles, put into their order. */
#include "profile/config_compile.h"

#include <string.h>

bool pr_runtime_holds(const struct pr_config_input *input,
		      const struct pr_document_runtime *runtime)
{
	if (runtime->expires_s && runtime->expires_s <= input->now_s)
		return false;
	if (runtime->until_reboot && strcmp(runtime->boot_id, input->boot_id ? input->boot_id : ""))
		return false;
	return !runtime->pid || !input->process_lives ||
	       input->process_lives(input->context, runtime->pid, runtime->start_time);
}

static void warn_lists(struct pr_compile *compile, const struct pr_rule *rule, const char *text,
		       const char *place)
{
	for (unsigned int i = 0; i < rule->n_lists; i++)
		if (!pr_compile_knows_list(compile, rule->lists[i]))
			pr_compile_warn(
				compile,
				"%s: no list has the id or category \"%s\": on_missing_data "
				"decides, not \"%s\"",
				place, rule->lists[i], text);
}

/* A rule that can't do what it says is worth a word: nobody looks at what doesn't happen. */
static void warn_without_means(struct pr_compile *compile, const struct pr_rule *rule,
			       const char *text, const char *place)
{
	static const char *const data[PR_ENTITY_COUNT_] = {
		[PR_ENTITY_COUNTRY] = "countries",
		[PR_ENTITY_CONTINENT] = "continents",
		[PR_ENTITY_ASN] = "autonomous systems",
	};

	if (data[rule->entity] && !pr_compile_has_geo(compile))
		pr_compile_warn(compile,
				"%s: there is no data on %s: on_missing_data decides, not \"%s\"",
				place, data[rule->entity], text);
	if (rule->entity == PR_ENTITY_LISTS)
		warn_lists(compile, rule, text, place);
}

static int check_tunnel(struct pr_compile *compile, const struct pr_document *document,
			const struct pr_rule *rule, const char *text, unsigned int line,
			const char *place)
{
	char what[PR_CONFIG_ERROR_SIZE];

	if (rule->action != PR_RULE_TUNNEL)
		return 0;
	snprintf(what, sizeof(what), "the rule \"%.200s\"", text);
	if (rule->tunnel[0] && !pr_compile_knows_tunnel(compile, rule->tunnel))
		return pr_compile_unknown_tunnel(compile, document, line, what, rule->tunnel);
	if (!rule->tunnel[0])
		pr_compile_warn_no_tunnel(compile, compile->profile, place, what);
	return 0;
}

static int add_rule(struct pr_compile *compile, const struct pr_document *document,
		    const char *text, unsigned int line, bool runtime)
{
	char place[PR_CONFIG_FILE_NAME_MAX + 64];
	struct pr_rule_error error;
	struct pr_rule rule;
	int r;

	/* Checked when the file was read. */
	pr_assert(pr_rule_parse(text, &rule, &error) == 0);
	if (pr_policy_builder_count(compile->builder, PR_SECTION_RULES) == PR_CONFIG_RULES_MAX)
		return pr_config_fail(compile->error, document->file, line,
				      "there are more than %u rules", PR_CONFIG_RULES_MAX);
	if (runtime || document->file->layer == PR_LAYER_STATE)
		snprintf(place, sizeof(place), "run-time");
	else
		snprintf(place, sizeof(place), "%s%s:%u",
			 document->file->layer == PR_LAYER_SHIPPED ? "shipped " : "",
			 document->file->name, line);
	warn_without_means(compile, &rule, text, place);
	r = check_tunnel(compile, document, &rule, text, line, place);
	if (r < 0)
		return r;
	pr_policy_builder_rule(compile->builder, &rule, text, place);
	return 0;
}

static int add_runtime(struct pr_compile *compile, const struct pr_document *document,
		       bool incoming)
{
	int r;

	for (size_t i = 0; i < document->n_runtime; i++) {
		const struct pr_document_runtime *runtime = &document->runtime[i];

		if (runtime->incoming != incoming || !pr_runtime_holds(compile->input, runtime))
			continue;
		r = add_rule(compile, document, runtime->rule, runtime->line, true);
		if (r < 0)
			return r;
		pr_policy_builder_rule_end(compile->builder,
					   &(struct pr_rule_end){ runtime->expires_s,
								  runtime->until_reboot,
								  runtime->pid });
		if (runtime->expires_s &&
		    (!compile->next_expiry_s || runtime->expires_s < compile->next_expiry_s))
			compile->next_expiry_s = runtime->expires_s;
	}
	return 0;
}

/* Behind "+ *" and its like nothing is reached. */
static void warn_unreached(struct pr_compile *compile, uint32_t first)
{
	uint32_t n = pr_policy_builder_count(compile->builder, PR_SECTION_RULES);
	const char *strings = (const char *)compile->builder->sections[PR_SECTION_STRINGS].bytes;

	for (uint32_t i = first; i + 1 < n; i++) {
		const struct pr_blob_rule *rule =
			pr_policy_builder_record(compile->builder, PR_SECTION_RULES, i);

		if (rule->entity != PR_ENTITY_ANY || rule->proto != PR_PROTO_ANY || rule->ports.n)
			continue;
		pr_compile_warn(compile, "%s: no rule behind \"%s\" in this list is ever reached",
				strings + rule->place, strings + rule->text);
		return;
	}
}

/* It would be read as a permission otherwise. */
static void warn_incoming_tunnel(struct pr_compile *compile, uint32_t first)
{
	uint32_t n = pr_policy_builder_count(compile->builder, PR_SECTION_RULES);
	const char *strings = (const char *)compile->builder->sections[PR_SECTION_STRINGS].bytes;

	for (uint32_t i = first; i < n; i++) {
		const struct pr_blob_rule *rule =
			pr_policy_builder_record(compile->builder, PR_SECTION_RULES, i);

		if (rule->action == PR_RULE_TUNNEL)
			pr_compile_warn(compile,
					"%s: what comes in can't go through a tunnel: what \"%s\" "
					"matches is denied",
					strings + rule->place, strings + rule->text);
	}
}

/* Before the enforced rules of every profile: nothing else of the configuration changes. */
static void add_pause(struct pr_compile *compile)
{
	struct pr_rule_error error;
	struct pr_rule rule;

	pr_assert(pr_rule_parse("+ *", &rule, &error) == 0);
	pr_policy_builder_rule(compile->builder, &rule, "+ *", "paused");
}

static int add_ruleset(struct pr_compile *compile, const struct pr_compile_profile *profile,
		       int kind)
{
	static const enum pr_setting_id settings[PR_BLOB_RULESETS] = {
		[PR_BLOB_ENFORCED_OUT] = PR_SETTING_ENFORCED,
		[PR_BLOB_ENFORCED_IN] = PR_SETTING_ENFORCED_INCOMING,
		[PR_BLOB_OUT] = PR_SETTING_OUTGOING,
		[PR_BLOB_IN] = PR_SETTING_INCOMING,
	};
	uint32_t first = pr_policy_builder_count(compile->builder, PR_SECTION_RULES);
	bool enforced = kind == PR_BLOB_ENFORCED_OUT || kind == PR_BLOB_ENFORCED_IN;
	int r = 0;

	if (compile->input->paused && enforced)
		add_pause(compile);
	for (int layer = PR_LAYER_COUNT_ - 1; layer >= 0; layer--) {
		const struct pr_document *document = profile->layers[layer];
		const struct pr_document_texts *texts;

		if (!document)
			continue;
		if (kind == PR_BLOB_OUT || kind == PR_BLOB_IN)
			r = add_runtime(compile, document, kind == PR_BLOB_IN);
		texts = &document->texts[settings[kind]];
		for (size_t i = 0; r == 0 && i < texts->n; i++)
			r = add_rule(compile, document, texts->items[i].text, texts->items[i].line,
				     false);
		if (r < 0)
			return r;
	}
	if (!compile->input->paused)
		warn_unreached(compile, first);
	if (kind == PR_BLOB_IN || kind == PR_BLOB_ENFORCED_IN)
		warn_incoming_tunnel(compile, first);
	pr_policy_builder_ruleset(compile->builder, first);
	return 0;
}

int pr_compile_rules(struct pr_compile *compile)
{
	int r;

	for (uint32_t i = 0; i < compile->n_profiles; i++) {
		compile->profile = i;
		for (int kind = 0; kind < PR_BLOB_RULESETS; kind++) {
			r = add_ruleset(compile, &compile->profiles[i], kind);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

struct scored {
	struct pr_match_entry entry; /* borrows from the documents */
	uint32_t profile, score;
	size_t order;
};

static int compare_scored(const void *a, const void *b)
{
	const struct scored *x = a, *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static size_t collect_matches(struct pr_compile *compile, struct scored *scored)
{
	size_t n = 0;

	for (uint32_t i = 0; i < compile->n_profiles; i++) {
		const struct pr_document *document =
			pr_compile_setting(compile, i, PR_SETTING_MATCH);

		if ((!document || !document->n_matches) && i > PR_PROFILE_KERNEL && scored)
			pr_compile_warn(compile,
					"profile \"%s\" matches no process: it has no match entry",
					compile->profiles[i].name);
		for (size_t k = 0; document && k < document->n_matches; k++, n++) {
			if (!scored)
				continue;
			for (int key = 0; key < PR_MATCH_KEY_COUNT_; key++)
				scored[n].entry.keys[key] = document->matches[k].keys[key];
			scored[n].profile = i;
			scored[n].order = n;
			scored[n].score = pr_match_score(&scored[n].entry);
		}
	}
	return n;
}

static void warn_ties(struct pr_compile *compile, const struct scored *scored, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n && scored[k].score == scored[i].score; k++)
			if (scored[k].profile != scored[i].profile &&
			    pr_match_overlaps(&scored[i].entry, &scored[k].entry))
				pr_compile_warn(
					compile,
					"profiles \"%s\" and \"%s\" can match the same process "
					"equally well; \"%s\" wins by its name",
					compile->profiles[scored[i].profile].name,
					compile->profiles[scored[k].profile].name,
					compile->profiles[scored[i].profile].name);
}

void pr_compile_matches(struct pr_compile *compile)
{
	size_t n = collect_matches(compile, NULL);
	PR_CLEANUP(pr_cleanup_free) struct scored *scored = pr_calloc(n, sizeof(*scored));

	collect_matches(compile, scored);
	qsort(scored, n, sizeof(*scored), compare_scored);
	warn_ties(compile, scored, n);
	for (size_t i = 0; i < n; i++) {
		struct pr_blob_match blob = { scored[i].profile, scored[i].score, { 0 } };

		for (int key = 0; key < PR_MATCH_KEY_COUNT_; key++)
			if (scored[i].entry.keys[key])
				blob.keys[key] = pr_policy_builder_string(
					compile->builder, scored[i].entry.keys[key]);
		pr_policy_builder_append(compile->builder, PR_SECTION_MATCHES, &blob, 1);
	}
}
