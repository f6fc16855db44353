/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The TLS inspector with conversations that no library has: wrong ones, cut ones, old ones. */
#include "tls_shared.h"

/* However the hello is cut into records, and whatever stands between them that may. */
static void hello_in_many_records(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 4, 5, 7, 100, 16384 };
	struct pr_seen whole = { 0 };

	(void)state;
	for (unsigned int i = PR_ARRAY_SIZE(pieces); i-- > 0;) {
		static struct conversation talk;
		struct tls_bytes records = { .len = 0 };
		struct pr_seen seen;

		talk = (struct conversation){ .n = 0 };
		put_hello_records(&records, &hello_parts, pieces[i]);
		say(&talk, false, records.bytes, records.len);
		say_answer(&talk, &usual_answer);
		assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
		assert_string_equal(seen.names[0], "name.example");
		assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
		if (pieces[i] == 16384)
			whole = seen;
		assert_memory_equal(&seen, &whole, sizeof(seen));
	}
}

/* What some servers take, though nobody should send it, hides no name: empty records, a warning within the hello. */
static void hello_with_things_between(void **state)
{
	static struct conversation talk;
	struct tls_bytes message = { .len = 0 }, records = { .len = 0 };
	struct pr_seen seen;

	(void)state;
	talk = (struct conversation){ .n = 0 };
	put_client_hello(&message, &hello_parts);
	put_record(&records, PR_TLS_HANDSHAKE, 0x0301, NULL, 0);
	put_record(&records, PR_TLS_HANDSHAKE, 0x0301, message.bytes, 3);
	put_record(&records, PR_TLS_HANDSHAKE, 0x0302, NULL, 0);
	put_record(&records, PR_TLS_ALERT, 0x0301, "\1\x5a", 2);
	put_record(&records, PR_TLS_HANDSHAKE, 0x0303, message.bytes + 3, message.len - 3);
	say(&talk, false, records.bytes, records.len);
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_GOES_ON);
	assert_string_equal(seen.names[0], "name.example");
	/* Data within it is none. */
	records.len = talk.client.len = 0;
	put_record(&records, PR_TLS_HANDSHAKE, 0x0301, message.bytes, 3);
	put_record(&records, PR_TLS_APPLICATION_DATA, 0x0301, "data", 4);
	talk = (struct conversation){ .n = 0 };
	say(&talk, false, records.bytes, records.len);
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_NOT_MINE);
}

static void plaintext_answers(void **state)
{
	static const char *const answers[] = { "HTTP/1.1 400 Bad Request\r\n", "SSH-2.0-x\r\n",
					       "220 mail\r\n", "\x15\x04\x04\x04\x04" };

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(answers); i++) {
		static struct conversation talk;
		struct pr_seen seen;

		talk = (struct conversation){ .n = 0 };
		say_hello(&talk, &hello_parts);
		say_text(&talk, true, answers[i]);
		assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
		assert_int_equal(seen.speaks, PR_SPEAKS_TLS);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);
		assert_non_null(strstr(seen.why, "in plaintext"));
	}
}

/* The client must not go on before the server agreed; a look at the hello alone says nothing of encryption. */
static void client_that_does_not_wait(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum pr_look look;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18, PR_LOOK_DONE },
		{ "\x17\x03\x03\0\5hello", 10, PR_LOOK_DONE },
		{ "\x16\x03\x03\0\5hello", 10, PR_LOOK_DONE },
		{ "\x15\x03\x03\0\2\2\x28", 7, PR_LOOK_GOES_ON },
		{ "\x14\x03\x03\0\1\1", 6, PR_LOOK_GOES_ON },
		{ "\x14\x03\x03", 3, PR_LOOK_MORE },
		{ "\x17", 1, PR_LOOK_DONE },
		{ "\x15", 1, PR_LOOK_MORE },
	};

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		static struct conversation talk;
		struct pr_seen seen;

		talk = (struct conversation){ .n = 0 };
		say_hello(&talk, &hello_parts);
		assert_int_equal(look_through(&talk, &seen), PR_LOOK_GOES_ON);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
		say(&talk, false, cases[i].bytes, cases[i].len);
		assert_int_equal(look_through(&talk, &seen), cases[i].look);
		if (cases[i].look == PR_LOOK_DONE)
			assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);
	}
}

/* Early data is let pass if it was said that it comes. */
static void early_data(void **state)
{
	static struct conversation talk;
	struct tls_bytes more = { .len = 0 }, empty = { .len = 0 };
	struct tls_hello_parts parts = hello_parts;
	struct pr_seen seen;

	(void)state;
	talk = (struct conversation){ .n = 0 };
	put_extension(&more, PR_TLS_EXTENSION_EARLY_DATA, &empty);
	parts.more = &more;
	say_hello(&talk, &parts);
	say(&talk, false, "\x17\x03\x03\0\5hello", 10);
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_GOES_ON);
	say_answer(&talk, &usual_answer);
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
}

/* Plaintext behind a handshake that fits so far. */
static void plaintext_behind_the_answer(void **state)
{
	static struct conversation talk;
	struct pr_seen seen;

	(void)state;
	talk = (struct conversation){ .n = 0 };
	say_hello(&talk, &hello_parts);
	say_text(&talk, false, "GET / HTTP/1.1\r\n\r\n");
	say_answer(&talk, &usual_answer);
	assert_int_equal(look_at(&talk, talk.client.len, talk.server.len, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_NO);
}

static void answers_that_do_not_fit(void **state)
{
	static const struct answer answers[] = {
		{ .version = 0x0303, .chosen = 0x0304, .cipher = 0x1304 }, /* not offered */
		{ .version = 0x0302, .cipher = 0xc02f }, /* below what is offered */
		{ .version = 0x0303, .chosen = 0x0305, .cipher = 0x1301 },
		{ .version = 0x0303,
		  .chosen = 0x0304,
		  .cipher = 0x1301,
		  .session_id = "another session" },
	};

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(answers); i++) {
		static struct conversation talk;
		struct pr_seen seen;

		talk = (struct conversation){ .n = 0 };
		say_hello(&talk, &hello_parts);
		say_answer(&talk, &answers[i]);
		assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
		assert_int_equal(seen.settled, PR_FACTS_SEEN);
	}
}

static void worth_of_ciphers(void **state)
{
	static const struct {
		uint16_t cipher;
		enum pr_encryption encryption;
		const char *why;
	} cases[] = {
		{ 0x0002, PR_ENCRYPTION_NO, "NULL" },
		{ 0xc03a, PR_ENCRYPTION_NO, "NULL" },
		{ 0xc0b4, PR_ENCRYPTION_NO, "NULL" },
		{ 0x0003, PR_ENCRYPTION_YES, "EXPORT" },
		{ 0x0017, PR_ENCRYPTION_YES, "EXPORT" },
		{ 0x0034, PR_ENCRYPTION_YES, "anonymous" },
		{ 0xc018, PR_ENCRYPTION_YES, "anonymous" },
		{ 0xc02f, PR_ENCRYPTION_YES, "encrypts" },
	};

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		static struct conversation talk;
		struct tls_hello_parts parts = hello_parts;
		struct pr_seen seen;

		talk = (struct conversation){ .n = 0 };
		parts.ciphers = &cases[i].cipher;
		parts.n_ciphers = 1;
		say_hello(&talk, &parts);
		say_answer(&talk, &(struct answer){ .version = 0x0303, .cipher = cases[i].cipher });
		assert_int_equal(look_through(&talk, &seen), PR_LOOK_GOES_ON);
		assert_int_equal(seen.encryption, cases[i].encryption);
		assert_non_null(strstr(seen.why, cases[i].why));
		assert_string_equal(seen.version, "1.2");
	}
}

static void downgrade(void **state)
{
	static struct conversation talk;
	struct pr_seen seen;

	(void)state;
	talk = (struct conversation){ .n = 0 };
	say_hello(&talk, &hello_parts);
	say_answer(&talk,
		   &(struct answer){ .version = 0x0303, .cipher = 0xc02f, .downgraded = true });
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_GOES_ON);
	assert_non_null(strstr(seen.why, "could do better"));
	assert_string_equal(seen.version, "1.2");
}

/* An answer that asks for a second hello; that has to ask for the same name. */
static void second_hello(void **state)
{
	static const struct {
		const char *name;
		enum pr_look look;
	} cases[] = {
		{ "name.example", PR_LOOK_GOES_ON },
		{ "other.example", PR_LOOK_DONE },
		{ NULL, PR_LOOK_DONE },
	};
	struct answer retry = usual_answer;

	(void)state;
	retry.retry = true;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		static struct conversation talk;
		struct tls_hello_parts parts = hello_parts;
		struct pr_seen seen;

		talk = (struct conversation){ .n = 0 };
		say_hello(&talk, &hello_parts);
		say_answer(&talk, &retry);
		say(&talk, true, "\x14\x03\x03\0\1\1", 6);
		assert_int_equal(look_through(&talk, &seen), PR_LOOK_MORE);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
		parts.name = cases[i].name;
		say(&talk, false, "\x14\x03\x03\0\1\1", 6);
		say_hello(&talk, &parts);
		assert_int_equal(look_through(&talk, &seen), cases[i].look);
		if (cases[i].look == PR_LOOK_DONE) {
			assert_true(seen.flags & PR_SEEN_CONTRADICTS);
			assert_int_equal(seen.n_names, cases[i].name ? 2 : 1);
			assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
			continue;
		}
		say_answer(&talk, &usual_answer);
		assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_YES);
		/* Once is enough. */
		talk.server.len = 0;
		talk.n = 0;
		say_answer(&talk, &retry);
		say_answer(&talk, &retry);
		look_at(&talk, talk.client.len, talk.server.len, &seen);
		assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
		assert_int_equal(seen.settled, PR_FACTS_SEEN);
	}
}

static void ssl_2_0(void **state)
{
	static struct conversation talk;
	struct tls_bytes hello = { .len = 0 };
	struct pr_seen seen;

	(void)state;
	talk = (struct conversation){ .n = 0 };
	put_number(&hello, 0x8000 | (9 + 6 + 16), 2);
	put_number(&hello, 1, 1);
	put_number(&hello, 0x0301, 2);
	put_number(&hello, 6, 2);
	put_number(&hello, 0, 2);
	put_number(&hello, 16, 2);

	say(&talk, false, hello.bytes, 11);
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.speaks, PR_SPEAKS_TLS);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
	assert_int_equal(seen.flags, PR_SEEN_OLD | PR_SEEN_NAMELESS);
	talk.client.bytes[1]++;
	assert_int_equal(look_at(&talk, 11, 0, &seen), PR_LOOK_NOT_MINE);
}

static void what_is_no_tls(void **state)
{
	static struct conversation talk;
	struct pr_seen seen;

	(void)state;
	/* Who is spoken to first, and says nothing of TLS itself. */
	talk = (struct conversation){ .n = 0 };
	say_hello(&talk, &hello_parts);
	talk.client.bytes[9] = 4; /* a version that is none */
	assert_int_equal(look_at(&talk, talk.client.len, 0, &seen), PR_LOOK_NOT_MINE);
	talk.client.bytes[9] = 3;
	talk.client.bytes[5] = 2; /* a server's hello */
	assert_int_equal(look_at(&talk, talk.client.len, 0, &seen), PR_LOOK_NOT_MINE);
	talk.client.bytes[5] = 1;
	assert_int_equal(look_at(&talk, talk.client.len, 0, &seen), PR_LOOK_GOES_ON);
	/* Longer than is looked at. */
	talk.client.bytes[6] = 1;
	assert_int_equal(look_at(&talk, talk.client.len, 0, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.flags, PR_SEEN_LIMIT);
	assert_int_equal(seen.encryption, PR_ENCRYPTION_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_in_many_records),
		cmocka_unit_test(hello_with_things_between),
		cmocka_unit_test(plaintext_answers),
		cmocka_unit_test(client_that_does_not_wait),
		cmocka_unit_test(early_data),
		cmocka_unit_test(plaintext_behind_the_answer),
		cmocka_unit_test(answers_that_do_not_fit),
		cmocka_unit_test(worth_of_ciphers),
		cmocka_unit_test(downgrade),
		cmocka_unit_test(second_hello),
		cmocka_unit_test(ssl_2_0),
		cmocka_unit_test(what_is_no_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
