/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A setting's value, by its type in the table (setting.c). */
#include "profile/document.h"

#include "network/upstream.h"
#include "profile/rule.h"

#include <libconfig.h>
#include <string.h>

/* ---- what a text has to be ---- */

int pr_document_check_rule(struct pr_document_parser *parser, const char *text, unsigned int line)
{
	struct pr_rule_error error;
	struct pr_rule rule;

	if (pr_rule_parse(text, &rule, &error) == 0)
		return 0;
	return pr_config_fail(parser->error, parser->document->file, line,
			      "column %u of the rule \"%.80s\": %s", error.column, text,
			      error.message);
}

int pr_document_check_id(struct pr_document_parser *parser, const char *id, unsigned int line)
{
	size_t len = strlen(id);

	for (size_t i = 0; i < len; i++)
		if (!pr_list_id_character(id[i]))
			len = 0;
	if (len && len <= PR_LIST_ID_MAX)
		return 0;
	return pr_config_fail(parser->error, parser->document->file, line,
			      "\"%.80s\" is no list's id: 1 to %d letters, digits, '-', '_', '.'",
			      id, PR_LIST_ID_MAX);
}

int pr_document_check_upstream(struct pr_document_parser *parser, const char *text,
			       unsigned int line)
{
	struct pr_upstream upstream;

	if (pr_upstream_parse(text, &upstream) == 0)
		return 0;
	return pr_config_fail(
		parser->error, parser->document->file, line,
		"\"%.80s\" is no nameserver: write an address, with @PORT where the "
		"port isn't 53, and a link-local one with its interface (fe80::1%%eth0)",
		text);
}

int pr_document_canonical_zone(struct pr_document_parser *parser, const char *text,
			       unsigned int line, char ret_zone[PR_NAME_TEXT_SIZE])
{
	PR_CLEANUP(pr_cleanup_free)
	char *text_of_rule = pr_asprintf("+ .%s", text + (text[0] == '.'));
	struct pr_rule_error error;
	struct pr_rule rule;

	if (strlen(text) < PR_RULE_TEXT_MAX / 2 &&
	    pr_rule_parse(text_of_rule, &rule, &error) == 0 && rule.entity == PR_ENTITY_ZONE &&
	    rule.proto == PR_PROTO_ANY) {
		snprintf(ret_zone, PR_NAME_TEXT_SIZE, "%s", rule.domain);
		return 0;
	}
	return pr_config_fail(parser->error, parser->document->file, line,
			      "\"%.80s\" is no domain: write a name without wildcards", text);
}

/* ---- values ---- */

static void add_text(struct pr_document_texts *texts, const char *text, unsigned int line)
{
	if (texts->n == texts->n_allocated) {
		texts->n_allocated = texts->n ? texts->n * 2 : 8;
		texts->items = pr_realloc(texts->items, texts->n_allocated, sizeof(*texts->items));
	}
	texts->items[texts->n++] = (struct pr_document_text){ pr_strdup(text), line };
}

static int word_number(const struct pr_setting *setting, const char *word)
{
	for (int i = 0; word && setting->words[i]; i++)
		if (strcmp(setting->words[i], word) == 0)
			return i;
	return -1;
}

static void list_words(const struct pr_setting *setting, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (int i = 0; setting->words[i] && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s\"%s\"", i ? ", " : "",
					setting->words[i]);
}

static int parse_word(struct pr_document_parser *parser, enum pr_setting_id id,
		      const config_setting_t *setting)
{
	const struct pr_setting *schema = pr_setting(id);
	int number = word_number(schema, config_setting_get_string(setting));
	char words[120], message[160];

	if (number < 0) {
		list_words(schema, words, sizeof(words));
		snprintf(message, sizeof(message), "write one of %s", words);
		return pr_document_fail_setting(parser, setting, message);
	}
	parser->document->numbers[id] = number;
	return 0;
}

static int parse_number(struct pr_document_parser *parser, enum pr_setting_id id,
			const config_setting_t *setting)
{
	const struct pr_setting *schema = pr_setting(id);
	int type = config_setting_type(setting);
	int64_t number = config_setting_get_int64(setting);
	char message[160];

	/* libconfig keeps hexadecimal numbers of 32 bits in an int */
	if (type == CONFIG_TYPE_INT && config_setting_get_format(setting) == CONFIG_FORMAT_HEX)
		number = (uint32_t)config_setting_get_int(setting);
	if ((type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) || number < schema->least ||
	    number > schema->most) {
		snprintf(message, sizeof(message),
			 id == PR_SETTING_MARK_MASK ? "write a number from %#llx to %#llx (%s)"
						    : "write a number from %lld to %lld (%s)",
			 (long long)schema->least, (long long)schema->most, schema->unit);
		return pr_document_fail_setting(parser, setting, message);
	}
	if (id == PR_SETTING_MARK_MASK && number >> __builtin_ctzll((uint64_t)number) != 0xff)
		return pr_document_fail_setting(
			parser, setting,
			"the mask has exactly eight bits that stand together, "
			"0xff000000 for example");
	parser->document->numbers[id] = number;
	return 0;
}

static int parse_text(struct pr_document_parser *parser, enum pr_setting_id id,
		      const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);

	if (!text)
		return pr_document_fail_setting(parser, setting, "write a text in quotes");
	if (strlen(text) > PR_CONFIG_FILE_NAME_MAX)
		return pr_document_fail_setting(parser, setting, "the text is too long");
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return pr_document_fail_setting(parser, setting,
							"a name holds no control characters");
	if (id == PR_SETTING_NAME && (!*text || strcmp(text, "global") == 0))
		return pr_document_fail_setting(
			parser, setting,
			"a profile needs a name; the global settings stand in "
			"portreeve.conf");
	add_text(&parser->document->texts[id], text, config_setting_source_line(setting));
	return 0;
}

/* "corp.example" or ".corp.example": as a rule for the name and all below would have it. */
static int check_text(struct pr_document_parser *parser, enum pr_setting_type type,
		      const char *text, unsigned int line)
{
	if (type == PR_TYPE_RULES)
		return pr_document_check_rule(parser, text, line);
	if (type == PR_TYPE_IDS)
		return pr_document_check_id(parser, text, line);
	return pr_document_check_upstream(parser, text, line);
}

static bool is_sequence(const config_setting_t *setting)
{
	return config_setting_is_array(setting) || config_setting_is_list(setting);
}

static int parse_texts(struct pr_document_parser *parser, enum pr_setting_id id,
		       config_setting_t *setting)
{
	const struct pr_setting *schema = pr_setting(id);
	char zone[PR_NAME_TEXT_SIZE];
	int n, r;

	if (!is_sequence(setting))
		return pr_document_fail_setting(parser, setting,
						"write a list in brackets: [ \"…\", \"…\" ]");
	n = config_setting_length(setting);
	if (schema->type == PR_TYPE_ZONES && n > PR_CONFIG_ZONES_MAX)
		return pr_config_fail(
			parser->error, parser->document->file, config_setting_source_line(setting),
			"%s: more than %d domains", schema->name, PR_CONFIG_ZONES_MAX);
	for (int i = 0; i < n; i++) {
		const config_setting_t *item = config_setting_get_elem(setting, (unsigned int)i);
		const char *text = config_setting_get_string(item);
		unsigned int line = config_setting_source_line(item);

		if (!text)
			return pr_document_fail_setting(parser, setting,
							"write texts in quotes into the list");
		if (schema->type == PR_TYPE_ZONES) {
			r = pr_document_canonical_zone(parser, text, line, zone);
			text = zone;
		} else {
			r = check_text(parser, schema->type, text, line);
		}
		if (r < 0)
			return r;
		add_text(&parser->document->texts[id], text, line);
	}
	return 0;
}

static int parse_words(struct pr_document_parser *parser, enum pr_setting_id id,
		       config_setting_t *setting)
{
	const struct pr_setting *schema = pr_setting(id);
	char words[120], message[160];
	int64_t bits = 0;
	int n = is_sequence(setting) ? config_setting_length(setting) : -1;

	list_words(schema, words, sizeof(words));
	snprintf(message, sizeof(message), "write a list of some of %s", words);
	if (n < 0)
		return pr_document_fail_setting(parser, setting, message);
	for (int i = 0; i < n; i++) {
		const config_setting_t *item = config_setting_get_elem(setting, (unsigned int)i);
		int number = word_number(schema, config_setting_get_string(item));

		if (number < 0)
			return pr_document_fail_setting(parser, setting, message);
		bits |= INT64_C(1) << number;
	}
	parser->document->numbers[id] = bits;
	return 0;
}

int pr_document_parse_value(struct pr_document_parser *parser, enum pr_setting_id id,
			    config_setting_t *setting)
{
	switch (pr_setting(id)->type) {
	case PR_TYPE_WORD:
		return parse_word(parser, id, setting);
	case PR_TYPE_BOOL:
		if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
			return pr_document_fail_setting(parser, setting,
							"write true or false, without quotes");
		parser->document->numbers[id] = config_setting_get_bool(setting);
		return 0;
	case PR_TYPE_NUMBER:
		return parse_number(parser, id, setting);
	case PR_TYPE_WORDS:
		return parse_words(parser, id, setting);
	case PR_TYPE_TEXT:
	case PR_TYPE_TUNNEL:
		return parse_text(parser, id, setting);
	case PR_TYPE_SOURCES:
		return pr_document_parse_sources(parser, id, setting);
	case PR_TYPE_PROVIDERS:
		return pr_document_parse_providers(parser, setting);
	case PR_TYPE_TUNNELS:
		return pr_document_parse_tunnels(parser, setting);
	case PR_TYPE_POOL:
		return pr_document_parse_pool(parser, setting);
	case PR_TYPE_MATCH:
		return pr_document_parse_matches(parser, setting);
	case PR_TYPE_RUNTIME:
		return pr_document_parse_runtime(parser, setting);
	default:
		return parse_texts(parser, id, setting);
	}
}
