/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's side of SOCKS5: RFC 1928, RFC 1929. No I/O. Of the room itself. */
#pragma once

#include "tunnel/talk.h"

#include <sys/types.h>

#define PR_SOCKS5_MESSAGE_MAX 262 /* VER REP RSV ATYP, a name with its length, a port */
/* Before each datagram (RFC 1928, 7): RSV RSV FRAG, and the same. */
#define PR_SOCKS5_DATAGRAM_HEADER_MAX 262

enum pr_socks5_state {
	PR_SOCKS5_GREETING,
	PR_SOCKS5_METHOD,
	PR_SOCKS5_ACCOUNT,
	PR_SOCKS5_ACCEPTED,
	PR_SOCKS5_REQUEST,
	PR_SOCKS5_REPLY,
};

struct pr_socks5 {
	struct pr_talk_ask ask;
	enum pr_socks5_state state;
	uint16_t n_in;
	uint8_t in[PR_SOCKS5_MESSAGE_MAX];
	/* Once an association is open: where datagrams go. */
	struct pr_address relay;
	uint16_t relay_port;
};

/* 0, or -EINVAL: the protocol has no room for such a name. */
PR_MUST_USE int pr_socks5_start(struct pr_socks5 *socks, const struct pr_talk_ask *ask);
/* What is to be sent now, before anything more is heard; `bytes` holds PR_TALK_SAY_MAX. 0 = nothing. */
size_t pr_socks5_say(struct pr_socks5 *socks, uint8_t *bytes);
/* Takes `*ret_used` of `len` > 0 bytes, at least one, none beyond the answer. */
PR_MUST_USE enum pr_talk_heard pr_socks5_hear(struct pr_socks5 *socks, const uint8_t *bytes,
					      size_t len, size_t *ret_used,
					      struct pr_talk_failure *ret_failure);
/* Whether it was asked for the destination, and the answer is due. */
bool pr_socks5_asked(const struct pr_socks5 *socks);

/* The header of datagrams to a host; its length, or -EINVAL. */
PR_MUST_USE ssize_t pr_socks5_datagram_header(const char *host, uint16_t port,
					      uint8_t bytes[PR_SOCKS5_DATAGRAM_HEADER_MAX]);
/* The length of the header of one that came, or -EBADMSG: it is none, or a fragment. *ret_from has family 0 for a name. */
PR_MUST_USE ssize_t pr_socks5_datagram_parse(const uint8_t *bytes, size_t len,
					     struct pr_address *ret_from, uint16_t *ret_port);
