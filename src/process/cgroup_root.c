/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/cgroup_root.h"

#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

/* A mount that hangs nowhere. The descriptor that fsmount(2) returns is a path only (O_PATH), which neither
 * bpf(2) nor open_by_handle_at(2) takes everywhere. */
static int mount_detached(void)
{
	int context PR_CLEANUP(pr_cleanup_close) = fsopen("cgroup2", FSOPEN_CLOEXEC);
	int mount PR_CLEANUP(pr_cleanup_close) = -1;
	int fd;

	if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mount = fsmount(context, FSMOUNT_CLOEXEC,
			MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (mount < 0)
		return -errno;
	fd = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int pr_cgroup_root_open(const char *root)
{
	struct mntent *entry;
	char path[PATH_MAX];
	FILE *mounts;
	int fd = -ENOENT;

	snprintf(path, sizeof(path), "%s/proc/self/mounts", root);
	mounts = setmntent(path, "re");
	if (!mounts)
		return -errno;
	/* Beside v1 it is not at the usual place. */
	while (fd < 0 && (entry = getmntent(mounts)) != NULL)
		if (strcmp(entry->mnt_type, "cgroup2") == 0) {
			fd = open(entry->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			fd = fd < 0 ? -errno : fd;
		}
	endmntent(mounts);
	return fd < 0 && !*root ? mount_detached() : fd;
}
