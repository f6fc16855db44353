/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What providers answer, over HTTP and in DNS: any bytes give a result, which is within its bounds. */
#include "intel/provider.h"

#include "../target.h"

#include <string.h>

static const struct pr_provider provider = {
	.id = "dbl",
	.asks = PR_PROVIDER_ASKS_DOMAINS,
	.zone = "dbl.example",
	.codes = { { { 4, { 127, 0, 0, 2 } }, "spam" }, { { 4, { 127, 0, 0, 4 } }, "phish" } },
	.n_codes = 2,
};

static void check(const struct pr_provider_result *result)
{
	pr_assert(result->status <= PR_PROVIDER_FAILED);
	pr_assert((result->status == PR_PROVIDER_FAILED) == (result->why != NULL));
	pr_assert(!result->n_categories || result->status == PR_PROVIDER_LISTED);
	pr_assert(result->n_categories <= PR_PROVIDER_CATEGORIES_MAX);
	for (unsigned int i = 0; i < result->n_categories; i++) {
		size_t len = strnlen(result->categories[i], sizeof(result->categories[i]));

		pr_assert(len && len <= PR_PROVIDER_CATEGORY_MAX);
		for (size_t k = 0; k < len; k++)
			pr_assert(pr_provider_character(result->categories[i][k]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_provider_result result;

	if (len == 0)
		return 0;
	if (bytes[0] == 'D')
		pr_provider_dns_read(&provider, "a.example.dbl.example", bytes + 1, len - 1,
				     &result);
	else
		pr_provider_http_read(200, (const char *)bytes + 1, len - 1, &result);
	check(&result);
	return 0;
}
