/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prefixes nest or are apart, never overlap by half: sorted by their first address, the outer before the
 * inner, one pass with a stack of the open ones cuts the address space into ranges that each know the
 * innermost prefix. The outer ones are its parents.
 */
#include "profile/policy_builder.h"

#include <stdlib.h>
#include <string.h>

struct number128 {
	uint64_t high, low;
};

struct prefix {
	struct number128 first, last;
	const struct pr_key_rules *key;
};

static uint64_t load64(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

static int compare128(struct number128 a, struct number128 b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return (a.low > b.low) - (a.low < b.low);
}

/* The outer prefix first: it ends later. */
static int compare_prefixes(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int r = compare128(x->first, y->first);

	return r ? r : -compare128(x->last, y->last);
}

/* IPv4 stands in the upper 32 bits, so that lengths mean the same for both families. */
static struct prefix prefix_of(struct pr_policy_builder *builder, const struct pr_key_rules *key)
{
	const struct pr_blob_rule *rule =
		pr_policy_builder_record(builder, PR_SECTION_RULES, key->value);
	struct prefix prefix = { { load64(rule->prefix), load64(rule->prefix + 8) }, { 0 }, key };

	prefix.last = prefix.first;
	prefix.last.high |= rule->prefix_len >= 64 ? 0 : UINT64_MAX >> rule->prefix_len;
	prefix.last.low |= rule->prefix_len <= 64    ? UINT64_MAX
			   : rule->prefix_len == 128 ? 0
						     : UINT64_MAX >> (rule->prefix_len - 64);
	return prefix;
}

struct sweep {
	struct pr_policy_builder *builder;
	struct pr_blob_span starts;
	uint32_t nodes[130]; /* open ones: one a length at most */
	struct number128 lasts[130];
	unsigned int n;
};

static void start_at(struct sweep *sweep, struct number128 at)
{
	struct pr_blob_start start = { at.high, at.low,
				       sweep->n ? sweep->nodes[sweep->n - 1] : PR_BLOB_NONE, 0 };
	struct pr_blob_start *last;

	if (sweep->starts.n) {
		last = pr_policy_builder_record(sweep->builder, PR_SECTION_STARTS,
						sweep->starts.first + sweep->starts.n - 1);
		if (last->high == at.high && last->low == at.low) {
			last->node = start.node;
			return;
		}
	}
	pr_policy_builder_append(sweep->builder, PR_SECTION_STARTS, &start, 1);
	sweep->starts.n++;
}

/* Closes the open prefixes that end before `at` (NULL: all). */
static void close_before(struct sweep *sweep, const struct number128 *at)
{
	while (sweep->n && (!at || compare128(sweep->lasts[sweep->n - 1], *at) < 0)) {
		struct number128 next = sweep->lasts[--sweep->n];

		if (++next.low == 0 && ++next.high == 0)
			continue; /* the end of the address space */
		start_at(sweep, next);
	}
}

static void open_prefix(struct sweep *sweep, const struct prefix *prefix)
{
	struct pr_blob_node node = {
		.parent = sweep->n ? sweep->nodes[sweep->n - 1] : PR_BLOB_NONE,
		.ref = pr_policy_builder_ref(sweep->builder, prefix->key->rules,
					     prefix->key->n_rules),
		.first = prefix->key->rules[0],
	};

	if (sweep->n) {
		const struct pr_blob_node *parent =
			pr_policy_builder_record(sweep->builder, PR_SECTION_NODES, node.parent);

		if (parent->first < node.first)
			node.first = parent->first;
	}
	pr_assert(sweep->n < PR_ARRAY_SIZE(sweep->nodes));
	sweep->nodes[sweep->n] =
		pr_policy_builder_append(sweep->builder, PR_SECTION_NODES, &node, 1);
	sweep->lasts[sweep->n++] = prefix->last;
	start_at(sweep, prefix->first);
}

struct pr_blob_span pr_policy_builder_prefixes(struct pr_policy_builder *builder,
					       struct pr_key_rules *keys, size_t n)
{
	PR_CLEANUP(pr_cleanup_free) struct prefix *prefixes = pr_calloc(n, sizeof(*prefixes));
	struct sweep sweep = { .builder = builder,
			       .starts = { pr_policy_builder_count(builder, PR_SECTION_STARTS),
					   0 } };

	if (!n)
		return sweep.starts;
	for (size_t i = 0; i < n; i++)
		prefixes[i] = prefix_of(builder, &keys[i]);
	qsort(prefixes, n, sizeof(*prefixes), compare_prefixes);
	start_at(&sweep, (struct number128){ 0 });
	for (size_t i = 0; i < n; i++) {
		close_before(&sweep, &prefixes[i].first);
		open_prefix(&sweep, &prefixes[i]);
	}
	close_before(&sweep, NULL);
	return sweep.starts;
}
