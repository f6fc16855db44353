/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "world.h"

#include "base/hash.h"

#include <stdarg.h>
#include <string.h>

void world_fail(struct world *world, const char *format, ...)
{
	va_list arguments;

	world->n_failures++;
	fprintf(stderr, "%s:%u: ", world->case_name, world->line);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void world_output(struct world *world, enum output_kind kind, const char *format, ...)
{
	struct output *output;
	va_list arguments;

	pr_assert(world->n_outputs < OUTPUTS_MAX);
	output = &world->outputs[world->n_outputs++];
	*output = (struct output){ .kind = kind, .line = world->line };
	va_start(arguments, format);
	vsnprintf(output->text, sizeof(output->text), format, arguments);
	va_end(arguments);
	if (getenv("PR_SCENARIO_TRACE"))
		fprintf(stderr, "  %u: %s\n", world->line, output->text);
}

struct pr_process *world_process(struct world *world, pid_t pid)
{
	for (unsigned int i = world->n_processes; i-- > 0;)
		if (world->processes[i]->pid == pid)
			return world->processes[i];
	return NULL;
}

static enum pr_owner_outcome port_owner(void *context, const struct pr_intercepted *packet,
					const struct pr_tuple *tuple, enum pr_direction direction,
					uint64_t ticket, struct pr_process **ret_process)
{
	struct world *world = context;
	struct pr_process *process;

	(void)packet;
	(void)tuple;
	(void)direction;
	if (world->owner == PR_OWNER_WAIT) {
		pr_assert(world->n_tickets < TICKETS_MAX);
		world->tickets[world->n_tickets++] = ticket;
	}
	if (world->owner != PR_OWNER_KNOWN)
		return world->owner;
	process = world_process(world, world->owner_pid);
	if (!process) {
		world_fail(world, "the owner was asked for, and the line names none");
		return PR_OWNER_NONE;
	}
	*ret_process = pr_process_reference(process);
	return PR_OWNER_KNOWN;
}

/* The newest flow from the same end; NAT has changed its destination. */
static bool port_before_nat(void *context, const struct pr_tuple *seen, struct pr_tuple *ret_sent)
{
	struct world *world = context;
	struct pr_tuple from = *seen;

	if (world->sent_from.family) {
		from.src = world->sent_from;
		from.src_port = world->sent_from_port;
	}
	for (unsigned int i = 0; i < world->n_sent && i < PR_ARRAY_SIZE(world->sent); i++) {
		const struct pr_tuple *sent =
			&world->sent[(world->n_sent - 1 - i) % PR_ARRAY_SIZE(world->sent)];

		if (sent->proto == from.proto && sent->src_port == from.src_port &&
		    pr_address_equal(&sent->src, &from.src)) {
			*ret_sent = *sent;
			return true;
		}
	}
	return false;
}

static bool port_tracked(void *context, const struct pr_tuple *tuple)
{
	(void)tuple;
	return ((struct world *)context)->tracked;
}

static enum pr_attack_opened port_opened(void *context, const struct pr_tuple *tuple,
					 bool *ret_live)
{
	struct world *world = context;

	(void)tuple;
	*ret_live = world->live;
	return world->opened;
}

static void port_release(void *context, struct pr_interception *interception,
			 const struct pr_intercepted *packet, const struct pr_verdict_order *order)
{
	struct world *world = context;

	world->releasing = true;
	interception->operations->verdict(interception, packet, order);
	world->releasing = false;
}

static void on_verdict(void *context, const struct pr_intercepted *packet,
		       const struct pr_verdict_order *order)
{
	struct world *world = context;

	(void)packet;
	show_order(world, world->releasing ? OUTPUT_RELEASED : OUTPUT_PACKET, order);
}

static void port_resolve(void *context, uint64_t ticket, const uint8_t *question, size_t len)
{
	struct world *world = context;
	struct pending *pending;

	pr_assert(world->n_resolving < PR_ARRAY_SIZE(world->resolving));
	pending = &world->resolving[world->n_resolving++];
	pending->ticket = ticket;
	pending->len = len < sizeof(pending->question) ? len : sizeof(pending->question);
	memcpy(pending->question, question, pending->len);
	dns_show_question(world, question, len);
}

static void port_inform(void *context, uint64_t ticket, const struct pr_intel_ask *ask)
{
	provider_asked(context, ticket, ask);
}

static void port_reply(void *context, uint64_t client, const uint8_t *answer, size_t len)
{
	(void)client;
	dns_show(context, answer, len);
}

static void port_raise(void *context)
{
	world_output(context, OUTPUT_RAISE, "raise");
}

static void port_forget(void *context)
{
	world_output(context, OUTPUT_FORGET, "forget-denied");
}

static void port_cut(void *context, const struct pr_tuple *tuple, enum pr_direction direction,
		     const struct pr_verdict_order *order)
{
	char text[160];

	world_output(context, OUTPUT_CUT, "cut %s %s %s %s", pr_direction_name(direction),
		     show_tuple(tuple, text), pr_verdict_name(order->verdict),
		     order->permanent ? "permanent" : "once");
}

static void port_wake(void *context, uint64_t at_us)
{
	struct world *world = context;

	if (at_us < world->due_us)
		world->due_us = at_us;
}

static void port_event(void *context, const struct pr_event *event)
{
	show_event(context, OUTPUT_EVENT, event);
}

static void add_address(struct world *world, const char *address, uint8_t prefix_len,
			uint32_t ifindex)
{
	struct pr_engine_address *own = &world->addresses[world->n_addresses++];

	pr_assert(pr_address_parse(address, &own->address) == 0);
	own->prefix_len = prefix_len;
	own->ifindex = ifindex;
}

void world_engine_start(struct world *world)
{
	const struct pr_engine_ports ports = {
		.context = world,
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
		.tunnel_open = tunnel_open,
		.tunnel_close = tunnel_close,
		.wake = port_wake,
		.event = port_event,
	};

	world->due_us = PR_ENGINE_NEVER;
	world->engine = pr_engine_new(&ports, &world->options);
	pr_engine_addresses_set(world->engine, world->addresses, world->n_addresses, world->now_us);
}

void world_init(struct world *world, const char *case_name)
{
	*world = (struct world){ .case_name = case_name,
				 .now_us = START_US,
				 .due_us = PR_ENGINE_NEVER,
				 .owner = PR_OWNER_NONE,
				 .options.senders_checked = true,
				 .options.real_offset_us = REAL_US - (int64_t)START_US };
	pr_hash_seed(1);
	world->outputs = pr_calloc(OUTPUTS_MAX, sizeof(*world->outputs));
	world->scenario = pr_scenario_interception_new(on_verdict, world);
	policy_defaults(world);
	add_address(world, "127.0.0.1", 8, 1);
	add_address(world, "::1", 128, 1);
	add_address(world, "10.0.0.2", 24, 2);
	add_address(world, "2001:db8:a::2", 64, 2);
	add_address(world, "172.17.0.1", 16, 3);
}

void world_done(struct world *world)
{
	struct pr_interception *interception = pr_scenario_interception(world->scenario);

	pr_engine_free(world->engine);
	interception->operations->close(interception);
	for (unsigned int i = 0; i < world->n_processes; i++)
		pr_process_release(world->processes[i]);
	for (unsigned int i = 0; i < world->n_files; i++)
		free(world->files[i].text);
	for (unsigned int i = 0; i < world->n_blobs; i++)
		pr_policy_blob_done(&world->blobs[i]);
	intel_done(world);
	free(world->saved);
	free(world->outputs);
}

/* Time passes: what falls due on the way happens when it is due. */
void world_advance(struct world *world, uint64_t now_us)
{
	while (world->engine && world->due_us <= now_us) {
		uint64_t due_us = world->due_us;

		if (due_us > world->now_us)
			world->now_us = due_us;
		world->due_us = PR_ENGINE_NEVER;
		due_us = pr_engine_tick(world->engine, world->now_us);
		if (due_us <= world->now_us)
			world_fail(world, "a tick asks for one that is over");
		if (due_us < world->due_us)
			world->due_us = due_us > world->now_us ? due_us : world->now_us + 1;
	}
	world->now_us = now_us;
}
