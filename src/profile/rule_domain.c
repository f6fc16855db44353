/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Domains in rules. A wildcard stands for any characters, label boundaries don't count, so it may cut a
 * label in two. Only whole labels can be internationalised: the A-label (RFC 5890) of a part of a label
 * is no part of the label's A-label.
 */
#include "profile/rule_text.h"

#include "base/idn.h"

#include <string.h>

struct shape {
	bool zone;	 /* leading dot */
	bool open_left;	 /* a wildcard in front: the first label may be a part */
	bool open_right; /* a wildcard behind */
};

static int to_a_label(struct pr_rule_parser *parser, struct pr_rule_field label,
		      char text[static PR_LABEL_MAX + 1])
{
	char why[PR_IDN_WHY_SIZE];

	if (pr_idn_label(label.text, label.len, text, why) < 0)
		return pr_rule_fail(parser, label.text, "\"%.*s\" %s", PR_FIELD_ARG(label), why);
	return 0;
}

/* Appends one label in A-label form. */
static int append_label(struct pr_rule_parser *parser, struct pr_rule_field label, bool whole,
			struct pr_rule *rule, size_t *len)
{
	char text[4 * PR_NAME_MAX + 1];
	bool plain = true;
	int r;

	for (size_t i = 0; i < label.len; i++)
		plain = plain && !((uint8_t)label.text[i] & 0x80);
	if (!plain && !whole)
		return pr_rule_fail(parser, label.text,
				    "next to a wildcard write a, b, c … only: a part of an "
				    "internationalised label can't be matched");
	if (!pr_rule_field_copy(label, text, sizeof(text)))
		return pr_rule_fail(parser, label.text, "a label has at most %d characters",
				    PR_LABEL_MAX);
	if (!plain) {
		r = to_a_label(parser, label, text);
		if (r < 0)
			return r;
	}
	if (strlen(text) > PR_LABEL_MAX)
		return pr_rule_fail(parser, label.text, "a label has at most %d characters",
				    PR_LABEL_MAX);
	if (*len + strlen(text) > PR_NAME_MAX)
		return pr_rule_fail(parser, label.text, "a name has at most %d characters",
				    PR_NAME_MAX);
	for (const char *c = text; *c; c++)
		rule->domain[(*len)++] = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	rule->domain[*len] = '\0';
	return 0;
}

static int check_characters(struct pr_rule_parser *parser, struct pr_rule_field field)
{
	for (size_t i = 0; i < field.len; i++) {
		uint8_t c = (uint8_t)field.text[i];

		if (c == '*')
			return pr_rule_fail(
				parser, field.text + i,
				"a wildcard stands alone at the beginning, at the end, or "
				"at both");
		if (c == ':')
			return pr_rule_fail(
				parser, field.text + i,
				"a port stands behind the protocol: example.com TCP/443");
		if (c == '/')
			return pr_rule_fail(parser, field.text + i,
					    "write the domain only, without https:// and path");
		if (!(c & 0x80) && c != '.' && (c == ',' || !pr_list_id_character((char)c)))
			return pr_rule_fail(
				parser, field.text + i,
				"a domain holds letters, digits, '-', '_' and '.' only");
	}
	return 0;
}

/* The last label, where it is whole, must not be all digits: such a name would be read as an address by
 * others (WHATWG URL, "ends in a number"). */
static int check_last_label(struct pr_rule_parser *parser, const char *at,
			    const struct shape *shape, const struct pr_rule *rule)
{
	const char *last = strrchr(rule->domain, '.');
	bool whole = !shape->open_right && (last || !shape->open_left);
	struct pr_rule_field label = { last ? last + 1 : rule->domain, 0 };

	label.len = strlen(label.text);
	if (whole && pr_rule_field_digits(label))
		return pr_rule_fail(parser, at, "a name's last label can't be all digits");
	return 0;
}

static int parse_labels(struct pr_rule_parser *parser, struct pr_rule_field field,
			const struct shape *shape, struct pr_rule *rule)
{
	struct pr_rule_field rest = field, label;
	size_t len = 0;
	bool more, first = true;
	int r;

	do {
		bool part;

		label = pr_rule_field_split(&rest, '.', &more);
		part = (first && shape->open_left) || (!more && shape->open_right);
		if (!label.len && !part)
			return pr_rule_fail(parser, label.text,
					    "a label is missing between the dots");
		r = append_label(parser, label, !part, rule, &len);
		if (r < 0)
			return r;
		if (more && len >= PR_NAME_MAX)
			return pr_rule_fail(parser, label.text, "a name has at most %d characters",
					    PR_NAME_MAX);
		if (more)
			rule->domain[len++] = '.';
		rule->domain[len] = '\0';
		first = false;
	} while (more);
	return check_last_label(parser, label.text, shape, rule);
}

static enum pr_entity_kind kind_of(const struct shape *shape)
{
	if (shape->zone)
		return PR_ENTITY_ZONE;
	if (shape->open_left)
		return shape->open_right ? PR_ENTITY_CONTAINS : PR_ENTITY_SUFFIX;
	return shape->open_right ? PR_ENTITY_BEGINS : PR_ENTITY_NAME;
}

int pr_rule_parse_domain(struct pr_rule_parser *parser, struct pr_rule_field field,
			 struct pr_rule *rule)
{
	const char *start = field.text;
	struct shape shape = { .zone = field.text[0] == '.' };
	int r;

	if (shape.zone || field.text[0] == '*') {
		shape.open_left = !shape.zone;
		field.text++;
		field.len--;
	}
	if (field.len && field.text[field.len - 1] == '*') {
		if (shape.zone)
			return pr_rule_fail(
				parser, field.text + field.len - 1,
				"a wildcard can't stand together with a leading dot; write "
				"*.name* for what contains \".name\"");
		shape.open_right = true;
		field.len--;
	}
	if (!shape.open_right && field.len && field.text[field.len - 1] == '.')
		field.len--; /* the final dot says nothing */
	r = check_characters(parser, field);
	if (r < 0)
		return r;
	if (!field.len)
		return pr_rule_fail(parser, start,
				    "a name is missing; * alone stands for anything");
	rule->entity = kind_of(&shape);
	return parse_labels(parser, field, &shape, rule);
}
