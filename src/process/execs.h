/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What BPF reported of each exec, by the process and the number of its exec; children that did not
 * execute anything share their parent's. For processes that are gone before anybody asks. Pure, not
 * locked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pr_exec {
	uint32_t n_references;
	uint64_t exec_id, cgroup_id;
	uint64_t kernel_device, inode;
	uint32_t parent, uid;
	uint32_t mount_namespace;
	bool is_script;	 /* `filename` is a script */
	bool proven;	 /* the path named this file when the exec was reported */
	char *path;	 /* of the executable; NULL = not known */
	char *filename;	 /* as given to execve(); may be relative */
	char *arguments; /* each ended by a zero */
	size_t arguments_len;
};

void pr_exec_release(struct pr_exec *exec);

struct pr_execs;

struct pr_execs *pr_execs_new(uint32_t n_max);
void pr_execs_free(struct pr_execs *execs);
/* Takes the caller's reference. When full, the oldest goes. */
void pr_execs_put_take(struct pr_execs *execs, uint32_t pid, uint64_t start_time,
		       struct pr_exec *exec);
/* The child is what its parent was last. */
void pr_execs_fork(struct pr_execs *execs, uint32_t parent, uint64_t parent_start_time,
		   uint32_t child, uint64_t child_start_time);
/* `exec_id` 0 = the last one. Borrowed until the next put or fork; NULL = not known. */
const struct pr_exec *pr_execs_find(const struct pr_execs *execs, uint32_t pid, uint64_t start_time,
				    uint64_t exec_id);
