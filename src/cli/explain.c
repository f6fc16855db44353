/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/address.h"
#include "cli/cli.h"

#include <string.h>

/* Whether the way works now, and what becomes of the link if not. */
static void tunnel_line(const struct pr_cli *cli, const json_t *row)
{
	const char *tunnel = pr_cli_text(row, "tunnel"), *state = pr_cli_text(row, "tunnel_state");
	const char *why = pr_cli_text(row, "tunnel_why"), *since = pr_cli_text(row, "tunnel_since");
	const char *then = pr_cli_text(row, "tunnel_then");
	char id[128], clean[512];

	if (!tunnel || !state)
		return;
	fprintf(cli->out, "through `%s` (%s", pr_cli_clean(tunnel, id, sizeof(id)),
		strcmp(state, "unknown") == 0 ? "not used yet" : state);
	if (why)
		fprintf(cli->out, ": %s", pr_cli_clean(why, clean, sizeof(clean)));
	if (since)
		fprintf(cli->out, ", since %.*sZ", (int)strcspn(since, ".Z"), since);
	fprintf(cli->out, ")%s\n",
		!then			      ? ""
		: strcmp(then, "direct") == 0 ? ": would go without it (without_tunnel)"
					      : ": would be blocked");
}

struct shown {
	char stage[32];
	const char *entity, *app;
	bool is_domain;
};

static void on_line(const struct pr_cli *cli, const json_t *row, void *context)
{
	const char *stage = pr_cli_text(row, "stage"), *check = pr_cli_text(row, "check");
	const char *said = pr_cli_text(row, "said"), *text = pr_cli_text(row, "text");
	bool decides = json_is_true(json_object_get(row, "decided"));
	struct shown *shown = context;
	char clean[512];

	if (cli->json)
		return pr_cli_json(cli, row);
	if (json_is_true(json_object_get(row, "summary"))) {
		fprintf(cli->out, "%s at %s: %s\n", said ? said : "", stage ? stage : "",
			text ? pr_cli_clean(text, clean, sizeof(clean)) : "");
		tunnel_line(cli, row);
		if (said && strcmp(said, "open") == 0 && shown->is_domain)
			fprintf(cli->out,
				"(portreeve dns query %s%s%s: asks for its addresses and "
				"decides on them)\n",
				shown->entity, shown->app ? " --app " : "",
				shown->app ? shown->app : "");
		return;
	}
	/* What comes behind the decision is left out; a whole stage that does is a line. */
	if (check && said && strcmp(said, "not-reached") == 0)
		return;
	if (stage && strcmp(stage, shown->stage) != 0) {
		snprintf(shown->stage, sizeof(shown->stage), "%s", stage);
		fprintf(cli->out, "%s\n", stage);
	}
	fprintf(cli->out, "  %s %-22s ", decides ? "=>" : "  ", check ? check : "");
	if (text && *text)
		fprintf(cli->out, "%-16s %s\n", said ? said : "",
			pr_cli_clean(text, clean, sizeof(clean)));
	else
		fprintf(cli->out, "%s\n", said ? said : "");
}

int pr_command_explain(const struct pr_cli *cli, int argc, char **argv)
{
	const char *app = NULL, *uid = NULL, *service;
	const char *speaks = NULL, *encrypted = NULL, *name = NULL;
	PR_CLEANUP(pr_cleanup_free) char *uri = NULL, *proto = NULL;
	struct shown shown = { .stage = "" };
	bool incoming = false;
	const struct pr_cli_option options[] = {
		{ "app", &app, NULL },
		{ "uid", &uid, NULL },
		{ "in", NULL, &incoming },
		{ "speaks", &speaks, NULL },
		{ "encrypted", &encrypted, NULL },
		{ "name", &name, NULL },
	};
	const char *port = NULL;
	struct pr_address address;
	int n;

	if (!pr_cli_options("explain", argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if (n < 1 || n > 2)
		return pr_cli_usage_error("explain",
					  "wants an entity (a domain or an address) and may be a "
					  "protocol/port");
	shown.entity = argv[0];
	shown.app = app;
	shown.is_domain = pr_address_parse(argv[0], &address) < 0;
	if (n == 2) {
		service = argv[1];
		proto = pr_strndup(service, strcspn(service, "/"));
		port = strchr(service, '/') ? strchr(service, '/') + 1 : NULL;
	}
	uri = pr_cli_uri("/v1/explain", "entity", argv[0], "app", app, "uid", uid, "in",
			 incoming ? "1" : NULL, "proto", proto, "port", port, "speaks", speaks,
			 "encrypted", encrypted, "name", name, NULL);
	return pr_cli_get(cli, uri, on_line, &shown);
}
