/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/authority.h"

#include <string.h>

static const char *first_of(const struct pr_pairs *change, const char *key)
{
	const char *text = pr_pairs_get(change, key);

	return text ? text + strspn(text, " \t") : "";
}

static bool keys_differ(const struct pr_pairs *change)
{
	for (unsigned int i = 0; i < change->n; i++)
		for (unsigned int j = 0; j < i; j++)
			if (strcmp(change->pairs[i].key, change->pairs[j].key) == 0)
				return false;
	return true;
}

/* Only a rule that denies narrows: it stands first in its list. One that asks counts as widening, because
 * the answer may come from the same user. */
static enum pr_effect rule_add_effect(const struct pr_pairs *change)
{
	/* A profile made for a path takes the application out of a wider one's (a pattern's). */
	if (*first_of(change, "app") == '/')
		return PR_EFFECT_WIDENS;
	return *first_of(change, "rule") == '-' ? PR_EFFECT_NARROWS : PR_EFFECT_WIDENS;
}

static enum pr_effect answer_effect(const struct pr_pairs *change)
{
	return strcmp(first_of(change, "answer"), "deny") == 0 ? PR_EFFECT_NARROWS
							       : PR_EFFECT_WIDENS;
}

/* A list comes from where root said that it comes from, and would come by itself; one that was held back would not. */
static enum pr_effect intel_update_effect(const struct pr_pairs *change)
{
	return pr_pairs_get(change, "accept") ? PR_EFFECT_WIDENS : PR_EFFECT_NONE;
}

/* Taking any rule away may uncover a wider one behind it, so removals widen. */
static const struct pr_change_info changes[] = {
	{ "reload", PR_EFFECT_NONE, NULL, true },
	{ "rule-add", PR_EFFECT_WIDENS, rule_add_effect, true },
	{ "rule-remove", PR_EFFECT_WIDENS, NULL, true },
	{ "profile-edit", PR_EFFECT_WIDENS, NULL, true },
	{ "profile-text", PR_EFFECT_NONE, NULL, true },
	{ "profile-set", PR_EFFECT_WIDENS, NULL, true },
	{ "pause", PR_EFFECT_WIDENS, NULL, true },
	{ "resume", PR_EFFECT_NARROWS, NULL, true },
	{ "answer", PR_EFFECT_WIDENS, answer_effect, false },
	{ "cut", PR_EFFECT_NARROWS, NULL, false },
	{ "dns-flush", PR_EFFECT_NONE, NULL, false },
	{ "intel-update", PR_EFFECT_WIDENS, intel_update_effect, false },
};

const struct pr_change_info *pr_change_info(const char *verb)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(changes); i++)
		if (strcmp(changes[i].verb, verb) == 0)
			return &changes[i];
	return NULL;
}

const char *pr_authority_refuses(const struct pr_change_info *info, const struct pr_pairs *change,
				 const struct pr_peer *peer, uid_t root_uid, gid_t admin_gid)
{
	/* What is judged must be what is done: no key twice. */
	enum pr_effect effect = !keys_differ(change) ? PR_EFFECT_WIDENS
				: info->effect_of    ? info->effect_of(change)
						     : info->effect;

	if (peer->uid == root_uid)
		return NULL;
	if (admin_gid == (gid_t)-1 || !pr_peer_in_group(peer, admin_gid))
		return "only root and the group portreeve may change anything";
	if (effect == PR_EFFECT_WIDENS)
		return "what permits more needs root: a program that asks runs as the same user";
	return NULL;
}
