/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's ports. They run under its lock, in any thread: they put what they are given into rings, and
 * neither block nor call back. */
#include "daemon/engine_process.h"

#include "ipc/body.h"

#include <string.h>
#include <unistd.h>

void pr_engine_wake(struct pr_engine_process *process)
{
	const uint64_t one = 1;

	if (write(process->wake_fd, &one, sizeof(one)) < 0)
		pr_assert(errno == EAGAIN);
}

static enum pr_owner_outcome port_owner(void *context, const struct pr_intercepted *packet,
					const struct pr_tuple *tuple, enum pr_direction direction,
					uint64_t ticket, struct pr_process **ret_process)
{
	return pr_engine_who(context, packet, tuple, direction, ticket, ret_process);
}

static bool port_before_nat(void *context, const struct pr_tuple *seen, struct pr_tuple *ret_sent)
{
	return pr_engine_who_before_nat(context, seen, ret_sent);
}

static bool port_tracked(void *context, const struct pr_tuple *tuple)
{
	return pr_engine_who_tracked(context, tuple);
}

static enum pr_attack_opened port_opened(void *context, const struct pr_tuple *tuple,
					 bool *ret_live)
{
	return pr_engine_who_opened(context, tuple, ret_live);
}

static void port_release(void *context, struct pr_interception *interception,
			 const struct pr_intercepted *packet, const struct pr_verdict_order *order)
{
	struct pr_engine_process *process = context;

	interception->operations->verdict(interception, packet, order);
	for (unsigned int i = 0; i < process->n_workers; i++)
		if (process->workers[i].interception == interception)
			atomic_store(&process->workers[i].dirty, true);
}

static void port_resolve(void *context, uint64_t ticket, const uint8_t *question, size_t len)
{
	struct pr_engine_process *process = context;

	(void)pr_ring_put(process->questions, PR_MESSAGE_RESOLVE, ticket, question, len);
}

static void port_inform(void *context, uint64_t ticket, const struct pr_intel_ask *ask)
{
	struct pr_engine_process *process = context;
	uint8_t body[PR_INTEL_BODY_MAX];
	size_t len = pr_intel_ask_encode(ask, body, sizeof(body));

	pr_assert(len);
	(void)pr_ring_put(process->questions, PR_MESSAGE_INTEL_ASK, ticket, body, len);
}

static void port_reply(void *context, uint64_t client, const uint8_t *answer, size_t len)
{
	struct pr_engine_process *process = context;

	if (pr_engine_query_replied(process, client, answer, len))
		return;
	if (process->listener)
		pr_listener_reply(process->listener, client, answer, len);
}

static void port_raise(void *context)
{
	struct pr_engine_process *process = context;

	atomic_store(&process->wants_raise, true);
	pr_engine_wake(process);
}

static void port_forget(void *context)
{
	struct pr_engine_process *process = context;

	atomic_store(&process->wants_forget, true);
	pr_engine_wake(process);
}

static void port_cut(void *context, const struct pr_tuple *tuple, enum pr_direction direction,
		     const struct pr_verdict_order *order)
{
	struct pr_engine_process *process = context;
	uint8_t body[64];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	pr_write_tuple(&writer, tuple);
	pr_write_u8(&writer, (uint8_t)direction);
	pr_write_u8(&writer, order->verdict == PR_VERDICT_DROP);
	pr_write_u32(&writer, order->generation);
	(void)pr_ring_put(process->cuts, 0, 0, body, writer.position);
}

static void port_wake(void *context, uint64_t at_us)
{
	struct pr_engine_process *process = context;

	atomic_store(&process->wake_at_us, at_us);
	pr_engine_wake(process);
}

static void port_event(void *context, const struct pr_event *event)
{
	struct pr_engine_process *process = context;
	size_t len = pr_event_encode(event, process->event_body, sizeof(process->event_body));

	(void)pr_ring_put(process->events, PR_MESSAGE_EVENT, ++process->n_events,
			  process->event_body, len);
}

struct pr_engine_ports pr_engine_process_ports(struct pr_engine_process *process)
{
	return (struct pr_engine_ports){ .context = process,
					 .owner = port_owner,
					 .before_nat = port_before_nat,
					 .tracked = port_tracked,
					 .opened = port_opened,
					 .release = port_release,
					 .resolve = port_resolve,
					 .inform = port_inform,
					 .reply = port_reply,
					 .raise_generation = port_raise,
					 .forget_denied = port_forget,
					 .cut = port_cut,
					 .tunnel_open = pr_engine_tunnel_port_open,
					 .tunnel_close = pr_engine_tunnel_port_close,
					 .wake = port_wake,
					 .event = port_event };
}
