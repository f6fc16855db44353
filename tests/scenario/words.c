/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the words of a line come to. */
#include "world.h"

#include <string.h>

bool step_is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

uint64_t step_number(struct world *world, const char *text)
{
	unsigned long long value;
	char *end;

	value = strtoull(text, &end, 10);
	if (!*text || *end)
		world_fail(world, "not a number: %s", text);
	return value;
}

/* The value behind a word; NULL where it isn't there. */
const char *step_option(char **words, unsigned int n, const char *name)
{
	for (unsigned int i = 0; i + 1 < n; i++)
		if (step_is(words[i], name))
			return words[i + 1];
	return NULL;
}

bool step_flag(char **words, unsigned int n, const char *name)
{
	for (unsigned int i = 0; i < n; i++)
		if (step_is(words[i], name))
			return true;
	return false;
}

char *step_copy_of(const char *text)
{
	return text ? pr_strdup(text) : NULL;
}

bool step_endpoint(const char *word, struct pr_address *ret_address, uint16_t *ret_port)
{
	char text[64], *address = text, *port = NULL;

	snprintf(text, sizeof(text), "%s", word);
	if (*text == '[' && strchr(text, ']')) {
		address = text + 1;
		port = strchr(text, ']');
		*port++ = '\0';
		port = *port == ':' ? port + 1 : NULL;
	} else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) {
		port = strchr(text, ':');
		*port++ = '\0';
	}
	*ret_port = port ? (uint16_t)strtoul(port, NULL, 10) : 0;
	return pr_address_parse(address, ret_address) == 0;
}

unsigned int step_tuple(char **words, unsigned int n, struct pr_tuple *ret_tuple)
{
	static const struct {
		const char *name;
		uint8_t proto;
	} protos[] = { { "tcp", IPPROTO_TCP },
		       { "udp", IPPROTO_UDP },
		       { "icmp", IPPROTO_ICMP },
		       { "icmp6", IPPROTO_ICMPV6 } };

	if (n < 4 || !step_is(words[2], ">") ||
	    !step_endpoint(words[1], &ret_tuple->src, &ret_tuple->src_port) ||
	    !step_endpoint(words[3], &ret_tuple->dst, &ret_tuple->dst_port))
		return 0;
	for (size_t i = 0; i < PR_ARRAY_SIZE(protos); i++)
		if (step_is(words[0], protos[i].name)) {
			ret_tuple->proto = protos[i].proto;
			return 4;
		}
	return 0;
}
