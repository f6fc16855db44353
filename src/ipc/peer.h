/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is at the other end of a connected Unix socket, by the kernel's word alone. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

#define PR_PEER_GROUPS_MAX 256 /* who is in more than these counts as in its primary group alone */

struct pr_peer {
	uid_t uid; /* when it connected; (uid_t)-1 = unknown */
	gid_t gid;
	gid_t groups[PR_PEER_GROUPS_MAX];
	unsigned int n_groups;
};

/* SO_PEERCRED and SO_PEERGROUPS of `fd`. 0 or -errno; -ENOTSOCK or -EINVAL where it is no connected Unix
 * socket. */
PR_MUST_USE int pr_peer_read(int fd, struct pr_peer *ret_peer);
bool pr_peer_in_group(const struct pr_peer *peer, gid_t gid);
