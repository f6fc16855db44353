/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each process may do, closed for good before it reads the first byte from outside. A process that
 * steps over the line dies at once (the kernel logs it), and the supervisor applies the failure policy.
 */
#pragma once

#include "daemon/users.h"

struct pr_sandbox {
	enum pr_party party;
	struct pr_user user;
	bool keep_user;		       /* a user namespace with one user */
	bool builds_set;	       /* the compiler's: its limits are those for sets of lists */
	const char *const *read_dirs;  /* Landlock: what front may read; NULL-terminated */
	const char *const *write_dirs; /* … and write */
};

/* Limits and privileges that have to go before descriptors are used: user, capabilities (the engine keeps
 * CAP_NET_ADMIN), no_new_privs, rlimits, dumpable. Before any thread is started. 0 or -errno. */
PR_MUST_USE int pr_sandbox_drop(const struct pr_sandbox *sandbox);
/* Landlock, and the list of system calls. Threads may be started afterwards. 0 or -errno. A kernel without
 * Landlock is passed over: the user and seccomp remain. */
PR_MUST_USE int pr_sandbox_close(const struct pr_sandbox *sandbox);
