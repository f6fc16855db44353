/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is remembered: execs and forks as BPF reports them, and what runs already at the start. */
#include "process/identity.h"

#include "process/reader.h"
#include "process/scan.h"

#include <string.h>

/* "curl\0bin\0usr\0" → "/usr/bin/curl"; NULL where it is not whole. */
static char *path_of(const struct pr_bpf_exec *exec)
{
	size_t len = exec->path_len, at = len;
	char *path, *out;

	if (!len || len > sizeof(exec->path) || exec->path[len - 1])
		return NULL;
	path = out = pr_calloc(len + 1, 1);
	while (at > 0) {
		size_t end = at - 1, start = end;

		while (start > 0 && exec->path[start - 1])
			start--;
		*out++ = '/';
		memcpy(out, exec->path + start, end - start);
		out += end - start;
		at = start;
	}
	return path;
}

static void remember_exec(struct pr_identity_reader *reader, const struct pr_bpf_exec *record)
{
	struct pr_exec *exec = pr_calloc(1, sizeof(*exec));
	size_t len = record->arguments_len;

	if (len > sizeof(record->arguments))
		len = sizeof(record->arguments);
	*exec = (struct pr_exec){
		.n_references = 1,
		.exec_id = record->exec_id,
		.cgroup_id = record->cgroup_id,
		.kernel_device = pr_owner_device(record->exe_device),
		.inode = record->exe_inode,
		.parent = record->event.parent,
		.uid = record->event.uid,
		.mount_namespace = record->mount_namespace,
		.is_script = record->is_script,
		.path = path_of(record),
		.filename = pr_strndup(record->filename, sizeof(record->filename)),
		.arguments = pr_calloc(len + 1, 1),
		.arguments_len = len,
	};
	memcpy(exec->arguments, record->arguments, len);
	exec->proven = pr_exe_report(reader, exec->kernel_device, exec->inode, exec->path);
	pr_execs_put_take(reader->execs, record->event.pid,
			  pr_owner_start_time(record->event.start_time_ns), exec);
}

void pr_identity_event(struct pr_identity_reader *reader, const struct pr_bpf_event *event,
		       size_t len)
{
	if (!event->pid)
		return; /* of a PID namespace that we don't see */
	if (event->kind == PR_BPF_EVENT_EXEC && len >= sizeof(struct pr_bpf_exec))
		remember_exec(reader, (const struct pr_bpf_exec *)(const void *)event);
	else if (event->kind == PR_BPF_EVENT_FORK)
		pr_execs_fork(reader->execs, event->parent,
			      pr_owner_start_time(event->parent_start_time_ns), event->pid,
			      pr_owner_start_time(event->start_time_ns));
}

int pr_identity_adopt(struct pr_identity_reader *reader)
{
	struct pr_scan_processes walk;
	int n = 0, r = pr_scan_processes_open(reader->proc_fd, &walk);

	if (r < 0)
		return r;
	for (pid_t pid; (pid = pr_scan_processes_next(&walk)) > 0;) {
		int directory PR_CLEANUP(pr_cleanup_close) = pr_procfs_open(reader->proc_fd, pid);
		struct pr_exe exe;

		/* Reading it remembers it. */
		if (directory >= 0 && pr_exe_read(reader, directory, &exe) == 0)
			n++;
	}
	pr_scan_processes_close(&walk);
	return n;
}
