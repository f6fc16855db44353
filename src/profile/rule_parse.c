/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/rule_text.h"

#include <stdarg.h>
#include <string.h>

int pr_rule_fail(struct pr_rule_parser *parser, const char *at, const char *format, ...)
{
	va_list arguments;
	unsigned int column = 1;

	/* Columns count characters: bytes that continue one (RFC 3629, 3) don't count. */
	for (const char *p = parser->text; p < at; p++)
		if (((uint8_t)*p & 0xc0) != 0x80)
			column++;
	parser->error->column = column;
	va_start(arguments, format);
	vsnprintf(parser->error->message, sizeof(parser->error->message), format, arguments);
	va_end(arguments);
	return -EINVAL;
}

struct pr_rule_field pr_rule_field_split(struct pr_rule_field *field, char separator,
					 bool *ret_more)
{
	const char *at = field->len ? memchr(field->text, separator, field->len) : NULL;
	struct pr_rule_field head = *field;

	*ret_more = at;
	if (at) {
		head.len = (size_t)(at - field->text);
		field->text = at + 1;
		field->len -= head.len + 1;
	} else {
		field->text += field->len;
		field->len = 0;
	}
	return head;
}

bool pr_rule_field_copy(struct pr_rule_field field, char *text, size_t size)
{
	if (field.len >= size)
		return false;
	memcpy(text, field.text, field.len);
	text[field.len] = '\0';
	return true;
}

bool pr_rule_field_is(struct pr_rule_field field, const char *word)
{
	return field.len == strlen(word) && memcmp(field.text, word, field.len) == 0;
}

bool pr_rule_field_digits(struct pr_rule_field field)
{
	for (size_t i = 0; i < field.len; i++)
		if (field.text[i] < '0' || field.text[i] > '9')
			return false;
	return field.len > 0;
}

bool pr_rule_field_number(struct pr_rule_field field, uint32_t max, uint32_t *ret_number)
{
	uint64_t number = 0;

	if (!pr_rule_field_digits(field))
		return false;
	for (size_t i = 0; i < field.len; i++) {
		number = number * 10 + (uint64_t)(field.text[i] - '0');
		if (number > max)
			return false;
	}
	*ret_number = (uint32_t)number;
	return true;
}

static bool name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static int parse_action(struct pr_rule_parser *parser, struct pr_rule_field field,
			struct pr_rule *rule)
{
	static const char signs[] = "+-?>";
	const char *sign = memchr(signs, field.text[0], 4);

	if (!sign)
		return pr_rule_fail(
			parser, field.text,
			"a rule begins with + (permit), - (deny), ? (ask) or > (tunnel), "
			"then a blank");
	rule->action = (enum pr_rule_action)(sign - signs);
	if (field.len > 1 && rule->action != PR_RULE_TUNNEL)
		return pr_rule_fail(parser, field.text + 1, "put a blank between %c and the entity",
				    *sign);
	for (size_t i = 1; i < field.len; i++)
		if (!name_character(field.text[i]))
			return pr_rule_fail(
				parser, field.text + i,
				"the name of a tunnel's upstream holds letters, digits, "
				"'-', '_' and '.' only");
	if (field.len - 1 > PR_TUNNEL_NAME_MAX)
		return pr_rule_fail(parser, field.text + 1,
				    "the name of a tunnel's upstream has at most %d characters",
				    PR_TUNNEL_NAME_MAX);
	memcpy(rule->tunnel, field.text + 1, field.len - 1);
	return 0;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next field from *at on; empty at the end or where a comment begins. */
static struct pr_rule_field next_field(const char **at)
{
	struct pr_rule_field field;

	while (blank(**at))
		(*at)++;
	field.text = *at;
	if (**at != '#')
		while (**at && !blank(**at))
			(*at)++;
	field.len = (size_t)(*at - field.text);
	return field;
}

static int check_bytes(struct pr_rule_parser *parser)
{
	if (strnlen(parser->text, PR_RULE_TEXT_MAX + 1) > PR_RULE_TEXT_MAX)
		return pr_rule_fail(parser, parser->text, "a rule has at most %d bytes",
				    PR_RULE_TEXT_MAX);
	for (const char *p = parser->text; *p; p++)
		if (((uint8_t)*p < ' ' && *p != '\t') || *p == 0x7f)
			return pr_rule_fail(parser, p,
					    "take out the control character; a rule is one line");
	return 0;
}

static int parse(struct pr_rule_parser *parser, struct pr_rule *rule)
{
	const char *at = parser->text;
	struct pr_rule_field field;
	int r;

	r = check_bytes(parser);
	if (r < 0)
		return r;
	field = next_field(&at);
	if (!field.len)
		return pr_rule_fail(parser, field.text,
				    "the rule is empty; write ACTION ENTITY [PROTOCOL[/PORT]]");
	r = parse_action(parser, field, rule);
	if (r < 0)
		return r;
	field = next_field(&at);
	if (!field.len)
		return pr_rule_fail(parser, field.text,
				    "the entity is missing; * stands for anything");
	r = pr_rule_parse_entity(parser, field, rule);
	if (r < 0)
		return r;
	field = next_field(&at);
	if (!field.len)
		return 0;
	r = pr_rule_parse_service(parser, field, rule);
	if (r < 0)
		return r;
	field = next_field(&at);
	if (field.len)
		return pr_rule_fail(parser, field.text,
				    "nothing may follow the protocol and the port but a comment, "
				    "which begins with #");
	return 0;
}

int pr_rule_parse(const char *text, struct pr_rule *ret_rule, struct pr_rule_error *ret_error)
{
	struct pr_rule_parser parser = { text, ret_error };
	struct pr_rule rule = { .proto = PR_PROTO_ANY };
	int r;

	r = parse(&parser, &rule);
	if (r == 0)
		*ret_rule = rule;
	return r;
}
