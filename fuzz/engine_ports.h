/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine with ports that remember what it did, and hold it to what holds whatever comes: a packet that is held is
 * released once, and in time; what every policy denies explicitly is never accepted.
 */
#pragma once

#include "dns/message.h"
#include "engine/engine.h"
#include "profile/config.h"

#include "target.h"

#include <string.h>

#define N_POLICIES   9
#define TUNNELLED    7 /* of these the first that leads through the tunnel */
#define OPENING_MAX  32
#define HELD_MAX     1024
#define TICKETS_MAX  64
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

static void swap_policy(struct machine *machine, uint8_t choice)
{
	const struct pr_policy_blob *blob = &blobs[choice % N_POLICIES];
	struct pr_policy *policy;

	machine->tunnelled |= choice % N_POLICIES >= TUNNELLED;

	pr_assert(pr_policy_open(blob->bytes, blob->len, &policy) == 0);
	pr_engine_policy_set_take(machine->engine, policy, machine->now_us);
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
