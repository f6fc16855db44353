/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An event or a row as one line for people. */
#include "cli/cli.h"

#include <ctype.h>
#include <string.h>

/* Of a line for people; what is longer pushes the rest to the right. */
#define VERDICT_COLUMN 8
#define KIND_COLUMN    14
#define NUMBER_COLUMN  10
#define APP_COLUMN     16
#define ENTITY_COLUMN  40

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

/* "example.com 93.184.215.14 tcp/443". */
static const char *entity_text(const json_t *event, char *text, size_t size)
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

/* What may still be written on this line: a terminal's is not broken. */
struct line {
	const struct pr_cli *cli;
	size_t left;
};

/* Writes at most what is left of the line, and at least `column` wide where there is room. */
static void put(struct line *line, const char *text, size_t column)
{
	size_t width = 0;

	for (; *text; text++) {
		bool begins = ((unsigned char)*text & 0xc0) != 0x80;

		if (begins && width == line->left)
			break;
		width += begins;
		fputc(*text, line->cli->out);
	}
	while (width < column && width < line->left) {
		fputc(' ', line->cli->out);
		width++;
	}
	line->left -= width;
}

/* As people call it; --json has the exact word. */
static const char *short_verdict(const json_t *event)
{
	const char *verdict = pr_cli_text(event, "verdict");

	if (!verdict)
		return "";
	if (strcmp(verdict, "reroute-nameserver") == 0)
		return "reroute";
	return strcmp(verdict, "reroute-tunnel") == 0 ? "tunnel" : verdict;
}

static void put_verdict(struct line *line, const json_t *event)
{
	const char *verdict = pr_cli_text(event, "verdict"), *tunnel = pr_cli_text(event, "tunnel");
	bool through = verdict && strcmp(verdict, "reroute-tunnel") == 0 && tunnel;
	char text[96], clean[80];

	snprintf(text, sizeof(text), "%s%s%s%s", short_verdict(event), through ? " " : "",
		 through ? pr_cli_clean(tunnel, clean, sizeof(clean)) : "", through ? " " : "");
	fputs(pr_cli_verdict_colour(line->cli, verdict), line->cli->out);
	put(line, text, VERDICT_COLUMN);
	fputs(pr_cli_plain(line->cli), line->cli->out);
}

static void put_kind(struct line *line, const json_t *event)
{
	const char *kind = pr_cli_text(event, "event"), *stage = pr_cli_text(event, "stage");
	char text[64];

	/* Decided once more, or a question: told by the stage that looked at it. */
	if (kind && strcmp(kind, "verdict") == 0)
		kind = stage && strcmp(stage, "inspection") == 0 ? stage : "again";
	else if (kind && stage && strcmp(kind, "dns") == 0)
		kind = stage;
	/* A prompt is shown to be answered, by its number. */
	if (kind && strcmp(kind, "prompt") == 0)
		snprintf(text, sizeof(text), "prompt #%lld ",
			 (long long)pr_cli_number(event, "id"));
	else
		snprintf(text, sizeof(text), "%s ", kind ? kind : "");
	put(line, text, KIND_COLUMN);
}

static void put_number(struct line *line, const json_t *event)
{
	char text[32];

	snprintf(text, sizeof(text), "#%lld ", (long long)pr_cli_number(event, "id"));
	put(line, text, NUMBER_COLUMN);
}

static void put_app_and_entity(struct line *line, const json_t *event)
{
	char app[128], clean[512], entity[512], text[1024], pid[24] = "";
	const char *said = pr_cli_text(event, "text");

	/* A communication belongs to all processes of its application. */
	if (pr_cli_number(event, "app.pid"))
		snprintf(pid, sizeof(pid), "[%lld]", (long long)pr_cli_number(event, "app.pid"));
	pr_cli_app(event, app, sizeof(app));
	snprintf(text, sizeof(text), "%s%s ", pr_cli_clean(app, clean, sizeof(clean)), pid);
	put(line, text, APP_COLUMN);
	snprintf(text, sizeof(text), "%s %s%s%s  ", arrow(event),
		 entity_text(event, entity, sizeof(entity)), said ? " " : "", said ? said : "");
	put(line, pr_cli_clean(text, clean, sizeof(clean)), ENTITY_COLUMN);
}

static void put_seen(struct line *line, const json_t *event)
{
	char seen[512], clean[512];

	if (!*pr_cli_seen(event, seen, sizeof(seen)))
		return;
	put(line, "[", 0);
	put(line, pr_cli_clean(seen, clean, sizeof(clean)), 0);
	put(line, "] ", 0);
}

static void put_reason(struct line *line, const json_t *event)
{
	const char *reason = pr_cli_text(event, "reason"), *said = pr_cli_text(event, "text");
	char clean[512];

	if (!json_object_get(event, "app") && said)
		put(line, pr_cli_clean(said, clean, sizeof(clean)), 0);
	if (!reason)
		return;
	fputs(line->cli->colour ? "\033[2m" : "", line->cli->out);
	if (json_is_true(json_object_get(event, "permanent")))
		put(line, "permanent; ", 0);
	put(line, pr_cli_clean(reason, clean, sizeof(clean)), 0);
	fputs(pr_cli_plain(line->cli), line->cli->out);
}

static void put_counters(struct line *line, const json_t *event)
{
	char text[128];

	snprintf(text, sizeof(text), "sent %lld, received %lld bytes in %.3f s",
		 (long long)pr_cli_number(event, "bytes_sent"),
		 (long long)pr_cli_number(event, "bytes_received"),
		 (double)pr_cli_number(event, "duration_ms") / 1000);
	put(line, text, 0);
}

static void put_state(struct line *line, const json_t *event)
{
	const char *kind = pr_cli_text(event, "event");
	json_int_t n_links = pr_cli_number(event, "links");
	char text[64];

	if (kind && strcmp(kind, "communication") == 0 && !pr_cli_text(event, "verdict"))
		put(line, "each link is decided by itself", 0);
	if (n_links) {
		snprintf(text, sizeof(text), " (%lld link%s)", (long long)n_links,
			 n_links == 1 ? "" : "s");
		put(line, text, 0);
	}
	if (json_is_true(json_object_get(event, "ended")))
		put(line, " (ended)", 0);
}

/* What is denied, or asked, is told whole, whatever the terminal's width. */
static bool is_cut(const json_t *event)
{
	const char *verdict = pr_cli_text(event, "verdict");

	return !verdict || strcmp(verdict, "accept") == 0 ||
	       strcmp(verdict, "reroute-nameserver") == 0 || strcmp(verdict, "reroute-tunnel") == 0;
}

/* Figures are the news of a link that ended or passes; of others it is why. */
static bool is_counted(const json_t *event)
{
	const char *kind = pr_cli_text(event, "event");

	if (!json_object_get(event, "bytes_sent") || (kind && strcmp(kind, "verdict") == 0))
		return false;
	return is_cut(event) || (kind && strcmp(kind, "end") == 0);
}

static void print(const struct pr_cli *cli, const json_t *event,
		  void (*put_second)(struct line *line, const json_t *event))
{
	struct line line = { cli, cli->width && is_cut(event) ? cli->width : SIZE_MAX };
	const char *time = pr_cli_text(event, "time");
	char clock[16];

	if (cli->json)
		return pr_cli_json(cli, event);
	if (time && strlen(time) > 23) {
		snprintf(clock, sizeof(clock), "%.12s ", time + 11);
		put(&line, clock, 0);
	}
	put_verdict(&line, event);
	put_second(&line, event);
	if (json_object_get(event, "app"))
		put_app_and_entity(&line, event);
	put_seen(&line, event);
	if (is_counted(event))
		put_counters(&line, event);
	else
		put_reason(&line, event);
	put_state(&line, event);
	fputc('\n', cli->out);
	fflush(cli->out);
}

void pr_cli_event(const struct pr_cli *cli, const json_t *event)
{
	print(cli, event, put_kind);
}

void pr_cli_row(const struct pr_cli *cli, const json_t *event)
{
	print(cli, event, put_number);
}
