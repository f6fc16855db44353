/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

static void on_row(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *key;
	json_t *value;

	(void)context;
	if (cli->json)
		return pr_cli_json(cli, row);
	if (json_object_get(row, "event"))
		return pr_cli_event(cli, row);
	json_object_foreach((json_t *)(uintptr_t)row, key, value)
	{
		char clean[1024];

		if (json_is_string(value))
			fprintf(cli->out, "%-10s %s\n", key,
				pr_cli_clean(json_string_value(value), clean, sizeof(clean)));
		else if (json_is_integer(value))
			fprintf(cli->out, "%-10s %lld\n", key,
				(long long)json_integer_value(value));
	}
}

int pr_command_dns(const struct pr_cli *cli, int argc, char **argv)
{
	PR_CLEANUP(pr_cleanup_free) char *uri = NULL;
	const char *app = NULL;
	const struct pr_cli_option options[] = { { "app", &app, NULL } };
	int n;

	if (!pr_cli_options("dns", argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if ((n == 2 || n == 3) && strcmp(argv[0], "query") == 0) {
		uri = pr_cli_uri("/v1/dns/query", "name", argv[1], "type", n == 3 ? argv[2] : "A",
				 "app", app, NULL);
		return pr_cli_get(cli, uri, on_row, NULL);
	}
	if (n >= 1 && n <= 2 && strcmp(argv[0], "flush") == 0) {
		json_t *change = json_pack("{s:s}", "verb", "dns-flush");

		if (n == 2)
			json_object_set_new(change, "name", json_string(argv[1]));
		return pr_cli_change(cli, change);
	}
	return pr_cli_usage_error("dns", "wants query NAME [TYPE], or flush [NAME]");
}
