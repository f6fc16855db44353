/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Proof of a path. What /proc/PID/exe shows is a path in the process's own mount namespace, and an
 * unprivileged program can make itself a namespace in which it is /usr/bin/curl. So a path counts only
 * where it names, in our mount namespace, the very file (device and inode) that runs.
 *
 * A file that was replaced while it runs ("… (deleted)") can't be proven any more; it keeps its path if it
 * was proven before: at its exec, which BPF reported, or at the look at all processes at start. An
 * inode's number is used again for other files, so the file's time of birth must be the same too.
 */
#include "process/reader.h"

#include <fcntl.h>
#include <string.h>

#define DELETED " (deleted)" /* fs/d_path.c */

static bool same_file(const struct pr_procfs_file *a, const struct pr_procfs_file *b)
{
	return a->device == b->device && a->inode == b->inode;
}

/* What the path names in our own mount namespace. /proc shows no symbolic links, so none is followed. */
static int look_up(struct pr_identity_reader *reader, const char *path,
		   struct pr_procfs_file *ret_file)
{
	char rooted[2 * PATH_MAX];

	if (path[0] != '/')
		return -EINVAL;
	snprintf(rooted, sizeof(rooted), "%s%s", reader->root, path);
	return pr_procfs_file(AT_FDCWD, rooted, false, ret_file);
}

static bool prove(struct pr_identity_reader *reader, const char *path,
		  const struct pr_procfs_file *running)
{
	struct pr_procfs_file named;

	return look_up(reader, path, &named) == 0 && same_file(&named, running);
}

static bool remembered(struct pr_identity_reader *reader, const char *path,
		       const struct pr_procfs_file *running)
{
	const struct pr_executable *known =
		pr_executables_find(reader->executables, running->device, running->inode);

	return known && known->proven && running->birth_ns &&
	       known->birth_ns == running->birth_ns && strcmp(known->path, path) == 0;
}

static void remember(struct pr_identity_reader *reader, const char *path,
		     const struct pr_procfs_file *file, bool proven)
{
	struct pr_executable executable = {
		.kernel_device = file->kernel_device ? file->kernel_device : file->device,
		.device = file->device,
		.inode = file->inode,
		.birth_ns = file->birth_ns,
		.proven = proven,
		.path = (char *)(uintptr_t)path,
	};

	pr_executables_put(reader->executables, &executable);
}

static void cut_deleted(char *path)
{
	size_t len = strlen(path), end = strlen(DELETED);

	if (len > end && strcmp(path + len - end, DELETED) == 0)
		path[len - end] = 0;
}

int pr_exe_read(struct pr_identity_reader *reader, int directory, struct pr_exe *ret_exe)
{
	struct pr_exe exe = { 0 };
	ssize_t n = pr_procfs_link(directory, "exe", exe.path);
	int r;

	if (n == -ENAMETOOLONG)
		exe.path[0] = 0;
	else if (n < 0)
		return (int)n;
	r = pr_procfs_file(directory, "exe", true, &exe.file);
	if (r < 0)
		return r;
	if (exe.path[0] == '/' && prove(reader, exe.path, &exe.file)) {
		exe.proven = true;
		remember(reader, exe.path, &exe.file, true);
	} else {
		cut_deleted(exe.path);
		exe.proven = exe.path[0] && remembered(reader, exe.path, &exe.file);
	}
	*ret_exe = exe;
	return 0;
}

bool pr_exe_matches(struct pr_identity_reader *reader, int directory, const struct pr_exe *exe,
		    const struct pr_exec_hint *hint)
{
	uint64_t device;

	(void)reader;
	if (!hint || !hint->exe_inode)
		return true;
	if (hint->exe_inode != exe->file.inode)
		return false;
	return hint->exe_device == exe->file.device ||
	       (pr_procfs_kernel_device(directory, "exe", directory, "mountinfo", &device) == 0 &&
		device == hint->exe_device);
}

/* Does the path name, in our own mount namespace, the file that the kernel described? */
static bool prove_kernel(struct pr_identity_reader *reader, const char *path,
			 uint64_t kernel_device, uint64_t inode, struct pr_procfs_file *ret_file)
{
	char rooted[2 * PATH_MAX];

	if (look_up(reader, path, ret_file) < 0 || ret_file->inode != inode)
		return false;
	ret_file->kernel_device = kernel_device;
	if (ret_file->device == kernel_device)
		return true;
	snprintf(rooted, sizeof(rooted), "%s%s", reader->root, path);
	return pr_procfs_kernel_device(AT_FDCWD, rooted, reader->proc_fd, "self/mountinfo",
				       &ret_file->kernel_device) == 0 &&
	       ret_file->kernel_device == kernel_device;
}

bool pr_exe_report(struct pr_identity_reader *reader, uint64_t kernel_device, uint64_t inode,
		   const char *path)
{
	struct pr_procfs_file file;
	bool proven;

	if (!inode || !path || strlen(path) >= PATH_MAX)
		return false;
	/* Looked up each time: that this device and inode had this path once says nothing of the file that
	 * has the number now. */
	proven = prove_kernel(reader, path, kernel_device, inode, &file);
	if (!proven)
		file = (struct pr_procfs_file){ .kernel_device = kernel_device, .inode = inode };
	remember(reader, path, &file, proven);
	return proven;
}

/* Was it there all the time? Then the file that BPF saw is the one that the path names now. */
static bool still_there(struct pr_identity_reader *reader, const struct pr_executable *known)
{
	struct pr_procfs_file now;

	return known->proven && known->birth_ns &&
	       prove_kernel(reader, known->path, known->kernel_device, known->inode, &now) &&
	       now.birth_ns == known->birth_ns;
}

void pr_exe_recall(struct pr_identity_reader *reader, uint64_t kernel_device, uint64_t inode,
		   const struct pr_exec *exec, struct pr_exe *ret_exe)
{
	const struct pr_executable *known =
		pr_executables_find(reader->executables, kernel_device, inode);
	struct pr_exe exe = { .file = { .device = kernel_device, .inode = inode } };

	if (known && known->device)
		exe.file.device = known->device;
	if (exec && exec->path && exec->inode == inode && exec->kernel_device == kernel_device) {
		exe.proven = exec->proven;
		snprintf(exe.path, sizeof(exe.path), "%s", exec->path);
	} else if (known) {
		exe.proven = still_there(reader, known);
		snprintf(exe.path, sizeof(exe.path), "%s", known->path);
	}
	*ret_exe = exe;
}
