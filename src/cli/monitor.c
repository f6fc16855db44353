/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

struct filter {
	const char *app, *domain, *ip, *verdict;
	bool all;
	unsigned long n_left; /* 0 = no end */
};

static bool contains(const json_t *event, const char *path, const char *wanted)
{
	const char *text = pr_cli_text(event, path);

	return text && strcmp(text, wanted) == 0;
}

static bool wanted(const struct filter *filter, const json_t *event)
{
	if (filter->app && !contains(event, "app.profile", filter->app) &&
	    !contains(event, "app.path", filter->app))
		return false;
	if (filter->domain && !contains(event, "entity.domain", filter->domain))
		return false;
	if (filter->ip && !contains(event, "entity.ip", filter->ip))
		return false;
	return !filter->verdict || contains(event, "verdict", filter->verdict);
}

/* A question's own link to our nameserver: the question's lines say it all. */
static bool is_said_twice(const json_t *event)
{
	return contains(event, "verdict", "reroute-nameserver");
}

static bool on_event(const struct pr_cli *cli, const json_t *event, void *context)
{
	struct filter *filter = context;

	if (!wanted(filter, event) || (!filter->all && is_said_twice(event)))
		return true;
	pr_cli_event(cli, event);
	return filter->n_left == 0 || --filter->n_left > 0;
}

int pr_command_monitor(const struct pr_cli *cli, int argc, char **argv)
{
	struct filter filter = { 0 };
	const char *count = NULL;
	const struct pr_cli_option options[] = {
		{ "app", &filter.app, NULL }, { "domain", &filter.domain, NULL },
		{ "ip", &filter.ip, NULL },   { "verdict", &filter.verdict, NULL },
		{ "count", &count, NULL },    { "all", NULL, &filter.all },
	};
	int n;

	if (!pr_cli_options("monitor", argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if (n)
		return pr_cli_usage_error("monitor", "%s: no word is expected here", argv[0]);
	if (filter.verdict && !pr_cli_is_verdict(filter.verdict))
		return pr_cli_usage_error("monitor", "--verdict is one of %s", PR_CLI_VERDICTS);
	if (count) {
		char *end;

		filter.n_left = strtoul(count, &end, 10);
		if (*end || !filter.n_left)
			return pr_cli_usage_error("monitor", "--count %s: wants a number", count);
	}
	/* A program, and who asks for one verdict, gets what there is. */
	filter.all = filter.all || cli->json || filter.verdict;
	return pr_cli_events(cli, on_event, &filter);
}
