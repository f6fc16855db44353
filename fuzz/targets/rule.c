/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules from text: what is accepted has a canonical text that means the same; what is refused has a column
 * within the text, or just behind it. */
#include "profile/rule.h"

#include "../target.h"

#include <string.h>

#define TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char text[TEXT_MAX + 1], canonical[PR_RULE_TEXT_SIZE], again[PR_RULE_TEXT_SIZE];
	struct pr_rule_error error = { 0 };
	struct pr_rule rule;

	if (len > TEXT_MAX)
		return 0;
	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	if (pr_rule_parse(text, &rule, &error) < 0) {
		pr_assert(error.column >= 1 && error.column <= strlen(text) + 1);
		pr_assert(error.message[0]);
		return 0;
	}
	pr_rule_format(&rule, canonical);
	/* the longest rule can be longer in its canonical form than a text may be */
	if (strlen(canonical) > PR_RULE_TEXT_MAX)
		return 0;
	pr_assert(pr_rule_parse(canonical, &rule, &error) == 0);
	pr_assert(strcmp(pr_rule_format(&rule, again), canonical) == 0);
	return 0;
}
