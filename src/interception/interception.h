/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where packets come from and verdicts go: open, next packets, verdict on a packet. Three
 * implementations: linux (kernel/), a capture file (replay.c), a text scenario (scenario.c). Nothing
 * behind this header knows which one it has.
 */
#pragma once

#include "base/error.h"
#include "firewall/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pr_hook {
	PR_HOOK_OUTPUT,
	PR_HOOK_INPUT,
	PR_HOOK_FORWARD,
	PR_HOOK_PREROUTING, /* only what may have to be rerouted before it is forwarded */
};

/* A packet that is held until its verdict is issued. */
struct pr_intercepted {
	uint64_t handle; /* the interception's name for it, valid until the verdict */
	enum pr_hook hook;
	uint32_t in_ifindex, out_ifindex; /* 0 = none */
	uint32_t mark;			  /* packet mark as it came, our bits zero */
	uint64_t time_us;		  /* monotonic, when it was read */
	const uint8_t *bytes;		  /* from the IP header on; valid until the call returns */
	size_t len;			  /* captured */
	size_t wire_len;
	bool untracked;	     /* no conntrack entry: never permanent */
	bool unsummed;	     /* its checksum is left to whoever sends it on */
	bool questions_read; /* the caller's: PR_ENGINE_QUESTIONS_FIRST of engine/engine.h was done */
	uint32_t uid; /* of the sending socket; UINT32_MAX = none, or not of this namespace */
};

/* How the verdict is carried out beyond this packet. */
struct pr_verdict_order {
	enum pr_verdict verdict;
	bool permanent;
	/* Of an accept or a reroute to the tunnel that stands, and isn't permanent only because the link is looked at:
	 * packets without payload pass by the kernel alone, those with payload come here for as long as somebody takes
	 * them, and pass then as well. The end that opened a link only. */
	bool payload_only;
	/* Of what passes: with the very bytes of pr_intercepted, for the sender may change his meanwhile (sendfile(), pages that
	 * are sent without a copy). `bytes` holds them then. What is longer than they are is cut, where its sender sends the
	 * rest again, and else dropped. */
	bool as_seen;
	bool one_path; /* of a SYN that passes, beside as_seen: it asks for no Multipath TCP any more */
	bool unreachable; /* of a block, not permanent: the answer is that no host is there, of TCP too */
	uint32_t
		generation; /* of the policy that decided; a permanent verdict counts for it alone */
};

struct pr_interception;

struct pr_interception_operations {
	/* Up to `n_max` packets into `packets`. Blocks up to `timeout_ms` (-1 = for ever) for the first. The
	 * number of packets, 0 at the timeout, negative when the source is gone; a capture that is at its
	 * end: -ENODATA. */
	int (*next)(struct pr_interception *interception, struct pr_intercepted *packets,
		    unsigned int n_max, int timeout_ms);
	/* Issues the verdict of one packet; may be batched until flush(). Any thread may call it. */
	void (*verdict)(struct pr_interception *interception, const struct pr_intercepted *packet,
			const struct pr_verdict_order *order);
	void (*flush)(struct pr_interception *interception);
	void (*close)(struct pr_interception *interception);
};

struct pr_interception {
	const struct pr_interception_operations *operations;
};
