/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A talk with a proxy over a layer, of whichever protocol. Of the room itself. */
#pragma once

#include "tunnel/connect.h"
#include "tunnel/layer.h"
#include "tunnel/socks5.h"

struct pr_proxy_talk {
	bool is_socks5;
	union {
		struct pr_socks5 socks5;
		struct pr_connect connect;
	};
	uint8_t *rest; /* of what is said, that the layer had no room for; NULL = nothing */
	uint16_t rest_len, rest_sent;
};

/* 0, or -EINVAL: the protocol can't name that. */
PR_MUST_USE int pr_proxy_talk_start(struct pr_proxy_talk *talking, bool is_socks5,
				    const struct pr_talk_ask *ask);
void pr_proxy_talk_done(struct pr_proxy_talk *talking); /* also if it was all zero */
/* Goes on as far as it can. 0 and *ret_heard, which is not MORE; -EAGAIN; -EPIPE where the layer ended, or what broke it. */
PR_MUST_USE int pr_proxy_talk_go_on(struct pr_proxy_talk *talking, struct pr_layer *layer,
				    enum pr_talk_heard *ret_heard,
				    struct pr_talk_failure *ret_failure);
/* Whether it was asked for what it is to lead to. */
bool pr_proxy_talk_asked(const struct pr_proxy_talk *talking);
