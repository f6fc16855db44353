/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names on the wire: decompressed when read, compared without case, and their canonical text. */
#include "dns/message.h"

#include <string.h>

#define POINTER_BITS 0xc0

static uint8_t fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

bool pr_dns_read_name(struct pr_reader *reader, struct pr_dns_name *ret_name)
{
	struct pr_reader at = *reader;
	struct pr_dns_name name = { 0 };
	size_t lowest = reader->position; /* a pointer leads before what was read so far: no loop */
	unsigned int n_jumps = 0;

	for (;;) {
		uint8_t label_len = pr_read_u8(&at);
		const uint8_t *label;

		if ((label_len & POINTER_BITS) == POINTER_BITS) {
			size_t target = (size_t)(label_len & ~POINTER_BITS) << 8 | pr_read_u8(&at);

			if (at.failed || target >= lowest || n_jumps == PR_DNS_POINTERS_MAX)
				goto malformed;
			if (n_jumps++ == 0)
				reader->position = at.position;
			lowest = at.position = target;
			continue;
		}
		label = pr_read_bytes(&at, label_len);
		/* 0x40 and 0x80 announce what was never standardised (RFC 6891, 5) */
		if (at.failed || label_len & POINTER_BITS ||
		    name.len + 1u + label_len + (label_len != 0) > PR_DNS_NAME_MAX)
			goto malformed;
		name.wire[name.len] = label_len;
		memcpy(name.wire + name.len + 1, label, label_len);
		name.len = (uint8_t)(name.len + 1 + label_len);
		if (label_len == 0)
			break;
	}
	if (n_jumps == 0)
		reader->position = at.position;
	*ret_name = name;
	return true;
malformed:
	reader->failed = true;
	return false;
}

const char *pr_dns_name_text(const struct pr_dns_name *name, char text[PR_NAME_TEXT_SIZE])
{
	char *out = text;

	for (size_t i = 0; i < name->len && name->wire[i];) {
		size_t end = i + 1 + name->wire[i];

		if (out != text)
			*out++ = '.';
		for (i++; i < end; i++) {
			uint8_t c = fold(name->wire[i]);

			if (c > ' ' && c < 0x7f && c != '.' && c != '\\') {
				*out++ = (char)c;
				continue;
			}
			*out++ = '\\';
			*out++ = (char)('0' + c / 100);
			*out++ = (char)('0' + c / 10 % 10);
			*out++ = (char)('0' + c % 10);
		}
	}
	*out = '\0';
	return text;
}

/* One character of a text, escapes resolved; `*text` moves behind it. The byte, or -EINVAL. */
static int take_character(const char **text)
{
	const char *at = *text;
	unsigned int value = 0;

	if (*at != '\\') {
		(*text)++;
		return (uint8_t)*at;
	}
	at++;
	if (*at < '0' || *at > '9') {
		if (!*at)
			return -EINVAL;
		*text = at + 1;
		return (uint8_t)*at;
	}
	for (int i = 0; i < 3; i++, at++) {
		if (*at < '0' || *at > '9')
			return -EINVAL;
		value = value * 10 + (unsigned int)(*at - '0');
	}
	*text = at;
	return value <= 255 ? (int)value : -EINVAL;
}

int pr_dns_name_from_text(const char *text, struct pr_dns_name *ret_name)
{
	struct pr_dns_name name = { .len = 1 };
	size_t label = 0; /* where the length of the current label stands */

	if (strcmp(text, ".") == 0)
		text++;
	while (*text) {
		int c;

		if (*text == '.') {
			if (name.wire[label] == 0)
				return -EINVAL;
			label = name.len;
			text++;
			c = 0;
		} else {
			c = take_character(&text);
			if (c < 0 || ++name.wire[label] > PR_LABEL_MAX)
				return -EINVAL;
		}
		if (name.len >= PR_DNS_NAME_MAX)
			return -EINVAL;
		name.wire[name.len++] = (uint8_t)c;
	}
	/* without a final dot the last label still wants its zero */
	if (name.wire[label] != 0) {
		if (name.len >= PR_DNS_NAME_MAX)
			return -EINVAL;
		name.wire[name.len++] = 0;
	}
	*ret_name = name;
	return 0;
}

bool pr_dns_name_equal(const struct pr_dns_name *a, const struct pr_dns_name *b)
{
	if (a->len != b->len)
		return false;
	/* lengths of labels are below 'A': folding leaves them alone */
	for (size_t i = 0; i < a->len; i++)
		if (fold(a->wire[i]) != fold(b->wire[i]))
			return false;
	return true;
}
