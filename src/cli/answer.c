/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

static void on_prompt(const struct pr_cli *cli, const json_t *row, void *context)
{
	unsigned int *n = context;

	(*n)++;
	pr_cli_event(cli, row);
}

static int list_prompts(const struct pr_cli *cli)
{
	unsigned int n = 0;
	int status = pr_cli_get(cli, "/v1/prompts", on_prompt, &n);

	if (status == PR_EXIT_OK && n == 0 && !cli->json)
		fprintf(cli->out, "no prompt is open\n");
	return status;
}

int pr_command_answer(const struct pr_cli *cli, int argc, char **argv)
{
	const char *scope = NULL, *duration = NULL;
	const struct pr_cli_option options[] = {
		{ "scope", &scope, NULL },
		{ "for", &duration, NULL },
	};
	unsigned long seconds;
	json_t *change;
	int n;

	if (!pr_cli_options("answer", argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if (n == 0)
		return list_prompts(cli);
	if (n != 2 || (strcmp(argv[1], "permit") != 0 && strcmp(argv[1], "deny") != 0))
		return pr_cli_usage_error("answer", "wants the prompt's number and permit or deny");
	if (duration && !pr_cli_duration(duration, &seconds))
		return pr_cli_usage_error(
			"answer", "--for %s: wants a duration such as 30s, 5m, 2h, 1d", duration);
	change = json_pack("{s:s, s:s, s:s}", "verb", "answer", "id", argv[0], "answer", argv[1]);
	if (scope)
		json_object_set_new(change, "scope", json_string(scope));
	if (duration)
		json_object_set_new(change, "for", json_integer((json_int_t)seconds));
	return pr_cli_change(cli, change);
}
