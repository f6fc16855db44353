/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sentence that is put together from words: what reasons are made of. Internal to the room. */
#pragma once

#include "firewall/walk.h"

#include "intel/set.h"

/* A text that is cut off at its end, never overrun. */
struct pr_sentence {
	char *text;
	size_t size, len;
	const struct pr_intel_set *intel; /* which line of a list; NULL: not told */
};

void pr_sentence_add(struct pr_sentence *sentence, const char *format, ...) PR_PRINTF(2, 3);
void pr_sentence_add_application(struct pr_sentence *sentence, const struct pr_check_view *view);
/* "a country, the domain": their names, with commas. */
void pr_sentence_add_facts(struct pr_sentence *sentence, unsigned int facts);
/* With its text and its place. */
void pr_sentence_add_rule(struct pr_sentence *sentence, const struct pr_policy *policy,
			  uint32_t rule);
/* The narrowest rule that would permit this. */
void pr_sentence_add_exception(struct pr_sentence *sentence, const struct pr_check_view *view);

/* What is spoken to, for a sentence: its name, address or scope. */
const char *pr_entity_text(const struct pr_subject *subject, char text[PR_ADDRESS_TEXT_SIZE]);
const char *pr_scope_text(const struct pr_subject *subject); /* "the LAN", … */
