/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Allow-lists by libseccomp: what all need, and what each role needs beside it. Where an argument tells
 * harmless from harmful (memory that may be executed, a new process instead of a thread, a file that is
 * written), the argument is held as well.
 */
#include "daemon/seccomp.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

struct conditional {
	int call;
	struct scmp_arg_cmp condition;
};

static const int for_all[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(shutdown),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(membarrier),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(lseek),
	SCMP_SYS(pread64),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(tgkill),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static const struct conditional for_all_if[] = {
	{ SCMP_SYS(mmap), { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
	{ SCMP_SYS(mprotect), { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
	{ SCMP_SYS(fcntl), { 1, SCMP_CMP_EQ, F_GETFL, 0 } },
	{ SCMP_SYS(fcntl), { 1, SCMP_CMP_EQ, F_SETFL, 0 } },
	{ SCMP_SYS(fcntl), { 1, SCMP_CMP_EQ, F_GETFD, 0 } },
	{ SCMP_SYS(fcntl), { 1, SCMP_CMP_EQ, F_SETFD, 0 } },
	{ SCMP_SYS(fcntl), { 1, SCMP_CMP_EQ, F_GET_SEALS, 0 } },
	{ SCMP_SYS(ioctl), { 1, SCMP_CMP_EQ, FIONREAD, 0 } },
	{ SCMP_SYS(ioctl), { 1, SCMP_CMP_EQ, FIONBIO, 0 } },
};

static const int for_engine[] = { SCMP_SYS(accept4), SCMP_SYS(memfd_create) };
/* A thread, never a process. Look-ups in maps that the supervisor made, nothing else of bpf(2). */
static const struct conditional for_engine_if[] = {
	{ SCMP_SYS(clone), { 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD } },
	{ SCMP_SYS(bpf), { 0, SCMP_CMP_EQ, BPF_MAP_LOOKUP_ELEM, 0 } },
	{ SCMP_SYS(bpf), { 0, SCMP_CMP_EQ, BPF_MAP_DELETE_ELEM, 0 } },
	{ SCMP_SYS(bpf), { 0, SCMP_CMP_EQ, BPF_MAP_LOOKUP_AND_DELETE_ELEM, 0 } },
	{ SCMP_SYS(bpf), { 0, SCMP_CMP_EQ, BPF_MAP_GET_NEXT_KEY, 0 } },
};

static const int for_resolver[] = { SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(access),
				    SCMP_SYS(getcwd) };
static const struct conditional for_resolver_if[] = {
	{ SCMP_SYS(socket), { 0, SCMP_CMP_EQ, AF_INET, 0 } },
	{ SCMP_SYS(socket), { 0, SCMP_CMP_EQ, AF_INET6, 0 } },
	{ SCMP_SYS(ioctl), { 1, SCMP_CMP_EQ, SIOCGIFINDEX, 0 } }, /* of fe80::…%eth0 */
	{ SCMP_SYS(openat), { 2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, O_RDONLY } },
	{ SCMP_SYS(clone), { 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD } },
};

static const int for_front[] = { SCMP_SYS(accept4), SCMP_SYS(accept), SCMP_SYS(connect),
				 SCMP_SYS(access) };
/* Sockets to fetch lists by; certificates are read. */
static const struct conditional for_front_if[] = {
	{ SCMP_SYS(socket), { 0, SCMP_CMP_EQ, AF_INET, 0 } },
	{ SCMP_SYS(socket), { 0, SCMP_CMP_EQ, AF_INET6, 0 } },
	{ SCMP_SYS(openat), { 2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, O_RDONLY } },
	{ SCMP_SYS(clone), { 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD } },
};

/* Bytes go from socket to socket by pipes; certificates are read. */
static const int for_tunnel[] = { SCMP_SYS(accept4), SCMP_SYS(bind),   SCMP_SYS(connect),
				  SCMP_SYS(splice),  SCMP_SYS(access), SCMP_SYS(getcwd) };
static const struct conditional for_tunnel_if[] = {
	{ SCMP_SYS(socket), { 0, SCMP_CMP_EQ, AF_INET, 0 } },
	{ SCMP_SYS(socket), { 0, SCMP_CMP_EQ, AF_INET6, 0 } },
	{ SCMP_SYS(ioctl), { 1, SCMP_CMP_EQ, SIOCGIFINDEX, 0 } }, /* of fe80::…%eth0 */
	{ SCMP_SYS(openat), { 2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, O_RDONLY } },
};

static const int for_compiler[] = { SCMP_SYS(memfd_create), SCMP_SYS(ftruncate), SCMP_SYS(dup),
				    SCMP_SYS(pwrite64), SCMP_SYS(fsync) };
static const struct conditional for_compiler_if[] = {
	{ SCMP_SYS(fcntl), { 1, SCMP_CMP_EQ, F_ADD_SEALS, 0 } },
};

static int allow(scmp_filter_ctx filter, const int *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i], 0, NULL);
	return r;
}

static int allow_if(scmp_filter_ctx filter, const struct conditional *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i].call, 1,
					   &calls[i].condition);
	return r;
}

#define ALLOW(filter, list)    allow(filter, list, PR_ARRAY_SIZE(list))
#define ALLOW_IF(filter, list) allow_if(filter, list, PR_ARRAY_SIZE(list))

static int allow_for(scmp_filter_ctx filter, enum pr_party party)
{
	switch (party) {
	case PR_PARTY_ENGINE:
		return ALLOW(filter, for_engine) ?: ALLOW_IF(filter, for_engine_if);
	case PR_PARTY_RESOLVER:
		return ALLOW(filter, for_resolver) ?: ALLOW_IF(filter, for_resolver_if);
	case PR_PARTY_FRONT:
		return ALLOW(filter, for_front) ?: ALLOW_IF(filter, for_front_if);
	case PR_PARTY_TUNNEL:
		return ALLOW(filter, for_tunnel) ?: ALLOW_IF(filter, for_tunnel_if);
	case PR_PARTY_COMPILER:
		return ALLOW(filter, for_compiler) ?: ALLOW_IF(filter, for_compiler_if);
	default:
		return -EINVAL;
	}
}

/* These are refused with an error that the C library answers by another way: clone3 cannot be judged by
 * its arguments (glibc falls back to clone), and there is nothing to open for whom nothing is listed. */
static int refuse_softly(scmp_filter_ctx filter, enum pr_party party)
{
	int r = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);

	if (r == 0 && (party == PR_PARTY_ENGINE || party == PR_PARTY_COMPILER))
		r = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0,
					   NULL);
	/* the C library takes a Unix socket where it asks for an interface's number, or for nscd; refused, it goes
	 * on without */
	if (r == 0 && (party == PR_PARTY_RESOLVER || party == PR_PARTY_TUNNEL))
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	return r;
}

int pr_seccomp_close(enum pr_party party)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (!filter)
		return -ENOMEM;
	r = ALLOW(filter, for_all) ?: ALLOW_IF(filter, for_all_if);
	if (r == 0)
		r = allow_for(filter, party);
	if (r == 0)
		r = refuse_softly(filter, party);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	/* A tree instead of a list, for the calls whose arguments are held: the kernel asks each time. */
	if (r == 0)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}
