/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/socket.h"

#include "base/port.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* By a socket that the sandbox allows: if_nametoindex() takes one that it does not. */
static unsigned int zone_index(int fd, const char *zone)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", zone);
	return ioctl(fd, SIOCGIFINDEX, &request) < 0 ? 0 : (unsigned int)request.ifr_ifindex;
}

int pr_upstream_connect(const struct pr_upstream *upstream, int type)
{
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	struct sockaddr_storage address;
	socklen_t len = pr_address_to_sockaddr(&upstream->address, upstream->port, &address);

	fd = socket(address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (upstream->zone[0]) {
		struct sockaddr_in6 *address6 = (struct sockaddr_in6 *)&address;

		address6->sin6_scope_id = zone_index(fd, upstream->zone);
		if (address6->sin6_scope_id == 0)
			return -ENODEV;
	}
	if (type == SOCK_DGRAM)
		pr_port_bind(fd, address.ss_family);
	if (connect(fd, (const struct sockaddr *)&address, len) < 0 && errno != EINPROGRESS)
		return -errno;
	return PR_TAKE_FD(fd);
}
