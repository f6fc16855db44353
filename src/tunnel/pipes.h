/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pipes that bytes cross on their way from socket to socket (splice(2)). A link has one only while bytes are in it. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* What the kernel lets a user's pipes hold without asking further (pipe-user-pages-soft) is 64 MiB: half of it for a few
 * pipes of a long reach, the rest for the many whose reader is slow. */
#define PR_PIPES_BIG	  32u
#define PR_PIPES_BIG_SIZE (1 << 20)
#define PR_PIPES_MAX	  512u /* Reached: bytes that wait are copied into memory instead */
#define PR_PIPES_KEPT	  64u  /* idle ones; more are closed */

struct pr_pipe {
	int read, write;
	bool big;
	struct pr_pipe *next;
};

struct pr_pipes {
	struct pr_pipe *idle[2]; /* the big ones second */
	unsigned int n, n_big, n_idle, n_max;
};

void pr_pipes_init(struct pr_pipes *pipes, unsigned int n_max);
/* None may be out. */
void pr_pipes_done(struct pr_pipes *pipes);
/* An empty one; NULL: none is to be had now. */
struct pr_pipe *pr_pipes_take(struct pr_pipes *pipes);
void pr_pipes_give(struct pr_pipes *pipes, struct pr_pipe *pipe, bool empty);
