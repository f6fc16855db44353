/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The whole machine, driven by any sequence of packets, owners, conntrack's events, questions, answers, policies and
 * times. Packets carry what clients and servers begin with, whole, in pieces, changed. Held to: each held packet is released once, and in time; what every policy denies explicitly is
 * never accepted, whatever happens around it; ticks ask for a time that is to come.
 */
#include "base/cursor.h"
#include "base/hash.h"
#include "interception/scenario_payload.h"
#include "packet/build.h"

#include "../engine_ports.h"

#define STEPS_MAX 400

static bool show_row(void *context, const struct pr_event *event)
{
	port_event(context, event);
	return true;
}

static struct pr_tuple read_tuple(struct pr_reader *reader)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, 47 };
	uint8_t ends = pr_read_u8(reader), more = pr_read_u8(reader);

	return (struct pr_tuple){
		.src = address_of(ends & 7),
		.dst = address_of(ends >> 3 & 7),
		.src_port = ports[more & 7],
		.dst_port = ports[more >> 3 & 7],
		.proto = protos[ends >> 6],
	};
}

/* A piece of what a client or a server says, at its place in the stream, and not always the same bytes there. */
static void add_payload(struct pr_reader *reader, struct pr_packet_parts *parts, uint8_t *payload,
			size_t size)
{
	static const char *const names[] = { "a.example", "example.com", "-", "b.example" };
	uint8_t choice = pr_read_u8(reader), from = pr_read_u8(reader), to;
	int len = 0;

	parts->seq = 1000 + !(parts->tcp_flags & PR_TCP_SYN);
	parts->ack = 1001;
	if (!(choice & 0x40))
		return;
	to = pr_read_u8(reader);
	switch (choice & 7) {
	case 0:
	case 1:
	case 2:
	case 3:
		len = pr_scenario_client_hello(names[choice & 3], payload, size);
		break;
	case 4:
		len = pr_scenario_server_hello(payload, size);
		break;
	case 5:
		len = pr_scenario_text("GET / HTTP/1.1\\r\\nHost: a.example\\r\\n\\r\\n", payload,
				       size);
		break;
	case 6:
		len = pr_scenario_text("SSH-2.0-x\\r\\n", payload, size);
		break;
	default:
		len = pr_scenario_noise(payload, size);
		break;
	}
	pr_assert(len > 0);
	if (choice & 8)
		payload[to % (unsigned int)len] ^= 1;
	from = from < len ? from : (uint8_t)(len - 1);
	len -= from;
	if (choice & 16 && to && to < len)
		len = to;
	parts->seq += from;
	parts->ack += choice & 32 ? 100 : 0;
	parts->payload = payload + from;
	parts->payload_len = (size_t)len;
}

static void packet(struct machine *machine, struct pr_reader *reader)
{
	struct pr_packet_parts parts = { .tuple = read_tuple(reader), .icmp_type = 8 };
	const struct pr_address denied = address_of(DENIED);
	uint8_t choice = pr_read_u8(reader), bytes[512], payload[400];
	struct pr_intercepted held = { .hook = choice & 3,
				       .in_ifindex = 2,
				       .out_ifindex = 2,
				       .untracked = choice & 4,
				       .bytes = bytes,
				       .time_us = machine->now_us };
	unsigned int i = ++machine->handle % HELD_MAX;
	enum pr_engine_packet_outcome outcome;
	struct pr_verdict_order order;
	bool is_denied;

	if (machine->held_since[i])
		return;
	held.handle = machine->handle;
	parts.tcp_flags = (uint8_t[]){ PR_TCP_SYN, PR_TCP_ACK, PR_TCP_SYN | PR_TCP_ACK,
				       PR_TCP_RST }[choice >> 3 & 3];
	machine->owner = choice >> 5;
	add_payload(reader, &parts, payload, sizeof(payload));
	if (pr_packet_build(&parts, bytes, sizeof(bytes), &held.wire_len) < 0)
		return;
	held.len = choice == 0xff ? held.wire_len / 2 : held.wire_len;
	is_denied = (held.hook == PR_HOOK_OUTPUT && pr_address_equal(&parts.tuple.dst, &denied)) ||
		    (held.hook == PR_HOOK_INPUT && pr_address_equal(&parts.tuple.src, &denied));
	outcome = pr_engine_packet(machine->engine, &machine->interception, &held, &order);
	if (outcome == PR_ENGINE_QUESTIONS_FIRST) {
		held.questions_read = true;
		outcome = pr_engine_packet(machine->engine, &machine->interception, &held, &order);
		pr_assert(outcome != PR_ENGINE_QUESTIONS_FIRST);
	}
	if (outcome == PR_ENGINE_HELD) {
		machine->held_since[i] = machine->now_us;
		machine->held_denied[i] = is_denied;
		return;
	}
	pr_assert(order.verdict != PR_VERDICT_REROUTE_TUNNEL || machine->n_opening);
	pr_assert(!is_denied || order.verdict == PR_VERDICT_BLOCK ||
		  order.verdict == PR_VERDICT_DROP);
	pr_assert(!order.permanent || !held.untracked);
}

static void question(struct machine *machine, struct pr_reader *reader)
{
	static const char *const names[] = { "example.com", "a.example", "b.a.example",
					     "6.example" };
	uint8_t choice = pr_read_u8(reader), bytes[512];
	struct pr_asker asker = { .client = ++machine->handle,
				  .address = address_of(0),
				  .local_address = address_of(4),
				  .port = ports[choice >> 4 & 7],
				  .local_port = 53 };
	size_t len = pr_dns_write_question((uint16_t)machine->handle, names[choice & 3],
					   choice & 4 ? PR_DNS_TYPE_A : PR_DNS_TYPE_AAAA, 0, false,
					   bytes, sizeof(bytes));

	machine->owner = choice >> 5;
	machine->n_questions++;
	pr_engine_questions(machine->engine, &(struct pr_asked){ asker, bytes, len }, 1,
			    machine->now_us);
}

static void provider(struct machine *machine, struct pr_reader *reader)
{
	static const char *const names[] = { "example.com", "a.example", "b.a.example",
					     "6.example" };
	uint8_t choice = pr_read_u8(reader), more = pr_read_u8(reader);
	struct pr_intel_answer answer = { .provider = choice & 1 ? "dbl" : "rep",
					  .result.ttl_s = more & 1 ? 1 : 600 };

	if (choice & 2)
		answer.inquiry.domain = names[choice >> 2 & 3];
	else
		answer.inquiry.address = address_of(choice >> 2 & 7);
	answer.result.status = more >> 1 & 3;
	if (answer.result.status == PR_PROVIDER_LISTED && more & 8)
		memcpy(answer.result.categories[answer.result.n_categories++], "bad", 4);
	pr_engine_intel_answer(machine->engine,
			       more & 16 ? 0 : machine->asked[more >> 4 & (TICKETS_MAX - 1)],
			       &answer, machine->now_us);
}

static void conntrack(struct machine *machine, struct pr_reader *reader)
{
	struct pr_engine_conntrack event = { .original = read_tuple(reader) };
	uint8_t choice = pr_read_u8(reader);

	event.event = choice % 3;
	event.reply = pr_tuple_reversed(&event.original);
	if (choice & 8)
		event.reply.src = address_of(choice >> 4);
	event.counted = choice & 4;
	event.unsure_since_us = choice & 128 ? machine->now_us - (choice & 64 ? 1000 : 0) : 0;
	pr_engine_conntrack(machine->engine, &event, machine->now_us);
}

static void owner_known(struct machine *machine, struct pr_reader *reader)
{
	uint8_t choice = pr_read_u8(reader);
	bool known = choice & 1;

	pr_engine_owner_known(machine->engine, machine->tickets[choice >> 1 & 63],
			      known ? PR_OWNER_KNOWN : PR_OWNER_NONE,
			      known ? pr_process_reference(machine->processes[choice >> 7]) : NULL,
			      machine->now_us);
}

static void adopt(struct machine *machine, struct pr_reader *reader)
{
	struct pr_engine_adopted flow = { .tuple = read_tuple(reader), .owner = PR_OWNER_KNOWN };
	uint8_t choice = pr_read_u8(reader);

	flow.direction = choice % 3;
	flow.to_nameserver = choice & 8;
	flow.undecided = choice & 16;
	flow.process = pr_process_reference(machine->processes[choice >> 7]);
	pr_engine_adopt(machine->engine, &flow, machine->now_us);
}

static void pass_time(struct machine *machine, uint8_t choice)
{
	uint64_t until_us = machine->now_us + (UINT64_C(1) << choice % 28), next_us;

	/* As the daemon does: a tick whenever one is due. */
	for (unsigned int i = 0; i < 100; i++) {
		next_us = pr_engine_tick(machine->engine, machine->now_us);
		pr_assert(next_us > machine->now_us);
		if (next_us >= until_us)
			break;
		machine->now_us = next_us;
	}
	if (until_us - machine->now_us < 1000000)
		machine->now_us = until_us;
	pr_engine_tick(machine->engine, machine->now_us);
}

/* What the tunnel says, true or not. */
static void tunnel(struct machine *machine, struct pr_reader *reader)
{
	uint8_t choice = pr_read_u8(reader), which = pr_read_u8(reader);
	uint64_t link = machine->opening[which % OPENING_MAX];
	const struct pr_tunnel_opened opened = { .outcome = choice >> 4 & 7 & 5,
						 .why = "it is so",
						 .opening =
							 machine->openings[which % OPENING_MAX] };
	struct pr_tunnel_link have = { .upstream = choice & 16 ? "a" : "b",
				       .application = "path:/usr/bin/curl",
				       .name = "" };
	const struct pr_tuple tuple = read_tuple(reader);

	switch (choice & 7) {
	case 0:
		pr_engine_tunnel_ended(machine->engine, link, &opened, machine->now_us);
		break;
	case 1:
		pr_assert(!pr_engine_tunnel_who(machine->engine, &tuple, machine->now_us) ||
			  machine->tunnelled);
		break;
	case 2:
		have.tuple = tuple;
		(void)pr_engine_tunnel_have(machine->engine, &have, machine->now_us);
		break;
	case 3:
		pr_engine_tunnel_lost(machine->engine, machine->now_us);
		break;
	case 4:
		pr_engine_tunnel_found(machine->engine, machine->now_us);
		break;
	default:
		pr_engine_tunnel_opened(machine->engine, link, &opened, machine->now_us);
		break;
	}
}

/* A gateway, and somebody who says that he is it. */
static void claim(struct machine *machine, struct pr_reader *reader)
{
	uint8_t choice = pr_read_u8(reader);
	const struct pr_attack_gateway gateway = { .address = address_of(6), .ifindex = 2 };
	const struct pr_claim claim = { .address = address_of(choice & 7),
					.hardware = { 2, choice >> 5 } };

	if (choice & 8)
		pr_engine_gateways_set(machine->engine, &gateway, 1, machine->now_us);
	pr_engine_claim(machine->engine, 2, &claim, machine->now_us);
}

static void step(struct machine *machine, struct pr_reader *reader)
{
	uint8_t kind = pr_read_u8(reader), choice;
	uint64_t cursor;

	switch (kind % 16) {
	case 0:
		swap_policy(machine, pr_read_u8(reader));
		break;
	case 1:
		pass_time(machine, pr_read_u8(reader));
		break;
	case 2:
		question(machine, reader);
		break;
	case 3:
		choice = pr_read_u8(reader);
		pr_engine_answer(machine->engine, machine->resolving[choice % TICKETS_MAX],
				 reader->bytes + reader->position,
				 choice & 64 ? pr_reader_left(reader) % 64 : 0, machine->now_us);
		break;
	case 4:
		owner_known(machine, reader);
		break;
	case 5:
		conntrack(machine, reader);
		break;
	case 6:
		adopt(machine, reader);
		break;
	case 7:
		choice = pr_read_u8(reader);
		(void)!pr_engine_prompt_answer(
			machine->engine, choice >> 4, choice & 1, choice >> 1 & 3,
			choice & 8 ? 1000000 : PR_ENGINE_NEVER, machine->now_us);
		break;
	case 8:
		pr_engine_generation_set(machine->engine, 1 + pr_read_u8(reader) % 7,
					 machine->now_us);
		break;
	case 9:
		cursor = pr_read_u8(reader);
		(void)pr_engine_rows(machine->engine, cursor % 6, &cursor, show_row, machine,
				     machine->now_us);
		break;
	case 10:
		provider(machine, reader);
		break;
	case 11:
		claim(machine, reader);
		break;
	case 12:
		tunnel(machine, reader);
		break;
	default:
		packet(machine, reader);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_reader reader = pr_reader(bytes, len);
	struct machine *machine = pr_calloc(1, sizeof(*machine));

	pr_hash_seed(1);
	compile_once();
	init(machine);
	for (unsigned int i = 0; i < STEPS_MAX && pr_reader_left(&reader); i++)
		step(machine, &reader);
	machine->owner = 1;
	/* Nothing is held longer than that. */
	for (unsigned int i = 0; i < 30; i++) {
		machine->now_us += machine->tunnelled ? 1100000 : 100000;
		pr_engine_tick(machine->engine, machine->now_us);
	}
	for (unsigned int i = 0; i < HELD_MAX; i++)
		pr_assert(!machine->held_since[i]);
	pr_engine_free(machine->engine);
	for (unsigned int i = 0; i < 2; i++) {
		pr_assert(machine->processes[i]->n_references == 1);
		pr_process_release(machine->processes[i]);
	}
	free(machine);
	return 0;
}
