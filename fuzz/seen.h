/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What holds of everything that an inspector says of a conversation, and of what it says next. */
#pragma once

#include "base/error.h"
#include "inspection/inspector.h"

#include <string.h>

static inline void check_text(const char *text, size_t size)
{
	pr_assert(memchr(text, '\0', size) != NULL);
	for (; *text; text++)
		pr_assert((uint8_t)*text >= ' ' && *text != 0x7f);
}

static inline void check_name(const char *name)
{
	size_t len = strlen(name);

	check_text(name, PR_SEEN_NAME_SIZE);
	pr_assert(len && len < PR_SEEN_NAME_SIZE && name[0] != '.' && name[len - 1] != '.');
	pr_assert(!strstr(name, "..") && strspn(name, "abcdefghijklmnopqrstuvwxyz"
						      "0123456789-_.") == len);
}

static inline void check_seen(enum pr_look look, const struct pr_seen *seen)
{
	pr_assert(seen->speaks < PR_SPEAKS_COUNT_ && seen->n_names <= PR_SEEN_NAMES_MAX);
	for (unsigned int i = 0; i < seen->n_names; i++) {
		check_name(seen->names[i]);
		for (unsigned int k = 0; k < i; k++)
			pr_assert(strcmp(seen->names[i], seen->names[k]) != 0);
	}
	pr_assert(seen->n_names < 2 || (seen->flags & PR_SEEN_CONTRADICTS));
	pr_assert(strlen(seen->ja4) == 0 || strlen(seen->ja4) == 36);
	check_text(seen->ja4, sizeof(seen->ja4));
	check_text(seen->alpn, sizeof(seen->alpn));
	check_text(seen->alpn_chosen, sizeof(seen->alpn_chosen));
	check_text(seen->version, sizeof(seen->version));
	check_text(seen->certificate_name, sizeof(seen->certificate_name));
	check_text(seen->issuer, sizeof(seen->issuer));
	pr_assert(!seen->encryption || seen->why);
	pr_assert(look != PR_LOOK_DONE || seen->settled == PR_FACTS_SEEN);
	pr_assert(look != PR_LOOK_GOES_ON || seen->speaks);
	pr_assert(look != PR_LOOK_NOT_MINE || !seen->speaks);
}

/* Of the same conversation, longer by something. */
static inline void check_kept(const struct pr_seen *before, const struct pr_seen *after)
{
	pr_assert(!(before->settled & ~after->settled));
	if (before->settled & PR_FACT_SPEAKS)
		pr_assert(before->speaks == after->speaks);
	if (before->settled & PR_FACT_ENCRYPTION)
		pr_assert(before->encryption == after->encryption);
	if (before->settled & PR_FACT_CERTIFICATE)
		pr_assert(strcmp(before->certificate_name, after->certificate_name) == 0);
	if (!(before->settled & PR_FACT_NAME))
		return;
	pr_assert(before->n_names <= after->n_names && strcmp(before->ja4, after->ja4) == 0);
	for (unsigned int i = 0; i < before->n_names; i++)
		pr_assert(strcmp(before->names[i], after->names[i]) == 0);
}
