/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/pipes.h"

#include <fcntl.h>
#include <unistd.h>

void pr_pipes_init(struct pr_pipes *pipes, unsigned int n_max)
{
	*pipes = (struct pr_pipes){ .n_max = n_max < PR_PIPES_MAX ? n_max : PR_PIPES_MAX };
}

static void close_pipe(struct pr_pipes *pipes, struct pr_pipe *pipe)
{
	close(pipe->read);
	close(pipe->write);
	pipes->n--;
	free(pipe);
}

void pr_pipes_done(struct pr_pipes *pipes)
{
	while (pipes->idle) {
		struct pr_pipe *pipe = pipes->idle;

		pipes->idle = pipe->next;
		close_pipe(pipes, pipe);
	}
	pr_assert(pipes->n == 0);
}

struct pr_pipe *pr_pipes_take(struct pr_pipes *pipes)
{
	struct pr_pipe *pipe = pipes->idle;
	int fds[2];

	if (pipe) {
		pipes->idle = pipe->next;
		pipes->n_idle--;
		return pipe;
	}
	if (pipes->n >= pipes->n_max || pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0)
		return NULL;
	pipe = pr_calloc(1, sizeof(*pipe));
	pipe->read = fds[0];
	pipe->write = fds[1];
	pipes->n++;
	return pipe;
}

void pr_pipes_give(struct pr_pipes *pipes, struct pr_pipe *pipe, bool empty)
{
	if (!empty || pipes->n_idle >= PR_PIPES_KEPT) {
		close_pipe(pipes, pipe);
		return;
	}
	pipe->next = pipes->idle;
	pipes->idle = pipe;
	pipes->n_idle++;
}
