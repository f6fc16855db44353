/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firewall/special_names.h"

#include "base/name.h"

#include <stdio.h>
#include <string.h>

bool pr_name_is_canary(const char *name)
{
	static const char *const canaries[] = {
		/* Firefox leaves DNS over HTTPS off by default where this has no address (Mozilla,
		 * "Canary domain - use-application-dns.net"). */
		"use-application-dns.net",
		/* iCloud Private Relay is off where these have no answer (Apple, "Prepare your network or
		 * web server for iCloud Private Relay"). */
		"mask.icloud.com",
		"mask-h2.icloud.com",
	};

	for (size_t i = 0; i < sizeof(canaries) / sizeof(*canaries); i++)
		if (strcmp(name, canaries[i]) == 0)
			return true;
	return false;
}

/* "_853", of "_853._dns.dns.example". */
static const char *skip_port(const char *name)
{
	const char *at = name + 1;

	if (name[0] != '_')
		return name;
	while (*at >= '0' && *at <= '9')
		at++;
	return at > name + 1 && *at == '.' ? at + 1 : name;
}

/* resolver.arpa whole: RFC 9462, 6.4. A nameserver whose name is known is asked for under _dns: RFC 9461, 2 and
 * RFC 9462, 5. */
bool pr_name_is_discovery(const char *name)
{
	return pr_name_within(name, "resolver.arpa") || strncmp(skip_port(name), "_dns.", 5) == 0;
}

bool pr_name_is_local(const char *name)
{
	static const char *const zones[] = {
		"localhost", /* RFC 6761, 6.3 */
		"local",     /* RFC 6762, 3 */
		"home.arpa", /* RFC 8375 */
		"internal",  /* ICANN, for private use, 2024 */
		"intranet",	 "private", "corp", "home", "lan", /* RFC 6762, appendix G */
		"ipv4only.arpa",				   /* RFC 7050, RFC 8880 */
	};

	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++)
		if (pr_name_within(name, zones[i]))
			return true;
	return false;
}

bool pr_name_is_private_reverse(const char *name)
{
	static const char *const zones[] = {
		"10.in-addr.arpa",
		"168.192.in-addr.arpa",
		"254.169.in-addr.arpa",
		"127.in-addr.arpa",
		"0.in-addr.arpa",
		"255.in-addr.arpa",
		"d.f.ip6.arpa",
		"c.f.ip6.arpa", /* RFC 4193 */
		"8.e.f.ip6.arpa",
		"9.e.f.ip6.arpa",
		"a.e.f.ip6.arpa",
		"b.e.f.ip6.arpa",
		"c.e.f.ip6.arpa",
		"d.e.f.ip6.arpa",
		"e.e.f.ip6.arpa",
		"f.e.f.ip6.arpa",
		"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
	};
	char zone[24];

	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++)
		if (pr_name_within(name, zones[i]))
			return true;
	for (unsigned int i = 16; i <= 31; i++) { /* RFC 1918 */
		snprintf(zone, sizeof(zone), "%u.172.in-addr.arpa", i);
		if (pr_name_within(name, zone))
			return true;
	}
	for (unsigned int i = 64; i <= 127; i++) { /* RFC 6598 */
		snprintf(zone, sizeof(zone), "%u.100.in-addr.arpa", i);
		if (pr_name_within(name, zone))
			return true;
	}
	return false;
}
