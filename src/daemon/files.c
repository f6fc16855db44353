/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/files.h"

#include "base/io.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define EDIT_MAX (64u << 20)

struct layer {
	const char *name, *directory;
	int (*file)(void *context, const char *layer, const char *directory, const char *name,
		    int fd);
	void *context;
	char *error;
};

static int one_file(const struct layer *layer, int dir, const char *name)
{
	PR_CLEANUP(pr_cleanup_close)
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &status) < 0) {
		snprintf(layer->error, PR_FILES_ERROR_SIZE, "%s/%s: %s", layer->directory, name,
			 strerror(errno));
		return -EIO;
	}
	if (!S_ISREG(status.st_mode)) {
		snprintf(layer->error, PR_FILES_ERROR_SIZE, "%s/%s: not a regular file",
			 layer->directory, name);
		return -EINVAL;
	}
	return layer->file(layer->context, layer->name, layer->directory, name, fd);
}

static int is_profile(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && len <= PR_FILES_NAME_MAX - 9 &&
	       strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int profiles(const struct layer *layer, int dir)
{
	struct dirent **entries;
	int n = scandirat(dir, "profiles", &entries, is_profile, alphasort), r = 0;
	char name[PR_FILES_NAME_MAX + 16];

	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (n > PR_FILES_MAX) {
		snprintf(layer->error, PR_FILES_ERROR_SIZE, "%s/profiles: more than %d files",
			 layer->directory, PR_FILES_MAX);
		r = -E2BIG;
	}
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "profiles/%s", entries[i]->d_name);
		if (r == 0)
			r = one_file(layer, dir, name);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int one_layer(const struct layer *layer)
{
	PR_CLEANUP(pr_cleanup_close)
	int dir = open(layer->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dir < 0 && errno == ENOENT)
		return 0;
	if (dir < 0) {
		snprintf(layer->error, PR_FILES_ERROR_SIZE, "%s: %s", layer->directory,
			 strerror(errno));
		return -EIO;
	}
	r = one_file(layer, dir, "portreeve.conf");
	return r ? r : profiles(layer, dir);
}

int pr_files_each(const struct pr_options *options,
		  int (*file)(void *context, const char *layer, const char *directory,
			      const char *name, int fd),
		  void *context, char error[PR_FILES_ERROR_SIZE])
{
	const char *const layers[][2] = { { "shipped", options->shipped_dir },
					  { "administrator", options->config_dir },
					  { "state", options->state_dir } };
	int r = 0;

	error[0] = '\0';
	for (size_t i = 0; i < PR_ARRAY_SIZE(layers) && r == 0; i++) {
		const struct layer layer = { layers[i][0], layers[i][1], file, context, error };

		r = one_layer(&layer);
	}
	return r;
}

/* "portreeve.conf", or "profiles/" and one plain file name. The compiler chose it, so it is not trusted. */
static bool is_state_name(const char *name)
{
	const char *at = name;
	size_t len;

	if (strcmp(name, "portreeve.conf") == 0)
		return true;
	if (strncmp(name, "profiles/", 9) != 0)
		return false;
	at += 9;
	len = strlen(at);
	if (*at == '.' || len <= 5 || len > PR_FILES_NAME_MAX - 9 ||
	    strcmp(at + len - 5, ".conf") != 0)
		return false;
	for (; *at; at++)
		if (*at == '/' || !isprint((unsigned char)*at))
			return false;
	return true;
}

int pr_files_read(int fd, size_t max, char **ret_text, size_t *ret_len)
{
	struct stat status;
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	ssize_t n;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_size < 0 || (size_t)status.st_size > max)
		return -EFBIG;
	text = pr_calloc(1, (size_t)status.st_size + 1);
	n = pr_read_from_start(fd, text, (size_t)status.st_size);
	if (n < 0)
		return (int)n;
	*ret_len = (size_t)n;
	*ret_text = PR_TAKE_PTR(text);
	return 0;
}

int pr_files_into_memory(const char *name, const void *bytes, size_t len, int *ret_fd)
{
	PR_CLEANUP(pr_cleanup_close)
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = pr_write_all(fd, bytes, len);
	if (r < 0)
		return r;
	*ret_fd = PR_TAKE_FD(fd);
	return 0;
}

int pr_files_write(int dir, const char *name, const char *text, size_t len)
{
	static const char temporary[] = ".new";
	int r;
	PR_CLEANUP(pr_cleanup_close)
	int fd =
		openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	r = pr_write_all(fd, text, len);
	if (r == 0 && (fsync(fd) < 0 || renameat(dir, temporary, dir, name) < 0))
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, temporary, 0);
	else if (fsync(dir) < 0)
		r = -errno;
	return r;
}

int pr_files_save(const char *state_dir, const char *name, int content_fd)
{
	PR_CLEANUP(pr_cleanup_close)
	int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	size_t len;
	int r;

	if (dir < 0)
		return -errno;
	r = pr_files_read(content_fd, EDIT_MAX, &text, &len);
	return r < 0 ? r : pr_files_write(dir, name, text, len);
}

int pr_files_replace(const char *state_dir, const char *name, int content_fd)
{
	PR_CLEANUP(pr_cleanup_close)
	int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	size_t len;
	int r;

	if (!is_state_name(name))
		return -EINVAL;
	if (dir < 0)
		return -errno;
	r = pr_files_read(content_fd, EDIT_MAX, &text, &len);
	if (r < 0)
		return r;
	if (!len)
		return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	if (mkdirat(dir, "profiles", 0700) < 0 && errno != EEXIST)
		return -errno;
	return pr_files_write(dir, name, text, len);
}

int pr_files_make_dir(const char *path, unsigned int mode)
{
	PR_CLEANUP(pr_cleanup_free) char *copy = pr_strdup(path);
	struct stat status;

	for (char *at = copy + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	if (mkdir(copy, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	return stat(copy, &status) < 0 ? -errno : S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}
