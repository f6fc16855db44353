/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sockets as the kernel's sock_diag shows them (linux/inet_diag.h): by exact tuple, listeners, dumps. The
 * netlink descriptor is opened by the caller, in the namespace that is looked at; no capability is
 * needed. Calls are synchronous: the kernel answers within sendmsg().
 */
#pragma once

#include "base/error.h"
#include "packet/tuple.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum pr_sock_diag_outcome {
	PR_SOCK_DIAG_FOUND = 0,
	PR_SOCK_DIAG_NOT_FOUND = 1,
	PR_SOCK_DIAG_UNSUPPORTED = 2, /* this kernel has no sock_diag for the protocol */
};

struct pr_socket {
	struct pr_tuple tuple; /* src is the local end; a listener's dst is "none" or any */
	uint64_t cookie;
	uint64_t inode; /* 0 = the kernel's, or no longer anybody's (TIME_WAIT) */
	uid_t uid;
	uint32_t ifindex; /* bound to; 0 = any */
	bool listener;	  /* TCP listener, or a UDP or raw socket without peer */
	bool v6;	  /* its family; an IPv6 socket may carry IPv4 */
	uint8_t state;	  /* TCP_… of linux/tcp_states.h */
};

/* A netlink socket for the others, close-on-exec; -errno. */
PR_MUST_USE int pr_sock_diag_open(void);

/* The socket that a packet with these ends is or would be delivered to: connected, else the listener
 * (with SO_REUSEPORT the very one that the kernel picks), else the unconnected one, wildcards and dual
 * stack included. `local_view`: src is this host's end. `ifindex` is the packet's device, 0 = none.
 * PR_SOCK_DIAG_… or -errno. */
PR_MUST_USE int pr_sock_diag_find(int fd, const struct pr_tuple *local_view, uint32_t ifindex,
				  struct pr_socket *ret_socket);

/* All sockets of a protocol that would get a multicast or broadcast packet to this port: those bound to
 * `group`, to any address, or to none, in either family. At most `n_max`; the number found (which may
 * be more than n_max), or -errno. */
PR_MUST_USE int pr_sock_diag_receivers(int fd, const struct pr_tuple *local_view,
				       struct pr_socket *sockets, unsigned int n_max);

/* Every TCP, UDP, SCTP and (where the kernel can) raw socket of the namespace, for adoption at start. A
 * false return of `socket` ends the dump. The number shown, or -errno. */
int pr_sock_diag_dump(int fd, bool (*socket)(void *context, const struct pr_socket *socket),
		      void *context);
