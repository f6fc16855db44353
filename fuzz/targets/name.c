/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names from text: the canonical form is its own canonical form, and lies within each of its zones. */
#include "base/name.h"
#include "dns/reverse.h"

#include "../target.h"

#include <string.h>

#define TEXT_MAX 2048

/* The name of an address is written in one way only. */
static void check_reverse(const char *name)
{
	char again[PR_NAME_TEXT_SIZE];
	struct pr_address address;
	size_t len = 0;

	if (!pr_dns_reverse_address(name, &address))
		return;
	for (unsigned int i = address.family == 4 ? 4 : 16; i-- > 0;)
		len += (size_t)snprintf(
			again + len, sizeof(again) - len, address.family == 4 ? "%u." : "%x.%x.",
			address.family == 4 ? address.bytes[i] : address.bytes[i] & 15u,
			address.bytes[i] >> 4u);
	snprintf(again + len, sizeof(again) - len,
		 address.family == 4 ? "in-addr.arpa" : "ip6.arpa");
	pr_assert(strcmp(again, name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char name[PR_NAME_TEXT_SIZE], again[PR_NAME_TEXT_SIZE], text[TEXT_MAX + 1];

	if (len > TEXT_MAX)
		return 0;
	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	if (pr_name_canonical(text, name) < 0)
		return 0;
	pr_assert(strlen(name) <= PR_NAME_MAX);
	pr_assert(pr_name_canonical(name, again) == 0 && strcmp(name, again) == 0);
	for (const char *zone = name; zone; zone = strchr(zone, '.')) {
		zone += *zone == '.';
		pr_assert(pr_name_within(name, zone));
	}
	pr_assert(pr_name_within(name, ""));
	check_reverse(name);
	return 0;
}
