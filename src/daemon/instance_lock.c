/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An abstract name alone could be taken by any local program first, which would keep the firewall from
 * starting. So a name that is taken counts only when our own user (root) holds it: the holder listens and
 * its peer credentials tell (unix(7), SO_PEERCRED). A name taken by anyone else, or that does not take the
 * connection, is passed over for the next one. Behind this lock stands another: a queue number can be
 * bound once (net/netfilter/nfnetlink_queue.c, instance_create()), and only with CAP_NET_ADMIN.
 */
#include "daemon/instance_lock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NAMES_MAX 16 /* all taken by others: refused */
#define BACKLOG	  64

static socklen_t name_address(unsigned int i, struct sockaddr_un *address)
{
	int len;

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	len = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "portreeve/%u", i);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
}

static bool held_by_our_user(const struct sockaddr_un *address, socklen_t len)
{
	struct ucred credentials = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(credentials);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool held;

	if (fd < 0)
		return true;
	held = connect(fd, (const struct sockaddr *)address, len) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
	       credentials.uid == geteuid();
	close(fd);
	return held;
}

int pr_instance_lock(int *ret_fd)
{
	struct sockaddr_un address;
	socklen_t len;
	int fd = -1;

	/* All names are tried for a holder, so that a free first name does not hide a second daemon. */
	for (unsigned int i = 0; i < NAMES_MAX; i++) {
		len = name_address(i, &address);
		if (held_by_our_user(&address, len)) {
			if (fd >= 0)
				close(fd);
			return -EADDRINUSE;
		}
		if (fd >= 0)
			continue;
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return -errno;
		if (bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, BACKLOG) < 0)
			close(PR_TAKE_FD(fd));
	}
	if (fd < 0)
		return -EADDRINUSE;
	*ret_fd = fd;
	return 0;
}

void pr_instance_lock_answer(int fd)
{
	int client;

	while ((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(client);
}
