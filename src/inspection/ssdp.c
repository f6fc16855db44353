/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SSDP (UPnP Device Architecture 2.0, 1.2 and 1.3): HTTP's form in datagrams, with headers of its own. */
#include "inspection/inspector_table.h"
#include "inspection/plaintext.h"

#include <string.h>
#include <strings.h>

static bool begins(const struct pr_datagram *datagram, const char *text)
{
	size_t len = strlen(text);

	return datagram->len >= len && memcmp(datagram->bytes, text, len) == 0;
}

/* Is there a line that begins so? In any case. */
static bool has_header(const struct pr_datagram *datagram, const char *name)
{
	const char *at = (const char *)datagram->bytes, *end = at + datagram->len;
	size_t len = strlen(name);

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		at++;
		if ((size_t)(end - at) > len && at[len] == ':' && strncasecmp(at, name, len) == 0)
			return true;
	}
	return false;
}

enum pr_look pr_inspect_ssdp(const struct pr_transcript *transcript, struct pr_seen *seen)
{
	const struct pr_datagram *first = pr_transcript_first(transcript, false);
	bool is;

	if (!first)
		return transcript->n_datagrams ? PR_LOOK_NOT_MINE : PR_LOOK_MORE;
	is = (begins(first, "M-SEARCH * HTTP/1.1\r\n") && has_header(first, "MAN") &&
	      has_header(first, "ST")) ||
	     (begins(first, "NOTIFY * HTTP/1.1\r\n") && has_header(first, "NTS") &&
	      has_header(first, "USN")) ||
	     /* the answer to a search goes to who asked, over a link of its own */
	     (begins(first, "HTTP/1.1 200 OK\r\n") && has_header(first, "ST") &&
	      has_header(first, "USN"));
	return is ? pr_look_plaintext(seen, PR_SPEAKS_SSDP, "SSDP is plaintext") : PR_LOOK_NOT_MINE;
}
