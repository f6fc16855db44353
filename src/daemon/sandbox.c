/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/sandbox.h"

#include "daemon/landlock.h"
#include "daemon/seccomp.h"

#include <cap-ng.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define ENGINE_FDS_MAX	    4096  /* the nameserver's TCP clients */
#define RESOLVER_FDS_MAX    12288 /* a socket a question, and connections of providers */
#define FRONT_FDS_MAX	    1024  /* clients of the API */
#define TUNNEL_FDS_MAX	    65536 /* two sockets a link, and pipes of those whose bytes wait */
#define FRONT_FILE_MAX	    (512ull << 20) /* a list that it fetches; the writer is killed */
#define COMPILER_FDS_MAX    8192	   /* one a configuration file, or three a list */
#define COMPILER_MEMORY_MAX (1ull << 30)
#define COMPILER_CPU_S	    20
#define BUILDER_MEMORY_MAX  (4ull << 30) /* a set of as many entries as there may be */
#define BUILDER_CPU_S	    100

static int limit(int resource, rlim_t value)
{
	const struct rlimit both = { value, value };

	return setrlimit(resource, &both) < 0 ? -errno : 0;
}

/* Enough for a few million rules; a configuration that needs more is refused, not the machine's memory eaten. */
static int limit_compiler(bool builds_set)
{
	int r = 0;

	/* The sanitizers' shadow memory needs address space. */
#ifndef __SANITIZE_ADDRESS__
	r = limit(RLIMIT_AS, builds_set ? BUILDER_MEMORY_MAX : COMPILER_MEMORY_MAX);
#endif
	return r < 0 ? r : limit(RLIMIT_CPU, builds_set ? BUILDER_CPU_S : COMPILER_CPU_S);
}

static int set_limits(enum pr_party party, bool builds_set)
{
	static const rlim_t fds[PR_N_PARTIES] = {
		[PR_PARTY_ENGINE] = ENGINE_FDS_MAX, [PR_PARTY_RESOLVER] = RESOLVER_FDS_MAX,
		[PR_PARTY_FRONT] = FRONT_FDS_MAX,   [PR_PARTY_COMPILER] = COMPILER_FDS_MAX,
		[PR_PARTY_TUNNEL] = TUNNEL_FDS_MAX,
	};
	struct rlimit now;
	int r;

	/* no more than there is, for whom the supervisor may not raise it (root in a container) */
	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return -errno;
	r = limit(RLIMIT_NOFILE, fds[party]);
	if (r == -EPERM && now.rlim_max < fds[party])
		r = limit(RLIMIT_NOFILE, now.rlim_max);
	if (r == 0)
		r = limit(RLIMIT_CORE, 0);
	if (r == 0 && party == PR_PARTY_COMPILER)
		r = limit_compiler(builds_set);
	if (r == 0 && party == PR_PARTY_FRONT)
		r = limit(RLIMIT_FSIZE, FRONT_FILE_MAX);
	return r;
}

static int drop_capabilities(const struct pr_sandbox *sandbox)
{
	int flags = CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING;

	capng_clear(CAPNG_SELECT_BOTH);
	if (sandbox->party == PR_PARTY_ENGINE &&
	    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN) < 0)
		return -EPERM;
	if (sandbox->keep_user)
		return capng_apply(CAPNG_SELECT_BOTH) < 0 ? -EPERM : 0;
	if (capng_change_id((int)sandbox->user.uid, (int)sandbox->user.gid, (capng_flags_t)flags) <
	    0)
		return -EPERM;
	return 0;
}

int pr_sandbox_drop(const struct pr_sandbox *sandbox)
{
	int r = set_limits(sandbox->party, sandbox->builds_set);

	if (r < 0)
		return r;
	r = drop_capabilities(sandbox);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	/* A change of user clears the signal that dies with the supervisor (prctl(2)). */
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? -errno : 0;
}

int pr_sandbox_close(const struct pr_sandbox *sandbox)
{
	int r = 0;

	if (sandbox->party == PR_PARTY_FRONT || sandbox->party == PR_PARTY_COMPILER ||
	    sandbox->party == PR_PARTY_TUNNEL)
		r = pr_landlock_close(sandbox->read_dirs, sandbox->write_dirs);
	return r < 0 ? r : pr_seccomp_close(sandbox->party);
}
