/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who owns the local end of a link, asked by the engine at the link's first packet: BPF's maps, then
 * sock_diag (and BPF's memory of the socket that it found), then the supervisor, who has /proc. Nothing
 * here opens a file. docs/who.md has the ladder.
 */
#pragma once

#include "kernel/bpf.h"
#include "process/owner.h"

enum pr_owner_found {
	PR_OWNER_FOUND = 0,	/* pid and start_time: ask the cache, then the supervisor */
	PR_OWNER_ASK = 1,	/* the supervisor has to find the process: pid is 0 */
	PR_OWNER_NOBODY = 2,	/* no socket of this machine: unknown */
	PR_OWNER_OF_KERNEL = 3, /* the kernel's own socket */
};

struct pr_owner_counters {
	uint64_t n_lookups;
	uint64_t n_by_rung[PR_N_RUNGS]; /* PROC: handed to the supervisor */
	uint64_t n_kernel, n_foreign, n_ambiguous, n_several_receivers;
	uint64_t n_errors; /* bpf() or netlink failed: the next rung was tried */
};

struct pr_owner_finder {
	struct pr_bpf_maps maps; /* borrowed; -1 = rung not there */
	int diag_fd;		 /* borrowed; of pr_sock_diag_open(); -1 = rung not there */
	struct pr_owner_counters counters;
};

/* `tuple` as the packet that opened the link has it, before NAT; `ifindex` the packet's device (in for
 * `in`, out for `out`; 0 = not known). Fills *ret_owner for FOUND and ASK. PR_OWNER_…, never negative. A
 * forwarded link has an owner only if a socket of another namespace of this machine opened it. */
PR_MUST_USE int pr_owner_lookup(struct pr_owner_finder *finder, const struct pr_tuple *tuple,
				enum pr_direction direction, uint32_t ifindex,
				struct pr_owner *ret_owner);
/* The same for the client of a question, of which no packet is held now: asks for the socket that exists
 * first, because a tuple may have changed hands since its last packet. */
PR_MUST_USE int pr_owner_lookup_client(struct pr_owner_finder *finder, const struct pr_tuple *tuple,
				       struct pr_owner *ret_owner);
/* By a socket that sock_diag showed (adoption): the same outcomes. */
PR_MUST_USE int pr_owner_of_cookie(struct pr_owner_finder *finder, uint64_t cookie, uint64_t inode,
				   uid_t uid, struct pr_owner *ret_owner);
