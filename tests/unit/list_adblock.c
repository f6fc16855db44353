/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Adblock's rules: which mean a whole domain, and why the others don't. */
#include "list_show.h"

#include <string.h>

static void patterns(void **state)
{
	static const struct list_case cases[] = {
		{ "||ads.example^", ".ads.example", NULL },
		{ "||Ads.Example^", ".ads.example", NULL },
		{ "||ads.example", ".ads.example", NULL },
		{ "||ads.example^|", ".ads.example", NULL },
		{ "||ads.example|", ".ads.example", NULL },
		{ "||ads.example^*", ".ads.example", NULL },
		{ "||ads.example/", ".ads.example", NULL },
		{ "||ads.example/*", ".ads.example", NULL },
		{ "||*.ads.example^", "*.ads.example", NULL },
		{ ".ads.example^", "*.ads.example", NULL },
		{ "|ads.example^", "=ads.example", NULL },
		{ "|https://ads.example^", "=ads.example", NULL },
		{ "|http://ads.example/", "=ads.example", NULL },
		{ "://ads.example^", "=ads.example", NULL },
		{ "ads.example", "=ads.example", NULL },
		{ "||zip^", ".zip", NULL },
		{ "||b\xc3\xbc"
		  "cher.example^",
		  ".xn--bcher-kva.example", NULL },
		{ "||192.0.2.1^", "192.0.2.1/32", NULL },
		{ "192.0.2.1", "192.0.2.1/32", NULL },
		{ "||[2001:db8::1]^", "2001:db8::1/128", NULL },
		{ "||192.0.2.", "192.0.2.0/24", NULL },
		{ "||10.", "10.0.0.0/8", NULL },
		{ "@@||ads.example^", "@@.ads.example", NULL },
		{ "@@|ads.example^|", "@@=ads.example", NULL },
		{ "@@ads.example", "@@=ads.example", NULL },
		{ "0.0.0.0 ads.example", "=ads.example", NULL },
		{ "::1 ads.example", "=ads.example", NULL },
		{ "||ads.example^ # why", ".ads.example", NULL },
		{ "! comment", "", NULL },
		{ "# comment", "", NULL },
		{ "[Adblock Plus 2.0]", "", NULL },
		{ "||ads.example/banner", "", "means URLs" },
		{ "||ads.example^path", "", "means URLs" },
		{ "||ads.example?id=", "", "means URLs" },
		{ "||ads.exa", ".ads.exa", NULL },
		{ "||ads.", "", "means URLs" },
		{ "||ads-", "", "means URLs" },
		{ "||192.0.2.300.", "", "means URLs" },
		{ "|https://ads.", "", "means URLs" },
		{ "ads.example^", "", "means URLs" },
		{ "-banner-ad.", "", "means URLs" },
		{ "adframe", "", "means URLs" },
		{ "/banner/ad/", "", "regular expression" },
		{ "/^ads[0-9]+\\.example$/", "", "regular expression" },
		{ "||ads*.example^", "", "wildcard" },
		{ "||example.*^", "", "wildcard" },
		{ "*", "", "means URLs" },
		{ "||*^", "", "wildcard" },
		{ "||ads.example:8080^", "", "port" },
		{ "||^", "", "a name is missing" },
		{ "||", "", "a name is missing" },
		{ "@@", "", "means URLs" },
		{ "$", "", "means URLs" },
		{ "||ads..example^", "", "a label is missing" },
	};

	(void)state;
	list_cases(PR_LIST_ADBLOCK, cases, PR_ARRAY_SIZE(cases));
}

static void what_changes_pages_is_refused(void **state)
{
	static const struct list_case cases[] = {
		{ "##.banner", "", "changes pages" },
		{ "###banner", "", "changes pages" },
		{ "#@#.banner", "", "changes pages" },
		{ "example.com##.banner", "", "changes pages" },
		{ "example.com#@#.banner", "", "changes pages" },
		{ "example.com#?#div:has(.ad)", "", "changes pages" },
		{ "example.com#$#.x { color: red }", "", "changes pages" },
		{ "example.com#$?#.x { color: red }", "", "changes pages" },
		{ "example.com#@$?#.x", "", "changes pages" },
		{ "example.com#%#window.x = 1;", "", "changes pages" },
		{ "example.com##+js(nowoif)", "", "changes pages" },
		{ "example.com##^script", "", "changes pages" },
		{ "example.com$$script[tag-content=\"x\"]", "", "changes pages" },
		{ "example.com$@$script", "", "changes pages" },
		{ "[$path=/x]example.com##.x", "", "changes pages" },
	};

	(void)state;
	list_cases(PR_LIST_ADBLOCK, cases, PR_ARRAY_SIZE(cases));
}

static void options(void **state)
{
	static const struct list_case cases[] = {
		{ "||a.example^$important", ".a.example!", NULL },
		{ "||a.example^$all", ".a.example", NULL },
		{ "||a.example^$document", ".a.example", NULL },
		{ "||a.example^$doc", ".a.example", NULL },
		{ "||a.example^$third-party", ".a.example", NULL },
		{ "||a.example^$Third-Party", ".a.example", NULL },
		{ "||a.example^$3p", ".a.example", NULL },
		{ "||a.example^$~first-party", ".a.example", NULL },
		{ "||a.example^$popup", ".a.example", NULL },
		{ "||a.example^$~popup", ".a.example", NULL },
		{ "||a.example^$popup,third-party,important", ".a.example!", NULL },
		{ "||a.example^$script,doc", ".a.example", NULL },
		{ "||a.example^$match-case", ".a.example", NULL },
		{ "||a.example^$_____,3p", ".a.example", NULL },
		{ "||a.example^$doc,reason=because", ".a.example", NULL },
		{ "@@||a.example^$important", "@@.a.example!", NULL },
		{ "@@||a.example^$document", "@@.a.example", NULL },
		{ "@@||a.example^$third-party", "@@.a.example", NULL },
		{ "|a.example^$important", "=a.example!", NULL },
		{ "||192.0.2.1^$all", "192.0.2.1/32", NULL },
		{ "||a.example^$domain=b.example", "", "\"domain\" limits" },
		{ "||a.example^$domain=~b.example", "", "\"domain\" limits" },
		{ "||a.example^$third-party,domain=b.example|c.example", "", "\"domain\" limits" },
		{ "||a.example^$from=b.example", "", "\"from\" limits" },
		{ "||a.example^$denyallow=b.example", "", "\"denyallow\" limits" },
		{ "||a.example^$to=b.example", "", "\"to\" limits" },
		{ "||a.example^$script", "", "\"script\" limits" },
		{ "||a.example^$image,third-party", "", "\"image\" limits" },
		{ "||a.example^$~image", "", "\"~image\" takes" },
		{ "||a.example^$~third-party", "", "\"~third-party\" limits" },
		{ "||a.example^$1p", "", "\"1p\" limits" },
		{ "@@||a.example^$popup", "", "\"popup\" limits" },
		{ "@@||a.example^$generichide", "", "\"generichide\" switches off" },
		{ "@@||a.example^$cname", "", "\"cname\" takes out" },
		{ "||a.example^$redirect=noop.js", "", "\"redirect\" puts" },
		{ "||a.example^$csp=script-src 'self'", "", "\"csp\" changes" },
		{ "||a.example^$removeparam=/x,y/", "", "\"removeparam\" changes" },
		{ "||a.example^$dnstype=AAAA", "", "\"dnstype\" decides" },
		{ "||a.example^$dnsrewrite=192.0.2.1", "", "\"dnsrewrite\" gives" },
		{ "||a.example^$client=192.0.2.1", "", "\"client\" limits" },
		{ "||a.example^$~important", "", "\"~important\" can't be negated" },
		{ "||a.example^$frobnicate", "", "\"frobnicate\" is not known" },
		{ "||a.example^$frobnicate=1", "", "\"frobnicate\" is not known" },
		{ "||a.example^$", "", "an option is no word" },
		{ "||a.example^$3p,", "", "an option is no word" },
		{ "||a.example^$\x1b[31m", "", "an option is no word" },
	};

	(void)state;
	list_cases(PR_LIST_ADBLOCK, cases, PR_ARRAY_SIZE(cases));
}

static void conditions_hold_for_browsers(void **state)
{
	static const struct list_case cases[] = {
		{ "!#if env_firefox\n||a.example^\n!#else\n||b.example^\n!#endif\n||c.example^",
		  ".c.example", "within !#if" },
		{ "!#if a\n!#if b\n!#endif\n||a.example^\n!#endif\n||b.example^", ".b.example",
		  "within !#if" },
		{ "!#endif\n||a.example^", ".a.example", NULL },
		{ "!#include other.txt\n||a.example^", ".a.example", "another list" },
		{ "!#safari_cb_affinity(all)\n||a.example^", ".a.example", NULL },
	};

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		struct list_shown shown;

		assert_int_equal(
			list_show(PR_LIST_ADBLOCK, cases[i].text, strlen(cases[i].text), &shown),
			0);
		assert_string_equal(shown.entries, cases[i].entries);
		assert_int_equal(!cases[i].why, !shown.n_refused);
	}
	list_cases(PR_LIST_ADBLOCK, cases, PR_ARRAY_SIZE(cases));
}

static void badfilter_takes_back_the_same_rule(void **state)
{
	static const struct list_case cases[] = {
		{ "||a.example^\n||b.example^\n||a.example^$badfilter", ".b.example",
		  "badfilter on line 3" },
		{ "||a.example^$badfilter\r\n||a.example^\r\n", "", "badfilter on line 1" },
		{ "||a.example^$3p\n||a.example^$3p,badfilter", "", "badfilter on line 2" },
		{ "||a.example^$3p,important\n||a.example^$3p,badfilter,important", "",
		  "badfilter on line 2" },
		{ "||a.example^$3p\n||a.example^$badfilter,3p", "", "badfilter on line 2" },
		{ "@@||a.example^\n@@||a.example^$badfilter\n||a.example^", ".a.example",
		  "badfilter on line 2" },
		{ "||x.a.example^\n||a.example^$badfilter", ".x.a.example", NULL },
		{ "||a.example^$3p\n||a.example^$badfilter", ".a.example", NULL },
		{ "badfilter", "", "means URLs" },
		{ "||badfilter.example^", ".badfilter.example", NULL },
		{ "||a.example^\n||a.example^$badfilters", ".a.example", "not known" },
	};

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		struct list_shown shown;

		assert_int_equal(
			list_show(PR_LIST_ADBLOCK, cases[i].text, strlen(cases[i].text), &shown),
			0);
		if (strcmp(shown.entries, cases[i].entries) != 0)
			fail_msg("\"%s\" gives \"%s\"", cases[i].text, shown.entries);
		if (!cases[i].why != !shown.why[0] ||
		    (cases[i].why && !strstr(shown.why, cases[i].why)))
			fail_msg("\"%s\" is refused for \"%s\"", cases[i].text, shown.why);
	}
}

/* Beyond the limit nothing is taken back, and it is said. */
static void badfilters_have_a_limit(void **state)
{
	enum { N = 1025 };
	struct list_shown *shown = pr_calloc(1, sizeof(*shown));
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	(void)state;
	for (unsigned int i = 0; i < N; i++)
		fprintf(file, "||n%u.example^$badfilter\n", i);
	fprintf(file, "||n%u.example^\n||n%u.example^\n", N - 2, N - 1);
	fclose(file);
	assert_int_equal(list_show(PR_LIST_ADBLOCK, text, len, shown), 0);
	assert_string_equal(shown->entries, ".n1024.example");
	assert_int_equal(shown->counts.refused, 2);
	assert_int_equal(shown->counts.taken, N);
	free(text);
	free(shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(what_changes_pages_is_refused),
		cmocka_unit_test(options),
		cmocka_unit_test(conditions_hold_for_browsers),
		cmocka_unit_test(badfilter_takes_back_the_same_rule),
		cmocka_unit_test(badfilters_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
