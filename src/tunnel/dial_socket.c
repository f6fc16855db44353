/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/dial_socket.h"

#include "base/port.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* ---- this host itself ---- */

static int bound_to(const struct pr_address *address, const char *interface)
{
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	struct sockaddr_storage at;
	socklen_t len = pr_address_to_sockaddr(address, 0, &at);

	fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || pr_dial_socket_bind(fd, interface) < 0)
		return -errno;
	return bind(fd, (const struct sockaddr *)&at, len) < 0 ? -errno : 0;
}

static bool is_source_of_itself(const struct pr_address *address, const char *interface)
{
	PR_CLEANUP(pr_cleanup_close) int fd = -1;
	struct sockaddr_storage at, from;
	socklen_t len = pr_address_to_sockaddr(address, 9, &at);
	struct pr_address source, peer;

	fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || pr_dial_socket_bind(fd, interface) < 0 ||
	    connect(fd, (const struct sockaddr *)&at, len) < 0)
		return false;
	len = sizeof(from);
	if (getsockname(fd, (struct sockaddr *)&from, &len) < 0)
		return false;
	source = pr_address_from_sockaddr((struct sockaddr *)&from, NULL);
	len = sizeof(at);
	if (getpeername(fd, (struct sockaddr *)&at, &len) < 0)
		return false;
	peer = pr_address_from_sockaddr((struct sockaddr *)&at, NULL);
	return pr_address_equal(&source, &peer);
}

/* The kernel's table of local addresses comes first: those of the device, and none at all (0.0.0.0), lead to this host
 * though a socket is bound to the device, and a nameserver far away may say such a one. What can be bound is ours, or a
 * group's; where everything can be (ip_nonlocal_bind), what it would be reached from tells. */
static bool is_here(const struct pr_address *address, const char *interface)
{
	static const struct pr_address nowhere4 = { 4, { 192, 0, 2, 1 } }; /* RFC 5737 */
	static const struct pr_address nowhere6 = {
		6, { 0x20, 0x01, 0x0d, 0xb8, 0xff }
	}; /* RFC 3849 */
	const struct pr_address none = { .family = address->family };
	int r = bound_to(address, interface);

	if (r < 0)
		return r == -EADDRINUSE;
	return pr_address_equal(address, &none) ||
	       bound_to(address->family == 4 ? &nowhere4 : &nowhere6, interface) < 0 ||
	       is_source_of_itself(address, interface);
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
	if (interface[0] && strcmp(interface, "lo") != 0 && is_here(address, interface))
		return -EHOSTUNREACH;
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
		return PR_TUNNEL_UNSUPPORTED;
	default:
		return PR_TUNNEL_UNREACHABLE;
	}
}

static int reaches(const struct pr_address *address, const char *interface)
{
	int fd = pr_dial_socket(address, 9, true, interface);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* IPv4 takes a destination without a route for one that is on the link (net/ipv4/route.c,
 * ip_route_output_key_hash_rcu()), so it says ENETUNREACH only of a device that is down, or has no IPv4. */
int pr_dial_socket_interface(const char *interface)
{
	const struct pr_address v4 = { 4, { 192, 0, 2, 1 } };			  /* RFC 5737 */
	const struct pr_address v6 = { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } }; /* RFC 3849 */
	int r = reaches(&v4, interface);

	if (r == 0 || r == -ENODEV)
		return r;
	return reaches(&v6, interface) == 0 ? 0 : -ENETDOWN;
}

void pr_dial_socket_interface_why(int error, const char *interface, char *why, size_t size)
{
	why[0] = '\0';
	if (error)
		snprintf(why, size, "the interface %s is %s", interface,
			 error == -ENODEV ? "not there" : "down");
}
