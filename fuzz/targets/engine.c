/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The whole machine, driven by any sequence of packets, owners, conntrack's events, questions, answers, policies and
 * times. Packets carry what clients and servers begin with, whole, in pieces, changed. Held to: each held packet is released once, and in time; what every policy denies explicitly is
 * never accepted, whatever happens around it; ticks ask for a time that is to come.
 */
#include "base/cursor.h"
#include "base/hash.h"
#include "dns/message.h"
#include "engine/engine.h"
#include "interception/scenario_payload.h"
#include "packet/build.h"
#include "profile/config.h"

#include "../target.h"

#include <string.h>

#define N_POLICIES   9
#define TUNNELLED    7 /* of these the first that leads through the tunnel */
#define OPENING_MAX  32
#define HELD_MAX     1024
#define TICKETS_MAX  64
#define STEPS_MAX    400
#define WAIT_MOST_US 3100000  /* longer than any packet may be held under these policies */
#define OPEN_MOST_US 31200000 /* the same, where a tunnel may have to be opened */
#define DENIED	     3	      /* in addresses[] */

#define DENIED_RULES "enforced = [ \"- 6.6.6.6\" ]; enforced_incoming = [ \"- 6.6.6.6\" ]; "

#define TUNNELS                                                                      \
	"tunnel_upstream = ( { name = \"a\"; url = \"socks5://127.0.0.1:9050\"; }, " \
	"{ name = \"b\"; url = \"socks5://127.0.0.1:9051\"; } );"

static const char *const texts[N_POLICIES] = {
	DENIED_RULES "",
	DENIED_RULES " default_action = \"ask\"; default_incoming = \"ask\";",
	DENIED_RULES " default_action = \"block\"; default_incoming = \"block\"; "
		     "outgoing = [ \"+ example.com\", \"? 1.2.3.4 TCP/443\", \"> 9.9.9.9\" ];",
	DENIED_RULES
	" on_missing_data = \"deny\"; lists = [ \"dbl\", \"rep.bad\" ]; provider = "
	"( { id = \"dbl\"; type = \"dns\"; zone = \"dbl.example\"; asks = \"both\"; }, "
	"{ id = \"rep\"; type = \"http\"; url = \"https://r.example/{entity}\"; } ); "
	"outgoing = [ \"- L:dbl\", \"- L:rep.bad\" ];",
	DENIED_RULES " permanent_verdicts = false; block_attackers_s = 2; ask_timeout_s = 1; "
		     "ask_again_s = 2; default_action = \"ask\";",
	DENIED_RULES " require_encryption = true; deny_tls = [ \"nameless\", \"old\" ]; "
		     "default_incoming = \"permit\"; foreign_names = \"deny\"; inspect = false; "
		     "encryption_scopes = [ \"localhost\", \"lan\", \"internet\" ];",
	DENIED_RULES
	" ask_timeout_s = 1; outgoing = [ \"? * tls\", \"- a.example\", \"- * ssh\" ]; "
	"default_incoming = \"permit\";",
	DENIED_RULES TUNNELS " tunnel = \"a\"; require_tunnel = true; "
			     "outgoing = [ \">b 9.9.9.9\", \"+ 10.0.0.9\" ];",
	DENIED_RULES TUNNELS
	" tunnel = \"b\"; without_tunnel = \"direct\"; outgoing = [ \"> *\" ];",
};
static const char *const addresses[] = { "10.0.0.2",   "1.2.3.4",     "9.9.9.9",  "6.6.6.6",
					 "127.0.0.1",  "224.0.0.251", "10.0.0.9", "172.17.0.2",
					 "198.18.0.1", "198.18.0.2" };
static const uint16_t ports[] = { 40000, 443, 53, 22, 40001, 5353, 80, 0 };

struct machine {
	struct pr_engine *engine;
	struct pr_interception interception;
	uint64_t now_us, handle;
	uint64_t held_since[HELD_MAX]; /* by handle; 0 = not held */
	bool held_denied[HELD_MAX];
	uint64_t tickets[TICKETS_MAX], resolving[TICKETS_MAX];
	uint64_t asked[TICKETS_MAX];
	unsigned int n_tickets, n_resolving, n_replies, n_questions, n_asked;
	struct pr_process *processes[2];
	uint8_t owner;
	uint64_t opening[OPENING_MAX]; /* links that the tunnel was to open */
	uint32_t openings[OPENING_MAX];
	unsigned int n_opening;
	bool tunnelled; /* one of its policies was in force */
};

static struct pr_policy_blob blobs[N_POLICIES];

static void compile_once(void)
{
	struct pr_config_error error;

	for (unsigned int i = 0; i < N_POLICIES && !blobs[i].bytes; i++) {
		const struct pr_config_file file = { .layer = PR_LAYER_ADMINISTRATOR,
						     .name = "portreeve.conf",
						     .text = texts[i],
						     .len = strlen(texts[i]) };
		const struct pr_config_input input = { .files = &file, .n_files = 1 };

		pr_assert(pr_settings_compile(&input, &blobs[i], &error) == 0);
	}
}

static struct pr_address address_of(uint8_t choice)
{
	struct pr_address address = { 0 };

	pr_assert(pr_address_parse(addresses[choice % PR_ARRAY_SIZE(addresses)], &address) == 0);
	return address;
}

static enum pr_owner_outcome port_owner(void *context, const struct pr_intercepted *packet,
					const struct pr_tuple *tuple, enum pr_direction direction,
					uint64_t ticket, struct pr_process **ret_process)
{
	struct machine *machine = context;

	(void)packet;
	(void)tuple;
	(void)direction;
	if (machine->owner % 4 == 0) {
		machine->tickets[machine->n_tickets++ % TICKETS_MAX] = ticket;
		return PR_OWNER_WAIT;
	}
	if (machine->owner % 4 == 1)
		return PR_OWNER_NONE;
	*ret_process = pr_process_reference(machine->processes[machine->owner % 2]);
	return PR_OWNER_KNOWN;
}

static bool port_before_nat(void *context, const struct pr_tuple *seen, struct pr_tuple *ret_sent)
{
	struct machine *machine = context;

	*ret_sent = *seen;
	ret_sent->dst = address_of(machine->owner);
	ret_sent->dst_port = 53;
	return machine->owner & 1;
}

static bool port_tracked(void *context, const struct pr_tuple *tuple)
{
	(void)tuple;
	return ((const struct machine *)context)->owner & 2;
}

static enum pr_attack_opened port_opened(void *context, const struct pr_tuple *tuple,
					 bool *ret_live)
{
	struct machine *machine = context;

	(void)tuple;
	*ret_live = machine->owner & 1;
	return (enum pr_attack_opened)(machine->owner % 3);
}

static void port_release(void *context, struct pr_interception *interception,
			 const struct pr_intercepted *packet, const struct pr_verdict_order *order)
{
	struct machine *machine = context;
	unsigned int i = packet->handle % HELD_MAX;

	pr_assert(interception == &machine->interception && !packet->bytes == !order->as_seen);
	pr_assert(machine->held_since[i]);
	pr_assert(machine->now_us - machine->held_since[i] <=
		  (machine->tunnelled ? OPEN_MOST_US : WAIT_MOST_US));
	pr_assert(order->verdict != PR_VERDICT_REROUTE_TUNNEL || machine->n_opening);
	pr_assert(!machine->held_denied[i] || order->verdict != PR_VERDICT_ACCEPT);
	machine->held_since[i] = 0;
}

static void port_resolve(void *context, uint64_t ticket, const uint8_t *question, size_t len)
{
	struct machine *machine = context;
	struct pr_dns_question parsed;

	pr_assert(pr_dns_parse_question(question, len, &parsed) == 0);
	machine->resolving[machine->n_resolving++ % TICKETS_MAX] = ticket;
}

static void port_inform(void *context, uint64_t ticket, const struct pr_intel_ask *ask)
{
	struct machine *machine = context;

	pr_assert(ask->n_providers >= 1 && ask->n_providers <= PR_PROVIDERS_MAX);
	pr_assert(pr_inquiry_is_public(&ask->inquiry));
	machine->asked[machine->n_asked++ % TICKETS_MAX] = ticket;
}

static void port_reply(void *context, uint64_t client, const uint8_t *answer, size_t len)
{
	struct machine *machine = context;

	(void)client;
	(void)answer;
	(void)len;
	machine->n_replies++;
	pr_assert(machine->n_replies <= machine->n_questions);
}

static bool port_tunnel_open(void *context, uint64_t link, const struct pr_tunnel_link *open)
{
	struct machine *machine = context;
	uint8_t body[PR_TUNNEL_BODY_MAX];

	pr_assert(machine->tunnelled && link);
	pr_assert(pr_tunnel_link_encode(open, body, sizeof(body)));
	if (machine->owner & 4)
		return false;
	pr_assert(open->opening);
	machine->openings[machine->n_opening % OPENING_MAX] = open->opening;
	machine->opening[machine->n_opening++ % OPENING_MAX] = link;
	return true;
}

static void port_tunnel_close(void *context, uint64_t link)
{
	struct machine *machine = context;

	pr_assert(link && machine->n_opening);
}

static void port_nothing(void *context)
{
	(void)context;
}

static void port_cut(void *context, const struct pr_tuple *tuple, enum pr_direction direction,
		     const struct pr_verdict_order *order)
{
	(void)context;
	(void)tuple;
	(void)direction;
	(void)order;
}

static void port_wake(void *context, uint64_t at_us)
{
	(void)context;
	(void)at_us;
}

static void port_event(void *context, const struct pr_event *event)
{
	(void)context;
	pr_assert(event->real_us && (!event->reason || strlen(event->reason) < 1000));
	pr_assert(event->kind == PR_EVENT_SYSTEM || (event->profile && event->instance));
}

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

static void swap_policy(struct machine *machine, uint8_t choice)
{
	const struct pr_policy_blob *blob = &blobs[choice % N_POLICIES];
	struct pr_policy *policy;

	machine->tunnelled |= choice % N_POLICIES >= TUNNELLED;

	pr_assert(pr_policy_open(blob->bytes, blob->len, &policy) == 0);
	pr_engine_policy_set_take(machine->engine, policy, machine->now_us);
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

static void init(struct machine *machine)
{
	const struct pr_engine_ports ports_of = {
		.context = machine,
		.owner = port_owner,
		.before_nat = port_before_nat,
		.tracked = port_tracked,
		.opened = port_opened,
		.release = port_release,
		.resolve = port_resolve,
		.inform = port_inform,
		.reply = port_reply,
		.raise_generation = port_nothing,
		.forget_denied = port_nothing,
		.cut = port_cut,
		.tunnel_open = port_tunnel_open,
		.tunnel_close = port_tunnel_close,
		.wake = port_wake,
		.event = port_event,
	};
	const struct pr_engine_options options = { .n_links_max = 32,
						   .n_communications_max = 8,
						   .n_names_max = 16,
						   .n_instances_max = 4,
						   .n_parked_max = 8,
						   .n_prompts_max = 4,
						   .nameserver_port4 = 53,
						   .senders_checked = true };
	struct pr_engine_address own[3] = { { address_of(0), 24, 2 },
					    { address_of(4), 8, 1 },
					    { address_of(7), 16, 3 } };

	*machine = (struct machine){ .now_us = 1000000 };
	own[2].address.bytes[3] = 1; /* 172.17.0.1 */
	for (unsigned int i = 0; i < 2; i++) {
		machine->processes[i] = pr_process_new((pid_t)(100 + i), 1);
		machine->processes[i]->exe_path = pr_strdup(i ? "/usr/bin/curl" : "/usr/bin/dig");
		machine->processes[i]->path_proven = true;
	}
	machine->engine = pr_engine_new(&ports_of, &options);
	pr_engine_addresses_set(machine->engine, own, 3, machine->now_us);
	swap_policy(machine, 0);
	pr_engine_generation_set(machine->engine, 1, machine->now_us);
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
