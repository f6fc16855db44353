/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "interception/scenario_payload.h"

#include "base/cursor.h"

#include <ctype.h>
#include <string.h>

#define RECORD_HANDSHAKE     22 /* RFC 8446, 5.1 */
#define CLIENT_HELLO	     1	/* RFC 8446, 4 */
#define SERVER_HELLO	     2
#define RANDOM_LEN	     32
#define SUPPORTED_VERSIONS   43
#define SERVER_NAME	     0 /* RFC 6066, 3 */
#define ALPN		     16
#define SUPPORTED_GROUPS     10
#define SIGNATURE_ALGORITHMS 13

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int pair(const char *text)
{
	int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);

	return low < 0 ? -EINVAL : high << 4 | low;
}

int pr_scenario_hex(const char *text, uint8_t *bytes, size_t size)
{
	size_t n = 0;

	for (; *text; text += 2) {
		int byte = pair(text);

		if (byte < 0 || n == size)
			return -EINVAL;
		bytes[n++] = (uint8_t)byte;
	}
	return (int)n;
}

/* What stands behind a backslash; *ret_len of it. */
static int escaped(const char *text, size_t *ret_len)
{
	*ret_len = 1;
	switch (*text) {
	case 's':
		return ' ';
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case '\\':
		return '\\';
	case 'x':
		*ret_len = 3;
		return pair(text + 1);
	default:
		return -EINVAL;
	}
}

int pr_scenario_text(const char *text, uint8_t *bytes, size_t size)
{
	size_t n = 0, len;

	for (; *text; text += len) {
		int byte = (unsigned char)*text;

		len = 1;
		if (byte == '\\') {
			byte = escaped(++text, &len);
			if (byte < 0)
				return -EINVAL;
		}
		if (n == size)
			return -EINVAL;
		bytes[n++] = (uint8_t)byte;
	}
	return (int)n;
}

/* Room for a length of two bytes, which end() fills in. */
static size_t begin(struct pr_writer *writer)
{
	pr_write_u16(writer, 0);
	return writer->position;
}

static void end(struct pr_writer *writer, size_t from)
{
	size_t len = writer->position - from;

	if (writer->failed)
		return;
	writer->bytes[from - 2] = (uint8_t)(len >> 8);
	writer->bytes[from - 1] = (uint8_t)len;
}

static void write_name(struct pr_writer *writer, const char *name)
{
	size_t extension, list, text;

	pr_write_u16(writer, SERVER_NAME);
	extension = begin(writer);
	list = begin(writer);
	pr_write_u8(writer, 0);
	text = begin(writer);
	pr_write_bytes(writer, name, strlen(name));
	end(writer, text);
	end(writer, list);
	end(writer, extension);
}

static void write_client_extensions(struct pr_writer *writer, const char *name)
{
	static const uint8_t others[] = {
		0,
		SUPPORTED_GROUPS,
		0,
		4,
		0,
		2,
		0,
		29,
		0,
		SIGNATURE_ALGORITHMS,
		0,
		4,
		0,
		2,
		4,
		3,
		0,
		ALPN,
		0,
		5,
		0,
		3,
		2,
		'h',
		'2',
		0,
		SUPPORTED_VERSIONS,
		0,
		3,
		2,
		3,
		4,
	};
	size_t extensions = begin(writer);

	if (strcmp(name, "-") != 0)
		write_name(writer, name);
	pr_write_bytes(writer, others, sizeof(others));
	end(writer, extensions);
}

static void write_random(struct pr_writer *writer)
{
	for (unsigned int i = 0; i < RANDOM_LEN; i++)
		pr_write_u8(writer, (uint8_t)(i * 7 + 1));
}

static size_t begin_handshake(struct pr_writer *writer, uint8_t type, size_t *ret_body)
{
	size_t record;

	pr_write_u8(writer, RECORD_HANDSHAKE);
	pr_write_u16(writer, 0x0301);
	record = begin(writer);
	pr_write_u8(writer, type);
	pr_write_u8(writer, 0);
	*ret_body = begin(writer);
	pr_write_u16(writer, 0x0303);
	write_random(writer);
	pr_write_u8(writer, 0); /* no session */
	return record;
}

static int done(const struct pr_writer *writer)
{
	return writer->failed ? -EINVAL : (int)writer->position;
}

int pr_scenario_client_hello(const char *name, uint8_t *bytes, size_t size)
{
	struct pr_writer writer = pr_writer(bytes, size);
	size_t body, record = begin_handshake(&writer, CLIENT_HELLO, &body);

	pr_write_u16(&writer, 2);
	pr_write_u16(&writer, 0x1301);
	pr_write_u16(&writer, 0x0100); /* no compression */
	write_client_extensions(&writer, name);
	end(&writer, body);
	end(&writer, record);
	return done(&writer);
}

int pr_scenario_noise(uint8_t *bytes, size_t size)
{
	struct pr_writer writer = pr_writer(bytes, size);

	for (unsigned int i = 0; i < 48; i++)
		pr_write_u8(&writer, (uint8_t)(0xff - i));
	return done(&writer);
}

int pr_scenario_server_hello(uint8_t *bytes, size_t size)
{
	static const uint8_t version[] = { 0, 6, 0, SUPPORTED_VERSIONS, 0, 2, 3, 4 };
	struct pr_writer writer = pr_writer(bytes, size);
	size_t body, record = begin_handshake(&writer, SERVER_HELLO, &body);

	pr_write_u16(&writer, 0x1301);
	pr_write_u8(&writer, 0);
	pr_write_bytes(&writer, version, sizeof(version));
	end(&writer, body);
	end(&writer, record);
	return done(&writer);
}
