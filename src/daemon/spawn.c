/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fork and exec of ourselves: the child has nothing of the supervisor's memory and its own randomised
 * addresses. Every descriptor is close-on-exec from its birth; a netlink socket that a child inherited
 * would keep an owned table alive after the supervisor's death (net/netfilter/nf_tables_api.c).
 */
#include "daemon/spawn.h"

#include "ipc/channel.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int pr_spawn_open_self(int *ret_fd)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* A Ctrl-C or SIGTERM to the whole process group is the supervisor's to answer: it takes the rules away
 * first, while the others still work. It ends them by SIGKILL. And whoever closes a socket early kills nobody. */
static void reset_signals(void)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	const struct sigaction ignored = { .sa_handler = SIG_IGN };
	static const int not_for_us[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)sigaction(number, &by_default, NULL);
	for (size_t i = 0; i < PR_ARRAY_SIZE(not_for_us); i++)
		(void)sigaction(not_for_us[i], &ignored, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Keeps 0 to 3 alone. stdin and stdout are the supervisor's; the child gets /dev/null there. */
static int arrange_descriptors(int channel)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return -errno;
	if (channel == PR_SPAWN_CHANNEL_FD)
		return fcntl(channel, F_SETFD, 0) < 0 ? -errno : 0;
	return dup2(channel, PR_SPAWN_CHANNEL_FD) < 0 ? -errno : 0;
}

static _Noreturn void child(int self_fd, enum pr_party party, bool verbose, int channel,
			    pid_t supervisor)
{
	char *const environment[] = { NULL };
	char name[] = "portreeved", role[] = "--role", verbose_option[] = "--verbose";
	char *party_name = pr_strdup(pr_party_name(party));
	char *arguments[] = { name, role, party_name, verbose ? verbose_option : NULL, NULL };
	int self_copy;

	reset_signals();
	/* Ours may be the very number that the channel moves to. */
	self_copy = fcntl(self_fd, F_DUPFD_CLOEXEC, PR_SPAWN_CHANNEL_FD + 1);
	if (self_copy < 0 || arrange_descriptors(channel) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != supervisor)
		_exit(127);
	fexecve(self_copy, arguments, environment);
	_exit(127);
}

int pr_spawn(int self_fd, enum pr_party party, bool verbose, struct pr_spawned *ret_spawned)
{
	pid_t supervisor = getpid(), pid;
	int pair[2], pidfd, r;

	r = pr_channel_pair(pair);
	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0)
		child(self_fd, party, verbose, pair[1], supervisor);
	r = -errno;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return r;
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		r = -errno;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(pair[0]);
		return r;
	}
	fcntl(pidfd, F_SETFD, FD_CLOEXEC);
	*ret_spawned = (struct pr_spawned){ .pid = pid, .pidfd = pidfd, .channel = pair[0] };
	return 0;
}
