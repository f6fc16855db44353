/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ports of UDP are none that the kernel draws for others (ip_local_port_range, 32768 to 60999 as it is shipped):
 * conntrack remembers a question for half a minute, and whoever got its port meanwhile would send into a link that is
 * ours, which the table refuses.
 */
#include "resolver/socket.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#define TRIES 16 /* draws of a port; then the kernel draws it */

static const struct {
	uint16_t first, n;
} ports[] = { { 10240, 22528 }, { 61000, 4536 } };

/* By a socket that the sandbox allows: if_nametoindex() takes one that it does not. */
static unsigned int zone_index(int fd, const char *zone)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", zone);
	return ioctl(fd, SIOCGIFINDEX, &request) < 0 ? 0 : (unsigned int)request.ifr_ifindex;
}

static uint16_t draw_port(void)
{
	uint32_t drawn;

	pr_assert(getrandom(&drawn, sizeof(drawn), 0) == sizeof(drawn));
	drawn %= (uint32_t)ports[0].n + ports[1].n;
	return (uint16_t)(drawn < ports[0].n ? ports[0].first + drawn
					     : ports[1].first + drawn - ports[0].n);
}

/* Ports that are taken are drawn anew. */
static void bind_port(int fd, sa_family_t family)
{
	for (unsigned int i = 0; i < TRIES; i++) {
		/* any address; the port stands at the same place in both families */
		struct sockaddr_in6 local = { .sin6_family = family,
					      .sin6_port = htons(draw_port()) };

		if (bind(fd, (struct sockaddr *)&local,
			 family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(local)) == 0)
			return;
	}
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
		bind_port(fd, address.ss_family);
	if (connect(fd, (const struct sockaddr *)&address, len) < 0 && errno != EINPROGRESS)
		return -errno;
	return PR_TAKE_FD(fd);
}
