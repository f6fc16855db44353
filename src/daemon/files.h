/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration's files: opened by the supervisor, which never looks into them. */
#pragma once

#include "base/error.h"
#include "daemon/options.h"

#include <stddef.h>

#define PR_FILES_MAX	  10240 /* files of one layer; more are an error */
#define PR_FILES_NAME_MAX 255

/* What is wrong, for a person; written on failure of any function here. */
#define PR_FILES_ERROR_SIZE 512

/* Calls `file` for portreeve.conf and each profiles/….conf of the three layers ("shipped", "administrator",
 * "state"), with the descriptor lent. A layer or a file that is not there is passed over. 0, what `file`
 * returned if that was not 0, or -errno with *error. */
PR_MUST_USE int pr_files_each(const struct pr_options *options,
			      int (*file)(void *context, const char *layer, const char *directory,
					  const char *name, int fd),
			      void *context, char error[PR_FILES_ERROR_SIZE]);
/* Replaces `name` in the state directory by what `content_fd` holds, whole or not at all; an empty one
 * removes it. Names other than a configuration's are -EINVAL. 0 or -errno. */
PR_MUST_USE int pr_files_replace(const char *state_dir, const char *name, int content_fd);
/* The same for a file of our own, "names", in the state directory. */
PR_MUST_USE int pr_files_save(const char *state_dir, const char *name, int content_fd);
/* A file in memory with these bytes, which may be sealed; the caller's. 0 or -errno. */
PR_MUST_USE int pr_files_into_memory(const char *name, const void *bytes, size_t len, int *ret_fd);
/* Replaces a file of a directory by this text, whole or not at all, and onto the disk. 0 or -errno. */
PR_MUST_USE int pr_files_write(int dir, const char *name, const char *text, size_t len);
/* Makes the directory and its last parents if they are missing. 0 or -errno. */
PR_MUST_USE int pr_files_make_dir(const char *path, unsigned int mode);
/* All of a file, at most `max` bytes (-EFBIG); allocated. 0 or -errno. */
PR_MUST_USE int pr_files_read(int fd, size_t max, char **ret_text, size_t *ret_len);
