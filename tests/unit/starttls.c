/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Protocols that go over to TLS: in each turn of theirs what may pass, what is plaintext, and what is none of them. */
#include "tls_shared.h"

#define OPEN	  PR_ENCRYPTION_UNKNOWN
#define NO	  PR_ENCRYPTION_NO
#define YES	  PR_ENCRYPTION_YES
#define TURNS_MAX 10

#define HELLO	  "HELLO"  /* in their place: a ClientHello, … */
#define ANSWER	  "ANSWER" /* … and what a server says to it */

struct example {
	/* By turns, the server first; "" = nothing. */
	const char *turns[TURNS_MAX];
	enum pr_look look;
	enum pr_speaks speaks;
	enum pr_encryption encryption;
	const char *why; /* is part of it; NULL = whatever */
};

static const struct example smtp[] = {
	{ { "220 mail.example ESMTP\r\n" }, PR_LOOK_MORE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "220-mail\r\n220 mail\r\n", "EHLO client.example\r\n" },
	  PR_LOOK_GOES_ON,
	  PR_SPEAKS_SMTP,
	  OPEN,
	  NULL },
	{ { "220 mail\r\n", "EHLO c\r\n", "250-mail\r\n250-STARTTLS\r\n250 HELP\r\n",
	    "STARTTLS\r\n" },
	  PR_LOOK_GOES_ON,
	  PR_SPEAKS_SMTP,
	  OPEN,
	  NULL },
	{ { "220 mail\r\n", "ehlo [192.0.2.1]\r\n", "250 STARTTLS\r\n", "starttls\r\n",
	    "220 go\r\n", HELLO, ANSWER },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  YES,
	  "agreed" },
	/* Without the greeting's name, with a bare LF, with a word to keep awake. */
	{ { "220\r\n", "EHLO c\n", "250 x\r\n", "NOOP\r\n", "250 ok\r\n", "STARTTLS\r\n",
	    "220 go\r\n", HELLO, ANSWER },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  YES,
	  "agreed" },
	{ { "220 mail\r\n", "EHLO c\r\n", "250 mail\r\n", "MAIL FROM:<a@b.example>\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  "goes on in plaintext" },
	{ { "220 mail\r\n", "EHLO c\r\n", "250 mail\r\n", "AUTH PLAIN AGEAYg==\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  "goes on in plaintext" },
	/* Refused: stays open until the client goes on. */
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS\r\n", "454 not now\r\n" },
	  PR_LOOK_GOES_ON,
	  PR_SPEAKS_SMTP,
	  OPEN,
	  NULL },
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS\r\n", "454 not now\r\n",
	    "QUIT\r\n" },
	  PR_LOOK_GOES_ON,
	  PR_SPEAKS_SMTP,
	  OPEN,
	  NULL },
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS\r\n", "454 not now\r\n",
	    "MAIL FROM:<>\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  "refuses" },
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS\r\n", "454 not now\r\n", HELLO },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  "refuses" },
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS\r\n", "454 no\r\n", "STARTTLS\r\n",
	    "220 now\r\n", HELLO, ANSWER },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  YES,
	  NULL },
	/* Commands behind STARTTLS, and a hello that does not wait. */
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS\r\nMAIL FROM:<>\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  "without waiting" },
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS\r\nN" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  "without waiting" },
	{ { "220 mail\r\n", "EHLO c\r\nSTARTTLS\r\nNOOP\r\n", "250 x\r\n220 go\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  NULL },
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS\r\n", "220 go\r\n",
	    "MAIL FROM:<>\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  "behind the agreement" },
	/* The server goes on in plaintext. */
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS\r\n",
	    "220 go\r\n250 injected\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  "server goes on in plaintext" },
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS\r\n", "220 go\r\n", HELLO,
	    "250 what?\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  "in plaintext" },
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS\r\n", "gibberish\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  "none of the protocol" },
	/* What could carry data is no handshake. */
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "NOOP secret\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  NULL },
	{ { "220 mail\r\n", "EHLO c secret\r\n" }, PR_LOOK_DONE, PR_SPEAKS_SMTP, NO, NULL },
	{ { "220 mail\r\n", "EHLO c\rMAIL\r\n" }, PR_LOOK_DONE, PR_SPEAKS_SMTP, NO, NULL },
	{ { "220 mail\r\n", "EHLO c\r\n", "250 x\r\n", "STARTTLS now\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  NO,
	  NULL },
	/* Not told apart from FTP, or neither. */
	{ { "220 host\r\n", "QUIT\r\n" }, PR_LOOK_MORE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "220 host\r\n", "EH" }, PR_LOOK_MORE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "220 host\r\n", "LHLO c\r\n" }, PR_LOOK_NOT_MINE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	/* Who does not wait for the greeting is told when it comes. */
	{ { "", "EHLO c\r\n" }, PR_LOOK_MORE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "", "EHLO c\r\n", "220 mail\r\n" }, PR_LOOK_GOES_ON, PR_SPEAKS_SMTP, OPEN, NULL },
	{ { "", "EHLO c\r\n", "220 mail\r\n250 x\r\n", "STARTTLS\r\n", "220 go\r\n", HELLO,
	    ANSWER },
	  PR_LOOK_DONE,
	  PR_SPEAKS_SMTP,
	  YES,
	  NULL },
	{ { "", "Eh" }, PR_LOOK_MORE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "", "MAIL FROM:<>\r\n" }, PR_LOOK_NOT_MINE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "", "EHLO c\r\nMAIL FROM:<>\r\n" }, PR_LOOK_NOT_MINE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "200 news\r\n" }, PR_LOOK_MORE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "220-mail", "EHLO c\r\n" }, PR_LOOK_MORE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
};

static const struct example ftp[] = {
	{ { "220 (some 3.0)\r\n", "AUTH TLS\r\n", "234 go\r\n", HELLO, ANSWER },
	  PR_LOOK_DONE,
	  PR_SPEAKS_FTP,
	  YES,
	  NULL },
	{ { "220-Hello\r\n text\r\n220 ftp\r\n", "FEAT\r\n",
	    "211-Features:\r\n AUTH TLS\r\n 220 no end\r\n211 End\r\n", "AUTH SSL\r\n",
	    "234 go\r\n", HELLO, ANSWER },
	  PR_LOOK_DONE,
	  PR_SPEAKS_FTP,
	  YES,
	  NULL },
	{ { "120 in a minute\r\n220 now\r\n", "AUTH TLS\r\n", "504 no\r\n", "AUTH SSL\r\n",
	    "234 go\r\n", HELLO, ANSWER },
	  PR_LOOK_DONE,
	  PR_SPEAKS_FTP,
	  YES,
	  NULL },
	{ { "220 ftp\r\n", "AUTH TLS\r\n", "530 log in\r\n" },
	  PR_LOOK_GOES_ON,
	  PR_SPEAKS_FTP,
	  OPEN,
	  NULL },
	{ { "220 ftp\r\n", "AUTH TLS\r\n", "530 log in\r\n", "USER a\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_FTP,
	  NO,
	  "refuses" },
	{ { "220 ftp\r\n", "USER anonymous\r\n" }, PR_LOOK_DONE, PR_SPEAKS_FTP, NO, NULL },
	{ { "220 ftp\r\n", "AUTH TLS\r\nUSER a\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_FTP,
	  NO,
	  "without waiting" },
	{ { "220 ftp\r\n", "FEAT\r\n" }, PR_LOOK_GOES_ON, PR_SPEAKS_FTP, OPEN, NULL },
};

static const struct example imap[] = {
	{ { "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n", "a1 CAPABILITY\r\n",
	    "* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n", "a2 starttls\r\n",
	    "* OK still here\r\na2 OK go\r\n", HELLO, ANSWER },
	  PR_LOOK_DONE,
	  PR_SPEAKS_IMAP,
	  YES,
	  NULL },
	{ { "* OK hi\r\n", ". STARTTLS\r\n", ". NO not now\r\n" },
	  PR_LOOK_GOES_ON,
	  PR_SPEAKS_IMAP,
	  OPEN,
	  NULL },
	{ { "* OK hi\r\n", ". STARTTLS\r\n", ". BAD what\r\n", "2 LOGIN a b\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_IMAP,
	  NO,
	  "refuses" },
	{ { "* OK hi\r\n", "a LOGIN user pass\r\n" }, PR_LOOK_DONE, PR_SPEAKS_IMAP, NO, NULL },
	{ { "* PREAUTH hi\r\n", "a SELECT inbox\r\n" }, PR_LOOK_DONE, PR_SPEAKS_IMAP, NO, NULL },
	{ { "* OK hi\r\n", "a STARTTLS\r\nb NOOP\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_IMAP,
	  NO,
	  "without waiting" },
	{ { "* OK hi\r\n", "a STARTTLS\r\n", "a OK go\r\n* OK injected\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_IMAP,
	  NO,
	  "server goes on" },
	{ { "* OK hi\r\n", "a LOGOUT\r\n", "* BYE\r\na OK\r\n" },
	  PR_LOOK_GOES_ON,
	  PR_SPEAKS_IMAP,
	  OPEN,
	  NULL },
	{ { "", "a CAPABILITY\r\n", "* OK hi\r\n* CAPABILITY STARTTLS\r\na OK\r\n",
	    "a STARTTLS\r\n", "a OK\r\n", HELLO, ANSWER },
	  PR_LOOK_DONE,
	  PR_SPEAKS_IMAP,
	  YES,
	  NULL },
	{ { "", "a LOGIN u p\r\n" }, PR_LOOK_NOT_MINE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "* OK hi\r\n" }, PR_LOOK_MORE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "* OK hi\r\n", "USER a\r\n" }, PR_LOOK_DONE, PR_SPEAKS_IMAP, NO, NULL },
	{ { "* OK hi\r\n", "\x16\x03\x01\r\n" }, PR_LOOK_NOT_MINE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "* NO\r\n" }, PR_LOOK_MORE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
};

static const struct example pop3[] = {
	{ { "+OK ready\r\n", "CAPA\r\n", "+OK list\r\nSTLS\r\nUSER\r\n.\r\n", "STLS\r\n",
	    "+OK go\r\n", HELLO, ANSWER },
	  PR_LOOK_DONE,
	  PR_SPEAKS_POP3,
	  YES,
	  NULL },
	{ { "+OK ready\r\n", "CAPA\r\n", "-ERR what\r\n", "STLS\r\n", "+OK go\r\n", HELLO, ANSWER },
	  PR_LOOK_DONE,
	  PR_SPEAKS_POP3,
	  YES,
	  NULL },
	{ { "+OK ready\r\n", "STLS\r\n", "-ERR no\r\n" },
	  PR_LOOK_GOES_ON,
	  PR_SPEAKS_POP3,
	  OPEN,
	  NULL },
	{ { "+OK ready\r\n", "STLS\r\n", "-ERR no\r\n", "USER a\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_POP3,
	  NO,
	  "refuses" },
	{ { "+OK ready\r\n", "USER a\r\n" }, PR_LOOK_DONE, PR_SPEAKS_POP3, NO, NULL },
	{ { "+OK ready\r\n", "STLS\r\nUSER a\r\n" },
	  PR_LOOK_DONE,
	  PR_SPEAKS_POP3,
	  NO,
	  "without waiting" },
	{ { "+OK ready\r\n", "PING\r\n" }, PR_LOOK_NOT_MINE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
	{ { "+OKAY\r\n" }, PR_LOOK_MORE, PR_SPEAKS_UNKNOWN, OPEN, NULL },
};

static void say_example(struct conversation *talk, const struct example *example)
{
	*talk = (struct conversation){ .greets = true };
	for (unsigned int i = 0; i < TURNS_MAX && example->turns[i]; i++) {
		bool from_server = i % 2 == 0;

		if (strcmp(example->turns[i], HELLO) == 0)
			say_hello(talk, &hello_parts);
		else if (strcmp(example->turns[i], ANSWER) == 0)
			say_answer(talk, &usual_answer);
		else
			say_text(talk, from_server, example->turns[i]);
	}
}

static void check_example(const struct example *example, unsigned int number)
{
	static struct conversation talk;
	struct pr_seen seen, through;
	enum pr_look look;

	say_example(&talk, example);
	look = look_at(&talk, talk.client.len, talk.server.len, &seen);
	if (look != example->look || seen.speaks != example->speaks ||
	    seen.encryption != example->encryption)
		fail_msg("example %u of %s: look %d, speaks %d, encryption %d", number,
			 pr_speaks_name(example->speaks), look, seen.speaks, seen.encryption);
	if (example->why)
		assert_non_null(strstr(seen.why, example->why));
	assert_int_equal((seen.flags & PR_SEEN_UPGRADED) != 0, seen.n_names > 0);
	if (seen.encryption == YES)
		assert_string_equal(seen.names[0], "name.example");
	/* Byte by byte it may be told earlier that it is plaintext, but never later or otherwise. */
	look = look_through(&talk, &through);
	if (look != example->look || through.encryption != example->encryption)
		fail_msg("example %u of %s, byte by byte: look %d, encryption %d", number,
			 pr_speaks_name(example->speaks), look, through.encryption);
	assert_int_equal(through.speaks, example->speaks);
}

static void check_examples(const struct example *examples, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		check_example(&examples[i], i);
}

static void smtp_turns(void **state)
{
	(void)state;
	check_examples(smtp, PR_ARRAY_SIZE(smtp));
}

static void ftp_turns(void **state)
{
	(void)state;
	check_examples(ftp, PR_ARRAY_SIZE(ftp));
}

static void imap_turns(void **state)
{
	(void)state;
	check_examples(imap, PR_ARRAY_SIZE(imap));
}

static void pop3_turns(void **state)
{
	(void)state;
	check_examples(pop3, PR_ARRAY_SIZE(pop3));
}

/* No line that is allowed grows without bound. */
static void endless_lines(void **state)
{
	static struct conversation talk;
	char line[600];
	struct pr_seen seen;

	(void)state;
	memset(line, 'x', sizeof(line));
	talk = (struct conversation){ .n = 0 };
	say_text(&talk, true, "220 mail\r\n");
	say_text(&talk, false, "EHLO c\r\n");
	say_text(&talk, true, "250 mail\r\n");
	say_text(&talk, false, "EHLO ");
	say(&talk, false, line, sizeof(line));
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.encryption, NO);
}

#define SSL_REQUEST "\0\0\0\x08\x04\xd2\x16\x2f"
#define GSS_REQUEST "\0\0\0\x08\x04\xd2\x16\x30"
#define CANCEL	    "\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\1\0\0\0\2"

static void put_startup(struct tls_bytes *to)
{
	static const char body[] = "user\0alice\0database\0shop\0";

	put_number(to, 8 + sizeof(body), 4);
	put_number(to, 0x30000, 4);
	put(to, body, sizeof(body));
}

static void check_postgresql(const char *requests[], const char *answers[], unsigned int n,
			     bool startup, enum pr_look look, enum pr_encryption encryption)
{
	static struct conversation talk;
	struct tls_bytes message = { .len = 0 };
	struct pr_seen seen;

	talk = (struct conversation){ .n = 0 };
	for (unsigned int i = 0; i < n; i++) {
		say(&talk, false, requests[i], 8);
		if (answers[i])
			say_text(&talk, true, answers[i]);
	}
	put_startup(&message);
	if (startup)
		say(&talk, false, message.bytes, message.len);
	assert_int_equal(look_through(&talk, &seen), look);
	assert_int_equal(seen.speaks, PR_SPEAKS_POSTGRESQL);
	assert_int_equal(seen.encryption, encryption);
}

static void postgresql_turns(void **state)
{
	const char *ssl[] = { SSL_REQUEST, SSL_REQUEST }, *both[] = { GSS_REQUEST, SSL_REQUEST };

	(void)state;
	check_postgresql(ssl, NULL, 0, true, PR_LOOK_DONE, NO);
	check_postgresql(ssl, (const char *[]){ NULL }, 1, false, PR_LOOK_GOES_ON, OPEN);
	check_postgresql(ssl, (const char *[]){ "N" }, 1, false, PR_LOOK_GOES_ON, OPEN);
	check_postgresql(ssl, (const char *[]){ "N" }, 1, true, PR_LOOK_DONE, NO);
	check_postgresql(ssl, (const char *[]){ "S" }, 1, false, PR_LOOK_GOES_ON, OPEN);
	check_postgresql(ssl, (const char *[]){ "S" }, 1, true, PR_LOOK_DONE, NO);
	check_postgresql(ssl, (const char *[]){ "SN" }, 1, false, PR_LOOK_DONE, NO);
	check_postgresql(ssl, (const char *[]){ "X" }, 1, false, PR_LOOK_DONE, NO);
	check_postgresql(ssl, (const char *[]){ NULL, NULL }, 2, false, PR_LOOK_DONE, NO);
	check_postgresql(both, (const char *[]){ "N", "S" }, 2, false, PR_LOOK_GOES_ON, OPEN);
	check_postgresql(both, (const char *[]){ "N", "N" }, 2, true, PR_LOOK_DONE, NO);
	check_postgresql(both, (const char *[]){ "G" }, 1, false, PR_LOOK_DONE, OPEN);
}

static void postgresql_over_tls(void **state)
{
	static struct conversation talk;
	struct pr_seen seen;

	(void)state;
	talk = (struct conversation){ .n = 0 };
	say(&talk, false, GSS_REQUEST, 8);
	say_text(&talk, true, "N");
	say(&talk, false, SSL_REQUEST, 8);
	say_text(&talk, true, "S");
	say_hello(&talk, &hello_parts);
	say_answer(&talk, &usual_answer);
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.speaks, PR_SPEAKS_POSTGRESQL);
	assert_int_equal(seen.encryption, YES);
	assert_true(seen.flags & PR_SEEN_UPGRADED);
	assert_string_equal(seen.names[0], "name.example");
}

static void postgresql_and_what_is_none(void **state)
{
	static struct conversation talk;
	struct tls_bytes message = { .len = 0 };
	struct pr_seen seen;

	(void)state;
	talk = (struct conversation){ .n = 0 };
	say(&talk, false, CANCEL, sizeof(CANCEL) - 1);
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_DONE);
	assert_int_equal(seen.speaks, PR_SPEAKS_POSTGRESQL);
	assert_int_equal(seen.encryption, NO);
	put_startup(&message);
	message.bytes[8] = 'U'; /* no user */
	talk = (struct conversation){ .n = 0 };
	say(&talk, false, message.bytes, message.len);
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_NOT_MINE);
	message.bytes[8] = 'u';
	message.bytes[message.len - 1] = 'x'; /* no end */
	talk = (struct conversation){ .n = 0 };
	say(&talk, false, message.bytes, message.len);
	assert_int_equal(look_through(&talk, &seen), PR_LOOK_NOT_MINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smtp_turns),
		cmocka_unit_test(ftp_turns),
		cmocka_unit_test(imap_turns),
		cmocka_unit_test(pop3_turns),
		cmocka_unit_test(endless_lines),
		cmocka_unit_test(postgresql_turns),
		cmocka_unit_test(postgresql_over_tls),
		cmocka_unit_test(postgresql_and_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
