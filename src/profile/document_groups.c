/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings that are groups: match, run-time rules. And what becomes of a document. */
#include "profile/document.h"

#include <libconfig.h>
#include <limits.h>
#include <string.h>

int pr_document_fail_at(struct pr_document_parser *parser, const config_setting_t *setting,
			const char *message)
{
	return pr_config_fail(parser->error, parser->document->file,
			      config_setting_source_line(setting), "%s", message);
}

static int fail_name(struct pr_document_parser *parser, const config_setting_t *setting,
		     const char *known)
{
	return pr_config_fail(
		parser->error, parser->document->file, config_setting_source_line(setting),
		"there is no \"%.80s\" here; there are %s", config_setting_name(setting), known);
}

int pr_document_count_groups(struct pr_document_parser *parser, config_setting_t *setting)
{
	int n = config_setting_length(setting);

	if (!config_setting_is_list(setting) && !(config_setting_is_array(setting) && n == 0))
		return pr_document_fail_at(
			parser, setting, "write groups in a list in parentheses: ( { … }, { … } )");
	for (int i = 0; i < n; i++)
		if (!config_setting_is_group(config_setting_get_elem(setting, (unsigned int)i)))
			return pr_document_fail_at(parser, setting,
						   "the list holds groups only: { … }");
	return n;
}

bool pr_document_is_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static int parse_match_key(struct pr_document_parser *parser, struct pr_document_match *match,
			   const config_setting_t *item)
{
	const char *name = config_setting_name(item), *text = config_setting_get_string(item);
	int key = 0;

	while (key < PR_MATCH_KEY_COUNT_ &&
	       strcmp(name, pr_match_key_name((enum pr_match_key)key)) != 0)
		key++;
	if (key == PR_MATCH_KEY_COUNT_)
		return fail_name(parser, item,
				 "path, pattern, package, container, unit, cgroup, user, script, "
				 "cmdline");
	if (!text || !*text || strlen(text) > PR_MATCH_TEXT_MAX || !pr_document_is_printable(text))
		return pr_document_fail_at(parser, item, "write a text in quotes that isn't empty");
	if ((key == PR_KEY_PATH || key == PR_KEY_CGROUP) && *text != '/')
		return pr_document_fail_at(parser, item, "write a path that begins with /");
	if ((key == PR_KEY_PATTERN || key == PR_KEY_SCRIPT) && !strchr("/*?", *text))
		return pr_document_fail_at(parser, item,
					   "write a pattern that begins with / or a wildcard");
	match->keys[key] = pr_strdup(text);
	return 0;
}

int pr_document_parse_matches(struct pr_document_parser *parser, config_setting_t *setting)
{
	struct pr_document *document = parser->document;
	int n = pr_document_count_groups(parser, setting), r;

	if (n < 0)
		return n;
	document->matches = pr_calloc((size_t)n, sizeof(*document->matches));
	document->n_matches = (size_t)n;
	for (int i = 0; i < n; i++) {
		config_setting_t *group = config_setting_get_elem(setting, (unsigned int)i);
		struct pr_document_match *match = &document->matches[i];
		int n_keys = config_setting_length(group);

		match->line = config_setting_source_line(group);
		if (n_keys == 0)
			return pr_document_fail_at(parser, group,
						   "a group of match holds at least one key");
		for (int k = 0; k < n_keys; k++) {
			r = parse_match_key(parser, match,
					    config_setting_get_elem(group, (unsigned int)k));
			if (r < 0)
				return r;
		}
	}
	return 0;
}

bool pr_document_read_number(const config_setting_t *item, int64_t least, int64_t most,
			     int64_t *ret_number)
{
	int type = config_setting_type(item);
	int64_t number = config_setting_get_int64(item);

	if ((type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) || number < least ||
	    number > most)
		return false;
	*ret_number = number;
	return true;
}

static int parse_runtime_item(struct pr_document_parser *parser,
			      struct pr_document_runtime *runtime, const config_setting_t *item)
{
	const char *name = config_setting_name(item), *text = config_setting_get_string(item);
	int64_t number = 0;

	if (strcmp(name, "rule") == 0 && text) {
		runtime->rule = pr_strdup(text);
		return pr_document_check_rule(parser, text, config_setting_source_line(item));
	}
	if (strcmp(name, "direction") == 0 && text &&
	    (strcmp(text, "in") == 0 || strcmp(text, "out") == 0)) {
		runtime->incoming = text[0] == 'i';
	} else if (strcmp(name, "expires") == 0 &&
		   pr_document_read_number(item, 0, INT64_MAX, &number)) {
		runtime->expires_s = (uint64_t)number;
	} else if (strcmp(name, "until_reboot") == 0 &&
		   config_setting_type(item) == CONFIG_TYPE_BOOL) {
		runtime->until_reboot = config_setting_get_bool(item);
	} else if (strcmp(name, "boot_id") == 0 && text) {
		free(runtime->boot_id);
		runtime->boot_id = pr_strdup(text);
	} else if (strcmp(name, "pid") == 0 && pr_document_read_number(item, 0, INT_MAX, &number)) {
		runtime->pid = (pid_t)number;
	} else if (strcmp(name, "start_time") == 0 &&
		   pr_document_read_number(item, 0, INT64_MAX, &number)) {
		runtime->start_time = (uint64_t)number;
	} else {
		return fail_name(parser, item,
				 "rule, direction (\"out\" or \"in\"), expires, until_reboot, "
				 "boot_id, pid, start_time, each with a value of its type");
	}
	return 0;
}

int pr_document_parse_runtime(struct pr_document_parser *parser, config_setting_t *setting)
{
	struct pr_document *document = parser->document;
	int n = pr_document_count_groups(parser, setting), r;

	if (n < 0)
		return n;
	document->runtime = pr_calloc((size_t)n, sizeof(*document->runtime));
	document->n_runtime = (size_t)n;
	for (int i = 0; i < n; i++) {
		config_setting_t *group = config_setting_get_elem(setting, (unsigned int)i);
		struct pr_document_runtime *runtime = &document->runtime[i];
		int n_items = config_setting_length(group);

		runtime->boot_id = pr_strdup("");
		runtime->line = config_setting_source_line(group);
		for (int k = 0; k < n_items; k++) {
			r = parse_runtime_item(parser, runtime,
					       config_setting_get_elem(group, (unsigned int)k));
			if (r < 0)
				return r;
		}
		if (!runtime->rule)
			return pr_document_fail_at(parser, group, "the run-time rule has no rule");
	}
	return 0;
}

const char *pr_document_name(const struct pr_document *document)
{
	return document->profile ? document->texts[PR_SETTING_NAME].items[0].text : "global";
}

static void free_groups(struct pr_document *document)
{
	for (size_t i = 0; i < document->n_matches; i++)
		for (int key = 0; key < PR_MATCH_KEY_COUNT_; key++)
			free(document->matches[i].keys[key]);
	for (size_t i = 0; i < document->n_runtime; i++) {
		free(document->runtime[i].rule);
		free(document->runtime[i].boot_id);
	}
	pr_document_sources_done(&document->lists);
	pr_document_sources_done(&document->geo);
	pr_document_providers_done(document);
	pr_document_tunnels_done(document);
	free(document->matches);
	free(document->runtime);
}

void pr_document_free(struct pr_document *document)
{
	if (!document)
		return;
	for (int id = 0; id < PR_SETTING_COUNT_; id++) {
		for (size_t i = 0; i < document->texts[id].n; i++)
			free(document->texts[id].items[i].text);
		free(document->texts[id].items);
	}
	free_groups(document);
	free(document);
}
