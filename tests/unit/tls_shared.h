/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conversations, said piece by piece in their order, and what an inspector makes of each beginning of them. */
#pragma once

#include "inspection/inspector.h"

#include "unit.h"

#include "tls_build.h"

#define PIECES_MAX 64

struct conversation {
	struct tls_bytes client, server;
	struct {
		bool from_server;
		size_t end; /* of its end's bytes */
	} pieces[PIECES_MAX];
	unsigned int n;
	bool greets; /* the server talks first, whether the client does or not */
};

static inline void say(struct conversation *talk, bool from_server, const void *bytes, size_t len)
{
	struct tls_bytes *to = from_server ? &talk->server : &talk->client;

	assert_true(talk->n < PIECES_MAX);
	put(to, bytes, len);
	talk->pieces[talk->n].from_server = from_server;
	talk->pieces[talk->n++].end = to->len;
}

static inline void say_text(struct conversation *talk, bool from_server, const char *text)
{
	say(talk, from_server, text, strlen(text));
}

static inline enum pr_look look_at(const struct conversation *talk, size_t client_len,
				   size_t server_len, struct pr_seen *ret_seen)
{
	/* Of exactly their lengths, so that reading beyond is found. */
	uint8_t *client = pr_calloc(client_len + 1, 1), *server = pr_calloc(server_len + 1, 1);
	struct pr_transcript transcript = { .proto = IPPROTO_TCP };
	enum pr_look look;

	client = pr_realloc(client, client_len ? client_len : 1, 1);
	server = pr_realloc(server, server_len ? server_len : 1, 1);
	memcpy(client, talk->client.bytes, client_len);
	memcpy(server, talk->server.bytes, server_len);
	transcript.client = (struct pr_stream){ .bytes = client, .len = (uint32_t)client_len };
	transcript.server = (struct pr_stream){ .bytes = server, .len = (uint32_t)server_len };
	look = pr_inspectors_look(&transcript, false, ret_seen);
	free(client);
	free(server);
	return look;
}

/* A client and a server that get on. */
static const uint16_t both_versions[] = { 0x0a0a, 0x0304, 0x0303 };
static const struct tls_hello_parts hello_parts = { .name = "Name.Example",
						    .alpn = "h2",
						    .session_id =
							    "01234567890123456789012345678901",
						    .versions = both_versions,
						    .n_versions = 3,
						    .padding = 300 };

static inline void put_hello_records(struct tls_bytes *to, const struct tls_hello_parts *parts,
				     size_t piece)
{
	struct tls_bytes message = { .len = 0 };

	put_client_hello(&message, parts);
	put_records(to, 0x0301, &message, piece);
}

struct answer {
	uint16_t version; /* of the hello itself */
	uint16_t chosen;  /* supported_versions; 0 = without */
	uint16_t cipher;
	bool retry, downgraded;
	const char *session_id;
};

static inline void put_server_hello(struct tls_bytes *to, const struct answer *answer)
{
	static const uint8_t retry[] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
					 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
					 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
					 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };
	const char *session_id = answer->session_id ? answer->session_id : hello_parts.session_id;
	struct tls_bytes body = { .len = 0 }, extensions = { .len = 0 };

	put_number(&body, answer->version, 2);
	if (answer->retry) {
		put(&body, retry, sizeof(retry));
	} else {
		put_text(&body, "random random random ran");
		put_text(&body, answer->downgraded ? "DOWNGRD\1" : "dom rand");
	}
	put_vector(&body, 1, session_id, strlen(session_id));
	put_number(&body, answer->cipher, 2);
	put_number(&body, 0, 1);
	if (answer->chosen) {
		put_number(&extensions, PR_TLS_EXTENSION_VERSIONS, 2);
		put_number(&extensions, 2, 2);
		put_number(&extensions, answer->chosen, 2);
	}
	put_vector(&body, 2, extensions.bytes, extensions.len);
	put_message(to, PR_TLS_SERVER_HELLO, &body);
}

static inline void say_hello(struct conversation *talk, const struct tls_hello_parts *parts)
{
	struct tls_bytes records = { .len = 0 };

	put_hello_records(&records, parts, 16384);
	say(talk, false, records.bytes, records.len);
}

static inline void say_answer(struct conversation *talk, const struct answer *answer)
{
	struct tls_bytes message = { .len = 0 }, records = { .len = 0 };

	put_server_hello(&message, answer);
	put_records(&records, 0x0303, &message, 16384);
	say(talk, true, records.bytes, records.len);
}

static const struct answer usual_answer = { .version = 0x0303, .chosen = 0x0304, .cipher = 0x1301 };

/* A settled fact is settled for good: no later look says something else. */
static inline void assert_kept(const struct pr_seen *before, const struct pr_seen *after)
{
	assert_int_equal(before->settled & ~after->settled, 0);
	if (before->settled & PR_FACT_SPEAKS)
		assert_int_equal(before->speaks, after->speaks);
	if (before->settled & PR_FACT_ENCRYPTION)
		assert_int_equal(before->encryption, after->encryption);
	if (before->settled & PR_FACT_CERTIFICATE) {
		assert_string_equal(before->certificate_name, after->certificate_name);
		assert_int_equal(before->flags & PR_SEEN_CERTIFICATE,
				 after->flags & PR_SEEN_CERTIFICATE);
	}
	if (before->settled & PR_FACT_NAME) {
		assert_true(after->n_names == before->n_names ||
			    (after->flags & PR_SEEN_CONTRADICTS));
		for (unsigned int i = 0; i < before->n_names; i++)
			assert_string_equal(before->names[i], after->names[i]);
		assert_string_equal(before->ja4, after->ja4);
	}
}

/* Says the conversation byte by byte. What is settled stays; where the client waits for an answer, nothing is held, for it
 * would wait forever. Returns what the first look said that had all, or the last look. */
static inline enum pr_look look_through(const struct conversation *talk, struct pr_seen *ret_seen)
{
	struct pr_seen before = { 0 }, seen = { 0 };
	size_t lens[2] = { 0, 0 };
	enum pr_look look = PR_LOOK_MORE;

	for (unsigned int i = 0; i < talk->n; i++) {
		bool from_server = talk->pieces[i].from_server;

		while (lens[from_server] < talk->pieces[i].end) {
			lens[from_server]++;
			look = look_at(talk, lens[0], lens[1], &seen);
			assert_kept(&before, &seen);
			before = seen;
			if (look == PR_LOOK_DONE || look == PR_LOOK_NOT_MINE)
				goto out;
		}
		if (!from_server && i + 1 < talk->n && talk->pieces[i + 1].from_server &&
		    (lens[1] || !talk->greets))
			assert_int_equal(look, PR_LOOK_GOES_ON);
	}
out:
	*ret_seen = seen;
	return look;
}
