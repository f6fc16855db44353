/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is said to a proxy, and what it answers, until the stream through it is open: the terms of tunnel/socks5.h and
 * tunnel/connect.h. Of the room itself.
 */
#pragma once

#include "base/address.h"
#include "network/tunnel.h"

#include <stddef.h>

#define PR_TALK_SAY_MAX 2048 /* bytes said at once */

enum pr_talk_heard {
	PR_TALK_MORE, /* needed: bytes, or that something is said */
	PR_TALK_OPEN,
	PR_TALK_FAILED,
};

/* What the proxy is asked for; texts are borrowed as long as the talk lasts. */
struct pr_talk_ask {
	const char *host;
	uint16_t port;
	const char *user, *password; /* "" = none */
	bool made_up;		     /* user and password are: nobody knows them */
	bool associate;		     /* SOCKS5: datagrams; host and port are not said */
};

struct pr_talk_failure {
	enum pr_tunnel_outcome outcome;
	bool own;     /* the proxy's own: it is no word on what it was asked for */
	bool account; /* … it refused who asks */
	const char *why;
};
