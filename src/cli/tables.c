/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables: apps, communications, links. The engine filters; here they are shown. */
#include "cli/cli.h"

#include <string.h>

static void event_row(const struct pr_cli *cli, const json_t *row, void *context)
{
	(void)context;
	pr_cli_row(cli, row);
}

static void app_row(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *path = pr_cli_text(row, "app.path"), *last = pr_cli_text(row, "last");
	char app[128], clean_app[128], clean[512];

	(void)context;
	if (cli->json)
		return pr_cli_json(cli, row);
	if (!path)
		path = pr_cli_text(row, "app.instance");
	fprintf(cli->out, "%-24s %4lld communications %5lld links  last %.8s  %s\n",
		pr_cli_clean(pr_cli_app(row, app, sizeof(app)), clean_app, sizeof(clean_app)),
		(long long)pr_cli_number(row, "communications"),
		(long long)pr_cli_number(row, "links"), last && strlen(last) > 19 ? last + 11 : "-",
		path ? pr_cli_clean(path, clean, sizeof(clean)) : "");
}

static int table(const struct pr_cli *cli, const char *command, const char *path, int argc,
		 char **argv,
		 void (*row)(const struct pr_cli *cli, const json_t *row, void *context))
{
	const char *app = NULL, *domain = NULL, *ip = NULL, *verdict = NULL;
	PR_CLEANUP(pr_cleanup_free) char *uri = NULL;
	bool active = false;
	const struct pr_cli_option options[] = {
		{ "app", &app, NULL },	       { "domain", &domain, NULL }, { "ip", &ip, NULL },
		{ "verdict", &verdict, NULL }, { "active", NULL, &active },
	};
	int n;

	if (!pr_cli_options(command, argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if (n)
		return pr_cli_usage_error(command, "%s: no word is expected here", argv[0]);
	if (verdict && !pr_cli_is_verdict(verdict))
		return pr_cli_usage_error(command, "--verdict is one of %s", PR_CLI_VERDICTS);
	uri = pr_cli_uri(path, "app", app, "domain", domain, "ip", ip, "verdict", verdict, "active",
			 active ? "1" : NULL, NULL);
	return pr_cli_get(cli, uri, row, NULL);
}

int pr_command_apps(const struct pr_cli *cli, int argc, char **argv)
{
	return table(cli, "apps", "/v1/apps", argc, argv, app_row);
}

int pr_command_communications(const struct pr_cli *cli, int argc, char **argv)
{
	return table(cli, "communications", "/v1/communications", argc, argv, event_row);
}

int pr_command_links(const struct pr_cli *cli, int argc, char **argv)
{
	return table(cli, "links", "/v1/links", argc, argv, event_row);
}
