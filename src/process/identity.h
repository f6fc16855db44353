/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is that process: the supervisor's answer. Reads /proc by PID and start time, never by PID alone,
 * and believes a path only with proof (docs/who.md). Remembers executables and exec's that BPF reported,
 * so that a process that has exited already, or whose executable was replaced meanwhile, keeps its
 * identity.
 */
#pragma once

#include "bpf/records.h"
#include "process/owner.h"
#include "process/process.h"

/* Limits. */
#define PR_IDENTITY_EXECUTABLES_MAX 4096   /* proven executables; the least recently used goes */
#define PR_IDENTITY_EXECS_MAX	    4096   /* processes whose exec was reported; the oldest goes */
#define PR_IDENTITY_SCAN_FDS_MAX    200000 /* descriptors looked at in one go; beyond: not found */
#define PR_IDENTITY_PACKAGE_MS	    200 /* for the search in the package database; beyond: unknown */

enum pr_identity_outcome {
	PR_IDENTITY_READ = 0,
	PR_IDENTITY_GONE =
		1, /* no such process any more, and nothing is known of it; or nobody holds
			       * the socket */
};

struct pr_identity_options {
	const char *root;  /* before /proc, /etc, /var and /run; NULL = "". For tests. */
	bool want_package; /* a profile matches by package: look it up */
};

struct pr_identity_counters {
	uint64_t n_read, n_gone, n_from_exec, n_proven, n_unproven, n_changed_exec;
	uint64_t n_scans, n_scans_found, n_scans_cut;
	uint64_t n_package_searches, n_package_cut;
};

struct pr_identity_reader;

/* 0 or -errno (no /proc). */
PR_MUST_USE int pr_identity_open(const struct pr_identity_options *options,
				 struct pr_identity_reader **ret_reader);
void pr_identity_close(struct pr_identity_reader *reader); /* takes NULL */
void pr_identity_set_want_package(struct pr_identity_reader *reader, bool want_package);

/* The process `pid` that was started at `start_time` (0: whoever has this PID now). `hint` may be NULL.
 * A counted reference. Where /proc shows another executable than the hint, the process is described as
 * it was: what can no longer be known stays unknown. PR_IDENTITY_… or -errno. */
PR_MUST_USE int pr_identity_read(struct pr_identity_reader *reader, pid_t pid, uint64_t start_time,
				 const struct pr_exec_hint *hint, struct pr_process **ret_process);

/* The answer to a request of the engine: by PID if the owner has one; else by the socket's inode over
 * all /proc/PID/fd; else (ping and raw sockets have no sock_diag everywhere) by tuple in /proc/net to
 * the inode. A listener of PID 1 is the one's that it was passed to, if anybody. The start time and PID
 * found stand in the process. Looks at the network namespace of the calling thread.
 * PR_IDENTITY_… or -errno. */
PR_MUST_USE int pr_identity_find(struct pr_identity_reader *reader, const struct pr_owner *owner,
				 struct pr_process **ret_process);

/* Whether answering takes a look at all descriptors of all processes: milliseconds, where all else takes
 * microseconds. */
bool pr_identity_is_slow(const struct pr_identity_reader *reader, const struct pr_owner *owner);

struct pr_identity_request {
	struct pr_owner owner;
	struct pr_process *process; /* the answer: NULL = gone; the caller's */
};
/* Answers all of them with one look. 0 or -errno; then nothing is answered. */
PR_MUST_USE int pr_identity_find_all(struct pr_identity_reader *reader,
				     struct pr_identity_request *requests, size_t n);

/* What BPF reported, from pr_bpf_drain(). */
void pr_identity_event(struct pr_identity_reader *reader, const struct pr_bpf_event *event,
		       size_t len);
/* Looks at all running processes once, so that an upgrade that replaces their executables later leaves
 * them their identity. The number looked at, or -errno. */
int pr_identity_adopt(struct pr_identity_reader *reader);

void pr_identity_counters(const struct pr_identity_reader *reader,
			  struct pr_identity_counters *ret_counters);
