/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parser's inside: a rule's text is cut into fields, each read by a function of its own. */
#pragma once

#include "profile/rule.h"

/* A field: borrowed bytes of the rule's text, not terminated. */
struct pr_rule_field {
	const char *text;
	size_t len;
};

struct pr_rule_parser {
	const char *text; /* the whole rule */
	struct pr_rule_error *error;
};

/* Notes an error at `at`, which points into the text. Returns -EINVAL. */
PR_MUST_USE int pr_rule_fail(struct pr_rule_parser *parser, const char *at, const char *format, ...)
	PR_PRINTF(3, 4);

PR_MUST_USE int pr_rule_parse_entity(struct pr_rule_parser *parser, struct pr_rule_field field,
				     struct pr_rule *rule);
PR_MUST_USE int pr_rule_parse_domain(struct pr_rule_parser *parser, struct pr_rule_field field,
				     struct pr_rule *rule);
PR_MUST_USE int pr_rule_parse_service(struct pr_rule_parser *parser, struct pr_rule_field field,
				      struct pr_rule *rule);

/* -EINVAL where the whole field is a word of the language and no host that anybody means: it says what to write instead. */
PR_MUST_USE int pr_rule_refuse_word(struct pr_rule_parser *parser, struct pr_rule_field field);
/* Is a name read as something else without a final dot? */
bool pr_rule_is_word(const char *name);
/* What a letter too many, too few or wrong makes of a word. */
bool pr_rule_word_is_close(const char *word, const char *known);

/* What inspection proves: the word for its number, PR_PROTO_…; and back, in any case of letters. */
const char *pr_seen_word(unsigned int proto);
bool pr_seen_word_find(const char *word, unsigned int *ret_proto);
/* The field up to the next `separator`, or all of it; moves `field` behind the separator.
 * *ret_more says whether there was one. */
struct pr_rule_field pr_rule_field_split(struct pr_rule_field *field, char separator,
					 bool *ret_more);
/* Copies the field with a zero into `text` of `size` bytes; false when it does not fit. */
bool pr_rule_field_copy(struct pr_rule_field field, char *text, size_t size);
bool pr_rule_field_is(struct pr_rule_field field, const char *word);
bool pr_rule_field_digits(struct pr_rule_field field);
/* A number of decimal digits up to `max`; false otherwise. */
bool pr_rule_field_number(struct pr_rule_field field, uint32_t max, uint32_t *ret_number);
/* For "%.*s": the field's beginning, short enough for a message. */
#define PR_FIELD_ARG(field) (int)((field).len > 60 ? 60 : (field).len), (field).text
