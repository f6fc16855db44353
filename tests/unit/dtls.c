/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The DTLS inspector with datagrams that no library sends: fragments of any size, DTLS 1.3, contradictions. */
#include "tls_shared.h"

#define DATAGRAMS_MAX  64
#define RECORD_VERSION 0xfefd

struct talk {
	struct tls_bytes bytes;
	struct pr_datagram datagrams[DATAGRAMS_MAX];
	unsigned int n;
};

static void say_datagram(struct talk *talk, bool from_server, const void *bytes, size_t len)
{
	assert_true(talk->n < DATAGRAMS_MAX);
	talk->datagrams[talk->n++] =
		(struct pr_datagram){ .bytes = talk->bytes.bytes + talk->bytes.len,
				      .len = (uint32_t)len,
				      .from_server = from_server };
	put(&talk->bytes, bytes, len);
}

static void put_dtls_record(struct tls_bytes *to, uint8_t content, uint16_t epoch,
			    const void *bytes, size_t len)
{
	put_number(to, content, 1);
	put_number(to, RECORD_VERSION, 2);
	put_number(to, epoch, 2);
	put_number(to, 1, 6);
	put_vector(to, 2, bytes, len);
}

static void put_fragment(struct tls_bytes *to, const struct tls_bytes *message, uint16_t number,
			 size_t at, size_t len)
{
	struct tls_bytes fragment = { .len = 0 };

	put(&fragment, message->bytes, 4);
	put_number(&fragment, number, 2);
	put_number(&fragment, at, 3);
	put_number(&fragment, len, 3);
	put(&fragment, message->bytes + 4 + at, len);
	put_dtls_record(to, PR_TLS_HANDSHAKE, 0, fragment.bytes, fragment.len);
}

/* A message in fragments of `piece` bytes, a datagram each. */
static void say_message(struct talk *talk, bool from_server, const struct tls_bytes *message,
			uint16_t number, size_t piece)
{
	size_t body_len = message->len - 4;

	for (size_t at = 0; at < body_len; at += piece) {
		struct tls_bytes datagram = { .len = 0 };

		put_fragment(&datagram, message, number, at,
			     body_len - at < piece ? body_len - at : piece);
		say_datagram(talk, from_server, datagram.bytes, datagram.len);
	}
}

static const uint16_t versions[] = { PR_DTLS_1_3, PR_DTLS_1_2 };
static const struct tls_hello_parts parts = {
	.name = "Name.Example", .datagram = true, .versions = versions, .n_versions = 2
};

static void put_dtls_hello(struct tls_bytes *to, const char *name, const char *cookie)
{
	struct tls_hello_parts with = parts;

	with.name = name;
	with.cookie = cookie;
	put_client_hello(to, &with);
}

static void say_dtls_hello(struct talk *talk, const char *name, const char *cookie, uint16_t number)
{
	struct tls_bytes hello = { .len = 0 };

	put_dtls_hello(&hello, name, cookie);
	say_message(talk, false, &hello, number, 1000);
}

static void say_dtls_answer(struct talk *talk, uint16_t chosen, bool retry, uint16_t number)
{
	struct tls_bytes message = { .len = 0 };

	put_server_hello(&message, &(struct answer){ .version = 0xfefd,
						     .chosen = chosen,
						     .cipher = chosen ? 0x1301 : 0xc02f,
						     .retry = retry,
						     .session_id = "" });
	say_message(talk, true, &message, number, 1000);
}

static void say_verify_request(struct talk *talk)
{
	struct tls_bytes body = { .len = 0 }, message = { .len = 0 };

	put_number(&body, 0xfeff, 2);
	put_vector(&body, 1, "cookie", 6);
	put_message(&message, PR_TLS_HELLO_VERIFY_REQUEST, &body);
	say_message(talk, true, &message, 0, 1000);
}

static enum pr_look look_at_all(const struct talk *talk, struct pr_seen *seen)
{
	struct pr_transcript transcript = { .proto = IPPROTO_UDP,
					    .datagrams = talk->datagrams,
					    .n_datagrams = talk->n };

	return pr_inspectors_look(&transcript, false, seen);
}

static void fragments_of_any_size(void **state)
{
	static const size_t pieces[] = { 1000, 200, 100, 50, 13, 7 };
	struct tls_bytes hello = { .len = 0 };
	struct pr_seen whole = { 0 };

	(void)state;
	put_dtls_hello(&hello, "Name.Example", NULL);
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(pieces); i++) {
		for (int backwards = 0; backwards < 2; backwards++) {
			static struct talk talk, other;
			struct pr_seen seen;

			talk = (struct talk){ .n = 0 };
			other = (struct talk){ .n = 0 };
			say_message(&talk, false, &hello, 0, pieces[i]);
			for (unsigned int k = 0; k < talk.n; k++) {
				const struct pr_datagram *from =
					&talk.datagrams[backwards ? talk.n - 1 - k : k];

				assert_true(!k || look_at_all(&other, &seen) == PR_LOOK_MORE);
				say_datagram(&other, false, from->bytes, from->len);
			}
			assert_int_equal(look_at_all(&other, &seen), PR_LOOK_GOES_ON);
			assert_string_equal(seen.names[0], "name.example");
			assert_int_equal(seen.speaks, PR_SPEAKS_DTLS);
			if (!i && !backwards)
				whole = seen;
			assert_memory_equal(&seen, &whole, sizeof(seen));
		}
	}
}

/* Fragments cut at each byte, in one datagram: a record each. */
static void two_fragments_at_each_border(void **state)
{
	struct tls_bytes hello = { .len = 0 };

	(void)state;
	put_dtls_hello(&hello, "Name.Example", NULL);
	for (size_t cut = 1; cut <= hello.len - 4; cut++) {
		static struct talk talk;
		struct tls_bytes datagram = { .len = 0 };
		struct pr_seen seen;

		talk = (struct talk){ .n = 0 };
		put_fragment(&datagram, &hello, 0, cut, hello.len - 4 - cut);
		put_fragment(&datagram, &hello, 0, 0, cut);
		say_datagram(&talk, false, datagram.bytes, datagram.len);
		assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_GOES_ON);
		assert_string_equal(seen.names[0], "name.example");
		/* A datagram that was cut is none. */
		talk.datagrams[0].len = (uint32_t)(datagram.len - 1);
		assert_int_not_equal(look_at_all(&talk, &seen), PR_LOOK_DONE);
		assert_int_equal(seen.n_names, 0);
	}
}

static void fragments_that_differ(void **state)
{
	static struct talk talk;
	struct tls_bytes hello = { .len = 0 }, datagram = { .len = 0 };
	struct pr_seen seen;

	(void)state;
	talk = (struct talk){ .n = 0 };
	put_dtls_hello(&hello, "name.example", NULL);
	put_fragment(&datagram, &hello, 0, 0, 100);
	hello.len = 0;
	put_dtls_hello(&hello, "evil.example", NULL);
	put_fragment(&datagram, &hello, 0, 10, hello.len - 14);
	say_datagram(&talk, false, datagram.bytes, datagram.len);
	look_at_all(&talk, &seen);
	assert_int_equal(seen.speaks, PR_SPEAKS_UNKNOWN);
	assert_int_equal(seen.n_names, 0);
}

static void answers(void **state)
{
	static struct talk talk;
	struct tls_bytes record = { .len = 0 };
	struct pr_seen seen;

	(void)state;
	talk = (struct talk){ .n = 0 };
	say_dtls_hello(&talk, "name.example", NULL, 0);
	say_dtls_answer(&talk, PR_DTLS_1_3, false, 0);
	assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
	assert_string_equal(seen.version, "1.3");
	assert_int_equal(seen.flags, 0);

	/* Up to 1.2 the certificate is still to come; encrypted things instead of it mean that there is none. */
	talk.n = 1;
	say_dtls_answer(&talk, 0, false, 0);
	assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_GOES_ON);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
	assert_string_equal(seen.version, "1.2");
	put_dtls_record(&record, PR_TLS_CHANGE_CIPHER_SPEC, 0, "\1", 1);
	say_datagram(&talk, true, record.bytes, record.len);
	assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.flags & PR_SEEN_CERTIFICATE, 0);

	/* A version that was not offered. */
	talk.n = 1;
	say_dtls_answer(&talk, 0xfefb, false, 0);
	assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
}

/* The server sees first that the client is where it says. */
static void cookies(void **state)
{
	static struct talk talk;
	struct pr_seen seen;

	(void)state;
	for (int retry = 0; retry < 2; retry++) {
		talk = (struct talk){ .n = 0 };
		say_dtls_hello(&talk, "name.example", NULL, 0);
		if (retry)
			say_dtls_answer(&talk, PR_DTLS_1_3, true, 0);
		else
			say_verify_request(&talk);
		assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_GOES_ON);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
		say_dtls_hello(&talk, "name.example", "cookie", 1);
		assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_GOES_ON);
		say_dtls_answer(&talk, PR_DTLS_1_3, false, 1);
		assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_DONE);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);

		/* With another name. */
		talk.n = 2;
		say_dtls_hello(&talk, "evil.example", "cookie", 1);
		assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_DONE);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
		assert_int_equal(seen.n_names, 2);
		assert_true(seen.flags & PR_SEEN_CONTRADICTS);
	}
}

static void plaintext(void **state)
{
	static struct talk talk;
	struct tls_bytes record = { .len = 0 };
	struct pr_seen seen;

	(void)state;
	talk = (struct talk){ .n = 0 };
	say_dtls_hello(&talk, "name.example", NULL, 0);
	say_datagram(&talk, true, "what?", 5);
	assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);

	talk.n = 1;
	say_datagram(&talk, false, "secret", 6);
	assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);
	say_dtls_answer(&talk, PR_DTLS_1_3, false, 0);
	assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);

	talk.n = 1;
	put_dtls_record(&record, PR_TLS_APPLICATION_DATA, 0, "secret", 6);
	say_datagram(&talk, false, record.bytes, record.len);
	assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);
}

/* WebRTC: STUN on the same sockets. */
static void stun_beside(void **state)
{
	static struct talk talk;
	struct pr_seen seen;

	(void)state;
	talk = (struct talk){ .n = 0 };
	say_dtls_hello(&talk, "name.example", NULL, 0);
	say_datagram(&talk, false,
		     "\0\1\0\0\x21\x12\xa4\x42"
		     "abcdefghijkl",
		     20);
	say_datagram(&talk, true,
		     "\1\1\0\0\x21\x12\xa4\x42"
		     "abcdefghijkl",
		     20);
	assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_GOES_ON);
	say_dtls_answer(&talk, PR_DTLS_1_3, false, 0);
	assert_int_equal(look_at_all(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
}

static void what_is_no_dtls(void **state)
{
	static struct talk talk;
	struct pr_seen seen;

	(void)state;
	talk = (struct talk){ .n = 0 };
	say_dtls_hello(&talk, "name.example", NULL, 0);
	talk.datagrams[0].from_server = true;
	assert_int_not_equal(look_at_all(&talk, &seen), PR_LOOK_GOES_ON);
	assert_int_not_equal(seen.speaks, PR_SPEAKS_DTLS);
	talk.datagrams[0].from_server = false;
	talk.bytes.bytes[2] = 0xfc; /* a version that no record has */
	look_at_all(&talk, &seen);
	assert_int_not_equal(seen.speaks, PR_SPEAKS_DTLS);
	talk.bytes.bytes[2] = 0xfd;
	talk.bytes.bytes[4] = 1; /* encrypted */
	look_at_all(&talk, &seen);
	assert_int_not_equal(seen.speaks, PR_SPEAKS_DTLS);
	talk.bytes.bytes[4] = 0;
	talk.bytes.bytes[13] = 2; /* a server's hello */
	look_at_all(&talk, &seen);
	assert_int_not_equal(seen.speaks, PR_SPEAKS_DTLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_of_any_size),
		cmocka_unit_test(two_fragments_at_each_border),
		cmocka_unit_test(fragments_that_differ),
		cmocka_unit_test(answers),
		cmocka_unit_test(cookies),
		cmocka_unit_test(plaintext),
		cmocka_unit_test(stun_beside),
		cmocka_unit_test(what_is_no_dtls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
