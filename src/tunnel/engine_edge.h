/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's channel: its messages, checked. What does not go out is not queued here: who sends keeps what is to be
 * said, and says it when there is room again. Of the room itself. */
#pragma once

#include "ipc/channel.h"
#include "ipc/tunnel_codec.h"

#include <event2/event.h>
#include <stdbool.h>

struct pr_tunnel_engine;

struct pr_tunnel_engine_ports {
	void *context;
	void (*open)(void *context, uint64_t id, const struct pr_tunnel_link *link);
	void (*link)(void *context, uint64_t ticket, uint64_t id);
	void (*close)(void *context, uint64_t id);
	void (*appeared)(void *context); /* there is a new engine */
	void (*gone)(void *context);	 /* there is none, or it has just been replaced */
	void (*drained)(void *context);	 /* it takes messages again */
};

struct pr_tunnel_engine *pr_tunnel_engine_new(struct event_base *base,
					      const struct pr_tunnel_engine_ports *ports);
void pr_tunnel_engine_free(struct pr_tunnel_engine *engine); /* takes NULL */
/* A new channel in place of the former. */
void pr_tunnel_engine_take(struct pr_tunnel_engine *engine, int fd);
bool pr_tunnel_engine_is_there(const struct pr_tunnel_engine *engine);
/* False: not now; `drained` follows, or `gone`. */
PR_MUST_USE bool pr_tunnel_engine_send(struct pr_tunnel_engine *engine, enum pr_message_kind kind,
				       uint64_t ticket, const void *body, size_t len);
