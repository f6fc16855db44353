/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of names: hosts, plain domains, wildcards. */
#include "list_show.h"

#include <string.h>

#define L10 "abcdefghij"
#define L60 L10 L10 L10 L10 L10 L10

static void hosts(void **state)
{
	static const struct list_case cases[] = {
		{ "0.0.0.0 ads.example.com", "=ads.example.com", NULL },
		{ "127.0.0.1\tads.example.com", "=ads.example.com", NULL },
		{ "0.0.0.0 a.example  b.example\tc.example", "=a.example =b.example =c.example",
		  NULL },
		{ "0.0.0.0 ADS.Example.COM.", "=ads.example.com", NULL },
		{ "::  ads.example", "=ads.example", NULL },
		{ "::1 ads.example", "=ads.example", NULL },
		{ "127.0.0.53 ads.example", "=ads.example", NULL },
		{ "0 ads.example", "", "begins with an address" },
		{ " \t0.0.0.0 ads.example", "=ads.example", NULL },
		{ "0.0.0.0 ads.example # why", "=ads.example", NULL },
		{ "0.0.0.0 ads.example#why", "=ads.example", NULL },
		{ "0.0.0.0 ads.example ; why", "=ads.example", NULL },
		{ "# a comment", "", NULL },
		{ "! a comment", "", NULL },
		{ "; a comment", "", NULL },
		{ "// a comment", "", NULL },
		{ "#0.0.0.0 ads.example", "", NULL },
		{ "0.0.0.0 under_score.-odd-.example", "=under_score.-odd-.example", NULL },
		{ "0.0.0.0 b\xc3\xbc"
		  "cher.example",
		  "=xn--bcher-kva.example", NULL },
		{ "0.0.0.0 wpad", "=wpad", NULL },
		{ "0.0.0.0", "", "a name is missing" },
		{ "0.0.0.0 # nothing", "", "a name is missing" },
		{ "127.0.0.1 localhost", "", "the host's own" },
		{ "127.0.0.1 LocalHost.LocalDomain", "", "the host's own" },
		{ "::1 ip6-localhost ip6-loopback", "", "the host's own" },
		{ "fe80::1%lo0 localhost", "", "the host's own" },
		{ "255.255.255.255 broadcasthost", "", "the host's own" },
		{ "ff02::1 ip6-allnodes", "", "the host's own" },
		{ "127.0.0.1 localhost ads.example", "=ads.example", "the host's own" },
		{ "0.0.0.0 0.0.0.0", "", "an address stands where" },
		{ "192.0.2.80 intranet.example", "", "leads somewhere" },
		{ "ads.example.com", "", "begins with an address" },
		{ "0.0.0.0 good.example bad..example also.example", "=good.example =also.example",
		  "a label is missing" },
		{ "0.0.0.0 *.example", "", "wildcard" },
		{ "0.0.0.0 example.com/path", "", "URL" },
		{ "0.0.0.0 example.com:80", "", "port" },
		{ "0.0.0.0 ex$ample.com", "", "'$' can't stand" },
		{ "0.0.0.0 a\x01.example", "", "control character" },
	};

	(void)state;
	list_cases(PR_LIST_HOSTS, cases, PR_ARRAY_SIZE(cases));
}

static void domains(void **state)
{
	static const struct list_case cases[] = {
		{ "example.com", "=example.com", NULL },
		{ "Example.COM.", "=example.com", NULL },
		{ ".example.com", ".example.com", NULL },
		{ "*.example.com", "*.example.com", NULL },
		{ "*.Example.com. # below", "*.example.com", NULL },
		{ "example.com # why", "=example.com", NULL },
		{ "example.com ! why", "=example.com", NULL },
		{ "example.com // why", "=example.com", NULL },
		{ "example.com;why", "=example.com", NULL },
		{ "a.example\nb.example\n\n# c\nd.example", "=a.example =b.example =d.example",
		  NULL },
		{ "192.0.2.1", "192.0.2.1/32", NULL },
		{ "2001:DB8::1", "2001:db8::1/128", NULL },
		{ "192.0.2.0/24", "192.0.2.0/24", NULL },
		{ "1.2.3.4.in-addr.arpa", "=1.2.3.4.in-addr.arpa", NULL },
		{ "xn--bcher-kva.example", "=xn--bcher-kva.example", NULL },
		{ "*.stra\xc3\x9f"
		  "e.example",
		  "*.xn--strae-oqa.example", NULL },
		{ L60 "abc.example", "=" L60 "abc.example", NULL },
		{ L60 "abcd.example", "", "at most 63" },
		{ L60 "." L60 "." L60 "." L60 "." L10, "", "at most 253" },
		{ "example.com#why", "=example.com", NULL },
		{ "example.com##.banner", "", "'#' can't stand" },
		{ "example.com#@#.banner", "", "'#' can't stand" },
		{ "example.com other", "", "a second word" },
		{ "https://example.com/path", "", "port or a scheme" },
		{ "example.com/path", "", "URL" },
		{ "example..com", "", "a label is missing" },
		{ "..example.com", "", "a label is missing" },
		{ ".", "", "a name is missing" },
		{ "*", "", "wildcard" },
		{ "*.", "", "a name is missing" },
		{ "ads*.example.com", "", "wildcard" },
		{ "*.*.example.com", "", "wildcard" },
		{ "@@example.com", "", "'@' can't stand" },
		{ "example.1", "", "all digits" },
		{ "1.2.3.256", "", "all digits" },
		{ "0.0.0.0/0", "", "every address" },
		{ "\xff.example", "", "internationalised" },
		{ "a\xef\xbc\x8f"
		  "b.example",
		  "", "stands for '/'" },
	};

	(void)state;
	list_cases(PR_LIST_DOMAINS, cases, PR_ARRAY_SIZE(cases));
}

static void wildcards(void **state)
{
	static const struct list_case cases[] = {
		{ "example.com", ".example.com", NULL },   { ".example.com", ".example.com", NULL },
		{ "*.example.com", ".example.com", NULL }, { "*.zip", ".zip", NULL },
		{ "192.0.2.1", "192.0.2.1/32", NULL },	   { "*example.com", "", "wildcard" },
		{ "example.*", "", "wildcard" },
	};

	(void)state;
	list_cases(PR_LIST_WILDCARDS, cases, PR_ARRAY_SIZE(cases));
}

static void lines_are_numbered_as_an_editor_does(void **state)
{
	static const char text[] =
		"\xef\xbb\xbf# head\r\n\r\na.example\r\nb ad\r\n\r\n\r\nc.example";
	struct list_shown shown;

	(void)state;
	assert_int_equal(list_show(PR_LIST_DOMAINS, text, sizeof(text) - 1, &shown), 0);
	assert_int_equal(shown.counts.lines, 7);
	assert_int_equal(shown.counts.taken, 2);
	assert_int_equal(shown.counts.comments, 4);
	assert_int_equal(shown.counts.refused, 1);
	assert_int_equal(shown.counts.entries, 2);
}

static void note_line(void *context, uint32_t line, const char *text, size_t len, const char *why)
{
	(void)text;
	(void)len;
	(void)why;
	*(uint32_t *)context = line;
}

static void a_refusal_names_its_line(void **state)
{
	static const char text[] = "a.example\n# b\n\nc d\n";
	uint32_t line = 0;
	struct pr_list_ports ports = { &line, NULL, note_line };
	struct pr_list_counts counts;

	(void)state;
	assert_int_equal(pr_list_parse(PR_LIST_DOMAINS, text, sizeof(text) - 1, &ports, &counts),
			 0);
	assert_int_equal(line, 4);
	assert_int_equal(counts.entries, 1);
}

static void a_line_has_its_limit(void **state)
{
	char text[PR_LIST_LINE_MAX + 2];
	struct list_shown shown;

	(void)state;
	memset(text, '#', sizeof(text));
	assert_int_equal(list_show(PR_LIST_DOMAINS, text, PR_LIST_LINE_MAX, &shown), 0);
	assert_int_equal(shown.counts.comments, 1);
	assert_int_equal(list_show(PR_LIST_DOMAINS, text, PR_LIST_LINE_MAX + 1, &shown), 0);
	assert_int_equal(shown.counts.refused, 1);
	assert_non_null(strstr(shown.why, "longer than 4096"));
}

static void a_list_has_its_limit(void **state)
{
	struct list_shown shown;

	(void)state;
	assert_int_equal(list_show(PR_LIST_DOMAINS, "", PR_LIST_BYTES_MAX + 1, &shown), -EFBIG);
	assert_int_equal(list_show(PR_LIST_DOMAINS, "", 0, &shown), 0);
	assert_int_equal(shown.counts.lines, 0);
}

static void zeros_and_binary_are_refused(void **state)
{
	static const char text[] = "a\0b.example\n\0\0\0\n\x7f"
				   "ELF\n";
	struct list_shown shown;

	(void)state;
	assert_int_equal(list_show(PR_LIST_DOMAINS, text, sizeof(text) - 1, &shown), 0);
	assert_int_equal(shown.counts.refused, 3);
	assert_int_equal(list_show(PR_LIST_HOSTS, text, sizeof(text) - 1, &shown), 0);
	assert_int_equal(shown.counts.refused, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts),
		cmocka_unit_test(domains),
		cmocka_unit_test(wildcards),
		cmocka_unit_test(lines_are_numbered_as_an_editor_does),
		cmocka_unit_test(a_refusal_names_its_line),
		cmocka_unit_test(a_line_has_its_limit),
		cmocka_unit_test(a_list_has_its_limit),
		cmocka_unit_test(zeros_and_binary_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
