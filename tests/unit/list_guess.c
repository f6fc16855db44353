/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which format a list is found to have. */
#include "list_show.h"

#include <string.h>

static void formats_are_found(void **state)
{
	static const struct {
		const char *text;
		enum pr_list_format format; /* PR_LIST_AUTO: none */
	} cases[] = {
		{ "# x\n127.0.0.1 localhost\n0.0.0.0 a.example\n0.0.0.0 b.example\n",
		  PR_LIST_HOSTS },
		{ "a.example\nb.example", PR_LIST_DOMAINS },
		{ "a.example\n*.b.example\nc.example", PR_LIST_DOMAINS },
		{ "*.a.example\n*.b.example\nc.example", PR_LIST_WILDCARDS },
		{ ".a.example\n.b.example", PR_LIST_WILDCARDS },
		{ "192.0.2.1\n2001:db8::/32\n", PR_LIST_ADDRESSES },
		{ "a.example\n192.0.2.1\nb.example\n", PR_LIST_DOMAINS },
		{ "192.0.2.0\t192.0.2.255\t24\n", PR_LIST_ADDRESSES },
		{ "AS64496\nAS64497 # x\n", PR_LIST_ASNS },
		{ "64496\n64497", PR_LIST_ASNS },
		{ "AT\nDE\n", PR_LIST_COUNTRIES },
		{ "! x\n||a.example^\n||b.example^$third-party\n", PR_LIST_ADBLOCK },
		{ "[Adblock Plus 2.0]\n##.banner\n", PR_LIST_ADBLOCK },
		{ "a.example\nb.example\n||c.example/path$all\n", PR_LIST_ADBLOCK },
		{ "a.example##+js(x)\nb.example##.y\n", PR_LIST_ADBLOCK },
		{ "$TTL 60\n@ SOA a. b. (1 2 3 4 5)\n NS a.\na.example CNAME .\n", PR_LIST_RPZ },
		{ "server:\n local-zone: \"a.example\" always_null\n", PR_LIST_UNBOUND },
		{ "{\"cidr\":\"192.0.2.0/24\",\"rir\":\"a b\"}\n{\"type\":\"metadata\"}\n",
		  PR_LIST_ADDRESSES },
		{ "{\"asn\":64496,\"asname\":\"a b\"}\n{\"type\":\"metadata\"}\n", PR_LIST_ASNS },
		{ "{\"type\":\"metadata\"}\n", PR_LIST_ASNS },
		{ "address=/a.example/0.0.0.0\nserver=/b.example/\n", PR_LIST_DNSMASQ },
		{ "at\nde\n", PR_LIST_COUNTRIES },
		{ "# nothing yet\n\n", PR_LIST_DOMAINS },
		{ "", PR_LIST_DOMAINS },
		{ "404 page not found", PR_LIST_AUTO },
		{ "No such file or directory\n", PR_LIST_AUTO },
		{ "<!DOCTYPE html>\n<html><head><title>Log in</title></head>\n<body>\n",
		  PR_LIST_AUTO },
		{ "{\"error\": \"not found\"}\n", PR_LIST_AUTO },
		{ "Moved\n", PR_LIST_AUTO },
	};
	struct list_shown shown;
	int r;

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		r = list_show(PR_LIST_AUTO, cases[i].text, strlen(cases[i].text), &shown);
		if (r < 0)
			assert_int_equal(r, -EINVAL);
		else if (shown.counts.format != cases[i].format)
			fail_msg("\"%s\": %s, not %s", cases[i].text,
				 pr_list_format_name(shown.counts.format),
				 pr_list_format_name(cases[i].format));
		if (r < 0 && cases[i].format != PR_LIST_AUTO)
			fail_msg("\"%s\": no format", cases[i].text);
	}
}

/* What tells the format may stand far from the beginning. */
static void the_sample_is_from_all_over(void **state)
{
	enum { N = 20000 };
	struct list_shown *shown = pr_calloc(1, sizeof(*shown));
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	(void)state;
	for (unsigned int i = 0; i < 300; i++)
		fprintf(file, "-what no format knows-%u\n", i);
	for (unsigned int i = 0; i < N; i++)
		fprintf(file, "0.0.0.0 n%u.example\n", i);
	fclose(file);
	assert_int_equal(list_show(PR_LIST_AUTO, text, len, shown), 0);
	assert_int_equal(shown->counts.format, PR_LIST_HOSTS);
	assert_int_equal(shown->counts.taken, N);
	assert_int_equal(shown->counts.refused, 300);
	free(text);
	free(shown);
}

/* A list that is little longer than the sample of first lines: its last lines count once. */
static void no_line_counts_twice(void **state)
{
	struct list_shown *shown = pr_calloc(1, sizeof(*shown));
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	(void)state;
	for (unsigned int i = 0; i < 256; i++)
		fprintf(file, "0.0.0.0 n%u.example\n", i);
	fprintf(file, "of no format\nAS64496\n");
	fclose(file);
	assert_int_equal(list_show(PR_LIST_AUTO, text, len, shown), 0);
	assert_int_equal(shown->counts.format, PR_LIST_HOSTS);
	free(text);
	free(shown);
}

static void names_of_formats_lead_back(void **state)
{
	enum pr_list_format format;

	(void)state;
	for (unsigned int i = 0; i < PR_LIST_FORMAT_COUNT_; i++) {
		assert_true(
			pr_list_format_find(pr_list_format_name((enum pr_list_format)i), &format));
		assert_int_equal(format, i);
	}
	assert_false(pr_list_format_find("Hosts", &format));
	assert_false(pr_list_format_find("", &format));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_found),
		cmocka_unit_test(the_sample_is_from_all_over),
		cmocka_unit_test(no_line_counts_twice),
		cmocka_unit_test(names_of_formats_lead_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
