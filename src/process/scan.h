/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last rung: who holds a socket, by looking at everybody's descriptors; and which sockets there are
 * for protocols that sock_diag may not show. Supervisor only. */
#pragma once

#include "base/error.h"
#include "packet/tuple.h"

#include <stdint.h>
#include <sys/types.h>

/* All processes, in the order of their PIDs. */
struct pr_scan_processes {
	void *directory;
};
PR_MUST_USE int pr_scan_processes_open(int proc_fd, struct pr_scan_processes *ret_walk);
pid_t pr_scan_processes_next(struct pr_scan_processes *walk); /* 0 = the end */
void pr_scan_processes_close(struct pr_scan_processes *walk);

enum pr_scan_outcome {
	PR_SCAN_FOUND = 0,
	PR_SCAN_NOT_FOUND = 1,
	PR_SCAN_CUT = 2, /* too many descriptors: not known */
};

struct pr_scan_socket {
	uint64_t inode;
	pid_t pid; /* 0 = nobody's */
};

/* Who holds these sockets, with one look at everybody's descriptors: the lowest PID; PID 1 only if nobody else
 * does. No inode may stand there twice. Sorts them. At most `n_fds_max` descriptors are looked at: CUT where some
 * were not found until then. FOUND, CUT or -errno. */
PR_MUST_USE int pr_scan_sockets(int proc_fd, struct pr_scan_socket *sockets, size_t n,
				unsigned int n_fds_max);
/* Among sorted ones; NULL = not there. */
const struct pr_scan_socket *pr_scan_socket_find(const struct pr_scan_socket *sockets, size_t n,
						 uint64_t inode);

/* A ping socket with this identifier, or else the one raw socket that could have sent it, from
 * /proc/thread-self/net. Two candidates: not found. PR_SCAN_… or -errno. */
PR_MUST_USE int pr_scan_datagram(int proc_fd, const struct pr_tuple *local_view,
				 uint64_t *ret_inode, uid_t *ret_uid);
