/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A socket as the lowest layer. Its events are apart, so that an idle link which others watch does not hold them. */
#include "tunnel/layer.h"

#include <sys/socket.h>
#include <unistd.h>

struct watch {
	struct event readable, writable;
};

struct socket_layer {
	struct pr_layer layer;
	struct watch *watch; /* NULL: somebody else does */
	int fd;
};

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct socket_layer *socket = context;

	(void)fd;
	(void)what;
	if (socket->layer.events)
		socket->layer.events->readable(socket->layer.context);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct socket_layer *socket = context;

	(void)fd;
	(void)what;
	if (socket->layer.events)
		socket->layer.events->writable(socket->layer.context);
}

static ssize_t socket_read(struct pr_layer *layer, void *bytes, size_t size, bool peek)
{
	struct socket_layer *socket = (struct socket_layer *)layer;
	ssize_t n;

	do
		n = recv(socket->fd, bytes, size, peek ? MSG_PEEK : 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t socket_write(struct pr_layer *layer, const void *bytes, size_t len)
{
	struct socket_layer *socket = (struct socket_layer *)layer;
	ssize_t n;

	do
		n = send(socket->fd, bytes, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		return -errno;
	if ((n < 0 || (size_t)n < len) && socket->watch)
		event_add(&socket->watch->writable, NULL);
	return n < 0 ? -EAGAIN : n;
}

static void socket_shutdown(struct pr_layer *layer)
{
	(void)shutdown(((struct socket_layer *)layer)->fd, SHUT_WR);
}

static void watch_no_more(struct socket_layer *socket)
{
	if (!socket->watch)
		return;
	event_del(&socket->watch->readable);
	event_del(&socket->watch->writable);
	free(PR_TAKE_PTR(socket->watch));
}

static void socket_free(struct pr_layer *layer, bool reset)
{
	struct socket_layer *socket = (struct socket_layer *)layer;
	const struct linger at_once = { .l_onoff = 1 };

	watch_no_more(socket);
	if (reset)
		(void)setsockopt(socket->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(socket->fd);
	free(socket);
}

static int socket_fd(struct pr_layer *layer)
{
	struct socket_layer *socket = (struct socket_layer *)layer;

	watch_no_more(socket);
	return socket->fd;
}

struct pr_layer *pr_layer_socket(struct event_base *base, int fd)
{
	static const struct pr_layer_kind kind = { .read = socket_read,
						   .write = socket_write,
						   .shutdown = socket_shutdown,
						   .free = socket_free,
						   .fd = socket_fd };
	struct socket_layer *socket = pr_calloc(1, sizeof(*socket));

	socket->layer.kind = &kind;
	socket->fd = fd;
	socket->watch = pr_calloc(1, sizeof(*socket->watch));
	pr_assert(event_assign(&socket->watch->readable, base, fd, EV_READ | EV_PERSIST | EV_ET,
			       on_readable, socket) == 0);
	pr_assert(event_assign(&socket->watch->writable, base, fd, EV_WRITE | EV_ET, on_writable,
			       socket) == 0);
	event_add(&socket->watch->readable, NULL);
	return &socket->layer;
}
