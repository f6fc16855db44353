/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses and prefixes from text: what parses must say itself the same again. */
#include "base/address.h"

#include "../target.h"

#include <string.h>

#define TEXT_MAX 128

static void check_address(const char *text)
{
	char formatted[PR_ADDRESS_TEXT_SIZE];
	struct pr_address address, again;

	if (pr_address_parse(text, &address) < 0)
		return;
	pr_address_format(&address, formatted);
	pr_assert(pr_address_parse(formatted, &again) == 0);
	pr_assert(pr_address_equal(&address, &again));
}

static void check_prefix(const char *text)
{
	char formatted[PR_PREFIX_TEXT_SIZE];
	struct pr_prefix prefix, again;

	if (pr_prefix_parse(text, &prefix) < 0)
		return;
	pr_assert(prefix.len <= (prefix.address.family == 4 ? 32 : 128));
	pr_assert(pr_prefix_contains(&prefix, &prefix.address));
	pr_prefix_format(&prefix, formatted);
	pr_assert(pr_prefix_parse(formatted, &again) == 0);
	pr_assert(again.len == prefix.len && pr_address_equal(&again.address, &prefix.address));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char text[TEXT_MAX + 1];

	if (len > TEXT_MAX)
		return 0;
	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	check_address(text);
	check_prefix(text);
	return 0;
}
