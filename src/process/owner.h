/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The owner of a socket as the engine found it, before the process itself is known: what kernel/owner.h
 * returns, what the engine's cache is asked with, and what the supervisor is asked with where the cache
 * has nothing. A plain value.
 */
#pragma once

#include "packet/tuple.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The ways to an owner, best first. */
enum pr_rung {
	PR_RUNG_BPF,	   /* the kernel's programs saw the socket and the process */
	PR_RUNG_SOCK_DIAG, /* the socket by sock_diag, the process by BPF's memory of the socket */
	PR_RUNG_PROC,	   /* the process by /proc/PID/fd */
	PR_RUNG_NONE,	   /* nobody was found */
	PR_N_RUNGS,
};
const char *pr_rung_name(enum pr_rung rung); /* "bpf", "sock_diag", "proc", "none" */

#define PR_OWNER_COMM_SIZE 16

/* What the kernel said of the process at the time it used the socket. Zero = not known. Against it the
 * supervisor holds what it reads later: a process that sends and then executes /usr/bin/curl is not
 * curl. */
struct pr_exec_hint {
	uint64_t exe_device, exe_inode; /* the superblock's device, in stat()'s encoding */
	uint64_t exec_id;
	uint64_t cgroup_id;
	uint32_t parent;
	char comm[PR_OWNER_COMM_SIZE]; /* ended by a zero */
};

struct pr_owner {
	uint32_t pid;		/* 0 = not known: the supervisor finds it by inode, else by tuple */
	uint64_t start_time;	/* clock ticks since boot, as in /proc/PID/stat */
	uid_t uid;		/* (uid_t)-1 = not known */
	uint64_t cookie, inode; /* of the socket; 0 = not known */
	bool foreign;		/* its network namespace is not the guarded one */
	bool listener;		/* it waits for others: no peer */
	enum pr_rung rung;
	struct pr_exec_hint hint;
	struct pr_tuple tuple; /* from the local socket's view: src is its address */
};

/* From the kernel's own units: nanoseconds to the ticks of /proc/PID/stat; its dev_t (kdev_t.h) to
 * stat()'s. */
uint64_t pr_owner_start_time(uint64_t start_time_ns);
uint64_t pr_owner_device(uint32_t device);

#define PR_OWNER_CODE_SIZE 125 /* bytes of an encoded owner, always as many */

void pr_owner_encode(const struct pr_owner *owner, uint8_t bytes[PR_OWNER_CODE_SIZE]);
/* 0 or -EBADMSG. */
PR_MUST_USE int pr_owner_decode(const void *bytes, size_t len, struct pr_owner *ret_owner);
