/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index of a ruleset: its rules sorted under their keys, each kind of key in the structure that finds
 * it (see blob.h). */
#include "base/hash.h"
#include "base/index.h"
#include "profile/policy_builder.h"

#include <string.h>

struct keys {
	struct pr_key_rules *items;
	size_t n, n_allocated;
	struct pr_index index;
};

static const char *string_at(struct pr_policy_builder *builder, uint32_t offset)
{
	return (const char *)builder->sections[PR_SECTION_STRINGS].bytes + offset;
}

static const struct pr_blob_rule *rule_at(struct pr_policy_builder *builder, uint32_t rule)
{
	return pr_policy_builder_record(builder, PR_SECTION_RULES, rule);
}

static bool is_text(uint32_t kind)
{
	return kind >= PR_ENTITY_NAME && kind <= PR_ENTITY_CONTAINS;
}

static uint64_t key_hash(struct pr_policy_builder *builder, const struct pr_key_rules *key)
{
	const struct pr_blob_rule *rule;

	if (is_text(key->kind))
		return pr_hash_seeded(string_at(builder, key->value), key->len, key->kind);
	if (key->kind != PR_ENTITY_PREFIX)
		return pr_hash_seeded(&key->value, sizeof(key->value), key->kind);
	rule = rule_at(builder, key->value);
	return pr_hash_seeded(rule->prefix, sizeof(rule->prefix),
			      rule->prefix_family + 8ull * rule->prefix_len);
}

static bool key_equal(struct pr_policy_builder *builder, const struct pr_key_rules *a,
		      const struct pr_key_rules *b)
{
	const struct pr_blob_rule *x, *y;

	if (a->kind != b->kind)
		return false;
	if (is_text(a->kind))
		return a->len == b->len && memcmp(string_at(builder, a->value),
						  string_at(builder, b->value), a->len) == 0;
	if (a->kind != PR_ENTITY_PREFIX)
		return a->value == b->value;
	x = rule_at(builder, a->value);
	y = rule_at(builder, b->value);
	return x->prefix_family == y->prefix_family && x->prefix_len == y->prefix_len &&
	       memcmp(x->prefix, y->prefix, sizeof(x->prefix)) == 0;
}

static void add(struct pr_policy_builder *builder, struct keys *keys, struct pr_key_rules key,
		uint32_t rule)
{
	uint64_t hash = key_hash(builder, &key);
	struct pr_index_walk walk = pr_index_find(&keys->index, hash);
	struct pr_key_rules *found = NULL;

	while (!found && pr_index_next(&keys->index, &walk))
		if (key_equal(builder, &keys->items[walk.value], &key))
			found = &keys->items[walk.value];
	if (!found) {
		if (keys->n == keys->n_allocated) {
			keys->n_allocated = keys->n ? keys->n * 2 : 64;
			keys->items =
				pr_realloc(keys->items, keys->n_allocated, sizeof(*keys->items));
		}
		found = &keys->items[keys->n];
		*found = key;
		pr_index_insert(&keys->index, hash, (uint32_t)keys->n++);
	}
	if (found->n_rules == found->n_allocated) {
		found->n_allocated = found->n_rules ? found->n_rules * 2 : 1;
		found->rules = pr_realloc(found->rules, found->n_allocated, sizeof(*found->rules));
	}
	found->rules[found->n_rules++] = rule;
}

/* A category's bucket is kept as a key too, of a kind beyond the entities'. */
#define KIND_CATEGORY (PR_ENTITY_COUNT_ + 1u)

static int category_of(uint32_t entity)
{
	switch (entity) {
	case PR_ENTITY_ANY:
		return -1;
	case PR_ENTITY_PREFIX:
		return PR_CATEGORY_ADDRESS;
	case PR_ENTITY_SCOPE:
		return PR_CATEGORY_SCOPE;
	case PR_ENTITY_COUNTRY:
	case PR_ENTITY_CONTINENT:
		return PR_CATEGORY_COUNTRY;
	case PR_ENTITY_ASN:
		return PR_CATEGORY_ASN;
	case PR_ENTITY_LISTS:
		return PR_CATEGORY_LISTS;
	default:
		return PR_CATEGORY_DOMAIN;
	}
}

static void add_rule(struct pr_policy_builder *builder, struct keys *keys, uint32_t number)
{
	struct pr_blob_rule rule = *rule_at(builder, number);
	struct pr_key_rules key = { .kind = rule.entity, .value = rule.value };
	int category = category_of(rule.entity);

	if (rule.entity == PR_ENTITY_LISTS) {
		for (uint32_t i = 0; i < rule.lists.n; i++) {
			key.value = *(uint32_t *)pr_policy_builder_record(
				builder, PR_SECTION_NUMBERS, rule.lists.first + i);
			add(builder, keys, key, number);
		}
	} else if (rule.entity == PR_ENTITY_SCOPE) {
		for (uint32_t bit = 1; bit <= PR_SCOPE_BIT_INTERNET; bit <<= 1) {
			key.value = bit;
			if (rule.value & bit)
				add(builder, keys, key, number);
		}
	} else {
		key.len = rule.value_len;
		if (rule.entity == PR_ENTITY_PREFIX)
			key.value = number;
		add(builder, keys, key, number);
	}
	if (category >= 0)
		add(builder, keys,
		    (struct pr_key_rules){ .kind = KIND_CATEGORY, .value = (uint32_t)category },
		    number);
}

static uint32_t slot_hash(struct pr_policy_builder *builder, const struct pr_key_rules *key)
{
	const char *text = string_at(builder, key->value);
	uint64_t hash = pr_blob_hash_start();

	if (!is_text(key->kind))
		return pr_blob_hash_value(key->value, key->kind);
	for (uint32_t i = 0; i < key->len; i++)
		hash = pr_blob_hash_step(
			hash, (uint8_t)text[key->kind == PR_ENTITY_BEGINS ? i : key->len - 1 - i]);
	return pr_blob_hash_finish(hash, key->kind);
}

static bool hashed(uint32_t kind)
{
	return kind != PR_ENTITY_ANY && kind != PR_ENTITY_PREFIX && kind != PR_ENTITY_SCOPE &&
	       kind != PR_ENTITY_CONTAINS && kind != KIND_CATEGORY;
}

static void insert_slot(struct pr_policy_builder *builder, struct pr_blob_span slots,
			const struct pr_key_rules *key, uint32_t number)
{
	uint32_t tag = slot_hash(builder, key), at = tag & (slots.n - 1);
	struct pr_blob_slot *table =
		pr_policy_builder_record(builder, PR_SECTION_SLOTS, slots.first);

	while (table[at].key != PR_BLOB_NONE)
		at = (at + 1) & (slots.n - 1);
	table[at] = (struct pr_blob_slot){ tag, number };
}

static struct pr_blob_span new_slots(struct pr_policy_builder *builder, size_t n_keys)
{
	struct pr_blob_span slots = { 0, n_keys ? 2 : 0 };

	while (slots.n < 2 * n_keys)
		slots.n *= 2;
	slots.first = pr_policy_builder_append(builder, PR_SECTION_SLOTS, NULL, slots.n);
	if (slots.n)
		memset(pr_policy_builder_record(builder, PR_SECTION_SLOTS, slots.first), 0xff,
		       slots.n * sizeof(struct pr_blob_slot));
	return slots;
}

static void note_length(uint64_t words[static PR_BLOB_LENGTH_WORDS], uint32_t len)
{
	words[len / 64 % PR_BLOB_LENGTH_WORDS] |= UINT64_C(1) << len % 64;
}

static void add_hashed(struct pr_policy_builder *builder, struct keys *keys,
		       struct pr_blob_ruleset *ruleset)
{
	size_t n = 0;

	for (size_t i = 0; i < keys->n; i++)
		n += hashed(keys->items[i].kind);
	ruleset->slots = new_slots(builder, n);
	for (size_t i = 0; i < keys->n; i++) {
		const struct pr_key_rules *item = &keys->items[i];
		struct pr_blob_key key = { item->kind, item->value, item->len, 0 };

		if (!hashed(item->kind))
			continue;
		if (item->kind == PR_ENTITY_SUFFIX)
			note_length(ruleset->suffix_lengths, item->len);
		if (item->kind == PR_ENTITY_BEGINS)
			note_length(ruleset->begins_lengths, item->len);
		ruleset->kinds |= 1u << item->kind;
		key.ref = pr_policy_builder_ref(builder, item->rules, item->n_rules);
		insert_slot(builder, ruleset->slots, item,
			    pr_policy_builder_append(builder, PR_SECTION_KEYS, &key, 1));
	}
}

static void add_direct(struct pr_policy_builder *builder, struct keys *keys,
		       struct pr_blob_ruleset *ruleset)
{
	for (size_t i = 0; i < keys->n; i++) {
		const struct pr_key_rules *key = &keys->items[i];
		uint32_t ref;

		if (key->kind != PR_ENTITY_ANY && key->kind != PR_ENTITY_SCOPE &&
		    key->kind != KIND_CATEGORY)
			continue;
		ref = pr_policy_builder_ref(builder, key->rules, key->n_rules);
		if (key->kind == PR_ENTITY_ANY)
			ruleset->any = ref;
		else if (key->kind == KIND_CATEGORY)
			ruleset->categories[key->value] = ref;
		else
			ruleset->scopes[__builtin_ctz(key->value)] = ref;
	}
}

/* The keys of one kind (and family), as an array of their own; the rules stay the keys'. */
static size_t select_keys(struct pr_policy_builder *builder, const struct keys *keys, uint32_t kind,
			  uint8_t family, struct pr_key_rules *selected)
{
	size_t n = 0;

	for (size_t i = 0; i < keys->n; i++)
		if (keys->items[i].kind == kind &&
		    (kind != PR_ENTITY_PREFIX ||
		     rule_at(builder, keys->items[i].value)->prefix_family == family))
			selected[n++] = keys->items[i];
	return n;
}

void pr_policy_builder_index(struct pr_policy_builder *builder, uint32_t number)
{
	struct pr_blob_ruleset ruleset = *(struct pr_blob_ruleset *)pr_policy_builder_record(
		builder, PR_SECTION_RULESETS, number);
	struct keys keys = { 0 };
	struct pr_key_rules *selected;
	size_t n;

	ruleset.any = PR_BLOB_NONE;
	memset(ruleset.scopes, 0xff, sizeof(ruleset.scopes));
	memset(ruleset.categories, 0xff, sizeof(ruleset.categories));
	pr_index_init(&keys.index, ruleset.rules.n);
	for (uint32_t i = 0; i < ruleset.rules.n; i++)
		add_rule(builder, &keys, ruleset.rules.first + i);
	selected = pr_calloc(keys.n, sizeof(*selected));
	add_hashed(builder, &keys, &ruleset);
	add_direct(builder, &keys, &ruleset);
	n = select_keys(builder, &keys, PR_ENTITY_PREFIX, 4, selected);
	ruleset.starts[0] = pr_policy_builder_prefixes(builder, selected, n);
	n = select_keys(builder, &keys, PR_ENTITY_PREFIX, 6, selected);
	ruleset.starts[1] = pr_policy_builder_prefixes(builder, selected, n);
	n = select_keys(builder, &keys, PR_ENTITY_CONTAINS, 0, selected);
	ruleset.states = pr_policy_builder_automaton(builder, selected, n);
	*(struct pr_blob_ruleset *)pr_policy_builder_record(builder, PR_SECTION_RULESETS, number) =
		ruleset;
	for (size_t i = 0; i < keys.n; i++)
		free(keys.items[i].rules);
	free(keys.items);
	free(selected);
	pr_index_done(&keys.index);
}
