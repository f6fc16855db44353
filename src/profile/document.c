/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/document.h"

#include "base/address.h"
#include "profile/rule.h"

#include <libconfig.h>
#include <stdarg.h>
#include <string.h>

int pr_config_fail(struct pr_config_error *error, const struct pr_config_file *file,
		   unsigned int line, const char *format, ...)
{
	size_t size = sizeof(error->text), len = 0;
	va_list arguments;
	int n;

	error->text[0] = '\0';
	if (file) {
		n = snprintf(error->text, size, "%s%s%s:", file->directory ? file->directory : "",
			     file->directory ? "/" : "", file->name);
		len = n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
		n = line ? snprintf(error->text + len, size - len, "%u: ", line)
			 : snprintf(error->text + len, size - len, " ");
		len += n < 0 ? 0 : (size_t)n < size - len ? (size_t)n : size - len - 1;
	}
	va_start(arguments, format);
	vsnprintf(error->text + len, size - len, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int fail_at(struct pr_document_parser *parser, const config_setting_t *setting,
		   const char *message)
{
	return pr_config_fail(parser->error, parser->document->file,
			      config_setting_source_line(setting), "%s: %s",
			      config_setting_name(setting) ? config_setting_name(setting) : "value",
			      message);
}

static void add_text(struct pr_document_texts *texts, const char *text, unsigned int line)
{
	if (texts->n == texts->n_allocated) {
		texts->n_allocated = texts->n ? texts->n * 2 : 8;
		texts->items = pr_realloc(texts->items, texts->n_allocated, sizeof(*texts->items));
	}
	texts->items[texts->n++] = (struct pr_document_text){ pr_strdup(text), line };
}

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
	const char *at = strchr(text, '@');
	char head[PR_ADDRESS_TEXT_SIZE];
	size_t len = at ? (size_t)(at - text) : strlen(text);
	struct pr_address address;
	char *end = NULL;

	if (len < sizeof(head)) {
		long port = at ? strtol(at + 1, &end, 10) : 53;

		memcpy(head, text, len);
		head[len] = '\0';
		if (pr_address_parse(head, &address) == 0 && port >= 1 && port <= UINT16_MAX &&
		    (!at || (at[1] >= '0' && at[1] <= '9' && !*end)))
			return 0;
	}
	return pr_config_fail(parser->error, parser->document->file, line,
			      "\"%.80s\" is no nameserver: write an address, with @PORT where the "
			      "port isn't 53",
			      text);
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
		return fail_at(parser, setting, message);
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
		return fail_at(parser, setting, message);
	}
	if (id == PR_SETTING_MARK_MASK && number >> __builtin_ctzll((uint64_t)number) != 0xff)
		return fail_at(parser, setting,
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
		return fail_at(parser, setting, "write a text in quotes");
	if (strlen(text) > PR_CONFIG_FILE_NAME_MAX)
		return fail_at(parser, setting, "the text is too long");
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return fail_at(parser, setting, "a name holds no control characters");
	if (id == PR_SETTING_NAME && (!*text || strcmp(text, "global") == 0))
		return fail_at(parser, setting,
			       "a profile needs a name; the global settings stand in "
			       "portreeve.conf");
	add_text(&parser->document->texts[id], text, config_setting_source_line(setting));
	return 0;
}

/* "corp.example" or ".corp.example": as a rule for the name and all below would have it. */
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
		return fail_at(parser, setting, "write a list in brackets: [ \"…\", \"…\" ]");
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
			return fail_at(parser, setting, "write texts in quotes into the list");
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
		return fail_at(parser, setting, message);
	for (int i = 0; i < n; i++) {
		const config_setting_t *item = config_setting_get_elem(setting, (unsigned int)i);
		int number = word_number(schema, config_setting_get_string(item));

		if (number < 0)
			return fail_at(parser, setting, message);
		bits |= INT64_C(1) << number;
	}
	parser->document->numbers[id] = bits;
	return 0;
}

static int parse_value(struct pr_document_parser *parser, enum pr_setting_id id,
		       config_setting_t *setting)
{
	switch (pr_setting(id)->type) {
	case PR_TYPE_WORD:
		return parse_word(parser, id, setting);
	case PR_TYPE_BOOL:
		if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
			return fail_at(parser, setting, "write true or false, without quotes");
		parser->document->numbers[id] = config_setting_get_bool(setting);
		return 0;
	case PR_TYPE_NUMBER:
		return parse_number(parser, id, setting);
	case PR_TYPE_WORDS:
		return parse_words(parser, id, setting);
	case PR_TYPE_TEXT:
		return parse_text(parser, id, setting);
	case PR_TYPE_SOURCES:
		return pr_document_parse_sources(parser, id, setting);
	case PR_TYPE_PROVIDERS:
		return pr_document_parse_providers(parser, setting);
	case PR_TYPE_MATCH:
		return pr_document_parse_matches(parser, setting);
	case PR_TYPE_RUNTIME:
		return pr_document_parse_runtime(parser, setting);
	default:
		return parse_texts(parser, id, setting);
	}
}

static int check_place(struct pr_document_parser *parser, const struct pr_setting *schema,
		       const config_setting_t *setting)
{
	bool state = parser->document->file->layer == PR_LAYER_STATE;

	if (!(schema->where & (parser->document->profile ? PR_IN_PROFILE : PR_IN_GLOBAL)))
		return fail_at(parser, setting,
			       parser->document->profile
				       ? "stands in portreeve.conf only, it holds for all"
				       : "stands in a profile's file only, in profiles/");
	if (schema->where & PR_NOT_STATE && state)
		return fail_at(parser, setting, "stands in the configuration directory only");
	if (schema->where & PR_ONLY_STATE && !state)
		return fail_at(
			parser, setting,
			"is written at run time only; write rules into outgoing or incoming");
	return 0;
}

static int parse_setting(struct pr_document_parser *parser, config_setting_t *setting)
{
	const char *suggestion, *name = config_setting_name(setting);
	enum pr_setting_id id;
	int r;

	if (!pr_setting_find(name, &id, &suggestion))
		return pr_config_fail(parser->error, parser->document->file,
				      config_setting_source_line(setting),
				      "there is no setting \"%.80s\"%s%s%s", name,
				      suggestion ? "; do you mean \"" : "",
				      suggestion ? suggestion : "", suggestion ? "\"?" : "");
	r = check_place(parser, pr_setting(id), setting);
	if (r == 0)
		r = parse_value(parser, id, setting);
	parser->document->set[id] = true;
	return r;
}

/* libconfig would open what an @include names: this room opens nothing. */
static int check_bytes(const struct pr_config_file *file, const char *text,
		       struct pr_config_error *error)
{
	unsigned int line = 1;

	if (memchr(file->text, '\0', file->len))
		return pr_config_fail(error, file, 0,
				      "the file holds a zero byte; it must be text");
	for (const char *at = text; *at; line++) {
		const char *end = strchr(at, '\n');

		while (*at == ' ' || *at == '\t')
			at++;
		if (strncmp(at, "@include", 8) == 0)
			return pr_config_fail(error, file, line,
					      "@include isn't supported; put profiles into "
					      "profiles/");
		if (!end)
			break;
		at = end + 1;
	}
	return 0;
}

static int parse_root(struct pr_document_parser *parser, config_t *config)
{
	config_setting_t *root = config_root_setting(config);
	int n = config_setting_length(root), r;

	for (int i = 0; i < n; i++) {
		r = parse_setting(parser, config_setting_get_elem(root, (unsigned int)i));
		if (r < 0)
			return r;
	}
	if (parser->document->profile && !parser->document->set[PR_SETTING_NAME])
		return pr_config_fail(parser->error, parser->document->file, 0,
				      "the profile has no name; write name = \"…\";");
	return 0;
}

int pr_document_parse(const struct pr_config_file *file, struct pr_document **ret_document,
		      struct pr_config_error *ret_error)
{
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	struct pr_document *document;
	struct pr_document_parser parser;
	config_t config;
	int r;

	if (file->len > PR_CONFIG_FILE_MAX)
		return pr_config_fail(ret_error, file, 0, "the file has more than %u bytes",
				      PR_CONFIG_FILE_MAX);
	text = pr_calloc(1, file->len + 1);
	if (file->len)
		memcpy(text, file->text, file->len);
	r = check_bytes(file, text, ret_error);
	if (r < 0)
		return r;
	document = pr_calloc(1, sizeof(*document));
	document->file = file;
	document->profile = strncmp(file->name, "profiles/", 9) == 0;
	parser = (struct pr_document_parser){ document, ret_error };
	config_init(&config);
	if (!config_read_string(&config, text))
		r = pr_config_fail(ret_error, file, (unsigned int)config_error_line(&config), "%s",
				   config_error_text(&config));
	else
		r = parse_root(&parser, &config);
	config_destroy(&config);
	if (r < 0)
		pr_document_free(document);
	else
		*ret_document = document;
	return r;
}
