/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `intel providers`: who is asked about entities, how it is with each, and what it is sent. */
#include "cli/cli.h"

#include <string.h>

static void print_text(const struct pr_cli *cli, const json_t *row, const char *key)
{
	const char *text = pr_cli_text(row, key);
	char clean[4608];

	/* a request may have several lines, which we wrote ourselves */
	for (size_t len; text && *text; text += len + (text[len] == '\n')) {
		char line[4608];

		len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		fprintf(cli->out, "  %-11s %s\n", key, pr_cli_clean(line, clean, sizeof(clean)));
		key = "";
	}
}

static void print_categories(const struct pr_cli *cli, const json_t *row)
{
	const json_t *category = json_object_get(row, "category");
	char clean[64];
	size_t i;
	json_t *one;

	if (json_is_string(category))
		fprintf(cli->out, " %s",
			pr_cli_clean(json_string_value(category), clean, sizeof(clean)));
	json_array_foreach(category, i, one) fprintf(
		cli->out, " %s", pr_cli_clean(json_string_value(one), clean, sizeof(clean)));
}

static void on_provider(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *known = pr_cli_text(row, "known"), *why = pr_cli_text(row, "why");
	const char *id = pr_cli_text(row, "id"), *state = pr_cli_text(row, "state");
	bool wanted = json_is_true(json_object_get(row, "wanted"));
	bool *any = context;
	char clean[256];

	*any = true;
	if (cli->json)
		return pr_cli_json(cli, row);
	fprintf(cli->out, "%s: %s\n", id ? pr_cli_clean(id, clean, sizeof(clean)) : "",
		!wanted ? "never asked, no rule or setting names its lists"
		: state ? state
			: "unknown");
	if (why && *why)
		fprintf(cli->out, "  %-11s %s\n", "failed last",
			pr_cli_clean(why, clean, sizeof(clean)));
	print_text(cli, row, "sends");
	fprintf(cli->out,
		"  %-11s %lld asked: %lld listed, %lld not, %lld failed, %lld late; %lld not "
		"asked\n",
		"answers", (long long)pr_cli_number(row, "asked"),
		(long long)pr_cli_number(row, "listed"),
		(long long)pr_cli_number(row, "not_listed"),
		(long long)pr_cli_number(row, "failed"), (long long)pr_cli_number(row, "late"),
		(long long)(pr_cli_number(row, "not_asked_open") +
			    pr_cli_number(row, "not_asked_full")));
	fprintf(cli->out, "  %-11s %.1f ms, at worst %.1f ms; a question waits %lld ms at most\n",
		"takes", (double)pr_cli_number(row, "mean_us") / 1000,
		(double)pr_cli_number(row, "worst_us") / 1000,
		(long long)pr_cli_number(row, "deadline_ms"));
	if (!known)
		return;
	fprintf(cli->out, "  %-11s %s", "said",
		strcmp(known, "no") == 0 ? "nothing yet"
					 : pr_cli_clean(known, clean, sizeof(clean)));
	print_categories(cli, row);
	fputc('\n', cli->out);
}

int pr_cli_intel_providers(const struct pr_cli *cli, int argc, char **argv)
{
	PR_CLEANUP(pr_cleanup_free) char *uri = NULL;
	bool any = false;
	int status;

	if (argc > 1)
		return pr_cli_usage_error("intel", "providers wants one entity, or none");
	uri = pr_cli_uri("/v1/intel/providers", "entity", argc ? argv[0] : NULL, NULL);
	status = pr_cli_get(cli, uri, on_provider, &any);
	if (status == PR_EXIT_OK && !any && !cli->json)
		fputs("no provider is configured: nothing is sent to anybody\n", cli->out);
	return status;
}
