/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

/* "2026-01-01T12:34:56.789012Z" → "12:34:56" */
static const char *clock_of(const json_t *row, const char *path, char text[9])
{
	const char *time = pr_cli_text(row, path);

	snprintf(text, 9, "%.8s", time && strlen(time) > 19 ? time + 11 : "-");
	return text;
}

static void attack_row(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *said = pr_cli_text(row, "text");
	char first[9], last[9], clean[512];
	unsigned int *n = context;

	++*n;
	if (cli->json)
		return pr_cli_json(cli, row);
	fprintf(cli->out, "%s to %s  %s\n", clock_of(row, "attack.first", first),
		clock_of(row, "attack.last", last),
		said ? pr_cli_clean(said, clean, sizeof(clean)) : "");
}

int pr_command_attacks(const struct pr_cli *cli, int argc, char **argv)
{
	const char *ip = NULL;
	PR_CLEANUP(pr_cleanup_free) char *uri = NULL;
	const struct pr_cli_option options[] = { { "ip", &ip, NULL } };
	unsigned int n_rows = 0;
	int n, status;

	if (!pr_cli_options("attacks", argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if (n)
		return pr_cli_usage_error("attacks", "%s: no word is expected here", argv[0]);
	uri = pr_cli_uri("/v1/attacks", "ip", ip, NULL);
	status = pr_cli_get(cli, uri, attack_row, &n_rows);
	if (status == PR_EXIT_OK && !n_rows && !cli->json)
		fputs("none in the last hour\n", cli->out);
	return status;
}
