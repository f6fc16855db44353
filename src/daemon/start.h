/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A child's first moments: what the supervisor gives it before it begins. */
#pragma once

#include "ipc/body.h"
#include "ipc/channel.h"

#define PR_START_FDS_MAX  32
#define PR_START_NAME_MAX 32

struct pr_start {
	struct pr_channel *supervisor; /* owned */
	struct {
		char name[PR_START_NAME_MAX];
		int fd; /* owned; -1 = taken */
	} fds[PR_START_FDS_MAX];
	unsigned int n_fds;
	uint8_t *body; /* that the settings borrow from */
	struct pr_pairs settings;
};

/* Reads up to and with PR_MESSAGE_START. 0 or -errno. */
PR_MUST_USE int pr_start_read(enum pr_party self, struct pr_start *ret_start);
/* The same socket once more, for a room that talks with the supervisor itself; ours only says why it failed. The
 * caller's. 0 or -errno. */
PR_MUST_USE int pr_start_dup_channel(int *ret_fd);
void pr_start_done(struct pr_start *start);
/* The descriptor with this name, now the caller's; -1 where there is none. */
int pr_start_take_fd(struct pr_start *start, const char *name);
/* The setting, or "". */
const char *pr_start_text(const struct pr_start *start, const char *key);
