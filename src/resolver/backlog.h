/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers that the engine's channel had no room for, in order. Of the room itself. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct pr_backlog_entry {
	STAILQ_ENTRY(pr_backlog_entry) link;
	unsigned int kind; /* of message */
	uint64_t ticket;
	size_t len;
	uint8_t bytes[];
};

struct pr_backlog {
	STAILQ_HEAD(, pr_backlog_entry) entries;
	size_t n_bytes;
	uint64_t n_dropped;
};

void pr_backlog_init(struct pr_backlog *backlog);
/* Forgets all. */
void pr_backlog_clear(struct pr_backlog *backlog);
/* False: beyond PR_RESOLVER_BACKLOG_MAX, dropped and counted. */
bool pr_backlog_put(struct pr_backlog *backlog, unsigned int kind, uint64_t ticket,
		    const uint8_t *bytes, size_t len);
/* The oldest, which stays until pr_backlog_consume(); NULL = none. */
const struct pr_backlog_entry *pr_backlog_peek(const struct pr_backlog *backlog);
void pr_backlog_consume(struct pr_backlog *backlog);
