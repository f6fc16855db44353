/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspect_show.h"

#define BANNER_C  "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"
#define BANNER_S  "SSH-2.0-dropbear_2022.83\r\n"

#define TALK_SIZE 4096

struct end {
	uint8_t bytes[TALK_SIZE];
	size_t len;
};

static void put(struct end *end, const void *bytes, size_t len)
{
	assert_true(end->len + len <= TALK_SIZE);
	memcpy(end->bytes + end->len, bytes, len);
	end->len += len;
}

static void put_u32(struct end *end, uint32_t value)
{
	const uint8_t bytes[] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
				  (uint8_t)(value >> 8), (uint8_t)value };

	put(end, bytes, sizeof(bytes));
}

static void put_packet(struct end *end, const struct end *payload)
{
	const uint8_t padding[16] = { 0 };
	uint8_t n = (uint8_t)(4 + (8 - (5 + payload->len + 4) % 8) % 8);

	put_u32(end, (uint32_t)(1 + payload->len + n));
	put(end, &n, 1);
	put(end, payload->bytes, payload->len);
	put(end, padding, n);
}

/* A key exchange's offer (RFC 4253, 7.1) with these ciphers both ways. */
static void put_kexinit(struct end *end, const char *ciphers)
{
	const char *const lists[] = { "curve25519-sha256",
				      "ssh-ed25519,rsa-sha2-512",
				      ciphers,
				      ciphers,
				      "hmac-sha2-256",
				      "hmac-sha2-256",
				      "none",
				      "none",
				      "",
				      "" };
	struct end payload = { .bytes = { 20 }, .len = 17 };

	for (unsigned int i = 0; i < 10; i++) {
		put_u32(&payload, (uint32_t)strlen(lists[i]));
		put(&payload, lists[i], strlen(lists[i]));
	}
	put(&payload, "\0\0\0\0\0", 5);
	put_packet(end, &payload);
}

static struct talk talk_of(const struct end *client, const struct end *server)
{
	return (struct talk){ .client = client->bytes,
			      .client_len = client->len,
			      .server = server->bytes,
			      .server_len = server->len };
}

static struct end began(const char *banner, const char *ciphers)
{
	struct end end = { 0 };

	put(&end, banner, strlen(banner));
	if (ciphers)
		put_kexinit(&end, ciphers);
	return end;
}

static void encrypted(void **state)
{
	struct end client = began(BANNER_C, "chacha20-poly1305@openssh.com,aes128-ctr");
	struct end server = began(BANNER_S, "aes256-ctr,aes128-ctr");

	(void)state;
	check_talk(talk_of(&client, &server), "done: ssh yes 2.0 -");
	/* lines before the server's, and one that offers 1.x too */
	server = began("Authorised use only\r\nSSH-1.99-server\n", "aes128-ctr");
	check_talk(talk_of(&client, &server), "done: ssh yes 2.0 -");
}

static void not_encrypted(void **state)
{
	struct end client = began(BANNER_C, "none,aes128-ctr"), server = began(BANNER_S, "none");

	(void)state;
	check_talk(talk_of(&client, &server), "done: ssh no 2.0 -");
	server = began(BANNER_S, "aes256-ctr");
	check_talk(talk_of(&client, &server), "done: ssh no 2.0 -");
}

/* What may pass of the client's before all is known, and what waits. */
static void handshake(void **state)
{
	struct end client = began(BANNER_C, NULL), server = began(BANNER_S, NULL), none = { 0 };
	struct end exchange = { .bytes = { 30 }, .len = 37 }, data = { .len = 37 };
	struct talk talk;

	(void)state;
	talk = talk_of(&client, &none);
	check_shown(&talk, "goes on: - - - ");
	talk.client_len -= 1;
	check_shown(&talk, "more: - - - ");
	talk = talk_of(&client, &server);
	check_shown(&talk, "goes on: ssh - 2.0 -");
	put_kexinit(&client, "aes128-ctr");
	talk = talk_of(&client, &none);
	check_shown(&talk, "more: - - - ");
	talk = talk_of(&client, &server);
	check_shown(&talk, "goes on: ssh - 2.0 -");
	talk.client_len -= 1;
	check_shown(&talk, "more: ssh - 2.0 -");
	/* a key exchange that it guessed */
	put_packet(&client, &exchange);
	talk = talk_of(&client, &server);
	check_shown(&talk, "goes on: ssh - 2.0 -");
	for (unsigned int i = 0; i < 2; i++) {
		struct end more = client;

		data.bytes[0] = i ? 94 : 5; /* data of a channel; asks for a service */
		put_packet(&more, &data);
		talk = talk_of(&more, &server);
		check_shown(&talk, "more: ssh - 2.0 -");
	}
	put_kexinit(&server, "aes128-ctr");
	talk = talk_of(&client, &server);
	check_shown(&talk, "done: ssh yes 2.0 -");
}

static void no_ssh(void **state)
{
	struct end client = began(BANNER_C, NULL), server = { 0 };
	struct talk talk;

	(void)state;
	check_talk(CLIENT("SSH-\r\n"), "not mine: unknown unknown - -");
	check_talk(CLIENT("SSH-2.0-a\x01\r\n"), "not mine: unknown unknown - -");
	check_talk(CLIENT("SSH_2.0-a\r\n"), "not mine: unknown unknown - -");
	check_talk(BOTH("SSH-1.5-old\n", "SSH-1.5-old\n"), "done: ssh unknown 1.5 -");
	/* the server is something else */
	put(&server, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
	talk = talk_of(&client, &server);
	check_shown(&talk, "goes on: - - - ");
	talk.server_ended = true;
	check_shown(&talk, "not mine: unknown unknown - -");
	/* banners, and then none of a key exchange */
	put(&client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
	server = began(BANNER_S, NULL);
	talk = talk_of(&client, &server);
	check_shown(&talk, "done: ssh unknown 2.0 -");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encrypted),
		cmocka_unit_test(not_encrypted),
		cmocka_unit_test(handshake),
		cmocka_unit_test(no_ssh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
