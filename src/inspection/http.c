/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP/1.x by its request (RFC 9112), and HTTP/2 where it begins without TLS. The request line says that it is HTTP, and
 * with that not encrypted; the name is known once the header section is here, since a second Host may still come.
 *
 * Servers differ in what ends a line, what a line that begins with a blank belongs to, and which of two hosts
 * counts, and requests are made to be read differently by two of them. So everything that one of them could take for
 * a line is taken for one here, and a request that isn't plain has no name that counts.
 *
 * Later requests of the same link aren't looked at (docs/limits.md).
 */
#include "inspection/http.h"
#include "inspection/inspector_table.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define METHOD_MAX	32u
#define EMPTY_LINES_MAX 4u /* bytes; RFC 9112, 2.2: servers skip one before the request line */
#define PREFACE_METHOD	"PRI"
#define VERSION		"HTTP/1."
#define VERSION_LEN	8u

struct line {
	const uint8_t *bytes;
	size_t len; /* without its end */
};

/* Reads lines; each of CR LF, LF and CR ends one. */
struct lines {
	const uint8_t *bytes;
	size_t len, at;
	unsigned int n_crlf, n_other;
};

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

/* The next line; false: its end isn't here yet. */
static bool next_line(struct lines *lines, struct line *ret_line)
{
	size_t from = lines->at, at = from;

	while (at < lines->len && lines->bytes[at] != '\n' && lines->bytes[at] != '\r')
		at++;
	if (at == lines->len || (lines->bytes[at] == '\r' && at + 1 == lines->len))
		return false;
	*ret_line = (struct line){ lines->bytes + from, at - from };
	if (lines->bytes[at] == '\r' && lines->bytes[at + 1] == '\n') {
		lines->n_crlf++;
		lines->at = at + 2;
	} else {
		lines->n_other++;
		/* no program ends a line with CR alone: never plain */
		lines->n_crlf += lines->bytes[at] == '\r';
		lines->at = at + 1;
	}
	return true;
}

/* Those registered for HTTP (IANA, HTTP Method Registry), and of WebDAV's and UPnP's kin: in any case. Many servers answer to
 * methods of nobody's as well. */
static const char *const methods[] = {
	"ACL",
	"BASELINE-CONTROL",
	"BCOPY",
	"BDELETE",
	"BIND",
	"BMOVE",
	"BPROPFIND",
	"BPROPPATCH",
	"CHECKIN",
	"CHECKOUT",
	"CONNECT",
	"COPY",
	"DELETE",
	"GET",
	"HEAD",
	"LABEL",
	"LINK",
	"LOCK",
	"M-SEARCH",
	"MERGE",
	"MKACTIVITY",
	"MKCALENDAR",
	"MKCOL",
	"MKREDIRECTREF",
	"MKWORKSPACE",
	"MOVE",
	"NOTIFY",
	"OPTIONS",
	"ORDERPATCH",
	"PATCH",
	"POLL",
	"POST",
	"PRI",
	"PROPFIND",
	"PROPPATCH",
	"PUT",
	"QUERY",
	"REBIND",
	"REPORT",
	"RPC_IN_DATA",
	"RPC_OUT_DATA",
	"SEARCH",
	"SOURCE",
	"SUBSCRIBE",
	"TRACE",
	"UNBIND",
	"UNCHECKOUT",
	"UNLINK",
	"UNLOCK",
	"UNSUBSCRIBE",
	"UPDATE",
	"UPDATEREDIRECTREF",
	"VERSION-CONTROL",
};

static bool begins_method(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(methods); i++)
		if (len <= strlen(methods[i]) &&
		    strncasecmp((const char *)bytes, methods[i], len) == 0)
			return true;
	return false;
}

/* The characters that a method may have (RFC 9110, 5.6.2), and the most that is taken for one. */
static size_t method_len(const uint8_t *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && n < METHOD_MAX &&
	       (isalnum(bytes[n]) || (bytes[n] && strchr("!#$%&'*+-.^_`|~", bytes[n]))))
		n++;
	return n;
}

static bool has_lower_case(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (islower(bytes[i]))
			return true;
	return false;
}

/* Could a request line begin so? As long as there is nothing but a word, one that has lower case is no method of nobody's: the rest of
 * whatever begins with a letter would be waited for. */
static bool begins_request(const uint8_t *bytes, size_t len)
{
	size_t n = method_len(bytes, len);

	if (n == 0 || (n < len && !blank(bytes[n])))
		return false;
	if (n == len && has_lower_case(bytes, n) && !begins_method(bytes, n))
		return false;
	for (size_t i = n; i < len && bytes[i] != '\r' && bytes[i] != '\n'; i++)
		if (bytes[i] < ' ' && !blank(bytes[i]))
			return false;
	return true;
}

static bool scheme_character(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '-' || c == '.';
}

/* The authority of a target in absolute form, "scheme://host/…" (RFC 9112, 3.2.2). */
static bool authority_of(const struct line *target, struct line *ret_authority)
{
	static const char ends[] = { '/', '?', '#' };
	size_t from = 0, to;

	while (from < target->len && scheme_character(target->bytes[from]))
		from++;
	if (from == 0 || target->len - from < 3 || memcmp(target->bytes + from, "://", 3) != 0)
		return false;
	from = to = from + 3;
	while (to < target->len && !memchr(ends, target->bytes[to], sizeof(ends)))
		to++;
	*ret_authority = (struct line){ target->bytes + from, to - from };
	return true;
}

static void look_at_target(const struct line *method, const struct line *target,
			   struct pr_http_hosts *hosts)
{
	struct line authority;

	for (size_t i = 0; i < target->len; i++)
		if (blank(target->bytes[i]) || target->bytes[i] == '\0')
			hosts->seen->flags |= PR_SEEN_CONTRADICTS;
	if (method->len == 7 && strncasecmp((const char *)method->bytes, "CONNECT", 7) == 0)
		pr_http_hosts_add(hosts, target->bytes, target->len);
	else if (authority_of(target, &authority))
		pr_http_hosts_add(hosts, authority.bytes, authority.len);
}

/* METHOD TARGET HTTP/1.x, with blanks as lenient servers take them (RFC 9112, 3). */
static bool parse_request_line(const struct line *line, struct pr_http_hosts *hosts)
{
	struct line method = { line->bytes, 0 }, target;
	size_t len = line->len, from;
	const uint8_t *version;

	while (len && blank(line->bytes[len - 1]))
		len--;
	while (method.len < len && !blank(line->bytes[method.len]))
		method.len++;
	from = method.len;
	while (from < len && blank(line->bytes[from]))
		from++;
	if (len < from + 1 + 1 + VERSION_LEN)
		return false;
	version = line->bytes + len - VERSION_LEN;
	if (!blank(version[-1]) || memcmp(version, VERSION, VERSION_LEN - 1) != 0 ||
	    version[VERSION_LEN - 1] < '0' || version[VERSION_LEN - 1] > '9')
		return false;
	memcpy(hosts->seen->version, version + VERSION_LEN - 3, 3);
	target = (struct line){ line->bytes + from, len - VERSION_LEN - 1 - from };
	while (target.len && blank(target.bytes[target.len - 1]))
		target.len--;
	if (!target.len)
		return false;
	look_at_target(&method, &target, hosts);
	return true;
}

static void look_at_field(const struct line *line, struct pr_http_hosts *hosts)
{
	const uint8_t *colon = memchr(line->bytes, ':', line->len);
	size_t from = 0, to = colon ? (size_t)(colon - line->bytes) : 0;

	if (memchr(line->bytes, '\0', line->len))
		hosts->seen->flags |= PR_SEEN_CONTRADICTS;
	while (from < to && blank(line->bytes[from]))
		from++;
	while (from < to && blank(line->bytes[to - 1]))
		to--;
	if (to - from != 4 || strncasecmp((const char *)line->bytes + from, "Host", 4) != 0)
		return;
	if (from > 0 || line->bytes + to != colon)
		hosts->seen->flags |= PR_SEEN_CONTRADICTS;
	pr_http_hosts_add(hosts, colon + 1, line->len - (size_t)(colon + 1 - line->bytes));
}

/* The header section; false: its end isn't here. */
static bool look_at_fields(struct lines *lines, struct pr_http_hosts *hosts)
{
	bool host_before = false;
	struct line line;

	while (next_line(lines, &line)) {
		if (!line.len) {
			/* some lines end so and some so */
			if (lines->n_other && lines->n_crlf)
				hosts->seen->flags |= PR_SEEN_CONTRADICTS;
			return true;
		}
		if (blank(line.bytes[0])) {
			/* folded (RFC 9112, 5.2): it goes on with the line before, or is one */
			if (host_before)
				pr_http_hosts_add(hosts, line.bytes, line.len);
			hosts->seen->flags |= PR_SEEN_CONTRADICTS;
		}
		look_at_field(&line, hosts);
		host_before =
			line.len >= 4 && strncasecmp((const char *)line.bytes, "Host", 4) == 0;
	}
	return false;
}

enum pr_look pr_inspect_http(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	const struct pr_stream *client = &transcript->client;
	struct lines lines = { .bytes = client->bytes, .len = client->len };
	struct pr_http_hosts hosts = { .seen = seen };
	bool last = client->ended || client->full;
	struct line line;

	while (lines.at < lines.len && lines.at < EMPTY_LINES_MAX &&
	       (lines.bytes[lines.at] == '\r' || lines.bytes[lines.at] == '\n'))
		lines.at++;
	if (lines.at == lines.len)
		return last ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	if (!begins_request(lines.bytes + lines.at, lines.len - lines.at))
		return PR_LOOK_NOT_MINE;
	if (lines.at == 0 &&
	    memcmp(client->bytes, PREFACE_METHOD, client->len < 3 ? client->len : 3) == 0)
		return pr_http2_look(client, seen);
	if (!next_line(&lines, &line))
		return last ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	if (!parse_request_line(&line, &hosts))
		return PR_LOOK_NOT_MINE;
	seen->speaks = PR_SPEAKS_HTTP;
	seen->encryption = PR_ENCRYPTION_NO;
	seen->why = "it is an HTTP request";
	seen->settled = PR_FACTS_SEEN & ~PR_FACT_NAME;
	if (!look_at_fields(&lines, &hosts)) {
		if (!last)
			return PR_LOOK_MORE;
		seen->flags |= PR_SEEN_CONTRADICTS;
	}
	pr_http_hosts_end(&hosts);
	seen->settled = PR_FACTS_SEEN;
	return PR_LOOK_DONE;
}
