/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/package.h"

#include "base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define LISTS	   "/var/lib/dpkg/info"
#define LIST_END   ".list"
#define LIST_MAX   (64u << 20) /* bytes of one package's list */
#define NEEDLE_MAX 4200

struct answer {
	char *path; /* NULL = free */
	char *name; /* NULL = of no package */
	uint64_t inode;
};

struct pr_packages {
	char *directory;
	struct answer answers[PR_PACKAGE_CACHE_MAX];
	unsigned int next;
};

struct pr_packages *pr_packages_new(const char *root)
{
	struct pr_packages *packages = pr_calloc(1, sizeof(*packages));

	packages->directory = pr_asprintf("%s%s", root, LISTS);
	return packages;
}

void pr_packages_free(struct pr_packages *packages)
{
	if (!packages)
		return;
	for (unsigned int i = 0; i < PR_PACKAGE_CACHE_MAX; i++) {
		free(packages->answers[i].path);
		free(packages->answers[i].name);
	}
	free(packages->directory);
	free(packages);
}

/* What is searched for: the path as a whole line, and, where /bin and /lib are links into /usr, as the
 * package still calls it. */
struct needles {
	char text[NEEDLE_MAX];
	size_t len;
	size_t usr; /* 0, or where the shorter one begins: "\n" is put there */
};

static bool list_has(const char *bytes, size_t size, const char *line, size_t len)
{
	/* dpkg's lists begin with "/." and end with a line's end. */
	return size >= len && memmem(bytes, size, line, len) != NULL;
}

static bool file_has(int directory, const char *name, const struct needles *needles)
{
	int fd PR_CLEANUP(pr_cleanup_close) = openat(directory, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;
	bool found;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > LIST_MAX)
		return false;
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (bytes == MAP_FAILED)
		return false;
	found = list_has(bytes, (size_t)st.st_size, needles->text, needles->len);
	if (!found && needles->usr) {
		char shorter[NEEDLE_MAX];
		size_t len = needles->len - needles->usr;

		shorter[0] = '\n';
		memcpy(shorter + 1, needles->text + needles->usr + 1, len - 1);
		found = list_has(bytes, (size_t)st.st_size, shorter, len);
	}
	munmap(bytes, (size_t)st.st_size);
	return found;
}

static bool make_needles(const char *path, struct needles *ret_needles)
{
	static const char *const merged[] = { "/usr/bin/", "/usr/sbin/", "/usr/lib" };
	int n = snprintf(ret_needles->text, sizeof(ret_needles->text), "\n%s\n", path);

	if (n < 0 || (size_t)n >= sizeof(ret_needles->text) || strchr(path, '\n'))
		return false;
	ret_needles->len = (size_t)n;
	ret_needles->usr = 0;
	for (size_t i = 0; i < PR_ARRAY_SIZE(merged); i++)
		if (strncmp(path, merged[i], strlen(merged[i])) == 0)
			ret_needles->usr = strlen("/usr");
	return true;
}

/* "libc6:amd64.list" is libc6's. NULL for other files. */
static char *package_of(const char *file)
{
	size_t len = strlen(file), end = strlen(LIST_END);

	if (len <= end || strcmp(file + len - end, LIST_END) != 0)
		return NULL;
	len -= end;
	return pr_strndup(file, strcspn(file, ":") < len ? strcspn(file, ":") : len);
}

static int search(const char *directory, const char *path, unsigned int limit_ms, char **ret_name)
{
	uint64_t deadline = pr_clock_monotonic_us() + limit_ms * 1000ull;
	struct needles needles;
	struct dirent *entry;
	DIR *lists;
	int r = PR_PACKAGE_NONE;

	if (!make_needles(path, &needles))
		return PR_PACKAGE_NONE;
	lists = opendir(directory);
	if (!lists)
		return PR_PACKAGE_NONE;
	while (r == PR_PACKAGE_NONE && (entry = readdir(lists)) != NULL) {
		char *name = package_of(entry->d_name);

		if (name && file_has(dirfd(lists), entry->d_name, &needles)) {
			*ret_name = PR_TAKE_PTR(name);
			r = PR_PACKAGE_FOUND;
		} else if (pr_clock_monotonic_us() > deadline) {
			r = PR_PACKAGE_CUT;
		}
		free(name);
	}
	closedir(lists);
	return r;
}

int pr_packages_find(struct pr_packages *packages, const char *path, uint64_t inode,
		     unsigned int limit_ms, const char **ret_name)
{
	struct answer *answer;
	char *name = NULL;
	int r;

	for (unsigned int i = 0; i < PR_PACKAGE_CACHE_MAX; i++) {
		answer = &packages->answers[i];
		if (!answer->path || answer->inode != inode || strcmp(answer->path, path) != 0)
			continue;
		if (!answer->name)
			return PR_PACKAGE_NONE;
		*ret_name = answer->name;
		return PR_PACKAGE_FOUND;
	}
	r = search(packages->directory, path, limit_ms, &name);
	if (r == PR_PACKAGE_CUT)
		return r;
	answer = &packages->answers[packages->next];
	packages->next = (packages->next + 1) % PR_PACKAGE_CACHE_MAX;
	free(answer->path);
	free(answer->name);
	*answer = (struct answer){ .path = pr_strdup(path), .name = name, .inode = inode };
	if (r == PR_PACKAGE_FOUND)
		*ret_name = name;
	return r;
}
