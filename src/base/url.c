/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/url.h"

#include "base/address.h"

#include <string.h>
#include <strings.h>

#define HOST_MAX 253 /* characters of a name (RFC 1035, 2.3.4) */

/* What stands behind "http://" or "https://"; NULL where neither does. */
static const char *behind_scheme(const char *url)
{
	if (strncasecmp(url, "http://", 7) == 0)
		return url + 7;
	return strncasecmp(url, "https://", 8) == 0 ? url + 8 : NULL;
}

/* The host: where the credentials end. */
static const char *host_of(const char *authority, size_t len)
{
	const char *at = memrchr(authority, '@', len);

	return at ? at + 1 : authority;
}

static bool is_name(const char *host, size_t len)
{
	if (!len || len > HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = host[i];
		bool label = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '-' || c == '_';
		bool dot = c == '.' && i && host[i - 1] != '.';

		if (!label && !dot)
			return false;
	}
	return true;
}

static bool is_address6(const char *host, size_t len)
{
	char text[PR_ADDRESS_TEXT_SIZE];
	struct pr_address address;

	if (len < 2 || host[len - 1] != ']' || len - 2 >= sizeof(text))
		return false;
	memcpy(text, host + 1, len - 2);
	text[len - 2] = '\0';
	return strchr(text, ':') && pr_address_parse(text, &address) == 0;
}

static bool is_port(const char *port, size_t len)
{
	unsigned int number = 0;

	if (!len || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (port[i] < '0' || port[i] > '9')
			return false;
		number = number * 10 + (unsigned int)(port[i] - '0');
	}
	return number >= 1 && number <= 65535;
}

static const char *host_wrong(const char *host, size_t len)
{
	bool bracket = len && host[0] == '[';
	const char *end = bracket ? memchr(host, ']', len) : NULL;
	const char *from = bracket ? end : host;
	const char *colon = from ? memchr(from, ':', len - (size_t)(from - host)) : NULL;
	size_t host_len = colon ? (size_t)(colon - host) : len;

	if (bracket ? !is_address6(host, host_len) : !is_name(host, host_len))
		return "it names no host: a name, an IPv4 address, or an IPv6 address in brackets";
	if (colon && !is_port(colon + 1, len - host_len - 1))
		return "its port is no number from 1 to 65535";
	return NULL;
}

const char *pr_url_wrong(const char *url)
{
	const char *authority = behind_scheme(url), *host;
	size_t len;

	if (!authority)
		return "it must begin with https:// or http://";
	if (strlen(url) > PR_URL_MAX)
		return "it has more than 2048 bytes";
	for (const char *c = url; *c; c++) {
		if (*c <= ' ' || *c >= 0x7f || strchr("\"<>\\^`{|}", *c))
			return "it holds a character that has to be written as %XX";
		if (*c == '#')
			return "it has a fragment (#), which is never sent";
	}
	len = strcspn(authority, "/?");
	host = host_of(authority, len);
	return host_wrong(host, len - (size_t)(host - authority));
}

bool pr_url_is_encrypted(const char *url)
{
	return strncasecmp(url, "https:", 6) == 0;
}

const char *pr_url_shown(const char *url, char text[PR_URL_MAX + 1])
{
	const char *authority = behind_scheme(url);
	const char *host = host_of(authority, strcspn(authority, "/?"));
	size_t scheme = (size_t)(authority - url);

	memcpy(text, url, scheme);
	memcpy(text + scheme, host, strlen(host) + 1);
	return text;
}
