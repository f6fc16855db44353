/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Addresses, prefixes and ranges. A range becomes the fewest prefixes that cover it: at most 62 for IPv4, 254 for
 * IPv6. It is written "a-b", "a - b", "a b" (two columns, as DShield's) or "remark:a-b" (as PeerGuardian's). Numbers
 * behind the address (a score, a date) are a remark. A line may be a JSON object with "cidr", as Spamhaus writes DROP.
 */
#include "intel/list_line.h"

#include <string.h>

typedef unsigned __int128 number_t;

static number_t to_number(const struct pr_address *address)
{
	unsigned int n_bytes = address->family == 4 ? 4 : 16;
	number_t number = 0;

	for (unsigned int i = 0; i < n_bytes; i++)
		number = number << 8 | address->bytes[i];
	return number;
}

static struct pr_address to_address(number_t number, uint8_t family)
{
	unsigned int n_bytes = family == 4 ? 4 : 16;
	struct pr_address address = { .family = family };

	for (unsigned int i = n_bytes; i-- > 0; number >>= 8)
		address.bytes[i] = (uint8_t)number;
	return address;
}

/* How many host bits the largest prefix has that begins at `first` and ends at or before `last`. */
static unsigned int host_bits(number_t first, number_t last, unsigned int bits)
{
	unsigned int n = 0;

	while (n < bits) {
		number_t mask = ((number_t)2 << n) - 1; /* 0 - 1 for all 128 */

		if ((first & mask) || (first | mask) > last)
			break;
		n++;
	}
	return n;
}

/* All prefixes between them. Refuses the line where they are no range. */
static void give_range(struct pr_list_reader *reader, const struct pr_address *first,
		       const struct pr_address *last)
{
	unsigned int bits = first->family == 4 ? 32 : 128;
	number_t from = to_number(first), to = to_number(last);

	if (first->family != last->family) {
		pr_list_refuse(reader,
			       "the range begins in one address family and ends in another");
		return;
	}
	if (from > to) {
		pr_list_refuse(reader, "the range runs backwards");
		return;
	}
	for (;;) {
		unsigned int n = host_bits(from, to, bits);
		number_t end = n ? from | (((number_t)2 << (n - 1)) - 1) : from;
		struct pr_prefix prefix = { to_address(from, first->family), (uint8_t)(bits - n) };

		pr_list_give_prefix(reader, &prefix);
		if (end >= to)
			break;
		from = end + 1;
	}
}

/* "a-b" in one word. */
static bool read_range(struct pr_list_reader *reader, struct pr_list_text text)
{
	const char *dash = memchr(text.bytes, '-', text.len);
	struct pr_address first, last;
	size_t n;

	if (!dash)
		return false;
	n = (size_t)(dash - text.bytes);
	if (!pr_list_address(pr_list_trim((struct pr_list_text){ text.bytes, n }), &first) ||
	    !pr_list_address(pr_list_trim(pr_list_skip(text, n + 1)), &last))
		return false;
	give_range(reader, &first, &last);
	return true;
}

/* "some remark:192.0.2.0-192.0.2.255" */
static bool read_remarked(struct pr_list_reader *reader, struct pr_list_text line)
{
	const char *colon = memrchr(line.bytes, ':', line.len);

	return colon && read_range(reader, pr_list_skip(line, (size_t)(colon - line.bytes) + 1));
}

static bool is_number_like(struct pr_list_text word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!memchr("0123456789.,:-+/%TZ", word.bytes[i], 19))
			return false;
	return true;
}

/* Behind an address or a prefix: the other end of a range, numbers, a comment. */
static void read_behind(struct pr_list_reader *reader, struct pr_list_text first,
			struct pr_list_text rest)
{
	struct pr_address from, to;
	struct pr_prefix prefix;
	struct pr_list_text word;
	bool numbers = true;

	if (!pr_list_prefix(first, &prefix)) {
		pr_list_refuse(reader, "neither an address nor a prefix nor a range");
		return;
	}
	if (pr_list_next_word(&rest, &word)) {
		if (pr_list_text_is(word, "-") && !pr_list_next_word(&rest, &word))
			word.len = 0;
		if (pr_list_address(first, &from) && pr_list_address(word, &to)) {
			give_range(reader, &from, &to);
			return;
		}
		do
			numbers = numbers && word.len && is_number_like(word);
		while (pr_list_next_word(&rest, &word));
	}
	if (numbers)
		pr_list_give_prefix(reader, &prefix);
	else
		pr_list_refuse(reader, "something other than a comment follows the address");
}

static void read_object(struct pr_list_reader *reader, struct pr_list_text line)
{
	struct pr_list_text value;
	struct pr_prefix prefix;

	if (pr_list_metadata(reader, line))
		return;
	if (pr_list_json(line, "cidr", &value) && pr_list_prefix(value, &prefix))
		pr_list_give_prefix(reader, &prefix);
	else
		pr_list_refuse(reader, "the object has no \"cidr\" with an address or a prefix");
}

void pr_list_line_addresses(struct pr_list_reader *reader, struct pr_list_text line)
{
	struct pr_list_text rest = line, word;
	struct pr_prefix prefix;

	if (line.bytes[0] == '{')
		read_object(reader, line);
	else if (!pr_list_next_word(&rest, &word))
		pr_list_comment(reader);
	else if (!rest.len && pr_list_prefix(word, &prefix))
		pr_list_give_prefix(reader, &prefix);
	else if (!read_range(reader, word) && !read_remarked(reader, line))
		read_behind(reader, word, rest);
}
