/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/conntrack.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int read_value(int dir_fd, const char *name)
{
	int fd PR_CLEANUP(pr_cleanup_close) = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	char text[16] = { 0 };

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	return (int)strtol(text, NULL, 10);
}

static int write_value(int dir_fd, const char *name, int value)
{
	int fd PR_CLEANUP(pr_cleanup_close) = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);
	char text[16];
	int len = snprintf(text, sizeof(text), "%d\n", value);

	if (fd < 0)
		return -errno;
	return write(fd, text, (size_t)len) == len ? 0 : -errno;
}

static int switch_on(int dir_fd, const char *name, int found)
{
	/* 2 of nf_conntrack_events: on while somebody listens (Linux 5.19), which we do. */
	return found == 0 ? write_value(dir_fd, name, 1) : 0;
}

int pr_conntrack_sysctls_on(int sysctl_dir_fd, struct pr_conntrack_sysctls *ret_before)
{
	struct pr_conntrack_sysctls before = { read_value(sysctl_dir_fd, "nf_conntrack_acct"),
					       read_value(sysctl_dir_fd, "nf_conntrack_events") };
	int r = switch_on(sysctl_dir_fd, "nf_conntrack_acct", before.acct);

	if (r == 0)
		r = switch_on(sysctl_dir_fd, "nf_conntrack_events", before.events);
	if (r < 0) {
		pr_conntrack_sysctls_restore(sysctl_dir_fd, &before);
		return r;
	}
	*ret_before = before;
	return 0;
}

void pr_conntrack_sysctls_restore(int sysctl_dir_fd, const struct pr_conntrack_sysctls *before)
{
	/* Only what was off was changed; what somebody switched off since is right as well. */
	if (before->acct == 0)
		(void)write_value(sysctl_dir_fd, "nf_conntrack_acct", 0);
	if (before->events == 0)
		(void)write_value(sysctl_dir_fd, "nf_conntrack_events", 0);
}
