/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROFILE_TEXT_MAX 32768 /* bytes of an edited profile */

static void on_profile(const struct pr_cli *cli, const json_t *row, void *context)
{
	(void)context;
	if (cli->json)
		return pr_cli_json(cli, row);
	fprintf(cli->out, "%-32s %3lld rules  default %s, incoming %s\n",
		pr_cli_text(row, "profile"), (long long)pr_cli_number(row, "rules"),
		pr_cli_text(row, "default_action"), pr_cli_text(row, "default_incoming"));
}

static void show_setting(const struct pr_cli *cli, const char *key, const json_t *value)
{
	size_t i;
	json_t *one;

	fprintf(cli->out, "  %-24s", key);
	if (json_is_array(value))
		json_array_foreach(value, i, one) fprintf(cli->out, " %s", json_string_value(one));
	else if (json_is_integer(value))
		fprintf(cli->out, " %lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		fprintf(cli->out, " %s", json_is_true(value) ? "true" : "false");
	else
		fprintf(cli->out, " %s", json_string_value(value));
	fputc('\n', cli->out);
}

static void on_shown(const struct pr_cli *cli, const json_t *row, void *context)
{
	json_t *rules = json_object_get(row, "rules"), *rule, *value;
	const char *key;
	size_t i;

	(void)context;
	if (cli->json)
		return pr_cli_json(cli, row);
	fprintf(cli->out, "%s\n", pr_cli_text(row, "profile"));
	json_object_foreach(json_object_get(row, "settings"), key, value)
		show_setting(cli, key, value);
	json_array_foreach(rules, i, rule)
		fprintf(cli->out, "  %-3s %-40s %s\n", pr_cli_text(rule, "direction"),
			pr_cli_text(rule, "rule"), pr_cli_text(rule, "place"));
}

/* A whole file, at most PROFILE_TEXT_MAX bytes; NULL: said why. The caller frees. */
static char *read_file(const char *path)
{
	PR_CLEANUP(pr_cleanup_fclose) FILE *file = fopen(path, "re");
	char *text = pr_calloc(1, PROFILE_TEXT_MAX + 1);
	size_t len = file ? fread(text, 1, PROFILE_TEXT_MAX + 1, file) : 0;

	if (file && !ferror(file) && len <= PROFILE_TEXT_MAX && !memchr(text, '\0', len)) {
		text[len] = '\0';
		return text;
	}
	fprintf(stderr, "portreeve: %s: %s\n", path,
		!file || ferror(file)	 ? strerror(errno)
		: len > PROFILE_TEXT_MAX ? "it is too long for a profile"
					 : "it is no text");
	free(text);
	return NULL;
}

/* `file` gets the name of the temporary file. False: said why. */
static bool run_editor(const char *text, char *file)
{
	const char *editor = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR");
	PR_CLEANUP(pr_cleanup_close) int fd = mkstemp(file);
	int status;
	pid_t pid;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		fprintf(stderr, "portreeve: %s: %s\n", file, strerror(errno));
		return false;
	}
	pid = fork();
	if (pid == 0) {
		execlp("sh", "sh", "-c", "exec ${0} \"$1\"", editor ? editor : "editor", file,
		       NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
		fprintf(stderr, "portreeve: the editor failed; nothing was changed (%s is kept)\n",
			file);
		return false;
	}
	return true;
}

static void keep_text(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *value = pr_cli_text(row, "text");
	char **text = context;

	(void)cli;
	free(*text);
	*text = pr_strdup(value ? value : "");
}

/* The file of the state directory, or with `export` of the layer that speaks first. */
static int profile_text(const struct pr_cli *cli, const char *name, bool export, char **ret_text)
{
	json_t *change = json_pack("{s:s, s:s}", "verb", "profile-text", "app", name);

	if (export)
		json_object_set_new(change, "export", json_string("1"));
	return pr_cli_change_told(cli, change, keep_text, ret_text);
}

static int profile_edit(const struct pr_cli *cli, const char *name)
{
	PR_CLEANUP(pr_cleanup_free) char *before = NULL;
	PR_CLEANUP(pr_cleanup_free) char *after = NULL;
	char file[] = "/tmp/portreeve-profile-XXXXXX";
	int status = profile_text(cli, name, false, &before);

	if (status != PR_EXIT_OK || !before)
		return status ? status : PR_EXIT_FAILED;
	/* Editors replace files: it is read by its name again. */
	if (!run_editor(before, file) || !(after = read_file(file)))
		return PR_EXIT_FAILED;
	if (strcmp(before, after) == 0) {
		fprintf(cli->out, "nothing was changed\n");
		unlink(file);
		return PR_EXIT_OK;
	}
	status = pr_cli_change(cli, json_pack("{s:s, s:s, s:s}", "verb", "profile-edit", "app",
					      name, "text", after));
	if (status == PR_EXIT_OK)
		unlink(file);
	else
		fprintf(stderr, "portreeve: nothing was changed; your text is kept in %s\n", file);
	return status;
}

static int profile_export(const struct pr_cli *cli, const char *name)
{
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	int status = profile_text(cli, name, true, &text);

	if (status == PR_EXIT_OK && text)
		fputs(text, cli->out);
	return status;
}

static int profile_import(const struct pr_cli *cli, const char *file)
{
	PR_CLEANUP(pr_cleanup_free) char *text = read_file(file);

	if (!text)
		return PR_EXIT_FAILED;
	return pr_cli_change(cli, json_pack("{s:s, s:s}", "verb", "profile-edit", "text", text));
}

int pr_command_profile(const struct pr_cli *cli, int argc, char **argv)
{
	PR_CLEANUP(pr_cleanup_free) char *uri = NULL;
	int n;

	if (!pr_cli_options("profile", argc, argv, NULL, 0, &n))
		return PR_EXIT_USAGE;
	if (n == 1 && strcmp(argv[0], "list") == 0)
		return pr_cli_get(cli, "/v1/profiles", on_profile, NULL);
	if (n == 2 && strcmp(argv[0], "show") == 0) {
		uri = pr_cli_uri("/v1/profiles", "profile", argv[1], NULL);
		return pr_cli_get(cli, uri, on_shown, NULL);
	}
	if (n == 2 && strcmp(argv[0], "edit") == 0)
		return profile_edit(cli, argv[1]);
	if (n == 2 && strcmp(argv[0], "export") == 0)
		return profile_export(cli, argv[1]);
	if (n == 2 && strcmp(argv[0], "import") == 0)
		return profile_import(cli, argv[1]);
	if (n == 4 && strcmp(argv[0], "set") == 0)
		return pr_cli_change(cli,
				     json_pack("{s:s, s:s, s:s, s:s}", "verb", "profile-set", "app",
					       argv[1], "key", argv[2], "value", argv[3]));
	return pr_cli_usage_error(
		"profile", "wants list, show NAME, edit NAME, export NAME, import FILE or set "
			   "NAME KEY VALUE");
}
