/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists that are a nameserver's configuration: response policy zones, dnsmasq's. */
#include "list_show.h"

#include <string.h>

#define HEAD "$TTL 60\n@ IN SOA localhost. root.localhost. 1 2 3 4 5\n  NS localhost.\n"

static void actions(void **state)
{
	static const struct list_case cases[] = {
		{ "ads.example CNAME .", "=ads.example", NULL },
		{ "*.ads.example CNAME .", "*.ads.example", NULL },
		{ "ads.example CNAME *.", "=ads.example", NULL },
		{ "ads.example CNAME rpz-drop.", "=ads.example", NULL },
		{ "ads.example CNAME rpz-passthru.", "@@=ads.example", NULL },
		{ "*.ads.example CNAME RPZ-PassThru.", "@@*.ads.example", NULL },
		{ "ads.example CNAME ads.example.", "@@=ads.example", NULL },
		{ "ads.example CNAME garden.example.", "=ads.example", NULL },
		{ "ads.example CNAME *.garden.example.", "=ads.example", NULL },
		{ "ads.example A 192.0.2.1", "=ads.example", NULL },
		{ "ads.example AAAA ::", "=ads.example", NULL },
		{ "ads.example TXT \"a; b\"", "=ads.example", NULL },
		{ "ads.example 300 IN CNAME .", "=ads.example", NULL },
		{ "ads.example IN 1h30m CNAME .", "=ads.example", NULL },
		{ "ads.example\tcname\t. ; why", "=ads.example", NULL },
		{ "Ads.EXAMPLE CNAME .", "=ads.example", NULL },
		{ "ads.example CNAME .\n\tA 192.0.2.1", "=ads.example =ads.example", NULL },
		{ "; comment", "", NULL },
		{ "ads.example CNAME rpz-tcp-only.", "", "denies nothing" },
		{ "ads.example CNAME rpz-passthru", "", "not known" },
		{ "ads.example CNAME rpz-new.", "", "not known" },
		{ "ads.example CNAME", "", "no data" },
		{ "ads.example CNAME (\n . )", "", "no data" },
		{ "ads.example", "", "no type" },
		{ "ads.example 300 IN", "", "no type" },
		{ "ads.example DNAME .", "", "no type of record" },
		{ "ads.example FROB .", "", "no type of record" },
		{ "* CNAME .", "", "wildcard" },
		{ ". CNAME .", "", "a name is missing" },
		{ "ads\\.x.example CNAME .", "", "can't stand" },
		{ "$INCLUDE other", "", "only $TTL and $ORIGIN" },
		{ "$GENERATE 1-9 a$.example CNAME .", "", "only $TTL and $ORIGIN" },
		{ "$ORIGIN", "", "$ORIGIN has no name" },
		{ "(", "", "no type" },
	};

	(void)state;
	list_cases(PR_LIST_RPZ, cases, PR_ARRAY_SIZE(cases));
}

static void triggers(void **state)
{
	static const struct list_case cases[] = {
		{ "24.0.2.0.192.rpz-ip CNAME .", "192.0.2.0/24", NULL },
		{ "32.1.2.0.192.rpz-ip CNAME .", "192.0.2.1/32", NULL },
		{ "32.1.2.0.192.RPZ-IP CNAME rpz-passthru.", "@@192.0.2.1/32", NULL },
		{ "48.zz.1.db8.2001.rpz-ip CNAME .", "2001:db8:1::/48", NULL },
		{ "128.1.zz.db8.2001.rpz-ip CNAME .", "2001:db8::1/128", NULL },
		{ "128.1.zz.rpz-ip CNAME .", "::1/128", NULL },
		{ "128.8.7.6.5.4.3.2.1.rpz-ip CNAME .", "1:2:3:4:5:6:7:8/128", NULL },
		{ "24.0.2.192.rpz-ip CNAME .", "", "no prefix" },
		{ "33.0.2.0.192.rpz-ip CNAME .", "", "no prefix" },
		{ "128.zz.1.zz.rpz-ip CNAME .", "", "no prefix" },
		{ "0.zz.rpz-ip CNAME .", "", "every address" },
		{ "rpz-ip CNAME .", "", "no prefix" },
		{ "*.rpz-ip CNAME .", "", "no prefix" },
		{ "12345.0.2.0.192.rpz-ip CNAME .", "", "no prefix" },
		{ "32.1.2.0.192.rpz-client-ip CNAME .", "", "rpz-client-ip" },
		{ "ns.example.rpz-nsdname CNAME .", "", "rpz-nsdname" },
		{ "32.1.2.0.192.rpz-nsip CNAME .", "", "rpz-nsip" },
	};

	(void)state;
	list_cases(PR_LIST_RPZ, cases, PR_ARRAY_SIZE(cases));
}

static void show_zone(const char *text, const char *entries, unsigned int n_refused)
{
	struct list_shown shown;

	assert_int_equal(list_show(PR_LIST_RPZ, text, strlen(text), &shown), 0);
	if (strcmp(shown.entries, entries) != 0)
		fail_msg("\"%s\" gives \"%s\", not \"%s\"", text, shown.entries, entries);
	assert_int_equal(shown.counts.refused, n_refused);
}

static void the_zones_name_is_no_part_of_the_trigger(void **state)
{
	(void)state;
	/* not known */
	show_zone(HEAD "ads.example CNAME .\nads.example. CNAME .", "=ads.example =ads.example", 0);
	/* by $ORIGIN */
	show_zone("$ORIGIN rpz.example.\n" HEAD
		  "ads.example CNAME .\nb.example.rpz.example. CNAME .",
		  "=ads.example =b.example", 0);
	/* by the SOA's owner, as a zone transfer prints it */
	show_zone("rpz.example. 60 IN SOA a. b. 1 2 3 4 5\nads.example.rpz.example. 60 IN CNAME .\n"
		  "*.ads.example.rpz.example. 60 IN CNAME .\nrpz.example. 60 IN NS localhost.\n",
		  "=ads.example *.ads.example", 0);
	show_zone("rpz.example. SOA a. b. 1 2 3 4 5\nads.example CNAME .", "=ads.example", 0);
	/* an origin below the zone */
	show_zone("$ORIGIN rpz.example.\n" HEAD "$ORIGIN com.rpz.example.\nads CNAME .\n@ CNAME .",
		  "=ads.com =com", 0);
	show_zone("$ORIGIN rpz.example.\n" HEAD "$ORIGIN com\nads CNAME .", "=ads.com", 0);
	/* not in the zone */
	show_zone("$ORIGIN rpz.example.\n" HEAD "ads.example. CNAME .\n\tA 192.0.2.1\n", "", 2);
	show_zone("$ORIGIN rpz.example.\nrpz.example. CNAME .\n*.rpz.example. CNAME .\n", "", 1);
	/* nobody's */
	show_zone(" CNAME .\n", "", 1);
	/* the rest of the zone's own data denies nothing */
	show_zone(HEAD "@ A 192.0.2.1\n@ TXT \"x\"\nads.example NS localhost.\n", "", 0);
}

static void an_soa_goes_on_in_parentheses(void **state)
{
	(void)state;
	show_zone("$TTL 1h ; default\n@ IN SOA localhost. root.localhost. (\n  2024010101 ; serial "
		  "(x\n"
		  "\n  3600\n  600 )\n  IN NS localhost.\nads.example CNAME .\n",
		  "=ads.example", 0);
	show_zone("@ SOA a. b. ( 1 2 3 4 5 )\nads.example CNAME .\n", "=ads.example", 0);
	/* without an end everything belongs to it */
	show_zone("@ SOA a. b. (\nads.example CNAME .\n", "", 0);
}

static void dnsmasq(void **state)
{
	static const struct list_case cases[] = {
		{ "address=/ads.example/0.0.0.0", ".ads.example", NULL },
		{ "address=/ads.example/127.0.0.1", ".ads.example", NULL },
		{ "address=/ads.example/::", ".ads.example", NULL },
		{ "address=/ads.example/#", ".ads.example", NULL },
		{ "address=/ads.example/", ".ads.example", NULL },
		{ "address=/a.example/B.Example./0.0.0.0", ".a.example .b.example", NULL },
		{ "address = /ads.example/0.0.0.0", ".ads.example", NULL },
		{ "address=/.ads.example/", ".ads.example", NULL },
		{ "address=/*.ads.example/", "*.ads.example", NULL },
		{ "address=/ads.example/ # why", ".ads.example", NULL },
		{ "local=/ads.example/", ".ads.example", NULL },
		{ "server=/ads.example/", ".ads.example", NULL },
		{ "server=/good.ads.example/#", "@@.good.ads.example", NULL },
		{ "bogus-nxdomain=192.0.2.1", "192.0.2.1/32", NULL },
		{ "bogus-nxdomain=192.0.2.0/24", "192.0.2.0/24", NULL },
		{ "# comment", "", NULL },
		{ "address=/intranet.example/192.0.2.80", "", "leads somewhere" },
		{ "address=/ads.example/nowhere", "", "no address" },
		{ "address=/#/0.0.0.0", "", "every name" },
		{ "address=//0.0.0.0", "", "a name is missing" },
		{ "address=/*ads.example/", "", "wildcard" },
		{ "address=/a.example//b.example/", ".a.example .b.example", "a name is missing" },
		{ "address=/ads.example", "", "between slashes" },
		{ "address=ads.example", "", "between slashes" },
		{ "address", "", "between slashes" },
		{ "server=/ads.example/192.0.2.53", "", "asked of another" },
		{ "server=192.0.2.53", "", "no domain" },
		{ "bogus-nxdomain=ads.example", "", "wants an address" },
		{ "ipset=/ads.example/blocked", "", "only address" },
		{ "cname=a.example,b.example", "", "only address" },
		{ "conf-dir=/etc/dnsmasq.d", "", "only address" },
		{ "domain-needed", "", "only address" },
		{ "=", "", "only address" },
	};

	(void)state;
	list_cases(PR_LIST_DNSMASQ, cases, PR_ARRAY_SIZE(cases));
}

static void unbound(void **state)
{
	static const struct list_case cases[] = {
		{ "local-zone: \"ads.example\" always_nxdomain", ".ads.example", NULL },
		{ "local-zone: \"Ads.Example.\" static # why", ".ads.example", NULL },
		{ "  local-zone: 'ads.example' redirect", ".ads.example", NULL },
		{ "local-zone: ads.example refuse", ".ads.example", NULL },
		{ "local-zone:\"ads.example\" ALWAYS_NULL", ".ads.example", NULL },
		{ "local-zone: \"good.ads.example\" transparent", "@@.good.ads.example", NULL },
		{ "local-data: \"ads.example A 0.0.0.0\"", "=ads.example", NULL },
		{ "local-data: \"ads.example. 3600 IN AAAA ::\"", "=ads.example", NULL },
		{ "server:", "", NULL },
		{ "server: # all", "", NULL },
		{ "# comment", "", NULL },
		{ "local-data: \"intranet.example A 192.0.2.80\"", "", "leads somewhere" },
		{ "local-data: \"ads.example TXT x\"", "", "no address" },
		{ "local-data: \"ads.example A\"", "", "no address" },
		{ "local-data: \"ads.example A 0.0.0.0", "", "in quotes" },
		{ "local-data: \"\"", "", "in quotes" },
		{ "local-zone: \"ads.example\"", "", "a name and a type" },
		{ "local-zone: \"ads.example static", "", "a name and a type" },
		{ "local-zone: \"ads.example\" nodefault", "", "neither" },
		{ "local-zone: \".\" static", "", "a name is missing" },
		{ "forward-zone:", "", "only local-zone" },
		{ "port: 53", "", "only local-zone" },
		{ "nonsense", "", "only local-zone" },
	};

	(void)state;
	list_cases(PR_LIST_UNBOUND, cases, PR_ARRAY_SIZE(cases));
}

static void the_closest_decides_where_nameservers_do_so(void **state)
{
	(void)state;
	assert_true(pr_list_closest_decides(PR_LIST_RPZ));
	assert_true(pr_list_closest_decides(PR_LIST_DNSMASQ));
	assert_true(pr_list_closest_decides(PR_LIST_UNBOUND));
	assert_false(pr_list_closest_decides(PR_LIST_ADBLOCK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions),
		cmocka_unit_test(triggers),
		cmocka_unit_test(the_zones_name_is_no_part_of_the_trigger),
		cmocka_unit_test(an_soa_goes_on_in_parentheses),
		cmocka_unit_test(dnsmasq),
		cmocka_unit_test(unbound),
		cmocka_unit_test(the_closest_decides_where_nameservers_do_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
