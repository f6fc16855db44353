/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Three sources, joined: /proc of the process that runs, as long as it is the same process (start time)
 * and still executes what it executed when it used the socket (BPF's hint); BPF's report of its exec;
 * what is remembered of the executable. The first that is lost takes with it only what nobody else knows.
 */
#include "process/identity.h"

#include "process/cgroup_root.h"
#include "process/reader.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS_MAX 3 /* when a process executes something else while it is read */

int pr_identity_open(const struct pr_identity_options *options,
		     struct pr_identity_reader **ret_reader)
{
	const char *root = options->root ? options->root : "";
	struct pr_identity_reader *reader;
	char path[PATH_MAX];
	int proc_fd;

	snprintf(path, sizeof(path), "%s/proc", root);
	proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return -errno;
	reader = pr_calloc(1, sizeof(*reader));
	reader->root = pr_strdup(root);
	reader->proc_fd = proc_fd;
	reader->cgroup_fd = pr_cgroup_root_open(root);
	reader->want_package = options->want_package;
	reader->own_mount_namespace = pr_procfs_namespace(proc_fd, "self/ns/mnt");
	reader->own_network_namespace = pr_procfs_namespace(proc_fd, "thread-self/ns/net");
	reader->executables = pr_executables_new(PR_IDENTITY_EXECUTABLES_MAX);
	reader->execs = pr_execs_new(PR_IDENTITY_EXECS_MAX);
	reader->packages = pr_packages_new(root);
	*ret_reader = reader;
	return 0;
}

void pr_identity_close(struct pr_identity_reader *reader)
{
	if (!reader)
		return;
	pr_cleanup_close(&reader->proc_fd);
	pr_cleanup_close(&reader->cgroup_fd);
	pr_executables_free(reader->executables);
	pr_execs_free(reader->execs);
	pr_packages_free(reader->packages);
	free(reader->root);
	free(reader);
}

void pr_identity_set_want_package(struct pr_identity_reader *reader, bool want_package)
{
	reader->want_package = want_package;
}

void pr_identity_counters(const struct pr_identity_reader *reader,
			  struct pr_identity_counters *ret_counters)
{
	*ret_counters = reader->counters;
}

/* ---- a process that is gone, or has executed something else since ---- */

static void describe_past(struct pr_identity_reader *reader, const struct pr_owner *owner,
			  const struct pr_exec *exec, struct pr_process *process)
{
	const struct pr_exec_hint *hint = &owner->hint;
	struct pr_exe exe = { 0 };

	if (hint->exe_inode)
		pr_exe_recall(reader, hint->exe_device, hint->exe_inode, exec, &exe);
	else if (exec)
		pr_exe_recall(reader, exec->kernel_device, exec->inode, exec, &exe);
	pr_describe_exe(reader, &exe, process);
	if (exec)
		pr_describe_arguments(reader, -1, exec, process);
	reader->counters.n_from_exec++;
}

int pr_identity_read_gone(struct pr_identity_reader *reader, const struct pr_owner *owner,
			  struct pr_process **ret_process)
{
	const struct pr_exec_hint *hint = &owner->hint;
	const struct pr_exec *exec =
		owner->start_time
			? pr_execs_find(reader->execs, owner->pid, owner->start_time, hint->exec_id)
			: NULL;
	struct pr_process *process;

	if (!exec && !hint->exe_inode && !hint->cgroup_id) {
		reader->counters.n_gone++;
		return PR_IDENTITY_GONE;
	}
	process = pr_process_new((pid_t)owner->pid, owner->start_time);
	process->uid = owner->uid;
	process->foreign_namespace = owner->foreign;
	if (process->uid == (uid_t)-1 && exec)
		process->uid = exec->uid;
	describe_past(reader, owner, exec, process);
	pr_describe_cgroup_id(reader,
			      hint->cgroup_id ? hint->cgroup_id
			      : exec	      ? exec->cgroup_id
					      : 0,
			      process);
	pr_describe_user(reader, process);
	pr_describe_parents(reader,
			    (pid_t)(hint->parent ? hint->parent
				    : exec	 ? exec->parent
						 : 0),
			    process);
	*ret_process = process;
	return PR_IDENTITY_READ;
}

/* ---- a process that runs ---- */

static bool same_executable(int directory, const struct pr_exe *exe)
{
	struct pr_procfs_file now;

	return pr_procfs_file(directory, "exe", true, &now) == 0 &&
	       now.device == exe->file.device && now.inode == exe->file.inode;
}

static void describe_present(struct pr_identity_reader *reader, int directory,
			     const struct pr_exe *exe, const struct pr_owner *owner,
			     struct pr_process *process)
{
	const struct pr_exec *exec = pr_execs_find(reader->execs, (uint32_t)process->pid,
						   process->start_time, owner->hint.exec_id);

	pr_describe_exe(reader, exe, process);
	pr_describe_arguments(reader, directory, exec, process);
}

/* 0; -EAGAIN: it executed something else meanwhile; -ENOENT, -ESRCH: gone. */
static int try_running(struct pr_identity_reader *reader, int directory,
		       const struct pr_procfs_stat *stat, const struct pr_owner *owner,
		       struct pr_process **ret_process)
{
	struct pr_process *process;
	struct pr_exe exe;
	int r = pr_exe_read(reader, directory, &exe);

	if (r < 0 && !stat->kernel_thread)
		return r;
	process = pr_process_new((pid_t)owner->pid, stat->start_time);
	process->uid = owner->uid;
	process->foreign_namespace = owner->foreign;
	process->kernel_thread = stat->kernel_thread;
	pr_describe_running(reader, directory, process);
	if (r == 0 && !pr_exe_matches(reader, directory, &exe, &owner->hint)) {
		reader->counters.n_changed_exec++;
		describe_past(reader, owner,
			      pr_execs_find(reader->execs, owner->pid, stat->start_time,
					    owner->hint.exec_id),
			      process);
	} else if (r == 0) {
		describe_present(reader, directory, &exe, owner, process);
		if (!same_executable(directory, &exe)) {
			pr_process_release(process);
			return -EAGAIN;
		}
	}
	pr_describe_user(reader, process);
	pr_describe_parents(reader, stat->parent, process);
	*ret_process = process;
	return 0;
}

int pr_identity_read_owner(struct pr_identity_reader *reader, const struct pr_owner *owner,
			   struct pr_process **ret_process)
{
	int directory PR_CLEANUP(pr_cleanup_close) =
		pr_procfs_open(reader->proc_fd, (pid_t)owner->pid);
	struct pr_procfs_stat stat;
	int r = directory;

	if (directory >= 0)
		r = pr_procfs_stat(directory, &stat);
	if (r >= 0 && owner->start_time && stat.start_time != owner->start_time)
		r = -ESRCH; /* somebody else has this PID by now */
	for (unsigned int i = 0; r >= 0 && i < ATTEMPTS_MAX; i++) {
		r = try_running(reader, directory, &stat, owner, ret_process);
		if (r == 0) {
			reader->counters.n_read++;
			return PR_IDENTITY_READ;
		}
		if (r != -EAGAIN)
			break;
		r = 0;
	}
	if (r < 0 && r != -ENOENT && r != -ESRCH && r != -EACCES && r != -EPERM)
		return r;
	return pr_identity_read_gone(reader, owner, ret_process);
}

int pr_identity_read(struct pr_identity_reader *reader, pid_t pid, uint64_t start_time,
		     const struct pr_exec_hint *hint, struct pr_process **ret_process)
{
	struct pr_owner owner = { .pid = (uint32_t)pid,
				  .start_time = start_time,
				  .uid = (uid_t)-1 };

	if (hint)
		owner.hint = *hint;
	return pr_identity_read_owner(reader, &owner, ret_process);
}
