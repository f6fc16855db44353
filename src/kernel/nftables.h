/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our table in the kernel: `inet portreeve`. One process makes all changes to it (with an owner flag only
 * its socket may), each in one atomic batch. Base chains are made once and never touched again, because
 * unregistering any netfilter hook drops every queued packet of the namespace; what changes is in the
 * regular chains that they call, and in sets.
 *
 * Order at a start: queues bound (nfqueue.h), conntrack cleared of our bits (conntrack.h), install().
 */
#pragma once

#include "base/address.h"
#include "base/error.h"
#include "kernel/mark.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PR_RULESET_TABLE	     "portreeve"
#define PR_RULESET_OWN_UIDS_MAX	     5
#define PR_RULESET_QUEUES_MAX	     64
#define PR_RULESET_DENIED_TIMEOUT_MS 30000 /* then the next packet is decided anew */
#define PR_RULESET_DENIED_MAX	     65536 /* tuples; when full, further ones are queued each time */
#define PR_RULESET_ICMP_CODE	     10 /* host administratively prohibited (RFC 792, RFC 1122 3.2.2.1) */
#define PR_RULESET_ICMP6_CODE	     1 /* administratively prohibited (RFC 4443, 3.1) */
#define PR_RULESET_NO_UID	     ((uid_t)-1)

/* Who may change or remove the table. */
enum pr_ruleset_keep {
	PR_RULESET_KEEP_WATCHED, /* anyone can: put back at once when it is gone */
	PR_RULESET_KEEP_OWNED,	 /* we alone; the kernel removes it when our socket closes (5.12) */
	PR_RULESET_KEEP_PERSISTENT, /* we alone; outlives us, and the next start adopts it (6.9) */
};

struct pr_ruleset_config {
	uint32_t mark_mask;
	uint32_t generation; /* 1 to 7 */

	/* Tracked packets go to `queue_first` and the n_queues - 1 after it, by their conntrack entry;
	 * untracked ones to queue_first + n_queues. */
	uint16_t queue_first, n_queues;

	/* Sockets of these users are ours: what they open is accepted. Never root's, never a user's. */
	uid_t own_uids[PR_RULESET_OWN_UIDS_MAX];
	unsigned int n_own_uids;
	/* May send TCP resets into any link, to cut it (cut.h); PR_RULESET_NO_UID = nobody. */
	uid_t reset_uid;

	/* Our nameserver's, which listens on any address: local questions come to 127.0.0.1 or, over IPv6, to
	 * their own source, those of other namespaces (if `forwarded_questions`) to the address of the
	 * interface that they came by. 0 = there is none, the order to reroute blocks. */
	uint16_t nameserver_port4, nameserver_port6;
	bool forwarded_questions;

	/* The tunnel's entry point, likewise; only what was rerouted gets to it. 0 = none, the order to reroute blocks. */
	uint16_t tunnel_port4, tunnel_port6;
	/* What other namespaces open may have to go through the tunnel: it is decided before routing. */
	bool forwarded_tunnel;
	/* Local prefixes whose addresses stand for names: clients of other namespaces reach them as if they were
	 * foreign; what is not rerouted ends here. A family of 0: none. */
	struct pr_address pool4, pool6;
	uint8_t pool4_len, pool6_len;

	bool infrastructure; /* accept what a host needs to be on its link, in the kernel */
	uint8_t icmp_code,
		icmp6_code; /* of the destination unreachable that a block answers with */
	uint32_t denied_timeout_ms, n_denied_max;
	enum pr_ruleset_keep keep;

	/* A BPF program to run on what is about to be queued in output, as an xt_bpf match (it notes the
	 * packet's socket); its answer is ignored. -1 = none. */
	int output_program_fd;
	/* Two more, of questions that are rerouted: the first is run when such a verdict is carried out; the second is to
	 * match what may pass without being queued again: not what another socket sends from the same port. -1 = none:
	 * all of such a link passes. */
	int asker_note_fd, asker_check_fd;
};

/* All defaults: generation 1, one queue (0), no nameserver, PR_RULESET_KEEP_WATCHED. */
struct pr_ruleset_config pr_ruleset_config_default(void);

struct pr_nftables;

/* What this kernel can do for us, tried without leaving a trace. */
struct pr_nftables_abilities {
	bool native_queue;   /* otherwise the xt target NFQUEUE */
	bool owner, persist; /* table flags */
	bool set_delete;     /* a rule can take an element out of a set (5.4) */
	bool ipv6;
};

enum pr_nftables_outcome {
	PR_NFTABLES_LACKING = 1, /* the kernel lacks something: pr_nftables_lacking() says what */
	PR_NFTABLES_TAKEN = 2,	 /* another living process owns the table */
};

/* Sockets in the calling thread's network namespace, and a probe of the kernel. 0, LACKING, or negative;
 * *ret_nftables is set in both of the first two cases. The descriptors are CLOEXEC; a forked child must
 * close them, or it keeps an owned table alive. */
PR_MUST_USE int pr_nftables_open(struct pr_nftables **ret_nftables);
/* Closes the sockets. An owned table goes with them, a persistent or watched one stays. Takes NULL. */
void pr_nftables_free(struct pr_nftables *nftables);
const struct pr_nftables_abilities *pr_nftables_abilities(const struct pr_nftables *nftables);
/* One sentence of what the kernel lacks, and what for; "" = nothing. */
const char *pr_nftables_lacking(const struct pr_nftables *nftables);

/* A table of an earlier run, or of another process, is in force. 0, *ret_there, or negative. */
PR_MUST_USE int pr_nftables_is_there(struct pr_nftables *nftables, bool *ret_there);
/* Puts the table in force: a new one, or in place of the one that is there. A table that an earlier run left
 * with the same base chains is adopted and refilled without touching them. 0, TAKEN or negative. `keep`
 * beyond the kernel's abilities is taken down to what it can; pr_nftables_state() says to what. */
PR_MUST_USE int pr_nftables_install(struct pr_nftables *nftables,
				    const struct pr_ruleset_config *config);
/* The same with another configuration: refills the regular chains, empties the sets, in one batch. What the
 * base chains hold by themselves (queues' existence, nothing else) does not change. For a higher
 * generation: verdicts of all others no longer count once it returns 0. */
PR_MUST_USE int pr_nftables_refill(struct pr_nftables *nftables,
				   const struct pr_ruleset_config *config);
PR_MUST_USE int pr_nftables_raise(struct pr_nftables *nftables, uint32_t generation);
/* Empties the set of denied tuples alone. */
PR_MUST_USE int pr_nftables_forget_denied(struct pr_nftables *nftables);
/* All traces gone. 0 also when there were none. */
PR_MUST_USE int pr_nftables_remove(struct pr_nftables *nftables);

struct pr_nftables_state {
	bool in_force;
	enum pr_ruleset_keep keep; /* what the kernel protects it with */
	uint32_t generation;
	uint32_t n_denied; /* elements of the sets of denied tuples */
	uint64_t n_gone;   /* how often somebody else removed it */
	uint64_t gone_us;  /* how long it was away the last time; at most, as events have no time */
	uint64_t gone_total_us;
	uint64_t n_events_lost; /* of nftables' events; after each the table is looked for */
};
PR_MUST_USE int pr_nftables_state(struct pr_nftables *nftables,
				  struct pr_nftables_state *ret_state);

/* Readable when somebody changed rules in this namespace. */
int pr_nftables_watch_fd(const struct pr_nftables *nftables);
/* Reads what the descriptor has; puts the table back when it, or a chain of it, is gone. `gone` (may be
 * NULL) is called after it is back. 0 or negative. */
PR_MUST_USE int pr_nftables_watch_dispatch(struct pr_nftables *nftables,
					   void (*gone)(void *context, uint64_t away_us),
					   void *context);
