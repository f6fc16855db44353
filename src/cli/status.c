/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

static bool is_so(const json_t *status, const char *object, const char *key)
{
	return json_is_true(json_object_get(json_object_get(status, object), key));
}

static void duration(json_int_t seconds, char *text, size_t size)
{
	if (seconds >= 86400)
		snprintf(text, size, "%lld d %lld h", (long long)(seconds / 86400),
			 (long long)(seconds / 3600 % 24));
	else if (seconds >= 3600)
		snprintf(text, size, "%lld h %lld min", (long long)(seconds / 3600),
			 (long long)(seconds / 60 % 60));
	else if (seconds >= 60)
		snprintf(text, size, "%lld min", (long long)(seconds / 60));
	else
		snprintf(text, size, "%lld s", (long long)seconds);
}

/* A line for each of the reason's. */
static void warn(const struct pr_cli *cli, const char *what, const char *why)
{
	PR_CLEANUP(pr_cleanup_free) char *lines = pr_strdup(why ? why : "");
	char *next = lines, *line, clean[512];

	while ((line = strsep(&next, "\n")))
		if (*line)
			fprintf(cli->out, "  %s%s%s %s\n", pr_cli_verdict_colour(cli, "block"),
				what, pr_cli_plain(cli), pr_cli_clean(line, clean, sizeof(clean)));
}

static void refused(const struct pr_cli *cli, const json_t *status)
{
	const char *why = pr_cli_text(status, "policy.refused");
	const char *since = pr_cli_text(status, "policy.refused_since");
	char text[160];

	if (!why)
		return;
	snprintf(text, sizeof(text),
		 "what runs is older than the files, which are refused since %.*sZ:",
		 since ? (int)strcspn(since, ".Z") : 0, since ? since : "");
	warn(cli, "configuration:", text);
	warn(cli, "configuration:", why);
}

static void paused(const struct pr_cli *cli, const json_t *status)
{
	char text[96];

	snprintf(text, sizeof(text), "everything is permitted for %lld s more (portreeve resume)",
		 (long long)pr_cli_number(status, "paused_for_s"));
	warn(cli, "paused:", json_object_get(status, "paused_for_s") ? text : NULL);
}

/* What goes wrong, or went: nothing is printed where all is well. */
static void troubles(const struct pr_cli *cli, const json_t *status)
{
	static const char *const children[] = { "engine", "resolver", "front", "tunnel" };
	json_int_t n_full = pr_cli_number(status, "queue.dropped_full") +
			    pr_cli_number(status, "queue.dropped_buffer");
	json_int_t n_gone = pr_cli_number(status, "table.removed_by_others");
	json_int_t n_refused = pr_cli_number(status, "resolver.refused_full");
	json_int_t n_missing = pr_cli_number(status, "lists.missing");
	json_int_t n_failing = pr_cli_number(status, "lists.failing");
	json_int_t n_held = pr_cli_number(status, "lists.held");
	char text[128];

	warn(cli, "failing:", pr_cli_text(status, "failing"));
	paused(cli, status);
	refused(cli, status);
	warn(cli, "policy:", pr_cli_text(status, "policy.warnings"));
	if (!is_so(status, "table", "in_force"))
		warn(cli, "table:", "not in force");
	snprintf(text, sizeof(text), "removed by others %lld times, away for %.3f s in all",
		 (long long)n_gone, (double)pr_cli_number(status, "table.away_total_us") / 1e6);
	warn(cli, "table:", n_gone ? text : NULL);
	snprintf(text, sizeof(text), "%lld packets were dropped because it was full",
		 (long long)n_full);
	warn(cli, "queue:", n_full ? text : NULL);
	snprintf(text, sizeof(text), "%lld questions were refused because it had too many",
		 (long long)n_refused);
	warn(cli, "resolver:", n_refused ? text : NULL);
	warn(cli, "tunnel:", pr_cli_text(status, "tunnel.pool_problem"));
	warn(cli, "lists:", pr_cli_text(status, "lists.error"));
	snprintf(text, sizeof(text), "%lld missing, %lld failing, %lld held back",
		 (long long)n_missing, (long long)n_failing, (long long)n_held);
	warn(cli, "lists:", n_missing || n_failing || n_held ? text : NULL);
	for (size_t i = 0; i < PR_ARRAY_SIZE(children); i++) {
		const json_t *child = json_object_get(status, children[i]);
		const char *state = pr_cli_text(child, "state");
		json_int_t n_deaths = pr_cli_number(child, "deaths");

		/* Not every policy has one. */
		if (!child)
			continue;

		snprintf(text, sizeof(text), "%s %s, died %lld times, %lld of them hung",
			 children[i], state ? state : "", (long long)n_deaths,
			 (long long)pr_cli_number(child, "hung"));
		if (n_deaths || !state || strcmp(state, "runs") != 0)
			warn(cli, "process:", text);
	}
}

static void lists(const struct pr_cli *cli, const json_t *status)
{
	json_int_t n_lists = pr_cli_number(status, "lists.configured");
	json_int_t n_geo = pr_cli_number(status, "lists.geo");

	if (n_lists || n_geo)
		fprintf(cli->out,
			"  lists      %lld with %lld entries, %lld geo sources (portreeve intel "
			"lists)\n",
			(long long)n_lists, (long long)pr_cli_number(status, "lists.entries"),
			(long long)n_geo);
}

/* Forged: what came to a question's port and was not its answer; a few are any network's strays. */
static void upstream(const struct pr_cli *cli, const json_t *status)
{
	json_int_t n_forged = pr_cli_number(status, "resolver.forged");

	fprintf(cli->out,
		"  upstream   %lld asked: %lld failed, %lld without an answer in time; %lld over "
		"TCP",
		(long long)pr_cli_number(status, "resolver.asked"),
		(long long)pr_cli_number(status, "resolver.failed"),
		(long long)pr_cli_number(status, "resolver.timed_out"),
		(long long)pr_cli_number(status, "resolver.over_tcp"));
	if (n_forged)
		fprintf(cli->out, "; %s%lld forged answers%s", pr_cli_verdict_colour(cli, "block"),
			(long long)n_forged, pr_cli_plain(cli));
	fputc('\n', cli->out);
}

static void attacks(const struct pr_cli *cli, const json_t *status)
{
	json_int_t n = pr_cli_number(status, "engine.attacks_now");

	if (n)
		fprintf(cli->out,
			"  %sattacks%s    %lld in the last hour, %lld sources blocked (portreeve "
			"attacks)\n",
			pr_cli_verdict_colour(cli, "block"), pr_cli_plain(cli), (long long)n,
			(long long)pr_cli_number(status, "engine.attackers_blocked_now"));
}

static void inspection(const struct pr_cli *cli, const json_t *status)
{
	json_int_t n_held = pr_cli_number(status, "engine.inspection_held_now");
	json_int_t n_contradicted = pr_cli_number(status, "engine.inspections_contradicted");
	json_int_t n_given_up = pr_cli_number(status, "engine.inspections_given_up_time") +
				pr_cli_number(status, "engine.inspections_given_up_room") +
				pr_cli_number(status, "engine.inspections_given_up_limit");

	if (!pr_cli_number(status, "engine.inspections"))
		return;
	fprintf(cli->out, "  inspection %lld links, %lld now; %lld without a result; %lld denied",
		(long long)pr_cli_number(status, "engine.inspections"),
		(long long)pr_cli_number(status, "engine.inspections_now"), (long long)n_given_up,
		(long long)pr_cli_number(status, "engine.inspection_denied"));
	if (n_held)
		fprintf(cli->out, "; %lld packets held", (long long)n_held);
	if (n_contradicted)
		fprintf(cli->out, "; %s%lld contradicted themselves%s",
			pr_cli_verdict_colour(cli, "block"), (long long)n_contradicted,
			pr_cli_plain(cli));
	fputc('\n', cli->out);
}

static void tunnel(const struct pr_cli *cli, const json_t *status)
{
	json_int_t n = pr_cli_number(status, "tunnel.upstreams");

	if (n)
		fprintf(cli->out,
			"  tunnel     %lld upstreams, %lld up; %lld links (portreeve tunnels)\n",
			(long long)n, (long long)pr_cli_number(status, "tunnel.up"),
			(long long)pr_cli_number(status, "tunnel.links"));
}

static void summary(const struct pr_cli *cli, const json_t *status)
{
	const char *version = pr_cli_text(status, "version");
	const char *failure = pr_cli_text(status, "failure"),
		   *kept = pr_cli_text(status, "table.kept");
	const char *why = pr_cli_text(status, "who.bpf_why");
	char up[64], clean[256];

	duration(pr_cli_number(status, "uptime_s"), up, sizeof(up));
	fprintf(cli->out, "portreeved %s, up %s: %s\n", version ? version : "?", up,
		is_so(status, "table", "in_force") ? "in force" : "NOT in force");
	troubles(cli, status);
	fprintf(cli->out, "  policy     number %lld, generation %lld; if the daemon dies: %s\n",
		(long long)pr_cli_number(status, "policy.serial"),
		(long long)pr_cli_number(status, "generation"), failure ? failure : "?");
	fprintf(cli->out, "  table      %s\n", kept ? kept : "?");
	fprintf(cli->out, "  owners     by %s%s%s%s\n",
		is_so(status, "who", "bpf") ? "BPF" : "sock_diag and /proc", why ? " (" : "",
		why ? pr_cli_clean(why, clean, sizeof(clean)) : "", why ? ")" : "");
	fprintf(cli->out, "  links      %lld now, of %lld communications; %lld cut, %lld ended\n",
		(long long)pr_cli_number(status, "engine.links_now"),
		(long long)pr_cli_number(status, "engine.communications_now"),
		(long long)pr_cli_number(status, "engine.links_cut"),
		(long long)pr_cli_number(status, "engine.links_ended"));
	fprintf(cli->out,
		"  packets    %lld looked at: %lld accepted, %lld blocked, %lld dropped, "
		"%lld rerouted; %lld wait\n",
		(long long)pr_cli_number(status, "engine.packets"),
		(long long)pr_cli_number(status, "engine.verdict_accept"),
		(long long)pr_cli_number(status, "engine.verdict_block"),
		(long long)pr_cli_number(status, "engine.verdict_drop"),
		(long long)pr_cli_number(status, "engine.verdict_reroute_nameserver"),
		(long long)pr_cli_number(status, "engine.parked_now"));
	fprintf(cli->out,
		"  questions  %lld: %lld answered, %lld denied, %lld failed; %lld names known\n",
		(long long)pr_cli_number(status, "engine.questions"),
		(long long)pr_cli_number(status, "engine.questions_answered"),
		(long long)(pr_cli_number(status, "engine.questions_denied_before") +
			    pr_cli_number(status, "engine.questions_denied_after")),
		(long long)pr_cli_number(status, "engine.questions_failed"),
		(long long)pr_cli_number(status, "engine.names_now"));
	inspection(cli, status);
	upstream(cli, status);
	tunnel(cli, status);
	lists(cli, status);
	attacks(cli, status);
	if (pr_cli_number(status, "engine.prompts_now"))
		fprintf(cli->out, "  prompts    %lld wait for an answer (portreeve answer)\n",
			(long long)pr_cli_number(status, "engine.prompts_now"));
}

/* Nested objects become indented sections; an empty counter is no news. */
static void show(const struct pr_cli *cli, const json_t *object, int indent)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		char clean[512];

		if (json_is_object(value)) {
			fprintf(cli->out, "%*s%s\n", indent, "", key);
			show(cli, value, indent + 2);
		} else if (json_is_string(value)) {
			fprintf(cli->out, "%*s%-32s %s\n", indent, "", key,
				pr_cli_clean(json_string_value(value), clean, sizeof(clean)));
		} else if (json_is_integer(value) && (json_integer_value(value) || indent == 0)) {
			fprintf(cli->out, "%*s%-32s %lld\n", indent, "", key,
				(long long)json_integer_value(value));
		} else if (json_is_boolean(value)) {
			fprintf(cli->out, "%*s%-32s %s\n", indent, "", key,
				json_is_true(value) ? "yes" : "no");
		} else if (json_is_array(value)) {
			size_t i;
			json_t *one;

			json_array_foreach(value, i, one)
			{
				if (json_is_string(one))
					fprintf(cli->out, "%*s%-32s %s\n", indent, "", i ? "" : key,
						pr_cli_clean(json_string_value(one), clean,
							     sizeof(clean)));
			}
		}
	}
}

static void on_status(const struct pr_cli *cli, const json_t *status, void *context)
{
	const bool *all = context;

	if (cli->json)
		return pr_cli_json(cli, status);
	summary(cli, status);
	if (*all)
		show(cli, status, 2);
}

int pr_command_status(const struct pr_cli *cli, int argc, char **argv)
{
	bool all = false;
	const struct pr_cli_option options[] = { { "all", NULL, &all } };
	int n;

	if (!pr_cli_options("status", argc, argv, options, PR_ARRAY_SIZE(options), &n))
		return PR_EXIT_USAGE;
	if (n)
		return pr_cli_usage_error("status", "%s: no word is expected here", argv[0]);
	return pr_cli_get(cli, "/v1/status", on_status, &all);
}
