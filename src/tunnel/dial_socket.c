/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/dial_socket.h"

#include "base/port.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* A far end that is gone is noticed after two minutes of silence. */
#define KEEP_IDLE_S	60
#define KEEP_INTERVAL_S 15
#define KEEP_COUNT	4

int pr_dial_socket_bind(int fd, const char *interface)
{
	if (!interface[0])
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
			  (socklen_t)strlen(interface)) < 0
		       ? -errno
		       : 0;
}

static void set(int fd, int level, int name, int value)
{
	/* a kernel that has not got it does without */
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

int pr_dial_socket(const struct pr_address *address, uint16_t port, bool datagrams,
		   const char *interface)
{
	int type = (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, r;
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	struct sockaddr_storage at;
	socklen_t len = pr_address_to_sockaddr(address, port, &at);

	fd = socket(at.ss_family, type, 0);
	if (fd < 0)
		return -errno;
	r = pr_dial_socket_bind(fd, interface);
	if (r < 0)
		return r;
	if (datagrams) {
		pr_port_bind(fd, at.ss_family);
	} else {
		set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
		set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
		set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
		set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
		set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
	}
	if (connect(fd, (const struct sockaddr *)&at, len) < 0 && errno != EINPROGRESS)
		return -errno;
	return PR_TAKE_FD(fd);
}

enum pr_tunnel_outcome pr_dial_outcome_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ECONNRESET:
		return PR_TUNNEL_REFUSED;
	case ETIMEDOUT:
		return PR_TUNNEL_TIMED_OUT;
	case EACCES: /* ICMP says so of a policy, or rules of this host do */
	case EPERM:
		return PR_TUNNEL_FORBIDDEN;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return PR_TUNNEL_DOWN;
	default:
		return PR_TUNNEL_UNREACHABLE;
	}
}
