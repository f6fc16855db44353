/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/intel_files.h"

#include "daemon/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define LISTS_NAME   "lists"
#define SET_NEW_NAME PR_INTEL_SET_NAME "~new"
#define SCRATCH_NAME "~scratch"
#define NAME_SIZE    (PR_LIST_ID_MAX + 16)
#define READ_SIZE    (1u << 18)

static const char *const suffixes[] = {
	[PR_INTEL_KEPT] = "",
	[PR_INTEL_HELD] = "~held",
	[PR_INTEL_REFUSED] = "~refused",
	[PR_INTEL_NEW] = "~new",
};

static const char *name_of(const char *id, enum pr_intel_part part, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s%s", id, suffixes[part]);
	return name;
}

int pr_intel_dir_open(const char *state_dir, struct pr_intel_dir *ret_dir)
{
	struct pr_intel_dir dir = { open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), -1 };
	int r;

	if (dir.state < 0)
		return -errno;
	if (mkdirat(dir.state, LISTS_NAME, 0700) == 0 || errno == EEXIST)
		dir.lists = openat(dir.state, LISTS_NAME,
				   O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir.lists < 0) {
		r = -errno;
		pr_intel_dir_close(&dir);
		return r;
	}
	*ret_dir = dir;
	return 0;
}

void pr_intel_dir_close(struct pr_intel_dir *dir)
{
	if (dir->lists >= 0)
		close(PR_TAKE_FD(dir->lists));
	if (dir->state >= 0)
		close(PR_TAKE_FD(dir->state));
}

static int open_read(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

static int create(int dir, const char *name)
{
	int fd;

	/* Never into a file that somebody still has open. */
	(void)unlinkat(dir, name, 0);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

int pr_intel_open(const struct pr_intel_dir *dir, const char *id, enum pr_intel_part part)
{
	char name[NAME_SIZE];

	return open_read(dir->lists, name_of(id, part, name));
}

int pr_intel_create(const struct pr_intel_dir *dir, const char *id, enum pr_intel_part part)
{
	char name[NAME_SIZE];

	return create(dir->lists, name_of(id, part, name));
}

int pr_intel_scratch(const struct pr_intel_dir *dir)
{
	int fd = openat(dir->lists, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd < 0 ? -errno : fd;
	/* A file system without such files: one with a name, which goes at once. */
	(void)unlinkat(dir->lists, SCRATCH_NAME, 0);
	fd = openat(dir->lists, SCRATCH_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0)
		return -errno;
	(void)unlinkat(dir->lists, SCRATCH_NAME, 0);
	return fd;
}

int pr_intel_rename(const struct pr_intel_dir *dir, const char *id, enum pr_intel_part from,
		    enum pr_intel_part to)
{
	char old[NAME_SIZE], new[NAME_SIZE];

	return renameat(dir->lists, name_of(id, from, old), dir->lists, name_of(id, to, new)) < 0
		       ? -errno
		       : 0;
}

void pr_intel_unlink(const struct pr_intel_dir *dir, const char *id, enum pr_intel_part part)
{
	char name[NAME_SIZE];

	(void)unlinkat(dir->lists, name_of(id, part, name), 0);
}

void pr_intel_sweep(const struct pr_intel_dir *dir, bool (*wanted)(void *context, const char *id),
		    void *context)
{
	int fd = openat(dir->lists, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *all = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	char id[NAME_SIZE];

	if (!all) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(all))) {
		const char *suffix = strchrnul(entry->d_name, '~');

		if (entry->d_name[0] == '.')
			continue;
		snprintf(id, sizeof(id), "%.*s", (int)(suffix - entry->d_name), entry->d_name);
		if (strcmp(suffix, suffixes[PR_INTEL_NEW]) == 0 || !wanted(context, id))
			(void)unlinkat(dir->lists, entry->d_name, 0);
	}
	closedir(all);
}

int64_t pr_intel_size(const struct pr_intel_dir *dir, const char *id, enum pr_intel_part part)
{
	char name[NAME_SIZE];
	struct stat status;

	if (fstatat(dir->lists, name_of(id, part, name), &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return S_ISREG(status.st_mode) ? status.st_size : -EINVAL;
}

/* ---- the set ---- */

int pr_intel_set_file(const struct pr_intel_dir *dir)
{
	return open_read(dir->state, PR_INTEL_SET_NAME);
}

int pr_intel_set_create(const struct pr_intel_dir *dir)
{
	return create(dir->state, SET_NEW_NAME);
}

int pr_intel_set_replace(const struct pr_intel_dir *dir, int *ret_fd)
{
	PR_CLEANUP(pr_cleanup_close) int fd = open_read(dir->state, SET_NEW_NAME);

	if (fd < 0)
		return fd;
	if (renameat(dir->state, SET_NEW_NAME, dir->state, PR_INTEL_SET_NAME) < 0)
		return -errno;
	*ret_fd = PR_TAKE_FD(fd);
	return 0;
}

void pr_intel_set_drop(const struct pr_intel_dir *dir)
{
	(void)unlinkat(dir->state, SET_NEW_NAME, 0);
}

int pr_intel_set_hash(int fd, uint64_t *ret_len, uint64_t *ret_hash)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *bytes = pr_calloc(1, READ_SIZE);
	XXH3_state_t *state = XXH3_createState();
	uint64_t len = 0;
	ssize_t n;

	pr_assert(state && XXH3_64bits_reset(state) == XXH_OK);
	while ((n = pread(fd, bytes, READ_SIZE, (off_t)len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		(void)XXH3_64bits_update(state, bytes, (size_t)n);
		len += (uint64_t)n;
	}
	if (n == 0) {
		*ret_len = len;
		*ret_hash = XXH3_64bits_digest(state);
	}
	XXH3_freeState(state);
	return n == 0 ? 0 : -errno;
}

/* ---- the index ---- */

int pr_intel_index_load(const struct pr_intel_dir *dir, struct pr_intel_index *ret_index)
{
	PR_CLEANUP(pr_cleanup_close) int fd = open_read(dir->state, PR_INTEL_INDEX_NAME);
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	size_t len;
	int r;

	*ret_index = (struct pr_intel_index){ 0 };
	if (fd < 0)
		return fd;
	r = pr_files_read(fd, PR_INTEL_INDEX_MAX, &text, &len);
	return r < 0 ? -EBADMSG : pr_intel_index_read(text, len, ret_index);
}

int pr_intel_index_save(const struct pr_intel_dir *dir, const struct pr_intel_index *index)
{
	PR_CLEANUP(pr_cleanup_free) char *text = pr_intel_index_write(index);

	return pr_files_write(dir->state, PR_INTEL_INDEX_NAME, text, strlen(text));
}

int pr_intel_file_read(int fd, struct pr_intel_file *ret_file)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	*ret_file = (struct pr_intel_file){
		.inode = status.st_ino,
		.size = (uint64_t)status.st_size,
		.changed_ns = (uint64_t)status.st_ctim.tv_sec * 1000000000 +
			      (uint64_t)status.st_ctim.tv_nsec,
	};
	return 0;
}
