/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The resolver process: rights of its own user, no capability; sockets towards upstreams and providers, and three channels. It
 * opens no file but the certificates that providers' are checked with.
 *
 * From the supervisor (ipc/message.h):
 *   PING       answered with PONG
 *   CHANNEL    the channel to the engine, or to front; a new one replaces the former
 *   UPSTREAMS  pairs, in any order; what counts is the last such message, whole:
 *                "upstream"  an upstream of the configuration (resolver/upstream.h says how it is written)
 *                "own"       an address of the host; a server there is a stub
 *                PATH        of pr_upstream_paths: what the file holds, where it exists
 *              Without any "upstream" the system's are looked for in the files. What can't be read is passed over
 *              and logged.
 *              "flush" = "1"  forget what is cached
 *   PROVIDERS  pairs, "provider" for each; the last such message counts, whole
 * From the engine: RESOLVE, INTEL_ASK. To it: ANSWER and INTEL_ANSWER with the same ticket; PROVIDER_STATE and
 * RESOLVER_STATE.
 * From front: RESOLVE. To it: ANSWER.
 */
#pragma once

#include "base/error.h"

/* Bytes of answers that the engine has not read. Beyond: dropped, counted; the question ends by its deadline. */
#define PR_RESOLVER_BACKLOG_MAX (8u << 20)

struct pr_resolver_config {
	/* Called once everything is set up and nothing was read yet: the sandbox closes here. May be NULL. Negative:
	 * the process ends with it. */
	int (*sandbox)(void *context);
	void *context;
};

/* Runs until the supervisor's channel ends. `ipc_fd` is taken. 0, or -errno where it could not start. */
PR_MUST_USE int pr_resolver_run(int ipc_fd, const struct pr_resolver_config *config);
