/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

struct rule_options {
	const char *app, *duration;
	bool incoming, until_exit, until_reboot;
};

/* " until …", where the rule has an end. */
static void print_end(const struct pr_cli *cli, const json_t *row)
{
	const char *expires = pr_cli_text(row, "expires"), *until = pr_cli_text(row, "until");

	if (expires)
		fprintf(cli->out, "  until %.*sZ", (int)strcspn(expires, ".Z"), expires);
	if (until && strcmp(until, "exit") == 0)
		fprintf(cli->out, "  until process %lld exits",
			(long long)json_integer_value(json_object_get(row, "pid")));
	else if (until)
		fprintf(cli->out, "  until %s", until);
}

static void on_rule(const struct pr_cli *cli, const json_t *row, void *context)
{
	const bool *incoming = context;
	const char *direction = pr_cli_text(row, "direction");

	if (*incoming && direction && strcmp(direction, "in") != 0)
		return;
	if (cli->json)
		return pr_cli_json(cli, row);
	fprintf(cli->out, "%-3s %-16s %-40s %s", direction, pr_cli_text(row, "profile"),
		pr_cli_text(row, "rule"), pr_cli_text(row, "place"));
	print_end(cli, row);
	fputc('\n', cli->out);
}

static int rule_list(const struct pr_cli *cli, const struct rule_options *options)
{
	PR_CLEANUP(pr_cleanup_free)
	char *uri = pr_cli_uri("/v1/rules", "profile", options->app, NULL);
	bool incoming = options->incoming;

	return pr_cli_get(cli, uri, on_rule, &incoming);
}

static int rule_change(const struct pr_cli *cli, const char *verb, const char *rule,
		       const struct rule_options *options)
{
	json_t *change = json_pack("{s:s, s:s}", "verb", verb, "rule", rule);
	unsigned long seconds;

	if (options->duration && !pr_cli_duration(options->duration, &seconds)) {
		json_decref(change);
		return pr_cli_usage_error("rule",
					  "--for %s: wants a duration such as 30s, 5m, 2h, 1d",
					  options->duration);
	}
	if (options->app)
		json_object_set_new(change, "app", json_string(options->app));
	if (options->incoming)
		json_object_set_new(change, "in", json_true());
	if (options->duration)
		json_object_set_new(change, "for", json_integer((json_int_t)seconds));
	if (options->until_reboot)
		json_object_set_new(change, "until", json_string("reboot"));
	if (options->until_exit && !pr_cli_until_exit(options->app, change)) {
		json_decref(change);
		return PR_EXIT_FAILED;
	}
	return pr_cli_change(cli, change);
}

int pr_command_rule(const struct pr_cli *cli, int argc, char **argv)
{
	struct rule_options given = { 0 };
	const struct pr_cli_option options[] = {
		{ "app", &given.app, NULL },
		{ "for", &given.duration, NULL },
		{ "in", NULL, &given.incoming },
		{ "until-exit", NULL, &given.until_exit },
		{ "until-reboot", NULL, &given.until_reboot },
	};
	int n;

	if (argc > 0 && strcmp(argv[0], "test") == 0)
		return pr_cli_rule_test(cli, argc - 1, argv + 1);
	if (!pr_cli_options("rule", argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if (!!given.duration + given.until_exit + given.until_reboot > 1)
		return pr_cli_usage_error("rule",
					  "only one of --for, --until-exit, --until-reboot");
	if (n == 1 && strcmp(argv[0], "list") == 0)
		return rule_list(cli, &given);
	if (n == 2 && strcmp(argv[0], "add") == 0)
		return rule_change(cli, "rule-add", argv[1], &given);
	if (n == 2 && strcmp(argv[0], "remove") == 0)
		return rule_change(cli, "rule-remove", argv[1], &given);
	return pr_cli_usage_error("rule", "wants test, add or remove and one quoted rule, or list");
}
