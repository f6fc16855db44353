/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/event_json.h"
#include "cli/replay.h"

#define GENERATIONS 7u /* as many as a kernel's mark has room for; here any would do */

static struct pr_replay_row *row_of(struct pr_replay_rows *rows, uint64_t handle)
{
	for (size_t i = rows->n; i-- > rows->first;)
		if (rows->handles[i] == handle)
			return &rows->rows[i];
	return NULL;
}

/* ---- the engine's ports ---- */

static enum pr_owner_outcome port_owner(void *context, const struct pr_intercepted *packet,
					const struct pr_tuple *tuple, enum pr_direction direction,
					uint64_t ticket, struct pr_process **ret_process)
{
	struct pr_replay *replay = context;

	(void)packet;
	(void)tuple;
	(void)direction;
	(void)ticket;
	if (!replay->process)
		return PR_OWNER_NONE;
	*ret_process = pr_process_reference(replay->process);
	return PR_OWNER_KNOWN;
}

static void decide(struct pr_replay *replay, uint64_t handle, const struct pr_verdict_order *order)
{
	struct pr_replay_row *row = row_of(&replay->rows, handle);

	if (!row)
		return;
	row->decided = true;
	row->decided_us = replay->now_us;
	row->verdict = order->verdict;
	row->permanent = order->permanent;
	row->payload_only = order->payload_only;
}

static void port_release(void *context, struct pr_interception *interception,
			 const struct pr_intercepted *packet, const struct pr_verdict_order *order)
{
	(void)interception;
	decide(context, packet->handle, order);
}

static void port_resolve(void *context, uint64_t ticket, const uint8_t *question, size_t len)
{
	pr_replay_names_resolve(&((struct pr_replay *)context)->names, ticket, question, len);
}

/* Who would be asked is not: it costs the service, and tells it what the capture holds. */
static void port_inform(void *context, uint64_t ticket, const struct pr_intel_ask *ask)
{
	(void)context;
	(void)ticket;
	(void)ask;
}

static void port_reply(void *context, uint64_t client, const uint8_t *answer, size_t len)
{
	(void)context;
	(void)client;
	(void)answer;
	(void)len;
}

static void port_raise(void *context)
{
	((struct pr_replay *)context)->raise = true;
}

static void port_forget(void *context)
{
	((struct pr_replay *)context)->forget = true;
}

static void port_cut(void *context, const struct pr_tuple *tuple, enum pr_direction direction,
		     const struct pr_verdict_order *order)
{
	struct pr_replay *replay = context;
	struct pr_replay_link *link = pr_replay_kernel_find(&replay->kernel, tuple, false);

	(void)direction;
	if (!link)
		return;
	link->known = order->permanent;
	link->verdict = order->verdict;
	link->payload_only = false;
}

static bool port_tunnel_open(void *context, uint64_t link, const struct pr_tunnel_link *open)
{
	return pr_replay_tunnel_open(&((struct pr_replay *)context)->tunnel, link, open->opening);
}

static void port_wake(void *context, uint64_t at_us)
{
	struct pr_replay *replay = context;

	if (at_us < replay->due_us)
		replay->due_us = at_us;
}

static void port_event(void *context, const struct pr_event *event)
{
	struct pr_replay *replay = context;
	bool of_link = event->kind == PR_EVENT_LINK || event->kind == PR_EVENT_VERDICT;
	struct pr_replay_link *link;
	json_t *object = pr_event_json(event);

	if (event->kind == PR_EVENT_DNS || event->kind == PR_EVENT_PROMPT ||
	    event->kind == PR_EVENT_SYSTEM)
		pr_replay_show_event(replay->cli, object);
	link = of_link && event->tuple.src.family
		       ? pr_replay_kernel_find(&replay->kernel, &event->tuple,
					       event->direction == PR_DIRECTION_IN)
		       : NULL;
	if (of_link && !link)
		link = pr_replay_kernel_find(&replay->kernel, &event->tuple, false);
	if (link) {
		json_decref(link->event);
		link->event = json_incref(object);
	}
	json_decref(object);
}

/* ---- time ---- */

static void settle(struct pr_replay *replay)
{
	uint32_t generation;

	pr_replay_tunnel_settle(&replay->tunnel, replay->engine, replay->now_us);
	pr_engine_settle(replay->engine);
	if (replay->forget)
		pr_replay_kernel_forget(&replay->kernel, true);
	replay->forget = false;
	if (!replay->raise)
		return;
	replay->raise = false;
	pr_replay_kernel_forget(&replay->kernel, false);
	generation = pr_engine_generation(replay->engine);
	pr_engine_generation_set(replay->engine, generation % GENERATIONS + 1, replay->now_us);
}

/* What falls due on the way happens when it is due. */
void pr_replay_advance(struct pr_replay *replay, uint64_t now_us)
{
	while (replay->due_us <= now_us) {
		uint64_t due_us = replay->due_us;

		if (due_us > replay->now_us)
			replay->now_us = due_us;
		replay->due_us = PR_ENGINE_NEVER;
		due_us = pr_engine_tick(replay->engine, replay->now_us);
		if (due_us < replay->due_us)
			replay->due_us = due_us > replay->now_us ? due_us : replay->now_us + 1;
		settle(replay);
	}
	replay->now_us = now_us;
}

/* ---- packets ---- */

static struct pr_replay_row *add_row(struct pr_replay_rows *rows,
				     const struct pr_intercepted *packet)
{
	struct pr_replay_row *row;

	if (rows->n == rows->n_room) {
		rows->n_room = rows->n_room ? rows->n_room * 2 : 256;
		rows->rows = pr_realloc(rows->rows, rows->n_room, sizeof(*rows->rows));
		rows->handles = pr_realloc(rows->handles, rows->n_room, sizeof(*rows->handles));
	}
	row = &rows->rows[rows->n];
	rows->handles[rows->n++] = packet->handle;
	*row = (struct pr_replay_row){ .number = (uint32_t)(packet->handle / 2),
				       .hook = packet->hook,
				       .time_us = packet->time_us,
				       .len = packet->wire_len };
	return row;
}

/* Of a packet that was held as well, later: what became of its link is told of it. */
static void count(struct pr_replay *replay, struct pr_replay_row *row)
{
	struct pr_replay_link *link = &replay->kernel.links[row->link];
	const char *reason = link->event ? pr_cli_text(link->event, "reason") : NULL;

	if (!row->decided || !row->has_link || row->counted)
		return;
	row->counted = true;
	link->packets[row->verdict]++;
	if (!row->by_kernel && reason)
		row->reason = pr_strdup(reason);
}

void pr_replay_show_rows(struct pr_replay *replay, bool all)
{
	struct pr_replay_rows *rows = &replay->rows;

	for (; rows->first < rows->n; rows->first++) {
		struct pr_replay_row *row = &rows->rows[rows->first];

		if (!row->decided && !all)
			return;
		count(replay, row);
		pr_replay_show_packet(replay->cli, row, replay->first_us);
		free(row->reason);
	}
	rows->first = rows->n = 0;
}

static bool passes_by_kernel(const struct pr_replay_link *link, const struct pr_packet *packet)
{
	return link->known || (link->payload_only && packet->wire_len == packet->payload_offset);
}

/* The engine's own verdict of a packet. */
static void hand_up(struct pr_replay *replay, const struct pr_intercepted *packet)
{
	struct pr_verdict_order order;
	struct pr_intercepted again = *packet;
	enum pr_engine_packet_outcome outcome =
		pr_engine_packet(replay->engine, replay->interception, packet, &order);

	if (outcome == PR_ENGINE_QUESTIONS_FIRST) {
		again.questions_read = true;
		outcome = pr_engine_packet(replay->engine, replay->interception, &again, &order);
	}
	if (outcome == PR_ENGINE_DECIDED)
		decide(replay, packet->handle, &order);
}

static void remember(struct pr_replay_link *link, const struct pr_replay_row *row)
{
	link->known = row->permanent;
	/* Where NAT has sent a link it stays, and its answers come from there. */
	if (link->verdict != PR_VERDICT_REROUTE_TUNNEL || row->verdict != PR_VERDICT_ACCEPT)
		link->verdict = row->verdict;
	link->payload_only = row->payload_only;
}

/* A link that was accepted is there: conntrack has an entry of it. */
static void confirm(struct pr_replay *replay, const struct pr_tuple *tuple)
{
	const struct pr_engine_conntrack event = { .event = PR_LINK_EVENT_NEW,
						   .original = *tuple,
						   .reply = pr_tuple_reversed(tuple) };

	pr_engine_conntrack(replay->engine, &event, replay->now_us);
}

static void decide_packet(struct pr_replay *replay, const struct pr_intercepted *packet,
			  const struct pr_packet *parsed, uint32_t number)
{
	struct pr_replay_link *link = &replay->kernel.links[number];
	struct pr_replay_row *row = &replay->rows.rows[replay->rows.n - 1];
	uint64_t handle = packet->handle;

	if (passes_by_kernel(link, parsed)) {
		row->by_kernel = row->decided = true;
		row->permanent = link->known && link->verdict != PR_VERDICT_REROUTE_TUNNEL;
		row->verdict = link->known || link->verdict == PR_VERDICT_REROUTE_TUNNEL
				       ? link->verdict
				       : PR_VERDICT_ACCEPT;
		row->decided_us = replay->now_us;
	} else {
		hand_up(replay, packet);
	}
	settle(replay);
	row = row_of(&replay->rows, handle);
	link = &replay->kernel.links[number];
	if (!row->decided)
		return;
	count(replay, row);
	if (row->by_kernel)
		return;
	remember(link, row);
	if ((row->verdict == PR_VERDICT_ACCEPT || row->verdict == PR_VERDICT_REROUTE_TUNNEL) &&
	    link->packets[row->verdict] == 1)
		confirm(replay, &link->tuple);
}

static bool is_question(const struct pr_packet *packet, const struct pr_replay_row *row)
{
	return row->decided && row->verdict == PR_VERDICT_REROUTE_NAMESERVER &&
	       packet->payload_len &&
	       (packet->tuple.proto == IPPROTO_UDP || packet->tuple.proto == IPPROTO_TCP);
}

void pr_replay_packet(struct pr_replay *replay, const struct pr_intercepted *packet)
{
	struct pr_replay_row *row;
	struct pr_packet parsed;
	uint32_t number;
	bool reply, local, question;

	if (!replay->first_us)
		replay->first_us = packet->time_us;
	pr_replay_advance(replay, packet->time_us);
	row = add_row(&replay->rows, packet);
	if (pr_packet_parse(packet->bytes, packet->len, packet->wire_len, &parsed) !=
	    PR_PACKET_PARSED) {
		hand_up(replay, packet);
		settle(replay);
		return;
	}
	row->tuple = parsed.tuple;
	if (packet->hook != PR_HOOK_OUTPUT)
		pr_replay_names_answer(&replay->names, replay->engine, &parsed, packet->bytes,
				       replay->now_us);
	/* A link within the host has two ends and is looked at twice. */
	local = packet->in_ifindex == PR_REPLAY_LOOPBACK_IFINDEX ||
		packet->out_ifindex == PR_REPLAY_LOOPBACK_IFINDEX;
	number = pr_replay_kernel_link(&replay->kernel, &parsed,
				       local && packet->hook == PR_HOOK_INPUT, &reply);
	row->link = number;
	row->has_link = true;
	decide_packet(replay, packet, &parsed, number);
	question = is_question(&parsed, row_of(&replay->rows, packet->handle));
	pr_replay_show_rows(replay, false);
	if (question)
		pr_replay_names_question(&replay->names, replay->engine, &parsed, packet->bytes,
					 replay->now_us);
	settle(replay);
}

void pr_replay_start(struct pr_replay *replay, struct pr_policy *policy)
{
	const struct pr_engine_ports ports = {
		.context = replay,
		.owner = port_owner,
		.release = port_release,
		.resolve = port_resolve,
		.inform = port_inform,
		.reply = port_reply,
		.raise_generation = port_raise,
		.forget_denied = port_forget,
		.cut = port_cut,
		.tunnel_open = port_tunnel_open,
		.wake = port_wake,
		.event = port_event,
	};
	const struct pr_engine_options options = { 0 };

	replay->due_us = PR_ENGINE_NEVER;
	replay->engine = pr_engine_new(&ports, &options);
	pr_replay_set_addresses(replay);
	pr_engine_upstreams_public(replay->engine, true);
	pr_engine_policy_set_take(replay->engine, policy, replay->now_us);
	pr_engine_generation_set(replay->engine, 1, replay->now_us);
}
