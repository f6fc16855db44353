/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MaxMind DB, version 2.0. A side of a node is another node's number, EMPTY, or DATA and an offset. */
#include "mmdb_build.h"

#include <string.h>

#define EMPTY 0xffffffffu
#define DATA  0x80000000u

void mmdb_build_init(struct mmdb_build *build, unsigned int ip_version, unsigned int record_bits)
{
	memset(build, 0, sizeof(*build));
	build->ip_version = ip_version;
	build->record_bits = record_bits;
	build->n_nodes = 1;
	build->sides[0][0] = build->sides[0][1] = EMPTY;
}

static uint32_t put(struct mmdb_build *build, const void *bytes, size_t len)
{
	uint32_t offset = (uint32_t)build->data_len;

	assert_true(build->data_len + len <= sizeof(build->data));
	memcpy(build->data + build->data_len, bytes, len);
	build->data_len += len;
	return offset;
}

uint32_t mmdb_build_map(struct mmdb_build *build, unsigned int n_pairs)
{
	uint8_t control = (uint8_t)(7u << 5 | n_pairs);

	return put(build, &control, 1);
}

uint32_t mmdb_build_text(struct mmdb_build *build, const char *text)
{
	size_t len = strlen(text);
	uint8_t control[2] = { (uint8_t)(2u << 5 | (len < 29 ? len : 29)), (uint8_t)(len - 29) };
	uint32_t offset = put(build, control, len < 29 ? 1 : 2);

	put(build, text, len);
	return offset;
}

uint32_t mmdb_build_number(struct mmdb_build *build, uint32_t number)
{
	uint8_t bytes[] = { 6u << 5 | 4, (uint8_t)(number >> 24), (uint8_t)(number >> 16),
			    (uint8_t)(number >> 8), (uint8_t)number };

	return put(build, bytes, sizeof(bytes));
}

uint32_t mmdb_build_pointer(struct mmdb_build *build, uint32_t offset)
{
	uint8_t bytes[] = { (uint8_t)(1u << 5 | offset >> 8), (uint8_t)offset };

	return put(build, bytes, sizeof(bytes));
}

/* The node that the first `len` bits lead to, made on the way. */
static uint32_t walk_to(struct mmdb_build *build, const uint8_t *bits, unsigned int len)
{
	uint32_t node = 0;

	for (unsigned int i = 0; i < len; i++) {
		uint32_t *side = &build->sides[node][bits[i / 8] >> (7 - i % 8) & 1];

		if (*side == EMPTY) {
			assert_true(build->n_nodes < MMDB_BUILD_NODES_MAX);
			build->sides[build->n_nodes][0] = build->sides[build->n_nodes][1] = EMPTY;
			*side = build->n_nodes++;
		}
		node = *side;
	}
	return node;
}

void mmdb_build_insert(struct mmdb_build *build, const char *text, uint32_t offset)
{
	struct pr_prefix prefix;
	uint8_t bits[16] = { 0 };
	unsigned int len;

	assert_int_equal(pr_prefix_parse(text, &prefix), 0);
	len = prefix.len;
	if (prefix.address.family == 4 && build->ip_version == 6) {
		memcpy(bits + 12, prefix.address.bytes, 4);
		len += 96;
	} else {
		memcpy(bits, prefix.address.bytes, 16);
	}
	len--;
	build->sides[walk_to(build, bits, len)][bits[len / 8] >> (7 - len % 8) & 1] = DATA | offset;
}

void mmdb_build_alias(struct mmdb_build *build)
{
	static const uint8_t zero[16], mapped[16] = { [10] = 0xff, [11] = 0xff };
	uint32_t v4 = walk_to(build, zero, 96);

	build->sides[walk_to(build, mapped, 95)][1] = v4;
}

static void append(struct mmdb_build *build, const void *bytes, size_t len)
{
	assert_true(build->file_len + len <= sizeof(build->file));
	memcpy(build->file + build->file_len, bytes, len);
	build->file_len += len;
}

static uint32_t record(const struct mmdb_build *build, uint32_t side)
{
	if (side == EMPTY)
		return build->n_nodes;
	return side & DATA ? build->n_nodes + 16 + (side & ~DATA) : side;
}

static void append_node(struct mmdb_build *build, const uint32_t *sides)
{
	uint32_t left = record(build, sides[0]), right = record(build, sides[1]);
	uint8_t bytes[8];

	if (build->record_bits == 24) {
		for (int i = 0; i < 3; i++) {
			bytes[i] = (uint8_t)(left >> (16 - 8 * i));
			bytes[3 + i] = (uint8_t)(right >> (16 - 8 * i));
		}
	} else if (build->record_bits == 28) {
		for (int i = 0; i < 3; i++) {
			bytes[i] = (uint8_t)(left >> (16 - 8 * i));
			bytes[4 + i] = (uint8_t)(right >> (16 - 8 * i));
		}
		bytes[3] = (uint8_t)((left >> 24) << 4 | right >> 24);
	} else {
		for (int i = 0; i < 4; i++) {
			bytes[i] = (uint8_t)(left >> (24 - 8 * i));
			bytes[4 + i] = (uint8_t)(right >> (24 - 8 * i));
		}
	}
	append(build, bytes, build->record_bits * 2 / 8);
}

static void append_setting(struct mmdb_build *build, const char *key, uint32_t value)
{
	uint8_t number[] = { 6u << 5 | 4, (uint8_t)(value >> 24), (uint8_t)(value >> 16),
			     (uint8_t)(value >> 8), (uint8_t)value };
	uint8_t control = (uint8_t)(2u << 5 | strlen(key));

	append(build, &control, 1);
	append(build, key, strlen(key));
	append(build, number, sizeof(number));
}

void mmdb_build_finish(struct mmdb_build *build)
{
	static const uint8_t separator[16], map = 7u << 5 | 4;

	build->file_len = 0;
	for (unsigned int i = 0; i < build->n_nodes; i++)
		append_node(build, build->sides[i]);
	append(build, separator, sizeof(separator));
	append(build, build->data, build->data_len);
	append(build, "\xab\xcd\xefMaxMind.com", 14);
	append(build, &map, 1);
	append_setting(build, "binary_format_major_version", 2);
	append_setting(build, "node_count", build->n_nodes);
	append_setting(build, "record_size", build->record_bits);
	append_setting(build, "ip_version", build->ip_version);
}
