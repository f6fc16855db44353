/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"

/* From now on the process reaches no file but those below the directories (NULL-terminated, or NULL for
 * none). Needs no_new_privs. 0, also where the kernel has no Landlock or a directory is not there; else
 * -errno. */
PR_MUST_USE int pr_landlock_close(const char *const *read_dirs, const char *const *write_dirs);
