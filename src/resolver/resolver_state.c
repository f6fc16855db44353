/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/resolver_state.h"

size_t pr_resolver_state_encode(const struct pr_resolver_counters *counters,
				uint8_t body[PR_RESOLVER_STATE_MAX])
{
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{ "asked", counters->asked },	{ "answered", counters->answered },
		{ "failed", counters->failed }, { "timed_out", counters->timed_out },
		{ "joined", counters->joined }, { "refused_full", counters->refused_full },
		{ "forged", counters->forged }, { "over_tcp", counters->over_tcp },
	};
	char texts[PR_ARRAY_SIZE(numbers)][24];
	struct pr_pairs pairs = { 0 };
	size_t len;

	for (size_t i = 0; i < PR_ARRAY_SIZE(numbers); i++) {
		snprintf(texts[i], sizeof(texts[i]), "%llu", (unsigned long long)numbers[i].value);
		(void)pr_pairs_add(&pairs, numbers[i].key, texts[i]);
	}
	len = pr_pairs_encode(&pairs, body, PR_RESOLVER_STATE_MAX);
	pr_assert(len);
	return len;
}
