/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

int pr_command_cut(const struct pr_cli *cli, int argc, char **argv)
{
	int n, status = PR_EXIT_OK;

	if (!pr_cli_options("cut", argc, argv, NULL, 0, &n))
		return PR_EXIT_USAGE;
	if (n == 0)
		return pr_cli_usage_error("cut",
					  "wants the numbers of links, as `links` shows them");
	for (int i = 0; i < n; i++) {
		const char *id = argv[i][0] == '#' ? argv[i] + 1 : argv[i];
		int one;

		if (!*id || strspn(id, "0123456789") != strlen(id))
			return pr_cli_usage_error("cut", "%s: wants numbers, as `links` shows them",
						  argv[i]);
		one = pr_cli_change(cli, json_pack("{s:s, s:s}", "verb", "cut", "id", id));

		if (one == PR_EXIT_NOT_RUNNING)
			return one;
		if (one)
			status = one;
	}
	return status;
}

int pr_command_reload(const struct pr_cli *cli, int argc, char **argv)
{
	int n;

	if (!pr_cli_options("reload", argc, argv, NULL, 0, &n))
		return PR_EXIT_USAGE;
	if (n)
		return pr_cli_usage_error("reload", "%s: no word is expected here", argv[0]);
	return pr_cli_change(cli, json_pack("{s:s}", "verb", "reload"));
}
