/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A change, as the files that perform it share it. The first of the queue is the one that is worked on;
 * the others wait.
 */
#pragma once

#include "daemon/authority.h"
#include "daemon/supervisor.h"

struct pr_change {
	struct pr_change *next;
	uint64_t ticket; /* front's; 0 = our own (start, SIGHUP) */
	uint8_t *body;
	struct pr_pairs pairs;
	const struct pr_change_info *info;
	struct pr_compiled compiled;
	bool first, sent;   /* first: the daemon's start */
	bool without_files; /* what is put in force isn't what the files say */
	char said[600];	    /* to the client, when it is in force; "" = that */
};

/* ---- the queue (supervisor_change.c) ---- */
/* Begins, or goes on, with the first of the queue. */
void pr_change_work(struct pr_supervisor *supervisor);
/* The first of the queue is done; the next begins. */
void pr_change_pop(struct pr_supervisor *supervisor);
/* The same, and says so to the client: `error` NULL = it is in force; `status`: as HTTP has it. */
void pr_change_finish(struct pr_supervisor *supervisor, const char *error, const char *status);
/* The files are refused, and newer than what runs. */
void pr_change_note_refused(struct pr_supervisor *supervisor, const char *error);
/* The engine has it now; a client does not wait for its answer for ever. */
void pr_change_wait(struct pr_supervisor *supervisor);

/* ---- the policy (supervisor_policy.c) ---- */
/* What the compiler says of the first of the queue. */
void pr_change_compiled(void *context, struct pr_compiled *compiled);
/* In force from now on, which the engine says; the descriptor is taken. */
void pr_change_put(struct pr_supervisor *supervisor, int policy_fd);
void pr_change_expiry_event(evutil_socket_t fd, short what, void *context);

/* ---- a pause (supervisor_pause.c) ---- */
/* As it will be when this change is in force. */
PR_MUST_USE bool pr_change_is_paused(const struct pr_supervisor *supervisor,
				     const struct pr_change *change);
/* It is about to be in force: a pause begins, goes on or is over. */
void pr_change_note_pause(struct pr_supervisor *supervisor, struct pr_change *change);
/* The pause is over, but its end can't be compiled: what was in force before it is again. False: it isn't over, or there is none,
 * or somebody asks for something else. */
PR_MUST_USE bool pr_change_end_without_files(struct pr_supervisor *supervisor, const char *error);
void pr_change_resume_event(evutil_socket_t fd, short what, void *context);
