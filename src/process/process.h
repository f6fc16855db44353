/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process as the owner of a link: read once by PID *and* start time, immutable afterwards, counted,
 * shared by all links that it owns. The supervisor reads it (identity.h); the engine keeps it (cache.h).
 */
#pragma once

#include "profile/identity.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PR_PROCESS_PARENTS_MAX 8
#define PR_PROCESS_CMDLINE_MAX 1024 /* bytes; a longer command line is cut */
#define PR_PROCESS_PATH_MAX    4096

struct pr_process {
	uint32_t n_references;
	pid_t pid;
	uint64_t start_time; /* clock ticks since boot, /proc/PID/stat field 22 */
	uid_t uid;	     /* (uid_t)-1 = unknown */
	uint64_t exe_device, exe_inode;
	bool path_proven; /* exe_path names the very file that runs, in our own mount namespace */
	bool foreign_namespace; /* its network namespace is not the guarded one */
	bool kernel_thread;
	char *exe_path; /* as the process shows it; NULL = unknown */
	char *cmdline, *user, *cgroup, *unit, *container, *script,
		*package; /* NULL = unknown or none */
	struct {
		pid_t pid;
		char *exe_path;
	} parents[PR_PROCESS_PARENTS_MAX];
	unsigned int n_parents;
};

struct pr_process *pr_process_new(pid_t pid, uint64_t start_time);
struct pr_process *pr_process_reference(struct pr_process *process);
void pr_process_release(struct pr_process *process); /* takes NULL */
/* One process, that has run the same program both times; NULL is the same as NULL. */
bool pr_process_same(const struct pr_process *a, const struct pr_process *b);

/* The view that a profile is matched against; borrows from the process. */
struct pr_identity pr_process_identity(const struct pr_process *process);
