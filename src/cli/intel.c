/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known about entities, by which lists; and the lists themselves. */
#include "cli/cli.h"

#include <string.h>

static const char *text_of(const json_t *row, const char *key, const char *otherwise)
{
	const char *text = pr_cli_text(row, key);

	return text ? text : otherwise;
}

/* "1 entry", "2 entries". */
static const char *count(json_int_t n, const char *one, const char *many, char text[48])
{
	snprintf(text, 48, "%lld %s", (long long)n, n == 1 ? one : many);
	return text;
}

static void bytes_text(json_int_t bytes, char *text, size_t size)
{
	if (bytes >= 1 << 20)
		snprintf(text, size, "%.1f MiB", (double)bytes / (1 << 20));
	else if (bytes >= 1 << 10)
		snprintf(text, size, "%.1f KiB", (double)bytes / (1 << 10));
	else
		snprintf(text, size, "%lld bytes", (long long)bytes);
}

/* ---- lists ---- */

static void line(const struct pr_cli *cli, const char *label, const char *text)
{
	char clean[1024];

	if (text && *text)
		fprintf(cli->out, "  %-10s %s\n", label, pr_cli_clean(text, clean, sizeof(clean)));
}

static void held_lines(const struct pr_cli *cli, const json_t *row)
{
	char text[200], n[48];

	if (!json_object_get(row, "held"))
		return;
	snprintf(text, sizeof(text), "%s, sha256 %s",
		 count(pr_cli_number(row, "held.entries"), "entry", "entries", n),
		 text_of(row, "held.sha256", "unknown"));
	line(cli, "held", text);
}

static void on_list(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *state = text_of(row, "state", "?"), *category = pr_cli_text(row, "category");
	bool is_geo = strcmp(text_of(row, "kind", ""), "geo") == 0;
	bool fine = strcmp(state, "fine") == 0;
	char clean[256], size[32], text[200], n[48];

	(void)context;
	if (cli->json)
		return pr_cli_json(cli, row);
	bytes_text(pr_cli_number(row, "bytes"), size, sizeof(size));
	fprintf(cli->out, "%s%s%s: %s%s%s, %s, %s",
		pr_cli_clean(text_of(row, "id", "?"), clean, sizeof(clean)), category ? " of " : "",
		category ? category : "", pr_cli_verdict_colour(cli, fine ? "accept" : "block"),
		state, pr_cli_plain(cli), text_of(row, "format", "auto"),
		count(pr_cli_number(row, "entries"), is_geo ? "range" : "entry",
		      is_geo ? "ranges" : "entries", n));
	if (pr_cli_number(row, "exceptions"))
		fprintf(cli->out, ", %s",
			count(pr_cli_number(row, "exceptions"), "of them an exception",
			      "of them exceptions", n));
	if (pr_cli_number(row, "refused"))
		fprintf(cli->out, ", %s",
			count(pr_cli_number(row, "refused"), "line refused", "lines refused", n));
	fprintf(cli->out, ", %s\n", size);
	line(cli, "from", pr_cli_text(row, "from"));
	line(cli, "error", pr_cli_text(row, "error"));
	line(cli, "sha256", pr_cli_text(row, "sha256"));
	held_lines(cli, row);
	snprintf(text, sizeof(text), "%.19s, checked %.19s, next %.19s",
		 text_of(row, "updated", "never"), text_of(row, "checked", "never"),
		 text_of(row, "next", "when it changes"));
	line(cli, "updated", text);
}

static void on_refused(const struct pr_cli *cli, const json_t *row, void *context)
{
	char text[512], why[256];

	(void)context;
	if (cli->json)
		return pr_cli_json(cli, row);
	fprintf(cli->out, "%8lld  %s\n          %s\n", (long long)pr_cli_number(row, "line"),
		pr_cli_clean(text_of(row, "text", ""), text, sizeof(text)),
		pr_cli_clean(text_of(row, "why", ""), why, sizeof(why)));
}

static int lists(const struct pr_cli *cli, int argc, char **argv)
{
	PR_CLEANUP(pr_cleanup_free) char *uri = NULL;
	bool refused = false;
	const struct pr_cli_option options[] = { { "refused", NULL, &refused } };
	int n;

	if (!pr_cli_options("intel", argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if (n > 1 || (refused && n != 1))
		return pr_cli_usage_error("intel", refused ? "lists --refused wants an ID"
							   : "lists wants an ID, or nothing");
	uri = pr_cli_uri("/v1/intel/lists", "id", n ? argv[0] : NULL, "refused",
			 refused ? "1" : NULL, NULL);
	return pr_cli_get(cli, uri, refused ? on_refused : on_list, NULL);
}

/* ---- update ---- */

static void on_updated(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *outcome = text_of(row, "outcome", "?"), *error = pr_cli_text(row, "error");
	bool *any_failed = context;
	char clean[512], n[48];

	if (strcmp(outcome, "failed") == 0 || strcmp(outcome, "held") == 0)
		*any_failed = true;
	if (cli->json)
		return pr_cli_json(cli, row);
	fprintf(cli->out, "%s: %s", pr_cli_clean(text_of(row, "id", "?"), clean, sizeof(clean)),
		outcome);
	if (json_object_get(row, "entries"))
		fprintf(cli->out, ", %s",
			count(pr_cli_number(row, "entries"), "entry", "entries", n));
	if (json_object_get(row, "entries_before"))
		fprintf(cli->out, " (before: %lld)",
			(long long)pr_cli_number(row, "entries_before"));
	if (error && *error)
		fprintf(cli->out, ": %s", pr_cli_clean(error, clean, sizeof(clean)));
	fputc('\n', cli->out);
	if (strcmp(outcome, "unchanged") != 0)
		line(cli, "sha256", pr_cli_text(row, "sha256"));
	held_lines(cli, row);
}

static int update(const struct pr_cli *cli, int argc, char **argv)
{
	bool accept = false, any_failed = false;
	const struct pr_cli_option options[] = { { "accept", NULL, &accept } };
	json_t *change;
	int n, status;

	if (!pr_cli_options("intel", argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if (n > 1 || (accept && n != 1))
		return pr_cli_usage_error("intel", accept ? "update --accept wants an ID"
							  : "update wants an ID, or nothing");
	change = json_pack("{s:s}", "verb", "intel-update");
	if (n)
		json_object_set_new(change, "id", json_string(argv[0]));
	if (accept)
		json_object_set_new(change, "accept", json_integer(1));
	status = pr_cli_change_told(cli, change, on_updated, &any_failed);
	return status == PR_EXIT_OK && any_failed ? PR_EXIT_FAILED : status;
}

/* ---- lookup ---- */

static void network_line(const struct pr_cli *cli, const json_t *row)
{
	json_int_t asn = pr_cli_number(row, "asn");
	char organisation[300], number[32];

	snprintf(number, sizeof(number), "AS%lld", (long long)asn);
	pr_cli_clean(text_of(row, "organisation", ""), organisation, sizeof(organisation));
	fprintf(cli->out, "%s: country %s, network %s%s%s\n", text_of(row, "address", "?"),
		text_of(row, "country", "unknown"), asn ? number : "unknown",
		*organisation ? " " : "", organisation);
}

static void on_known(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *list = pr_cli_text(row, "list"), *category = pr_cli_text(row, "category");
	bool *any = context, exception = json_is_true(json_object_get(row, "exception"));
	bool listed = json_is_true(json_object_get(row, "listed"));
	char of[300];

	*any = true;
	if (cli->json)
		return pr_cli_json(cli, row);
	if (!list)
		return network_line(cli, row);
	fprintf(cli->out, "%s%s%s%s%s%s: line %lld (%s) %s %s%s\n",
		pr_cli_verdict_colour(cli, listed ? "block" : "accept"), list, pr_cli_plain(cli),
		category ? " (" : "", category ? category : "", category ? ")" : "",
		(long long)pr_cli_number(row, "line"), text_of(row, "entry", "?"),
		exception ? "takes out" : "names",
		pr_cli_clean(text_of(row, "of", "?"), of, sizeof(of)),
		listed || exception ? "" : ", an exception takes it out");
}

/* What a provider said last of the entity, where it marks it. */
static void on_said(const struct pr_cli *cli, const json_t *row, void *context)
{
	const json_t *categories = json_object_get(row, "category"), *one;
	const char *known = pr_cli_text(row, "known");
	bool *any = context;
	char clean[256];
	size_t i;

	if (!known || strcmp(known, "listed") != 0)
		return;
	*any = true;
	fprintf(cli->out, "%s%s%s: the provider marks it", pr_cli_verdict_colour(cli, "block"),
		pr_cli_clean(text_of(row, "id", "?"), clean, sizeof(clean)), pr_cli_plain(cli));
	if (json_is_string(categories))
		fprintf(cli->out, ", %s",
			pr_cli_clean(json_string_value(categories), clean, sizeof(clean)));
	json_array_foreach(categories, i, one) fprintf(
		cli->out, ", %s", pr_cli_clean(json_string_value(one), clean, sizeof(clean)));
	fputc('\n', cli->out);
}

static int lookup(const struct pr_cli *cli, int argc, char **argv)
{
	PR_CLEANUP(pr_cleanup_free) char *uri = NULL;
	bool any = false;
	int n, status;

	if (!pr_cli_options("intel", argc, argv, NULL, 0, &n))
		return PR_EXIT_USAGE;
	if (n != 1 && n != 2)
		return pr_cli_usage_error("intel", "lookup wants a domain, an address, or both");
	uri = pr_cli_uri("/v1/intel", "entity", argv[0], "ip", n == 2 ? argv[1] : NULL, NULL);
	status = pr_cli_get(cli, uri, on_known, &any);
	if (status == PR_EXIT_OK && !cli->json) {
		free(uri);
		uri = pr_cli_uri("/v1/intel/providers", "entity", argv[0], NULL);
		status = pr_cli_get(cli, uri, on_said, &any);
	}
	if (status == PR_EXIT_OK && !any && !cli->json)
		fputs("on no list\n", cli->out);
	return status;
}

static int providers(const struct pr_cli *cli, int argc, char **argv)
{
	int n;

	if (!pr_cli_options("intel", argc, argv, NULL, 0, &n))
		return PR_EXIT_USAGE;
	return pr_cli_intel_providers(cli, n, argv);
}

int pr_command_intel(const struct pr_cli *cli, int argc, char **argv)
{
	if (argc && strcmp(argv[0], "lists") == 0)
		return lists(cli, argc - 1, argv + 1);
	if (argc && strcmp(argv[0], "update") == 0)
		return update(cli, argc - 1, argv + 1);
	if (argc && strcmp(argv[0], "lookup") == 0)
		return lookup(cli, argc - 1, argv + 1);
	if (argc && strcmp(argv[0], "providers") == 0)
		return providers(cli, argc - 1, argv + 1);
	return pr_cli_usage_error("intel", "wants lookup, lists, update or providers");
}
