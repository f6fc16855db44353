/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where lists lie, in the state directory:
 *
 *   intel.set       the compiled set, as the engine maps it
 *   intel.index     what is known of it and of the lists (intel_index.h)
 *   lists/ID        a list as it was taken last
 *   lists/ID~held   a newer one that waits for somebody to accept it
 *   lists/ID~refused  the lines of lists/ID that were refused
 *   lists/ID~new    one that is being copied; left over only by a sudden end
 *
 * '~' is no character of an id. The supervisor opens and renames; what the files hold is written by others.
 */
#pragma once

#include "base/error.h"
#include "daemon/intel_index.h"

#include <stdbool.h>

#define PR_INTEL_SET_NAME   "intel.set"
#define PR_INTEL_INDEX_NAME "intel.index"

enum pr_intel_part { PR_INTEL_KEPT, PR_INTEL_HELD, PR_INTEL_REFUSED, PR_INTEL_NEW };

struct pr_intel_dir {
	int state, lists; /* -1 = not open */
};

/* 0 or -errno. */
PR_MUST_USE int pr_intel_dir_open(const char *state_dir, struct pr_intel_dir *ret_dir);
void pr_intel_dir_close(struct pr_intel_dir *dir);

/* For reading; -errno. */
PR_MUST_USE int pr_intel_open(const struct pr_intel_dir *dir, const char *id,
			      enum pr_intel_part part);
/* An empty file for writing; -errno. */
PR_MUST_USE int pr_intel_create(const struct pr_intel_dir *dir, const char *id,
				enum pr_intel_part part);
/* A file without a name, for reading and writing; -errno. */
PR_MUST_USE int pr_intel_scratch(const struct pr_intel_dir *dir);
PR_MUST_USE int pr_intel_rename(const struct pr_intel_dir *dir, const char *id,
				enum pr_intel_part from, enum pr_intel_part to);
void pr_intel_unlink(const struct pr_intel_dir *dir, const char *id, enum pr_intel_part part);
/* All parts of lists that `wanted` does not want, and what a sudden end left over. */
void pr_intel_sweep(const struct pr_intel_dir *dir, bool (*wanted)(void *context, const char *id),
		    void *context);
/* Bytes of a part; -errno. */
PR_MUST_USE int64_t pr_intel_size(const struct pr_intel_dir *dir, const char *id,
				  enum pr_intel_part part);

/* ---- the set ---- */
/* The stored set, for reading; -errno. */
PR_MUST_USE int pr_intel_set_file(const struct pr_intel_dir *dir);
/* Where a new one is written; -errno. */
PR_MUST_USE int pr_intel_set_create(const struct pr_intel_dir *dir);
/* The one that was written becomes the stored one; *ret_fd: for reading. 0 or -errno. */
PR_MUST_USE int pr_intel_set_replace(const struct pr_intel_dir *dir, int *ret_fd);
void pr_intel_set_drop(const struct pr_intel_dir *dir);
/* Its length and its hash, read from the beginning. 0 or -errno. */
PR_MUST_USE int pr_intel_set_hash(int fd, uint64_t *ret_len, uint64_t *ret_hash);

/* ---- the index ---- */
/* 0; -ENOENT where there is none, -EBADMSG where it can't be read: then it is empty. */
PR_MUST_USE int pr_intel_index_load(const struct pr_intel_dir *dir,
				    struct pr_intel_index *ret_index);
PR_MUST_USE int pr_intel_index_save(const struct pr_intel_dir *dir,
				    const struct pr_intel_index *index);

/* What stat(2) says of a regular file; -errno. */
PR_MUST_USE int pr_intel_file_read(int fd, struct pr_intel_file *ret_file);
