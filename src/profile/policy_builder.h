/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Builds a policy blob. Rules are added ruleset by ruleset, profile by profile; the indexes are made at the
 * end. For the compiler of the configuration and for tests.
 */
#pragma once

#include "profile/blob.h"
#include "profile/rule.h"

#include <stddef.h>
#include <stdint.h>

/* A growing array of records. */
struct pr_section {
	uint8_t *bytes;
	size_t n, n_allocated, record_size;
};

struct pr_policy_builder {
	struct pr_section sections[PR_SECTION_COUNT_];
};

struct pr_policy_builder *pr_policy_builder_new(void);
void pr_policy_builder_free(struct pr_policy_builder *builder);
static inline void pr_policy_builder_cleanup(struct pr_policy_builder **builder)
{
	pr_policy_builder_free(*builder);
}

/* Appends `n` records (NULL: zeroes); returns the number of the first. */
uint32_t pr_policy_builder_append(struct pr_policy_builder *builder, enum pr_blob_section section,
				  const void *records, size_t n);
/* The record with a number; moves with the next append. */
void *pr_policy_builder_record(struct pr_policy_builder *builder, enum pr_blob_section section,
			       uint32_t number);
uint32_t pr_policy_builder_count(const struct pr_policy_builder *builder,
				 enum pr_blob_section section);
/* The offset of a copy of the text. */
uint32_t pr_policy_builder_string(struct pr_policy_builder *builder, const char *text);

/* The number of the list with this id; a new one where there is none yet. */
uint32_t pr_policy_builder_list(struct pr_policy_builder *builder, const char *id);
/* Appends an upstream of the tunnel. */
void pr_policy_builder_tunnel(struct pr_policy_builder *builder,
			      const struct pr_policy_tunnel *tunnel);
/* Appends a rule; rulesets take what was appended since the one before. */
void pr_policy_builder_rule(struct pr_policy_builder *builder, const struct pr_rule *rule,
			    const char *text, const char *place);
/* Of the rule that was appended last: it doesn't hold for ever. */
void pr_policy_builder_rule_end(struct pr_policy_builder *builder, const struct pr_rule_end *end);
/* Ends a ruleset: its rules are those from `first` on. Rulesets come in the order of the profiles. */
void pr_policy_builder_ruleset(struct pr_policy_builder *builder, uint32_t first);

/* Makes the indexes and hands over the blob. 0, or -EFBIG beyond PR_BLOB_LEN_MAX. */
PR_MUST_USE int pr_policy_builder_finish(struct pr_policy_builder *builder, uint8_t **ret_bytes,
					 size_t *ret_len);

/* Inside: parts of the index, made by pr_policy_builder_finish(). */

/* A key with its rules, ascending. */
struct pr_key_rules {
	uint32_t kind;
	uint32_t value; /* a string, or the value; of a prefix: a rule that has it */
	uint32_t len;
	uint32_t *rules;
	uint32_t n_rules, n_allocated;
};

void pr_policy_builder_index(struct pr_policy_builder *builder, uint32_t ruleset);
uint32_t pr_policy_builder_ref(struct pr_policy_builder *builder, const uint32_t *rules, size_t n);
/* The prefixes of one family: the starts. */
struct pr_blob_span pr_policy_builder_prefixes(struct pr_policy_builder *builder,
					       struct pr_key_rules *keys, size_t n);
/* The automaton's states; their numbers count from the first of these. */
struct pr_blob_span pr_policy_builder_automaton(struct pr_policy_builder *builder,
						struct pr_key_rules *keys, size_t n);
