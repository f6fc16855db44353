/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosts(5) as a block list: an address that leads nowhere, then names. A name gets exactly that address, so each
 * entry is exactly that name. A line whose address leads somewhere is somebody's own hosts file, and what every hosts
 * file holds for the host itself is no entry either: a list that denied "localhost" would break programs.
 */
#include "intel/list_line.h"

#include <string.h>

static const char *const own_names[] = {
	"localhost",	 "localhost.localdomain",
	"localhost4",	 "localhost4.localdomain4",
	"localhost6",	 "localhost6.localdomain6",
	"local",	 "broadcasthost",
	"ip6-localhost", "ip6-loopback",
	"ip6-localnet",	 "ip6-mcastprefix",
	"ip6-allnodes",	 "ip6-allrouters",
	"ip6-allhosts",
};

static bool is_own_name(struct pr_list_text name)
{
	if (name.len && name.bytes[name.len - 1] == '.')
		name.len--;
	/* the first letters tell nearly all apart */
	if (!name.len || !strchr("lLbBiI", name.bytes[0]))
		return false;
	for (size_t i = 0; i < PR_ARRAY_SIZE(own_names); i++)
		if (pr_list_text_is(name, own_names[i]))
			return true;
	return false;
}

/* "fe80::1%lo0": the zone says nothing here. */
static bool read_address(struct pr_list_text word, struct pr_address *ret_address)
{
	const char *zone = memchr(word.bytes, '%', word.len);

	if (zone)
		word.len = (size_t)(zone - word.bytes);
	return pr_list_address(word, ret_address);
}

bool pr_list_leads_nowhere(const struct pr_address *address)
{
	static const uint8_t loopback6[16] = { [15] = 1 }, any6[16];
	const uint8_t *bytes = address->bytes;

	if (address->family == 4)
		return bytes[0] == 0 || bytes[0] == 127;
	return memcmp(bytes, loopback6, 16) == 0 || memcmp(bytes, any6, 16) == 0;
}

static void read_name(struct pr_list_reader *reader, struct pr_list_text name)
{
	struct pr_address address;

	if (is_own_name(name))
		pr_list_refuse(reader, "the name is the host's own, which no list may deny");
	else if (pr_list_address(name, &address))
		pr_list_refuse(reader, "an address stands where a name should be");
	else
		(void)pr_list_give_name(reader, PR_LIST_NAME, name);
}

void pr_list_line_hosts(struct pr_list_reader *reader, struct pr_list_text line)
{
	struct pr_list_text rest = line, word;
	struct pr_address address;
	bool nowhere, named = false;

	if (!pr_list_next_word(&rest, &word)) {
		pr_list_comment(reader);
		return;
	}
	/* what nearly every line begins with needs no parser */
	nowhere = pr_list_text_is(word, "0.0.0.0") || pr_list_text_is(word, "127.0.0.1");
	if (!nowhere && !read_address(word, &address)) {
		pr_list_refuse(reader, "a line of hosts begins with an address");
		return;
	}
	nowhere = nowhere || pr_list_leads_nowhere(&address);
	for (; pr_list_next_word(&rest, &word); named = true)
		if (nowhere || is_own_name(word))
			read_name(reader, word);
		else
			pr_list_refuse(reader, "the address leads somewhere, so nothing is denied; "
					       "lists have 0.0.0.0, 127.0.0.1 or ::");
	if (!named)
		pr_list_refuse(reader, "a name is missing behind the address");
}
