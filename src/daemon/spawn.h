/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"
#include "ipc/message.h"

#include <stdbool.h>
#include <sys/types.h>

#define PR_SPAWN_CHANNEL_FD 3 /* where a child finds its channel to the supervisor */

struct pr_spawned {
	pid_t pid;
	int pidfd;   /* readable when it has ended; owned */
	int channel; /* our end; owned */
};

/* The running program itself, opened once: a child runs the same code even while the file is upgraded.
 * 0 or -errno. */
PR_MUST_USE int pr_spawn_open_self(int *ret_fd);
/* Starts `self_fd` again as the process `party`, with an empty environment and no descriptor but its
 * channel and stderr. It dies with the calling thread. 0 or -errno. */
PR_MUST_USE int pr_spawn(int self_fd, enum pr_party party, bool verbose,
			 struct pr_spawned *ret_spawned);
