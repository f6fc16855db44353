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

/* The lowest PID that holds the socket; PID 1 only if nobody else does. At most `n_fds_max` descriptors
 * are looked at. PR_SCAN_… or -errno. */
PR_MUST_USE int pr_scan_inode(int proc_fd, uint64_t inode, unsigned int n_fds_max, pid_t *ret_pid);

/* A ping socket with this identifier, or else the one raw socket that could have sent it, from
 * /proc/thread-self/net. Two candidates: not found. PR_SCAN_… or -errno. */
PR_MUST_USE int pr_scan_datagram(int proc_fd, const struct pr_tuple *local_view,
				 uint64_t *ret_inode, uid_t *ret_uid);
