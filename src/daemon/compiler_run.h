/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One run of the compiler process, from the supervisor's side: started, given what it works on, heard until it is over.
 * What it is for is its user's: a policy (compiler_run_policy.h), a set of lists (compiler_run_set.h).
 */
#pragma once

#include "daemon/users.h"
#include "ipc/body.h"
#include "ipc/channel.h"

#include <event2/event.h>

struct pr_compiler_run;

struct pr_compiler_run_ports {
	void *context;
	/* What it says; borrowed, descriptors may be taken. True: that was the last. */
	bool (*message)(void *context, struct pr_message *message);
	/* Once, from the event loop, and the run may be freed in it. `why`: a sentence, NULL = it came to its end. */
	void (*over)(void *context, const char *why);
};

struct pr_compiler_run_config {
	struct event_base *base;
	int self_fd; /* borrowed */
	const struct pr_users *users;
	bool verbose, builds_set; /* builds_set: with the limits for that (sandbox.h) */
	unsigned int most_ms;	  /* a run that takes longer is ended … */
	const char *late;	  /* … with this sentence; a literal */
};

/* `settings` come to the process beside its user. 0 or -errno. */
PR_MUST_USE int pr_compiler_run_new(const struct pr_compiler_run_config *config,
				    const struct pr_pairs *settings,
				    const struct pr_compiler_run_ports *ports,
				    struct pr_compiler_run **ret_run);
/* Kills it if it still runs. Takes NULL. */
void pr_compiler_run_free(struct pr_compiler_run *run);
/* Waits for it to read, but not for long. 0 or -errno. */
PR_MUST_USE int pr_compiler_run_send(struct pr_compiler_run *run, enum pr_message_kind kind,
				     const void *body, size_t len, const int *fds,
				     unsigned int n_fds);
/* Ends it: `over` is called from the event loop with this sentence. */
void pr_compiler_run_fail(struct pr_compiler_run *run, const char *why);
