/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/providers.h"

#include <string.h>

#define TEXTS_MAX   (PR_ANSWERED_MAX * 2)
#define TEXTS_BYTES (8u << 20)
#define EXPECTED    64	/* the index grows */
#define AT_ONCE	    256 /* expired answers that are dropped in one call */
#define S_US	    UINT64_C(1000000)

void pr_providers_table_init(struct pr_providers_table *table)
{
	*table = (struct pr_providers_table){ 0 };
	pr_slab_init(&table->slab, sizeof(struct pr_answered), PR_ANSWERED_MAX);
	pr_index_init(&table->index, EXPECTED);
	pr_heap_init(&table->ends);
	pr_texts_init(&table->texts, TEXTS_MAX, TEXTS_BYTES);
}

/* ---- answers ---- */

static struct pr_answered *at(const struct pr_providers_table *table, uint32_t number)
{
	return pr_slab_at(&table->slab, number);
}

static uint64_t hash_of(const struct pr_inquiry *inquiry, unsigned int provider)
{
	return pr_inquiry_hash(inquiry) ^ (provider + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static struct pr_inquiry inquiry_of(const struct pr_providers_table *table,
				    const struct pr_answered *answered)
{
	return (struct pr_inquiry){
		.domain = answered->domain ? pr_texts_get(&table->texts, answered->domain) : NULL,
		.address = answered->address,
	};
}

static uint32_t find_number(const struct pr_providers_table *table, unsigned int provider,
			    const struct pr_inquiry *inquiry)
{
	struct pr_index_walk walk = pr_index_find(&table->index, hash_of(inquiry, provider));

	while (pr_index_next(&table->index, &walk)) {
		const struct pr_answered *answered = at(table, walk.value);
		const struct pr_inquiry known = inquiry_of(table, answered);

		if (answered->provider == provider && pr_inquiry_equal(&known, inquiry))
			return walk.value;
	}
	return PR_SLAB_NONE;
}

struct pr_answered *pr_answered_find(const struct pr_providers_table *table, unsigned int provider,
				     const struct pr_inquiry *inquiry)
{
	uint32_t number = find_number(table, provider, inquiry);

	return number == PR_SLAB_NONE ? NULL : at(table, number);
}

static void drop_categories(struct pr_providers_table *table, struct pr_answered *answered)
{
	while (answered->n_categories)
		pr_texts_release(&table->texts, answered->categories[--answered->n_categories]);
}

static void drop(struct pr_providers_table *table, uint32_t number)
{
	struct pr_answered *answered = at(table, number);
	const struct pr_inquiry inquiry = inquiry_of(table, answered);

	pr_index_remove(&table->index, hash_of(&inquiry, answered->provider), number);
	pr_heap_remove(&table->ends, number);
	drop_categories(table, answered);
	pr_texts_release(&table->texts, answered->domain);
	pr_slab_give(&table->slab, number);
}

/* The entry of an entity, made if there is none; PR_SLAB_NONE where its text finds no room. */
static uint32_t get(struct pr_providers_table *table, unsigned int provider,
		    const struct pr_inquiry *inquiry)
{
	uint32_t number = find_number(table, provider, inquiry), domain = PR_TEXT_NONE;
	struct pr_answered *answered;

	if (number != PR_SLAB_NONE)
		return number;
	if (table->slab.n_used == PR_ANSWERED_MAX)
		drop(table, pr_heap_first(&table->ends)->number);
	if (inquiry->domain) {
		domain = pr_texts_hold(&table->texts, inquiry->domain);
		if (domain == PR_TEXT_NONE)
			return PR_SLAB_NONE;
	}
	number = pr_slab_take(&table->slab);
	pr_assert(number != PR_SLAB_NONE);
	answered = at(table, number);
	answered->domain = domain;
	if (!inquiry->domain)
		answered->address = inquiry->address;
	answered->provider = (uint8_t)provider;
	answered->status = PR_PROVIDER_UNAVAILABLE;
	pr_index_insert(&table->index, hash_of(inquiry, provider), number);
	pr_heap_set(&table->ends, number, 0);
	return number;
}

void pr_answered_asked(struct pr_providers_table *table, unsigned int provider,
		       const struct pr_inquiry *inquiry, uint64_t now_us)
{
	uint32_t number = get(table, provider, inquiry);

	if (number == PR_SLAB_NONE)
		return;
	at(table, number)->asked_us = now_us;
	if (!pr_answered_is_known(at(table, number)))
		pr_heap_set(&table->ends, number, now_us + PR_ANSWERED_AGAIN_S * S_US);
}

static bool is_same(const struct pr_providers_table *table, const struct pr_answered *answered,
		    const struct pr_provider_result *result)
{
	if (answered->status != (uint8_t)result->status ||
	    answered->n_categories != result->n_categories)
		return false;
	for (unsigned int i = 0; i < result->n_categories; i++)
		if (strcmp(pr_texts_get(&table->texts, answered->categories[i]),
			   result->categories[i]) != 0)
			return false;
	return true;
}

static void set_categories(struct pr_providers_table *table, struct pr_answered *answered,
			   const struct pr_provider_result *result)
{
	drop_categories(table, answered);
	for (unsigned int i = 0; i < result->n_categories; i++) {
		uint32_t text = pr_texts_hold(&table->texts, result->categories[i]);

		if (text != PR_TEXT_NONE)
			answered->categories[answered->n_categories++] = text;
	}
}

bool pr_answered_put(struct pr_providers_table *table, unsigned int provider,
		     const struct pr_inquiry *inquiry, const struct pr_provider_result *result,
		     uint64_t now_us)
{
	uint32_t number = get(table, provider, inquiry);
	struct pr_answered *answered;
	bool changes;

	if (number == PR_SLAB_NONE)
		return false;
	answered = at(table, number);
	changes = !is_same(table, answered, result);
	/* That it is on no list is news only to those who would deny it for want of news. */
	if (!pr_answered_is_known(answered) && result->status == PR_PROVIDER_NOT_LISTED)
		changes = table->missing_denies;
	set_categories(table, answered, result);
	answered->status = (uint8_t)result->status;
	answered->fresh_until_us = now_us + result->ttl_s * S_US;
	pr_heap_set(&table->ends, number, answered->fresh_until_us + PR_ANSWERED_STALE_S * S_US);
	return changes;
}

void pr_answered_expire(struct pr_providers_table *table, uint64_t now_us)
{
	const struct pr_heap_entry *first;

	for (unsigned int i = 0; i < AT_ONCE; i++) {
		first = pr_heap_first(&table->ends);
		if (!first || first->key > now_us)
			return;
		drop(table, first->number);
	}
}

/* ---- the policy's providers and lists ---- */

static void set_bit(uint64_t *bits, uint32_t number)
{
	bits[number / 64] |= UINT64_C(1) << number % 64;
}

/* Does the list's id stand for this answer of the provider: "dbl", or "dbl.spam"? NULL: for any. */
static bool stands_for(const char *list, const char *id, const char *category)
{
	size_t len = strlen(id);

	if (strncmp(list, id, len) != 0)
		return false;
	if (list[len] == '\0')
		return true;
	return list[len] == '.' && (!category || strcmp(list + len + 1, category) == 0);
}

void pr_answered_lists(const struct pr_providers_table *table, const struct pr_policy *policy,
		       const struct pr_answered *answered, uint64_t *lists)
{
	const struct pr_provider_slot *slot = &table->slots[answered->provider];

	if (answered->status != PR_PROVIDER_LISTED)
		return;
	for (uint32_t i = 0; i < pr_policy_n_lists(policy); i++) {
		const char *list = pr_policy_list(policy, i).id;
		bool on = strcmp(list, slot->id) == 0;

		for (unsigned int k = 0; !on && k < answered->n_categories; k++)
			on = stands_for(list, slot->id,
					pr_texts_get(&table->texts, answered->categories[k]));
		if (on)
			set_bit(lists, i);
	}
}

static void fill_slot(struct pr_provider_slot *slot, const struct pr_policy *policy,
		      const struct pr_provider *provider)
{
	snprintf(slot->id, sizeof(slot->id), "%s", provider->id);
	slot->asks = provider->asks;
	slot->deadline_ms = provider->deadline_ms;
	slot->wanted = false;
	memset(slot->lists, 0, sizeof(slot->lists));
	for (uint32_t i = 0; i < pr_policy_n_lists(policy); i++) {
		if (!stands_for(pr_policy_list(policy, i).id, provider->id, NULL))
			continue;
		set_bit(slot->lists, i);
		slot->wanted = true;
	}
}

static void drop_slot(struct pr_providers_table *table, unsigned int provider)
{
	for (uint32_t i = 0; i < table->slab.n_made; i++) {
		/* numbers in use are in the heap, each */
		if (i < table->ends.n_places && table->ends.places[i] &&
		    at(table, i)->provider == provider)
			drop(table, i);
	}
	free(table->slots[provider].text);
	table->slots[provider] = (struct pr_provider_slot){ 0 };
}

/* The slot of this very provider, or a free one. */
static unsigned int slot_for(const struct pr_providers_table *table, const char *text)
{
	unsigned int free_slot = PR_PROVIDERS_MAX;

	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++) {
		if (table->slots[i].text && strcmp(table->slots[i].text, text) == 0)
			return i;
		if (!table->slots[i].text && free_slot == PR_PROVIDERS_MAX)
			free_slot = i;
	}
	return free_slot;
}

static bool denies_what_is_missing(const struct pr_policy *policy)
{
	for (uint32_t i = 0; i < pr_policy_n_profiles(policy); i++)
		if (pr_policy_settings(policy, i)->on_missing_data == PR_MISSING_DENY)
			return true;
	return false;
}

static void drop_others(struct pr_providers_table *table, const struct pr_policy *policy)
{
	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++) {
		bool stays = false;

		for (uint32_t k = 0; policy && !stays && k < pr_policy_n_providers(policy); k++) {
			const struct pr_provider provider = pr_policy_provider(policy, k);
			PR_CLEANUP(pr_cleanup_free) char *text = pr_provider_write(&provider);

			stays = table->slots[i].text && strcmp(table->slots[i].text, text) == 0;
		}
		if (table->slots[i].text && !stays)
			drop_slot(table, i);
	}
}

void pr_providers_table_policy(struct pr_providers_table *table, const struct pr_policy *policy,
			       uint64_t *missing, uint64_t now_us)
{
	pr_answered_expire(table, now_us);
	drop_others(table, policy);
	table->n_wanted = table->asks = 0;
	table->missing_denies = policy && denies_what_is_missing(policy);
	for (uint32_t i = 0; policy && i < pr_policy_n_providers(policy); i++) {
		const struct pr_provider provider = pr_policy_provider(policy, i);
		char *text = pr_provider_write(&provider);
		struct pr_provider_slot *slot = &table->slots[slot_for(table, text)];

		free(slot->text);
		slot->text = text;
		fill_slot(slot, policy, &provider);
		table->n_wanted += slot->wanted;
		table->asks |= slot->wanted ? slot->asks : 0;
		for (unsigned int word = 0; word < PR_INTEL_WORDS_MAX; word++)
			missing[word] &= ~slot->lists[word];
	}
}

unsigned int pr_providers_table_find(const struct pr_providers_table *table, const char *id)
{
	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++)
		if (table->slots[i].text && strcmp(table->slots[i].id, id) == 0)
			return i;
	return PR_PROVIDERS_MAX;
}

void pr_providers_table_done(struct pr_providers_table *table)
{
	for (unsigned int i = 0; i < PR_PROVIDERS_MAX; i++)
		if (table->slots[i].text)
			drop_slot(table, i);
	pr_slab_done(&table->slab);
	pr_index_done(&table->index);
	pr_heap_done(&table->ends);
	pr_texts_done(&table->texts);
}
