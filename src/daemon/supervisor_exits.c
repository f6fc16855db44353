/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules that hold until a process ends. The compiler tells which processes its policy depends on; each is watched
 * by a pidfd. One that has ended is told to the compiler, which then leaves its rules out.
 */
#include "daemon/supervisor.h"

#include "process/procfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct pr_exit_watch {
	struct pr_supervisor *supervisor;
	int pid;
	unsigned long long start;
	int pidfd; /* -1 = free */
	struct event *on_exit;
};

static void note_exited(struct pr_supervisor *supervisor, int pid, unsigned long long start)
{
	size_t len = strlen(supervisor->exited);

	snprintf(supervisor->exited + len, sizeof(supervisor->exited) - len, "%d:%llu ", pid,
		 start);
}

static bool has_room(const struct pr_supervisor *supervisor)
{
	return sizeof(supervisor->exited) - strlen(supervisor->exited) > 40;
}

static void exit_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_exit_watch *watch = context;

	(void)fd;
	(void)what;
	event_free(PR_TAKE_PTR(watch->on_exit));
	close(PR_TAKE_FD(watch->pidfd));
	note_exited(watch->supervisor, watch->pid, watch->start);
	pr_supervisor_reload(watch->supervisor);
}

static bool is_same(int pid, unsigned long long start)
{
	PR_CLEANUP(pr_cleanup_close) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	PR_CLEANUP(pr_cleanup_close) int directory = proc < 0 ? -1 : pr_procfs_open(proc, pid);
	struct pr_procfs_stat stat;

	return directory >= 0 && pr_procfs_stat(directory, &stat) == 0 && stat.start_time == start;
}

/* False: it has ended already. */
static bool watch_one(struct pr_supervisor *supervisor, int pid, unsigned long long start)
{
	struct pr_exit_watch *free_one = NULL;
	PR_CLEANUP(pr_cleanup_close) int pidfd = -1;

	for (unsigned int i = 0; i < PR_COMPILE_PROCESSES_MAX; i++) {
		struct pr_exit_watch *watch = &supervisor->exits[i];

		if (watch->pidfd >= 0 && watch->pid == pid && watch->start == start)
			return true;
		if (watch->pidfd < 0 && !free_one)
			free_one = watch;
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	/* After it was opened it is this very process. */
	if (pidfd < 0 || !is_same(pid, start))
		return false;
	if (!free_one)
		return true;
	*free_one = (struct pr_exit_watch){ supervisor, pid, start, PR_TAKE_FD(pidfd), NULL };
	free_one->on_exit =
		event_new(supervisor->base, free_one->pidfd, EV_READ, exit_event, free_one);
	pr_assert(free_one->on_exit);
	event_add(free_one->on_exit, NULL);
	return true;
}

void pr_supervisor_exits_open(struct pr_supervisor *supervisor)
{
	supervisor->exits = pr_calloc(PR_COMPILE_PROCESSES_MAX, sizeof(*supervisor->exits));
	for (unsigned int i = 0; i < PR_COMPILE_PROCESSES_MAX; i++)
		supervisor->exits[i].pidfd = -1;
}

void pr_supervisor_exits_close(struct pr_supervisor *supervisor)
{
	for (unsigned int i = 0; supervisor->exits && i < PR_COMPILE_PROCESSES_MAX; i++) {
		if (supervisor->exits[i].pidfd < 0)
			continue;
		event_free(PR_TAKE_PTR(supervisor->exits[i].on_exit));
		close(PR_TAKE_FD(supervisor->exits[i].pidfd));
	}
	free(PR_TAKE_PTR(supervisor->exits));
}

bool pr_supervisor_exits_watch(struct pr_supervisor *supervisor, const char *processes)
{
	unsigned long long start;
	bool all_live = true;
	int pid, len;

	while (sscanf(processes, "%d:%llu %n", &pid, &start, &len) == 2) {
		processes += len;
		if (watch_one(supervisor, pid, start) || !has_room(supervisor))
			continue;
		note_exited(supervisor, pid, start);
		all_live = false;
	}
	return all_live;
}
