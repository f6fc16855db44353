/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of JSON, and what a terminal may be shown of them. */
#include "cli/cli.h"

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

/* What turns the direction of writing, and so what a reader takes for the end of a name: U+200E, U+200F, U+202A to
 * U+202E, U+2066 to U+2069; and the separators U+2028, U+2029. */
static bool is_direction(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	return c[0] == 0xe2 && ((c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f ||
						  (c[2] >= 0xa8 && c[2] <= 0xae))) ||
				(c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
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
		} else if (is_direction(text)) {
			buffer[used++] = '?';
			text += 2;
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
