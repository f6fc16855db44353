/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ipc/body.h"

#include <ctype.h>
#include <string.h>

#define TEXT_NULL 0xffffu

/* A text stands with its zero, so that the reader can borrow it as a string. */
const char *pr_read_text(struct pr_reader *reader)
{
	uint16_t len = pr_read_u16(reader);
	const char *text;

	if (len == TEXT_NULL)
		return NULL;
	text = (const char *)pr_read_bytes(reader, (size_t)len + 1);
	if (text && strnlen(text, (size_t)len + 1) != len) {
		reader->failed = true;
		return NULL;
	}
	return text;
}

void pr_write_text(struct pr_writer *writer, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len >= TEXT_NULL) {
		writer->failed = true;
		return;
	}
	pr_write_u16(writer, text ? (uint16_t)len : TEXT_NULL);
	if (text)
		pr_write_bytes(writer, text, len + 1);
}

struct pr_address pr_read_address(struct pr_reader *reader)
{
	uint8_t family = pr_read_u8(reader);
	const uint8_t *bytes = pr_read_bytes(reader, 16);

	if (!bytes || family == 0)
		return (struct pr_address){ 0 };
	if (family == 4)
		return pr_address_v4(bytes);
	if (family != 6)
		reader->failed = true;
	return pr_address_v6(bytes);
}

void pr_write_address(struct pr_writer *writer, const struct pr_address *address)
{
	pr_write_u8(writer, address->family);
	pr_write_bytes(writer, address->bytes, sizeof(address->bytes));
}

struct pr_tuple pr_read_tuple(struct pr_reader *reader)
{
	struct pr_tuple tuple = { 0 };

	tuple.src = pr_read_address(reader);
	tuple.dst = pr_read_address(reader);
	tuple.src_port = pr_read_u16(reader);
	tuple.dst_port = pr_read_u16(reader);
	tuple.proto = pr_read_u8(reader);
	return tuple;
}

void pr_write_tuple(struct pr_writer *writer, const struct pr_tuple *tuple)
{
	pr_write_address(writer, &tuple->src);
	pr_write_address(writer, &tuple->dst);
	pr_write_u16(writer, tuple->src_port);
	pr_write_u16(writer, tuple->dst_port);
	pr_write_u8(writer, tuple->proto);
}

bool pr_pairs_add(struct pr_pairs *pairs, const char *key, const char *value)
{
	if (pairs->n == PR_PAIRS_MAX || strlen(key) > PR_PAIR_KEY_MAX ||
	    strlen(value) > PR_PAIR_VALUE_MAX)
		return false;
	pairs->pairs[pairs->n].key = key;
	pairs->pairs[pairs->n++].value = value;
	return true;
}

const char *pr_pairs_get(const struct pr_pairs *pairs, const char *key)
{
	for (unsigned int i = 0; i < pairs->n; i++)
		if (strcmp(pairs->pairs[i].key, key) == 0)
			return pairs->pairs[i].value;
	return NULL;
}

uint64_t pr_pairs_number(const struct pr_pairs *pairs, const char *key, uint64_t otherwise)
{
	const char *text = pr_pairs_get(pairs, key);
	uint64_t number;
	char *end;

	if (!text || !isdigit((unsigned char)*text))
		return otherwise;
	errno = 0;
	number = strtoull(text, &end, 10);
	return errno || *end ? otherwise : number;
}

size_t pr_pairs_encode(const struct pr_pairs *pairs, void *body, size_t size)
{
	struct pr_writer writer = pr_writer(body, size);

	pr_write_u16(&writer, (uint16_t)pairs->n);
	for (unsigned int i = 0; i < pairs->n; i++) {
		pr_write_text(&writer, pairs->pairs[i].key);
		pr_write_text(&writer, pairs->pairs[i].value);
	}
	return writer.failed ? 0 : writer.position;
}

int pr_pairs_decode(const void *body, size_t len, struct pr_pairs *ret_pairs)
{
	struct pr_reader reader = pr_reader(body, len);
	struct pr_pairs pairs = { 0 };
	unsigned int n = pr_read_u16(&reader);

	for (unsigned int i = 0; i < n && !reader.failed; i++) {
		const char *key = pr_read_text(&reader), *value = pr_read_text(&reader);

		if (!key || !value || !pr_pairs_add(&pairs, key, value))
			return -EBADMSG;
	}
	if (!pr_read_complete(&reader))
		return -EBADMSG;
	*ret_pairs = pairs;
	return 0;
}
