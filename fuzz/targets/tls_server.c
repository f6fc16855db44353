/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What servers answer to a ClientHello that offers much, and certificates. First byte 0: one certificate. 1: the
 * certificate in a message behind a ServerHello of TLS 1.2, in records of 200 bytes: it says the same as alone. Otherwise
 * pieces of a conversation behind the hello.
 */
#include "inspection/certificate.h"
#include "inspection/inspector_table.h"
#include "inspection/tls_codes.h"

#include "../conversation.h"
#include "../target.h"

#define INPUT_MAX	 8192
#define PIECE_LEN	 200
#define HELLO_SIZE	 256
#define SERVER_HELLO_LEN (4 + 2 + PR_TLS_RANDOM_LEN + 1 + 2 + 1)

static size_t write_client(uint8_t *to)
{
	static const uint16_t ciphers[] = { 0x1301, 0x1302, 0x1303, 0xc02f, 0xc02b,
					    0x002f, 0x0002, 0x0003, 0x0034, 0xc0b4 };
	uint8_t versions[] = { 0, PR_TLS_EXTENSION_VERSIONS, 0, 9, 8, 3, 4, 3, 3, 3, 2, 3, 1 };
	struct pr_writer writer = pr_writer(to, HELLO_SIZE);
	size_t body_len =
		2 + PR_TLS_RANDOM_LEN + 1 + 2 + sizeof(ciphers) + 2 + 2 + sizeof(versions);

	pr_write_u8(&writer, PR_TLS_HANDSHAKE);
	pr_write_u16(&writer, PR_TLS_1_0);
	pr_write_u16(&writer, (uint16_t)(body_len + 4));
	pr_write_u32(&writer, (uint32_t)PR_TLS_CLIENT_HELLO << 24 | (uint32_t)body_len);
	pr_write_u16(&writer, PR_TLS_1_2);
	for (unsigned int i = 0; i < PR_TLS_RANDOM_LEN; i++)
		pr_write_u8(&writer, (uint8_t)i);
	pr_write_u8(&writer, 0);
	pr_write_u16(&writer, sizeof(ciphers));
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(ciphers); i++)
		pr_write_u16(&writer, ciphers[i]);
	pr_write_u16(&writer, 0x0100);
	pr_write_u16(&writer, sizeof(versions));
	pr_write_bytes(&writer, versions, sizeof(versions));
	pr_assert(!writer.failed);
	return writer.position;
}

static void write_certificate(struct pr_writer *writer, const uint8_t *der, size_t len)
{
	pr_write_u32(writer, (uint32_t)PR_TLS_SERVER_HELLO << 24 | (SERVER_HELLO_LEN - 4));
	pr_write_u16(writer, PR_TLS_1_2);
	for (unsigned int i = 0; i < PR_TLS_RANDOM_LEN; i++)
		pr_write_u8(writer, (uint8_t)i);
	pr_write_u8(writer, 0);
	pr_write_u16(writer, 0xc02f);
	pr_write_u8(writer, 0);
	pr_write_u32(writer, (uint32_t)PR_TLS_CERTIFICATE << 24 | (uint32_t)(len + 6));
	for (size_t n = len + 3; n != len - 3; n -= 3) {
		pr_write_u8(writer, 0);
		pr_write_u16(writer, (uint16_t)n);
	}
	pr_write_bytes(writer, der, len);
}

static void check_within(const uint8_t *der, size_t len, const struct pr_seen *alone)
{
	static uint8_t client[HELLO_SIZE], messages[INPUT_MAX + 128], records[2 * INPUT_MAX];
	struct pr_writer message = pr_writer(messages, sizeof(messages)),
			 writer = pr_writer(records, sizeof(records));
	struct pr_seen seen;
	enum pr_look look;

	write_certificate(&message, der, len);
	for (size_t at = 0; at < message.position; at += PIECE_LEN) {
		size_t left = message.position - at, n = left < PIECE_LEN ? left : PIECE_LEN;

		pr_write_u8(&writer, PR_TLS_HANDSHAKE);
		pr_write_u16(&writer, PR_TLS_1_2);
		pr_write_u16(&writer, (uint16_t)n);
		pr_write_bytes(&writer, messages + at, n);
	}
	look = look_at_copies(pr_inspect_tls, client, write_client(client), records,
			      writer.position, &seen);
	pr_assert(look == PR_LOOK_DONE && seen.encryption == PR_ENCRYPTION_YES);
	pr_assert(strcmp(seen.certificate_name, alone->certificate_name) == 0);
	pr_assert(seen.not_after_s == alone->not_after_s);
	pr_assert(!((seen.flags ^ alone->flags) & (PR_SEEN_CERTIFICATE | PR_SEEN_SELF_ISSUED)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t talk[2 + HELLO_SIZE + INPUT_MAX];
	struct pr_seen seen = { 0 }, untouched = { 0 };
	uint8_t *copy;
	size_t hello_len;

	if (!len || len > INPUT_MAX)
		return 0;
	if (bytes[0] > 1) {
		hello_len = write_client(talk + 2);
		talk[0] = 0;
		talk[1] = (uint8_t)hello_len;
		memcpy(talk + 2 + hello_len, bytes + 1, len - 1);
		look_through(pr_inspect_tls, talk, 2 + hello_len + len - 1);
		return 0;
	}
	copy = pr_calloc(len, 1);
	memcpy(copy, bytes + 1, len - 1);
	copy = pr_realloc(copy, len - 1 + (len == 1), 1);
	if (pr_certificate_read(copy, len - 1, &seen)) {
		check_text(seen.certificate_name, sizeof(seen.certificate_name));
		check_text(seen.issuer, sizeof(seen.issuer));
		pr_assert(seen.flags & PR_SEEN_CERTIFICATE);
	} else {
		pr_assert(memcmp(&seen, &untouched, sizeof(seen)) == 0);
	}
	free(copy);
	if (bytes[0] == 1)
		check_within(bytes + 1, len - 1, &seen);
	return 0;
}
