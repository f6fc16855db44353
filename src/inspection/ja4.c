/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/ja4.h"

#include "base/cursor.h"
#include "inspection/tls_codes.h"

#include <ctype.h>
#include <nettle/sha2.h>
#include <string.h>

#define HASH_LEN      12 /* of the hexadecimal digits */
#define CODE_TEXT_LEN 5	 /* four digits and what separates them */

struct codes {
	uint16_t codes[PR_JA4_CODES_MAX];
	unsigned int n, n_counted; /* counted: with those that aren't hashed */
	bool overflow;
};

static const char digits[] = "0123456789abcdef";

static void add(struct codes *codes, uint16_t code)
{
	if (pr_tls_grease(code))
		return;
	if (codes->n == PR_JA4_CODES_MAX) {
		codes->overflow = true;
		return;
	}
	codes->codes[codes->n++] = code;
	codes->n_counted++;
}

static void read_codes(struct codes *codes, const struct pr_tls_slice *list)
{
	codes->n = codes->n_counted = 0;
	codes->overflow = false;
	for (size_t i = 0; i + 1 < list->len; i += 2)
		add(codes, (uint16_t)(list->bytes[i] << 8 | list->bytes[i + 1]));
}

static void read_extensions(struct codes *codes, const struct pr_tls_slice *extensions)
{
	struct pr_reader reader = pr_reader(extensions->bytes, extensions->len);

	codes->n = codes->n_counted = 0;
	codes->overflow = false;
	while (pr_reader_left(&reader)) {
		uint16_t type = pr_read_u16(&reader);

		pr_read_skip(&reader, pr_read_u16(&reader));
		if (type == PR_TLS_EXTENSION_SERVER_NAME || type == PR_TLS_EXTENSION_ALPN)
			codes->n_counted++;
		else
			add(codes, type);
	}
}

/* Shell's: lists of real hellos are short, and a long one costs an attacker more than us. */
static void sort(struct codes *codes)
{
	static const unsigned int gaps[] = { 132, 57, 23, 10, 4, 1 };

	for (unsigned int g = 0; g < PR_ARRAY_SIZE(gaps); g++) {
		for (unsigned int i = gaps[g]; i < codes->n; i++) {
			uint16_t code = codes->codes[i];
			unsigned int at = i;

			for (; at >= gaps[g] && codes->codes[at - gaps[g]] > code; at -= gaps[g])
				codes->codes[at] = codes->codes[at - gaps[g]];
			codes->codes[at] = code;
		}
	}
}

/* "1301,1302"; returns its end. */
static char *write_codes(const struct codes *codes, char *text)
{
	for (unsigned int i = 0; i < codes->n; i++) {
		uint16_t code = codes->codes[i];

		if (i)
			*text++ = ',';
		for (int shift = 12; shift >= 0; shift -= 4)
			*text++ = digits[code >> shift & 15];
	}
	return text;
}

static void hash(const char *text, size_t len, char *hex)
{
	uint8_t digest[HASH_LEN / 2];
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, len, (const uint8_t *)text);
	sha256_digest(&context, sizeof(digest), digest);
	for (unsigned int i = 0; i < sizeof(digest); i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
}

/* The highest number that stands there, as the description has it: of DTLS 1.2 and 1.3 that is 1.2's. */
static uint16_t version_of(const struct pr_tls_client_hello *hello)
{
	uint16_t highest = 0;

	if (!hello->versions.bytes)
		return hello->version;
	for (size_t i = 0; i + 1 < hello->versions.len; i += 2) {
		uint16_t version =
			(uint16_t)(hello->versions.bytes[i] << 8 | hello->versions.bytes[i + 1]);

		if (!pr_tls_grease(version) && version > highest)
			highest = version;
	}
	return highest;
}

static const char *version_text(uint16_t version)
{
	switch (version) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	case 0x0002:
		return "s2";
	case 0xfeff:
		return "d1";
	case 0xfefd:
		return "d2";
	case 0xfefc:
		return "d3";
	default:
		return "00";
	}
}

/* First and last character of the first protocol; of its hexadecimal form where one of them is no letter or digit. */
static void write_alpn(const struct pr_tls_slice *alpn, char *text)
{
	struct pr_reader reader = pr_reader(alpn->bytes, alpn->len);

	text[0] = text[1] = '0';
	while (pr_reader_left(&reader)) {
		size_t len = pr_read_u8(&reader);
		const uint8_t *name = pr_read_bytes(&reader, len);

		if (!name || !len)
			return;
		if (len == 2 && pr_tls_grease((uint16_t)(name[0] << 8 | name[1])))
			continue;
		if (name[0] < 0x80 && name[len - 1] < 0x80 && isalnum(name[0]) &&
		    isalnum(name[len - 1])) {
			text[0] = (char)name[0];
			text[1] = (char)name[len - 1];
		} else {
			text[0] = digits[name[0] >> 4];
			text[1] = digits[name[len - 1] & 15];
		}
		return;
	}
}

static void write_count(unsigned int n, char *text)
{
	n = n > 99 ? 99 : n;
	text[0] = (char)('0' + n / 10);
	text[1] = (char)('0' + n % 10);
}

void pr_ja4(const struct pr_tls_client_hello *hello, enum pr_tls_over over,
	    char ret_ja4[PR_JA4_SIZE])
{
	PR_UNINITIALIZED struct codes codes;
	PR_UNINITIALIZED char text[2 * PR_JA4_CODES_MAX * CODE_TEXT_LEN];
	const char *version = version_text(version_of(hello));
	char *end, ja4[PR_JA4_SIZE] = "t00i000000_000000000000_000000000000";

	ja4[0] = (char)over;
	memcpy(ja4 + 1, version, 2);
	ja4[3] = hello->server_name.bytes ? 'd' : 'i';
	write_alpn(&hello->alpn, ja4 + 8);
	ret_ja4[0] = '\0';

	read_codes(&codes, &hello->ciphers);
	if (codes.overflow)
		return;
	write_count(codes.n_counted, ja4 + 4);
	sort(&codes);
	if (codes.n)
		hash(text, (size_t)(write_codes(&codes, text) - text), ja4 + 11);

	read_extensions(&codes, &hello->extensions);
	if (codes.overflow)
		return;
	write_count(codes.n_counted, ja4 + 6);
	sort(&codes);
	end = write_codes(&codes, text);
	if (codes.n) {
		read_codes(&codes, &hello->signatures);
		if (codes.overflow)
			return;
		if (codes.n)
			*end++ = '_';
		end = write_codes(&codes, end);
		hash(text, (size_t)(end - text), ja4 + 24);
	}
	memcpy(ret_ja4, ja4, PR_JA4_SIZE);
}
