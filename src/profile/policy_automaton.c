/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An Aho-Corasick automaton over the patterns of `*text*` rules (Communications of the ACM 18, 1975). With the
 * patterns sorted, a state is a range of patterns that share their beginning; numbering the ranges breadth
 * first puts the children of a state behind each other, and every fail link goes to a smaller number.
 */
#include "profile/policy_builder.h"

#include <stdlib.h>
#include <string.h>

struct pattern {
	const uint8_t *text;
	uint32_t len;
	const struct pr_key_rules *key;
};

/* A state while it is made: the patterns [low, high) share the first `depth` bytes. */
struct making {
	uint32_t low, high, depth;
	uint8_t byte;			/* that leads here */
	const struct pr_key_rules *key; /* of the pattern that ends here */
};

struct automaton {
	struct pr_blob_state *states;
	struct making *making;
	uint32_t n;
};

static int compare_patterns(const void *a, const void *b)
{
	const struct pattern *x = a, *y = b;
	uint32_t common = x->len < y->len ? x->len : y->len;
	int r = memcmp(x->text, y->text, common);

	return r ? r : (x->len > y->len) - (x->len < y->len);
}

static void add_children(struct automaton *automaton, const struct pattern *patterns,
			 uint32_t state)
{
	struct making range = automaton->making[state];
	struct pr_blob_state *parent = &automaton->states[state];

	if (range.low < range.high && patterns[range.low].len == range.depth) {
		automaton->making[state].key = patterns[range.low].key;
		range.low++;
	}
	parent->first_child = automaton->n;
	while (range.low < range.high) {
		uint8_t byte = patterns[range.low].text[range.depth];
		uint32_t end = range.low;

		while (end < range.high && patterns[end].text[range.depth] == byte)
			end++;
		automaton->making[automaton->n] =
			(struct making){ range.low, end, range.depth + 1, byte, NULL };
		automaton->states[automaton->n++] = (struct pr_blob_state){ .ref = PR_BLOB_NONE };
		parent->children |= UINT64_C(1) << pr_blob_symbol(byte);
		range.low = end;
	}
}

/* Where a state's child fails to: from the state's own fail on, the first that goes on with the byte. */
static void link_child(struct automaton *automaton, uint32_t state, uint32_t child)
{
	struct pr_blob_state *target = &automaton->states[child];
	uint32_t at = state, next = 0;

	while (at && !next) {
		at = automaton->states[at].fail;
		next = pr_blob_child(automaton->states, at, automaton->making[child].byte);
	}
	target->fail = next;
	target->first = automaton->making[child].key ? automaton->making[child].key->rules[0]
						     : PR_BLOB_NONE;
	target->suffix = automaton->making[next].key ? next : automaton->states[next].suffix;
	if (automaton->states[next].first < target->first)
		target->first = automaton->states[next].first;
}

static void build(struct automaton *automaton, const struct pattern *patterns, uint32_t n)
{
	automaton->making[0] = (struct making){ 0, n, 0, 0, NULL };
	automaton->states[0] = (struct pr_blob_state){ .ref = PR_BLOB_NONE, .first = PR_BLOB_NONE };
	automaton->n = 1;
	for (uint32_t state = 0; state < automaton->n; state++)
		add_children(automaton, patterns, state);
	for (uint32_t state = 0; state < automaton->n; state++) {
		uint32_t n_children =
			(uint32_t)__builtin_popcountll(automaton->states[state].children);

		for (uint32_t i = 0; i < n_children; i++)
			link_child(automaton, state, automaton->states[state].first_child + i);
	}
}

struct pr_blob_span pr_policy_builder_automaton(struct pr_policy_builder *builder,
						struct pr_key_rules *keys, size_t n)
{
	PR_CLEANUP(pr_cleanup_free) struct pattern *patterns = pr_calloc(n, sizeof(*patterns));
	PR_CLEANUP(pr_cleanup_free) struct pr_blob_state *states = NULL;
	PR_CLEANUP(pr_cleanup_free) struct making *making = NULL;
	const char *strings = (const char *)builder->sections[PR_SECTION_STRINGS].bytes;
	struct automaton automaton = { 0 };
	size_t n_states = 1;

	if (!n)
		return (struct pr_blob_span){ 0 };
	for (size_t i = 0; i < n; i++) {
		patterns[i] = (struct pattern){ (const uint8_t *)strings + keys[i].value,
						keys[i].len, &keys[i] };
		n_states += keys[i].len;
	}
	qsort(patterns, n, sizeof(*patterns), compare_patterns);
	automaton.states = states = pr_calloc(n_states, sizeof(*states));
	automaton.making = making = pr_calloc(n_states, sizeof(*making));
	build(&automaton, patterns, (uint32_t)n);
	for (uint32_t i = 0; i < automaton.n; i++)
		if (making[i].key)
			states[i].ref = pr_policy_builder_ref(builder, making[i].key->rules,
							      making[i].key->n_rules);
	return (struct pr_blob_span){ pr_policy_builder_append(builder, PR_SECTION_STATES, states,
							       automaton.n),
				      automaton.n };
}
