/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rule language: what is accepted and what it becomes, what is refused and where. */
#include "base/geography.h"
#include "profile/rule.h"
#include "profile/service.h"

#include "unit.h"

#include <string.h>

static const struct {
	const char *text, *canonical;
} accepted[] = {
	{ "+ *", "+ *" },
	{ "-\t*  ", "- *" },
	{ "  ? * # why not", "? *" },
	{ "> *", "> *" },
	{ ">vpn-1 .example.com", ">vpn-1 .example.com" },
	{ "+ 192.0.2.1", "+ 192.0.2.1" },
	{ "+ 192.0.2.1/32", "+ 192.0.2.1" },
	{ "+ 192.0.2.77/24", "+ 192.0.2.0/24" },
	{ "+ 0.0.0.0/0", "+ 0.0.0.0/0" },
	{ "+ 2001:DB8::1/32", "+ 2001:db8::/32" },
	{ "+ ::", "+ ::" },
	{ "+ ::/0", "+ ::/0" },
	{ "+ ::ffff:192.0.2.1", "+ 192.0.2.1" },
	{ "+ ::ffff:192.0.2.1/120", "+ 192.0.2.0/24" },
	{ "+ AT", "+ AT" },
	{ "+ AS", "+ AS" },
	{ "+ XK", "+ XK" },
	{ "+ at", "+ at" },
	{ "+ C:EU", "+ C:EU" },
	{ "- AS13335", "- AS13335" },
	{ "- AS4294967295", "- AS4294967295" },
	{ "- AS007", "- AS7" },
	{ "- as13335", "- as13335" },
	{ "- AS13335.com", "- as13335.com" },
	{ "+ Localhost", "+ Localhost" },
	{ "+ lan", "+ LAN" },
	{ "+ INTERNET,localhost,lan,LAN", "+ Localhost,LAN,Internet" },
	{ "+ localhost.", "+ localhost." },
	{ "- tls.", "- tls." },
	{ "- TCP.", "- tcp." },
	{ "- all.", "- all." },
	{ "- tls.example", "- tls.example" },
	{ "- .tls", "- .tls" },
	{ "- internets.example", "- internets.example" },
	{ "- intranet", "- intranet" },
	{ "- printer.", "- printer" },
	{ "+ lan.example", "+ lan.example" },
	{ "- L:ads", "- L:ads" },
	{ "- L:malware,ads,ads", "- L:ads,malware" },
	{ "+ example.com", "+ example.com" },
	{ "+ Example.COM.", "+ example.com" },
	{ "+ .example.com", "+ .example.com" },
	{ "+ .example.com.", "+ .example.com" },
	{ "+ *.example.com", "+ *.example.com" },
	{ "+ *example.com.", "+ *example.com" },
	{ "+ example.*", "+ example.*" },
	{ "+ *.exampl*", "+ *.exampl*" },
	{ "+ *.*", "+ *.*" },
	{ "+ _dmarc.a-b.c_d", "+ _dmarc.a-b.c_d" },
	{ "+ 1.2.3.*", "+ 1.2.3.*" },
	{ "+ *4", "+ *4" },
	{ "+ 4.ntp.org", "+ 4.ntp.org" },
	{ "+ bücher.example", "+ xn--bcher-kva.example" },
	{ "+ .BÜCHER.example", "+ .xn--bcher-kva.example" },
	{ "+ *.bücher.example", "+ *.xn--bcher-kva.example" },
	{ "+ bücher.*", "+ xn--bcher-kva.*" },
	{ "+ straße.de", "+ xn--strae-oqa.de" },
	{ "+ XN--bcher-kva.example", "+ xn--bcher-kva.example" },
	{ "+ * TCP", "+ * TCP" },
	{ "+ * tcp/443", "+ * TCP/443" },
	{ "+ * 6", "+ * TCP" },
	{ "+ * 253", "+ * 253" },
	{ "+ * 0", "+ * HOPOPT" },
	{ "+ * *", "+ *" },
	{ "+ * */53", "+ * */53" },
	{ "+ * UDP/dns", "+ * UDP/53" },
	{ "+ * UDP/DOMAIN", "+ * UDP/53" },
	{ "+ * TCP/80,443", "+ * TCP/80,443" },
	{ "+ * TCP/443,80,8000-8080,8001,8081", "+ * TCP/80,443,8000-8081" },
	{ "+ * TCP/http-https", "+ * TCP/80-443" },
	{ "+ * TCP/http-alt", "+ * TCP/8080" },
	{ "+ * TCP/http-alt-9000", "+ * TCP/8080-9000" },
	{ "+ * TCP/ftp-data-ftp", "+ * TCP/20-21" },
	{ "+ * TCP/1-65535", "+ * TCP/1-65535" },
	{ "+ * ICMP", "+ * ICMP" },
	{ "+ * icmp6", "+ * ICMP6" },
	{ "+ * IPv6-ICMP", "+ * ICMP6" },
	{ "+ * sctp/5000", "+ * SCTP/5000" },
	{ "- Internet unencrypted", "- Internet unencrypted" },
	{ "+ LAN SSH", "+ LAN ssh" },
	{ "- * http/80", "- * http/80" },
	{ "- * HTTP/8080,80-81", "- * http/80-81,8080" },
	{ "+ .example.com Encrypted", "+ .example.com encrypted" },
	{ "? * WireGuard", "? * wireguard" },
	{ "- * dns", "- * dns" },
	{ "- * UDP/dns", "- * UDP/53" },
	{ "- * dns/dns", "- * dns/53" },
	{ "+ * postgresql", "+ * postgresql" },
	{ "+ * TCP/22# no blank", NULL },
	{ "+ * TCP/22 # a comment # and more", "+ * TCP/22" },
};

static const struct {
	const char *text;
	unsigned int column;
	const char *part; /* of the message */
} refused[] = {
	{ "", 1, "empty" },
	{ "   ", 4, "empty" },
	{ "# only a comment", 1, "empty" },
	{ "permit *", 1, "begins with" },
	{ "+", 2, "entity is missing" },
	{ "+ # x", 3, "entity is missing" },
	{ "+example.com", 2, "blank" },
	{ "- tls", 3, "is a protocol, which stands behind the entity: write * tls;" },
	{ "-  TLS", 4, "write * TLS; a host of that name is \"TLS.\"" },
	{ "- tcp", 3, "write * tcp;" },
	{ "- unencrypted", 3, "write * unencrypted;" },
	{ "+ ssh TCP/22", 3, "write * ssh;" },
	{ "- TCP/443", 3,
	  "is a protocol and a port, which stand behind the entity: write * TCP/443" },
	{ "- UDP/1-1024,5353", 3, "write * UDP/1-1024,5353" },
	{ "- deny", 3, "the sign in front" },
	{ "+ allow *", 3, "the sign in front" },
	{ "- all", 3, "write * for anything" },
	{ "- ANY TCP/22", 3, "write * for anything" },
	{ "- loopback", 3, "write Localhost" },
	{ "- Intenet", 3, "write Internet" },
	{ "- localhosts", 3, "write Localhost" },
	{ "- peer-to-peer", 3, "the setting scopes" },
	{ "++ *", 2, "blank" },
	{ ">a/b *", 3, "upstream" },
	{ "+ 192.0.2.256", 3, "no IPv4" },
	{ "+ 192.0.2", 3, "no IPv4" },
	{ "+ .", 3, "no IPv4" },
	{ "+ 1.2.3.4.", 3, "no IPv4" },
	{ "+ 192.0.2.1/33", 13, "length of a prefix" },
	{ "+ 192.0.2.1/", 13, "length of a prefix" },
	{ "+ 2001:db8::/129", 14, "length of a prefix" },
	{ "+ 2001:db8:::1", 3, "no IPv6" },
	{ "+ fe80::1%eth0", 10, "interface" },
	{ "+ XX", 3, "no country" },
	{ "+ EU", 3, "C:EU" },
	{ "+ UK", 3, "GB" },
	{ "+ C:XX", 5, "continents" },
	{ "+ C:", 5, "continents" },
	{ "+ c:eu", 5, "continents" },
	{ "+ AS0", 5, "number of an AS" },
	{ "+ AS4294967296", 5, "number of an AS" },
	{ "+ LAN,", 7, "commas" },
	{ "+ LAN,example.com", 7, "commas" },
	{ "+ example.com,LAN", 3, "commas" },
	{ "- L:", 5, "id is missing" },
	{ "- L:ads,", 9, "id is missing" },
	{ "- L:a d", 7, "protocol" },
	{ "- L:ads/x", 8, "id holds" },
	{ "- l:ads", 3, "L:" },
	{ "+ example..com", 11, "label is missing" },
	{ "+ ..example.com", 4, "label is missing" },
	{ "+ exa*mple.com", 6, "wildcard" },
	{ "+ **", 3, "name is missing" },
	{ "+ ***", 4, "wildcard" },
	{ "+ **.com", 4, "wildcard" },
	{ "+ *.exa*mple.com", 8, "wildcard" },
	{ "+ .example.*", 12, "leading dot" },
	{ "+ .*", 4, "leading dot" },
	{ "+ *.", 3, "name is missing" },
	{ "+ *..com", 5, "label is missing" },
	{ "+ example.123", 11, "all digits" },
	{ "+ .123", 3, "no IPv4" },
	{ "+ *.123", 5, "all digits" },
	{ "+ a.1.", 5, "all digits" },
	{ "+ https://example.com", 3, "write the name in it alone" },
	{ "+ example.com/x", 3, "no prefix" },
	{ "+ example.com:443", 3, "port stands behind" },
	{ "+ exa$mple.com", 6, "letters" },
	{ "+ example.com#x", 14, "letters" },
	{ "+ *büch*", 4, "wildcard" },
	{ "+ bücher*", 3, "wildcard" },
	{ "+ b\xfcyer.com", 3, "internationalised" },
	{ "+ ＊.com", 3, "can't hold" },
	{ "+ bücher.a$", 11, "letters" },
	{ "+ bücher.com XYZ", 14, "no protocol" },
	{ "+ * TCP/", 9, "port is missing" },
	{ "+ * TCP/0", 9, "1 to 65535" },
	{ "+ * TCP/65536", 9, "1 to 65535" },
	{ "+ * TCP/99999999999999999999", 9, "1 to 65535" },
	{ "+ * TCP/80-70", 9, "upwards" },
	{ "+ * TCP/80-0", 12, "1 to 65535" },
	{ "+ * TCP/80,,443", 12, "port is missing" },
	{ "+ * TCP/80,nosuch", 12, "no port" },
	{ "+ * TCP/-80", 9, "no port" },
	{ "+ * TCP/80-", 9, "no port" },
	{ "+ * TCP/22# no blank", 9, "no port" },
	{ "+ * ICMP/8", 10, "no ports" },
	{ "+ * 1/8", 7, "no ports" },
	{ "+ * 443", 5, "0 to 255" },
	{ "+ * 256", 5, "0 to 255" },
	{ "+ * /80", 5, "no protocol" },
	{ "- * unknown", 5, "no protocol" },
	{ "- * htpp", 5, "write http" },
	{ "- * htt", 5, "write http" },
	{ "- * unencrypte", 5, "write unencrypted" },
	{ "+ * tsl", 5, "what inspection proves" },
	{ "+ * tlss", 5, "write tls" },
	{ "+ * https", 5, "TCP/https" },
	{ "+ * telnet", 5, "TCP/telnet" },
	{ "> * tls", 5, "first packet" },
	{ ">far .example.com encrypted/443", 19, "first packet" },
	{ "+ * tls/0", 9, "1 to 65535" },
	{ "+ * tls udp", 9, "nothing may follow" },
	{ "+ * TCP/80 UDP/80", 12, "nothing may follow" },
	{ "+ *\nx", 4, "control" },
	{ "+ *\x7f", 4, "control" },
};

static void accepts(void **state)
{
	struct pr_rule_error error;
	struct pr_rule rule, again;
	char text[PR_RULE_TEXT_SIZE], twice[PR_RULE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(accepted); i++) {
		int r = pr_rule_parse(accepted[i].text, &rule, &error);

		if (!accepted[i].canonical) {
			assert_int_equal(r, -EINVAL);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %u: %s", accepted[i].text, error.column, error.message);
		assert_string_equal(pr_rule_format(&rule, text), accepted[i].canonical);
		assert_int_equal(pr_rule_parse(text, &again, &error), 0);
		assert_string_equal(pr_rule_format(&again, twice), text);
	}
}

static void refuses_and_says_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(refused); i++) {
		struct pr_rule rule = { .asn = 77 };
		struct pr_rule_error error = { 0 };

		if (pr_rule_parse(refused[i].text, &rule, &error) != -EINVAL)
			fail_msg("accepted: %s", refused[i].text);
		assert_int_equal(rule.asn, 77);
		if (error.column != refused[i].column || !strstr(error.message, refused[i].part))
			fail_msg("%s: column %u: %s", refused[i].text, error.column, error.message);
	}
}

static void bounds_lengths(void **state)
{
	char text[PR_RULE_TEXT_MAX + 2], *end;
	struct pr_rule_error error;
	struct pr_rule rule;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "+ * # ", 6);
	text[PR_RULE_TEXT_MAX + 1] = '\0';
	assert_int_equal(pr_rule_parse(text, &rule, &error), -EINVAL);
	text[PR_RULE_TEXT_MAX] = '\0';
	assert_int_equal(pr_rule_parse(text, &rule, &error), 0);
	/* 63 characters a label, 253 a name */
	memset(text + 2, 'a', 64);
	text[66] = '\0';
	assert_int_equal(pr_rule_parse(text, &rule, &error), -EINVAL);
	text[65] = '\0';
	assert_int_equal(pr_rule_parse(text, &rule, &error), 0);
	for (int i = 0; i < 127; i++)
		memcpy(text + 2 + 2 * i, "a.", 3);
	assert_int_equal(pr_rule_parse(text, &rule, &error), 0);
	strcat(text, "a");
	assert_int_equal(pr_rule_parse(text, &rule, &error), -EINVAL);
	end = stpcpy(text, "+ * TCP/2");
	for (int i = 2; i <= PR_RULE_PORTS_MAX; i++)
		end += sprintf(end, ",%d", 2 * i);
	assert_int_equal(pr_rule_parse(text, &rule, &error), 0);
	assert_int_equal(rule.n_ports, PR_RULE_PORTS_MAX);
	strcpy(end, ",7");
	assert_int_equal(pr_rule_parse(text, &rule, &error), -EINVAL);
}

static void knows_names_and_countries(void **state)
{
	unsigned int number;

	(void)state;
	assert_true(pr_service_tables_sorted());
	assert_true(pr_service_find("HTTPS", &number));
	assert_int_equal(number, 443);
	assert_true(pr_service_find("Dns", &number));
	assert_int_equal(number, 53);
	assert_false(pr_service_find("nosuch", &number));
	assert_string_equal(pr_country_continent("AT"), "EU");
	assert_string_equal(pr_country_continent("ZW"), "AF");
	assert_null(pr_country_continent("AA"));
	assert_null(pr_country_continent("A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts),
		cmocka_unit_test(refuses_and_says_where),
		cmocka_unit_test(bounds_lengths),
		cmocka_unit_test(knows_names_and_countries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
