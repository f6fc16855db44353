/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The process that --until-exit means. */
#include "cli/cli.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define PARENTS_MAX 16

struct found {
	long pid, parent;
	unsigned long long start;
};

/* /proc/PID/stat: the name stands in parentheses and may hold any; fields 4 (parent) and 22 (start). */
static bool read_stat(long pid, struct found *ret_found)
{
	PR_CLEANUP(pr_cleanup_free) char *path = pr_asprintf("/proc/%ld/stat", pid);
	PR_CLEANUP(pr_cleanup_fclose) FILE *file = fopen(path, "re");
	char text[1024], *behind;
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[len] = '\0';
	behind = strrchr(text, ')');
	ret_found->pid = pid;
	return behind && sscanf(behind + 1,
				" %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
				"%*d %*d %*d %llu",
				&ret_found->parent, &ret_found->start) == 2;
}

static bool executes(long pid, char path[PATH_MAX])
{
	PR_CLEANUP(pr_cleanup_free) char *link = pr_asprintf("/proc/%ld/exe", pid);
	ssize_t len = readlink(link, path, PATH_MAX - 1);

	path[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/* What only lends its rights to a command ends with it. */
static bool is_lender(long pid)
{
	static const char *const names[] = { "sudo", "doas", "su", "pkexec", "run0" };
	char path[PATH_MAX];
	const char *name;

	if (!executes(pid, path) || !(name = strrchr(path, '/')))
		return false;
	for (size_t i = 0; i < PR_ARRAY_SIZE(names); i++)
		if (strcmp(name + 1, names[i]) == 0)
			return true;
	return false;
}

static bool find_caller(struct found *ret_found)
{
	long pid = getppid();

	for (unsigned int i = 0; i < PARENTS_MAX && pid > 1; i++) {
		if (!read_stat(pid, ret_found))
			return false;
		if (!is_lender(pid))
			return true;
		pid = ret_found->parent;
	}
	return false;
}

static bool find_oldest(const char *program, struct found *ret_found)
{
	char wanted[PATH_MAX], path[PATH_MAX];
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	struct found one;
	bool any = false;

	if (!realpath(program, wanted))
		snprintf(wanted, sizeof(wanted), "%s", program);
	while (directory && (entry = readdir(directory)) != NULL) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid <= 0 || !executes(pid, path) || strcmp(path, wanted) != 0 ||
		    !read_stat(pid, &one) || (any && one.start >= ret_found->start))
			continue;
		*ret_found = one;
		any = true;
	}
	if (directory)
		closedir(directory);
	return any;
}

bool pr_cli_until_exit(const char *app, json_t *change)
{
	struct found found;

	if (app && app[0] != '/') {
		fprintf(stderr, "portreeve: --until-exit wants an executable's path as --app\n");
		return false;
	}
	if (!(app ? find_oldest(app, &found) : find_caller(&found))) {
		fprintf(stderr, "portreeve: --until-exit: %s\n",
			app ? "no process of this executable runs"
			    : "the caller is not to be seen");
		return false;
	}
	json_object_set_new(change, "until", json_string("exit"));
	json_object_set_new(change, "pid", json_integer(found.pid));
	json_object_set_new(change, "start", json_integer((json_int_t)found.start));
	return true;
}
