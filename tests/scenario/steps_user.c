/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What users do: answers, changes, looking in. */
#include "world.h"

#include <string.h>

static bool first_prompt(void *context, const struct pr_event *event)
{
	*(uint64_t *)context = event->id;
	return false;
}

/* The rule that the answer would become. */
static void tell_rule(struct world *world, uint64_t prompt, bool permit, enum pr_answer_scope scope)
{
	struct pr_answer_rule rule;
	int r = pr_engine_prompt_rule(world->engine, prompt, permit, scope, &rule, world->now_us);

	if (r == PR_ANSWER_IS_RULE)
		world_output(world, OUTPUT_LINE, "line rule=\"%s\" app=%s%s", rule.rule, rule.app,
			     rule.incoming ? " incoming" : "");
	else
		world_output(world, OUTPUT_LINE, "line no-rule");
}

/* answer permit|deny [scope domain|zone|address|app] [for SECONDS] [prompt N] [as-rule] */
void step_answer(struct world *world, char **words, unsigned int n)
{
	static const char *const scopes[] = { "domain", "zone", "address", "app" };
	const char *scope = step_option(words, n, "scope"),
		   *duration = step_option(words, n, "for");
	const char *prompt = step_option(words, n, "prompt");
	enum pr_answer_scope scope_number = PR_ANSWER_DOMAIN;
	uint64_t id = 0, cursor = 0;

	for (size_t i = 0; scope && i < PR_ARRAY_SIZE(scopes); i++)
		if (step_is(scope, scopes[i]))
			scope_number = (enum pr_answer_scope)i;
	if (prompt)
		id = step_number(world, prompt);
	else
		(void)pr_engine_rows(world->engine, PR_ENGINE_PROMPTS, &cursor, first_prompt, &id,
				     world->now_us);
	if (step_flag(words, n, "as-rule"))
		tell_rule(world, id, step_is(words[0], "permit"), scope_number);
	else if (pr_engine_prompt_answer(
			 world->engine, id, n && step_is(words[0], "permit"), scope_number,
			 duration ? step_number(world, duration) * 1000000 : PR_ENGINE_NEVER,
			 world->now_us) < 0)
		world_output(world, OUTPUT_LINE, "line no-such-prompt");
}

/* rule add|remove "RULE" [app APP] [in] */
void step_rule(struct world *world, char **words, unsigned int n)
{
	const struct pr_config_change change = {
		.kind = n && step_is(words[0], "add") ? PR_CHANGE_ADD_RULE : PR_CHANGE_REMOVE_RULE,
		.rule = n > 1 ? words[1] : "",
		.app = step_option(words, n, "app"),
		.incoming = step_flag(words, n, "in"),
	};

	policy_change(world, &change);
}

/* unlink PROFILE */
void step_unlink(struct world *world, char **words, unsigned int n)
{
	char name[64];

	snprintf(name, sizeof(name), "profiles/%s.conf", n ? words[0] : "");
	policy_file_gone(world, name);
}

/* set NAME VALUE [app APP] */
void step_set(struct world *world, char **words, unsigned int n)
{
	const struct pr_config_change change = {
		.kind = PR_CHANGE_SET,
		.setting = n > 1 ? words[0] : "",
		.value = n > 1 ? words[1] : "",
		.app = step_option(words, n, "app"),
	};

	policy_change(world, &change);
}

static bool show_row(void *context, const struct pr_event *event)
{
	show_event(context, OUTPUT_LINE, event);
	return true;
}

void step_rows(struct world *world, char **words, unsigned int n)
{
	static const char *const tables[] = { "apps",	 "communications", "links",
					      "prompts", "names",	   "attacks" };
	uint64_t cursor = 0;

	for (size_t i = 0; n && i < PR_ARRAY_SIZE(tables); i++)
		if (step_is(words[0], tables[i]))
			(void)pr_engine_rows(world->engine, (enum pr_engine_table)i, &cursor,
					     show_row, world, world->now_us);
}

static void show_explained(void *context, const struct pr_engine_explained *explained)
{
	world_output(context, OUTPUT_LINE, "line %s%s \"%s\" %s%s text=\"%s\"",
		     explained->summary ? "summary " : "", pr_stage_name(explained->stage),
		     explained->check ? explained->check : "stage", explained->said,
		     explained->decides ? " decides" : "", explained->text ? explained->text : "");
}

/* What the packets would show. */
static void read_seen(struct world *world, char **words, unsigned int n,
		      struct pr_engine_query *query)
{
	const char *speaks = step_option(words, n, "speaks");
	const char *encrypted = step_option(words, n, "encrypted");

	query->name = step_option(words, n, "name");
	if ((speaks && !pr_speaks_find(speaks, &query->speaks)) ||
	    (encrypted && !pr_encryption_find(encrypted, &query->encryption)))
		world_fail(world, "nothing can show this");
	query->assumed = (speaks ? PR_FACT_SPEAKS : 0) | (encrypted ? PR_FACT_ENCRYPTION : 0) |
			 (query->name ? PR_FACT_NAME : 0);
}

/* explain [app A] [domain D] [address A] [proto N] [port N] [in] [speaks P] [encrypted yes|no|unknown] [name D] */
void step_explain(struct world *world, char **words, unsigned int n)
{
	const char *address = step_option(words, n, "address");
	const char *proto = step_option(words, n, "proto"), *port = step_option(words, n, "port");
	struct pr_engine_query query = { .app = step_option(words, n, "app"),
					 .uid = (uid_t)-1,
					 .incoming = step_flag(words, n, "in"),
					 .domain = step_option(words, n, "domain") };

	if (address && pr_address_parse(address, &query.address) < 0)
		world_fail(world, "not an address");
	query.proto = proto ? (uint8_t)step_number(world, proto) : 0;
	query.port = port ? (uint16_t)step_number(world, port) : 0;
	read_seen(world, words, n, &query);
	if (pr_engine_explain(world->engine, &query, show_explained, world, world->now_us) < 0)
		world_fail(world, "nothing is explained");
}

/* cut ID | tunnelled N */
void step_cut(struct world *world, char **words, unsigned int n)
{
	uint64_t id = n ? step_number(world, words[n - 1]) : 0;

	if (n == 2 && id && id <= world->n_opening)
		id = world->opening[id - 1];
	if (pr_engine_cut(world->engine, id, world->now_us) < 0)
		world_output(world, OUTPUT_LINE, "line no-such-link");
}
