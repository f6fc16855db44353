/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Datagrams through the tunnel process. */
#include "tunnel_world.h"

#include "tunnel/process.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void datagrams_both_ways(void **state)
{
	struct world *world = *state;
	int app = connected(SOCK_DGRAM, world->udp_port);
	struct sockaddr_in far_peer;
	socklen_t len = sizeof(far_peer);
	char bytes[64];

	open_link(world, 1, "lo", IPPROTO_UDP, port_of(world->udp_server));
	expect(world, PR_MESSAGE_TUNNEL_OPENED, 1, PR_TUNNEL_OPEN);
	/* What comes until it is known is kept, in order, as far as it is not too much. */
	for (int i = 0; i < 12; i++) {
		snprintf(bytes, sizeof(bytes), "datagram %02d", i);
		say(app, bytes);
	}
	who(world, port_of(app), world->udp_port, 1);
	for (int i = 0; i < (int)PR_TUNNEL_HELD_DATAGRAMS; i++) {
		char expected[64];

		wait_for(world->udp_server);
		snprintf(expected, sizeof(expected), "datagram %02d", i);
		assert_int_equal(recvfrom(world->udp_server, bytes, sizeof(bytes), 0,
					  (struct sockaddr *)&far_peer, &len),
				 11);
		assert_memory_equal(bytes, expected, 11);
	}
	assert_int_equal(connect(world->udp_server, (struct sockaddr *)&far_peer, len), 0);
	say(world->udp_server, "answer");
	hear(app, "answer");
	say(app, "");
	wait_for(world->udp_server);
	assert_int_equal(recv(world->udp_server, bytes, sizeof(bytes), 0), 0);
	close(app);
}

/* Over IPv6 it comes here, and leaves by what the far end has. */
static void both_kinds_over_ipv6(void **state)
{
	struct world *world = *state;
	int far, app, datagrams = connected6(SOCK_DGRAM, world->udp_port6);
	struct sockaddr_in far_peer;
	socklen_t len = sizeof(far_peer);
	char bytes[64];

	open_link(world, 1, "lo", IPPROTO_TCP, port_of(world->server));
	expect(world, PR_MESSAGE_TUNNEL_OPENED, 1, PR_TUNNEL_OPEN);
	far = accepted(world->server);
	app = connected6(SOCK_STREAM, world->entry_port6);
	who(world, port_of(app), world->entry_port6, 1);
	say(app, "six");
	hear(far, "six");
	open_link(world, 2, "lo", IPPROTO_UDP, port_of(world->udp_server));
	expect(world, PR_MESSAGE_TUNNEL_OPENED, 2, PR_TUNNEL_OPEN);
	say(datagrams, "seven");
	who(world, port_of(datagrams), world->udp_port6, 2);
	wait_for(world->udp_server);
	assert_int_equal(recvfrom(world->udp_server, bytes, sizeof(bytes), 0,
				  (struct sockaddr *)&far_peer, &len),
			 5);
	assert_int_equal(connect(world->udp_server, (struct sockaddr *)&far_peer, len), 0);
	say(world->udp_server, "eight");
	hear(datagrams, "eight");
	close(app);
	close(far);
	close(datagrams);
}

static void datagrams_of_nobody(void **state)
{
	struct world *world = *state;
	int app = connected(SOCK_DGRAM, world->udp_port);
	int other = connected(SOCK_DGRAM, world->udp_port);

	say(app, "one");
	who(world, port_of(app), world->udp_port, 0);
	/* Not asked about again: the next question is the other's. */
	say(app, "two");
	say(other, "three");
	who(world, port_of(other), world->udp_port, 0);
	close(app);
	close(other);
}

static void far_end_of_datagrams_is_closed(void **state)
{
	struct world *world = *state;
	uint16_t nobody = port_of(world->udp_server);
	int app = connected(SOCK_DGRAM, world->udp_port);

	world->udp_server = replaced(world->udp_server, SOCK_DGRAM);
	open_link(world, 1, "lo", IPPROTO_UDP, nobody);
	expect(world, PR_MESSAGE_TUNNEL_OPENED, 1, PR_TUNNEL_OPEN);
	say(app, "anybody?");
	who(world, port_of(app), world->udp_port, 1);
	expect(world, PR_MESSAGE_TUNNEL_ENDED, 1, PR_TUNNEL_REFUSED);
	close(app);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(datagrams_both_ways),
		TEST(both_kinds_over_ipv6),
		TEST(datagrams_of_nobody),
		TEST(far_end_of_datagrams_is_closed),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
