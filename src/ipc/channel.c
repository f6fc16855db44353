/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * On the wire: a header of 12 bytes (u16 kind, u16 zero, u64 ticket), then the body. The record bounds of
 * SOCK_SEQPACKET frame it, so there is no length to lie about. Descriptors come close-on-exec.
 */
#include "ipc/channel.h"

#include "base/cursor.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADER_LEN 12
/* Holds a few of the longest messages; root's processes may pass net.core.wmem_max. */
#define SOCKET_BUFFER (1 << 20)

struct pr_channel {
	int fd, error;
	enum pr_party self, peer;
	uint8_t buffer[HEADER_LEN + PR_MESSAGE_BODY_MAX];
};

union control {
	struct cmsghdr header; /* for its alignment */
	char bytes[CMSG_SPACE(sizeof(int) * PR_MESSAGE_FDS_MAX)];
};

int pr_channel_pair(int ret_fds[2])
{
	const int size = SOCKET_BUFFER;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		if (setsockopt(fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
			(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

struct pr_channel *pr_channel_new_take(int fd, enum pr_party self, enum pr_party peer)
{
	struct pr_channel *channel = pr_calloc(1, sizeof(*channel));

	channel->fd = fd;
	channel->self = self;
	channel->peer = peer;
	return channel;
}

void pr_channel_free(struct pr_channel *channel)
{
	if (!channel)
		return;
	if (channel->fd >= 0)
		close(channel->fd);
	free(channel);
}

int pr_channel_fd(const struct pr_channel *channel)
{
	return channel->fd;
}

static int fail(struct pr_channel *channel, int error)
{
	channel->error = error == -ECONNRESET ? -EPIPE : error;
	return channel->error;
}

static void attach_fds(struct msghdr *header, union control *control, const int *fds,
		       unsigned int n_fds)
{
	struct cmsghdr *cmsg;

	if (!n_fds)
		return;
	header->msg_control = control->bytes;
	header->msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	cmsg = CMSG_FIRSTHDR(header);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
	memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * n_fds);
}

int pr_channel_send_fds(struct pr_channel *channel, enum pr_message_kind kind, uint64_t ticket,
			const void *body, size_t len, const int *fds, unsigned int n_fds)
{
	const struct pr_message_info *info = pr_message_info(kind);
	uint8_t header_bytes[HEADER_LEN];
	struct pr_writer writer = pr_writer(header_bytes, sizeof(header_bytes));
	struct iovec parts[2] = { { header_bytes, HEADER_LEN }, { (void *)(uintptr_t)body, len } };
	struct msghdr header = { .msg_iov = parts, .msg_iovlen = len ? 2 : 1 };
	union control control = { 0 };
	ssize_t n;

	pr_assert(info && info->from & 1u << channel->self && info->to & 1u << channel->peer);
	pr_assert(len >= info->min_len && len <= info->max_len && n_fds == info->n_fds);
	if (channel->error)
		return channel->error;
	pr_write_u16(&writer, (uint16_t)kind);
	pr_write_u16(&writer, 0);
	pr_write_u64(&writer, ticket);
	attach_fds(&header, &control, fds, n_fds);
	do
		n = sendmsg(channel->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	/* ENOBUFS and ETOOMANYREFS are the weather of Unix sockets: the peer lags behind. */
	if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
		return PR_CHANNEL_FULL;
	return fail(channel, -errno);
}

/* How many descriptors came; those beyond the message's room are closed. */
static unsigned int take_fds(struct msghdr *header, struct pr_message *message)
{
	unsigned int n = 0;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg)) {
		size_t n_fds = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n_fds; i++, n++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
			if (n < PR_MESSAGE_FDS_MAX)
				message->fds[n] = fd;
			else
				close(fd);
		}
	}
	return n;
}

static bool on_the_list(const struct pr_channel *channel, const struct pr_message *message,
			unsigned int n_fds)
{
	const struct pr_message_info *info = pr_message_info(message->kind);

	return info && info->from & 1u << channel->peer && info->to & 1u << channel->self &&
	       message->len >= info->min_len && message->len <= info->max_len &&
	       n_fds == info->n_fds;
}

static void parse_header(struct pr_channel *channel, size_t n, struct pr_message *message)
{
	struct pr_reader reader = pr_reader(channel->buffer, n);
	unsigned int zero;

	message->kind = (enum pr_message_kind)pr_read_u16(&reader);
	zero = pr_read_u16(&reader);
	message->ticket = pr_read_u64(&reader);
	if (reader.failed || zero)
		message->kind = (enum pr_message_kind)0;
	else
		message->len = n - HEADER_LEN;
	message->body = channel->buffer + HEADER_LEN;
}

int pr_channel_receive(struct pr_channel *channel, struct pr_message *ret_message)
{
	struct iovec part = { channel->buffer, sizeof(channel->buffer) };
	union control control = { 0 };
	struct msghdr header = { .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes) };
	struct pr_message message = { .fds = { -1, -1, -1, -1 } };
	unsigned int n_fds;
	ssize_t n;

	if (channel->error)
		return channel->error;
	do
		n = recvmsg(channel->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? PR_CHANNEL_EMPTY : fail(channel, -errno);
	if (n == 0)
		return fail(channel, -EPIPE);
	n_fds = take_fds(&header, &message);
	parse_header(channel, (size_t)n, &message);
	if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || !on_the_list(channel, &message, n_fds)) {
		pr_message_done(&message);
		return fail(channel, -EBADMSG);
	}
	*ret_message = message;
	return 0;
}

void pr_message_done(struct pr_message *message)
{
	for (unsigned int i = 0; i < PR_MESSAGE_FDS_MAX; i++)
		if (message->fds[i] >= 0)
			close(PR_TAKE_FD(message->fds[i]));
}
