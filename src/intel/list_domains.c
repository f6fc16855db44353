/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A name a line. In a plain list a name is exactly that name, and wildcards mean what they mean in rules:
 * ".name" the name and all below, "*.name" what is below. A list of the format "wildcards" means the name and all below
 * by all three, as the lists do that are published so. An address between the names is an entry as well: such lists
 * come from people who block what a URL leads to.
 */
#include "intel/list_line.h"

static void read_name(struct pr_list_reader *reader, struct pr_list_text name, bool wildcards)
{
	enum pr_list_entry_kind kind = wildcards ? PR_LIST_ZONE : PR_LIST_NAME;

	if (pr_list_starts(name, "*.")) {
		name = pr_list_skip(name, 2);
		kind = wildcards ? PR_LIST_ZONE : PR_LIST_BELOW;
	} else if (name.bytes[0] == '.') {
		name = pr_list_skip(name, 1);
		kind = PR_LIST_ZONE;
	}
	(void)pr_list_give_name_or_address(reader, kind, name);
}

static void read_line(struct pr_list_reader *reader, struct pr_list_text line, bool wildcards)
{
	struct pr_list_text rest = line, name, more;

	if (!pr_list_next_word(&rest, &name))
		pr_list_comment(reader);
	else if (pr_list_next_word(&rest, &more))
		pr_list_refuse(reader, "a second word stands on the line; a comment begins with #");
	else
		read_name(reader, name, wildcards);
}

void pr_list_line_domains(struct pr_list_reader *reader, struct pr_list_text line)
{
	read_line(reader, line, false);
}

void pr_list_line_wildcards(struct pr_list_reader *reader, struct pr_list_text line)
{
	read_line(reader, line, true);
}
