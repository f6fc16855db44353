/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/upstream.h"

#include <string.h>

#define PORT_DOMAIN 53

static int parse_port(const char *text, uint16_t *ret_port)
{
	unsigned int port = 0;

	if (!*text || strlen(text) > 5)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		port = port * 10 + (unsigned int)(*text - '0');
	}
	if (port == 0 || port > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

/* Parts the port from the address, in place; NULL where there is none. */
static const char *split_port(char **text)
{
	char *at = strchr(*text, '@'), *bracket;

	if (at) {
		*at = '\0';
		return at + 1;
	}
	if (**text == '[') {
		bracket = strchr(*text, ']');
		if (!bracket || (bracket[1] && bracket[1] != ':'))
			return NULL;
		(*text)++;
		at = bracket[1] ? bracket + 2 : NULL;
		*bracket = '\0';
		return at;
	}
	at = strchr(*text, ':');
	if (!at || strchr(at + 1, ':')) /* IPv6 without a port */
		return NULL;
	*at = '\0';
	return at + 1;
}

static bool is_link_local(const struct pr_address *address)
{
	return address->family == 6 && address->bytes[0] == 0xfe &&
	       (address->bytes[1] & 0xc0) == 0x80;
}

static bool is_zone(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < IF_NAMESIZE && !strpbrk(text, " \t/@[]%");
}

int pr_upstream_parse(const char *text, struct pr_upstream *ret_upstream)
{
	struct pr_upstream upstream = { .port = PORT_DOMAIN };
	char copy[PR_UPSTREAM_TEXT_SIZE], *at = copy, *zone;
	const char *port;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, strlen(text) + 1);
	port = split_port(&at);
	zone = strchr(at, '%');
	if (zone)
		*zone++ = '\0';
	if (pr_address_parse(at, &upstream.address) < 0 ||
	    (port && parse_port(port, &upstream.port) < 0))
		return -EINVAL;
	if (zone) {
		if (!is_link_local(&upstream.address) || !is_zone(zone))
			return -EINVAL;
		memcpy(upstream.zone, zone, strlen(zone) + 1);
	}
	*ret_upstream = upstream;
	return 0;
}

const char *pr_upstream_format(const struct pr_upstream *upstream, char text[PR_UPSTREAM_TEXT_SIZE])
{
	char address[PR_ADDRESS_TEXT_SIZE];

	snprintf(text, PR_UPSTREAM_TEXT_SIZE, "%s%s%s@%u",
		 pr_address_format(&upstream->address, address), upstream->zone[0] ? "%" : "",
		 upstream->zone, upstream->port);
	return text;
}

bool pr_upstream_equal(const struct pr_upstream *a, const struct pr_upstream *b)
{
	return a->port == b->port && pr_address_equal(&a->address, &b->address) &&
	       strcmp(a->zone, b->zone) == 0;
}
