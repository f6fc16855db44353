/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the links of bench/tunnel lead to: `tunnel-server PORT`. The first byte of a link says what it wants: D, bytes
 * without end; U, nothing, whatever it sends; E, that byte back.
 */
#include "base/error.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK	 65536
#define MOST_FDS 65536

static uint8_t bytes[CHUNK];
static char wants[MOST_FDS]; /* by descriptor; 0 = not said yet */

static void watch(int epoll, int fd, int how, uint32_t events)
{
	struct epoll_event event = { .events = events, .data = { .fd = fd } };

	if (epoll_ctl(epoll, how, fd, &event) < 0)
		abort();
}

static void accept_all(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		if (fd >= MOST_FDS) {
			close(fd);
			continue;
		}
		wants[fd] = 0;
		watch(epoll, fd, EPOLL_CTL_ADD, EPOLLIN);
	}
}

/* False where the link is over. */
static bool serve(int epoll, int fd)
{
	ssize_t len;

	if (wants[fd] == 'D') {
		/* A few pieces, then the others have their turn. */
		for (int i = 0; i < 4; i++) {
			len = send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
			if (len < 0)
				return errno == EAGAIN;
		}
		return true;
	}
	len = recv(fd, bytes, sizeof(bytes), 0);
	if (len <= 0)
		return len < 0 && errno == EAGAIN;
	if (wants[fd] == 'U')
		return true;
	wants[fd] = (char)bytes[0];
	if (bytes[0] == 'D')
		watch(epoll, fd, EPOLL_CTL_MOD, EPOLLOUT);
	if (bytes[0] == 'E') {
		wants[fd] = 0;
		return send(fd, bytes, 1, MSG_NOSIGNAL) == 1;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct epoll_event events[64];
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int epoll = epoll_create1(EPOLL_CLOEXEC), on = 1, off = 0;

	if (argc != 2 || listener < 0 || epoll < 0)
		return 2;
	any.sin6_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(listener, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(listener, 4096) < 0)
		return 1;
	watch(epoll, listener, EPOLL_CTL_ADD, EPOLLIN);
	for (;;) {
		int n = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == listener)
				accept_all(epoll, listener);
			else if (!serve(epoll, fd))
				close(fd);
		}
	}
}
