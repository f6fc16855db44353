/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two sysctls that are changed, and what they were. Whoever ends without putting them back (--on-stop keep, SIGKILL)
 * leaves that in a file of the run directory, which goes with the boot; the next start would otherwise take our own
 * values for the machine's. The file counts in the network namespace that it was written in alone.
 */
#include "daemon/supervisor.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "sysctls"

static unsigned long long network_namespace(void)
{
	struct stat status;

	return stat("/proc/self/ns/net", &status) == 0 ? (unsigned long long)status.st_ino : 0;
}

static int open_run_dir(const struct pr_supervisor *supervisor)
{
	return open(supervisor->options.run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* What a former daemon found, where it did not put that back. */
static void recall(int run_fd, struct pr_conntrack_sysctls *before)
{
	int fd PR_CLEANUP(pr_cleanup_close) =
		openat(run_fd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct pr_conntrack_sysctls former;
	unsigned long long namespace;
	char text[64] = { 0 };

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 ||
	    sscanf(text, "%llu %d %d", &namespace, &former.acct, &former.events) != 3 ||
	    namespace != network_namespace())
		return;
	if (former.acct == 0)
		before->acct = 0;
	if (former.events == 0)
		before->events = 0;
}

static void remember(int run_fd, const struct pr_conntrack_sysctls *before)
{
	int fd PR_CLEANUP(pr_cleanup_close) = openat(
		run_fd, FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	/* Without the file they are put back all the same, by an end that is in order. */
	if (fd >= 0)
		(void)dprintf(fd, "%llu %d %d\n", network_namespace(), before->acct,
			      before->events);
}

void pr_supervisor_sysctls_on(struct pr_supervisor *supervisor)
{
	int run_fd PR_CLEANUP(pr_cleanup_close) = open_run_dir(supervisor);

	if (supervisor->sysctl_fd < 0 ||
	    pr_conntrack_sysctls_on(supervisor->sysctl_fd, &supervisor->sysctls) < 0)
		return;
	supervisor->sysctls_changed = true;
	recall(run_fd, &supervisor->sysctls);
	remember(run_fd, &supervisor->sysctls);
}

void pr_supervisor_sysctls_restore(struct pr_supervisor *supervisor)
{
	int run_fd PR_CLEANUP(pr_cleanup_close) = open_run_dir(supervisor);

	if (!supervisor->sysctls_changed)
		return;
	pr_conntrack_sysctls_restore(supervisor->sysctl_fd, &supervisor->sysctls);
	(void)unlinkat(run_fd, FILE_NAME, 0);
}
