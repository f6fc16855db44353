/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds TLS messages and records byte by byte, right ones and wrong ones. */
#pragma once

#include "base/cursor.h"
#include "base/error.h"
#include "inspection/tls_codes.h"

#include <string.h>

#define TLS_BUILD_MAX 32768

struct tls_bytes {
	uint8_t bytes[TLS_BUILD_MAX];
	size_t len;
};

static inline void put(struct tls_bytes *to, const void *bytes, size_t len)
{
	pr_assert(to->len + len <= sizeof(to->bytes));
	if (len)
		memcpy(to->bytes + to->len, bytes, len);
	to->len += len;
}

/* `width` bytes of `value`, the highest first. */
static inline void put_number(struct tls_bytes *to, uint64_t value, unsigned int width)
{
	for (unsigned int i = width; i-- > 0;)
		put(to, &(uint8_t){ (uint8_t)(value >> 8 * i) }, 1);
}

static inline void put_text(struct tls_bytes *to, const char *text)
{
	put(to, text, strlen(text));
}

/* A vector with its length of `width` bytes in front. */
static inline void put_vector(struct tls_bytes *to, unsigned int width, const void *bytes,
			      size_t len)
{
	put_number(to, len, width);
	put(to, bytes, len);
}

static inline void put_extension(struct tls_bytes *to, uint16_t type, const struct tls_bytes *data)
{
	put_number(to, type, 2);
	put_vector(to, 2, data->bytes, data->len);
}

/* Of 16-bit codes, in a vector with a length of `width` bytes. */
static inline void put_codes_extension(struct tls_bytes *to, uint16_t type, unsigned int width,
				       const uint16_t *codes, size_t n)
{
	struct tls_bytes data = { .len = 0 };

	put_number(&data, 2 * n, width);
	for (size_t i = 0; i < n; i++)
		put_number(&data, codes[i], 2);
	put_extension(to, type, &data);
}

static inline void put_name_extension(struct tls_bytes *to, const void *name, size_t len)
{
	struct tls_bytes data = { .len = 0 };

	put_number(&data, len + 3, 2);
	put_number(&data, 0, 1);
	put_vector(&data, 2, name, len);
	put_extension(to, PR_TLS_EXTENSION_SERVER_NAME, &data);
}

/* `alpn`: with spaces between. */
static inline void put_alpn_extension(struct tls_bytes *to, const char *alpn)
{
	struct tls_bytes list = { .len = 0 }, data = { .len = 0 };

	while (*alpn) {
		size_t len = strcspn(alpn, " ");

		put_vector(&list, 1, alpn, len);
		alpn += len + (alpn[len] == ' ');
	}
	put_vector(&data, 2, list.bytes, list.len);
	put_extension(to, PR_TLS_EXTENSION_ALPN, &data);
}

struct tls_hello_parts {
	uint16_t version; /* 0 = TLS 1.2's */
	const char *name; /* NULL = none */
	const char *alpn; /* NULL = none */
	const uint16_t *ciphers;
	size_t n_ciphers; /* 0 = a usual handful */
	const uint16_t *versions;
	size_t n_versions;
	const struct tls_bytes *more; /* further extensions */
	const char *session_id, *cookie;
	size_t padding; /* of an extension that nobody knows */
	bool datagram;
};

static inline void put_message(struct tls_bytes *to, uint8_t type, const struct tls_bytes *body)
{
	put_number(to, type, 1);
	put_vector(to, 3, body->bytes, body->len);
}

static inline void put_hello_body(struct tls_bytes *body, const struct tls_hello_parts *parts)
{
	static const uint16_t usual[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0x009c, 0x002f };
	const uint16_t *ciphers = parts->n_ciphers ? parts->ciphers : usual;
	size_t n_ciphers = parts->n_ciphers ? parts->n_ciphers : PR_ARRAY_SIZE(usual);
	struct tls_bytes extensions = { .len = 0 };

	put_number(body, parts->version ? parts->version : parts->datagram ? 0xfefd : 0x0303, 2);
	for (unsigned int i = 0; i < PR_TLS_RANDOM_LEN; i++)
		put_number(body, 0x40 + i, 1);
	put_vector(body, 1, parts->session_id, parts->session_id ? strlen(parts->session_id) : 0);
	if (parts->datagram)
		put_vector(body, 1, parts->cookie, parts->cookie ? strlen(parts->cookie) : 0);
	put_number(body, 2 * n_ciphers, 2);
	for (size_t i = 0; i < n_ciphers; i++)
		put_number(body, ciphers[i], 2);
	put_vector(body, 1, "\0", 1);
	if (parts->name)
		put_name_extension(&extensions, parts->name, strlen(parts->name));
	if (parts->alpn)
		put_alpn_extension(&extensions, parts->alpn);
	if (parts->n_versions)
		put_codes_extension(&extensions, PR_TLS_EXTENSION_VERSIONS, 1, parts->versions,
				    parts->n_versions);
	if (parts->more)
		put(&extensions, parts->more->bytes, parts->more->len);
	if (parts->padding) {
		struct tls_bytes zeros = { .len = parts->padding };

		put_extension(&extensions, 21, &zeros);
	}
	if (extensions.len)
		put_vector(body, 2, extensions.bytes, extensions.len);
}

static inline void put_client_hello(struct tls_bytes *to, const struct tls_hello_parts *parts)
{
	struct tls_bytes body = { .len = 0 };

	put_hello_body(&body, parts);
	put_message(to, PR_TLS_CLIENT_HELLO, &body);
}

static inline void put_record(struct tls_bytes *to, uint8_t type, uint16_t version,
			      const void *bytes, size_t len)
{
	put_number(to, type, 1);
	put_number(to, version, 2);
	put_vector(to, 2, bytes, len);
}

/* A message cut into records of `piece` bytes. */
static inline void put_records(struct tls_bytes *to, uint16_t version,
			       const struct tls_bytes *message, size_t piece)
{
	for (size_t at = 0; at < message->len; at += piece) {
		size_t len = message->len - at < piece ? message->len - at : piece;

		put_record(to, PR_TLS_HANDSHAKE, version, message->bytes + at, len);
	}
}
