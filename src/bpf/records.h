/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the BPF programs and user space exchange: keys and values of the maps, and the records of the
 * ring buffer. Fixed layouts without implicit padding; a map's key is compared byte by byte. Included
 * by portreeve.bpf.c and by C alike, hence the kernel's type names.
 */
#pragma once

#ifndef PR_BPF_PROGRAM
#include <linux/types.h>
#endif

/* Limits: what happens when a map is full. All are LRU maps: the entry that was used least recently
 * gives way, its socket is then found by sock_diag. */
#define PR_BPF_SOCKETS_MAX    65536	/* sockets whose owner is remembered */
#define PR_BPF_TUPLES_MAX     65536	/* tuples of the guarded namespace … */
#define PR_BPF_FOREIGN_MAX    16384	/* … and of all others */
#define PR_BPF_ASKERS_MAX     16384	/* local ends that datagrams were rerouted from */
#define PR_BPF_EVENTS_SIZE    (1 << 20) /* bytes of the ring buffer; beyond: dropped and counted */

#define PR_BPF_COMM_SIZE      16
#define PR_BPF_PATH_SIZE      1024 /* a longer path of an executable is left out */
#define PR_BPF_FILENAME_SIZE  256
#define PR_BPF_ARGUMENTS_SIZE 256
#define PR_BPF_DEPTH_MAX      32 /* directories above an executable; deeper: no path */
#define PR_BPF_PID_LEVELS_MAX 8	 /* nesting of PID namespaces that is looked through */

/* The process that created, bound, connected or last sent through a socket. */
struct pr_bpf_owner {
	__u64 start_time_ns; /* task_struct.start_boottime of the thread group's leader */
	__u64 exec_id;	     /* changes with each exec */
	__u64 cgroup_id;     /* cgroup v2 */
	__u64 exe_inode;
	__u64 netns_cookie; /* of the socket */
	__u32 exe_device;   /* the kernel's dev_t: major << 20 | minor, of the superblock */
	__u32 pid; /* thread group, in the supervisor's PID namespace; 0 = not visible there */
	__u32 parent;
	__u32 uid;
	__u32 kernel_pid; /* thread group, as the kernel itself counts */
	__u32 zero;
	char comm[PR_BPF_COMM_SIZE];
};

/* Always as the local socket sees it: what it sends has `local` as its source. Network order, IPv4 in
 * IPv6-mapped form, ports in host order. ICMP echo: both ports are the identifier. */
struct pr_bpf_tuple {
	__u8 local[16], remote[16];
	__u16 local_port, remote_port;
	__u8 proto;
	__u8 zero[3];
};

/* The local end of what is sent, in the form of a tuple's. */
struct pr_bpf_endpoint {
	__u8 address[16];
	__u16 port;
	__u8 zero[6];
};

#define PR_BPF_LINK_KERNEL    1 /* sent by the kernel itself, or inside of another's socket */
#define PR_BPF_LINK_AMBIGUOUS 2 /* several foreign namespaces use this very tuple */
#define PR_BPF_LINK_CLOSED    4 /* its socket is closed; the tuple may be used anew */

struct pr_bpf_link {
	__u64 cookie; /* of the socket; an MPTCP subflow: of the MPTCP socket. 0 = no socket */
	__u64 netns_cookie;
	__u64 inode; /* of the socket's file; 0 = none */
	__u64 time_ns;
	__u32 uid; /* of the socket; ~0 = not known */
	__u32 flags;
};

/* What the guarded namespace sends, with its socket's owner at that moment: one look-up tells it all. */
struct pr_bpf_sent {
	struct pr_bpf_link link;
	struct pr_bpf_owner owner; /* pid 0 = not known */
};

enum pr_bpf_event_kind { PR_BPF_EVENT_EXEC = 1, PR_BPF_EVENT_FORK, PR_BPF_EVENT_EXIT };

struct pr_bpf_event {
	__u32 kind;
	__u32 pid, parent; /* thread groups; FORK: pid is the child */
	__u32 uid;
	__u64 start_time_ns, parent_start_time_ns;
};

/* An exec. The path is the executable's own, from its mount namespace's root, as components in reverse
 * order, each ended by a zero: "curl\0bin\0usr\0". */
struct pr_bpf_exec {
	struct pr_bpf_event event;
	__u64 exec_id, cgroup_id, exe_inode;
	__u32 exe_device;
	__u32 is_script;       /* `filename` is a script that `path` interprets */
	__u32 mount_namespace; /* inode number of the namespace */
	__u32 path_len;	       /* 0 = not known */
	__u32 arguments_len;   /* zero-separated; cut at PR_BPF_ARGUMENTS_SIZE */
	char comm[PR_BPF_COMM_SIZE];
	char filename[PR_BPF_FILENAME_SIZE]; /* as given to execve() */
	char arguments[PR_BPF_ARGUMENTS_SIZE];
	char path[PR_BPF_PATH_SIZE];
};
