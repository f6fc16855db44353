/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pipes that bytes cross on their way from socket to socket (splice(2)). A link has one only while bytes are in it. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* Each of 64 KiB, as the kernel makes them: so many are what it lets a user have without asking further
 * (pipe-user-pages-soft), less those that may be on their way. Reached: bytes that wait are copied into memory instead. */
#define PR_PIPES_MAX  768u
#define PR_PIPES_KEPT 64u /* idle ones; more are closed */

struct pr_pipe {
	int read, write;
	struct pr_pipe *next;
};

struct pr_pipes {
	struct pr_pipe *idle;
	unsigned int n, n_idle, n_max;
};

void pr_pipes_init(struct pr_pipes *pipes, unsigned int n_max);
/* None may be out. */
void pr_pipes_done(struct pr_pipes *pipes);
/* An empty one; NULL: none is to be had now. */
struct pr_pipe *pr_pipes_take(struct pr_pipes *pipes);
void pr_pipes_give(struct pr_pipes *pipes, struct pr_pipe *pipe, bool empty);
