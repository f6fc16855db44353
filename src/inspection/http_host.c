/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The names of an HTTP request. Which of two a server goes by, or what it makes of one that is written oddly, depends on the
 * server; then all that could be meant are shown and none of them counts as the one.
 */
#include "base/address.h"
#include "base/idn.h"
#include "inspection/http.h"
#include "inspection/tls_hello.h"

#include <string.h>

/* Labels of a request that libidn2 converts, about a microsecond each: a header section has room for thousands, and it is looked at
 * again with each packet. Sound clients send A-labels, and who sends more than two others has names that are not clear. */
#define CONVERTED_MAX 2u

struct slice {
	const uint8_t *bytes;
	size_t len;
};

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct slice trimmed(const uint8_t *bytes, size_t len)
{
	while (len && blank(bytes[0])) {
		bytes++;
		len--;
	}
	while (len && blank(bytes[len - 1]))
		len--;
	return (struct slice){ bytes, len };
}

/* Without ":" and a number, or ":" alone (RFC 3986, 3.2.3). */
static void take_port_off(struct slice *host)
{
	size_t len = host->len;

	while (len && host->bytes[len - 1] >= '0' && host->bytes[len - 1] <= '9')
		len--;
	if (len && host->bytes[len - 1] == ':')
		host->len = len - 1;
}

static bool is_address(const struct slice *host)
{
	char text[PR_ADDRESS_TEXT_SIZE];
	struct pr_address address;

	if (host->bytes[0] == '[')
		return host->bytes[host->len - 1] == ']';
	if (host->len >= sizeof(text) || memchr(host->bytes, '\0', host->len))
		return false;
	memcpy(text, host->bytes, host->len);
	text[host->len] = '\0';
	return pr_address_parse(text, &address) == 0;
}

static bool is_ascii(const struct slice *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->bytes[i] >= 0x80)
			return false;
	return true;
}

/* A label as the DNS holds it; its length, or 0. */
static size_t label_to_ascii(struct pr_http_hosts *hosts, const struct slice *label,
			     char ret_label[PR_LABEL_MAX + 1])
{
	char why[PR_IDN_WHY_SIZE];

	if (is_ascii(label)) {
		if (label->len > PR_LABEL_MAX)
			return 0;
		memcpy(ret_label, label->bytes, label->len);
		return label->len;
	}
	if (hosts->n_converted == CONVERTED_MAX) {
		hosts->seen->flags |= PR_SEEN_INCOMPLETE;
		return 0;
	}
	hosts->n_converted++;
	if (pr_idn_label((const char *)label->bytes, label->len, ret_label, why) < 0)
		return 0;
	return strlen(ret_label);
}

/* In UTF-8: to what the DNS holds. */
static bool to_ascii(struct pr_http_hosts *hosts, const struct slice *host,
		     uint8_t ret_text[PR_NAME_MAX + 1], size_t *ret_len)
{
	char text[PR_LABEL_MAX + 1];
	size_t at = 0, from = 0;

	while (from < host->len) {
		const uint8_t *dot = memchr(host->bytes + from, '.', host->len - from);
		size_t to = dot ? (size_t)(dot - host->bytes) : host->len;
		struct slice label = { host->bytes + from, to - from };
		size_t len = label_to_ascii(hosts, &label, text);

		if (len == 0 || at + len + 1 > PR_NAME_MAX)
			return false;
		memcpy(ret_text + at, text, len);
		at += len;
		if (dot)
			ret_text[at++] = '.';
		from = to + 1;
	}
	*ret_len = at;
	return at > 0;
}

void pr_http_hosts_add(struct pr_http_hosts *hosts, const uint8_t *bytes, size_t len)
{
	struct slice host = trimmed(bytes, len);
	const uint8_t *at = host.len ? memrchr(host.bytes, '@', host.len) : NULL;
	uint8_t ascii[PR_NAME_MAX + 1];
	char name[PR_SEEN_NAME_SIZE];

	/* what stands before it is somebody's name and password: in URLs only, and deprecated there (RFC 9110, 4.2.4) */
	if (at) {
		hosts->seen->flags |= PR_SEEN_CONTRADICTS;
		host.len -= (size_t)(at + 1 - host.bytes);
		host.bytes = at + 1;
	}
	take_port_off(&host);
	if (!host.len || is_address(&host)) {
		hosts->nameless = true;
		return;
	}
	if (!is_ascii(&host)) {
		if (to_ascii(hosts, &host, ascii, &host.len))
			host.bytes = ascii;
	}
	if (pr_tls_host_name(host.bytes, host.len, name))
		pr_tls_add_name(hosts->seen, name);
	else
		hosts->seen->flags |= PR_SEEN_CONTRADICTS;
}

void pr_http_hosts_end(struct pr_http_hosts *hosts)
{
	if (hosts->nameless && hosts->seen->n_names)
		hosts->seen->flags |= PR_SEEN_CONTRADICTS;
}
