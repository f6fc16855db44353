/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The message's own structure is strict: where it does not fit, no server takes it. Within an extension what
 * does not fit is left out, so that a broken name is no name.
 */
#include "inspection/tls_hello.h"

#include "base/cursor.h"
#include "inspection/tls_codes.h"

#include <string.h>

#define ECH_OUTER 0 /* RFC 9849, 5: the one that is sent */

static struct pr_tls_slice read_slice(struct pr_reader *reader, size_t len)
{
	const uint8_t *bytes = pr_read_bytes(reader, len);

	return (struct pr_tls_slice){ bytes, bytes ? len : 0 };
}

/* An extension whose data is one vector, without that vector's length of `width` bytes. */
static struct pr_tls_slice vector(const struct pr_tls_slice *data, unsigned int width)
{
	struct pr_reader reader = pr_reader(data->bytes, data->len);
	size_t len = width == 1 ? pr_read_u8(&reader) : pr_read_u16(&reader);

	if (reader.failed || len != pr_reader_left(&reader))
		return (struct pr_tls_slice){ data->bytes, 0 };
	return read_slice(&reader, len);
}

static void take_server_name(struct pr_tls_client_hello *hello, const struct pr_tls_slice *data)
{
	struct pr_tls_slice names = vector(data, 2);

	if (!hello->server_name.bytes)
		hello->server_name = names;
	else if (!hello->second_server_name.bytes)
		hello->second_server_name = names;
}

static void take_extension(struct pr_tls_client_hello *hello, uint16_t type,
			   const struct pr_tls_slice *data)
{
	switch (type) {
	case PR_TLS_EXTENSION_SERVER_NAME:
		take_server_name(hello, data);
		break;
	case PR_TLS_EXTENSION_ALPN:
		hello->alpn = vector(data, 2);
		break;
	case PR_TLS_EXTENSION_VERSIONS:
		hello->versions = vector(data, 1);
		break;
	case PR_TLS_EXTENSION_SIGNATURES:
		hello->signatures = vector(data, 2);
		break;
	case PR_TLS_EXTENSION_ECH:
		hello->ech = data->len > 0 && data->bytes[0] == ECH_OUTER;
		break;
	case PR_TLS_EXTENSION_ESNI:
		hello->ech = true;
		break;
	case PR_TLS_EXTENSION_EARLY_DATA:
		hello->early_data = true;
		break;
	default:
		break;
	}
}

static bool take_extensions(struct pr_tls_client_hello *hello)
{
	struct pr_reader reader = pr_reader(hello->extensions.bytes, hello->extensions.len);

	while (pr_reader_left(&reader)) {
		uint16_t type = pr_read_u16(&reader);
		struct pr_tls_slice data = read_slice(&reader, pr_read_u16(&reader));

		if (reader.failed)
			return false;
		take_extension(hello, type, &data);
	}
	return true;
}

size_t pr_tls_client_hello_len(const uint8_t *message, size_t len)
{
	if (len < PR_TLS_MESSAGE_HEADER || message[0] != PR_TLS_CLIENT_HELLO)
		return 0;
	return PR_TLS_MESSAGE_HEADER +
	       ((size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3]);
}

int pr_tls_client_hello_parse(const uint8_t *message, size_t len, bool datagram,
			      struct pr_tls_client_hello *ret_hello)
{
	size_t message_len = pr_tls_client_hello_len(message, len);
	struct pr_tls_client_hello hello = { 0 };
	struct pr_reader reader;

	if (len && message[0] != PR_TLS_CLIENT_HELLO)
		return PR_TLS_HELLO_NONE;
	if (!message_len || message_len > len)
		return PR_TLS_HELLO_SHORT;
	reader = pr_reader(message + PR_TLS_MESSAGE_HEADER, message_len - PR_TLS_MESSAGE_HEADER);
	hello.version = pr_read_u16(&reader);
	pr_read_skip(&reader, PR_TLS_RANDOM_LEN);
	hello.session_id = read_slice(&reader, pr_read_u8(&reader));
	if (datagram)
		hello.cookie = read_slice(&reader, pr_read_u8(&reader));
	hello.ciphers = read_slice(&reader, pr_read_u16(&reader));
	hello.compressions = read_slice(&reader, pr_read_u8(&reader));
	if (pr_reader_left(&reader))
		hello.extensions = read_slice(&reader, pr_read_u16(&reader));
	if (reader.failed || pr_reader_left(&reader) ||
	    hello.version >> 8 != (datagram ? 0xfe : 3) ||
	    hello.session_id.len > PR_TLS_SESSION_ID_MAX || !hello.ciphers.len ||
	    hello.ciphers.len % 2 || !hello.compressions.len)
		return PR_TLS_HELLO_NONE;
	if (!take_extensions(&hello))
		return PR_TLS_HELLO_NONE;
	*ret_hello = hello;
	return 0;
}

bool pr_tls_client_hello_offers(const struct pr_tls_client_hello *hello, uint16_t version)
{
	if (!hello->versions.bytes) {
		/* All from SSL 3.0 up to the one that it names; DTLS counts downwards. 1.3 is offered by the extension
		 * alone. */
		if (version >> 8 == 0xfe)
			return hello->version >> 8 == 0xfe && version >= hello->version &&
			       version >= PR_DTLS_1_2;
		return version >> 8 == 3 && version <= hello->version && version <= PR_TLS_1_2;
	}
	for (size_t i = 0; i + 1 < hello->versions.len; i += 2) {
		if (hello->versions.bytes[i] == version >> 8 &&
		    hello->versions.bytes[i + 1] == (version & 0xff))
			return true;
	}
	return false;
}
