/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AS numbers and countries: the number or code first, and behind a blank, a comma, ";" or "|" a remark, as such lists
 * carry the holder's name there. A line of AS numbers may be a JSON object with "asn", as Spamhaus writes ASN-DROP. */
#include "base/geography.h"
#include "intel/list_line.h"

#include <string.h>

/* The line's first column. False where the line is a comment. */
static bool read_column(struct pr_list_reader *reader, struct pr_list_text line,
			struct pr_list_text *ret_column)
{
	size_t n = 0;

	if (pr_list_is_comment(line)) {
		pr_list_comment(reader);
		return false;
	}
	while (n < line.len && !memchr(" \t,;|#", line.bytes[n], 6))
		n++;
	*ret_column = (struct pr_list_text){ line.bytes, n };
	return true;
}

void pr_list_line_asns(struct pr_list_reader *reader, struct pr_list_text line)
{
	struct pr_list_text column;
	uint32_t asn;

	if (pr_list_metadata(reader, line))
		return;
	if (!pr_list_json(line, "asn", &column) && !read_column(reader, line, &column))
		return;
	if (column.len > 2 && pr_list_text_is((struct pr_list_text){ column.bytes, 2 }, "AS"))
		column = pr_list_skip(column, 2);
	if (!pr_list_number(column, UINT32_MAX, &asn))
		pr_list_refuse(reader, "no AS number: AS64496 or 64496");
	else if (!asn)
		pr_list_refuse(reader, "0 is no AS's number (RFC 7607)");
	else
		pr_list_give_asn(reader, asn);
}

void pr_list_line_countries(struct pr_list_reader *reader, struct pr_list_text line)
{
	struct pr_list_text column;
	char country[3];

	if (!read_column(reader, line, &column))
		return;
	if (column.len == 2 && pr_country_code(column.bytes, country))
		pr_list_give_country(reader, country);
	else
		pr_list_refuse(reader, "no country's code of two letters (ISO 3166)");
}
