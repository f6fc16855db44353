/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of what came only that is taken out of the layer which the answer used: the rest is the link's, and stays there. */
#include "tunnel/talking.h"

int pr_talking_start(struct pr_talking *talking, bool is_socks5, const struct pr_talk_ask *ask)
{
	talking->is_socks5 = is_socks5;
	talking->out_len = talking->out_sent = 0;
	return is_socks5 ? pr_socks5_start(&talking->socks5, ask)
			 : pr_connect_start(&talking->connect, ask);
}

bool pr_talking_asked(const struct pr_talking *talking)
{
	return talking->is_socks5 ? pr_socks5_asked(&talking->socks5) : talking->connect.asked;
}

/* 0: all that is to be said now is said. */
static int send_out(struct pr_talking *talking, struct pr_layer *layer)
{
	if (talking->out_sent == talking->out_len) {
		talking->out_sent = 0;
		talking->out_len =
			(uint16_t)(talking->is_socks5
					   ? pr_socks5_say(&talking->socks5, talking->out)
					   : pr_connect_say(&talking->connect, talking->out));
	}
	while (talking->out_sent < talking->out_len) {
		ssize_t n = pr_layer_write(layer, talking->out + talking->out_sent,
					   (size_t)(talking->out_len - talking->out_sent));

		if (n < 0)
			return (int)n;
		talking->out_sent = (uint16_t)(talking->out_sent + n);
	}
	return 0;
}

static int hear_some(struct pr_talking *talking, struct pr_layer *layer,
		     enum pr_talk_heard *ret_heard, struct pr_talk_failure *ret_failure)
{
	uint8_t bytes[1024];
	ssize_t n = pr_layer_peek(layer, bytes, sizeof(bytes));
	size_t used;

	if (n <= 0)
		return n == 0 ? -EPIPE : (int)n;
	*ret_heard =
		talking->is_socks5
			? pr_socks5_hear(&talking->socks5, bytes, (size_t)n, &used, ret_failure)
			: pr_connect_hear(&talking->connect, bytes, (size_t)n, &used, ret_failure);
	while (used) {
		n = pr_layer_read(layer, bytes, used);
		if (n <= 0)
			return n == 0 ? -EPIPE : (int)n;
		used -= (size_t)n;
	}
	return 0;
}

int pr_talking_go_on(struct pr_talking *talking, struct pr_layer *layer,
		     enum pr_talk_heard *ret_heard, struct pr_talk_failure *ret_failure)
{
	enum pr_talk_heard heard = PR_TALK_MORE;
	int r = 0;

	while (r == 0 && heard == PR_TALK_MORE) {
		r = send_out(talking, layer);
		if (r == 0)
			r = hear_some(talking, layer, &heard, ret_failure);
	}
	if (r == 0)
		*ret_heard = heard;
	return r;
}
