/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PostgreSQL (its documentation, "Message Flow" and "Message Formats"): the client asks for TLS or GSSAPI encryption before
 * anything else, the server answers with one byte. Direct TLS, with ALPN "postgresql", is TLS.
 */
#include "inspection/inspector_table.h"
#include "inspection/starttls.h"

#define REQUEST_LEN	8
#define CODE_SSL	80877103u
#define CODE_GSS	80877104u
#define CODE_CANCEL	80877102u
#define PROTOCOL_MAJOR	3
#define STARTUP_LEN_MAX 10000 /* that the server takes */

struct dialogue {
	const struct pr_transcript *transcript;
	struct pr_seen *seen;
	struct pr_reader client, server;
	bool refused;
};

static void is_postgresql(struct pr_seen *seen)
{
	seen->speaks = PR_SPEAKS_POSTGRESQL;
	seen->settled |= PR_FACT_SPEAKS;
}

/* Names and values, each with a zero behind it, and a zero at the end; a user has to be among the names. */
static bool is_startup(const uint8_t *bytes, size_t len)
{
	bool user = false;

	if (!len || bytes[len - 1])
		return false;
	while (len > 1) {
		const uint8_t *end = memchr(bytes, 0, len);
		const uint8_t *value_end = memchr(end + 1, 0, len - (size_t)(end + 1 - bytes));

		if (end == bytes || !value_end)
			return false;
		user |= strcmp((const char *)bytes, "user") == 0;
		len -= (size_t)(value_end + 1 - bytes);
		bytes = value_end + 1;
	}
	return user && len == 1;
}

/* Everything that isn't a request for encryption. */
static enum pr_look look_at_plaintext(struct dialogue *dialogue, uint32_t len, uint32_t code)
{
	const uint8_t *body;

	if (code != CODE_CANCEL && !dialogue->seen->speaks) {
		if (code >> 16 != PROTOCOL_MAJOR || len <= REQUEST_LEN || len > STARTUP_LEN_MAX)
			return PR_LOOK_NOT_MINE;
		if (pr_reader_left(&dialogue->client) < len - REQUEST_LEN)
			return PR_LOOK_MORE;
		body = pr_read_bytes(&dialogue->client, len - REQUEST_LEN);
		if (!is_startup(body, len - REQUEST_LEN))
			return PR_LOOK_NOT_MINE;
	}
	is_postgresql(dialogue->seen);
	return pr_plaintext_look(
		dialogue->seen,
		dialogue->refused ? "the server refuses TLS, and the client goes on in plaintext"
				  : "the client begins in plaintext");
}

/* False: it was refused, and now the next request. */
static bool look_at_answer(struct dialogue *dialogue, uint32_t code, enum pr_look *ret_look)
{
	struct pr_seen *seen = dialogue->seen;
	uint8_t answer;

	if (!pr_reader_left(&dialogue->server)) {
		*ret_look = PR_LOOK_GOES_ON;
		if (pr_reader_left(&dialogue->client))
			*ret_look = pr_plaintext_look(seen, "the client asks for TLS and sends on "
							    "without waiting for the answer");
		return true;
	}
	answer = pr_read_u8(&dialogue->server);
	/* 'N', or an error of a server that doesn't know the request. */
	if (answer == 'N' || answer == 'E') {
		dialogue->refused |= code == CODE_SSL;
		if (dialogue->refused)
			seen->why = "the server refuses TLS";
		return false;
	}
	if (answer == 'S' && code == CODE_SSL) {
		*ret_look = pr_upgraded_look(dialogue->transcript, dialogue->client.position,
					     dialogue->server.position, seen);
	} else if (answer == 'G' && code == CODE_GSS) {
		seen->why = "client and server agreed on GSSAPI, which isn't looked into";
		seen->settled |= PR_FACTS_SEEN;
		*ret_look = PR_LOOK_DONE;
	} else {
		*ret_look = pr_plaintext_look(seen, "the server's answer is none of the protocol");
	}
	return true;
}

enum pr_look pr_inspect_postgresql(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	const struct pr_stream *client = &transcript->client, *server = &transcript->server;
	struct dialogue dialogue = { .transcript = transcript,
				     .seen = seen,
				     .client = pr_reader(client->bytes, client->len),
				     .server = pr_reader(server->bytes, server->len) };

	if (!client->len)
		return server->len ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	while (pr_reader_left(&dialogue.client)) {
		struct pr_reader ahead = dialogue.client;
		uint32_t len = pr_read_u32(&ahead), code = pr_read_u32(&ahead);
		enum pr_look look;

		/* All lengths begin with two zeros. */
		if (ahead.bytes[dialogue.client.position] || (!ahead.failed && len < REQUEST_LEN))
			return seen->speaks ? look_at_plaintext(&dialogue, 0, 0) : PR_LOOK_NOT_MINE;
		if (ahead.failed)
			return PR_LOOK_MORE;
		dialogue.client = ahead;
		if (len != REQUEST_LEN || (code != CODE_SSL && code != CODE_GSS))
			return look_at_plaintext(&dialogue, len, code);
		is_postgresql(seen);
		if (look_at_answer(&dialogue, code, &look))
			return look;
	}
	return seen->speaks ? PR_LOOK_GOES_ON : PR_LOOK_MORE;
}
