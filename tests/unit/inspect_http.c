/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/limits.h"

#include "inspect_show.h"

static void requests(void **state)
{
	(void)state;
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: Www.Example.com\r\nAccept: */*\r\n\r\n"),
		   "done: http no 1.1 www.example.com");
	check_talk(
		CLIENT("POST /a?b=http://c.example/ HTTP/1.0\r\nhost:\ta.example:8080 \r\n\r\nx"),
		"done: http no 1.0 a.example");
	check_talk(CLIENT("OPTIONS * HTTP/1.1\r\nHost: a.example.\r\n\r\n"),
		   "done: http no 1.1 a.example");
	check_talk(CLIENT("M-SEARCH * HTTP/1.1\r\nHOST: 192.0.2.1:1900\r\n\r\n"),
		   "done: http no 1.1 -");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n"),
		   "done: http no 1.1 -");
	check_talk(CLIENT("GET / HTTP/1.0\r\n\r\n"), "done: http no 1.0 -");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "done: http no 1.1 -");
	check_talk(CLIENT("\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
		   "done: http no 1.1 a.example");
	/* what many a script sends */
	check_talk(CLIENT("GET / HTTP/1.0\nHost: a.example\n\n"), "done: http no 1.0 a.example");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: b\xc3\xbc"
			  "cher.example\r\n\r\n"),
		   "done: http no 1.1 xn--bcher-kva.example");
	check_talk(CLIENT("GET /chat HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n"
			  "Connection: Upgrade\r\n\r\n"),
		   "done: http no 1.1 a.example");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade, "
			  "HTTP2-Settings\r\n"
			  "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"),
		   "done: http no 1.1 a.example");
}

/* To a proxy. */
static void targets(void **state)
{
	(void)state;
	check_talk(CLIENT("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"),
		   "done: http no 1.1 a.example");
	check_talk(CLIENT("GET http://a.example:8080?x HTTP/1.1\r\n\r\n"),
		   "done: http no 1.1 a.example");
	check_talk(CLIENT("GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n"),
		   "done: http no 1.1 a.example,b.example contradicts");
	check_talk(CLIENT("GET http://192.0.2.1/ HTTP/1.1\r\nHost: b.example\r\n\r\n"),
		   "done: http no 1.1 b.example contradicts");
	check_talk(CLIENT("GET http://b.example@a.example/ HTTP/1.1\r\n\r\n"),
		   "done: http no 1.1 a.example contradicts");
	check_talk(CLIENT("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"),
		   "done: http no 1.1 a.example");
	check_talk(CLIENT("CONNECT a.example:443 HTTP/1.1\r\nHost: b.example\r\n\r\n"),
		   "done: http no 1.1 a.example,b.example contradicts");
	check_talk(CLIENT("CONNECT [2001:db8::1]:443 HTTP/1.1\r\n\r\n"), "done: http no 1.1 -");
}

/* What two servers could read differently has no name that counts. */
static void tricks(void **state)
{
	(void)state;
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n"),
		   "done: http no 1.1 a.example,b.example contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: a.example\r\nHOST: A.example\r\n\r\n"),
		   "done: http no 1.1 a.example");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost:\r\nHost: b.example\r\n\r\n"),
		   "done: http no 1.1 b.example contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost : b.example\r\n\r\n"),
		   "done: http no 1.1 b.example contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nX: y\r\n Host: b.example\r\nHost: a.example\r\n\r\n"),
		   "done: http no 1.1 b.example,a.example contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost:\r\n b.example\r\n\r\n"),
		   "done: http no 1.1 b.example contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nX: y\nHost: b.example\r\nHost: a.example\r\n\r\n"),
		   "done: http no 1.1 b.example,a.example contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nX: y\rHost: b.example\r\n\r\n"),
		   "done: http no 1.1 b.example contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nX: y\n\nHost: b.example\r\n\r\n"),
		   "done: http no 1.1 - contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nX: \0y\r\nHost: b.example\r\n\r\n"),
		   "done: http no 1.1 b.example contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: a.example\0.b.example\r\n\r\n"),
		   "done: http no 1.1 - contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: a.example/b.example\r\n\r\n"),
		   "done: http no 1.1 - contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n"),
		   "done: http no 1.1 - contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: b.example@a.example\r\n\r\n"),
		   "done: http no 1.1 a.example contradicts");
	check_talk(CLIENT("GET  /  HTTP/1.1\r\nHost: a.example\r\n\r\n"),
		   "done: http no 1.1 a.example");
	check_talk(CLIENT("GET / x HTTP/1.1\r\nHost: a.example\r\n\r\n"),
		   "done: http no 1.1 a.example contradicts");
}

#define HOST_IN_UTF8 "Host: \xc3\xbc\r\n"

/* Each costs a conversion; nobody sends many. */
static void names_in_utf8(void **state)
{
	(void)state;
	check_talk(CLIENT("GET / HTTP/1.1\r\n" HOST_IN_UTF8 HOST_IN_UTF8 "\r\n"),
		   "done: http no 1.1 xn--tda");
	check_talk(CLIENT("GET / HTTP/1.1\r\n" HOST_IN_UTF8 HOST_IN_UTF8 HOST_IN_UTF8 "\r\n"),
		   "done: http no 1.1 xn--tda contradicts");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: b\xc3\xbc"
			  "cher.Example.\r\n\r\n"),
		   "done: http no 1.1 xn--bcher-kva.example");
	check_talk(CLIENT("GET / HTTP/1.1\r\nHost: b\xc3\xbc"
			  "cher..example\r\n\r\n"),
		   "done: http no 1.1 - contradicts");
}

static void ends_too_early(void **state)
{
	static char long_request[PR_INSPECTION_CLIENT_MAX];
	struct talk talk = CLIENT("GET / HTTP/1.1\r\nHost: a.example\r\nX: y");

	(void)state;
	check_shown(&talk, "more: http no 1.1 ");
	talk.client_ended = true;
	check_shown(&talk, "done: http no 1.1 a.example contradicts");
	talk = CLIENT("GET / HTT");
	check_shown(&talk, "more: - - - ");
	talk.client_ended = true;
	check_shown(&talk, "not mine: unknown unknown - -");

	/* a second host may stand behind what is kept */
	memset(long_request, 'x', sizeof(long_request));
	memcpy(long_request, "GET / HTTP/1.1\r\nHost: a.example\r\nX: ", 37);
	talk = (struct talk){ .client = long_request,
			      .client_len = sizeof(long_request),
			      .client_full = true };
	check_shown(&talk, "done: http no 1.1 a.example contradicts");
}

/* Many servers answer to any word, and read the request before they don't. */
static void methods_of_nobodys(void **state)
{
	(void)state;
	check_talk(CLIENT("FOO / HTTP/1.1\r\nHost: b.example\r\n\r\n"),
		   "done: http no 1.1 b.example");
	check_shown(&CLIENT("foo! /x HTTP/1.1\r\nHost: b.example\r\n\r\n"),
		    "done: http no 1.1 b.example");
	check_shown(&CLIENT("FO"), "more: - - - ");
	check_shown(&CLIENT("NICK me\r\n"), "not mine: unknown unknown - -");
}

static void others(void **state)
{
	(void)state;
	check_talk(CLIENT("GET /\r\n"), "not mine: unknown unknown - -");
	check_talk(CLIENT("OPTIONS rtsp://a.example/ RTSP/1.0\r\n\r\n"),
		   "not mine: unknown unknown - -");
	check_talk(CLIENT("REGISTER sip:a.example SIP/2.0\r\n\r\n"),
		   "not mine: unknown unknown - -");
	check_talk(CLIENT("GET / HTTP/2.0\r\n\r\n"), "not mine: unknown unknown - -");
	check_talk(CLIENT("GET / xHTTP/1.1\r\n\r\n"), "not mine: unknown unknown - -");
	check_talk(CLIENT("HTTP/1.1\r\n\r\n"), "not mine: unknown unknown - -");
	check_talk(CLIENT("GET\x01/ HTTP/1.1\r\n\r\n"), "not mine: unknown unknown - -");
	check_talk(CLIENT("{\"method\": \"GET / HTTP/1.1\"}\n"), "not mine: unknown unknown - -");
}

/* ---- HTTP/2 ---- */

#define PREFACE	 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64"
#define WINDOW	 "\0\0\4\x8\0\0\0\0\0\x3f\xff\0\1"
/* END_HEADERS and END_STREAM on stream 1, with so many bytes */
#define HEADERS(len_char) "\0\0" len_char "\1\5\0\0\0\1"

static void http2(void **state)
{
	(void)state;
	check_talk(CLIENT(PREFACE SETTINGS WINDOW), "goes on: http no 2.0 ");
	check_talk(CLIENT(PREFACE), "goes on: http no 2.0 ");
	/* RFC 7541, C.3.1: :authority as literal, then in Huffman's code (C.4.1) */
	check_talk(CLIENT(PREFACE SETTINGS HEADERS("\x14") "\x82\x86\x84\x41\x0fwww.example.com"),
		   "done: http no 2.0 www.example.com");
	check_talk(CLIENT(PREFACE SETTINGS WINDOW HEADERS(
			   "\x11") "\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90"
				   "\xf4\xff"),
		   "done: http no 2.0 www.example.com");
	/* padded, with a priority; the field's name written out; never indexed */
	check_talk(CLIENT(PREFACE SETTINGS "\0\0\x1e\1\x2d\0\0\0\1\2\0\0\0\0\xff\x10\x0a:authority"
					   "\x09"
					   "a.example\0\0"),
		   "done: http no 2.0 a.example");
	/* in two frames */
	check_talk(CLIENT(PREFACE SETTINGS "\0\0\5\1\1\0\0\0\1\x82\x86\x84\x41\x09"
					   "\0\0\x09\x09\4\0\0\0\1"
					   "a.example"),
		   "done: http no 2.0 a.example");
	/* without one */
	check_talk(CLIENT(PREFACE SETTINGS HEADERS("\3") "\x82\x86\x84"), "done: http no 2.0 -");
	/* an entry that the block itself added: its name again, with another value; index 62 is the newest */
	check_talk(CLIENT(PREFACE SETTINGS HEADERS("\x16") "\x41\x09"
							   "a.example"
							   "\x7e\x09"
							   "b.example"),
		   "done: http no 2.0 a.example,b.example contradicts");
	check_talk(CLIENT(PREFACE SETTINGS HEADERS("\x0c") "\x41\x09"
							   "a.example\xbe"),
		   "done: http no 2.0 a.example");
	/* "[::1]" in Huffman's code, with brackets of 13 bits */
	check_talk(CLIENT(PREFACE SETTINGS HEADERS(
			   "\x0b") "\x82\x86\x84\x41\x86\xff\xdd\xcb\x81\xff\xe7"),
		   "done: http no 2.0 -");
	/* host beside it */
	check_talk(CLIENT(PREFACE SETTINGS HEADERS("\x17") "\x41\x09"
							   "a.example"
							   "\x0f\x17\x09"
							   "b.example"),
		   "done: http no 2.0 a.example,b.example contradicts");
}

static void broken_http2(void **state)
{
	struct talk cut = CLIENT(PREFACE SETTINGS HEADERS("\x14") "\x82\x86\x84\x41\x0fwww.exam");

	(void)state;
	check_shown(&cut, "more: http no 2.0 ");
	cut.client_ended = true;
	check_shown(&cut, "done: http no 2.0 - contradicts");
	check_talk(CLIENT("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"), "not mine: unknown unknown - -");
	/* data before any request; an entry that isn't there; a string longer than the block */
	check_talk(CLIENT(PREFACE SETTINGS "\0\0\1\0\0\0\0\0\1x"),
		   "done: http no 2.0 - contradicts");
	check_talk(CLIENT(PREFACE SETTINGS HEADERS("\1") "\xbe"),
		   "done: http no 2.0 - contradicts");
	check_talk(CLIENT(PREFACE SETTINGS HEADERS("\3") "\x41\x7f"
							 "a"),
		   "done: http no 2.0 - contradicts");
	/* padding longer than the frame */
	check_talk(CLIENT(PREFACE SETTINGS "\0\0\2\1\x0c\0\0\0\1\x09x"),
		   "done: http no 2.0 - contradicts");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),	  cmocka_unit_test(targets),
		cmocka_unit_test(tricks),	  cmocka_unit_test(names_in_utf8),
		cmocka_unit_test(ends_too_early), cmocka_unit_test(methods_of_nobodys),
		cmocka_unit_test(others),	  cmocka_unit_test(http2),
		cmocka_unit_test(broken_http2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
