/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dnsmasq's configuration as a block list (its manual, dnsmasq(8)): a domain there is the name and all below.
 *
 *   address=/a/b/0.0.0.0  address=/a/#  address=/a/     entries
 *   local=/a/  server=/a/                               entries: no server is asked
 *   server=/a/#                                         an exception: the usual servers
 *   bogus-nxdomain=192.0.2.1                            an entry: an answer with this address counts as none
 *
 * Other lines configure dnsmasq and deny nothing. A domain that begins with "*." is what is below the name.
 */
#include "intel/list_line.h"

#include <string.h>

/* The domains between the slashes. */
static void read_domains(struct pr_list_reader *reader, struct pr_list_text domains)
{
	const char *slash;

	do {
		enum pr_list_entry_kind kind = PR_LIST_ZONE;
		struct pr_list_text domain = domains;

		slash = memchr(domains.bytes, '/', domains.len);
		if (slash) {
			domain.len = (size_t)(slash - domains.bytes);
			domains = pr_list_skip(domains, domain.len + 1);
		}
		if (pr_list_starts(domain, "*.")) {
			domain = pr_list_skip(domain, 2);
			kind = PR_LIST_BELOW;
		} else if (pr_list_starts(domain, ".")) {
			domain = pr_list_skip(domain, 1);
		}
		if (pr_list_text_is(domain, "#"))
			pr_list_refuse(reader, "this is every name; a rule says that, not a list");
		else
			(void)pr_list_give_name(reader, kind, domain);
	} while (slash);
}

/* "/a/b/value" */
static bool split(struct pr_list_text text, struct pr_list_text *ret_domains,
		  struct pr_list_text *ret_value)
{
	const char *last = memrchr(text.bytes, '/', text.len);

	if (!last || last == text.bytes || text.bytes[0] != '/')
		return false;
	*ret_domains = (struct pr_list_text){ text.bytes + 1, (size_t)(last - text.bytes) - 1 };
	*ret_value = pr_list_skip(text, (size_t)(last - text.bytes) + 1);
	return true;
}

static void read_address(struct pr_list_reader *reader, struct pr_list_text text)
{
	struct pr_list_text domains, value;
	struct pr_address address;

	if (!split(text, &domains, &value))
		pr_list_refuse(reader, "address=/name/ names the domains between slashes");
	else if (!value.len || pr_list_text_is(value, "#"))
		read_domains(reader, domains);
	else if (!pr_list_address(value, &address))
		pr_list_refuse(reader, "what stands behind the last slash is no address");
	else if (!pr_list_leads_nowhere(&address))
		pr_list_refuse(reader, "the address leads somewhere, so nothing is denied");
	else
		read_domains(reader, domains);
}

static void read_server(struct pr_list_reader *reader, struct pr_list_text text)
{
	struct pr_list_text domains, value;

	if (!split(text, &domains, &value)) {
		pr_list_refuse(reader, "a server is named, no domain is denied");
	} else if (!value.len || pr_list_text_is(value, "#")) {
		reader->exception = value.len;
		read_domains(reader, domains);
	} else {
		pr_list_refuse(reader, "the domain is asked of another server, not denied");
	}
}

static void read_bogus(struct pr_list_reader *reader, struct pr_list_text text)
{
	struct pr_prefix prefix;

	if (pr_list_prefix(text, &prefix))
		pr_list_give_prefix(reader, &prefix);
	else
		pr_list_refuse(reader, "bogus-nxdomain wants an address or a prefix");
}

/* dnsmasq takes a comment only at a line's beginning or behind a blank: "#" is a value. */
static struct pr_list_text without_comment(struct pr_list_text line)
{
	const char *at = memmem(line.bytes, line.len, " #", 2);

	if (!at)
		at = memmem(line.bytes, line.len, "\t#", 2);
	if (at)
		line.len = (size_t)(at - line.bytes);
	return pr_list_trim(line);
}

void pr_list_line_dnsmasq(struct pr_list_reader *reader, struct pr_list_text line)
{
	struct pr_list_text key = without_comment(line), value = { "", 0 };
	const char *equals;

	if (pr_list_is_comment(line)) {
		pr_list_comment(reader);
		return;
	}
	equals = memchr(key.bytes, '=', key.len);
	if (equals) {
		value = pr_list_trim(pr_list_skip(key, (size_t)(equals - key.bytes) + 1));
		key.len = (size_t)(equals - key.bytes);
	}
	key = pr_list_trim(key);
	if (pr_list_text_is(key, "address"))
		read_address(reader, value);
	else if (pr_list_text_is(key, "server") || pr_list_text_is(key, "local"))
		read_server(reader, value);
	else if (pr_list_text_is(key, "bogus-nxdomain"))
		read_bogus(reader, value);
	else
		pr_list_refuse(reader, "only address, server, local and bogus-nxdomain deny names");
}
