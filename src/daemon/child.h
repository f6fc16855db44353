/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One child and its life: started, asked every PR_CHILD_PING_MS whether it is there, seen to die at once
 * (pidfd), killed when it hangs, started again. A child that dies PR_CHILD_DEATHS_MAX times within
 * PR_CHILD_DEATHS_WINDOW_S is started more and more slowly.
 */
#pragma once

#include "ipc/channel.h"

#include <event2/event.h>
#include <stdbool.h>

#define PR_CHILD_PING_MS	 250
#define PR_CHILD_HUNG_MS	 2000 /* no answer for so long: killed */
#define PR_CHILD_TURN_MS	 10 /* messages of one child at a time; then the others get their turn */
#define PR_CHILD_START_MS	 10000 /* not ready, and no word that its start goes on (PONG): killed */
#define PR_CHILD_DEATHS_MAX	 5
#define PR_CHILD_DEATHS_WINDOW_S 60
#define PR_CHILD_SLOW_FIRST_MS	 1000  /* the first pause after too many deaths; doubles … */
#define PR_CHILD_SLOW_LAST_MS	 30000 /* … up to this */

struct pr_child;

struct pr_child_ports {
	void *context;
	/* The child runs: send what it needs to begin. 0 or -errno (it is killed). */
	int (*prepare)(void *context, struct pr_child *child);
	void (*ready)(void *context, struct pr_child *child);
	/* A message other than those of a child's life; borrowed, descriptors may be taken. */
	void (*message)(void *context, struct pr_child *child, struct pr_message *message);
	/* It is gone; `why` is a sentence. It is started again unless it was stopped. */
	void (*ended)(void *context, struct pr_child *child, const char *why);
	/* It died too often. Called at each further death as well. */
	void (*failing)(void *context, struct pr_child *child);
};

struct pr_child {
	enum pr_party party;
	int self_fd; /* borrowed */
	bool verbose;
	struct event_base *base; /* borrowed */
	struct pr_child_ports ports;

	pid_t pid; /* 0 = does not run */
	int pidfd;
	struct pr_channel *channel; /* NULL = does not run */
	bool is_ready, hung, stopped;
	uint64_t started_us, answered_us, looked_us, ping_ticket;
	uint64_t deaths_us[PR_CHILD_DEATHS_MAX]; /* a ring */
	unsigned int n_deaths, n_hung;
	unsigned int slow_ms;
	char failed[256]; /* what it said of itself before it ended */

	struct event *on_message, *on_end, *on_ping, *on_restart;
};

void pr_child_init(struct pr_child *child, enum pr_party party, int self_fd, bool verbose,
		   struct event_base *base, const struct pr_child_ports *ports);
/* Kills it if it runs. */
void pr_child_done(struct pr_child *child);
/* 0 or -errno. */
PR_MUST_USE int pr_child_start(struct pr_child *child);
/* Kills it, and it stays so. */
void pr_child_stop(struct pr_child *child);
/* Sends to it if it runs. A child that does not read is as good as hung: what finds no room is lost and
 * logged; if the child can't do without it, it is killed, and gets it at its next start. */
void pr_child_send(struct pr_child *child, enum pr_message_kind kind, uint64_t ticket,
		   const void *body, size_t len, int fd);
