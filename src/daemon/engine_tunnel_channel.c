/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The channel to the tunnel process. What the engine has to say to it goes through one ring, so that it comes in the order
 * in which it was said. Where the tunnel doesn't read any more, no link is opened; and rather than that one which has
 * to end goes on, the channel is given up, with all of its links.
 */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "base/log.h"
#include "ipc/body.h"
#include "ipc/tunnel_codec.h"

#include <string.h>

#define TUNNEL_SIZE \
	(1u << 20) /* bytes that the tunnel does not take; beyond: they wait in the ring */

static bool put(struct pr_engine_process *process, enum pr_message_kind kind, uint64_t ticket,
		const void *body, size_t len)
{
	return pr_ring_put(process->tunnel_orders, kind, ticket, body, len);
}

/* The control thread does it. */
static void give_up(struct pr_engine_process *process)
{
	atomic_store(&process->tunnel_there, false);
	atomic_store(&process->tunnel_hangs, true);
	pr_engine_wake(process);
}

bool pr_engine_tunnel_port_open(void *context, uint64_t link, const struct pr_tunnel_link *open)
{
	struct pr_engine_process *process = context;
	uint8_t body[PR_TUNNEL_BODY_MAX];
	size_t len = pr_tunnel_link_encode(open, body, sizeof(body));

	pr_assert(len);
	return atomic_load(&process->tunnel_there) &&
	       put(process, PR_MESSAGE_TUNNEL_OPEN, link, body, len);
}

void pr_engine_tunnel_port_close(void *context, uint64_t link)
{
	struct pr_engine_process *process = context;

	if (atomic_load(&process->tunnel_there) &&
	    !put(process, PR_MESSAGE_TUNNEL_CLOSE, link, NULL, 0))
		give_up(process);
}

/* ---- what the tunnel says ---- */

static void say_link(struct pr_engine_process *process, uint64_t ticket, uint64_t link)
{
	uint8_t body[8];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	pr_write_u64(&writer, link);
	if (!put(process, PR_MESSAGE_TUNNEL_LINK, ticket, body, sizeof(body)))
		give_up(process);
}

static void who(struct pr_engine_process *process, const struct pr_message *message)
{
	struct pr_tuple seen;
	uint64_t link = 0;

	if (pr_tunnel_who_decode(message->body, message->len, &seen) == 0)
		link = pr_engine_tunnel_who(process->engine, &seen, pr_clock_monotonic_us());
	say_link(process, message->ticket, link);
}

static void have(struct pr_engine_process *process, const struct pr_message *message)
{
	struct pr_tunnel_link link;
	uint64_t id = 0;

	if (pr_tunnel_link_decode(message->body, message->len, &link) == 0)
		id = pr_engine_tunnel_have(process->engine, &link, pr_clock_monotonic_us());
	say_link(process, message->ticket, id);
}

static void outcome(struct pr_engine_process *process, const struct pr_message *message)
{
	struct pr_tunnel_opened opened;

	if (pr_tunnel_opened_decode(message->body, message->len, &opened) < 0)
		return;
	if (message->kind == PR_MESSAGE_TUNNEL_OPENED)
		pr_engine_tunnel_opened(process->engine, message->ticket, &opened,
					pr_clock_monotonic_us());
	else
		pr_engine_tunnel_ended(process->engine, message->ticket, &opened,
				       pr_clock_monotonic_us());
}

static void tunnel_message(void *context, struct pr_message *message)
{
	struct pr_engine_process *process = context;

	switch (message->kind) {
	case PR_MESSAGE_TUNNEL_OPENED:
	case PR_MESSAGE_TUNNEL_ENDED:
		outcome(process, message);
		break;
	case PR_MESSAGE_TUNNEL_WHO:
		who(process, message);
		break;
	case PR_MESSAGE_TUNNEL_HAVE:
		have(process, message);
		break;
	case PR_MESSAGE_TUNNEL_STATE:
		pr_engine_tunnel_upstreams_state(message);
		return;
	default:
		return;
	}
	pr_engine_process_after(process);
}

/* ---- the channel ---- */

void pr_engine_tunnel_pour(struct pr_engine_process *process)
{
	uint8_t body[PR_TUNNEL_BODY_MAX];
	uint64_t ticket;
	uint32_t kind;
	size_t len;

	while ((!process->to_tunnel || pr_outbox_is_empty(process->to_tunnel)) &&
	       pr_ring_peek(process->tunnel_orders, &kind, &ticket, body, sizeof(body), &len)) {
		if (process->to_tunnel)
			(void)pr_outbox_send(process->to_tunnel, (enum pr_message_kind)kind, ticket,
					     body, len);
		pr_ring_consume(process->tunnel_orders);
	}
}

/* From then on the engine has nothing with it; what it still had to say to it is forgotten. */
static void tunnel_is_gone(struct pr_engine_process *process)
{
	atomic_store(&process->tunnel_there, false);
	process->tunnel_pid = 0;
	pr_engine_tunnel_lost(process->engine, pr_clock_monotonic_us());
	pr_outbox_free(PR_TAKE_PTR(process->to_tunnel));
	pr_engine_tunnel_pour(process);
	pr_engine_tunnel_upstreams_forget();
	pr_engine_process_after(process);
}

void pr_engine_tunnel_look(struct pr_engine_process *process)
{
	if (!atomic_exchange(&process->tunnel_hangs, false))
		return;
	pr_log(PR_LOG_WARNING, "tunnel-hangs", "what=given-up");
	tunnel_is_gone(process);
}

static void tunnel_gone(void *context)
{
	tunnel_is_gone(context);
}

static void tunnel_drained(void *context)
{
	pr_engine_tunnel_pour(context);
}

void pr_engine_tunnel_channel(struct pr_engine_process *process, struct pr_message *message)
{
	const struct pr_outbox_ports ports = { .context = process,
					       .message = tunnel_message,
					       .gone = tunnel_gone,
					       .drained = tunnel_drained };
	struct pr_reader reader = pr_reader(message->body, message->len);

	if (process->to_tunnel)
		tunnel_is_gone(process);
	(void)pr_read_u32(&reader); /* the party */
	process->tunnel_pid = (pid_t)pr_read_u32(&reader);
	process->to_tunnel = pr_outbox_new_take(
		process->base,
		pr_channel_new_take(PR_TAKE_FD(message->fds[0]), PR_PARTY_ENGINE, PR_PARTY_TUNNEL),
		TUNNEL_SIZE, &ports);
	atomic_store(&process->tunnel_there, true);
	pr_engine_tunnel_found(process->engine, pr_clock_monotonic_us());
	pr_engine_process_after(process);
}
