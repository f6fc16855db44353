/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets that the supervisor opens for the others: they outlive a child's restart. */
#include "daemon/supervisor.h"

#include "base/log.h"
#include "kernel/claims.h"
#include "nameserver/listener.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define API_BACKLOG 128
/* The nameserver's port on loopback: any that is free for UDP and TCP, beside mDNS's 5353. */
#define NAMESERVER_PORT_FIRST 53053
#define NAMESERVER_PORT_LAST  53153
/* The tunnel's entry point, likewise. */
#define TUNNEL_PORT_FIRST 53154
#define TUNNEL_PORT_LAST  53254
#define TUNNEL_BACKLOG	  4096 /* the kernel takes net.core.somaxconn where that is less */

static int open_api(struct pr_supervisor *supervisor)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/api.sock",
			   supervisor->options.run_dir);
	PR_CLEANUP(pr_cleanup_close) int fd = -1;

	if (len < 0 || (size_t)len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (unlink(address.sun_path) < 0 && errno != ENOENT)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(address.sun_path, 0666) < 0 || listen(fd, API_BACKLOG) < 0)
		return -errno;
	supervisor->api_listener = PR_TAKE_FD(fd);
	return 0;
}

static void close_last(struct pr_supervisor *supervisor, unsigned int n)
{
	while (supervisor->n_nameserver > n)
		close(supervisor->nameserver[--supervisor->n_nameserver]);
}

static int open_nameserver_at(struct pr_supervisor *supervisor, const struct pr_address *address,
			      uint16_t port)
{
	unsigned int before = supervisor->n_nameserver;

	for (enum pr_transport transport = PR_TRANSPORT_UDP; transport <= PR_TRANSPORT_TCP;
	     transport++) {
		int fd = pr_listener_socket(address, port, 0, transport);

		if (fd < 0) {
			close_last(supervisor, before);
			return fd;
		}
		supervisor->nameserver[supervisor->n_nameserver++] = fd;
	}
	return 0;
}

/* The port found, or 0. */
static uint16_t open_nameserver(struct pr_supervisor *supervisor, const char *text)
{
	struct pr_address address;

	if (pr_address_parse(text, &address) < 0)
		return 0;
	for (uint16_t port = NAMESERVER_PORT_FIRST; port <= NAMESERVER_PORT_LAST; port++) {
		int r = open_nameserver_at(supervisor, &address, port);

		if (r == 0)
			return port;
		if (r != -EADDRINUSE)
			return 0;
	}
	return 0;
}

/* ---- the tunnel's entry point: tcp4, tcp6, udp4, udp6 ---- */

const char *pr_supervisor_tunnel_socket_name(unsigned int which)
{
	static const char *const names[PR_SUPERVISOR_TUNNEL_SOCKETS] = { "tcp4", "tcp6", "udp4",
									 "udp6" };

	pr_assert(which < PR_SUPERVISOR_TUNNEL_SOCKETS);
	return names[which];
}

static void close_tunnel(struct pr_supervisor *supervisor, bool v6)
{
	for (unsigned int which = v6; which < PR_SUPERVISOR_TUNNEL_SOCKETS; which += 2)
		if (supervisor->tunnel_sockets[which] >= 0)
			close(PR_TAKE_FD(supervisor->tunnel_sockets[which]));
}

static int open_tunnel_at(struct pr_supervisor *supervisor, const struct pr_address *address,
			  uint16_t port)
{
	bool v6 = address->family == 6;
	int *tcp = &supervisor->tunnel_sockets[v6], *udp = &supervisor->tunnel_sockets[2 + v6];

	*tcp = pr_listener_socket(address, port, 0, PR_TRANSPORT_TCP);
	if (*tcp < 0)
		return *tcp;
	*udp = pr_listener_socket(address, port, 0, PR_TRANSPORT_UDP);
	if (*udp < 0)
		return *udp;
	return listen(*tcp, TUNNEL_BACKLOG) < 0 ? -errno : 0;
}

/* Any address: what other namespaces open comes to that of the interface. The table lets nothing there but what was
 * rerouted (kernel/nft_tunnel.c). The port found, or 0. */
static uint16_t open_tunnel(struct pr_supervisor *supervisor, const char *text)
{
	struct pr_address address;

	if (pr_address_parse(text, &address) < 0)
		return 0;
	for (uint16_t port = TUNNEL_PORT_FIRST; port <= TUNNEL_PORT_LAST; port++) {
		int r = open_tunnel_at(supervisor, &address, port);

		if (r == 0)
			return port;
		close_tunnel(supervisor, address.family == 6);
		if (r != -EADDRINUSE)
			break;
	}
	pr_log(PR_LOG_WARNING, "no-tunnel-sockets",
	       "family=%u what=\"no socket for the tunnel: what is to go through it over IPv%u is "
	       "blocked\"",
	       address.family, address.family);
	return 0;
}

static void open_claims(struct pr_supervisor *supervisor)
{
	int r = pr_claims_open(false, &supervisor->claims_arp);

	if (r == 0)
		r = pr_claims_open(true, &supervisor->claims_ipv6);
	if (r < 0)
		pr_log(PR_LOG_WARNING, "no-claims",
		       "error=%s what=\"claims of the gateway's address are not heard\"",
		       strerror(-r));
}

int pr_supervisor_sockets_open(struct pr_supervisor *supervisor)
{
	int r = open_api(supervisor);

	if (r < 0) {
		fprintf(stderr, "portreeved: %s/api.sock: %s\n", supervisor->options.run_dir,
			strerror(-r));
		return 1;
	}
	/* Any address: a link-local server's clients reach us at their own address, forwarded ones at that of the
	 * interface. The table lets nothing else to this port (kernel/nft_verdicts.c). */
	supervisor->nameserver_port4 = open_nameserver(supervisor, "0.0.0.0");
	supervisor->nameserver_port6 = open_nameserver(supervisor, "::");
	if (!supervisor->nameserver_port4)
		pr_log(PR_LOG_WARNING, "no-nameserver-ipv4",
		       "what=\"no port from %d to %d is free: questions over IPv4 are not rerouted "
		       "but "
		       "blocked\"",
		       NAMESERVER_PORT_FIRST, NAMESERVER_PORT_LAST);
	if (!supervisor->nameserver_port6)
		pr_log(PR_LOG_WARNING, "no-ipv6",
		       "what=\"no socket for the nameserver over IPv6: questions over IPv6 are not "
		       "rerouted but blocked, the rest works\"");
	supervisor->ruleset.nameserver_port4 = supervisor->nameserver_port4;
	supervisor->ruleset.nameserver_port6 = supervisor->nameserver_port6;
	supervisor->ruleset.forwarded_questions = true;
	supervisor->ruleset.tunnel_port4 = open_tunnel(supervisor, "0.0.0.0");
	supervisor->ruleset.tunnel_port6 = open_tunnel(supervisor, "::");
	open_claims(supervisor);
	return 0;
}

void pr_supervisor_sockets_close(struct pr_supervisor *supervisor)
{
	char path[4096];

	close_last(supervisor, 0);
	close_tunnel(supervisor, false);
	close_tunnel(supervisor, true);
	if (supervisor->claims_arp >= 0)
		close(PR_TAKE_FD(supervisor->claims_arp));
	if (supervisor->claims_ipv6 >= 0)
		close(PR_TAKE_FD(supervisor->claims_ipv6));
	if (supervisor->api_listener < 0)
		return;
	close(PR_TAKE_FD(supervisor->api_listener));
	snprintf(path, sizeof(path), "%s/api.sock", supervisor->options.run_dir);
	(void)unlink(path);
}
