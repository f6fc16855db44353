/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/process.h"

#include "base/error.h"

#include <stdlib.h>

struct pr_process *pr_process_new(pid_t pid, uint64_t start_time)
{
	struct pr_process *process = pr_calloc(1, sizeof(*process));

	process->n_references = 1;
	process->pid = pid;
	process->start_time = start_time;
	process->uid = (uid_t)-1;
	return process;
}

/* Links are released by any thread that holds the engine's lock, events by the one that sends them:
 * counted atomically. */
struct pr_process *pr_process_reference(struct pr_process *process)
{
	uint32_t before = __atomic_fetch_add(&process->n_references, 1, __ATOMIC_RELAXED);

	pr_assert(before > 0 && before < UINT32_MAX);
	return process;
}

void pr_process_release(struct pr_process *process)
{
	uint32_t before;

	if (!process)
		return;
	before = __atomic_fetch_sub(&process->n_references, 1, __ATOMIC_ACQ_REL);
	pr_assert(before > 0);
	if (before > 1)
		return;
	for (unsigned int i = 0; i < process->n_parents; i++)
		free(process->parents[i].exe_path);
	free(process->exe_path);
	free(process->cmdline);
	free(process->user);
	free(process->cgroup);
	free(process->unit);
	free(process->container);
	free(process->script);
	free(process->package);
	free(process);
}

bool pr_process_same(const struct pr_process *a, const struct pr_process *b)
{
	return a == b || (a && b && a->pid == b->pid && a->start_time == b->start_time &&
			  a->exe_inode == b->exe_inode && a->exe_device == b->exe_device);
}

struct pr_identity pr_process_identity(const struct pr_process *process)
{
	return (struct pr_identity){
		.path = process->path_proven ? process->exe_path : NULL,
		.script = process->path_proven ? process->script : NULL,
		.cmdline = process->cmdline,
		.user = process->user,
		.uid = process->uid,
		.cgroup = process->cgroup,
		.unit = process->unit,
		.container = process->container,
		.package = process->path_proven ? process->package : NULL,
	};
}
