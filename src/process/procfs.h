/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * /proc/PID, read safely: the directory is opened once, and stays that process's for ever (reads fail
 * with ESRCH when it is gone, whoever has its PID then). Supervisor only.
 */
#pragma once

#include "base/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pr_procfs_stat {
	uint64_t start_time; /* clock ticks since boot */
	pid_t parent;
	bool kernel_thread;
	char comm[17];
};

/* A file as told apart from others. `device` and `inode` are stat()'s; `kernel_device` is the
 * superblock's, which differs on btrfs and overlayfs (0 = not looked up). */
struct pr_procfs_file {
	uint64_t device, inode, kernel_device;
	uint64_t birth_ns; /* 0 = the file system does not say */
};

/* A directory's descriptor, or -errno. -ESRCH and -ENOENT: no such process. */
PR_MUST_USE int pr_procfs_open(int proc_fd, pid_t pid);
/* Up to size - 1 bytes and a zero; their number or -errno. */
PR_MUST_USE ssize_t pr_procfs_read(int directory, const char *name, char *buffer, size_t size);
PR_MUST_USE int pr_procfs_stat(int directory, struct pr_procfs_stat *ret_stat);
/* The real uid. */
PR_MUST_USE int pr_procfs_uid(int directory, uid_t *ret_uid);
/* A link's text: its length, or -errno; -ENAMETOOLONG beyond PATH_MAX. */
PR_MUST_USE ssize_t pr_procfs_link(int directory, const char *name, char ret_text[PATH_MAX]);
/* Follows magic links such as "exe". Not regular: -EINVAL. */
PR_MUST_USE int pr_procfs_file(int directory, const char *name, bool follow,
			       struct pr_procfs_file *ret_file);
/* The superblock's device of `name`, by its mount in `mountinfo` (a path below `directory`). -ENOENT
 * where the mount is not there. */
PR_MUST_USE int pr_procfs_kernel_device(int directory, const char *name, int mountinfo_directory,
					const char *mountinfo, uint64_t *ret_device);
/* The inode of a namespace link ("ns/net"), or 0. */
uint64_t pr_procfs_namespace(int directory, const char *name);
