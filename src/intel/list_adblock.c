/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Adblock's rules, as far as they concern whole domains (help.adblockplus.org "How to write filters", uBlock Origin's
 * static filter syntax, AdGuard's DNS filtering syntax):
 *
 *   ||name^       the name and all below     ||*.name^ .name^    all below
 *   |name^        exactly the name           |https://name^      the same
 *   name          exactly the name           0.0.0.0 name        a line of hosts
 *   ||192.0.2.    192.0.2.0/24               @@ before any       an exception
 *
 * An address in place of the name is an entry as well. All else, paths, wildcards within a name, regular expressions,
 * what hides parts of pages, is refused: the firewall sees none of it. What stands within !#if … !#endif holds for
 * some browsers only and is refused, too.
 */
#include "intel/list_adblock.h"

#include <string.h>

struct pattern {
	enum pr_list_entry_kind kind;
	struct pr_list_text name; /* not with PR_LIST_PREFIX */
	struct pr_prefix prefix;
};

/* "!#if", "!#include": a comment for whoever doesn't know it. */
static void read_directive(struct pr_list_reader *reader, struct pr_list_text line)
{
	if (pr_list_starts(line, "!#if"))
		reader->n_conditions++;
	else if (pr_list_starts(line, "!#endif") && reader->n_conditions)
		reader->n_conditions--;
	if (pr_list_starts(line, "!#include"))
		pr_list_refuse(reader, "another list is asked for; subscribe to that as well");
	else
		pr_list_comment(reader);
}

/* "##", "#@#", "#?#", "#$?#", "#%#", and "$$" of AdGuard's rules for HTML. */
static bool is_cosmetic(struct pr_list_text line)
{
	const char *end = line.bytes + line.len, *at = memchr(line.bytes, '#', line.len);

	for (; at; at = memchr(at, '#', (size_t)(end - at))) {
		const char *next = at + 1;

		while (next < end && strchr("@?$%", *next) && *next)
			next++;
		if (next < end && *next == '#')
			return true;
		at = next;
	}
	return memmem(line.bytes, line.len, "$$", 2) || memmem(line.bytes, line.len, "$@$", 3);
}

/* A rule can end in a comment behind a blank. */
static struct pr_list_text without_comment(struct pr_list_text line)
{
	const char *at = memmem(line.bytes, line.len, " #", 2);

	if (at)
		line.len = (size_t)(at - line.bytes);
	return pr_list_trim(line);
}

static bool is_word_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c & 0x80);
}

/* Without an anchor a pattern may stand anywhere in a URL; what has the form of a name is meant as one. */
static bool is_name_like(struct pr_list_text text)
{
	return text.len && is_word_character(text.bytes[0]) &&
	       is_word_character(text.bytes[text.len - 1]) && memchr(text.bytes, '.', text.len);
}

static bool take_start(struct pr_list_text *text, const char *start)
{
	if (!pr_list_starts(*text, start))
		return false;
	*text = pr_list_skip(*text, strlen(start));
	return true;
}

/* "||192.0.2.": all addresses that are written so. */
static bool read_address_start(struct pr_list_text text, struct pr_prefix *ret_prefix)
{
	struct pr_list_text rest = text;
	uint8_t bytes[4] = { 0 };
	unsigned int n = 0;
	uint32_t number;

	if (!take_start(&rest, "||"))
		return false;
	for (; rest.len; n++) {
		const char *dot = memchr(rest.bytes, '.', rest.len);
		size_t len = dot ? (size_t)(dot - rest.bytes) : 0;

		if (!dot || n == 3 ||
		    !pr_list_number((struct pr_list_text){ rest.bytes, len }, 255, &number))
			return false;
		bytes[n] = (uint8_t)number;
		rest = pr_list_skip(rest, len + 1);
	}
	*ret_prefix = (struct pr_prefix){ pr_address_v4(bytes), (uint8_t)(8 * n) };
	return n;
}

/* Takes away what says that the name ends here. */
static bool take_end(struct pr_list_text *text)
{
	static const char *const ends[] = { "^|", "^*", "/*", "^", "|", "/" };

	for (size_t i = 0; i < PR_ARRAY_SIZE(ends); i++) {
		size_t len = strlen(ends[i]);

		if (text->len > len && memcmp(text->bytes + text->len - len, ends[i], len) == 0) {
			text->len -= len;
			return true;
		}
	}
	return false;
}

/* The pattern's form; whether the name in it is one shows later. */
static bool read_form(struct pr_list_text text, struct pattern *ret_pattern)
{
	enum pr_list_entry_kind kind = PR_LIST_NAME;
	bool ended = take_end(&text), good;

	if (take_start(&text, "||")) {
		kind = take_start(&text, "*.") ? PR_LIST_BELOW : PR_LIST_ZONE;
		good = ended || is_name_like(text);
	} else if (take_start(&text, "|https://") || take_start(&text, "|http://") ||
		   take_start(&text, "|") || take_start(&text, "://")) {
		good = ended;
	} else if (take_start(&text, ".")) {
		kind = PR_LIST_BELOW;
		good = ended;
	} else {
		good = !ended && is_name_like(text);
	}
	if (text.len > 2 && text.bytes[0] == '[' && text.bytes[text.len - 1] == ']')
		text = (struct pr_list_text){ text.bytes + 1, text.len - 2 };
	ret_pattern->kind = kind;
	ret_pattern->name = text;
	return good && !memchr(text.bytes, '/', text.len) && !memchr(text.bytes, '^', text.len) &&
	       !memchr(text.bytes, '?', text.len);
}

/* It was heeded before the first line was read. */
static void read_badfilter(struct pr_list_reader *reader)
{
	const struct pr_list_badfilters *badfilters = reader->badfilters;

	if (badfilters && badfilters->full && reader->line >= badfilters->full)
		pr_list_refuse(reader, "more than %u rules have $badfilter",
			       PR_LIST_BADFILTERS_MAX);
	else
		reader->outcome |= PR_LIST_TAKEN;
}

/* "##", "@@", "||": in a list that has such lines, the others are Adblock's too. */
bool pr_list_is_adblock(struct pr_list_text line)
{
	return pr_list_starts(line, "||") || pr_list_starts(line, "@@") || is_cosmetic(line);
}

static void read_rule(struct pr_list_reader *reader, struct pr_list_text rule)
{
	struct pr_list_text text = rule, behind = { 0 };
	struct pr_list_options options = { 0 };
	struct pattern pattern;
	const char *dollar;
	uint32_t line;

	reader->exception = take_start(&text, "@@");
	dollar = memchr(text.bytes, '$', text.len);
	if (dollar) {
		behind = pr_list_skip(text, (size_t)(dollar - text.bytes) + 1);
		text.len = (size_t)(dollar - text.bytes);
	}
	pattern.kind = PR_LIST_PREFIX;
	if (!read_address_start(text, &pattern.prefix) && !read_form(text, &pattern)) {
		pr_list_refuse(reader,
			       "the pattern means URLs, not a whole domain; that is ||name^");
		return;
	}
	if (dollar && !pr_list_read_options(reader, behind, &options))
		return;
	reader->important = options.important;
	if (options.badfilter)
		read_badfilter(reader);
	else if ((line = pr_list_taken_back(reader->badfilters, rule)))
		pr_list_refuse(reader, "the rule with $badfilter on line %u takes this one back",
			       line);
	else if (pattern.kind == PR_LIST_PREFIX)
		pr_list_give_prefix(reader, &pattern.prefix);
	else
		(void)pr_list_give_name_or_address(reader, pattern.kind, pattern.name);
}

void pr_list_line_adblock(struct pr_list_reader *reader, struct pr_list_text line)
{
	char first = line.bytes[0], last = line.bytes[line.len - 1];

	if (first == '!') {
		read_directive(reader, line);
	} else if (first == '[' && last == ']') {
		pr_list_comment(reader); /* [Adblock Plus 2.0] */
	} else if (is_cosmetic(line)) {
		pr_list_refuse(reader, "the rule changes pages; it denies no name");
	} else if (first == '#') {
		pr_list_comment(reader);
	} else if (reader->n_conditions) {
		pr_list_refuse(reader,
			       "the rule stands within !#if: it holds for some browsers only");
	} else if (first == '/') {
		pr_list_refuse(reader, "a regular expression or a path means URLs, not a domain");
	} else if (memchr(line.bytes, ' ', line.len) &&
		   ((first >= '0' && first <= '9') || first == ':')) {
		pr_list_line_hosts(reader, line);
	} else {
		read_rule(reader, without_comment(line));
	}
}
