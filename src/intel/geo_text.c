/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ranges a line: first address, last address, then a country's code, or an AS's number with its organisation. */
#include "intel/geo_parts.h"

#include <string.h>

#define N_FIELDS_MAX 8u /* those behind are not looked at */

typedef unsigned __int128 number_t;

/* A field, without its quotes; `quoted`: it has doubled quotes within. */
struct field {
	struct pr_list_text text;
	bool quoted;
};

static struct field read_quoted(struct pr_list_text *rest)
{
	struct field field = { { rest->bytes + 1, 0 }, false };
	size_t n = 1;

	for (; n < rest->len; n++) {
		if (rest->bytes[n] != '"')
			continue;
		if (n + 1 == rest->len || rest->bytes[n + 1] != '"')
			break;
		field.quoted = true;
		n++;
	}
	field.text.len = n - 1;
	*rest = pr_list_skip(*rest, n < rest->len ? n + 1 : n);
	return field;
}

static bool is_separator(char c)
{
	return c == ',' || c == '\t';
}

static unsigned int split(struct pr_list_text line, struct field fields[N_FIELDS_MAX])
{
	unsigned int n = 0;

	while (n < N_FIELDS_MAX) {
		struct field *field = &fields[n++];
		size_t len = 0;

		if (line.len && line.bytes[0] == '"') {
			*field = read_quoted(&line);
			while (line.len && !is_separator(line.bytes[0]))
				line = pr_list_skip(line, 1);
		} else {
			while (len < line.len && !is_separator(line.bytes[len]))
				len++;
			*field = (struct field){
				pr_list_trim((struct pr_list_text){ line.bytes, len }), false
			};
			line = pr_list_skip(line, len);
		}
		if (!line.len)
			break;
		line = pr_list_skip(line, 1);
	}
	return n;
}

/* A decimal number: of an IPv4 address up to 2^32 - 1, beyond that of an IPv6 one. */
static bool read_number(struct pr_list_text text, struct pr_address *ret_address)
{
	const number_t most = ~(number_t)0;
	uint8_t bytes[16];
	number_t number = 0;

	if (!text.len || text.len > 39)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned int digit = (unsigned int)(text.bytes[i] - '0');

		if (digit > 9 || number > (most - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	for (int i = 15; i >= 0; i--) {
		bytes[i] = (uint8_t)number;
		number >>= 8;
	}
	for (int i = 0; i < 12; i++)
		if (bytes[i]) {
			*ret_address = pr_address_v6(bytes);
			return true;
		}
	*ret_address = pr_address_v4(bytes + 12);
	return true;
}

static bool read_address(struct pr_list_text text, struct pr_address *ret_address)
{
	return memchr(text.bytes, '.', text.len) || memchr(text.bytes, ':', text.len)
		       ? pr_list_address(text, ret_address)
		       : read_number(text, ret_address);
}

static bool read_range(const struct field *fields, struct pr_geo_range *range)
{
	return read_address(fields[0].text, &range->first) &&
	       read_address(fields[1].text, &range->last) &&
	       range->first.family == range->last.family &&
	       memcmp(range->first.bytes, range->last.bytes, 16) <= 0;
}

/* The organisation, with "" for each doubled quote. */
static void read_organisation(struct pr_geo_reader *reader, const struct field *field)
{
	char text[PR_LIST_LINE_MAX];
	size_t len = 0;

	for (size_t i = 0; i < field->text.len; i++) {
		text[len++] = field->text.bytes[i];
		if (field->quoted && field->text.bytes[i] == '"')
			i++;
	}
	pr_geo_organisation((struct pr_list_text){ text, len }, reader->organisation);
}

/* number, organisation; or number, country, organisation. */
static bool read_as(struct pr_geo_reader *reader, const struct field *fields, unsigned int n,
		    struct pr_geo_range *range)
{
	unsigned int name = 3;

	if (!pr_geo_asn(fields[2].text, &range->asn))
		return false;
	if (n > 4 && pr_geo_country(fields[3].text, range->country))
		name = 4;
	if (range->asn && n > name) {
		read_organisation(reader, &fields[name]);
		range->organisation = reader->organisation;
	}
	return true;
}

static void read_line(struct pr_geo_reader *reader, uint64_t number, struct pr_list_text line)
{
	struct pr_geo_range range = { .organisation = "" };
	struct field fields[N_FIELDS_MAX];
	unsigned int n;

	if (line.len > PR_LIST_LINE_MAX) {
		pr_geo_refuse(reader, number, (struct pr_list_text){ line.bytes, PR_LIST_LINE_MAX },
			      "the line is longer than 4096 bytes");
		return;
	}
	n = split(line, fields);
	if (n < 3)
		pr_geo_refuse(reader, number, line, "a line has three fields at least");
	else if (!read_range(fields, &range))
		pr_geo_refuse(reader, number, line,
			      "the first two fields are no range of addresses");
	else if (reader->counts.format == PR_GEO_CSV_ASN && !read_as(reader, fields, n, &range))
		pr_geo_refuse(reader, number, line, "the third field is no AS number");
	else if (reader->counts.format != PR_GEO_CSV_ASN &&
		 !pr_geo_country(fields[2].text, range.country))
		pr_geo_refuse(reader, number, line,
			      "the third field is no country's code (ISO 3166)");
	else
		pr_geo_give(reader, &range);
}

static bool is_silent(struct pr_list_text line)
{
	return !line.len || line.bytes[0] == '#';
}

int pr_geo_read_text(struct pr_geo_reader *reader, struct pr_list_text text)
{
	struct pr_list_text line;

	if (pr_list_starts(text, "\xef\xbb\xbf"))
		text = pr_list_skip(text, 3);
	for (uint64_t number = 1; pr_list_next_line(&text, &line); number++) {
		line = pr_list_trim(line);
		if (!is_silent(line))
			read_line(reader, number, line);
	}
	return 0;
}

enum pr_geo_format pr_geo_guess_text(struct pr_list_text text)
{
	struct pr_geo_range range = { 0 };
	struct field fields[N_FIELDS_MAX];
	struct pr_list_text line;

	if (pr_list_starts(text, "\xef\xbb\xbf"))
		text = pr_list_skip(text, 3);
	while (pr_list_next_line(&text, &line)) {
		line = pr_list_trim(line);
		if (is_silent(line) || line.len > PR_LIST_LINE_MAX || split(line, fields) < 3 ||
		    !read_range(fields, &range))
			continue;
		if (pr_geo_asn(fields[2].text, &range.asn))
			return PR_GEO_CSV_ASN;
		if (pr_geo_country(fields[2].text, range.country))
			return memchr(line.bytes, '.', line.len) ||
					       memchr(line.bytes, ':', line.len)
				       ? PR_GEO_CSV_COUNTRY
				       : PR_GEO_TOR;
	}
	return PR_GEO_AUTO;
}
