/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names as lists write them. Nearly all are plain ASCII and pass in one loop over a table; whatever that loop can't
 * swallow is looked at again slowly, label by label: to convert U-labels, or to say what is wrong.
 */
#include "base/idn.h"
#include "intel/list_line.h"

#include <string.h>

#define LETTER(c) [c] = (c), [(c)-32] = (c)
/* What stands for the byte in a canonical name; 0 where it can't stand in one. */
static const char folded[256] = {
	['-'] = '-', ['.'] = '.', ['_'] = '_', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3',
	['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', LETTER('a'),
	LETTER('b'), LETTER('c'), LETTER('d'), LETTER('e'), LETTER('f'), LETTER('g'), LETTER('h'),
	LETTER('i'), LETTER('j'), LETTER('k'), LETTER('l'), LETTER('m'), LETTER('n'), LETTER('o'),
	LETTER('p'), LETTER('q'), LETTER('r'), LETTER('s'), LETTER('t'), LETTER('u'), LETTER('v'),
	LETTER('w'), LETTER('x'), LETTER('y'), LETTER('z'),
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int fail(char ret_why[PR_LIST_WHY_SIZE], const char *why)
{
	snprintf(ret_why, PR_LIST_WHY_SIZE, "%s", why);
	return -EINVAL;
}

/* A byte that no name holds. */
static int fail_at(char c, char ret_why[PR_LIST_WHY_SIZE])
{
	if (c == '*')
		return fail(ret_why,
			    "a wildcard stands only in place of all that is left of a dot");
	if (c == '/')
		return fail(ret_why, "a URL or a path is no name");
	if (c == ':')
		return fail(ret_why, "a port or a scheme is no part of a name");
	if (c == ' ' || c == '\t')
		return fail(ret_why, "a blank can't stand in a name");
	if (c < ' ' || c == 0x7f)
		return fail(ret_why, "a control character can't stand in a name");
	snprintf(ret_why, PR_LIST_WHY_SIZE, "'%c' can't stand in a name", c);
	return -EINVAL;
}

/* One label: as it is in small letters, or its A-label. */
static int read_label(struct pr_list_text label, char ret_label[PR_LABEL_MAX + 1],
		      char ret_why[PR_LIST_WHY_SIZE])
{
	char why[PR_IDN_WHY_SIZE];
	bool plain = true;

	if (!label.len)
		return fail(ret_why, "a label is missing between the dots");
	for (size_t i = 0; i < label.len; i++)
		plain = plain && !(label.bytes[i] & 0x80);
	if (!plain) {
		if (pr_idn_label(label.bytes, label.len, ret_label, why) == 0)
			return 0;
		snprintf(ret_why, PR_LIST_WHY_SIZE, "a label of the name %s", why);
		return -EINVAL;
	}
	for (size_t i = 0; i < label.len; i++)
		if (!folded[(uint8_t)label.bytes[i]])
			return fail_at(label.bytes[i], ret_why);
	if (label.len > PR_LABEL_MAX)
		return fail(ret_why, "a label has at most 63 characters");
	for (size_t i = 0; i < label.len; i++)
		ret_label[i] = folded[(uint8_t)label.bytes[i]];
	ret_label[label.len] = '\0';
	return 0;
}

static int read_slowly(struct pr_list_text text, char ret_name[PR_NAME_TEXT_SIZE],
		       char ret_why[PR_LIST_WHY_SIZE])
{
	size_t len = 0, label_len;
	const char *dot;
	int r;

	do {
		char label[PR_LABEL_MAX + 1];
		struct pr_list_text part = text;

		dot = memchr(text.bytes, '.', text.len);
		if (dot) {
			part.len = (size_t)(dot - text.bytes);
			text = pr_list_skip(text, part.len + 1);
		}
		r = read_label(part, label, ret_why);
		if (r < 0)
			return r;
		label_len = strlen(label);
		if (len + label_len > PR_NAME_MAX)
			return fail(ret_why, "a name has at most 253 characters");
		memcpy(ret_name + len, label, label_len);
		len += label_len;
		ret_name[len++] = '.';
	} while (dot);
	ret_name[len - 1] = '\0';
	return 0;
}

/* Names that end so would be read as addresses elsewhere (WHATWG URL, "ends in a number"). */
static bool ends_in_number(const char *name, size_t len)
{
	while (len && is_digit(name[len - 1]))
		len--;
	return !len || name[len - 1] == '.';
}

int pr_list_name(struct pr_list_text text, char ret_name[PR_NAME_TEXT_SIZE],
		 char ret_why[PR_LIST_WHY_SIZE])
{
	size_t label_len = 0, len;
	bool plain;
	int r;

	if (text.len && text.bytes[text.len - 1] == '.')
		text.len--;
	if (!text.len)
		return fail(ret_why, "a name is missing");
	plain = text.len <= PR_NAME_MAX;
	for (size_t i = 0; plain && i < text.len; i++) {
		char c = folded[(uint8_t)text.bytes[i]];

		ret_name[i] = c;
		plain = c == '.' ? label_len != 0 : c && label_len < PR_LABEL_MAX;
		label_len = c == '.' ? 0 : label_len + 1;
	}
	if (plain && label_len) {
		ret_name[text.len] = '\0';
		len = text.len;
	} else {
		r = read_slowly(text, ret_name, ret_why);
		if (r < 0)
			return r;
		len = strlen(ret_name);
	}
	if (is_digit(ret_name[len - 1]) && ends_in_number(ret_name, len))
		return fail(ret_why, "a name's last label can't be all digits");
	return 0;
}
