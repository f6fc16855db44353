/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file that root names and somebody else may own. Who can put a symbolic link on its way would have root read what
 * he can't: only root's own links are followed. Of the room itself.
 */
#pragma once

#include "base/error.h"

#define PR_TRUSTED_LINKS_MAX \
	40 /* symbolic links on a way, as the kernel has it (path_resolution(7)); more: -ELOOP */

/* Opens an absolute path for reading, without waiting for anybody (FIFOs, terminals). A descriptor, -errno, or -ELOOP
 * where a symbolic link on the way is not root's. */
PR_MUST_USE int pr_trusted_open(const char *path);
