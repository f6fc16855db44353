/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "intel/provider.h"

#include "dns_build.h"
#include "unit.h"

#include <string.h>

#define ANSWER (PR_DNS_FLAG_QR | PR_DNS_FLAG_RD | PR_DNS_FLAG_RA)
#define NAME   "bad.example.dbl.example"

static struct pr_provider dns_provider(void)
{
	return (struct pr_provider){ .id = "dbl",
				     .asks = 3,
				     .deadline_ms = 300,
				     .cache_least_s = 60,
				     .cache_most_s = 3600,
				     .zone = "dbl.example",
				     .server = "",
				     .url = "",
				     .header = "",
				     .ca = "" };
}

static struct pr_inquiry about(const char *text)
{
	struct pr_inquiry inquiry = { 0 };

	if (pr_address_parse(text, &inquiry.address) != 0)
		inquiry.domain = text;
	return inquiry;
}

static void is_text_and_back(void **state)
{
	struct pr_provider provider = dns_provider(), back;
	char *text, *pieces, *again;

	(void)state;
	provider.test_points = true;
	provider.n_codes = 1;
	provider.codes[0].category = "spam";
	assert_int_equal(pr_address_parse("127.0.0.2", &provider.codes[0].address), 0);
	text = pr_provider_write(&provider);
	pieces = pr_strdup(text);
	assert_int_equal(pr_provider_read(pieces, &back), 0);
	assert_string_equal(back.id, "dbl");
	assert_string_equal(back.codes[0].category, "spam");
	assert_true(back.test_points);
	assert_int_equal(back.cache_most_s, 3600);
	assert_string_equal(back.zone, "dbl.example");
	again = pr_provider_write(&back);
	assert_string_equal(again, text);
	/* nothing else is one */
	assert_int_equal(pr_provider_read((char[]){ "id=x\n" }, &back), -EBADMSG);
	assert_int_equal(pr_provider_read((char[]){ "id=x" }, &back), -EBADMSG);
	assert_int_equal(pr_provider_read((char[]){ "what=x\n" }, &back), -EBADMSG);
	assert_int_equal(pr_provider_read((char[]){ "asks=-1\n" }, &back), -EBADMSG);
	assert_int_equal(pr_provider_read((char[]){ "code=127.0.0.2\n" }, &back), -EBADMSG);
	free(text);
	free(pieces);
	free(again);
}

static void makes_names(void **state)
{
	struct pr_provider provider = dns_provider();
	char name[PR_NAME_TEXT_SIZE], longest[PR_NAME_TEXT_SIZE] = "";
	struct pr_inquiry inquiry = about("a.example");

	(void)state;
	assert_int_equal(pr_provider_dns_name(&provider, &inquiry, name), 0);
	assert_string_equal(name, "a.example.dbl.example");
	inquiry = about("192.0.2.99");
	assert_int_equal(pr_provider_dns_name(&provider, &inquiry, name), 0);
	assert_string_equal(name, "99.2.0.192.dbl.example"); /* RFC 5782, 2.1 */
	inquiry = about("2001:db8:1:2:3:4:567:89ab");
	assert_int_equal(pr_provider_dns_name(&provider, &inquiry, name), 0);
	/* RFC 5782, 2.4 */
	assert_string_equal(name, "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2"
				  ".dbl.example");
	while (strlen(longest) + 10 < PR_NAME_MAX)
		memcpy(longest + strlen(longest), "abcdefghi.", 11);
	longest[strlen(longest) - 1] = '\0';
	inquiry = about(longest);
	assert_int_equal(pr_provider_dns_name(&provider, &inquiry, name), PR_PROVIDER_TOO_LONG);
}

static struct pr_provider_result dns_result(const struct pr_provider *provider,
					    const struct built *built)
{
	struct pr_provider_result result;

	pr_provider_dns_read(provider, NAME, built->bytes, built->writer.position, &result);
	return result;
}

static void reads_dns_answers(void **state)
{
	struct pr_provider provider = dns_provider();
	struct pr_provider_result result;
	static struct built built;

	(void)state;
	provider.n_codes = 2;
	provider.codes[0] = (struct pr_provider_code){ pr_address_v4("\x7f\0\0\2"), "spam" };
	provider.codes[1] = (struct pr_provider_code){ pr_address_v4("\x7f\0\0\4"), "phish" };
	built_begin(&built, ANSWER, NAME, PR_DNS_TYPE_A);
	built_address(&built, 0, NAME, "127.0.0.4");
	built_address(&built, 0, NAME, "127.0.0.9");
	built_address(&built, 0, NAME, "127.0.0.2");
	result = dns_result(&provider, &built);
	assert_int_equal(result.status, PR_PROVIDER_LISTED);
	assert_int_equal(result.ttl_s, 300);
	assert_int_equal(result.n_categories, 2);
	assert_string_equal(result.categories[0], "phish");
	assert_string_equal(result.categories[1], "spam");
	/* an address of another name says nothing */
	built_begin(&built, ANSWER, NAME, PR_DNS_TYPE_A);
	built_address(&built, 0, "other.dbl.example", "127.0.0.4");
	assert_int_equal(dns_result(&provider, &built).status, PR_PROVIDER_NOT_LISTED);
	/* somebody else in its place; one such address spoils all */
	built_begin(&built, ANSWER, NAME, PR_DNS_TYPE_A);
	built_address(&built, 0, NAME, "127.0.0.2");
	built_address(&built, 0, NAME, "198.51.100.7");
	built_address(&built, 0, NAME, "127.0.0.2");
	result = dns_result(&provider, &built);
	assert_int_equal(result.status, PR_PROVIDER_FAILED);
	assert_int_equal(result.n_categories, 0);
	assert_true(result.ill);
	built_begin(&built, ANSWER, NAME, PR_DNS_TYPE_A);
	built_address(&built, 0, NAME, "127.255.255.254");
	assert_true(dns_result(&provider, &built).ill);
}

static void reads_dns_denials(void **state)
{
	/* . . 1 2 3 4 20: minimum 20 */
	const uint8_t soa[] = { 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 20 };
	struct pr_provider provider = dns_provider();
	struct pr_provider_result result;
	static struct built built;

	(void)state;
	built_begin(&built, ANSWER | PR_DNS_RCODE_NXDOMAIN, NAME, PR_DNS_TYPE_A);
	built_record(&built, 1, "dbl.example", PR_DNS_TYPE_SOA, 900, soa, sizeof(soa));
	result = dns_result(&provider, &built);
	assert_int_equal(result.status, PR_PROVIDER_NOT_LISTED);
	assert_int_equal(result.ttl_s, 20);
	built_begin(&built, ANSWER | PR_DNS_RCODE_SERVFAIL, NAME, PR_DNS_TYPE_A);
	result = dns_result(&provider, &built);
	assert_int_equal(result.status, PR_PROVIDER_FAILED);
	assert_false(result.ill);
	assert_non_null(result.why);
	built_begin(&built, ANSWER | PR_DNS_FLAG_TC, NAME, PR_DNS_TYPE_A);
	assert_int_equal(dns_result(&provider, &built).status, PR_PROVIDER_FAILED);
	/* to another question, and none at all */
	built_begin(&built, ANSWER, "good.example.dbl.example", PR_DNS_TYPE_A);
	assert_int_equal(dns_result(&provider, &built).status, PR_PROVIDER_FAILED);
	built.writer.position = 5;
	assert_int_equal(dns_result(&provider, &built).status, PR_PROVIDER_FAILED);
}

static void makes_urls(void **state)
{
	struct pr_provider provider = { .url = "https://rep.example/{entity}?v=1" };
	struct pr_inquiry inquiry = about("xn--a.example");
	char url[PR_PROVIDER_URL_SIZE];
	static char longest[PR_PROVIDER_URL_SIZE];

	(void)state;
	assert_int_equal(pr_provider_http_url(&provider, &inquiry, url), 0);
	assert_string_equal(url, "https://rep.example/xn--a.example?v=1");
	inquiry = about("2001:db8::1");
	assert_int_equal(pr_provider_http_url(&provider, &inquiry, url), 0);
	assert_string_equal(url, "https://rep.example/2001%3Adb8%3A%3A1?v=1");
	/* what could be a path, a query or a header of its own */
	inquiry = about("a\\046b/../?#%&\\010.example");
	assert_int_equal(pr_provider_http_url(&provider, &inquiry, url), 0);
	assert_string_equal(url,
			    "https://rep.example/a%5C046b%2F..%2F%3F%23%25%26%5C010.example?v=1");
	memset(longest, 'a', sizeof(longest) - 1);
	memcpy(longest + sizeof(longest) - 9, "{entity}", 8);
	provider.url = longest;
	assert_int_equal(pr_provider_http_url(&provider, &inquiry, url), PR_PROVIDER_TOO_LONG);
}

static struct pr_provider_result http_result(long status, const char *body)
{
	struct pr_provider_result result;

	pr_provider_http_read(status, body, strlen(body), &result);
	return result;
}

static void reads_json(void **state)
{
	struct pr_provider_result result =
		http_result(200, "{\"lists\": [\"malware\", \"c2_x\"], \"ttl\": 30, \"x\": [{}]}");

	(void)state;
	assert_int_equal(result.status, PR_PROVIDER_LISTED);
	assert_int_equal(result.n_categories, 2);
	assert_string_equal(result.categories[1], "c2_x");
	assert_int_equal(result.ttl_s, 30);
	result = http_result(200, "{\"lists\": []}");
	assert_int_equal(result.status, PR_PROVIDER_NOT_LISTED);
	assert_int_equal(result.ttl_s, PR_PROVIDER_TTL_S);
	result = http_result(200, "{\"lists\": [], \"ttl\": 99999999999}");
	assert_int_equal(result.ttl_s, UINT32_MAX);
}

static void refuses_other_json(void **state)
{
	static const char *const bodies[] = {
		"",
		"{}",
		"[]",
		"<html>",
		"{\"lists\": \"malware\"}",
		"{\"lists\": [1]}",
		"{\"lists\": [\"\"]}",
		"{\"lists\": [\"a.b\"]}",
		"{\"lists\": [\"a b\"]}",
		"{\"lists\": [\"a\\u0000b\"]}",
		"{\"lists\": [\"abcdefghijklmnopqrstuvwxyzabcdef\"]}",
		"{\"lists\": [\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]}",
		"{\"lists\": [], \"lists\": [\"a\"]}",
		"{\"lists\": [], \"ttl\": -1}",
		"{\"lists\": [], \"ttl\": \"1\"}",
		"{\"lists\": []} x",
		"{\"x\": [[[[[[[[]]]]]]]], \"lists\": []}",
	};
	static char huge[PR_PROVIDER_JSON_MAX + 20];
	struct pr_provider_result result;

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(bodies); i++) {
		result = http_result(200, bodies[i]);
		assert_int_equal(result.status, PR_PROVIDER_FAILED);
		assert_int_equal(result.n_categories, 0);
		assert_non_null(result.why);
	}
	/* brackets in strings are no depth */
	result = http_result(200, "{\"x\": \"[[[[[[[[[\\\"[[[[\", \"lists\": []}");
	assert_int_equal(result.status, PR_PROVIDER_NOT_LISTED);
	assert_int_equal(http_result(404, "{\"lists\": []}").status, PR_PROVIDER_FAILED);
	memset(huge, ' ', sizeof(huge) - 1);
	memcpy(huge, "{\"lists\": []}", 13);
	assert_int_equal(http_result(200, huge).status, PR_PROVIDER_FAILED);
}

static void tells_only_what_is_public(void **state)
{
	static const char *const private[] = {
		"printer",
		"nas.local",
		"x.home.arpa",
		"1.0.0.10.in-addr.arpa",
		"a.localhost",
		"db.corp",
		"x.onion",
		"10.1.2.3",
		"127.0.0.1",
		"fe80::1",
		"fd00::1",
		"224.0.0.251",
		"169.254.1.1",
		"100.64.1.1",
		"",
	};
	static const char *const public[] = { "a.example", "xlocal.example", "1.1.1.1",
					      "2606:4700::1" };

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(private); i++) {
		struct pr_inquiry inquiry = about(private[i]);

		assert_false(pr_inquiry_is_public(&inquiry));
	}
	for (size_t i = 0; i < PR_ARRAY_SIZE(public); i++) {
		struct pr_inquiry inquiry = about(public[i]);

		assert_true(pr_inquiry_is_public(&inquiry));
	}
}

static void shows_what_is_sent(void **state)
{
	struct pr_provider provider = dns_provider();
	struct pr_inquiry inquiry = about("a.example");
	char text[PR_PROVIDER_REQUEST_SIZE];

	(void)state;
	assert_string_equal(pr_provider_request_text(&provider, &inquiry, text),
			    "a.example.dbl.example IN A to the upstreams");
	provider.asks = PR_PROVIDER_ASKS_ADDRESSES;
	assert_non_null(strstr(pr_provider_request_text(&provider, &inquiry, text), "nothing"));
	provider.type = PR_PROVIDER_HTTP;
	provider.asks = PR_PROVIDER_ASKS_DOMAINS;
	provider.url = "https://rep.example/{entity}";
	provider.header = "X-Key: secret";
	pr_provider_request_text(&provider, &inquiry, text);
	assert_string_equal(text, "GET https://rep.example/a.example\naccept: application/json\n"
				  "X-Key: (not shown)");
	inquiry = about("nas.local");
	assert_non_null(strstr(pr_provider_request_text(&provider, &inquiry, text), "nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_text_and_back),   cmocka_unit_test(makes_names),
		cmocka_unit_test(reads_dns_answers),  cmocka_unit_test(reads_dns_denials),
		cmocka_unit_test(makes_urls),	      cmocka_unit_test(reads_json),
		cmocka_unit_test(refuses_other_json), cmocka_unit_test(tells_only_what_is_public),
		cmocka_unit_test(shows_what_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
