/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/hosts.h"

#include "base/name.h"

#include <string.h>

#define BLANKS " \t\r"

struct parse {
	void (*pair)(void *context, const struct pr_address *address, const char *name);
	void *context;
	struct pr_hosts_counters counters;
};

static void parse_line(struct parse *parse, char *line)
{
	char name[PR_NAME_TEXT_SIZE], *at = NULL, *field, *percent;
	struct pr_address address;

	line[strcspn(line, "#")] = '\0';
	field = strtok_r(line, BLANKS, &at);
	if (!field)
		return;
	/* the zone of a link-local address is no part of it here */
	percent = strchr(field, '%');
	if (percent)
		*percent = '\0';
	if (pr_address_parse(field, &address) < 0) {
		parse->counters.n_passed_over++;
		return;
	}
	while ((field = strtok_r(NULL, BLANKS, &at))) {
		if (pr_name_canonical(field, name) < 0 ||
		    parse->counters.n_pairs == PR_HOSTS_PAIRS_MAX) {
			parse->counters.n_passed_over++;
			continue;
		}
		parse->counters.n_pairs++;
		parse->pair(parse->context, &address, name);
	}
}

void pr_hosts_parse(const char *text, size_t len,
		    void (*pair)(void *context, const struct pr_address *address, const char *name),
		    void *context, struct pr_hosts_counters *ret_counters)
{
	struct parse parse = { .pair = pair, .context = context };
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_len = (size_t)((newline ? newline : end) - text);
		char line[PR_HOSTS_LINE_MAX];

		if (line_len >= sizeof(line) || memchr(text, '\0', line_len)) {
			parse.counters.n_passed_over++;
		} else {
			memcpy(line, text, line_len);
			line[line_len] = '\0';
			parse_line(&parse, line);
		}
		text += line_len + (newline ? 1 : 0);
	}
	*ret_counters = parse.counters;
}
