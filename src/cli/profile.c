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

/* The text that the user's editor leaves behind; NULL: said why. The caller frees. */
static char *edited(const char *text)
{
	const char *editor = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR");
	char file[] = "/tmp/portreeve-profile-XXXXXX", *result = NULL;
	PR_CLEANUP(pr_cleanup_close) int fd = mkstemp(file);
	ssize_t len;
	int status;
	pid_t pid;

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		fprintf(stderr, "portreeve: %s: %s\n", file, strerror(errno));
		return NULL;
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
		return NULL;
	}
	/* Editors replace files: read it by its name again. */
	close(fd);
	fd = -1;
	FILE *again = fopen(file, "re");
	if (again) {
		result = pr_calloc(1, PROFILE_TEXT_MAX + 1);
		len = (ssize_t)fread(result, 1, PROFILE_TEXT_MAX, again);
		result[len > 0 ? len : 0] = '\0';
		fclose(again);
	}
	unlink(file);
	return result;
}

static int profile_set_text(const struct pr_cli *cli, const char *name, const char *text)
{
	return pr_cli_change(cli, json_pack("{s:s, s:s, s:s}", "verb", "profile-edit", "app", name,
					    "text", text));
}

static void keep_text(const struct pr_cli *cli, const json_t *row, void *context)
{
	char **text = context;
	json_t *rule;
	size_t i;

	(void)cli;
	*text = pr_asprintf("# What is set here stands before the administrator's files.\n"
			    "name = \"%s\";\n# In force now:\n",
			    pr_cli_text(row, "profile"));
	json_array_foreach(json_object_get(row, "rules"), i, rule)
	{
		char *longer =
			pr_asprintf("%s#   %s %s (%s)\n", *text, pr_cli_text(rule, "direction"),
				    pr_cli_text(rule, "rule"), pr_cli_text(rule, "place"));

		free(*text);
		*text = longer;
	}
}

static int profile_edit(const struct pr_cli *cli, const char *name)
{
	PR_CLEANUP(pr_cleanup_free) char *uri = pr_cli_uri("/v1/profiles", "profile", name, NULL);
	PR_CLEANUP(pr_cleanup_free) char *before = NULL, *after = NULL;
	int status = pr_cli_get(cli, uri, keep_text, &before);

	if (status != PR_EXIT_OK || !before)
		return status ? status : PR_EXIT_FAILED;
	after = edited(before);
	if (!after)
		return PR_EXIT_FAILED;
	if (strcmp(before, after) == 0) {
		fprintf(cli->out, "nothing was changed\n");
		return PR_EXIT_OK;
	}
	return profile_set_text(cli, name, after);
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
	if (n == 4 && strcmp(argv[0], "set") == 0)
		return pr_cli_change(cli,
				     json_pack("{s:s, s:s, s:s, s:s}", "verb", "profile-set", "app",
					       argv[1], "key", argv[2], "value", argv[3]));
	return pr_cli_usage_error("profile",
				  "wants list, show NAME, edit NAME or set NAME KEY VALUE");
}
