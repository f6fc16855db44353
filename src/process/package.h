/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which package of the system an executable belongs to, by dpkg's lists of files. Other package managers
 * keep binary databases: there it stays unknown. Supervisor only. */
#pragma once

#include "base/error.h"

#include <stdint.h>

#define PR_PACKAGE_CACHE_MAX 256 /* answers remembered; the oldest goes */

struct pr_packages;

/* `root` stands before /var/lib/dpkg; copied. */
struct pr_packages *pr_packages_new(const char *root);
void pr_packages_free(struct pr_packages *packages);

enum pr_package_outcome {
	PR_PACKAGE_FOUND = 0,
	PR_PACKAGE_NONE = 1, /* no package has the file, or there is no database */
	PR_PACKAGE_CUT = 2,  /* the time was up: not known, asked anew next time */
};

/* The name of the package that has `path` (proven, of inode `inode`). Borrowed until the next call. */
PR_MUST_USE int pr_packages_find(struct pr_packages *packages, const char *path, uint64_t inode,
				 unsigned int limit_ms, const char **ret_name);
