/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/procfs.h"

#include "base/io.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define KERNEL_PF_KTHREAD 0x00200000u /* include/linux/sched.h */
#define STAT_FIELDS_SIZE  1024
#define STATUS_SIZE	  4096
#define NS_PER_SECOND	  1000000000ull

int pr_procfs_open(int proc_fd, pid_t pid)
{
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "%d", pid);
	fd = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

ssize_t pr_procfs_read(int directory, const char *name, char *buffer, size_t size)
{
	int fd PR_CLEANUP(pr_cleanup_close) = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = pr_read_from_start(fd, buffer, size - 1);
	if (n >= 0)
		buffer[n] = 0;
	return n;
}

int pr_procfs_stat(int directory, struct pr_procfs_stat *ret_stat)
{
	char text[STAT_FIELDS_SIZE];
	const char *open, *close;
	struct pr_procfs_stat stat = { 0 };
	unsigned int flags;
	int parent;
	ssize_t n = pr_procfs_read(directory, "stat", text, sizeof(text));

	if (n < 0)
		return (int)n;
	/* The name may hold anything, parentheses and blanks too (proc(5)). */
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open)
		return -EBADMSG;
	snprintf(stat.comm, sizeof(stat.comm), "%.*s", (int)(close - open - 1), open + 1);
	if (sscanf(close + 1,
		   " %*c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%" SCNu64,
		   &parent, &flags, &stat.start_time) != 3)
		return -EBADMSG;
	stat.parent = parent;
	stat.kernel_thread = flags & KERNEL_PF_KTHREAD;
	*ret_stat = stat;
	return 0;
}

int pr_procfs_uid(int directory, uid_t *ret_uid)
{
	char text[STATUS_SIZE];
	const char *line;
	unsigned int uid;
	ssize_t n = pr_procfs_read(directory, "status", text, sizeof(text));

	if (n < 0)
		return (int)n;
	line = strstr(text, "\nUid:");
	if (!line || sscanf(line + 5, "%u", &uid) != 1)
		return -EBADMSG;
	*ret_uid = uid;
	return 0;
}

ssize_t pr_procfs_link(int directory, const char *name, char ret_text[PATH_MAX])
{
	ssize_t n = readlinkat(directory, name, ret_text, PATH_MAX);

	if (n < 0)
		return -errno;
	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	ret_text[n] = 0;
	return n;
}

int pr_procfs_file(int directory, const char *name, bool follow, struct pr_procfs_file *ret_file)
{
	struct statx st;

	if (statx(directory, name, follow ? 0 : AT_SYMLINK_NOFOLLOW,
		  STATX_TYPE | STATX_INO | STATX_BTIME, &st) < 0)
		return -errno;
	if (!S_ISREG(st.stx_mode))
		return -EINVAL;
	*ret_file = (struct pr_procfs_file){
		.device = makedev(st.stx_dev_major, st.stx_dev_minor),
		.inode = st.stx_ino,
	};
	if (st.stx_mask & STATX_BTIME)
		ret_file->birth_ns =
			(uint64_t)st.stx_btime.tv_sec * NS_PER_SECOND + st.stx_btime.tv_nsec;
	return 0;
}

/* The line of a mount in mountinfo: "ID PARENT MAJOR:MINOR ROOT …", the device being the superblock's
 * (fs/proc_namespace.c, show_mountinfo). */
static int find_mount(FILE *file, uint64_t mount_id, uint64_t *ret_device)
{
	char *line PR_CLEANUP(pr_cleanup_free) = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) > 0) {
		unsigned int major, minor;
		uint64_t id;

		if (sscanf(line, "%" SCNu64 " %*u %u:%u ", &id, &major, &minor) == 3 &&
		    id == mount_id) {
			*ret_device = makedev(major, minor);
			return 0;
		}
	}
	return -ENOENT;
}

int pr_procfs_kernel_device(int directory, const char *name, int mountinfo_directory,
			    const char *mountinfo, uint64_t *ret_device)
{
	FILE *file PR_CLEANUP(pr_cleanup_fclose) = NULL;
	struct statx st;
	int fd;

	if (statx(directory, name, 0, STATX_MNT_ID, &st) < 0)
		return -errno;
	if (!(st.stx_mask & STATX_MNT_ID))
		return -ENOENT;
	fd = openat(mountinfo_directory, mountinfo, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	file = fdopen(fd, "re");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	return find_mount(file, st.stx_mnt_id, ret_device);
}

uint64_t pr_procfs_namespace(int directory, const char *name)
{
	struct stat st;

	return fstatat(directory, name, &st, 0) < 0 ? 0 : st.st_ino;
}
