/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of what came only that is taken out of the layer which the answer used: the rest is the link's, and stays there. */
#include "tunnel/proxy_talk.h"

#include <string.h>

/* It may be a password. */
static void drop_rest(struct pr_proxy_talk *talking)
{
	if (talking->rest)
		explicit_bzero(talking->rest, talking->rest_len);
	free(PR_TAKE_PTR(talking->rest));
}

void pr_proxy_talk_done(struct pr_proxy_talk *talking)
{
	drop_rest(talking);
}

int pr_proxy_talk_start(struct pr_proxy_talk *talking, bool is_socks5,
			const struct pr_talk_ask *ask)
{
	pr_proxy_talk_done(talking);
	talking->is_socks5 = is_socks5;
	return is_socks5 ? pr_socks5_start(&talking->socks5, ask)
			 : pr_connect_start(&talking->connect, ask);
}

bool pr_proxy_talk_asked(const struct pr_proxy_talk *talking)
{
	return talking->is_socks5 ? pr_socks5_asked(&talking->socks5) : talking->connect.asked;
}

static ssize_t write_all(struct pr_layer *layer, const uint8_t *bytes, size_t len)
{
	size_t written = 0;

	while (written < len) {
		ssize_t n = pr_layer_write(layer, bytes + written, len - written);

		if (n == -EAGAIN)
			break;
		if (n < 0)
			return n;
		written += (size_t)n;
	}
	return (ssize_t)written;
}

/* 0: all that is to be said now is said. */
static int send_out(struct pr_proxy_talk *talking, struct pr_layer *layer)
{
	uint8_t PR_UNINITIALIZED bytes[PR_TALK_SAY_MAX];
	size_t len;
	ssize_t n;

	if (talking->rest) {
		n = write_all(layer, talking->rest + talking->rest_sent,
			      (size_t)(talking->rest_len - talking->rest_sent));
		if (n < 0)
			return (int)n;
		talking->rest_sent = (uint16_t)(talking->rest_sent + n);
		if (talking->rest_sent < talking->rest_len)
			return -EAGAIN;
		drop_rest(talking);
	}
	len = talking->is_socks5 ? pr_socks5_say(&talking->socks5, bytes)
				 : pr_connect_say(&talking->connect, bytes);
	n = write_all(layer, bytes, len);
	if (n >= 0 && (size_t)n < len) {
		talking->rest_len = (uint16_t)(len - (size_t)n);
		talking->rest_sent = 0;
		talking->rest = pr_calloc(1, talking->rest_len);
		memcpy(talking->rest, bytes + n, talking->rest_len);
		n = -EAGAIN;
	}
	explicit_bzero(bytes, len);
	return n < 0 ? (int)n : 0;
}

static int hear_some(struct pr_proxy_talk *talking, struct pr_layer *layer,
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

int pr_proxy_talk_go_on(struct pr_proxy_talk *talking, struct pr_layer *layer,
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
