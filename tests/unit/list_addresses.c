/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of addresses, of AS numbers, of countries; and which format a list is found to have. */
#include "list_show.h"

#include <string.h>

static void addresses(void **state)
{
	static const struct list_case cases[] = {
		{ "192.0.2.1", "192.0.2.1/32", NULL },
		{ "192.0.2.77/24", "192.0.2.0/24", NULL },
		{ "2001:DB8::/32", "2001:db8::/32", NULL },
		{ "::ffff:192.0.2.1", "192.0.2.1/32", NULL },
		{ "::ffff:192.0.2.0/120", "192.0.2.0/24", NULL },
		{ "192.0.2.0/24 ; SBL1", "192.0.2.0/24", NULL },
		{ "192.0.2.0/24;SBL1", "192.0.2.0/24", NULL },
		{ "192.0.2.1 # scanner", "192.0.2.1/32", NULL },
		{ "192.0.2.1 // scanner", "192.0.2.1/32", NULL },
		{ "192.0.2.1\t8", "192.0.2.1/32", NULL },
		{ "192.0.2.1 2024-01-31 12:00:00", "192.0.2.1/32", NULL },
		{ "192.0.2.0-192.0.2.255", "192.0.2.0/24", NULL },
		{ "192.0.2.0 - 192.0.2.255", "192.0.2.0/24", NULL },
		{ "192.0.2.0\t192.0.2.255\t24\t1234\tNAME, of it\tUS", "192.0.2.0/24", NULL },
		{ "Somebody, Inc:192.0.2.0-192.0.2.127", "192.0.2.0/25", NULL },
		{ "Some: body:192.0.2.9-192.0.2.9", "192.0.2.9/32", NULL },
		{ "192.0.2.1-192.0.2.6", "192.0.2.1/32 192.0.2.2/31 192.0.2.4/31 192.0.2.6/32",
		  NULL },
		{ "10.255.255.255-11.0.0.0", "10.255.255.255/32 11.0.0.0/32", NULL },
		{ "128.0.0.0-255.255.255.255", "128.0.0.0/1", NULL },
		{ "2001:db8::-2001:db8::2", "2001:db8::/127 2001:db8::2/128", NULL },
		{ "8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "8000::/1", NULL },
		{ "0.0.0.1-0.0.0.1", "0.0.0.1/32", NULL },
		{ "{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL1\",\"rir\":\"x\"}", "192.0.2.0/24",
		  NULL },
		{ "{ \"sblid\" : \"cidr\", \"cidr\" : \"2001:db8::/32\" }", "2001:db8::/32", NULL },
		{ "{\"type\":\"metadata\",\"timestamp\":1}", "", NULL },
		{ "{\"cidr\":\"x\"}", "", "no \"cidr\"" },
		{ "{\"cidr\":", "", "no \"cidr\"" },
		{ "{}", "", "no \"cidr\"" },
		{ "# comment", "", NULL },
		{ "0.0.0.0-255.255.255.255", "", "every address" },
		{ "::/0", "", "every address" },
		{ "192.0.2.9-192.0.2.1", "", "backwards" },
		{ "192.0.2.9-2001:db8::1", "", "one address family" },
		{ "192.0.2.9 -", "", "something other" },
		{ "192.0.2.1 scanner", "", "something other" },
		{ "192.0.2.1/33", "", "neither" },
		{ "192.0.2.01", "", "neither" },
		{ "192.0.2.1:80", "", "neither" },
		{ "example.com", "", "neither" },
		{ "add blocked 192.0.2.1", "", "neither" },
	};

	(void)state;
	list_cases(PR_LIST_ADDRESSES, cases, PR_ARRAY_SIZE(cases));
}

/* The worst ranges that there are. */
static void the_widest_ranges_have_many_prefixes(void **state)
{
	static const struct {
		const char *text;
		unsigned int n;
	} cases[] = {
		{ "0.0.0.1-255.255.255.254", 62 },
		{ "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 254 },
	};

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		struct pr_list_ports ports = { 0 };
		struct pr_list_counts counts;

		assert_int_equal(pr_list_parse(PR_LIST_ADDRESSES, cases[i].text,
					       strlen(cases[i].text), &ports, &counts),
				 0);
		assert_int_equal(counts.entries, cases[i].n);
		assert_int_equal(counts.taken, 1);
	}
}

static void asns(void **state)
{
	static const struct list_case cases[] = {
		{ "AS64496", "AS64496", NULL },
		{ "64496", "AS64496", NULL },
		{ "as64496 # why", "AS64496", NULL },
		{ "AS64496 ; SBL1", "AS64496", NULL },
		{ "AS64496 Somebody, Inc", "AS64496", NULL },
		{ "64496,\"Somebody\"", "AS64496", NULL },
		{ "AS4294967295", "AS4294967295", NULL },
		{ "{\"asn\":64496,\"rir\":\"x\",\"asname\":\"a b\"}", "AS64496", NULL },
		{ "{\"type\":\"metadata\"}", "", NULL },
		{ "{\"asn\":\"x\"}", "", "no AS number" },
		{ "{\"as\":1}", "", "no AS number" },
		{ "; comment", "", NULL },
		{ "AS4294967296", "", "no AS number" },
		{ "AS0", "", "RFC 7607" },
		{ "AS", "", "no AS number" },
		{ "AS1.10", "", "no AS number" },
		{ "AS64496-AS64500", "", "no AS number" },
	};

	(void)state;
	list_cases(PR_LIST_ASNS, cases, PR_ARRAY_SIZE(cases));
}

static void countries(void **state)
{
	static const struct list_case cases[] = {
		{ "AT", "AT", NULL },		{ "at", "AT", NULL },
		{ "AT # Austria", "AT", NULL }, { "AT,Austria", "AT", NULL },
		{ "XK", "XK", NULL },		{ "AUT", "", "two letters" },
		{ "uk", "GB", NULL },		{ "EU", "", "no country's code" },
		{ "A1", "", "two letters" },	{ "Austria", "", "two letters" },
	};

	(void)state;
	list_cases(PR_LIST_COUNTRIES, cases, PR_ARRAY_SIZE(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(the_widest_ranges_have_many_prefixes),
		cmocka_unit_test(asns),
		cmocka_unit_test(countries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
