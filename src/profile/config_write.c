/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of a state file, as changes at run time write it. */
#include "profile/config_edit.h"

#include <ctype.h>
#include <libconfig.h>
#include <string.h>

static void put_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_runtime(FILE *out, const struct pr_document_runtime *runtime)
{
	fputs("\t{ rule = ", out);
	put_string(out, runtime->rule);
	fprintf(out, "; direction = \"%s\";", runtime->incoming ? "in" : "out");
	if (runtime->expires_s)
		fprintf(out, " expires = %lluL;", (unsigned long long)runtime->expires_s);
	if (runtime->until_reboot) {
		fputs(" until_reboot = true; boot_id = ", out);
		put_string(out, runtime->boot_id);
		fputc(';', out);
	}
	if (runtime->pid)
		fprintf(out, " pid = %d; start_time = %lluL;", (int)runtime->pid,
			(unsigned long long)runtime->start_time);
	fputs(" }", out);
}

bool pr_edit_same_rule(const struct pr_document_runtime *runtime,
		       const struct pr_config_change *change, const char *canonical)
{
	char text[PR_RULE_TEXT_SIZE];
	struct pr_rule_error error;
	struct pr_rule rule;

	return runtime->incoming == change->incoming &&
	       pr_rule_parse(runtime->rule, &rule, &error) == 0 &&
	       strcmp(pr_rule_format(&rule, text), canonical) == 0;
}

size_t pr_edit_put_rules(struct pr_edit *edit, const char *canonical)
{
	const struct pr_config_change *change = edit->change;
	const char *separator = "\nruntime = (\n";
	size_t n_same = 0;

	if (change->kind == PR_CHANGE_ADD_RULE) {
		struct pr_document_runtime runtime = {
			.rule = (char *)(uintptr_t)change->rule,
			.incoming = change->incoming,
			.expires_s = change->expires_s,
			.until_reboot = change->until_reboot,
			.boot_id = (char *)(uintptr_t)(edit->input->boot_id ? edit->input->boot_id
									    : ""),
			.pid = change->pid,
			.start_time = change->start_time,
		};

		fputs(separator, edit->out);
		put_runtime(edit->out, &runtime);
		separator = ",\n";
	}
	for (size_t i = 0; edit->current && i < edit->current->n_runtime; i++) {
		const struct pr_document_runtime *runtime = &edit->current->runtime[i];

		if (!pr_runtime_holds(edit->input, runtime))
			continue;
		if (*canonical && pr_edit_same_rule(runtime, change, canonical)) {
			n_same++;
			continue;
		}
		fputs(separator, edit->out);
		put_runtime(edit->out, runtime);
		separator = ",\n";
	}
	if (separator[0] == ',')
		fputs("\n);\n", edit->out);
	return n_same;
}

int pr_edit_put_settings(struct pr_edit *edit, const char *without)
{
	const struct pr_config_file *file = edit->current ? edit->current->file : NULL;
	char *text;
	config_t config;

	fputs("# Written by Portreeve at run time; change it with `portreeve`, not by hand.\n",
	      edit->out);
	if (!file) {
		if (edit->profile) {
			fputs("name = ", edit->out);
			put_string(edit->out, edit->profile);
			fputs(";\n", edit->out);
		}
		if (edit->new_path) {
			fputs("match = ( { path = ", edit->out);
			put_string(edit->out, edit->profile);
			fputs("; } );\n", edit->out);
		}
		return 0;
	}
	text = pr_strndup(file->text, file->len);
	config_init(&config);
	if (config_read_string(&config, text)) {
		config_setting_remove(config_root_setting(&config), "runtime");
		if (without)
			config_setting_remove(config_root_setting(&config), without);
		config_write(&config, edit->out);
	}
	config_destroy(&config);
	free(text);
	return 0;
}

int pr_edit_put_value(struct pr_edit *edit, const char *name, const char *value)
{
	PR_CLEANUP(pr_cleanup_free) char *line = NULL;
	config_t config;
	bool plain;

	for (const char *c = value; *c; c++)
		if (iscntrl((unsigned char)*c))
			return pr_config_fail(edit->error, NULL, 0,
					      "a value holds no control characters");
	line = pr_asprintf("%s = %s;\n", name, value);
	config_init(&config);
	plain = config_read_string(&config, line) &&
		config_setting_length(config_root_setting(&config)) == 1;
	config_destroy(&config);
	if (plain) {
		fputs(line, edit->out);
	} else {
		fprintf(edit->out, "%s = ", name);
		put_string(edit->out, value);
		fputs(";\n", edit->out);
	}
	return 0;
}
