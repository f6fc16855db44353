/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One run of the compiler process, from the supervisor's side: files and a change in, a sealed policy and
 * the one changed file out. The supervisor never looks into what goes in, and of what comes out it reads
 * pairs of its own list alone.
 */
#pragma once

#include "daemon/options.h"
#include "daemon/subscription.h"
#include "daemon/users.h"
#include "ipc/body.h"
#include "network/pool.h"
#include "network/provider.h"
#include "network/tunnel.h"

#include <event2/event.h>

/* Processes that rules hold for; a rule of one more does not hold. */
#define PR_COMPILE_PROCESSES_MAX  256u
#define PR_COMPILE_PROCESSES_SIZE (PR_COMPILE_PROCESSES_MAX * 32)
#define PR_COMPILE_EXITED_SIZE	  16384u /* told of those that have ended; beyond: their rules stay */
#define PR_COMPILE_MAX_MS	  30000 /* a run that takes longer is ended: refused */

struct pr_compiled {
	char error[4096]; /* "" = compiled */
	int policy_fd;	  /* sealed memory; owned */
	int edit_fd;	  /* new content of `edit_name`; -1 = nothing changed; owned */
	char edit_name[256];
	uint32_t mark_mask, n_workers;
	bool failure_open;
	bool may_deny_infrastructure; /* the kernel must not accept it by itself */
	bool wants_package;	      /* a profile matches by package: processes' are looked up */
	uint64_t next_expiry_s;	      /* since 1970: compile anew then; 0 = never */
	char warnings[4096];	      /* a line each */
	/* Those whose end changes the policy: "PID:START " each. */
	char processes[PR_COMPILE_PROCESSES_SIZE];
	char upstreams[4096];		       /* a line each; "" = those of the system */
	struct pr_subscriptions subscriptions; /* owned */
	/* For the resolver, as pr_provider_write() has them; owned. */
	char *providers[PR_PROVIDERS_MAX];
	unsigned int n_providers;
	/* For the tunnel, as pr_tunnel_upstream_write() has them; owned. */
	char *tunnels[PR_TUNNEL_UPSTREAMS_MAX];
	char *tunnel_places[PR_TUNNEL_UPSTREAMS_MAX]; /* as of struct pr_policy_blob */
	unsigned int n_tunnels;
	struct pr_pool_ranges pool;
};
void pr_compiled_done(struct pr_compiled *compiled);

struct pr_compile;

/* All borrowed for the call. */
struct pr_compile_input {
	struct event_base *base;
	int self_fd;
	const struct pr_options *options;
	const struct pr_users *users;
	const struct pr_pairs *change; /* the pairs of a PR_MESSAGE_CHANGE, or NULL */
	const char *exited;	       /* processes that have ended, as in `processes` above */
	bool paused;		       /* everything is permitted */
};

/* Starts a run. `done` is called once, from the event loop, and may take the descriptors; the run is freed after it. 0
 * or -errno (then `done` is not called). */
PR_MUST_USE int pr_compile_start(const struct pr_compile_input *input,
				 void (*done)(void *context, struct pr_compiled *compiled),
				 void *context, struct pr_compile **ret_compile);
/* Ends a run early; `done` is not called. Takes NULL. */
void pr_compile_cancel(struct pr_compile *compile);
