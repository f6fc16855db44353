/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * As much of HPACK (RFC 7541) as it takes to find the host in the first header block of a connection. The dynamic table is
 * empty before it; what the block itself adds is remembered by whether it is a host's. An entry that the
 * table's size would have pushed out is still taken for one here: whoever refers to it breaks the connection.
 *
 * A string in Huffman's code is decoded as far as printable ASCII goes, which have the short codes; what has a longer
 * one is no host.
 */
#include "base/cursor.h"
#include "inspection/http.h"

#define STATIC_AUTHORITY 1u
#define STATIC_HOST	 38u
#define STATIC_N	 61u
#define ADDED_MAX \
	128u /* of an entry 32 bytes at least count, of a table of 4,096 (RFC 7541, 4.1) */
#define STRING_MAX    512u
#define INTEGER_BYTES 4u

/* Codes of one length are consecutive, in the order of their symbols (RFC 7541, appendix B): the symbols of each
 * length up to 15, the longest that printable ASCII needs but for the backslash. */
static const struct {
	uint8_t bits, n;
	const char *symbols;
} codes[] = {
	{ 5, 10, "012aceiost" },
	{ 6, 26, " %-./3456789=A_bdfghlmnpru" },
	{ 7, 32, ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz" },
	{ 8, 6, "&*,;XZ" },
	{ 10, 5, "!\"()?" },
	{ 11, 3, "'+|" },
	{ 12, 2, "#>" },
	{ 13, 6, "\0$@[]~" },
	{ 14, 2, "^}" },
	{ 15, 3, "<`{" },
};

struct text {
	uint8_t bytes[STRING_MAX];
	size_t len;
	bool readable; /* else it is too long, or nothing that a host could be */
};

/* What stands for each entry that the block added, the oldest first. */
struct added {
	uint32_t n;
	uint64_t hosts[ADDED_MAX / 64]; /* bits */
};

/* RFC 7541, 5.1; `prefix` bits of the first byte, which is read already. */
static uint32_t read_integer(struct pr_reader *reader, uint8_t first, unsigned int prefix)
{
	uint32_t max = (1u << prefix) - 1, value = first & max;
	unsigned int n = 0;
	uint8_t byte;

	if (value < max)
		return value;
	do {
		byte = pr_read_u8(reader);
		if (n == INTEGER_BYTES)
			reader->failed = true;
		else
			value += (uint32_t)(byte & 0x7f) << (7 * n++);
	} while (byte & 0x80 && !reader->failed);
	return value;
}

/* The symbol at the top of `window`, which has `n` bits; -1: none of those known. *ret_bits: its code's. */
static int decode_symbol(uint32_t window, unsigned int n, unsigned int *ret_bits)
{
	uint32_t first = 0; /* code of the length */
	unsigned int bits = 0;

	for (unsigned int i = 0; i < PR_ARRAY_SIZE(codes) && codes[i].bits <= n; i++) {
		uint32_t code = window >> (n - codes[i].bits);

		first <<= codes[i].bits - bits;
		bits = codes[i].bits;
		if (code - first < codes[i].n) {
			*ret_bits = bits;
			return (uint8_t)codes[i].symbols[code - first];
		}
		first += codes[i].n;
	}
	return -1;
}

static void decode(const uint8_t *bytes, size_t len, struct text *text)
{
	uint32_t window = 0;
	unsigned int n = 0;
	size_t at = 0;

	text->len = 0;
	for (;;) {
		unsigned int bits;
		int symbol;

		while (n <= 24 && at < len) {
			window = window << 8 | bytes[at++];
			n += 8;
		}
		/* the rest of the last byte is ones (RFC 7541, 5.2) */
		if (n < 8 && at == len && (window & ((1u << n) - 1)) == (1u << n) - 1) {
			text->readable = true;
			return;
		}
		symbol = decode_symbol(n < 32 ? window & ((1u << n) - 1) : window, n, &bits);
		text->readable = false;
		if (symbol < 0 || text->len == STRING_MAX)
			return;
		text->bytes[text->len++] = (uint8_t)symbol;
		n -= bits;
	}
}

static void read_string(struct pr_reader *reader, struct text *text)
{
	uint8_t first = pr_read_u8(reader);
	size_t len = read_integer(reader, first, 7);
	const uint8_t *bytes = pr_read_bytes(reader, len);

	text->len = 0;
	text->readable = false;
	if (!bytes)
		return;
	if (first & 0x80) {
		decode(bytes, len, text);
	} else if (len <= STRING_MAX) {
		memcpy(text->bytes, bytes, len);
		text->len = len;
		text->readable = true;
	}
}

static bool names_host(const struct text *name)
{
	return name->readable && ((name->len == 10 && memcmp(name->bytes, ":authority", 10) == 0) ||
				  (name->len == 4 && memcmp(name->bytes, "host", 4) == 0));
}

/* Is the entry's name one of those? False also for an entry that there is none of: then the reader has failed. */
static bool entry_names_host(struct pr_reader *reader, const struct added *added, uint32_t index)
{
	uint32_t from_oldest;

	if (index <= STATIC_N)
		return index == STATIC_AUTHORITY || index == STATIC_HOST;
	if (index - STATIC_N > added->n) {
		reader->failed = true;
		return false;
	}
	from_oldest = added->n - (index - STATIC_N);
	return added->hosts[from_oldest / 64] >> (from_oldest % 64) & 1;
}

/* A field with its value; `index` 0: its name too. */
static void read_literal(struct pr_reader *reader, uint32_t index, bool adds, struct added *added,
			 struct pr_http_hosts *hosts)
{
	struct text PR_UNINITIALIZED text;
	bool host;

	if (index) {
		host = entry_names_host(reader, added, index);
	} else {
		read_string(reader, &text);
		host = names_host(&text);
	}
	read_string(reader, &text);
	if (reader->failed)
		return;
	if (host && text.readable)
		pr_http_hosts_add(hosts, text.bytes, text.len);
	else if (host)
		hosts->seen->flags |= PR_SEEN_CONTRADICTS;
	if (!adds)
		return;
	if (added->n == ADDED_MAX) {
		reader->failed = true;
		return;
	}
	added->hosts[added->n / 64] |= (uint64_t)host << (added->n % 64);
	added->n++;
}

bool pr_hpack_hosts(const uint8_t *block, size_t len, struct pr_http_hosts *hosts)
{
	struct pr_reader reader = pr_reader(block, len);
	struct added added = { 0 };

	while (pr_reader_left(&reader)) {
		uint8_t first = pr_read_u8(&reader);
		uint32_t index;

		if (first & 0x80) {
			/* a value that was there before: the host's own again says nothing new */
			index = read_integer(&reader, first, 7);
			if (index == 0)
				return false;
			(void)entry_names_host(&reader, &added, index);
		} else if (first & 0x40) {
			read_literal(&reader, read_integer(&reader, first, 6), true, &added, hosts);
		} else if (first & 0x20) {
			(void)read_integer(&reader, first, 5); /* the table's size */
		} else {
			read_literal(&reader, read_integer(&reader, first, 4), false, &added,
				     hosts);
		}
	}
	return !reader.failed;
}
