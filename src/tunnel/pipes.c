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
	pipes->n_big -= pipe->big;
	free(pipe);
}

void pr_pipes_done(struct pr_pipes *pipes)
{
	for (int big = 0; big < 2; big++)
		while (pipes->idle[big]) {
			struct pr_pipe *pipe = pipes->idle[big];

			pipes->idle[big] = pipe->next;
			close_pipe(pipes, pipe);
		}
	pr_assert(pipes->n == 0);
}

static struct pr_pipe *make(struct pr_pipes *pipes)
{
	struct pr_pipe *pipe;
	int fds[2];

	if (pipes->n >= pipes->n_max || pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0)
		return NULL;
	pipe = pr_calloc(1, sizeof(*pipe));
	pipe->read = fds[0];
	pipe->write = fds[1];
	/* One that may not grow serves as well, for shorter reaches. */
	pipe->big =
		pipes->n_big < PR_PIPES_BIG && fcntl(fds[1], F_SETPIPE_SZ, PR_PIPES_BIG_SIZE) >= 0;
	pipes->n++;
	pipes->n_big += pipe->big;
	return pipe;
}

struct pr_pipe *pr_pipes_take(struct pr_pipes *pipes)
{
	int big = pipes->idle[1] != NULL;
	struct pr_pipe *pipe = pipes->idle[big];

	if (!pipe)
		return make(pipes);
	pipes->idle[big] = pipe->next;
	pipes->n_idle--;
	return pipe;
}

void pr_pipes_give(struct pr_pipes *pipes, struct pr_pipe *pipe, bool empty)
{
	if (!empty || pipes->n_idle >= PR_PIPES_KEPT) {
		close_pipe(pipes, pipe);
		return;
	}
	pipe->next = pipes->idle[pipe->big];
	pipes->idle[pipe->big] = pipe;
	pipes->n_idle++;
}
