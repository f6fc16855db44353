/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/document.h"

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

int pr_document_fail_setting(struct pr_document_parser *parser, const config_setting_t *setting,
			     const char *message)
{
	return pr_config_fail(parser->error, parser->document->file,
			      config_setting_source_line(setting), "%s: %s",
			      config_setting_name(setting) ? config_setting_name(setting) : "value",
			      message);
}

static int check_place(struct pr_document_parser *parser, const struct pr_setting *schema,
		       const config_setting_t *setting)
{
	bool state = parser->document->file->layer == PR_LAYER_STATE;

	if (!(schema->where & (parser->document->profile ? PR_IN_PROFILE : PR_IN_GLOBAL)))
		return pr_document_fail_setting(
			parser, setting,
			parser->document->profile
				? "stands in portreeve.conf only, it holds for all"
				: "stands in a profile's file only, in profiles/");
	if (schema->where & PR_NOT_STATE && state)
		return pr_document_fail_setting(parser, setting,
						"stands in the configuration directory only");
	if (schema->where & PR_ONLY_STATE && !state)
		return pr_document_fail_setting(
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
		r = pr_document_parse_value(parser, id, setting);
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

/* libconfig says no more than that, of the place where it can't go on. */
static const char *hint_of(const config_t *config)
{
	return strcmp(config_error_text(config), "syntax error") == 0
		       ? " here or just before: a bracket, a quotation mark, a comma or a value is "
			 "missing or too much"
		       : "";
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
		r = pr_config_fail(ret_error, file, (unsigned int)config_error_line(&config),
				   "%s%s", config_error_text(&config), hint_of(&config));
	else
		r = parse_root(&parser, &config);
	config_destroy(&config);
	if (r < 0)
		pr_document_free(document);
	else
		*ret_document = document;
	return r;
}
