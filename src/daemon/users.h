/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user that each process runs as. */
#pragma once

#include "base/error.h"
#include "ipc/message.h"

#include <stdbool.h>
#include <sys/types.h>

struct pr_user {
	uid_t uid;
	gid_t gid;
};

struct pr_users {
	bool single; /* a user namespace with one user: every process runs as this one */
	struct pr_user of[PR_N_PARTIES];
	gid_t admin_gid; /* the group portreeve; (gid_t)-1 where there is none */
};

/* portreeve-engine, -resolver, -front, -compiler and -tunnel; where a user does not exist, a numeric id that no
 * account has. 0 or -errno: no free id, /proc/self/uid_map unreadable. */
PR_MUST_USE int pr_users_find(struct pr_users *ret_users);
