/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's table of links: events, dumps, look-ups, and our bits of their marks. Handles belong to one
 * thread each.
 */
#pragma once

#include "base/error.h"
#include "packet/tuple.h"

#include <stdbool.h>
#include <stdint.h>

enum pr_conntrack_kind { PR_CONNTRACK_NEW, PR_CONNTRACK_UPDATE, PR_CONNTRACK_DESTROY };

struct pr_conntrack_entry {
	enum pr_conntrack_kind kind; /* of an event; a dump's are UPDATE */
	struct pr_tuple original;    /* before NAT */
	struct pr_tuple reply;	     /* as the answers come: tells of NAT */
	uint32_t id, mark;
	uint32_t status;   /* IPS_…: linux/netfilter/nf_conntrack_common.h */
	uint8_t tcp_state; /* TCP_CONNTRACK_…: linux/netfilter/nf_conntrack_tcp.h; 0 = not told */
	uint16_t zone;
	bool counted; /* the four counters hold: nf_conntrack_acct was on when it was made */
	uint64_t bytes_original, bytes_reply, packets_original, packets_reply;
};

typedef void pr_conntrack_callback(void *context, const struct pr_conntrack_entry *entry);

struct pr_conntrack;

enum pr_conntrack_outcome {
	PR_CONNTRACK_LOST = 1, /* events were lost (ENOBUFS): dump and compare */
	PR_CONNTRACK_NONE = 2, /* no such entry */
	PR_CONNTRACK_LACKING =
		3,	       /* the kernel has no ctnetlink: no ends, no counters, no cutting */
	PR_CONNTRACK_MORE = 4, /* of a dump: go on */
};

/* In the calling thread's network namespace. `events`: subscribe. 0, LACKING or negative. */
PR_MUST_USE int pr_conntrack_open(bool events, struct pr_conntrack **ret_conntrack);
void pr_conntrack_free(struct pr_conntrack *conntrack); /* takes NULL */
int pr_conntrack_fd(
	const struct pr_conntrack *conntrack); /* of the events, for poll(); -1 = none */

/* Reads what is there, but at some time it stops. *ret_all: nothing is left. 0, LOST or negative. */
PR_MUST_USE int pr_conntrack_dispatch(struct pr_conntrack *conntrack,
				      pr_conntrack_callback *callback, void *context,
				      bool *ret_all);
/* Every entry of both families. 0 or negative. */
PR_MUST_USE int pr_conntrack_dump(struct pr_conntrack *conntrack, pr_conntrack_callback *callback,
				  void *context);

/* The same in parts, for who must not be away for long: the begin asks, each _go_on() reads what is there of the answer, some
 * thousand entries at most, and does not wait. The handle does nothing else until the end, or an error. 0: that was
 * all; MORE, when the descriptor is readable again; negative. */
PR_MUST_USE int pr_conntrack_dump_begin(struct pr_conntrack *conntrack);
PR_MUST_USE int pr_conntrack_dump_go_on(struct pr_conntrack *conntrack,
					pr_conntrack_callback *callback, void *context);
int pr_conntrack_dump_fd(const struct pr_conntrack *conntrack);

/* Which entries, by their mark: (mark & mask) == value; a zero mask is all. */
struct pr_conntrack_selector {
	uint32_t mask, value;
};
/* Zeroes `bits` of the marks of all that are selected, the others' bits untouched, flows live on. Call it with
 * our whole mask at start and takeover and after the end; with the generation's field, as selector and as bits, before
 * a number comes back. The number changed into *ret_n unless NULL. */
PR_MUST_USE int pr_conntrack_clear(struct pr_conntrack *conntrack,
				   const struct pr_conntrack_selector *selector, uint32_t bits,
				   uint64_t *ret_n);
/* Removes, of those that are selected, what is left of TCP connections that were reset. The kernel goes on with such an
 * entry for who uses the ports again, by the same NAT. 0 or negative. */
PR_MUST_USE int pr_conntrack_forget_reset(struct pr_conntrack *conntrack,
					  const struct pr_conntrack_selector *selector);
/* What pr_cut left: the deny verdicts in marks, of both ends. Beside pr_nftables_forget_denied(). */
PR_MUST_USE int pr_conntrack_forget_denied(struct pr_conntrack *conntrack, uint32_t mark_mask);

/* By either of its tuples. 0, NONE or negative. */
PR_MUST_USE int pr_conntrack_find(struct pr_conntrack *conntrack, const struct pr_tuple *tuple,
				  struct pr_conntrack_entry *ret_entry);
/* Replaces `bits` of the mark of the entry with that tuple by those of `value`. 0, NONE or negative. */
PR_MUST_USE int pr_conntrack_mark_set(struct pr_conntrack *conntrack, const struct pr_tuple *tuple,
				      uint32_t bits, uint32_t value);

/*
 * The two sysctls that we change, and put back: byte counters and events. The supervisor calls, with a
 * descriptor of the guarded namespace's /proc/sys/net/netfilter (procfs shows the opener's).
 */
struct pr_conntrack_sysctls {
	int acct, events; /* as found; -1 = the kernel has none */
};
PR_MUST_USE int pr_conntrack_sysctls_on(int sysctl_dir_fd, struct pr_conntrack_sysctls *ret_before);
void pr_conntrack_sysctls_restore(int sysctl_dir_fd, const struct pr_conntrack_sysctls *before);
