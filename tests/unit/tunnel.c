/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tunnel process and the engine: links that are still being opened, another engine, limits. */
#include "tunnel_world.h"

#include "ipc/body.h"
#include "ipc/tunnel_codec.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- while it opens ---- */

/* The proxy's part of RFC 1928, up to its last word. */
static int proxy_hears(struct world *world)
{
	int fd = accepted(world->proxy);
	uint8_t bytes[64];

	wait_for(fd);
	/* an account that isolates is offered, beside none */
	assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), 4);
	assert_int_equal(send(fd, "\5\0", 2, MSG_NOSIGNAL), 2);
	wait_for(fd);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), 10);
	return fd;
}

static const uint8_t granted[] = { 5, 0, 0, 1, 127, 0, 0, 1, 0, 80 };
static const uint8_t refused[] = { 5, 5, 0, 1, 0, 0, 0, 0, 0, 0 };

/* Its packet was let go at once, and waits here for the far end. */
static void arrived_before_it_opened(void **state)
{
	struct world *world = *state;
	int app, proxy;

	for (uint64_t id = 1; id <= 2; id++) {
		open_link(world, id, "proxy", IPPROTO_TCP, 80);
		proxy = proxy_hears(world);
		app = connected(SOCK_STREAM, world->entry_port);
		say(app, "early");
		who(world, port_of(app), world->entry_port, id);
		assert_int_equal(send(proxy, id == 1 ? granted : refused, 10, MSG_NOSIGNAL), 10);
		if (id == 2) {
			hear_reset(app);
			expect(world, PR_MESSAGE_TUNNEL_OPENED, id, PR_TUNNEL_REFUSED);
		} else {
			hear(proxy, "early");
			expect(world, PR_MESSAGE_TUNNEL_OPENED, id, PR_TUNNEL_OPEN);
			close(proxy);
			hear_end(app);
			close(app);
			expect(world, PR_MESSAGE_TUNNEL_ENDED, id, PR_TUNNEL_OPEN);
			continue;
		}
		close(app);
		close(proxy);
	}
}

static void closed_while_it_opens(void **state)
{
	struct world *world = *state;
	int proxy, app, far;

	open_link(world, 1, "proxy", IPPROTO_TCP, 80);
	proxy = proxy_hears(world);
	assert_int_equal(pr_channel_send(world->engine, PR_MESSAGE_TUNNEL_CLOSE, 1, NULL, 0), 0);
	hear_reset(proxy);
	close(proxy);
	link_up(world, 2, &app, &far);
	close(app);
	close(far);
	expect(world, PR_MESSAGE_TUNNEL_ENDED, 2, PR_TUNNEL_OPEN);
}

/* ---- another engine ---- */

static uint64_t have(struct world *world, uint16_t port)
{
	struct pr_message message = receive(world->engine, PR_MESSAGE_TUNNEL_HAVE);
	struct pr_tunnel_link link;
	uint64_t ticket = message.ticket;

	assert_int_equal(pr_tunnel_link_decode(message.body, message.len, &link), 0);
	assert_string_equal(link.upstream, "lo");
	assert_string_equal(link.application, "browser");
	assert_int_equal(link.tuple.dst_port, port);
	pr_message_done(&message);
	return ticket;
}

static void engine_is_replaced(void **state)
{
	struct world *world = *state;
	uint16_t port = port_of(world->server);
	int app[2], far[2], proxy;
	uint64_t tickets[2];

	link_up(world, 11, &app[0], &far[0]);
	link_up(world, 12, &app[1], &far[1]);
	/* both are at work */
	for (int i = 0; i < 2; i++) {
		say(app[i], "one");
		hear(far[i], "one");
	}
	open_link(world, 13, "proxy", IPPROTO_TCP, 80);
	proxy = proxy_hears(world);
	new_engine(world);
	/* What was not open yet is no more: its packet went with the engine. */
	hear_reset(proxy);
	tickets[0] = have(world, port);
	tickets[1] = have(world, port);
	/* They go on meanwhile. */
	say(app[0], "two");
	hear(far[0], "two");
	answer(world, tickets[0], 7);
	answer(world, tickets[1], 0);
	hear_reset(app[1]);
	hear_reset(far[1]);
	say(far[0], "three");
	hear(app[0], "three");
	close(app[0]);
	close(far[0]);
	expect(world, PR_MESSAGE_TUNNEL_ENDED, 7, PR_TUNNEL_OPEN);
	close(app[1]);
	close(far[1]);
	close(proxy);
}

static void state_is_told(void **state)
{
	struct world *world = *state;
	struct pr_message message = receive(world->engine, PR_MESSAGE_TUNNEL_STATE);
	struct pr_pairs pairs;

	assert_int_equal(pr_pairs_decode(message.body, message.len, &pairs), 0);
	assert_string_equal(pairs.pairs[0].key, "upstream");
	assert_int_equal(pr_pairs_number(&pairs, "links", 99), 0);
	assert_int_equal(pr_pairs_number(&pairs, "sent", 99), 0);
	pr_message_done(&message);
}

/* ---- limits ---- */

static int set_up_with(void **state, rlim_t descriptors)
{
	struct rlimit before, few;
	int r;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){ descriptors, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	r = set_up(state);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	return r;
}

static int set_up_small(void **state)
{
	return set_up_with(state, 1024);
}

static int set_up_without_descriptors(void **state)
{
	return set_up_with(state, 64);
}

/* A limit of ours is no fault of the upstream's: where it doesn't work links may go around it, and names are asked for
 * outside. So whoever opens many must not make it so for others. */
static void too_many_links(void **state)
{
	struct world *world = *state;
	struct pr_tunnel_opened opened = { .outcome = PR_TUNNEL_OPEN };
	uint64_t n = 0;

	while (opened.outcome == PR_TUNNEL_OPEN && n < 1000) {
		struct pr_message message;

		open_link(world, ++n, "lo", IPPROTO_UDP, port_of(world->udp_server));
		message = receive(world->engine, PR_MESSAGE_TUNNEL_OPENED);
		assert_int_equal(message.ticket, n);
		assert_int_equal(pr_tunnel_opened_decode(message.body, message.len, &opened), 0);
		pr_message_done(&message);
	}
	assert_int_equal(opened.outcome, PR_TUNNEL_UNSUPPORTED);
	for (unsigned int i = 0; i < 5; i++) {
		open_link(world, 2000 + i, "lo", IPPROTO_UDP, port_of(world->udp_server));
		expect(world, PR_MESSAGE_TUNNEL_OPENED, 2000 + i, PR_TUNNEL_UNSUPPORTED);
	}
	assert_int_equal(pr_channel_send(world->engine, PR_MESSAGE_TUNNEL_CLOSE, 1, NULL, 0), 0);
	open_link(world, 3000, "lo", IPPROTO_UDP, port_of(world->udp_server));
	expect(world, PR_MESSAGE_TUNNEL_OPENED, 3000, PR_TUNNEL_OPEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(arrived_before_it_opened),
		TEST(closed_while_it_opens),
		TEST(engine_is_replaced),
		TEST(state_is_told),
		cmocka_unit_test_setup_teardown(too_many_links, set_up_small, tear_down),
		cmocka_unit_test_setup_teardown(too_many_links, set_up_without_descriptors,
						tear_down),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
