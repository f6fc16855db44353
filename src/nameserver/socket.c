/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nameserver/listener.h"

#include <string.h>
#include <sys/socket.h>

#define BACKLOG	    128
#define RECEIVE_LEN (4 << 20) /* the kernel counts about 800 bytes a question: 5,000 at once */

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int set_options(int fd, int family, bool tcp)
{
	int r = family == AF_INET6 ? set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) : 0;

	if (r < 0)
		return r;
	if (tcp)
		return set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	/* more than net.core.rmem_max where we may; without it bursts are lost, nothing worse */
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_LEN) < 0)
		(void)set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_LEN);
	return family == AF_INET6 ? set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
				  : set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

int pr_listener_socket(const struct pr_address *address, uint16_t port, uint32_t ifindex,
		       enum pr_transport transport)
{
	bool tcp = transport == PR_TRANSPORT_TCP;
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	struct sockaddr_storage sockaddr;
	socklen_t len = pr_address_to_sockaddr(address, port, &sockaddr);
	int r;

	fd = socket(sockaddr.ss_family,
		    (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = set_options(fd, sockaddr.ss_family, tcp);
	if (r < 0)
		return r;
	if (sockaddr.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&sockaddr)->sin6_scope_id = ifindex;
	if (bind(fd, (struct sockaddr *)&sockaddr, len) < 0 || (tcp && listen(fd, BACKLOG) < 0))
		return -errno;
	return PR_TAKE_FD(fd);
}
