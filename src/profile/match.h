/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which profile is a process's? An entry of a profile's `match` names one or more keys, all must hold. The
 * score says which entry is best: keys weigh as powers of two in the order below, so that an entry with a
 * stronger key always beats one without; between equal keys the longer literal text wins.
 */
#pragma once

#include "profile/identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From the strongest. What a program can forge of itself stands last: its command line, and the script
 * that is read from it. */
enum pr_match_key {
	PR_KEY_PATH,	  /* exactly this executable */
	PR_KEY_PATTERN,	  /* glob of the executable's path */
	PR_KEY_PACKAGE,	  /* glob */
	PR_KEY_CONTAINER, /* glob */
	PR_KEY_UNIT,	  /* glob */
	PR_KEY_CGROUP,	  /* glob; this group and all below */
	PR_KEY_USER,	  /* name or number */
	PR_KEY_SCRIPT,	  /* glob */
	PR_KEY_CMDLINE,	  /* glob in which * crosses slashes */
	PR_MATCH_KEY_COUNT_,
};

#define PR_MATCH_TEXT_MAX 4096 /* bytes of a key's value */

struct pr_match_entry {
	const char *keys[PR_MATCH_KEY_COUNT_]; /* NULL = the key does not count */
};

const char *pr_match_key_name(enum pr_match_key key);
bool pr_match_holds(const struct pr_match_entry *entry, const struct pr_identity *identity);
uint32_t pr_match_score(const struct pr_match_entry *entry);
/* True when some identity may fit both entries, as far as can be told from their texts. */
bool pr_match_overlaps(const struct pr_match_entry *a, const struct pr_match_entry *b);
