/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/provider_state.h"

#include "base/hash.h"

void pr_provider_state_tell(unsigned int provider, struct pr_provider_state state, uint64_t *told,
			    void (*tell)(void *context, const struct pr_pairs *pairs),
			    void *context)
{
	const struct pr_providers_counters *c = &state.counters;
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{ "provider", provider },
		{ "asked", c->asked },
		{ "shared", c->shared },
		{ "listed", c->listed },
		{ "not_listed", c->not_listed },
		{ "failed", c->failed },
		{ "late", c->late },
		{ "not_asked_open", c->refused_open },
		{ "not_asked_full", c->refused_full },
		{ "opened", state.n_opened },
		{ "open_ms", state.open_ms },
		{ "under_way", state.n_requests },
		{ "last_us", c->last_us },
		{ "mean_us", c->mean_us },
		{ "worst_us", c->worst_us },
	};
	char texts[PR_ARRAY_SIZE(numbers)][24];
	struct pr_pairs pairs = { 0 };
	uint8_t body[2048];
	uint64_t hash;

	pr_pairs_add(&pairs, "id", state.provider->id);
	pr_pairs_add(&pairs, "state", state.state);
	pr_pairs_add(&pairs, "why", state.why);
	for (size_t i = 0; i < PR_ARRAY_SIZE(numbers); i++) {
		snprintf(texts[i], sizeof(texts[i]), "%llu", (unsigned long long)numbers[i].value);
		pr_pairs_add(&pairs, numbers[i].key, texts[i]);
	}
	hash = pr_hash(body, pr_pairs_encode(&pairs, body, sizeof(body)));
	if (hash == *told)
		return;
	*told = hash;
	tell(context, &pairs);
}
