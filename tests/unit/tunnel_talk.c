/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said to proxies and what their answers mean: SOCKS5, CONNECT over HTTP/1.1. */
#include "tunnel/carrier.h"
#include "tunnel/connect.h"
#include "tunnel/socks5.h"

#include "unit.h"

#include <string.h>

static const struct pr_talk_ask plain = {
	.host = "far.example", .port = 443, .user = "", .password = ""
};
static const struct pr_talk_ask with_account = { "192.0.2.7", 80, "u", "pw", false };

static void says(struct pr_socks5 *socks, const char *bytes, size_t len)
{
	uint8_t said[PR_TALK_SAY_MAX];

	assert_int_equal(pr_socks5_say(socks, said), len);
	if (len)
		assert_memory_equal(said, bytes, len);
}

#define SAYS(socks, literal) says(socks, literal, sizeof(literal) - 1)

/* Byte by byte; how much of it was used. */
static enum pr_talk_heard hears(struct pr_socks5 *socks, const char *bytes, size_t len,
				size_t *ret_used, struct pr_talk_failure *failure)
{
	enum pr_talk_heard heard = PR_TALK_MORE;
	size_t at = 0, used;

	while (heard == PR_TALK_MORE && at < len) {
		heard = pr_socks5_hear(socks, (const uint8_t *)bytes + at, 1, &used, failure);
		assert_int_equal(used, 1);
		at++;
	}
	*ret_used = at;
	return heard;
}

#define HEARS(socks, literal) hears(socks, literal, sizeof(literal) - 1, &used, &failure)

static void without_account(void **state)
{
	struct pr_talk_failure failure;
	struct pr_socks5 socks;
	size_t used;

	(void)state;
	assert_int_equal(pr_socks5_start(&socks, &plain), 0);
	SAYS(&socks, "\5\1\0");
	SAYS(&socks, "");
	assert_int_equal(HEARS(&socks, "\5\0"), PR_TALK_MORE);
	assert_false(pr_socks5_asked(&socks));
	SAYS(&socks, "\5\1\0\3\13far.example\1\xbb");
	assert_true(pr_socks5_asked(&socks));
	assert_int_equal(HEARS(&socks, "\5\0\0\1\0\0\0\0\0\0"), PR_TALK_OPEN);
	assert_int_equal(used, 10);
}

static void with_an_account(void **state)
{
	struct pr_talk_failure failure;
	struct pr_talk_ask made_up;
	struct pr_socks5 socks;
	size_t used;

	(void)state;
	assert_int_equal(pr_socks5_start(&socks, &with_account), 0);
	SAYS(&socks, "\5\2\2\0");
	assert_int_equal(HEARS(&socks, "\5\2"), PR_TALK_MORE);
	SAYS(&socks, "\1\1u\2pw");
	assert_int_equal(HEARS(&socks, "\1\0"), PR_TALK_MORE);
	SAYS(&socks, "\5\1\0\1\xc0\0\2\7\0\120");
	assert_int_equal(HEARS(&socks, "\5\0\0\3\3abc\0\0"), PR_TALK_OPEN);

	assert_int_equal(pr_socks5_start(&socks, &with_account), 0);
	SAYS(&socks, "\5\2\2\0");
	assert_int_equal(HEARS(&socks, "\5\2"), PR_TALK_MORE);
	SAYS(&socks, "\1\1u\2pw");
	assert_int_equal(HEARS(&socks, "\1\1"), PR_TALK_FAILED);
	assert_int_equal(failure.outcome, PR_TUNNEL_FORBIDDEN);
	assert_string_equal(failure.why, "wrong user or password");

	made_up = with_account;
	made_up.made_up = true;
	assert_int_equal(pr_socks5_start(&socks, &made_up), 0);
	SAYS(&socks, "\5\2\2\0");
	assert_int_equal(HEARS(&socks, "\5\2"), PR_TALK_MORE);
	SAYS(&socks, "\1\1u\2pw");
	assert_int_equal(HEARS(&socks, "\1\1"), PR_TALK_FAILED);
	assert_string_equal(failure.why, "it wants a user and a password");
	assert_true(failure.own);
}

/* What follows an answer is the link's, however much came at once. */
static void the_rest_is_the_links(void **state)
{
	struct pr_talk_failure failure;
	uint8_t said[PR_TALK_SAY_MAX];
	struct pr_socks5 socks;
	size_t used;

	(void)state;
	assert_int_equal(pr_socks5_start(&socks, &plain), 0);
	pr_socks5_say(&socks, said);
	assert_int_equal(pr_socks5_hear(&socks, (const uint8_t *)"\5\0", 2, &used, &failure),
			 PR_TALK_MORE);
	pr_socks5_say(&socks, said);
	assert_int_equal(pr_socks5_hear(&socks, (const uint8_t *)"\5\0\0\4aaaabbbbccccdddd\1\2SSH-",
					26, &used, &failure),
			 PR_TALK_OPEN);
	assert_int_equal(used, 22);
}

static struct pr_talk_failure reply_of(const char *method, size_t method_len, const char *reply,
				       size_t reply_len)
{
	struct pr_talk_failure failure = { 0 };
	uint8_t said[PR_TALK_SAY_MAX];
	struct pr_socks5 socks;
	size_t used;

	assert_int_equal(pr_socks5_start(&socks, &plain), 0);
	pr_socks5_say(&socks, said);
	if (hears(&socks, method, method_len, &used, &failure) == PR_TALK_MORE) {
		pr_socks5_say(&socks, said);
		assert_int_equal(hears(&socks, reply, reply_len, &used, &failure), PR_TALK_FAILED);
	}
	return failure;
}

static void refusals(void **state)
{
	static const enum pr_tunnel_outcome outcomes[] = {
		[1] = PR_TUNNEL_UNREACHABLE, [2] = PR_TUNNEL_FORBIDDEN,
		[3] = PR_TUNNEL_UNREACHABLE, [4] = PR_TUNNEL_UNREACHABLE,
		[5] = PR_TUNNEL_REFUSED,     [6] = PR_TUNNEL_TIMED_OUT,
		[7] = PR_TUNNEL_UNSUPPORTED, [8] = PR_TUNNEL_UNSUPPORTED,
	};

	(void)state;
	for (unsigned int code = 1; code <= 0xff; code++) {
		const char reply[2] = { 5, (char)code };
		struct pr_talk_failure failure = reply_of("\5\0", 2, reply, 2);

		assert_int_equal(failure.outcome, code < PR_ARRAY_SIZE(outcomes)
							  ? outcomes[code]
							  : PR_TUNNEL_UNREACHABLE);
		assert_false(failure.own);
		assert_non_null(failure.why);
	}
	assert_string_equal(reply_of("\5\0", 2, "\5\xf6", 2).why,
			    "the onion service's address is not valid");
}

static void nonsense(void **state)
{
	static const struct {
		const char *method, *reply;
		enum pr_tunnel_outcome outcome;
	} cases[] = {
		{ "HT", "", PR_TUNNEL_DOWN },	       { "\4Z", "", PR_TUNNEL_DOWN },
		{ "\5\xff", "", PR_TUNNEL_FORBIDDEN }, { "\5\2", "", PR_TUNNEL_DOWN },
		{ "\5\1", "", PR_TUNNEL_DOWN },
	};
	struct pr_talk_failure failure;

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		failure = reply_of(cases[i].method, 2, "", 0);
		assert_int_equal(failure.outcome, cases[i].outcome);
		assert_true(failure.own);
	}
	assert_int_equal(reply_of("\5\0", 2, "\4\0\0\1\0", 5).outcome, PR_TUNNEL_DOWN);
	assert_int_equal(reply_of("\5\0", 2, "\5\0\0\2\0", 5).outcome, PR_TUNNEL_DOWN);
}

static void associations(void **state)
{
	struct pr_talk_ask ask = plain;
	struct pr_talk_failure failure;
	struct pr_socks5 socks;
	size_t used;

	(void)state;
	ask.associate = true;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pr_socks5_start(&socks, &ask), 0);
		SAYS(&socks, "\5\1\0");
		assert_int_equal(HEARS(&socks, "\5\0"), PR_TALK_MORE);
		SAYS(&socks, "\5\3\0\1\0\0\0\0\0\0");
		if (i == 0) {
			assert_int_equal(HEARS(&socks, "\5\0\0\1\xc0\0\2\1\4\1"), PR_TALK_OPEN);
			assert_memory_equal(socks.relay.bytes, "\xc0\0\2\1", 4);
			assert_int_equal(socks.relay_port, 1025);
			continue;
		}
		/* a name, no port: there is nothing to send to */
		assert_int_equal(i == 1 ? HEARS(&socks, "\5\0\0\3\5relay\4\1")
					: HEARS(&socks, "\5\0\0\1\xc0\0\2\1\0\0"),
				 PR_TALK_FAILED);
		assert_int_equal(failure.outcome, PR_TUNNEL_DOWN);
	}
}

static void datagrams(void **state)
{
	uint8_t header[PR_SOCKS5_DATAGRAM_HEADER_MAX];
	struct pr_address from;
	char name[300];
	uint16_t port;

	(void)state;
	assert_int_equal(pr_socks5_datagram_header("192.0.2.7", 53, header), 10);
	assert_memory_equal(header, "\0\0\0\1\xc0\0\2\7\0\65", 10);
	assert_int_equal(pr_socks5_datagram_parse(header, 10, &from, &port), 10);
	assert_int_equal(from.family, 4);
	assert_int_equal(port, 53);
	assert_int_equal(pr_socks5_datagram_header("far.example", 53, header), 18);
	assert_int_equal(pr_socks5_datagram_parse(header, 18, &from, &port), 18);
	assert_int_equal(from.family, 0);
	assert_int_equal(pr_socks5_datagram_parse(header, 17, &from, &port), -EBADMSG);
	header[2] = 1; /* a fragment */
	assert_int_equal(pr_socks5_datagram_parse(header, 18, &from, &port), -EBADMSG);
	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	assert_int_equal(pr_socks5_datagram_header(name, 53, header), 262);
	name[255] = 'a';
	name[256] = '\0';
	assert_int_equal(pr_socks5_datagram_header(name, 53, header), -EINVAL);
}

/* ---- CONNECT ---- */

static void requests(void **state)
{
	struct pr_talk_ask ask = with_account;
	uint8_t said[PR_TALK_SAY_MAX];
	struct pr_connect connect;
	size_t len;

	(void)state;
	assert_int_equal(pr_connect_start(&connect, &plain), 0);
	len = pr_connect_say(&connect, said);
	said[len] = '\0';
	assert_string_equal((char *)said,
			    "CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n\r\n");
	assert_int_equal(pr_connect_say(&connect, said), 0);
	ask.host = "2001:db8::1";
	assert_int_equal(pr_connect_start(&connect, &ask), 0);
	len = pr_connect_say(&connect, said);
	said[len] = '\0';
	assert_string_equal((char *)said,
			    "CONNECT [2001:db8::1]:80 HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n"
			    "Proxy-Authorization: Basic dTpwdw==\r\n\r\n");
	ask.host = "a\r\nX: y";
	assert_int_equal(pr_connect_start(&connect, &ask), -EINVAL);
}

static void longest_credentials(void **state)
{
	char user[PR_TUNNEL_CREDENTIAL_MAX + 1], text[PR_CONNECT_CREDENTIALS_SIZE];

	(void)state;
	memset(user, 'x', sizeof(user) - 1);
	user[sizeof(user) - 1] = '\0';
	pr_connect_credentials(user, user, text);
	assert_int_equal(strlen(text), 6 + (2 * PR_TUNNEL_CREDENTIAL_MAX + 1 + 2) / 3 * 4);
}

/* In pieces of `step` bytes; what is left is the link's. */
static enum pr_talk_heard answer(const char *text, size_t step, struct pr_talk_failure *failure,
				 size_t *ret_left)
{
	static struct pr_connect connect;
	enum pr_talk_heard heard = PR_TALK_MORE;
	size_t len = strlen(text), at = 0, used;

	assert_int_equal(pr_connect_start(&connect, &plain), 0);
	while (heard == PR_TALK_MORE && at < len) {
		size_t n = len - at < step ? len - at : step;

		heard = pr_connect_hear(&connect, (const uint8_t *)text + at, n, &used, failure);
		assert_in_range(used, 1, n);
		assert_true(used == n || heard != PR_TALK_MORE);
		at += used;
	}
	*ret_left = len - at;
	return heard;
}

static void good_answers(void **state)
{
	static const struct {
		const char *text;
		size_t left;
	} cases[] = {
		{ "HTTP/1.1 200 Connection established\r\n\r\n", 0 },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: "
		  "chunked\r\n\r\nSSH-",
		  4 },
		{ "HTTP/1.1 204\r\n\r\n\r\n", 2 },
		{ "HTTP/1.1 200 OK\nVia: x\n\nrest", 4 },
		{ "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nrest", 4 },
	};
	struct pr_talk_failure failure;
	size_t left;

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++)
		for (size_t step = 1; step < 80; step += 13) {
			assert_int_equal(answer(cases[i].text, step, &failure, &left),
					 PR_TALK_OPEN);
			assert_int_equal(left, cases[i].left);
		}
}

static void bad_answers(void **state)
{
	static const struct {
		const char *text;
		enum pr_tunnel_outcome outcome;
		bool own;
		const char *why;
	} cases[] = {
		{ "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\n\r\n",
		  PR_TUNNEL_FORBIDDEN, true, "it wants a user and a password" },
		{ "HTTP/1.1 403 Forbidden\r\n\r\n", PR_TUNNEL_FORBIDDEN, false,
		  "its rules don't allow it" },
		{ "HTTP/1.1 502 Bad Gateway\r\n\r\n", PR_TUNNEL_UNREACHABLE, false,
		  "it answers with 502" },
		{ "HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_CONNECT_FAIL 111\r\n\r\n",
		  PR_TUNNEL_REFUSED, false, "connection refused" },
		{ "HTTP/1.1 503 Service Unavailable\r\nx-squid-error: ERR_DNS_FAIL 0\r\n\r\n",
		  PR_TUNNEL_UNREACHABLE, false, "the name could not be resolved" },
		{ "HTTP/1.1 500 Internal Server Error\r\nX-Squid-Error: ERR_CANNOT_FORWARD "
		  "0\r\n\r\n",
		  PR_TUNNEL_UNREACHABLE, false, "it knows no way there" },
		{ "HTTP/1.1 502 x\r\nProxy-Status: p; error=connection_refused; "
		  "details=\"x\"\r\n\r\n",
		  PR_TUNNEL_REFUSED, false, "connection refused" },
		{ "HTTP/1.1 502 x\r\nProxy-Status: p; error=connection_refused_not\r\n\r\n",
		  PR_TUNNEL_UNREACHABLE, false, "it answers with 502" },
		{ "HTTP/1.1 504 Gateway Timeout\r\n\r\n", PR_TUNNEL_TIMED_OUT, false,
		  "it answers with 504" },
		{ "HTTP/1.1 405 Method Not Allowed\r\n\r\n", PR_TUNNEL_UNSUPPORTED, false,
		  "it answers with 405" },
		{ "HTTP/1.1 501 Not Implemented\r\n\r\n", PR_TUNNEL_UNSUPPORTED, false,
		  "it answers with 501" },
		{ "HTTP/1.1 302 Found\r\nLocation: x\r\n\r\n", PR_TUNNEL_UNREACHABLE, false,
		  "it answers with 302" },
		{ "HTTP/1.1 101 Switching\r\n\r\n", PR_TUNNEL_DOWN, true,
		  "it changes to a protocol that it was not asked for" },
		{ "SSH-2.0-OpenSSH\r\n", PR_TUNNEL_DOWN, true, "its answer is not HTTP/1" },
		{ "HTTP/1.1 20\r\n\r\n", PR_TUNNEL_DOWN, true, "its answer is not HTTP/1" },
		{ "HTTP/1.1 2000\r\n\r\n", PR_TUNNEL_DOWN, true, "its answer is not HTTP/1" },
		{ "HTTP/1.1 099 x\r\n\r\n", PR_TUNNEL_DOWN, true, "its answer is not HTTP/1" },
		{ "HTTP/2 200\r\n\r\n", PR_TUNNEL_DOWN, true, "its answer is not HTTP/1" },
	};
	struct pr_talk_failure failure;
	size_t left;

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(cases); i++)
		for (size_t step = 1; step < 80; step += 13) {
			assert_int_equal(answer(cases[i].text, step, &failure, &left),
					 PR_TALK_FAILED);
			assert_int_equal(failure.outcome, cases[i].outcome);
			assert_int_equal(failure.own, cases[i].own);
			assert_string_equal(failure.why, cases[i].why);
		}
}

/* Endless lines, endless fields, endless interim answers: all end at the limit. */
static void endless_answers(void **state)
{
	static const char *const starts[] = { "HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\n", "" };
	static const char *const repeats[] = { "x", "X-More: x\r\n",
					       "HTTP/1.1 100 Continue\r\n\r\n" };
	static char text[2 * PR_CARRIER_ANSWER_MAX];
	struct pr_talk_failure failure;
	size_t left;

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(starts); i++) {
		size_t len = (size_t)snprintf(text, sizeof(text), "%s", starts[i]);

		while (len + strlen(repeats[i]) < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", repeats[i]);
		assert_int_equal(answer(text, 1000, &failure, &left), PR_TALK_FAILED);
		assert_string_equal(failure.why, "its answer is too long");
		assert_int_equal(len - left, PR_CARRIER_ANSWER_MAX + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_account),
		cmocka_unit_test(with_an_account),
		cmocka_unit_test(the_rest_is_the_links),
		cmocka_unit_test(refusals),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(associations),
		cmocka_unit_test(datagrams),
		cmocka_unit_test(requests),
		cmocka_unit_test(longest_credentials),
		cmocka_unit_test(good_answers),
		cmocka_unit_test(bad_answers),
		cmocka_unit_test(endless_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
