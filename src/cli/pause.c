/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

int pr_command_pause(const struct pr_cli *cli, int argc, char **argv)
{
	unsigned long seconds = 0;
	json_t *change;
	int n;

	if (!pr_cli_options("pause", argc, argv, NULL, 0, &n))
		return PR_EXIT_USAGE;
	if (n > 1 || (n == 1 && !pr_cli_duration(argv[0], &seconds)))
		return pr_cli_usage_error("pause",
					  "wants nothing, or a duration such as 30s, 5m, 2h");
	change = json_pack("{s:s}", "verb", "pause");
	if (seconds)
		json_object_set_new(change, "for", json_integer((json_int_t)seconds));
	return pr_cli_change(cli, change);
}

int pr_command_resume(const struct pr_cli *cli, int argc, char **argv)
{
	int n;

	if (!pr_cli_options("resume", argc, argv, NULL, 0, &n))
		return PR_EXIT_USAGE;
	if (n)
		return pr_cli_usage_error("resume", "%s: no word is expected here", argv[0]);
	return pr_cli_change(cli, json_pack("{s:s}", "verb", "resume"));
}
