/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way is gone step by step, each from the directory that the step before led to: what was looked at is what is
 * followed, whatever is renamed meanwhile. */
#include "daemon/trusted_path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct way {
	int at;		     /* where it has come to */
	char rest[PATH_MAX]; /* what is left of it */
	unsigned int n_links;
};

/* Takes the next component off the rest; false at the end. */
static bool next(struct way *way, char name[NAME_MAX + 1])
{
	const char *from = way->rest + strspn(way->rest, "/");
	size_t len = strcspn(from, "/");

	if (!len || len > NAME_MAX)
		return false;
	memcpy(name, from, len);
	name[len] = '\0';
	memmove(way->rest, from + len, strlen(from + len) + 1);
	return true;
}

static int move_to(struct way *way, int fd)
{
	if (fd < 0)
		return -errno;
	close(way->at);
	way->at = fd;
	return 0;
}

/* What a link says stands before the rest. */
static int follow(struct way *way, int link_fd, uid_t owner)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t len;

	if ((owner != 0 && owner != geteuid()) || ++way->n_links > PR_TRUSTED_LINKS_MAX)
		return -ELOOP;
	len = readlinkat(link_fd, "", target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	memcpy(rest, way->rest, sizeof(rest));
	if ((size_t)len + strlen(rest) >= sizeof(way->rest))
		return -ENAMETOOLONG;
	memcpy(way->rest, target, (size_t)len);
	memcpy(way->rest + len, rest, strlen(rest) + 1);
	if (target[0] != '/')
		return 0;
	return move_to(way, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* 0: it has moved on; a descriptor: this is the file; or -errno. */
static int step(struct way *way, const char *name)
{
	PR_CLEANUP(pr_cleanup_close)
	int there = openat(way->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	int fd;

	if (there < 0 || fstat(there, &status) < 0)
		return -errno;
	if (S_ISLNK(status.st_mode))
		return follow(way, there, status.st_uid);
	if (way->rest[strspn(way->rest, "/")])
		return move_to(way, PR_TAKE_FD(there));
	fd = openat(way->at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int pr_trusted_open(const char *path)
{
	struct way way = { .n_links = 0 };
	char name[NAME_MAX + 1];
	int r = 0;

	if (*path != '/' || strlen(path) >= sizeof(way.rest))
		return -ENAMETOOLONG;
	memcpy(way.rest, path, strlen(path) + 1);
	way.at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (way.at < 0)
		return -errno;
	while (r == 0)
		r = next(&way, name) ? step(&way, name) : -EISDIR;
	close(way.at);
	return r;
}
