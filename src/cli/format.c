/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <ctype.h>
#include <string.h>

#define PATH_STEP_MAX 64

void pr_cli_json(const struct pr_cli *cli, const json_t *object)
{
	json_dumpf(object, cli->out, JSON_COMPACT);
	fputc('\n', cli->out);
	fflush(cli->out);
}

static const json_t *walk(const json_t *object, const char *path)
{
	char step[PATH_STEP_MAX];

	while (object && *path) {
		size_t len = strcspn(path, ".");

		snprintf(step, sizeof(step), "%.*s", (int)len, path);
		object = json_object_get(object, step);
		path += path[len] ? len + 1 : len;
	}
	return object;
}

const char *pr_cli_text(const json_t *object, const char *path)
{
	return json_string_value(walk(object, path));
}

json_int_t pr_cli_number(const json_t *object, const char *path)
{
	return json_integer_value(walk(object, path));
}

const char *pr_cli_clean(const char *text, char *buffer, size_t size)
{
	size_t used = 0;

	for (; *text && used + 1 < size; text++) {
		unsigned char c = (unsigned char)*text;

		/* C0, DEL, and C1 (which UTF-8 writes as c2 80 to c2 9f) */
		if (c == 0xc2 && (unsigned char)text[1] < 0xa0) {
			buffer[used++] = '?';
			text++;
		} else {
			buffer[used++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
		}
		if (!*text)
			break;
	}
	buffer[used] = '\0';
	return buffer;
}

const char *pr_cli_plain(const struct pr_cli *cli)
{
	return cli->colour ? "\033[0m" : "";
}

const char *pr_cli_verdict_colour(const struct pr_cli *cli, const char *verdict)
{
	if (!cli->colour || !verdict)
		return "";
	if (strcmp(verdict, "accept") == 0)
		return "\033[32m";
	if (strcmp(verdict, "block") == 0 || strcmp(verdict, "drop") == 0)
		return "\033[31m";
	return "\033[33m";
}

const char *pr_cli_app(const json_t *event, char *text, size_t size)
{
	const char *profile = pr_cli_text(event, "app.profile");
	const char *path = pr_cli_text(event, "app.script");
	const char *container = pr_cli_text(event, "app.container");
	const char *name;

	if (!path)
		path = pr_cli_text(event, "app.path");
	if (!path)
		path = pr_cli_text(event, "app.shown_path");
	name = path && strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	/* A program without a profile of its own is called by its file. */
	if (!name || (profile && strcmp(profile, "global") != 0))
		name = profile ? profile : "unknown";
	snprintf(text, size, "%s%s%s", name, container ? "@" : "", container ? container : "");
	return text;
}

const char *pr_cli_entity(const json_t *event, char *text, size_t size)
{
	const char *domain = pr_cli_text(event, "entity.domain");
	const char *ip = pr_cli_text(event, "entity.ip");
	const char *proto = pr_cli_text(event, "entity.proto");
	json_int_t port = pr_cli_number(event, "entity.port");
	size_t used;

	/* A communication without a domain is with a class of addresses. */
	if (!domain && !ip)
		ip = pr_cli_text(event, "entity.scope");
	snprintf(text, size, "%s%s%s", domain ? domain : "", domain && ip ? " " : "", ip ? ip : "");
	used = strlen(text);
	if (proto && port)
		snprintf(text + used, size - used, " %s/%d", proto, (int)port);
	else if (proto)
		snprintf(text + used, size - used, " %s", proto);
	/* As rules write it. */
	for (char *at = text + used; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	return text;
}

static const char *arrow(const json_t *event)
{
	const char *direction = pr_cli_text(event, "direction");

	if (!direction)
		return "";
	return strcmp(direction, "in") == 0	   ? "<-"
	       : strcmp(direction, "forward") == 0 ? "=>"
						   : "->";
}

static void print_app_and_entity(const struct pr_cli *cli, const json_t *event)
{
	char app[128], clean_app[128], entity[512], clean_entity[512];
	json_int_t pid = pr_cli_number(event, "app.pid");

	pr_cli_clean(pr_cli_app(event, app, sizeof(app)), clean_app, sizeof(clean_app));
	pr_cli_clean(pr_cli_entity(event, entity, sizeof(entity)), clean_entity,
		     sizeof(clean_entity));
	fprintf(cli->out, "%s", clean_app);
	/* A communication belongs to all processes of its application. */
	if (pid)
		fprintf(cli->out, "[%lld]", (long long)pid);
	fprintf(cli->out, " %s %s", arrow(event), clean_entity);
}

static void print_decision(const struct pr_cli *cli, const json_t *event)
{
	const char *verdict = pr_cli_text(event, "verdict"), *stage = pr_cli_text(event, "stage");
	const char *reason = pr_cli_text(event, "reason");
	char clean[512];

	if (verdict)
		fprintf(cli->out, "  %s%s%s%s", pr_cli_verdict_colour(cli, verdict), verdict,
			json_is_true(json_object_get(event, "permanent")) ? " permanently" : "",
			pr_cli_plain(cli));
	if (stage)
		fprintf(cli->out, " at %s", stage);
	if (reason)
		fprintf(cli->out, ": %s", pr_cli_clean(reason, clean, sizeof(clean)));
}

static void print_counters(const struct pr_cli *cli, const json_t *event)
{
	if (!json_object_get(event, "bytes_sent"))
		return;
	fprintf(cli->out, "  sent %lld, received %lld bytes in %.3f s",
		(long long)pr_cli_number(event, "bytes_sent"),
		(long long)pr_cli_number(event, "bytes_received"),
		(double)pr_cli_number(event, "duration_ms") / 1000);
}

static void print_state(const struct pr_cli *cli, const json_t *event)
{
	const char *kind = pr_cli_text(event, "event");
	json_int_t n_links = pr_cli_number(event, "links");

	if (kind && strcmp(kind, "communication") == 0 && !pr_cli_text(event, "verdict"))
		fprintf(cli->out, "  each link is decided by itself");
	if (n_links)
		fprintf(cli->out, " (%lld link%s)", (long long)n_links, n_links == 1 ? "" : "s");
	if (json_is_true(json_object_get(event, "ended")))
		fprintf(cli->out, " (ended)");
}

void pr_cli_event(const struct pr_cli *cli, const json_t *event)
{
	const char *time = pr_cli_text(event, "time"), *kind = pr_cli_text(event, "event");
	const char *said = pr_cli_text(event, "text");
	char clean[512];

	if (cli->json)
		return pr_cli_json(cli, event);
	if (time && strlen(time) > 23)
		fprintf(cli->out, "%.12s ", time + 11);
	fprintf(cli->out, "%-13s #%-5lld ", kind ? kind : "",
		(long long)pr_cli_number(event, "id"));
	if (json_object_get(event, "app"))
		print_app_and_entity(cli, event);
	if (said)
		fprintf(cli->out, " %s", pr_cli_clean(said, clean, sizeof(clean)));
	print_decision(cli, event);
	print_state(cli, event);
	print_counters(cli, event);
	fputc('\n', cli->out);
	fflush(cli->out);
}
