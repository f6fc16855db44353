/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "list_show.h"

#include <string.h>

static void append(struct list_shown *shown, const char *text)
{
	size_t len = strlen(shown->entries);

	snprintf(shown->entries + len, sizeof(shown->entries) - len, "%s", text);
}

static void show_entry(void *context, const struct pr_list_entry *entry)
{
	static const char *const heads[] = {
		[PR_LIST_NAME] = "=", [PR_LIST_ZONE] = ".", [PR_LIST_BELOW] = "*."
	};
	char text[PR_NAME_TEXT_SIZE + 8], prefix[PR_PREFIX_TEXT_SIZE];
	struct list_shown *shown = context;

	if (shown->entries[0])
		append(shown, " ");
	append(shown, entry->exception ? "@@" : "");
	if (entry->kind == PR_LIST_PREFIX)
		snprintf(text, sizeof(text), "%s", pr_prefix_format(&entry->prefix, prefix));
	else if (entry->kind == PR_LIST_ASN)
		snprintf(text, sizeof(text), "AS%u", entry->asn);
	else if (entry->kind == PR_LIST_COUNTRY)
		snprintf(text, sizeof(text), "%s", entry->country);
	else
		snprintf(text, sizeof(text), "%s%s", heads[entry->kind], entry->domain);
	append(shown, text);
	append(shown, entry->important ? "!" : "");
}

static void show_refused(void *context, uint32_t line, const char *text, size_t len,
			 const char *why)
{
	struct list_shown *shown = context;

	(void)line;
	(void)text;
	assert_true(len <= PR_LIST_LINE_MAX);
	snprintf(shown->why, sizeof(shown->why), "%s", why);
	shown->n_refused++;
}

int list_show(enum pr_list_format format, const char *text, size_t len,
	      struct list_shown *ret_shown)
{
	struct pr_list_ports ports = { ret_shown, show_entry, show_refused };
	struct pr_list_counts *counts = &ret_shown->counts;
	int r;

	memset(ret_shown, 0, sizeof(*ret_shown));
	r = pr_list_parse(format, text, len, &ports, counts);
	if (r < 0)
		return r;
	assert_int_equal(counts->lines, counts->taken + counts->comments + counts->refused);
	assert_int_equal(counts->refused, ret_shown->n_refused);
	assert_true(counts->exceptions <= counts->entries);
	return 0;
}

static void list_case(enum pr_list_format format, const struct list_case *c, const char *text)
{
	struct list_shown shown;

	assert_int_equal(list_show(format, text, strlen(text), &shown), 0);
	if (strcmp(shown.entries, c->entries) != 0)
		fail_msg("\"%s\" gives \"%s\", not \"%s\"", text, shown.entries, c->entries);
	if (!c->why != !shown.why[0] || (c->why && !strstr(shown.why, c->why)))
		fail_msg("\"%s\" is refused for \"%s\", not for \"%s\"", text, shown.why,
			 c->why ? c->why : "");
}

void list_cases(enum pr_list_format format, const struct list_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *dressed = pr_asprintf("\xef\xbb\xbf%s \r\n\r\n", cases[i].text);

		list_case(format, &cases[i], cases[i].text);
		list_case(format, &cases[i], dressed);
		free(dressed);
	}
}
