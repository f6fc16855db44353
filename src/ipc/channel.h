/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A channel: one end of a SOCK_SEQPACKET pair between two processes. Non-blocking. Both ways every
 * message is held against the list in message.h: kind, direction, length, number of descriptors. Errors
 * are sticky: after one the channel only answers with it, and its owner ends the connection.
 * One thread at a time.
 */
#pragma once

#include "base/error.h"
#include "ipc/message.h"

#include <stdint.h>

struct pr_channel;

enum pr_channel_outcome {
	PR_CHANNEL_FULL = 1,  /* send: the peer doesn't read; nothing was sent */
	PR_CHANNEL_EMPTY = 1, /* receive: nothing there now */
};

struct pr_message {
	enum pr_message_kind kind;
	uint64_t ticket;
	const uint8_t *body; /* borrowed from the channel until the next receive */
	size_t len;
	int fds[PR_MESSAGE_FDS_MAX]; /* owned by the message; -1 = none or taken */
};

/* Two connected descriptors, close-on-exec, non-blocking. 0 or -errno. */
PR_MUST_USE int pr_channel_pair(int ret_fds[2]);
/* `fd` becomes the channel's. `self` is who we are. */
struct pr_channel *pr_channel_new_take(int fd, enum pr_party self, enum pr_party peer);
void pr_channel_free(struct pr_channel *channel); /* takes NULL */
int pr_channel_fd(const struct pr_channel *channel);

/* 0, PR_CHANNEL_FULL, or a sticky -errno (-EPIPE: the peer is gone). A message that is not on the list,
 * too long or the wrong way is a broken invariant. `fds` are borrowed: `n_fds` as in the list. */
PR_MUST_USE int pr_channel_send_fds(struct pr_channel *channel, enum pr_message_kind kind,
				    uint64_t ticket, const void *body, size_t len, const int *fds,
				    unsigned int n_fds);
static inline PR_MUST_USE int pr_channel_send(struct pr_channel *channel, enum pr_message_kind kind,
					      uint64_t ticket, const void *body, size_t len)
{
	return pr_channel_send_fds(channel, kind, ticket, body, len, NULL, 0);
}

/* 0, PR_CHANNEL_EMPTY, or a sticky -errno: -EPIPE the peer is gone, -EBADMSG it broke the list. */
PR_MUST_USE int pr_channel_receive(struct pr_channel *channel, struct pr_message *ret_message);
/* Closes the descriptors that nobody took. */
void pr_message_done(struct pr_message *message);
