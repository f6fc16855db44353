/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings and keys by their names; where there is none, the name that was probably meant. */
#include "profile/setting.h"

#include <string.h>

#define NAME_MAX_LEN 32

/* How many characters to insert, delete or replace (Wagner and Fischer 1974); names only. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[NAME_MAX_LEN + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > NAME_MAX_LEN || b_len > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (unsigned int j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned int i = 1; i <= a_len; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (unsigned int j = 1; j <= b_len; j++) {
			unsigned int replace = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			if (replace < row[j])
				row[j] = replace;
		}
	}
	return row[b_len];
}

#define SUGGEST_WITHIN 3

/* Keeps the name that is closest so far. */
static void compare(const char *name, const char *known, unsigned int *best,
		    const char **suggestion)
{
	unsigned int d = distance(name, known);

	if (d < *best) {
		*best = d;
		*suggestion = known;
	}
}

bool pr_setting_find(const char *name, enum pr_setting_id *ret_id, const char **ret_suggestion)
{
	unsigned int best = SUGGEST_WITHIN + 1;

	*ret_suggestion = NULL;
	for (int i = 0; i < PR_SETTING_COUNT_; i++) {
		if (strcmp(name, pr_setting((enum pr_setting_id)i)->name) == 0) {
			*ret_id = (enum pr_setting_id)i;
			return true;
		}
		compare(name, pr_setting((enum pr_setting_id)i)->name, &best, ret_suggestion);
	}
	return false;
}

bool pr_setting_key_find(const struct pr_setting *setting, const char *name, unsigned int *ret_key,
			 const char **ret_suggestion)
{
	unsigned int best = SUGGEST_WITHIN + 1;

	*ret_suggestion = NULL;
	for (unsigned int i = 0; i < setting->n_keys; i++) {
		const char *known = setting->keys[i].name;

		if (!known)
			continue;
		if (strcmp(name, known) == 0) {
			*ret_key = i;
			return true;
		}
		compare(name, known, &best, ret_suggestion);
	}
	return false;
}
