/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

int pr_command_intel(const struct pr_cli *cli, int argc, char **argv)
{
	int n;

	if (!pr_cli_options("intel", argc, argv, NULL, 0, &n))
		return PR_EXIT_USAGE;
	if (n >= 1 && strcmp(argv[0], "providers") == 0)
		return pr_cli_intel_providers(cli, n - 1, argv + 1);
	return pr_cli_usage_error("intel", "wants providers [ENTITY]");
}
