/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cursors over bytes with a sticky error: read (or write) on, test once at the end. After the first
 * access beyond the end every read gives zero, every write does nothing, and `failed` stays true.
 * All integers are in network byte order on the wire and in host byte order here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pr_reader {
	const uint8_t *bytes; /* borrowed */
	size_t len;
	size_t position;
	bool failed;
};

struct pr_writer {
	uint8_t *bytes; /* borrowed */
	size_t size;
	size_t position;
	bool failed;
};

static inline struct pr_reader pr_reader(const void *bytes, size_t len)
{
	return (struct pr_reader){ .bytes = bytes, .len = len };
}

static inline struct pr_writer pr_writer(void *bytes, size_t size)
{
	return (struct pr_writer){ .bytes = bytes, .size = size };
}

static inline size_t pr_reader_left(const struct pr_reader *reader)
{
	return reader->failed ? 0 : reader->len - reader->position;
}

/* The next `len` bytes, or NULL; moves on. */
static inline const uint8_t *pr_read_bytes(struct pr_reader *reader, size_t len)
{
	const uint8_t *at;

	if (reader->failed || len > reader->len - reader->position) {
		reader->failed = true;
		return NULL;
	}
	at = reader->bytes + reader->position;
	reader->position += len;
	return at;
}

static inline void pr_read_skip(struct pr_reader *reader, size_t len)
{
	(void)pr_read_bytes(reader, len);
}

static inline uint8_t pr_read_u8(struct pr_reader *reader)
{
	const uint8_t *at = pr_read_bytes(reader, 1);

	return at ? at[0] : 0;
}

static inline uint16_t pr_read_u16(struct pr_reader *reader)
{
	const uint8_t *at = pr_read_bytes(reader, 2);

	return at ? (uint16_t)(at[0] << 8 | at[1]) : 0;
}

static inline uint32_t pr_read_u32(struct pr_reader *reader)
{
	const uint8_t *at = pr_read_bytes(reader, 4);

	return at ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
		  : 0;
}

static inline uint64_t pr_read_u64(struct pr_reader *reader)
{
	uint64_t high = pr_read_u32(reader);

	return high << 32 | pr_read_u32(reader);
}

static inline void pr_write_bytes(struct pr_writer *writer, const void *bytes, size_t len)
{
	if (writer->failed || len > writer->size - writer->position) {
		writer->failed = true;
		return;
	}
	if (len)
		memcpy(writer->bytes + writer->position, bytes, len);
	writer->position += len;
}

static inline void pr_write_u8(struct pr_writer *writer, uint8_t value)
{
	pr_write_bytes(writer, &value, 1);
}

static inline void pr_write_u16(struct pr_writer *writer, uint16_t value)
{
	uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	pr_write_bytes(writer, bytes, sizeof(bytes));
}

static inline void pr_write_u32(struct pr_writer *writer, uint32_t value)
{
	uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
			     (uint8_t)value };

	pr_write_bytes(writer, bytes, sizeof(bytes));
}

static inline void pr_write_u64(struct pr_writer *writer, uint64_t value)
{
	pr_write_u32(writer, (uint32_t)(value >> 32));
	pr_write_u32(writer, (uint32_t)value);
}
