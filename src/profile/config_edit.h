/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of pr_config_apply(): a state file that is written anew. */
#pragma once

#include "profile/config_compile.h"

#include <stdio.h>

struct pr_edit {
	const struct pr_config_input *input;
	const struct pr_config_change *change;
	struct pr_config_error *error;
	struct pr_document **documents; /* owned, as many as files */
	size_t n_documents;
	const char *profile;	     /* NULL = global */
	char *text_name;	     /* owned: `profile` where the text alone names it */
	struct pr_document *current; /* the state file as it is; NULL = there is none */
	bool new_path;		     /* the profile is made for the path that it is called by */
	FILE *out;
};

/* ---- config_write.c: the parts of its text, into `out` ---- */

/* The run-time rules: the new one first, without those of its meaning and those that hold no longer.
 * `canonical` is that of the rule to add or remove, "" otherwise. Returns how many of it there were. */
size_t pr_edit_put_rules(struct pr_edit *edit, const char *canonical);
/* All settings of the state file but the run-time rules and `without` (NULL: no other). */
PR_MUST_USE int pr_edit_put_settings(struct pr_edit *edit, const char *without);
/* The value as libconfig reads it, or as a text where it reads nothing: --set default_action=ask. */
PR_MUST_USE int pr_edit_put_value(struct pr_edit *edit, const char *name, const char *value);
/* Does the change mean this rule? */
bool pr_edit_same_rule(const struct pr_document_runtime *runtime,
		       const struct pr_config_change *change, const char *canonical);
