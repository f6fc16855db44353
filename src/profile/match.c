/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/match.h"

#include <stdio.h>
#include <string.h>

static const char *const key_names[PR_MATCH_KEY_COUNT_] = {
	[PR_KEY_PATH] = "path",	      [PR_KEY_PATTERN] = "pattern",
	[PR_KEY_PACKAGE] = "package", [PR_KEY_CONTAINER] = "container",
	[PR_KEY_UNIT] = "unit",	      [PR_KEY_CGROUP] = "cgroup",
	[PR_KEY_USER] = "user",	      [PR_KEY_SCRIPT] = "script",
	[PR_KEY_CMDLINE] = "cmdline",
};

const char *pr_match_key_name(enum pr_match_key key)
{
	return key_names[key];
}

/* One literal or ? of the pattern against one character; moves the pattern on. */
static bool glob_one(const char **pattern, char c, bool flat)
{
	const char *p = *pattern;

	if (*p == '?') {
		*pattern = p + 1;
		return flat || c != '/';
	}
	if (*p == '\\' && p[1])
		p++;
	*pattern = p + 1;
	return *p && *p == c;
}

/* `*` any characters but '/', `**` any, `?` one but '/', a backslash takes the next as it is. With
 * `flat` slashes are characters like others. Time: text times pattern at most.
 *
 * Two places to go back to: behind the last ** and behind the last *. A * can't cross a slash, so only the
 * last one matters within a segment; when it is exhausted, the last ** takes one more character. */
static bool glob_match(const char *pattern, const char *text, bool flat)
{
	const char *star = NULL, *star_text = NULL, *any = NULL, *any_text = NULL;

	for (;;) {
		if (*pattern == '*') {
			bool crosses = flat || pattern[1] == '*';

			while (*pattern == '*')
				pattern++;
			if (crosses) {
				any = pattern;
				any_text = text;
				star = NULL;
			} else {
				star = pattern;
				star_text = text;
			}
			continue;
		}
		if (!*text && !*pattern)
			return true;
		if (*text && *pattern && glob_one(&pattern, *text, flat)) {
			text++;
			continue;
		}
		if (star && *star_text && *star_text != '/') {
			text = ++star_text;
			pattern = star;
		} else if (any && *any_text) {
			text = ++any_text;
			pattern = any;
			star = NULL;
		} else {
			return false;
		}
	}
}

static bool cgroup_holds(const char *pattern, const char *cgroup)
{
	char head[PR_MATCH_TEXT_MAX + 1];
	size_t len = strlen(cgroup);

	if (len > PR_MATCH_TEXT_MAX)
		return false;
	memcpy(head, cgroup, len + 1);
	/* the group itself, then each group above it */
	for (;;) {
		char *slash = strrchr(head, '/');

		if (glob_match(pattern, head, false))
			return true;
		if (!slash || slash == head)
			return false;
		*slash = '\0';
	}
}

static bool user_holds(const char *user, const struct pr_identity *identity)
{
	char number[16];

	if (identity->user && strcmp(user, identity->user) == 0)
		return true;
	if (identity->uid == (uid_t)-1)
		return false;
	snprintf(number, sizeof(number), "%u", (unsigned int)identity->uid);
	return strcmp(user, number) == 0;
}

static bool key_holds(enum pr_match_key key, const char *value, const struct pr_identity *identity)
{
	switch (key) {
	case PR_KEY_PATH:
		return identity->path && strcmp(value, identity->path) == 0;
	case PR_KEY_PATTERN:
		return identity->path && glob_match(value, identity->path, false);
	case PR_KEY_PACKAGE:
		return identity->package && glob_match(value, identity->package, true);
	case PR_KEY_CONTAINER:
		return identity->container && glob_match(value, identity->container, true);
	case PR_KEY_UNIT:
		return identity->unit && glob_match(value, identity->unit, true);
	case PR_KEY_CGROUP:
		return identity->cgroup && cgroup_holds(value, identity->cgroup);
	case PR_KEY_USER:
		return user_holds(value, identity);
	case PR_KEY_SCRIPT:
		return identity->script && glob_match(value, identity->script, false);
	case PR_KEY_CMDLINE:
		return identity->cmdline && glob_match(value, identity->cmdline, true);
	default:
		return false;
	}
}

bool pr_match_holds(const struct pr_match_entry *entry, const struct pr_identity *identity)
{
	bool some = false;

	for (int key = 0; key < PR_MATCH_KEY_COUNT_; key++) {
		if (!entry->keys[key])
			continue;
		if (!key_holds((enum pr_match_key)key, entry->keys[key], identity))
			return false;
		some = true;
	}
	return some;
}

#define LITERALS_MAX 0x3fffffu

uint32_t pr_match_score(const struct pr_match_entry *entry)
{
	uint32_t keys = 0, n_literals = 0;

	for (int key = 0; key < PR_MATCH_KEY_COUNT_; key++) {
		keys = keys << 1 | (entry->keys[key] != NULL);
		for (const char *c = entry->keys[key]; c && *c; c++)
			n_literals += *c != '*' && *c != '?' && *c != '\\';
	}
	return keys << (32 - PR_MATCH_KEY_COUNT_) |
	       (n_literals < LITERALS_MAX ? n_literals : LITERALS_MAX);
}

static bool exact(enum pr_match_key key)
{
	return key == PR_KEY_PATH || key == PR_KEY_USER;
}

/* Can one text fit both globs? Told from what stands before the first wildcard. */
static bool texts_overlap(enum pr_match_key key, const char *a, const char *b)
{
	size_t i = 0;

	if (exact(key))
		return strcmp(a, b) == 0;
	for (;; i++) {
		if (strchr("*?\\", a[i]) && a[i])
			return true;
		if (strchr("*?\\", b[i]) && b[i])
			return true;
		if (a[i] != b[i])
			return key == PR_KEY_CGROUP && (!a[i] || !b[i]);
		if (!a[i])
			return true;
	}
}

bool pr_match_overlaps(const struct pr_match_entry *a, const struct pr_match_entry *b)
{
	for (int key = 0; key < PR_MATCH_KEY_COUNT_; key++)
		if (a->keys[key] && b->keys[key] &&
		    !texts_overlap((enum pr_match_key)key, a->keys[key], b->keys[key]))
			return false;
	return true;
}
