/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists: the table of formats, and the walk over the lines. What all formats share is settled here: a byte order mark,
 * CRLF, blanks around, lines that are too long, blank ones; and that each line is counted exactly once.
 */
#include "intel/list.h"

#include "intel/list_adblock.h"
#include "intel/list_line.h"

#include <string.h>

static const struct {
	const char *name;
	void (*line)(struct pr_list_reader *reader, struct pr_list_text line);
} formats[PR_LIST_FORMAT_COUNT_] = {
	[PR_LIST_AUTO] = { "auto", NULL },
	[PR_LIST_HOSTS] = { "hosts", pr_list_line_hosts },
	[PR_LIST_DOMAINS] = { "domains", pr_list_line_domains },
	[PR_LIST_WILDCARDS] = { "wildcards", pr_list_line_wildcards },
	[PR_LIST_ADBLOCK] = { "adblock", pr_list_line_adblock },
	[PR_LIST_RPZ] = { "rpz", pr_list_line_rpz },
	[PR_LIST_DNSMASQ] = { "dnsmasq", pr_list_line_dnsmasq },
	[PR_LIST_ADDRESSES] = { "addresses", pr_list_line_addresses },
	[PR_LIST_ASNS] = { "asns", pr_list_line_asns },
	[PR_LIST_COUNTRIES] = { "countries", pr_list_line_countries },
	[PR_LIST_UNBOUND] = { "unbound", pr_list_line_unbound },
};

const char *pr_list_format_name(enum pr_list_format format)
{
	return formats[format].name;
}

bool pr_list_format_find(const char *name, enum pr_list_format *ret_format)
{
	for (unsigned int i = 0; i < PR_LIST_FORMAT_COUNT_; i++)
		if (strcmp(formats[i].name, name) == 0) {
			*ret_format = (enum pr_list_format)i;
			return true;
		}
	return false;
}

bool pr_list_closest_decides(enum pr_list_format format)
{
	return format == PR_LIST_RPZ || format == PR_LIST_DNSMASQ || format == PR_LIST_UNBOUND;
}

bool pr_list_next_line(struct pr_list_text *rest, struct pr_list_text *ret_line)
{
	const char *end;
	size_t n;

	if (!rest->len)
		return false;
	end = memchr(rest->bytes, '\n', rest->len);
	n = end ? (size_t)(end - rest->bytes) : rest->len;
	*ret_line = (struct pr_list_text){ rest->bytes, n };
	if (n && rest->bytes[n - 1] == '\r')
		ret_line->len--;
	*rest = pr_list_skip(*rest, end ? n + 1 : n);
	return true;
}

void pr_list_read_line(struct pr_list_reader *reader, enum pr_list_format format,
		       struct pr_list_text line)
{
	reader->line++;
	reader->outcome = 0;
	reader->exception = reader->important = false;
	reader->text = line;
	reader->indented = line.len && (line.bytes[0] == ' ' || line.bytes[0] == '\t');
	if (line.len > PR_LIST_LINE_MAX) {
		reader->text.len = PR_LIST_LINE_MAX;
		pr_list_refuse(reader, "the line is longer than %d bytes", PR_LIST_LINE_MAX);
	} else {
		reader->text = pr_list_trim(line);
		if (reader->text.len)
			formats[format].line(reader, reader->text);
		else
			pr_list_comment(reader);
	}
	pr_assert(reader->outcome);
	reader->counts.lines++;
	if (reader->outcome & PR_LIST_REFUSED)
		reader->counts.refused++;
	else if (reader->outcome & PR_LIST_TAKEN)
		reader->counts.taken++;
	else
		reader->counts.comments++;
}

int pr_list_parse(enum pr_list_format format, const char *bytes, size_t len,
		  const struct pr_list_ports *ports, struct pr_list_counts *ret_counts)
{
	struct pr_list_reader reader = { .ports = ports };
	struct pr_list_text list = { bytes, len }, line;
	PR_CLEANUP(pr_cleanup_free) struct pr_list_badfilters *badfilters = NULL;

	if (len > PR_LIST_BYTES_MAX)
		return -EFBIG;
	if (pr_list_starts(list, "\xef\xbb\xbf"))
		list = pr_list_skip(list, 3);
	if (format == PR_LIST_AUTO)
		format = pr_list_guess(list);
	if (format == PR_LIST_AUTO)
		return -EINVAL;
	if (format == PR_LIST_ADBLOCK)
		reader.badfilters = badfilters = pr_list_find_badfilters(list);
	reader.counts.format = format;
	while (pr_list_next_line(&list, &line))
		pr_list_read_line(&reader, format, line);
	*ret_counts = reader.counts;
	return 0;
}
