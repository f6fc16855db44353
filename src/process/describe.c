/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/reader.h"

#include "process/cgroup.h"
#include "process/script.h"

#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CGROUP_FILE_SIZE 8192
#define ARGUMENTS_SIZE	 4096
#define KERNFS_HANDLE	 0xfe /* FILEID_KERNFS, include/linux/exportfs.h */

static void set(char **text, const char *value)
{
	free(*text);
	*text = value ? pr_strdup(value) : NULL;
}

void pr_describe_exe(struct pr_identity_reader *reader, const struct pr_exe *exe,
		     struct pr_process *process)
{
	const char *package = NULL;
	int r;

	process->exe_device = exe->file.device;
	process->exe_inode = exe->file.inode;
	process->path_proven = exe->proven;
	set(&process->exe_path, exe->path[0] ? exe->path : NULL);
	if (exe->proven)
		reader->counters.n_proven++;
	else
		reader->counters.n_unproven++;
	if (!exe->proven || !reader->want_package)
		return;
	reader->counters.n_package_searches++;
	r = pr_packages_find(reader->packages, exe->path, exe->file.inode, PR_IDENTITY_PACKAGE_MS,
			     &package);
	if (r == PR_PACKAGE_CUT)
		reader->counters.n_package_cut++;
	set(&process->package, r == PR_PACKAGE_FOUND ? package : NULL);
}

/* ---- control group ---- */

static void describe_cgroup(const char *path, struct pr_process *process)
{
	char name[PR_CGROUP_NAME_MAX];

	set(&process->cgroup, path);
	set(&process->unit, pr_cgroup_unit(path, name) ? name : NULL);
	set(&process->container, pr_cgroup_container(path, name) ? name : NULL);
}

/* The number of a control group is a file handle of its directory (bpf_get_current_cgroup_id(7)). */
void pr_describe_cgroup_id(struct pr_identity_reader *reader, uint64_t cgroup_id,
			   struct pr_process *process)
{
	union {
		struct file_handle handle;
		uint8_t bytes[sizeof(struct file_handle) + sizeof(cgroup_id)];
	} place = { .handle = { .handle_bytes = sizeof(cgroup_id), .handle_type = KERNFS_HANDLE } };
	char name[32], path[PATH_MAX], root[PATH_MAX];
	size_t len;
	int fd;

	if (reader->cgroup_fd < 0 || !cgroup_id)
		return;
	memcpy(place.handle.f_handle, &cgroup_id, sizeof(cgroup_id));
	fd = open_by_handle_at(reader->cgroup_fd, &place.handle, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* removed, or we may not */
	snprintf(name, sizeof(name), "self/fd/%d", fd);
	if (pr_procfs_link(reader->proc_fd, name, path) < 0)
		path[0] = 0;
	close(fd);
	snprintf(name, sizeof(name), "self/fd/%d", reader->cgroup_fd);
	if (pr_procfs_link(reader->proc_fd, name, root) < 0)
		return;
	len = strlen(root);
	if (len == 1)
		len = 0; /* "/": a mount of our own */
	if (strncmp(path, root, len) == 0 && strlen(path) < PR_CGROUP_PATH_MAX)
		describe_cgroup(path[len] ? path + len : "/", process);
}

/* ---- user ---- */

/* /etc/passwd alone: the name service may ask the network, which waits for us. */
void pr_describe_user(struct pr_identity_reader *reader, struct pr_process *process)
{
	FILE *file PR_CLEANUP(pr_cleanup_fclose) = NULL;
	char path[PATH_MAX], text[4096];
	struct passwd entry, *found;

	if (process->uid == (uid_t)-1)
		return;
	snprintf(path, sizeof(path), "%s/etc/passwd", reader->root);
	file = fopen(path, "re");
	while (file && fgetpwent_r(file, &entry, text, sizeof(text), &found) == 0)
		if (found->pw_uid == process->uid) {
			set(&process->user, found->pw_name);
			return;
		}
}

/* ---- command line and script ---- */

/* Arguments joined by blanks; control characters become blanks too. */
static char *join(const char *arguments, size_t len)
{
	size_t end = len < PR_PROCESS_CMDLINE_MAX ? len : PR_PROCESS_CMDLINE_MAX;
	char *text;

	while (end && !arguments[end - 1])
		end--;
	text = pr_calloc(end + 1, 1);
	for (size_t i = 0; i < end; i++) {
		unsigned char byte = (unsigned char)arguments[i];

		text[i] = (char)(byte < 0x20 || byte == 0x7f ? ' ' : byte);
	}
	return text;
}

/* Does the process see the same file under this name as we do? */
static bool same_in_its_root(struct pr_identity_reader *reader, int directory, const char *path)
{
	char rooted[2 * PATH_MAX], in_root[2 * PATH_MAX];
	struct pr_procfs_file ours, its;

	snprintf(rooted, sizeof(rooted), "%s%s", reader->root, path);
	snprintf(in_root, sizeof(in_root), "root%s", path);
	return pr_procfs_file(AT_FDCWD, rooted, false, &ours) == 0 &&
	       pr_procfs_file(directory, in_root, false, &its) == 0 && ours.device == its.device &&
	       ours.inode == its.inode;
}

/* A script counts only where it is a file that exists, and the same for the process and for us. Of a
 * process that is gone it is known only that it had our mount namespace. */
static void describe_script(struct pr_identity_reader *reader, int directory,
			    const struct pr_exec *exec, const char *script,
			    struct pr_process *process)
{
	char working[PATH_MAX], joined[2 * PATH_MAX], rooted[3 * PATH_MAX];
	char *resolved PR_CLEANUP(pr_cleanup_free) = NULL;
	size_t root_len = strlen(reader->root);

	if (!script || !*script || strlen(script) >= PATH_MAX)
		return;
	if (directory < 0 && (!exec || exec->mount_namespace != reader->own_mount_namespace))
		return;
	working[0] = 0;
	if (script[0] != '/' && (directory < 0 || pr_procfs_link(directory, "cwd", working) <= 0))
		return;
	snprintf(joined, sizeof(joined), "%s%s%s", working, script[0] == '/' ? "" : "/", script);
	snprintf(rooted, sizeof(rooted), "%s%s", reader->root, joined);
	resolved = realpath(rooted, NULL);
	if (!resolved || strncmp(resolved, reader->root, root_len) != 0)
		return;
	if (directory < 0 || same_in_its_root(reader, directory, resolved + root_len))
		set(&process->script, resolved + root_len);
}

void pr_describe_arguments(struct pr_identity_reader *reader, int directory,
			   const struct pr_exec *exec, struct pr_process *process)
{
	char bytes[ARGUMENTS_SIZE];
	const char *arguments = bytes, *script = NULL;
	ssize_t len = -1;

	if (directory >= 0)
		len = pr_procfs_read(directory, "cmdline", bytes, sizeof(bytes));
	if (len <= 0 && exec) {
		arguments = exec->arguments;
		len = (ssize_t)exec->arguments_len;
	}
	if (len > 0) {
		free(process->cmdline);
		process->cmdline = join(arguments, (size_t)len);
	}
	if (!process->path_proven || !pr_script_is_interpreter(process->exe_path))
		return;
	/* What the kernel was asked to execute can't be changed afterwards, arguments can. */
	if (exec && exec->is_script)
		script = exec->filename;
	else if (len > 0)
		script = pr_script_of(process->exe_path, arguments, (size_t)len);
	describe_script(reader, directory, exec, script, process);
}

/* ---- what a running process has ---- */

void pr_describe_running(struct pr_identity_reader *reader, int directory,
			 struct pr_process *process)
{
	char text[CGROUP_FILE_SIZE], path[PR_CGROUP_PATH_MAX];
	uint64_t network = pr_procfs_namespace(directory, "ns/net");
	uid_t uid;

	if (process->uid == (uid_t)-1 && pr_procfs_uid(directory, &uid) == 0)
		process->uid = uid;
	if (pr_procfs_read(directory, "cgroup", text, sizeof(text)) > 0 &&
	    pr_cgroup_choose(text, path))
		describe_cgroup(path, process);
	if (network && reader->own_network_namespace && network != reader->own_network_namespace)
		process->foreign_namespace = true;
}

void pr_describe_parents(struct pr_identity_reader *reader, pid_t parent,
			 struct pr_process *process)
{
	uint64_t child_start = process->start_time;

	while (parent > 0 && process->n_parents < PR_PROCESS_PARENTS_MAX) {
		int directory PR_CLEANUP(pr_cleanup_close) =
			pr_procfs_open(reader->proc_fd, parent);
		struct pr_procfs_stat stat;
		char path[PATH_MAX];
		unsigned int n = process->n_parents;

		/* A parent is older than its child; else its PID is somebody else's by now. */
		if (directory < 0 || pr_procfs_stat(directory, &stat) < 0 ||
		    stat.start_time > child_start)
			return;
		process->parents[n].pid = parent;
		if (pr_procfs_link(directory, "exe", path) > 0)
			process->parents[n].exe_path = pr_strdup(path);
		process->n_parents++;
		child_start = stat.start_time;
		parent = stat.parent;
	}
}
