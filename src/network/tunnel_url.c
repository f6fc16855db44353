/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where an upstream is. Narrower than RFC 3986: what is odd is refused where it is written. */
#include "network/tunnel.h"

#include "base/name.h"

#include <net/if.h>
#include <string.h>
#include <strings.h>

#define INTERFACE "interface:"

static const struct {
	const char *scheme;
	enum pr_tunnel_kind kind;
} schemes[] = {
	{ "socks5://", PR_TUNNEL_SOCKS5 },
	{ "connect://", PR_TUNNEL_CONNECT },
	{ "http://", PR_TUNNEL_HTTP },
};

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return false;
	return true;
}

/* As the kernel has it (net/core/dev.c, dev_valid_name()), and printable. */
bool pr_tunnel_interface_valid(const char *name)
{
	return name[0] && strlen(name) < IF_NAMESIZE && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 && !strpbrk(name, "/:") && is_printable(name);
}

static bool is_hostname(const char *host)
{
	const char *last = strrchr(host, '.');
	bool digits_only = true;

	if (!host[0])
		return false;
	for (const char *c = host; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' ||
		      *c == '_' || *c == '.'))
			return false;
	/* What ends in a number is an address or nothing (RFC 1123, 2.1): 192.0.2.256 is no name. */
	for (last = last ? last + 1 : host; *last; last++)
		digits_only = digits_only && *last >= '0' && *last <= '9';
	return !digits_only;
}

bool pr_tunnel_host_valid(const char *host)
{
	char canonical[PR_NAME_TEXT_SIZE];
	struct pr_address address;

	if (pr_address_parse(host, &address) == 0)
		return true;
	return strlen(host) <= PR_NAME_MAX && pr_name_canonical(host, canonical) == 0 &&
	       strcmp(host, canonical) == 0 && is_hostname(host);
}

static bool read_port(const char *text, uint16_t *ret_port)
{
	unsigned int port = 0;

	if (!*text || strlen(text) > 5)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		port = port * 10 + (unsigned int)(*text - '0');
	}
	if (port == 0 || port > UINT16_MAX)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

/* Cuts "[ADDRESS]:PORT" or "HOST:PORT"; NULL where there is no port. */
static char *split_port(char **host)
{
	char *end;

	if (**host == '[') {
		end = strchr(*host, ']');
		if (!end || end[1] != ':' || memchr(*host, ':', (size_t)(end - *host)) == NULL)
			return NULL;
		(*host)++;
		*end++ = '\0';
	} else {
		end = strchr(*host, ':');
		if (!end)
			return NULL;
	}
	*end = '\0';
	return end + 1;
}

static void fold(char *host)
{
	size_t len = strlen(host);

	for (char *c = host; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (len > 1 && host[len - 1] == '.')
		host[len - 1] = '\0';
}

static const char *read_proxy(char *host, struct pr_tunnel_upstream *upstream)
{
	char *port;

	if (strchr(host, '@'))
		return "user and password are keys of their own, beside url";
	if (strpbrk(host, "/?#"))
		return "nothing may follow the port";
	port = split_port(&host);
	if (!port)
		return "it needs a host and a port, as in socks5://127.0.0.1:9050 or "
		       "socks5://[::1]:9050";
	if (!read_port(port, &upstream->port))
		return "its port is no number from 1 to 65535";
	fold(host);
	if (!pr_tunnel_host_valid(host))
		return "it names no host: a name, an IPv4 address, or an IPv6 address in brackets";
	upstream->host = host;
	return NULL;
}

static const char *read_url(char *text, struct pr_tunnel_upstream *upstream)
{
	if (strlen(text) > PR_TUNNEL_URL_MAX)
		return "it has more than 512 bytes";
	if (!is_printable(text))
		return "it holds a blank, or what is not of ASCII; names are written as A-labels";
	if (strncasecmp(text, INTERFACE, strlen(INTERFACE)) == 0) {
		upstream->kind = PR_TUNNEL_INTERFACE;
		upstream->interface = text + strlen(INTERFACE);
		return pr_tunnel_interface_valid(upstream->interface)
			       ? NULL
			       : "it names no interface: interface:NAME, 15 characters at most";
	}
	for (size_t i = 0; i < PR_ARRAY_SIZE(schemes); i++)
		if (strncasecmp(text, schemes[i].scheme, strlen(schemes[i].scheme)) == 0) {
			upstream->kind = schemes[i].kind;
			return read_proxy(text + strlen(schemes[i].scheme), upstream);
		}
	return "it must be socks5://HOST:PORT, connect://HOST:PORT, http://HOST:PORT or "
	       "interface:NAME";
}

int pr_tunnel_url_parse(char *text, struct pr_tunnel_upstream *upstream, const char **ret_why)
{
	struct pr_tunnel_upstream parsed = *upstream;
	const char *why = read_url(text, &parsed);

	if (why) {
		*ret_why = why;
		return -EINVAL;
	}
	*upstream = parsed;
	return 0;
}
