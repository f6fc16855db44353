/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of identity.h's implementation: the reader's state, and the steps of a description. */
#pragma once

#include "process/executables.h"
#include "process/execs.h"
#include "process/identity.h"
#include "process/package.h"
#include "process/procfs.h"

struct pr_identity_reader {
	char *root;
	int proc_fd, cgroup_fd; /* cgroup_fd: root of cgroup v2, -1 = none */
	bool want_package;
	uint64_t own_mount_namespace, own_network_namespace;
	struct pr_executables *executables;
	struct pr_execs *execs;
	struct pr_packages *packages;
	struct pr_identity_counters counters;
};

/* ---- identity.c ---- */

/* A process that runs, or has: PR_IDENTITY_READ, PR_IDENTITY_GONE or -errno. */
PR_MUST_USE int pr_identity_read_owner(struct pr_identity_reader *reader,
				       const struct pr_owner *owner,
				       struct pr_process **ret_process);
/* The same, of one that is gone: from what is remembered. */
PR_MUST_USE int pr_identity_read_gone(struct pr_identity_reader *reader,
				      const struct pr_owner *owner,
				      struct pr_process **ret_process);

/* ---- proof.c: which file runs, and whether its path is proven ---- */

struct pr_exe {
	char path[PATH_MAX]; /* "" = unknown */
	struct pr_procfs_file file;
	bool proven;
};

/* Of a running process. -ENOENT for a kernel thread. */
PR_MUST_USE int pr_exe_read(struct pr_identity_reader *reader, int directory,
			    struct pr_exe *ret_exe);
/* Is it the file that BPF saw? True where the hint says nothing. */
bool pr_exe_matches(struct pr_identity_reader *reader, int directory, const struct pr_exe *exe,
		    const struct pr_exec_hint *hint);
/* Of a file that BPF saw: by the report of that very exec (NULL = lost), else by what is remembered. */
void pr_exe_recall(struct pr_identity_reader *reader, uint64_t kernel_device, uint64_t inode,
		   const struct pr_exec *exec, struct pr_exe *ret_exe);
/* Remembers an executable that BPF reported. True when its path names it now. */
bool pr_exe_report(struct pr_identity_reader *reader, uint64_t kernel_device, uint64_t inode,
		   const char *path);

/* ---- describe.c: all else ---- */

void pr_describe_exe(struct pr_identity_reader *reader, const struct pr_exe *exe,
		     struct pr_process *process);
void pr_describe_running(struct pr_identity_reader *reader, int directory,
			 struct pr_process *process);
void pr_describe_arguments(struct pr_identity_reader *reader, int directory,
			   const struct pr_exec *exec, struct pr_process *process);
void pr_describe_cgroup_id(struct pr_identity_reader *reader, uint64_t cgroup_id,
			   struct pr_process *process);
void pr_describe_user(struct pr_identity_reader *reader, struct pr_process *process);
void pr_describe_parents(struct pr_identity_reader *reader, pid_t parent,
			 struct pr_process *process);
