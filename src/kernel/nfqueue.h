/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The interception of this kernel: NFQUEUE. One interception is one worker: a netlink socket, its queue, and
 * for the first one the queue of untracked packets beside it. next() is called by one thread, verdict() and
 * flush() by any. Nothing here ever accepts by itself: no bypass, no fail-open flag.
 */
#pragma once

#include "interception/interception.h"

/* Bytes of each packet that are seen: what inspection keeps of one end (inspection/limits.h), and headers. A segment
 * that is sent in one go, GSO, is often longer than any on a wire. */
#define PR_NFQUEUE_COPY_LEN	  (20480 + 128)
#define PR_NFQUEUE_LEN_MAX	  8192 /* packets waiting in one queue; when full the kernel drops */
#define PR_NFQUEUE_RECEIVE_BUFFER (16u << 20)
#define PR_NFQUEUE_BATCH	  64 /* packets of one read, verdicts of one write */

struct pr_nfqueue_config {
	uint32_t mark_mask;
	uint16_t queue;
	bool with_untracked; /* bind `untracked_queue` too */
	uint16_t untracked_queue;
	uint32_t copy_len;	 /* 0 = PR_NFQUEUE_COPY_LEN */
	uint32_t queue_len_max;	 /* 0 = PR_NFQUEUE_LEN_MAX */
	uint32_t receive_buffer; /* 0 = PR_NFQUEUE_RECEIVE_BUFFER */
	bool unbatched;		 /* one packet a read, one verdict a write: the bench's bare loop */
};

enum pr_nfqueue_outcome {
	PR_NFQUEUE_TAKEN = 1,	/* another process has bound this queue */
	PR_NFQUEUE_LACKING = 2, /* the kernel has no nfnetlink_queue */
	PR_NFQUEUE_DENIED = 3,	/* CAP_NET_ADMIN is missing */
};

/* Binds in the calling thread's network namespace; from then on the rules may be put in force. close() of
 * the interception frees it; all packets that it holds are dropped by the kernel then. */
PR_MUST_USE int pr_nfqueue_open(const struct pr_nfqueue_config *config,
				struct pr_interception **ret_interception);
const char *pr_nfqueue_outcome_text(int outcome); /* a sentence */

/* What this process saw. */
struct pr_nfqueue_counters {
	uint64_t n_packets, n_accepted, n_denied;
	uint64_t n_receive_errors; /* ENOBUFS and messages that could not be read */
	uint64_t n_verdicts_lost;  /* that the kernel did not take: the packet was gone already */
};
void pr_nfqueue_counters(const struct pr_interception *interception,
			 struct pr_nfqueue_counters *ret_counters);

/* What the kernel counts. `proc_fd` is open on /proc/net/netfilter/nfnetlink_queue of the guarded namespace
 * (procfs shows the opener's). */
struct pr_nfqueue_kernel_counters {
	uint32_t n_waiting;	   /* queued, without a verdict yet */
	uint32_t n_dropped_full;   /* the queue was full */
	uint32_t n_dropped_buffer; /* the socket's buffer was full */
	uint32_t n_queued;	   /* ids given, ever: what reached user space */
};
/* 0, -ENOENT when nobody has bound the queue, or negative. */
PR_MUST_USE int pr_nfqueue_kernel_counters(int proc_fd, uint16_t queue,
					   struct pr_nfqueue_kernel_counters *ret_counters);
