/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/tls_server.h"

#include "base/cursor.h"
#include "inspection/tls_cipher.h"
#include "inspection/tls_codes.h"
#include "network/subject.h"

#include <stdio.h>
#include <string.h>

#define SENTINEL_LEN 8

/* The SHA-256 of "HelloRetryRequest" stands in place of the random bytes (RFC 8446, 4.1.3). */
static const uint8_t retry_random[PR_TLS_RANDOM_LEN] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
	0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
	0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};
/* Its last byte, 0 or 1, says from what: both are a server of TLS 1.3 that was asked for less. */
static const uint8_t sentinel[SENTINEL_LEN - 1] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D' };

static bool take_extensions(struct pr_tls_server_hello *hello, struct pr_reader *reader)
{
	struct pr_reader all = pr_reader(NULL, 0);

	if (pr_reader_left(reader)) {
		size_t len = pr_read_u16(reader);

		all = pr_reader(pr_read_bytes(reader, len), len);
		if (reader->failed || pr_reader_left(reader))
			return false;
	}
	while (pr_reader_left(&all)) {
		uint16_t type = pr_read_u16(&all);
		size_t len = pr_read_u16(&all);
		const uint8_t *data = pr_read_bytes(&all, len);

		if (!data)
			return false;
		if (type == PR_TLS_EXTENSION_VERSIONS && len == 2)
			hello->version = (uint16_t)(data[0] << 8 | data[1]);
		else if (type == PR_TLS_EXTENSION_ALPN && len > 2)
			hello->alpn = (struct pr_tls_slice){ data + 2, len - 2 };
	}
	return true;
}

int pr_tls_server_hello_parse(const uint8_t *message, size_t len, bool datagram,
			      struct pr_tls_server_hello *ret_hello)
{
	struct pr_reader reader = pr_reader(message, len);
	struct pr_tls_server_hello hello = { 0 };
	const uint8_t *random;
	size_t body_len;

	if (len && message[0] != PR_TLS_SERVER_HELLO)
		return PR_TLS_HELLO_NONE;
	body_len = pr_read_u32(&reader) & 0xffffff;
	if (reader.failed || body_len > pr_reader_left(&reader))
		return PR_TLS_HELLO_SHORT;
	reader = pr_reader(message + PR_TLS_MESSAGE_HEADER, body_len);
	hello.version = pr_read_u16(&reader);
	random = pr_read_bytes(&reader, PR_TLS_RANDOM_LEN);
	hello.session_id.len = pr_read_u8(&reader);
	hello.session_id.bytes = pr_read_bytes(&reader, hello.session_id.len);
	hello.cipher = pr_read_u16(&reader);
	hello.compression = pr_read_u8(&reader);
	if (reader.failed || hello.version >> 8 != (datagram ? 0xfe : 3) ||
	    hello.session_id.len > PR_TLS_SESSION_ID_MAX || !take_extensions(&hello, &reader))
		return PR_TLS_HELLO_NONE;
	hello.retry = memcmp(random, retry_random, PR_TLS_RANDOM_LEN) == 0;
	hello.downgraded =
		memcmp(random + PR_TLS_RANDOM_LEN - SENTINEL_LEN, sentinel, sizeof(sentinel)) == 0;
	*ret_hello = hello;
	return 0;
}

static bool is_1_3(uint16_t version)
{
	return version == PR_TLS_1_3 || version == PR_DTLS_1_3;
}

bool pr_tls_server_hello_fits(const struct pr_tls_server_hello *server,
			      const struct pr_tls_client_hello *client)
{
	bool cipher = false;

	for (size_t i = 0; i + 1 < client->ciphers.len; i += 2) {
		if (client->ciphers.bytes[i] == server->cipher >> 8 &&
		    client->ciphers.bytes[i + 1] == (server->cipher & 0xff))
			cipher = true;
	}
	/* DTLS 1.3 has the session ID's place, and nothing in it (RFC 9147, 5.3). */
	if (server->version == PR_TLS_1_3 &&
	    (server->session_id.len != client->session_id.len ||
	     memcmp(server->session_id.bytes, client->session_id.bytes, client->session_id.len)))
		return false;
	return cipher && pr_tls_client_hello_offers(client, server->version) &&
	       memchr(client->compressions.bytes, server->compression, client->compressions.len);
}

static const char *version_text(uint16_t version)
{
	switch (version) {
	case PR_TLS_1_3:
	case PR_DTLS_1_3:
		return "1.3";
	case PR_TLS_1_2:
	case PR_DTLS_1_2:
		return "1.2";
	case PR_TLS_1_1:
		return "1.1";
	case PR_TLS_1_0:
	case PR_DTLS_1_0:
		return "1.0";
	case PR_SSL_3_0:
		return "SSL 3.0";
	default:
		return "";
	}
}

static const char *why(const struct pr_tls_server_hello *hello, bool datagram)
{
	switch (pr_tls_cipher_kind(hello->cipher)) {
	case PR_TLS_CIPHER_NULL:
		return "the ends agreed on a cipher that keeps nothing secret (NULL)";
	case PR_TLS_CIPHER_EXPORT:
		return "the ends agreed on a cipher, but one that is easily broken (EXPORT)";
	case PR_TLS_CIPHER_ANONYMOUS:
		return "the ends agreed on a cipher, but the server proves nothing of itself "
		       "(anonymous)";
	case PR_TLS_CIPHER_ENCRYPTS:
		break;
	}
	if (hello->downgraded)
		return "the ends agreed on a cipher; the server could do better than the hello "
		       "that "
		       "reached it asks for";
	return datagram ? "client and server agreed on DTLS with a cipher that encrypts"
			: "client and server agreed on TLS with a cipher that encrypts";
}

void pr_tls_server_hello_show(const struct pr_tls_server_hello *hello, bool datagram,
			      struct pr_seen *seen)
{
	snprintf(seen->version, sizeof(seen->version), "%s", version_text(hello->version));
	if (datagram ? hello->version == PR_DTLS_1_0 : hello->version < PR_TLS_1_2)
		seen->flags |= PR_SEEN_OLD;
	pr_tls_alpn_text(hello->alpn.bytes, hello->alpn.len, seen->alpn_chosen);
	if (hello->retry)
		return;
	seen->encryption = pr_tls_cipher_kind(hello->cipher) == PR_TLS_CIPHER_NULL
				   ? PR_ENCRYPTION_NO
				   : PR_ENCRYPTION_YES;
	seen->why = why(hello, datagram);
	seen->settled |= PR_FACT_ENCRYPTION;
	if (is_1_3(hello->version))
		seen->settled |= PR_FACT_CERTIFICATE;
}

enum pr_look pr_tls_until_certificate(struct pr_seen *seen)
{
	if (seen->settled & PR_FACT_CERTIFICATE)
		return PR_LOOK_DONE;
	/* It belongs to the same flight; what the client sends before it has come would be no handshake. */
	seen->settled &= ~(unsigned int)PR_FACT_ENCRYPTION;
	return PR_LOOK_GOES_ON;
}
