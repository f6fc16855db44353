/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Executables that were seen to run, by device and inode. An entry is `proven` when, at the time it was
 * made, its path named that very file in our own mount namespace. So a process keeps its path when the
 * file is replaced while it runs, and when it is gone before anybody asks. Pure, not locked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pr_executable {
	uint64_t kernel_device, inode; /* the superblock's device, as BPF reports it */
	uint64_t device;   /* stat()'s, the same but on btrfs and overlayfs; 0 = not known */
	uint64_t birth_ns; /* told by the file system; 0 = not. An inode's number is used again */
	bool proven;
	char *path; /* owned */
};

struct pr_executables;

struct pr_executables *pr_executables_new(uint32_t n_max);
void pr_executables_free(struct pr_executables *table);
/* By either device; NULL = not seen. Borrowed until the next put. */
const struct pr_executable *pr_executables_find(struct pr_executables *table, uint64_t device,
						uint64_t inode);
/* Copies. What is not proven never replaces what is; when full, the least recently used goes. */
void pr_executables_put(struct pr_executables *table, const struct pr_executable *executable);
