/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "same.h"

#include "base/error.h"

#include <string.h>

static void text(enum same *same, const char *base, const char *got)
{
	if (strcmp(base, got) == 0)
		return;
	if (*got)
		*same = OTHER;
	else if (*same == SAME)
		*same = LESS;
}

static void number(enum same *same, unsigned int base, unsigned int got)
{
	text(same, base ? (base == got ? "=" : "a") : "", got ? (base == got ? "=" : "b") : "");
}

static void names(enum same *same, const struct pr_seen *base, const struct pr_seen *got)
{
	if (got->n_names > base->n_names)
		*same = OTHER;
	for (unsigned int i = 0; i < got->n_names && i < base->n_names; i++)
		text(same, base->names[i], got->names[i]);
	if (got->n_names < base->n_names && *same == SAME)
		*same = LESS;
}

enum same same_as(const struct pr_seen *base, const struct pr_seen *got)
{
	static const uint16_t flags[] = { PR_SEEN_ECH, PR_SEEN_UPGRADED,    PR_SEEN_NAMELESS,
					  PR_SEEN_OLD, PR_SEEN_CERTIFICATE, PR_SEEN_SELF_ISSUED };
	enum same same = SAME;

	number(&same, base->speaks, got->speaks);
	number(&same, base->encryption, got->encryption);
	text(&same, base->version, got->version);
	names(&same, base, got);
	text(&same, base->alpn, got->alpn);
	text(&same, base->alpn_chosen, got->alpn_chosen);
	text(&same, base->ja4, got->ja4);
	text(&same, base->certificate_name, got->certificate_name);
	text(&same, base->issuer, got->issuer);
	for (size_t i = 0; i < PR_ARRAY_SIZE(flags); i++)
		number(&same, base->flags & flags[i], got->flags & flags[i]);
	return same;
}
