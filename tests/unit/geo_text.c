/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Geographic data as text. */
#include "geo_show.h"

struct geo_case {
	const char *text, *ranges;
	const char *why; /* NULL: nothing is refused */
};

static void cases_of(enum pr_geo_format format, const struct geo_case *cases, size_t n)
{
	/* something to read, so that a refused line alone is not a refused file */
	static const char known[] = "# comment\n\n203.0.113.0,203.0.113.0,";
	struct geo_shown shown;

	for (size_t i = 0; i < n; i++) {
		char *text = pr_asprintf("%s%s\r\n%s", known, format == PR_GEO_CSV_ASN ? "0" : "ZZ",
					 cases[i].text);

		assert_int_equal(geo_show(format, text, strlen(text), &shown), 0);
		if (strcmp(shown.ranges, cases[i].ranges) != 0)
			fail_msg("\"%s\" gives \"%s\", not \"%s\"", cases[i].text, shown.ranges,
				 cases[i].ranges);
		if (!cases[i].why != !shown.why[0] ||
		    (cases[i].why && !strstr(shown.why, cases[i].why)))
			fail_msg("\"%s\" is refused for \"%s\"", cases[i].text, shown.why);
		assert_int_equal(shown.counts.ranges + shown.counts.unknown + shown.counts.refused,
				 2);
		if (cases[i].why)
			assert_int_equal(shown.where, 4);
		free(text);
	}
}

static void countries(void **state)
{
	static const struct geo_case cases[] = {
		{ "1.0.0.0,1.0.0.255,AU", "1.0.0.0-1.0.0.255 AU", NULL },
		{ "\"1.0.0.0\",\"1.0.0.255\",\"au\"", "1.0.0.0-1.0.0.255 AU", NULL },
		{ "1.0.0.0, 1.0.0.255, AU, Australia", "1.0.0.0-1.0.0.255 AU", NULL },
		{ "1.0.0.0\t1.0.0.255\tAU", "1.0.0.0-1.0.0.255 AU", NULL },
		{ "16777216,16777471,AU", "1.0.0.0-1.0.0.255 AU", NULL },
		{ "2001:db8::,2001:db8::ffff,AT", "2001:db8::-2001:db8::ffff AT", NULL },
		{ "42540766411282592856903984951653826560,42540766411282592856903984951653826561,"
		  "AT",
		  "2001:db8::-2001:db8::1 AT", NULL },
		{ "281470681743360,281470681743615,AT", "0.0.0.0-0.0.0.255 AT", NULL },
		{ "340282366920938463463374607431768211455,340282366920938463463374607431768211455,"
		  "AT",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		  "AT",
		  NULL },
		{ "1.0.0.0,1.0.0.255,??", "", NULL },
		{ "1.0.0.0,1.0.0.255,ZZ", "", NULL },
		{ "1.0.0.0,1.0.0.255,-", "", NULL },
		{ "1.0.0.0,1.0.0.255,", "", NULL },
		{ "340282366920938463463374607431768211456,340282366920938463463374607431768211456,"
		  "AT",
		  "", "no range" },
		{ "1.0.0.255,1.0.0.0,AU", "", "no range" },
		{ "1.0.0.0,2001:db8::,AU", "", "no range" },
		{ "1.0.0.0,,AU", "", "no range" },
		{ "network,geoname_id,country", "", "no range" },
		{ "1.0.0.0/24,AU", "", "three fields" },
		{ "1.0.0.0", "", "three fields" },
		{ "1.0.0.0,1.0.0.255,AUS", "", "no country's code" },
		{ "1.0.0.0,1.0.0.255,UK", "1.0.0.0-1.0.0.255 GB", NULL },
		{ "1.0.0.0,1.0.0.255,EU", "", NULL },
		{ "1.0.0.0,1.0.0.255,A1", "", NULL },
		{ "1.0.0.0,1.0.0.255,XX", "", "no country's code" },
	};

	(void)state;
	cases_of(PR_GEO_CSV_COUNTRY, cases, PR_ARRAY_SIZE(cases));
	cases_of(PR_GEO_TOR, cases, PR_ARRAY_SIZE(cases));
}

static void asns(void **state)
{
	static const struct geo_case cases[] = {
		{ "1.0.0.0,1.0.0.255,13335,\"Cloudflare, Inc.\"",
		  "1.0.0.0-1.0.0.255 AS13335 Cloudflare, Inc.", NULL },
		{ "1.0.0.0,1.0.0.255,AS13335,Somebody", "1.0.0.0-1.0.0.255 AS13335 Somebody",
		  NULL },
		{ "1.0.0.0,1.0.0.255,13335", "1.0.0.0-1.0.0.255 AS13335", NULL },
		{ "1.0.0.0,1.0.0.255,1,\"The \"\"Net\"\", Ltd\"",
		  "1.0.0.0-1.0.0.255 AS1 The \"Net\", Ltd", NULL },
		{ "1.0.0.0,1.0.0.255,1,\"not ended", "1.0.0.0-1.0.0.255 AS1 not ended", NULL },
		{ "1.0.0.0,1.0.0.255,1,\"quoted\" and more", "1.0.0.0-1.0.0.255 AS1 quoted", NULL },
		{ "1.0.0.0\t1.0.0.255\t13335\tUS\tCLOUDFLARENET",
		  "1.0.0.0-1.0.0.255 US AS13335 CLOUDFLARENET", NULL },
		{ "1.0.0.0\t1.0.0.255\t0\tNone\tNot routed", "", NULL },
		{ "2001:db8::,2001:db8::1,4294967295,x", "2001:db8::-2001:db8::1 AS4294967295 x",
		  NULL },
		{ "1.0.0.0,1.0.0.255,1,B\xc3\xbcro", "1.0.0.0-1.0.0.255 AS1 B\xc3\xbcro", NULL },
		{ "1.0.0.0,1.0.0.255,1,B\xfcro\x1b[1m", "1.0.0.0-1.0.0.255 AS1 B?ro?[1m", NULL },
		{ "1.0.0.0,1.0.0.255,1,\xed\xa0\x80\xc0\x80\xc2\x9b",
		  "1.0.0.0-1.0.0.255 AS1 ???????", NULL },
		{ "1.0.0.0,1.0.0.255,4294967296,x", "", "no AS number" },
		{ "1.0.0.0,1.0.0.255,AU,x", "", "no AS number" },
		{ "1.0.0.0,1.0.0.255,,x", "", "no AS number" },
	};

	(void)state;
	cases_of(PR_GEO_CSV_ASN, cases, PR_ARRAY_SIZE(cases));
}

static void an_organisation_is_cut_at_a_characters_end(void **state)
{
	char text[600] = "1.0.0.0,1.0.0.255,1,";
	struct geo_shown shown;
	size_t len = strlen(text);

	(void)state;
	for (unsigned int i = 0; i < 200; i++, len += 2)
		memcpy(text + len, "\xc3\xbc", 2);
	assert_int_equal(geo_show(PR_GEO_CSV_ASN, text, len, &shown), 0);
	assert_int_equal(strlen(shown.ranges), strlen("1.0.0.0-1.0.0.255 AS1 ") + 254);
}

static void formats_are_found(void **state)
{
	static const struct {
		const char *text;
		enum pr_geo_format format; /* PR_GEO_AUTO: none */
	} cases[] = {
		{ "\xef\xbb\xbf# x\n1.0.0.0,1.0.0.255,13335,\"x\"\n", PR_GEO_CSV_ASN },
		{ "start,end,asn\n16777216,16777471,13335,x\n", PR_GEO_CSV_ASN },
		{ "1.0.0.0,1.0.0.255,AU\n", PR_GEO_CSV_COUNTRY },
		{ "# x\n16777216,16777471,AU\n", PR_GEO_TOR },
		{ "2001:db8::,2001:db8::1,??\n2001:db8::2,2001:db8::3,AT\n", PR_GEO_CSV_COUNTRY },
		{ "", PR_GEO_AUTO },
		{ "# only a comment\n", PR_GEO_AUTO },
		{ "<html>,<b>,AT\n", PR_GEO_AUTO },
		{ "1.0.0.0,1.0.0.255,Australia\n", PR_GEO_AUTO },
	};
	struct geo_shown shown;
	int r;

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		r = geo_show(PR_GEO_AUTO, cases[i].text, strlen(cases[i].text), &shown);
		assert_int_equal(r, cases[i].format == PR_GEO_AUTO ? -EBADMSG : 0);
		if (r == 0)
			assert_int_equal(shown.counts.format, cases[i].format);
	}
}

static void counts_say_what_it_had(void **state)
{
	static const char text[] = "1.0.0.0\t1.0.0.255\t1\tNone\tx\n1.0.1.0\t1.0.1.255\t0\tAT\tx\n";
	struct geo_shown shown;

	(void)state;
	assert_int_equal(geo_show(PR_GEO_CSV_ASN, "1.0.0.0,1.0.0.1,1", 17, &shown), 0);
	assert_true(shown.counts.asns && !shown.counts.countries);
	assert_int_equal(geo_show(PR_GEO_CSV_ASN, text, sizeof(text) - 1, &shown), 0);
	assert_true(shown.counts.asns && shown.counts.countries);
	assert_string_equal(shown.ranges, "1.0.0.0-1.0.0.255 AS1 x; 1.0.1.0-1.0.1.255 AT");
}

static void what_can_not_be_read_is_refused_whole(void **state)
{
	static const char text[] = "a,b,c\nd,e,f\n";
	struct geo_shown shown;

	(void)state;
	assert_int_equal(geo_show(PR_GEO_CSV_COUNTRY, text, sizeof(text) - 1, &shown), -EBADMSG);
	assert_int_equal(geo_show(PR_GEO_CSV_COUNTRY, text, PR_GEO_BYTES_MAX + 1, &shown), -EFBIG);
}

static void a_line_has_its_limit(void **state)
{
	char text[5000] = "1.0.0.0,1.0.0.255,AT\n1.0.1.0,1.0.1.255,AT,";
	struct geo_shown shown;

	(void)state;
	memset(text + strlen(text), 'x', sizeof(text) - strlen(text));
	assert_int_equal(geo_show(PR_GEO_CSV_COUNTRY, text, sizeof(text), &shown), 0);
	assert_int_equal(shown.counts.refused, 1);
	assert_non_null(strstr(shown.why, "4096"));
}

static void names_of_formats_lead_back(void **state)
{
	enum pr_geo_format format;

	(void)state;
	for (unsigned int i = 0; i < PR_GEO_FORMAT_COUNT_; i++) {
		assert_true(pr_geo_format_find(pr_geo_format_name((enum pr_geo_format)i), &format));
		assert_int_equal(format, i);
	}
	assert_false(pr_geo_format_find("csv", &format));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(countries),
		cmocka_unit_test(asns),
		cmocka_unit_test(an_organisation_is_cut_at_a_characters_end),
		cmocka_unit_test(formats_are_found),
		cmocka_unit_test(counts_say_what_it_had),
		cmocka_unit_test(what_can_not_be_read_is_refused_whole),
		cmocka_unit_test(a_line_has_its_limit),
		cmocka_unit_test(names_of_formats_lead_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
