/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A rule with $badfilter takes back the rule that is the same without it, wherever that stands in the list. So these
 * are looked for first; there are few, if any. Rules of other lists are not taken back: each list speaks for itself.
 */
#include "base/hash.h"
#include "intel/list_adblock.h"

#include <string.h>

#define WORD "badfilter"

/* The rule without the option; false where it has no such option. */
static bool without_badfilter(struct pr_list_text rule, char ret_rule[PR_LIST_LINE_MAX],
			      size_t *ret_len)
{
	const char *at = memmem(rule.bytes, rule.len, WORD, strlen(WORD));
	size_t before, behind;

	if (!at || at == rule.bytes)
		return false;
	before = (size_t)(at - rule.bytes) - 1; /* without the "$" or the "," */
	behind = rule.len - before - 1 - strlen(WORD);
	if (!strchr("$,", rule.bytes[before]) || !rule.bytes[before])
		return false;
	at += strlen(WORD);
	if (behind && *at != ',')
		return false;
	memcpy(ret_rule, rule.bytes, before);
	memcpy(ret_rule + before, at, behind);
	if (behind)
		ret_rule[before] = rule.bytes[before];
	*ret_len = before + behind;
	return true;
}

static void add(struct pr_list_badfilters *badfilters, struct pr_list_text rule, uint32_t line)
{
	char bare[PR_LIST_LINE_MAX];
	size_t len;

	if (rule.len > sizeof(bare) || !without_badfilter(rule, bare, &len))
		return;
	if (badfilters->n == PR_LIST_BADFILTERS_MAX) {
		badfilters->full = badfilters->full ? badfilters->full : line;
		return;
	}
	badfilters->rules[badfilters->n++] = (struct pr_list_badfilter){ pr_hash(bare, len), line };
}

static int by_hash(const void *a, const void *b)
{
	const struct pr_list_badfilter *left = a, *right = b;

	return left->hash < right->hash ? -1 : left->hash > right->hash;
}

struct pr_list_badfilters *pr_list_find_badfilters(struct pr_list_text list)
{
	struct pr_list_badfilters *badfilters;
	struct pr_list_text line;

	if (!memmem(list.bytes, list.len, WORD, strlen(WORD)))
		return NULL;
	badfilters = pr_calloc(1, sizeof(*badfilters));
	for (uint32_t number = 1; pr_list_next_line(&list, &line); number++)
		if (memmem(line.bytes, line.len, WORD, strlen(WORD)))
			add(badfilters, pr_list_trim(line), number);
	qsort(badfilters->rules, badfilters->n, sizeof(*badfilters->rules), by_hash);
	return badfilters;
}

uint32_t pr_list_taken_back(const struct pr_list_badfilters *badfilters, struct pr_list_text rule)
{
	const struct pr_list_badfilter *found;
	struct pr_list_badfilter key = { 0 };

	if (!badfilters)
		return 0;
	key.hash = pr_hash(rule.bytes, rule.len);
	found = bsearch(&key, badfilters->rules, badfilters->n, sizeof(key), by_hash);
	return found ? found->line : 0;
}
