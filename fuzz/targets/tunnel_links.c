/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tunnel's links, with an engine that says anything in any order, dies and comes again, while things arrive at the
 * entry point and time goes by. Each step is a byte and what belongs to it. What an engine was told must fit what it asked:
 * one OPENED for each OPEN that it didn't close, nothing of links that it doesn't know.
 */
#include "tunnel/tunnel_private.h"

#include "ipc/body.h"

#include "../target.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDS	  16u /* links of the engine's: few, so that steps meet */
#define SENT_MAX  16u /* questions that are not answered */
#define STEPS_MAX 200u

enum known { UNKNOWN, ASKED, OPEN };

struct world {
	struct pr_tunnel tunnel;
	struct pr_channel *engine; /* its end; NULL = there is none */
	enum known known[IDS + 1];
	uint32_t opening[IDS + 1], last_opening;
	uint64_t tickets[SENT_MAX]; /* of WHO and HAVE */
	unsigned int n_tickets;
	uint32_t now_s;
};

/* ---- what the engine hears ---- */

static void hear(struct world *world, const struct pr_message *message)
{
	uint64_t id = message->ticket;
	struct pr_tunnel_opened opened;
	struct pr_tunnel_link link;

	switch (message->kind) {
	case PR_MESSAGE_TUNNEL_OPENED:
		pr_assert(id >= 1 && id <= IDS && world->known[id] == ASKED);
		pr_assert(pr_tunnel_opened_decode(message->body, message->len, &opened) == 0);
		pr_assert(opened.opening == world->opening[id]);
		world->known[id] = opened.outcome == PR_TUNNEL_OPEN ? OPEN : UNKNOWN;
		break;
	case PR_MESSAGE_TUNNEL_ENDED:
		/* of one that it named while it ended, it hears as well */
		pr_assert(id >= 1 && id <= IDS && world->known[id] != ASKED);
		world->known[id] = UNKNOWN;
		break;
	case PR_MESSAGE_TUNNEL_HAVE:
		pr_assert(pr_tunnel_link_decode(message->body, message->len, &link) == 0);
		__attribute__((fallthrough));
	case PR_MESSAGE_TUNNEL_WHO:
		world->tickets[world->n_tickets++ % SENT_MAX] = id;
		break;
	default:
		pr_assert(message->kind == PR_MESSAGE_TUNNEL_STATE);
	}
}

static void hear_all(struct world *world)
{
	struct pr_message message;

	while (world->engine && pr_channel_receive(world->engine, &message) == 0) {
		hear(world, &message);
		pr_message_done(&message);
	}
}

/* ---- steps ---- */

static void another_engine(struct world *world, bool comes)
{
	int fds[2];

	pr_channel_free(PR_TAKE_PTR(world->engine));
	memset(world->known, 0, sizeof(world->known));
	world->n_tickets = 0;
	event_base_loop(world->tunnel.base, EVLOOP_NONBLOCK);
	if (!comes || pr_channel_pair(fds) < 0)
		return;
	world->engine = pr_channel_new_take(fds[0], PR_PARTY_ENGINE, PR_PARTY_TUNNEL);
	pr_tunnel_engine_take(world->tunnel.engine, fds[1]);
}

static void send_open(struct world *world, uint64_t id, uint8_t what)
{
	struct pr_tunnel_link link = { .tuple = { .src_port = 40000,
						  .dst_port = 1,
						  .proto = what & 1 ? IPPROTO_TCP : IPPROTO_UDP },
				       .upstream = what & 2 ? "none" : "lo",
				       .application = "a",
				       .opening = ++world->last_opening,
				       .name = "" };
	uint8_t body[PR_TUNNEL_BODY_MAX];
	size_t len;

	pr_assert(pr_address_parse("127.0.0.1", &link.tuple.src) == 0);
	link.tuple.dst = link.tuple.src;
	len = pr_tunnel_link_encode(&link, body, sizeof(body));
	if (world->known[id] != UNKNOWN)
		return;
	world->known[id] = ASKED;
	world->opening[id] = link.opening;
	(void)!pr_channel_send(world->engine, PR_MESSAGE_TUNNEL_OPEN, id, body, len);
}

static void send_link(struct world *world, uint64_t id, uint8_t which)
{
	uint64_t ticket = world->n_tickets && which < SENT_MAX ? world->tickets[which] : which;
	uint8_t body[8];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	/* No engine calls what is alive by the name of another link. */
	if (!(ticket >> 63) && world->known[id] != UNKNOWN)
		id = 0;
	else if (!(ticket >> 63) && id)
		world->known[id] = OPEN;
	pr_write_u64(&writer, id);
	(void)!pr_channel_send(world->engine, PR_MESSAGE_TUNNEL_LINK, ticket, body, sizeof(body));
}

static void send_close(struct world *world, uint64_t id)
{
	/* What was on its way when it closed is of no interest. */
	event_base_loop(world->tunnel.base, EVLOOP_NONBLOCK);
	hear_all(world);
	world->known[id] = UNKNOWN;
	(void)!pr_channel_send(world->engine, PR_MESSAGE_TUNNEL_CLOSE, id, NULL, 0);
	event_base_loop(world->tunnel.base, EVLOOP_NONBLOCK);
}

static void send_raw(struct world *world, const uint8_t *bytes, size_t len)
{
	uint64_t ticket = len ? 1 + bytes[0] % IDS : 1;

	/* Never one that could be read: its answer would be unexpected. */
	if (len > 1 && len < 12)
		(void)!pr_channel_send(world->engine, PR_MESSAGE_TUNNEL_OPEN, ticket, bytes + 1,
				       len - 1);
}

/* A stream or a datagram's sender at the entry point. */
static void arrive(struct world *world, uint8_t what)
{
	struct pr_tuple tuple = { .src_port = (uint16_t)(1000 + (what >> 4)),
				  .dst_port = 53154,
				  .proto = IPPROTO_TCP };
	int fds[2];

	pr_assert(pr_address_parse("127.0.0.1", &tuple.src) == 0);
	tuple.dst = tuple.src;
	if (what & 1) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
			return;
		(void)!write(fds[0], "hello", 5);
		close(fds[0]);
		if (!pr_entry_arrived(&world->tunnel, &tuple, fds[1]))
			close(fds[1]);
	} else {
		tuple.proto = IPPROTO_UDP;
		pr_datagrams_take(&world->tunnel, &tuple, 0, (const uint8_t *)"datagram", 8);
	}
	pr_telling_go(&world->tunnel);
}

static size_t step(struct world *world, const uint8_t *bytes, size_t len)
{
	uint8_t what = bytes[0] % 8, more = len > 1 ? bytes[1] : 0;
	uint64_t id = 1 + more % IDS;

	if (what == 0)
		another_engine(world, more % 4 != 0);
	else if (what == 1)
		arrive(world, more);
	else if (what == 2)
		pr_tunnel_second(&world->tunnel, world->now_s += more);
	else if (what == 3)
		event_base_loop(world->tunnel.base, EVLOOP_NONBLOCK);
	else if (!world->engine)
		return 2;
	else if (what == 4)
		send_open(world, id, more >> 4);
	else if (what == 5)
		send_link(world, more % 3 ? id : 0, len > 2 ? bytes[2] : 0);
	else if (what == 6)
		send_close(world, id);
	else
		send_raw(world, bytes + 1, len - 1);
	return what == 5 ? 3 : 2;
}

static void set_upstreams(struct world *world)
{
	const struct pr_tunnel_upstream lo = { .id = "lo",
					       .kind = PR_TUNNEL_INTERFACE,
					       .interface = "lo" };

	pr_assert(pr_ways_set(world->tunnel.ways, &lo, 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct world *world = pr_calloc(1, sizeof(*world));
	size_t at = 0;

	world->tunnel = (struct pr_tunnel){ .base = event_base_new(),
					    .tcp = { -1, -1 },
					    .udp = { -1, -1 } };
	pr_assert(pr_tunnel_set_up(&world->tunnel) == 0);
	world->now_s = world->tunnel.now_s;
	set_upstreams(world);
	another_engine(world, true);
	for (unsigned int i = 0; i < STEPS_MAX && at < len; i++) {
		at += step(world, bytes + at, len - at);
		hear_all(world);
	}
	event_base_loop(world->tunnel.base, EVLOOP_NONBLOCK);
	hear_all(world);
	pr_tunnel_undo(&world->tunnel);
	event_base_free(world->tunnel.base);
	pr_channel_free(world->engine);
	free(world);
	return 0;
}
