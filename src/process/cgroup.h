/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a control group's path tells of a process. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define PR_CGROUP_PATH_MAX 1024 /* a longer path is unknown */
#define PR_CGROUP_NAME_MAX 256

/* Chooses from the text of /proc/PID/cgroup: the v2 hierarchy's path, else systemd's, else the first
 * that is not the root; "/" where all are. False when there is none. */
bool pr_cgroup_choose(const char *text, char ret_path[PR_CGROUP_PATH_MAX]);

/* The system manager's unit: the first component that is not a slice. What lies below it was named by
 * the unit itself (a user's manager may call its own units anything), so it does not count. False when
 * there is none. */
bool pr_cgroup_unit(const char *path, char ret_unit[PR_CGROUP_NAME_MAX]);

/* Docker, Podman, CRI-O, containerd, Kubernetes: the 64 digits; LXC, systemd-nspawn, libvirt: the name.
 * Below a user's manager, where the user names the groups: the uid and a colon before it. False when it
 * is none. */
bool pr_cgroup_container(const char *path, char ret_container[PR_CGROUP_NAME_MAX]);
