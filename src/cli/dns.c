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

/* An address, the domain that led there, who was told, and until when that counts. */
static void on_known(const struct pr_cli *cli, const json_t *row, void *context)
{
	const json_t *entity = json_object_get(row, "entity"), *app = json_object_get(row, "app");
	const char *path = pr_cli_text(app, "path"), *expires = pr_cli_text(row, "expires");
	const char *profile = pr_cli_text(app, "profile");
	char clean[1024];

	(void)context;
	if (cli->json)
		return pr_cli_json(cli, row);
	fprintf(cli->out, "%-40s %-40s %-32s %s\n", pr_cli_text(entity, "ip"),
		pr_cli_text(entity, "domain"),
		pr_cli_clean(path      ? path
			     : profile ? profile
				       : "everybody",
			     clean, sizeof(clean)),
		expires ? expires : "for good");
}

static void on_answer(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *flags = pr_cli_text(row, "flags"), *data = pr_cli_text(row, "data");
	const char *name = pr_cli_text(row, "name"), *rcode = pr_cli_text(row, "rcode");
	char clean[1024];

	(void)context;
	if (cli->json)
		return pr_cli_json(cli, row);
	fprintf(cli->out, "%-40s %-6s %6lld s  %-8s %s%s%s%s\n",
		pr_cli_clean(name ? name : "", clean, sizeof(clean)), pr_cli_text(row, "type"),
		(long long)json_integer_value(json_object_get(row, "ttl")), rcode ? rcode : "",
		data ? data : "", flags ? " (" : "", flags ? flags : "", flags ? ")" : "");
}

int pr_command_dns(const struct pr_cli *cli, int argc, char **argv)
{
	PR_CLEANUP(pr_cleanup_free) char *uri = NULL;
	const char *app = NULL, *domain = NULL, *address = NULL;
	const struct pr_cli_option options[] = {
		{ "app", &app, NULL },
		{ "domain", &domain, NULL },
		{ "ip", &address, NULL },
	};
	int n;

	if (!pr_cli_options("dns", argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if ((n == 2 || n == 3) && strcmp(argv[0], "query") == 0) {
		uri = pr_cli_uri("/v1/dns/query", "name", argv[1], "type", n == 3 ? argv[2] : "A",
				 "app", app, NULL);
		return pr_cli_get(cli, uri, on_row, NULL);
	}
	if (n == 1 && strcmp(argv[0], "cache") == 0) {
		uri = pr_cli_uri("/v1/dns/cache", "app", app, "domain", domain, "ip", address,
				 NULL);
		return pr_cli_get(cli, uri, on_known, NULL);
	}
	if (n == 2 && strcmp(argv[0], "cache") == 0 && strcmp(argv[1], "answers") == 0) {
		uri = pr_cli_uri("/v1/dns/answers", "domain", domain, NULL);
		return pr_cli_get(cli, uri, on_answer, NULL);
	}
	if (n == 1 && strcmp(argv[0], "flush") == 0)
		return pr_cli_change(cli, json_pack("{s:s}", "verb", "dns-flush"));
	return pr_cli_usage_error("dns", "wants query NAME [TYPE], cache, cache answers, or flush");
}
