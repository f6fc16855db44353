/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the HTTP inspector share. */
#pragma once

#include "inspection/inspector.h"

/* The hosts that one request names, in however many places. */
struct pr_http_hosts {
	struct pr_seen
		*seen; /* the names go here; CONTRADICTS where these differ or aren't clear */
	bool nameless; /* one was empty, or an address */
	unsigned int n_converted; /* labels that were not ASCII */
};

/* One more: host or host:port, with blanks around. */
void pr_http_hosts_add(struct pr_http_hosts *hosts, const uint8_t *bytes, size_t len);
/* There are no more. */
void pr_http_hosts_end(struct pr_http_hosts *hosts);

/* HTTP/2 with prior knowledge (RFC 9113, 3.3): `client` begins as its preface does, as far as it is here. */
enum pr_look pr_http2_look(const struct pr_stream *client, struct pr_seen *seen);

/* What a header block names as the host (RFC 7541): the first of a connection, whose table is empty. False: it is none, or one
 * that can't be read. */
bool pr_hpack_hosts(const uint8_t *block, size_t len, struct pr_http_hosts *hosts);
