/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's side of CONNECT (RFC 9110, 9.3.6) over HTTP/1.1 (RFC 9112), and what an answer means, of whichever
 * version. No I/O. Of the room itself.
 */
#pragma once

#include "tunnel/talk.h"

#define PR_CONNECT_LINE_MAX \
	512 /* bytes of a line that are looked at; the rest of it is passed over */

struct pr_connect_answer {
	unsigned int status;
	bool hinted; /* a field of the answer says more than the status */
	enum pr_tunnel_outcome hint;
	char why[96];
};

struct pr_connect {
	struct pr_talk_ask ask;
	bool asked, has_status;
	uint32_t n_taken; /* bytes of the answer; at most PR_CARRIER_ANSWER_MAX */
	uint16_t line_len;
	char line[PR_CONNECT_LINE_MAX];
	struct pr_connect_answer answer;
};

/* "HOST:PORT", an IPv6 address in brackets; its length, or -EINVAL: it doesn't fit. */
PR_MUST_USE int pr_connect_authority(const char *host, uint16_t port, char *text, size_t size);
/* "Basic …" (RFC 7617) into `text`, which holds PR_CONNECT_CREDENTIALS_SIZE. */
#define PR_CONNECT_CREDENTIALS_SIZE 700
void pr_connect_credentials(const char *user, const char *password, char *text);

/* A field; the name in lower case. */
void pr_connect_answer_field(struct pr_connect_answer *answer, const char *name, const char *value);
/* OPEN or FAILED; `ret_failure`'s sentence stands in `answer`. */
PR_MUST_USE enum pr_talk_heard pr_connect_answer_heard(struct pr_connect_answer *answer,
						       bool had_account,
						       struct pr_talk_failure *ret_failure);

/* As in tunnel/socks5.h. */
PR_MUST_USE int pr_connect_start(struct pr_connect *connect, const struct pr_talk_ask *ask);
size_t pr_connect_say(struct pr_connect *connect, uint8_t *bytes);
PR_MUST_USE enum pr_talk_heard pr_connect_hear(struct pr_connect *connect, const uint8_t *bytes,
					       size_t len, size_t *ret_used,
					       struct pr_talk_failure *ret_failure);
