/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A capture file as an interception: its packets come as they were captured, their times are the
 * capture's, verdicts go to a listener instead of a kernel. A packet between two addresses of the
 * guarded host comes twice, as in the kernel: at the output hook, then at the input hook. Fragments are put together
 * first.
 */
#pragma once

#include "base/address.h"
#include "interception/interception.h"

/* Addresses of the guarded host that are learnt from the capture itself. Reached: no more are. */
#define PR_REPLAY_LOCALS_MAX 64

enum pr_replay_outcome {
	PR_REPLAY_DONE = 0,
	PR_REPLAY_UNKNOWN = 1, /* not a capture */
};

struct pr_replay_options {
	/* The guarded host's addresses. None: learnt from the capture where it says which packets
	 * went out; where it doesn't, the sender of the first packet is the guarded host. Loopback
	 * always is. */
	const struct pr_address *locals;
	unsigned int n_locals;

	/* Hears of every verdict; NULL = nobody. */
	void (*verdict)(void *context, const struct pr_intercepted *packet,
			const struct pr_verdict_order *order);
	void *context;
};

struct pr_replay_counters {
	uint32_t n_records, n_packets, n_not_ip, n_unknown_links, n_fragments_lost;
	bool damaged; /* the capture ends within a record */
};

/* Borrows `bytes` until close(). The packets' handle is the record's number times two, plus one at
 * the input hook of a packet that was at the output hook before. time_us is microseconds since
 * 1970, never less than that of the packet before. */
PR_MUST_USE int pr_replay_open(const void *bytes, size_t len,
			       const struct pr_replay_options *options,
			       struct pr_interception **ret_interception);
void pr_replay_counters(const struct pr_interception *interception,
			struct pr_replay_counters *ret_counters);
