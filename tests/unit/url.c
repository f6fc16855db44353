/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/url.h"

#include "base/error.h"
#include "unit.h"

#include <string.h>

static void takes_what_can_be_fetched(void **state)
{
	static const char *const urls[] = {
		"https://lists.example/ads.txt",
		"http://lists.example",
		"HTTPS://lists.example:8443/a?b=c&d=%20",
		"https://192.0.2.1/x",
		"https://[2001:db8::1]:443/x",
		"https://user:password@lists.example/x",
		"https://a_b.example/~x/(y)",
	};

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(urls); i++)
		if (pr_url_wrong(urls[i]))
			fail_msg("%s: %s", urls[i], pr_url_wrong(urls[i]));
	assert_true(pr_url_is_encrypted(urls[2]));
	assert_false(pr_url_is_encrypted(urls[1]));
}

static void refuses_the_rest_and_says_why(void **state)
{
	static const struct {
		const char *url, *why;
	} wrong[] = {
		{ "", "begin with https" },
		{ "ftp://lists.example/x", "begin with https" },
		{ "file:///etc/shadow", "begin with https" },
		{ "//lists.example/x", "begin with https" },
		{ "https://", "no host" },
		{ "https:///x", "no host" },
		{ "https://user@/x", "no host" },
		{ "https://a..b/x", "no host" },
		{ "https://.a/x", "no host" },
		{ "https://a b/x", "%XX" },
		{ "https://a/\n", "%XX" },
		{ "https://a/\xc3\xa4", "%XX" },
		{ "https://a/x#y", "fragment" },
		{ "https://a:/x", "port" },
		{ "https://a:0/x", "port" },
		{ "https://a:65536/x", "port" },
		{ "https://a:80:80/x", "port" },
		{ "https://[2001:db8::1/x", "no host" },
		{ "https://[192.0.2.1]/x", "no host" },
		{ "https://[2001:db8::1]x/", "no host" },
		{ "https://2001:db8::1/", "port" },
	};

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(wrong); i++) {
		const char *why = pr_url_wrong(wrong[i].url);

		if (!why || !strstr(why, wrong[i].why))
			fail_msg("%s: %s", wrong[i].url, why ? why : "taken");
	}
}

static void has_a_limit(void **state)
{
	char url[PR_URL_MAX + 2];

	(void)state;
	memset(url, 'a', sizeof(url));
	memcpy(url, "https://a/", 10);
	url[PR_URL_MAX] = '\0';
	assert_null(pr_url_wrong(url));
	url[PR_URL_MAX] = 'a';
	url[PR_URL_MAX + 1] = '\0';
	assert_non_null(pr_url_wrong(url));
}

static void hides_credentials(void **state)
{
	char text[PR_URL_MAX + 1];

	(void)state;
	assert_string_equal(pr_url_shown("https://u:p@a.example/x@y?z@", text),
			    "https://a.example/x@y?z@");
	assert_string_equal(pr_url_shown("http://a.example/", text), "http://a.example/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_can_be_fetched),
		cmocka_unit_test(refuses_the_rest_and_says_why),
		cmocka_unit_test(has_a_limit),
		cmocka_unit_test(hides_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
