/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/compiler_change.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int refuse(struct pr_config_error *error, const char *why)
{
	snprintf(error->text, sizeof(error->text), "%s", why);
	return -EINVAL;
}

static bool is_true(const char *text)
{
	return text && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
}

/* The edited text in place of the old one, or beside the others. */
static void put(struct pr_config_file **files, struct pr_config_input *input,
		const struct pr_config_edit *edit)
{
	struct pr_config_file *file = NULL;

	for (size_t i = 0; i < input->n_files && !file; i++)
		if ((*files)[i].layer == PR_LAYER_STATE &&
		    strcmp((*files)[i].name, edit->name) == 0)
			file = &(*files)[i];
	if (!file) {
		*files = pr_realloc(*files, input->n_files + 1, sizeof(**files));
		file = &(*files)[input->n_files++];
		*file = (struct pr_config_file){ .layer = PR_LAYER_STATE, .name = edit->name };
	}
	/* One that goes. */
	if (!edit->len) {
		*file = (*files)[--input->n_files];
		input->files = *files;
		return;
	}
	file->text = edit->text;
	file->len = edit->len;
	input->files = *files;
}

static int rule_change(const struct pr_pairs *pairs, const struct pr_config_input *input,
		       struct pr_config_change *change, struct pr_config_error *error)
{
	const char *until = pr_pairs_get(pairs, "until");
	uint64_t seconds = pr_pairs_number(pairs, "for", 0);

	change->rule = pr_pairs_get(pairs, "rule");
	change->incoming = is_true(pr_pairs_get(pairs, "in"));
	if (!change->rule)
		return refuse(error, "no rule is given");
	if (seconds)
		change->expires_s = input->now_s + seconds;
	if (until && strcmp(until, "reboot") == 0)
		change->until_reboot = true;
	else if (until && strcmp(until, "exit") == 0) {
		change->pid = (pid_t)pr_pairs_number(pairs, "pid", 0);
		change->start_time = pr_pairs_number(pairs, "start", 0);
		if (!change->pid)
			return refuse(error, "a rule until exit needs the process's id");
	} else if (until) {
		return refuse(error, "a rule holds until exit or reboot");
	}
	return 0;
}

static int setting_change(const struct pr_pairs *pairs, struct pr_config_change *change,
			  struct pr_config_error *error)
{
	change->setting = pr_pairs_get(pairs, "key");
	change->value = pr_pairs_get(pairs, "value");
	if (!change->setting)
		return refuse(error, "no setting is named");
	change->kind = change->value && *change->value ? PR_CHANGE_SET : PR_CHANGE_UNSET;
	return 0;
}

static int apply_one(struct pr_config_file **files, struct pr_config_input *input,
		     const struct pr_config_change *change, struct pr_config_edit *edit,
		     struct pr_config_error *error)
{
	struct pr_config_edit next = { 0 };
	int r = pr_config_apply(input, change, &next, error);

	if (r < 0)
		return r;
	if (next.name) {
		/* The texts live as long as the process, which ends after this change. */
		*edit = next;
		put(files, input, &next);
	}
	return 0;
}

/* A file of the state directory, whole. */
static int replace_file(struct pr_config_file **files, struct pr_config_input *input,
			const struct pr_pairs *pairs, struct pr_config_change *change,
			struct pr_config_edit *edit, struct pr_config_error *error)
{
	change->kind = PR_CHANGE_REPLACE;
	change->text = pr_pairs_get(pairs, "text");
	if (!change->text)
		return refuse(error, "no text is given");
	return apply_one(files, input, change, edit, error);
}

static int show_file(const struct pr_config_input *input, const struct pr_pairs *pairs,
		     struct pr_config_change *change, struct pr_config_edit *edit,
		     struct pr_config_error *error)
{
	change->kind = is_true(pr_pairs_get(pairs, "export")) ? PR_CHANGE_EXPORT : PR_CHANGE_SHOW;
	return pr_config_apply(input, change, edit, error);
}

int pr_compiler_apply(struct pr_config_file **files, struct pr_config_input *input,
		      const struct pr_pairs *pairs, struct pr_config_edit *ret_edit,
		      struct pr_config_error *ret_error)
{
	const char *verb = pr_pairs_get(pairs, "verb"), *app = pr_pairs_get(pairs, "app");
	bool global = app && strcmp(app, "global") == 0;
	struct pr_config_change change = { .app = app && *app && !global ? app : NULL,
					   .global = global };
	struct pr_config_change create = { .kind = PR_CHANGE_CREATE_PROFILE, .app = app };
	int r = 0;

	if (!verb || strcmp(verb, "reload") == 0 || strcmp(verb, "pause") == 0 ||
	    strcmp(verb, "resume") == 0)
		return 0;
	if (strcmp(verb, "profile-edit") == 0)
		return replace_file(files, input, pairs, &change, ret_edit, ret_error);
	if (strcmp(verb, "profile-text") == 0)
		return show_file(input, pairs, &change, ret_edit, ret_error);
	if (strcmp(verb, "rule-add") == 0 || strcmp(verb, "rule-remove") == 0) {
		change.kind =
			strcmp(verb, "rule-add") == 0 ? PR_CHANGE_ADD_RULE : PR_CHANGE_REMOVE_RULE;
		r = rule_change(pairs, input, &change, ret_error);
	} else if (strcmp(verb, "profile-set") == 0) {
		r = setting_change(pairs, &change, ret_error);
	} else {
		r = refuse(ret_error, "there is no such change");
	}
	if (r == 0 && app && *app == '/' && change.kind != PR_CHANGE_REMOVE_RULE)
		r = apply_one(files, input, &create, ret_edit, ret_error);
	return r < 0 ? r : apply_one(files, input, &change, ret_edit, ret_error);
}
