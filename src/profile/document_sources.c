/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings that say where data comes from: list, geo. Their keys are the table's (setting.c). */
#include "profile/document.h"

#include "base/url.h"

#include <libconfig.h>
#include <string.h>

static int fail_key(struct pr_document_parser *parser, const config_setting_t *item,
		    const struct pr_setting *setting, const char *suggestion)
{
	char known[160] = "";
	size_t len = 0;

	for (unsigned int i = 0; i < setting->n_keys && len < sizeof(known); i++)
		if (setting->keys[i].name)
			len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
						len ? ", " : "", setting->keys[i].name);
	return pr_config_fail(parser->error, parser->document->file,
			      config_setting_source_line(item),
			      "there is no \"%.80s\" here%s%s%s there are %s",
			      config_setting_name(item), suggestion ? "; do you mean \"" : ";",
			      suggestion ? suggestion : "", suggestion ? "\"?" : "", known);
}

static int fail_value(struct pr_document_parser *parser, const config_setting_t *item,
		      const struct pr_setting_key *key)
{
	char text[240];
	size_t len = 0;

	if (key->type == PR_TYPE_NUMBER) {
		snprintf(text, sizeof(text), "%s: write a number from %lld to %lld (%s)", key->name,
			 (long long)key->least, (long long)key->most, key->unit);
		return pr_document_fail_at(parser, item, text);
	}
	len = (size_t)snprintf(text, sizeof(text), "%s: write one of ", key->name);
	for (int i = 0; key->words[i] && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\"%s\"", i ? ", " : "",
					key->words[i]);
	return pr_document_fail_at(parser, item, text);
}

static bool is_word(const struct pr_setting_key *key, const char *text)
{
	for (int i = 0; text && key->words[i]; i++)
		if (strcmp(key->words[i], text) == 0)
			return true;
	return false;
}

static int check_url(struct pr_document_parser *parser, const char *url, unsigned int line)
{
	const char *wrong = pr_url_wrong(url);

	if (!wrong)
		return 0;
	return pr_config_fail(parser->error, parser->document->file, line,
			      "\"%.200s\" is no address to fetch from: %s", url, wrong);
}

static int check_text(struct pr_document_parser *parser, const config_setting_t *item,
		      const struct pr_setting_key *key, const char *text)
{
	unsigned int line = config_setting_source_line(item);

	if (!text || !*text || strlen(text) > PR_MATCH_TEXT_MAX || !pr_document_is_printable(text))
		return pr_document_fail_at(parser, item, "write a text in quotes that isn't empty");
	if (key->type == PR_TYPE_ID)
		return pr_document_check_id(parser, text, line);
	if (key->type == PR_TYPE_URL)
		return check_url(parser, text, line);
	/* What is shipped doesn't know where it will lie: config_sources.c. */
	if (key->type == PR_TYPE_PATH && *text != '/' &&
	    parser->document->file->layer != PR_LAYER_SHIPPED)
		return pr_config_fail(parser->error, parser->document->file, line,
				      "%s: write a path that begins with /",
				      config_setting_name(item));
	return 0;
}

int pr_document_parse_key(struct pr_document_parser *parser, const struct pr_setting *setting,
			  char **texts, int64_t *numbers, const config_setting_t *item)
{
	const char *name = config_setting_name(item), *text = config_setting_get_string(item);
	const struct pr_setting_key *key;
	const char *suggestion;
	unsigned int number;
	int r = 0;

	if (!pr_setting_key_find(setting, name, &number, &suggestion))
		return fail_key(parser, item, setting, suggestion);
	key = &setting->keys[number];
	if (key->type == PR_TYPE_BOOL) {
		if (config_setting_type(item) != CONFIG_TYPE_BOOL)
			return pr_document_fail_at(parser, item,
						   "write true or false, without quotes");
		numbers[number] = config_setting_get_bool(item);
		return 0;
	}
	if (key->type == PR_TYPE_NUMBER)
		return pr_document_read_number(item, key->least, key->most, &numbers[number])
			       ? 0
			       : fail_value(parser, item, key);
	if (key->type != PR_TYPE_WORD)
		r = check_text(parser, item, key, text);
	else if (!is_word(key, text))
		r = fail_value(parser, item, key);
	if (r < 0)
		return r;
	free(texts[number]);
	texts[number] = pr_strdup(text);
	return 0;
}

void pr_document_set_defaults(const struct pr_setting *setting, int64_t *numbers)
{
	for (unsigned int i = 0; i < setting->n_keys; i++)
		if (setting->keys[i].name)
			numbers[i] = setting->keys[i].default_value;
}

static int check_source(struct pr_document_parser *parser, const config_setting_t *group,
			const struct pr_document_sources *sources,
			const struct pr_document_source *source)
{
	const char *id = source->texts[PR_SOURCE_ID];

	if (!id)
		return pr_document_fail_at(parser, group, "an id is missing");
	if (!source->texts[PR_SOURCE_URL] == !source->texts[PR_SOURCE_FILE])
		return pr_document_fail_at(parser, group, "write either url or file beside the id");
	/* What is fetched lies in a file of this name. */
	if (*id == '.')
		return pr_document_fail_at(parser, group, "an id does not begin with a dot");
	for (const struct pr_document_source *one = sources->items; one < source; one++)
		if (strcmp(one->texts[PR_SOURCE_ID], id) == 0)
			return pr_config_fail(parser->error, parser->document->file, source->line,
					      "\"%.80s\" is the id of line %u already", id,
					      one->line);
	return 0;
}

int pr_document_parse_sources(struct pr_document_parser *parser, enum pr_setting_id id,
			      config_setting_t *setting)
{
	struct pr_document *document = parser->document;
	struct pr_document_sources *sources =
		id == PR_SETTING_LIST ? &document->lists : &document->geo;
	int n = pr_document_count_groups(parser, setting), r = 0;

	if (n < 0)
		return n;
	if (n > (int)PR_CONFIG_LISTS_MAX)
		return pr_config_fail(parser->error, document->file,
				      config_setting_source_line(setting),
				      "there are more than %u groups", PR_CONFIG_LISTS_MAX);
	sources->items = pr_calloc((size_t)n, sizeof(*sources->items));
	for (int i = 0; i < n && r == 0; i++) {
		config_setting_t *group = config_setting_get_elem(setting, (unsigned int)i);
		struct pr_document_source *source = &sources->items[sources->n++];
		int n_items = config_setting_length(group);

		source->line = config_setting_source_line(group);
		pr_document_set_defaults(pr_setting(id), source->numbers);
		for (int k = 0; k < n_items && r == 0; k++)
			r = pr_document_parse_key(parser, pr_setting(id), source->texts,
						  source->numbers,
						  config_setting_get_elem(group, (unsigned int)k));
		if (r == 0)
			r = check_source(parser, group, sources, source);
	}
	return r;
}

void pr_document_sources_done(struct pr_document_sources *sources)
{
	for (size_t i = 0; i < sources->n; i++)
		for (int key = 0; key < PR_SOURCE_KEY_COUNT_; key++)
			free(sources->items[i].texts[key]);
	free(sources->items);
}
