/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

#define ID_COLUMN   16
#define KIND_COLUMN 10

/* "12.3 ms"; "-" where there is none yet. */
static const char *latency_of(const json_t *row, char text[24])
{
	json_int_t us = pr_cli_number(row, "latency_us");

	snprintf(text, 24, us ? "%.1f ms" : "-", (double)us / 1000);
	return text;
}

static void tunnel_row(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *id = pr_cli_text(row, "upstream"), *kind = pr_cli_text(row, "kind");
	const char *state = pr_cli_text(row, "state"), *why = pr_cli_text(row, "why");
	unsigned int *n = context;
	char latency[24], clean[512];
	bool ill = state && (strcmp(state, "down") == 0 || strcmp(state, "failing") == 0);
	const char *since = pr_cli_text(row, "since");

	if (cli->json)
		return pr_cli_json(cli, row);
	if (!(*n)++)
		fprintf(cli->out, "%-*s %-*s %-8s %10s %7s %9s %9s\n", ID_COLUMN, "name",
			KIND_COLUMN, "kind", "state", "latency", "links", "opened", "failed");
	fprintf(cli->out, "%-*s %-*s %s%-8s%s %10s %7lld %9lld %9lld\n", ID_COLUMN,
		id ? pr_cli_clean(id, clean, sizeof(clean)) : "", KIND_COLUMN, kind ? kind : "",
		pr_cli_verdict_colour(cli, ill ? "block" : "accept"), state ? state : "unknown",
		pr_cli_plain(cli), latency_of(row, latency), (long long)pr_cli_number(row, "links"),
		(long long)pr_cli_number(row, "opened"), (long long)pr_cli_number(row, "failed"));
	if (ill && since)
		fprintf(cli->out, "  since %.*sZ: %s\n", (int)strcspn(since, ".Z"), since,
			why ? pr_cli_clean(why, clean, sizeof(clean)) : "");
	else if (why && *why)
		fprintf(cli->out, "  failed last: %s\n", pr_cli_clean(why, clean, sizeof(clean)));
}

int pr_command_tunnels(const struct pr_cli *cli, int argc, char **argv)
{
	unsigned int n_rows = 0;
	int n, status;

	if (!pr_cli_options("tunnels", argc, argv, NULL, 0, &n))
		return PR_EXIT_USAGE;
	if (n)
		return pr_cli_usage_error("tunnels", "%s: no word is expected here", argv[0]);
	status = pr_cli_get(cli, "/v1/tunnels", tunnel_row, &n_rows);
	if (status == PR_EXIT_OK && !n_rows && !cli->json)
		fputs("no tunnel_upstream is configured\n", cli->out);
	return status;
}
