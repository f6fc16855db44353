/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the formats share: words, addresses, entries, refusals. */
#include "intel/list_line.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct pr_list_text pr_list_trim(struct pr_list_text text)
{
	while (text.len && is_blank(text.bytes[text.len - 1]))
		text.len--;
	while (text.len && is_blank(text.bytes[0]))
		text = pr_list_skip(text, 1);
	return text;
}

bool pr_list_is_comment(struct pr_list_text text)
{
	char c = text.len ? text.bytes[0] : '\0';

	return c == '#' || c == '!' || c == ';' ||
	       (c == '/' && text.len > 1 && text.bytes[1] == '/');
}

/* "name#why", but not Adblock's "name##.ad", "name#@#.ad", "name#$#…". */
static bool is_comment_behind(struct pr_list_text text)
{
	return text.bytes[0] == '#' && (text.len == 1 || !memchr("#@?$%", text.bytes[1], 5));
}

bool pr_list_next_word(struct pr_list_text *rest, struct pr_list_text *ret_word)
{
	size_t n = 0;

	while (rest->len && is_blank(rest->bytes[0]))
		*rest = pr_list_skip(*rest, 1);
	if (!rest->len || pr_list_is_comment(*rest))
		return false;
	while (n < rest->len && !is_blank(rest->bytes[n]) && rest->bytes[n] != ';' &&
	       !is_comment_behind(pr_list_skip(*rest, n)))
		n++;
	*ret_word = (struct pr_list_text){ rest->bytes, n };
	*rest = pr_list_skip(*rest, n);
	return true;
}

bool pr_list_text_is(struct pr_list_text text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.bytes, word, text.len) == 0;
}

bool pr_list_text_is_one_of(struct pr_list_text text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pr_list_text_is(text, words[i]))
			return true;
	return false;
}

bool pr_list_starts(struct pr_list_text text, const char *head)
{
	size_t len = strlen(head);

	return text.len >= len && memcmp(text.bytes, head, len) == 0;
}

bool pr_list_json(struct pr_list_text line, const char *key, struct pr_list_text *ret_value)
{
	struct pr_list_text rest = line;
	const char *quote;
	size_t n = 0;

	if (!pr_list_starts(line, "{"))
		return false;
	while ((quote = memchr(rest.bytes, '"', rest.len))) {
		rest = pr_list_skip(rest, (size_t)(quote - rest.bytes) + 1);
		if (!pr_list_starts(rest, key))
			continue;
		rest = pr_list_skip(rest, strlen(key));
		if (!pr_list_starts(rest, "\""))
			continue;
		rest = pr_list_trim(pr_list_skip(rest, 1));
		if (!pr_list_starts(rest, ":"))
			continue;
		rest = pr_list_trim(pr_list_skip(rest, 1));
		if (pr_list_starts(rest, "\""))
			rest = pr_list_skip(rest, 1);
		while (n < rest.len && !memchr("\",} ", rest.bytes[n], 4))
			n++;
		*ret_value = (struct pr_list_text){ rest.bytes, n };
		return n;
	}
	return false;
}

bool pr_list_metadata(struct pr_list_reader *reader, struct pr_list_text line)
{
	struct pr_list_text type;

	if (!pr_list_json(line, "type", &type) || !pr_list_text_is(type, "metadata"))
		return false;
	reader->outcome |= PR_LIST_TAKEN;
	return true;
}

bool pr_list_number(struct pr_list_text text, uint32_t max, uint32_t *ret_number)
{
	uint64_t number = 0;

	if (!text.len || text.len > 10)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text.bytes[i] - '0');
	}
	if (number > max)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static bool copy(struct pr_list_text text, char *ret_text, size_t size)
{
	if (!text.len || text.len >= size || memchr(text.bytes, '\0', text.len))
		return false;
	memcpy(ret_text, text.bytes, text.len);
	ret_text[text.len] = '\0';
	return true;
}

bool pr_list_address(struct pr_list_text text, struct pr_address *ret_address)
{
	char address[PR_ADDRESS_TEXT_SIZE];

	return copy(text, address, sizeof(address)) && pr_address_parse(address, ret_address) == 0;
}

bool pr_list_prefix(struct pr_list_text text, struct pr_prefix *ret_prefix)
{
	char prefix[PR_PREFIX_TEXT_SIZE];

	return copy(text, prefix, sizeof(prefix)) && pr_prefix_parse(prefix, ret_prefix) == 0;
}

void pr_list_comment(struct pr_list_reader *reader)
{
	reader->outcome |= PR_LIST_COMMENT;
}

void pr_list_refuse(struct pr_list_reader *reader, const char *format, ...)
{
	char why[PR_LIST_WHY_SIZE];
	va_list arguments;

	if (!(reader->outcome & PR_LIST_REFUSED) && reader->ports->refused) {
		va_start(arguments, format);
		vsnprintf(why, sizeof(why), format, arguments);
		va_end(arguments);
		reader->ports->refused(reader->ports->context, reader->line, reader->text.bytes,
				       reader->text.len, why);
	}
	reader->outcome |= PR_LIST_REFUSED;
}

static void give(struct pr_list_reader *reader, const struct pr_list_entry *entry)
{
	reader->outcome |= PR_LIST_TAKEN;
	reader->counts.entries++;
	reader->counts.exceptions += entry->exception;
	if (reader->ports->entry)
		reader->ports->entry(reader->ports->context, entry);
}

static struct pr_list_entry entry_of(const struct pr_list_reader *reader,
				     enum pr_list_entry_kind kind)
{
	return (struct pr_list_entry){ .kind = kind,
				       .exception = reader->exception,
				       .important = reader->important,
				       .line = reader->line,
				       .domain = "" };
}

static void give_domain(struct pr_list_reader *reader, enum pr_list_entry_kind kind)
{
	struct pr_list_entry entry = entry_of(reader, kind);

	entry.domain = reader->domain;
	give(reader, &entry);
}

bool pr_list_give_name(struct pr_list_reader *reader, enum pr_list_entry_kind kind,
		       struct pr_list_text name)
{
	char why[PR_LIST_WHY_SIZE];

	if (pr_list_name(name, reader->domain, why) < 0) {
		pr_list_refuse(reader, "%s", why);
		return false;
	}
	give_domain(reader, kind);
	return true;
}

bool pr_list_give_name_or_address(struct pr_list_reader *reader, enum pr_list_entry_kind kind,
				  struct pr_list_text name)
{
	char why[PR_LIST_WHY_SIZE];
	struct pr_prefix prefix;

	if (pr_list_name(name, reader->domain, why) == 0) {
		give_domain(reader, kind);
		return true;
	}
	if (pr_list_prefix(name, &prefix)) {
		pr_list_give_prefix(reader, &prefix);
		return true;
	}
	pr_list_refuse(reader, "%s", why);
	return false;
}

void pr_list_give_prefix(struct pr_list_reader *reader, const struct pr_prefix *prefix)
{
	struct pr_list_entry entry = entry_of(reader, PR_LIST_PREFIX);

	if (!prefix->len) {
		pr_list_refuse(reader, "this is every address; a rule says that, not a list");
		return;
	}
	entry.prefix = *prefix;
	give(reader, &entry);
}

void pr_list_give_asn(struct pr_list_reader *reader, uint32_t asn)
{
	struct pr_list_entry entry = entry_of(reader, PR_LIST_ASN);

	entry.asn = asn;
	give(reader, &entry);
}

void pr_list_give_country(struct pr_list_reader *reader, const char country[2])
{
	struct pr_list_entry entry = entry_of(reader, PR_LIST_COUNTRY);

	memcpy(entry.country, country, 2);
	give(reader, &entry);
}
