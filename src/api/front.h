/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The front process: HTTP on a Unix socket towards users, channels towards the engine (reading, live
 * events) and the supervisor (changes). It decides nothing: who may change what is checked by the
 * supervisor from the client's own socket; here only what a client may see is narrowed.
 */
#pragma once

#include "base/error.h"
#include "ipc/channel.h"

#include <sys/types.h>

struct pr_front_config {
	int api_listener;	       /* listening Unix socket; taken */
	struct pr_channel *supervisor; /* borrowed */
	gid_t group;		       /* whose members read everything; (gid_t)-1 = none */
	/* Called once when all is opened and before the first request is read: drops what rights are left,
	 * then tells the supervisor that the process is ready. 0 or -errno. */
	int (*sandbox)(void *context);
	void *context;
};

/* Runs until the supervisor's channel closes. 0, or -errno. */
PR_MUST_USE int pr_front_run(const struct pr_front_config *config);
