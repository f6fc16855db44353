/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"

/* The root of control groups' v2 hierarchy as a directory's descriptor: where it is mounted, by `root`'s
 * /proc/self/mounts ("" = ours); for "" where it isn't, by a mount of our own that nobody else sees
 * (ip-netns(8) hides /sys/fs/cgroup; takes CAP_SYS_ADMIN). The caller closes it. Negative: there is none. */
PR_MUST_USE int pr_cgroup_root_open(const char *root);
