/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's channel: what it asks comes here, answers wait where it does not read. Of the room itself. */
#pragma once

#include "ipc/channel.h"

#include <event2/event.h>
#include <stdbool.h>

struct pr_engine_edge;

struct pr_engine_edge_ports {
	void *context;
	void (*message)(void *context, const struct pr_message *message);
	void (*opened)(void *context); /* there is a new engine */
};

struct pr_engine_edge *pr_engine_edge_new(struct event_base *base,
					  const struct pr_engine_edge_ports *ports);
void pr_engine_edge_free(struct pr_engine_edge *edge); /* takes NULL */
/* A new channel in place of the former. */
void pr_engine_edge_take(struct pr_engine_edge *edge, int fd);
/* Beyond PR_RESOLVER_BACKLOG_MAX dropped and counted; without an engine forgotten. */
void pr_engine_edge_send(struct pr_engine_edge *edge, enum pr_message_kind kind, uint64_t ticket,
			 const uint8_t *bytes, size_t len);
/* RENEWED goes out before anything else that is sent from now on; `public`: pr_upstreams_are_public(). */
void pr_engine_edge_renewed(struct pr_engine_edge *edge, bool public);
