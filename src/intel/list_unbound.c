/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unbound's configuration as a block list (unbound.conf(5)): a local zone is the name and all below.
 *
 *   local-zone: "name" always_nxdomain     an entry; so are always_null, static, redirect, refuse, deny, …
 *   local-zone: "name" transparent         an exception; so are always_transparent, typetransparent, inform
 *   local-data: "name A 0.0.0.0"           an entry: exactly the name
 *
 * "server:" begins what these stand in. Other lines configure unbound and deny nothing.
 */
#include "intel/list_line.h"

#include <string.h>

static const char *const denying[] = {
	"always_nxdomain", "always_null", "always_nodata",  "always_refuse",
	"always_deny",	   "inform_deny", "static",	    "redirect",
	"refuse",	   "deny",	  "inform_redirect"
};
static const char *const permitting[] = { "transparent", "always_transparent", "typetransparent",
					  "inform" };

/* The next value: within quotes of either kind, or a word. */
static bool next_value(struct pr_list_text *rest, struct pr_list_text *ret_value)
{
	const char *end;

	*rest = pr_list_trim(*rest);
	if (!rest->len || (rest->bytes[0] != '"' && rest->bytes[0] != '\''))
		return pr_list_next_word(rest, ret_value);
	end = memchr(rest->bytes + 1, rest->bytes[0], rest->len - 1);
	if (!end)
		return false;
	*ret_value = (struct pr_list_text){ rest->bytes + 1, (size_t)(end - rest->bytes) - 1 };
	*rest = pr_list_skip(*rest, ret_value->len + 2);
	return true;
}

static void read_zone(struct pr_list_reader *reader, struct pr_list_text rest)
{
	struct pr_list_text name, type;

	if (!next_value(&rest, &name) || !next_value(&rest, &type)) {
		pr_list_refuse(reader, "local-zone wants a name and a type");
		return;
	}
	reader->exception = pr_list_text_is_one_of(type, permitting, PR_ARRAY_SIZE(permitting));
	if (reader->exception || pr_list_text_is_one_of(type, denying, PR_ARRAY_SIZE(denying)))
		(void)pr_list_give_name(reader, PR_LIST_ZONE, name);
	else
		pr_list_refuse(reader,
			       "a local zone of this type neither denies nor permits the name");
}

/* "name [TTL] [class] A 0.0.0.0" */
static void read_data(struct pr_list_reader *reader, struct pr_list_text rest)
{
	struct pr_list_text record, name, word, data;
	struct pr_address address;
	bool found = false;

	if (!next_value(&rest, &record) || !pr_list_next_word(&record, &name)) {
		pr_list_refuse(reader, "local-data wants a record in quotes");
		return;
	}
	while (!found && pr_list_next_word(&record, &word))
		found = pr_list_text_is(word, "A") || pr_list_text_is(word, "AAAA");
	if (!found || !pr_list_next_word(&record, &data) || !pr_list_address(data, &address))
		pr_list_refuse(reader, "the record has no address, so nothing is denied");
	else if (!pr_list_leads_nowhere(&address))
		pr_list_refuse(reader, "the address leads somewhere, so nothing is denied");
	else
		(void)pr_list_give_name(reader, PR_LIST_NAME, name);
}

void pr_list_line_unbound(struct pr_list_reader *reader, struct pr_list_text line)
{
	const char *colon = memchr(line.bytes, ':', line.len);
	struct pr_list_text key = line, rest = { "", 0 };

	if (pr_list_is_comment(line)) {
		pr_list_comment(reader);
		return;
	}
	if (colon) {
		key.len = (size_t)(colon - line.bytes);
		rest = pr_list_trim(pr_list_skip(line, key.len + 1));
	}
	if (pr_list_text_is(key, "local-zone"))
		read_zone(reader, rest);
	else if (pr_list_text_is(key, "local-data"))
		read_data(reader, rest);
	else if (pr_list_text_is(key, "server") && (!rest.len || pr_list_is_comment(rest)))
		reader->outcome |= PR_LIST_TAKEN;
	else
		pr_list_refuse(reader, "only local-zone and local-data deny names");
}
