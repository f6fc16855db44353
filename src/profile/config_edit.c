/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes at run time. A state file is machine-written: it is read into a document, changed there and
 * written anew, the run-time rules last. What came out is read again before it is handed on, so that a
 * change can never leave a file behind that the next start refuses.
 */
#include "profile/config_edit.h"

#include "base/hash.h"

#include <ctype.h>
#include <string.h>

#define RUNTIME_RULES_MAX 10000 /* of a file; more are refused */

void pr_config_edit_done(struct pr_config_edit *edit)
{
	free(edit->name);
	free(edit->text);
	*edit = (struct pr_config_edit){ 0 };
}

static bool matches_path_only(const struct pr_document *document, const char *path)
{
	for (size_t i = 0; i < document->n_matches; i++) {
		const struct pr_document_match *match = &document->matches[i];
		unsigned int n_keys = 0;

		for (int key = 0; key < PR_MATCH_KEY_COUNT_; key++)
			n_keys += match->keys[key] != NULL;
		if (n_keys == 1 && match->keys[PR_KEY_PATH] &&
		    strcmp(match->keys[PR_KEY_PATH], path) == 0)
			return true;
	}
	return false;
}

/* The profile that --app means: by name, else by the path that its match names, else a new one. */
static int find_profile(struct pr_edit *edit)
{
	const char *app = edit->change->app;

	for (size_t i = 0; i < edit->n_documents; i++)
		if (edit->documents[i]->profile &&
		    strcmp(pr_document_name(edit->documents[i]), app) == 0) {
			edit->profile = app;
			return 0;
		}
	for (size_t i = 0; i < edit->n_documents && app[0] == '/'; i++)
		if (edit->documents[i]->profile && matches_path_only(edit->documents[i], app)) {
			edit->profile = pr_document_name(edit->documents[i]);
			return 0;
		}
	edit->profile = app;
	edit->new_path = app[0] == '/';
	/* Whom it concerns stands in the text. */
	if (edit->change->kind == PR_CHANGE_REPLACE && *edit->change->text)
		return 0;
	if (edit->new_path || strcmp(app, "unknown") == 0 || strcmp(app, "kernel") == 0)
		return 0;
	pr_config_fail(edit->error, NULL, 0,
		       "there is no profile \"%.80s\"; name an executable by its whole path", app);
	return -ENOENT;
}

static void find_current(struct pr_edit *edit)
{
	for (size_t i = 0; i < edit->n_documents; i++) {
		struct pr_document *document = edit->documents[i];

		if (document->file->layer == PR_LAYER_STATE &&
		    document->profile == (edit->profile != NULL) &&
		    (!edit->profile || strcmp(pr_document_name(document), edit->profile) == 0))
			edit->current = document;
	}
}

static int check_setting(struct pr_edit *edit, const char *name)
{
	const char *suggestion = NULL;
	enum pr_setting_id id;

	if (!name || !pr_setting_find(name, &id, &suggestion))
		return pr_config_fail(edit->error, NULL, 0, "there is no setting \"%.80s\"%s%s%s",
				      name ? name : "", suggestion ? "; do you mean \"" : "",
				      suggestion ? suggestion : "", suggestion ? "\"?" : "");
	if (id == PR_SETTING_NAME || pr_setting(id)->where & (PR_ONLY_STATE | PR_NOT_STATE))
		return pr_config_fail(edit->error, NULL, 0, "%s can't be set at run time", name);
	return 0;
}

/* Where the files are compiled it is a warning only, for what was right once: here is who can put it right. */
static int check_tunnel(struct pr_edit *edit, const char *name)
{
	char known[160] = "none";
	size_t len = 0;

	for (size_t i = 0; *name && i < edit->n_documents; i++)
		for (size_t k = 0; k < edit->documents[i]->n_tunnels; k++) {
			const char *id = edit->documents[i]->tunnels[k].upstream.id;

			if (strcmp(id, name) == 0)
				return 0;
			if (len < sizeof(known))
				len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
							len ? ", " : "", id);
		}
	return !*name ? 0
		      : pr_config_fail(edit->error, NULL, 0,
				       "there is no tunnel_upstream \"%.80s\"; there are: %s", name,
				       known);
}

static int canonical_rule(struct pr_edit *edit, char *canonical)
{
	struct pr_rule_error error;
	struct pr_rule rule;

	if (pr_rule_parse(edit->change->rule ? edit->change->rule : "", &rule, &error) < 0)
		return pr_config_fail(edit->error, NULL, 0, "column %u of the rule: %s",
				      error.column, error.message);
	pr_rule_format(&rule, canonical);
	if (edit->change->kind == PR_CHANGE_ADD_RULE && edit->current &&
	    edit->current->n_runtime >= RUNTIME_RULES_MAX)
		return pr_config_fail(edit->error, NULL, 0,
				      "there are %d run-time rules already; remove some first",
				      RUNTIME_RULES_MAX);
	return edit->change->kind == PR_CHANGE_ADD_RULE ? check_tunnel(edit, rule.tunnel) : 0;
}

/* Where a rule that can't be removed stands. */
static int fail_not_there(struct pr_edit *edit, const char *canonical)
{
	enum pr_setting_id id = edit->change->incoming ? PR_SETTING_INCOMING : PR_SETTING_OUTGOING;

	for (size_t i = 0; i < edit->n_documents; i++) {
		const struct pr_document *document = edit->documents[i];
		const struct pr_document_texts *texts = &document->texts[id];

		if (document->profile != (edit->profile != NULL) ||
		    (edit->profile && strcmp(pr_document_name(document), edit->profile) != 0))
			continue;
		for (size_t k = 0; k < texts->n; k++) {
			struct pr_document_runtime runtime = { .rule = texts->items[k].text,
							       .incoming = edit->change->incoming };

			if (!pr_edit_same_rule(&runtime, edit->change, canonical))
				continue;
			pr_config_fail(edit->error, document->file, texts->items[k].line,
				       "the rule stands here, in a file that Portreeve never "
				       "writes; take it out there, then reload");
			return -ENOENT;
		}
	}
	pr_config_fail(edit->error, NULL, 0, "there is no run-time rule \"%.200s\" here",
		       canonical);
	return -ENOENT;
}

/* The topmost layer's file. */
static const struct pr_config_file *topmost(const struct pr_edit *edit)
{
	const struct pr_config_file *file = NULL;

	for (size_t i = 0; i < edit->n_documents; i++) {
		const struct pr_document *document = edit->documents[i];

		if (document->profile == (edit->profile != NULL) &&
		    (!edit->profile || strcmp(pr_document_name(document), edit->profile) == 0) &&
		    (!file || document->file->layer > file->layer))
			file = document->file;
	}
	return file;
}

static int write_file(struct pr_edit *edit)
{
	const struct pr_config_change *change = edit->change;
	const struct pr_config_file *file = edit->current ? edit->current->file : NULL;

	if (change->kind == PR_CHANGE_REPLACE) {
		fputs(change->text, edit->out);
		return 0;
	}
	if (change->kind == PR_CHANGE_EXPORT)
		file = topmost(edit);
	if (file) {
		fwrite(file->text, 1, file->len, edit->out);
		return 0;
	}
	if (change->kind == PR_CHANGE_SHOW)
		return pr_edit_put_settings(edit, NULL);
	pr_config_fail(edit->error, NULL, 0, "no file speaks of it");
	return -ENOENT;
}

static int write_change(struct pr_edit *edit)
{
	const struct pr_config_change *change = edit->change;
	bool setting = change->kind == PR_CHANGE_SET || change->kind == PR_CHANGE_UNSET;
	char canonical[PR_RULE_TEXT_SIZE] = "";
	int r = 0;

	if (change->kind >= PR_CHANGE_REPLACE)
		return write_file(edit);

	if (change->kind == PR_CHANGE_ADD_RULE || change->kind == PR_CHANGE_REMOVE_RULE)
		r = canonical_rule(edit, canonical);
	else if (setting)
		r = check_setting(edit, change->setting);
	if (r == 0)
		r = pr_edit_put_settings(edit, setting ? change->setting : NULL);
	if (r == 0 && change->kind == PR_CHANGE_SET)
		r = pr_edit_put_value(edit, change->setting, change->value ? change->value : "");
	if (r == 0 && pr_edit_put_rules(edit, canonical) == 0 &&
	    change->kind == PR_CHANGE_REMOVE_RULE)
		r = fail_not_there(edit, canonical);
	return r;
}

/* profiles/NAME.conf, with what a file's name is better without replaced, and a hash to keep it apart. */
static char *file_name(const struct pr_edit *edit)
{
	const char *profile = edit->profile, *base;
	char stem[41];
	size_t len = 0;

	if (edit->current)
		return pr_strdup(edit->current->file->name);
	if (!profile)
		return pr_strdup("portreeve.conf");
	base = strrchr(profile, '/') ? strrchr(profile, '/') + 1 : profile;
	for (; *base && len < sizeof(stem) - 1; base++)
		stem[len++] = isalnum((unsigned char)*base) ? (char)tolower(*base) : '-';
	stem[len] = '\0';
	return pr_asprintf("profiles/%s-%08x.conf", stem,
			   (unsigned int)pr_hash_seeded(profile, strlen(profile), 0));
}

static int check_result(struct pr_edit *edit, const struct pr_config_edit *result)
{
	struct pr_config_file file = { PR_LAYER_STATE, NULL, result->name, result->text,
				       result->len };
	struct pr_document *document = NULL;
	int r;

	/* What removes a file, or was read and not written. */
	if (!result->len || edit->change->kind > PR_CHANGE_REPLACE)
		return 0;
	r = pr_document_parse(&file, &document, edit->error);
	if (r < 0)
		return r;
	if (edit->profile && strcmp(pr_document_name(document), edit->profile) != 0)
		r = pr_config_fail(edit->error, &file, 0,
				   "its name is \"%.80s\" here, but \"%.80s\" is what is changed",
				   pr_document_name(document), edit->profile);
	if (r == 0 && edit->change->kind == PR_CHANGE_SET && document->set[PR_SETTING_TUNNEL] &&
	    strcmp(edit->change->setting, pr_setting(PR_SETTING_TUNNEL)->name) == 0)
		r = check_tunnel(edit, document->texts[PR_SETTING_TUNNEL].items[0].text);
	pr_document_free(document);
	return r;
}

/* The name of the profile that a text describes. */
static int name_in_text(struct pr_edit *edit)
{
	const char *text = edit->change->text;
	const struct pr_config_file file = { PR_LAYER_STATE, NULL, "profiles/import.conf", text,
					     strlen(text) };
	struct pr_document *document;
	int r = pr_document_parse(&file, &document, edit->error);

	if (r < 0)
		return r;
	edit->profile = edit->text_name = pr_strdup(pr_document_name(document));
	pr_document_free(document);
	return 0;
}

static int run(struct pr_edit *edit, struct pr_config_edit *result)
{
	int r = 0;

	edit->documents = pr_calloc(edit->input->n_files, sizeof(struct pr_document *));
	for (size_t i = 0; i < edit->input->n_files; i++) {
		r = pr_document_parse(&edit->input->files[i], &edit->documents[i], edit->error);
		if (r < 0)
			return r;
		edit->n_documents++;
	}
	if (edit->change->app)
		r = find_profile(edit);
	else if (edit->change->kind == PR_CHANGE_REPLACE && !edit->change->global)
		r = name_in_text(edit);
	if (r < 0)
		return r;
	find_current(edit);
	result->name = file_name(edit);
	edit->out = open_memstream(&result->text, &result->len);
	pr_assert(edit->out);
	r = write_change(edit);
	fclose(edit->out);
	return r < 0 ? r : check_result(edit, result);
}

int pr_config_apply(const struct pr_config_input *input, const struct pr_config_change *change,
		    struct pr_config_edit *ret_edit, struct pr_config_error *ret_error)
{
	struct pr_edit edit = { .input = input, .change = change, .error = ret_error };
	struct pr_config_edit result = { 0 };
	int r = run(&edit, &result);

	if (r == 0)
		*ret_edit = result;
	else
		pr_config_edit_done(&result);
	for (size_t i = 0; i < edit.n_documents; i++)
		pr_document_free(edit.documents[i]);
	free(edit.documents);
	free(edit.text_name);
	return r;
}
