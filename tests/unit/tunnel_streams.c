/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams through the tunnel process: both halves, ends, resets, and many bytes. */
#include "tunnel_world.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BULK (48u << 20)

static void both_ways_and_both_ends(void **state)
{
	struct world *world = *state;
	int app, far;

	for (uint64_t id = 1; id <= 2; id++) {
		link_up(world, id, &app, &far);
		say(app, "question");
		hear(far, "question");
		say(far, "answer");
		hear(app, "answer");
		/* Each half ends for itself. */
		assert_int_equal(shutdown(id == 1 ? app : far, SHUT_WR), 0);
		hear_end(id == 1 ? far : app);
		say(id == 1 ? far : app, "more");
		hear(id == 1 ? app : far, "more");
		close(id == 1 ? far : app);
		hear_end(id == 1 ? app : far);
		expect(world, PR_MESSAGE_TUNNEL_ENDED, id, PR_TUNNEL_OPEN);
		close(id == 1 ? app : far);
	}
}

static void server_speaks_first(void **state)
{
	struct world *world = *state;
	int app, far;

	open_link(world, 1, "lo", IPPROTO_TCP, port_of(world->server));
	expect(world, PR_MESSAGE_TUNNEL_OPENED, 1, PR_TUNNEL_OPEN);
	far = accepted(world->server);
	say(far, "220 hello");
	close(far);
	app = connected(SOCK_STREAM, world->entry_port);
	who(world, port_of(app), world->entry_port, 1);
	hear(app, "220 hello");
	hear_end(app);
	close(app);
	expect(world, PR_MESSAGE_TUNNEL_ENDED, 1, PR_TUNNEL_OPEN);
}

static void refusals(void **state)
{
	struct world *world = *state;
	uint16_t nobody = port_of(world->server);
	int app;

	world->server = replaced(world->server, SOCK_STREAM);
	open_link(world, 5, "lo", IPPROTO_TCP, nobody);
	expect(world, PR_MESSAGE_TUNNEL_OPENED, 5, PR_TUNNEL_REFUSED);
	open_link(world, 6, "unknown", IPPROTO_TCP, nobody);
	expect(world, PR_MESSAGE_TUNNEL_OPENED, 6, PR_TUNNEL_DOWN);
	/* What arrives and is nobody's, or a link's that was never open. */
	for (uint64_t id = 0; id <= 5; id += 5) {
		app = connected(SOCK_STREAM, world->entry_port);
		who(world, port_of(app), world->entry_port, id);
		hear_reset(app);
		close(app);
	}
}

static void another_way(void **state)
{
	struct world *world = *state;

	open_link(world, 1, "gone", IPPROTO_TCP, port_of(world->server));
	expect(world, PR_MESSAGE_TUNNEL_OPENED, 1, PR_TUNNEL_DOWN);
	open_link(world, 2, "any", IPPROTO_TCP, port_of(world->server));
	expect(world, PR_MESSAGE_TUNNEL_OPENED, 2, PR_TUNNEL_OPEN);
	close(accepted(world->server));
}

static void a_link_has_one_arrival(void **state)
{
	struct world *world = *state;
	int app, far, other;

	link_up(world, 1, &app, &far);
	other = connected(SOCK_STREAM, world->entry_port);
	who(world, port_of(other), world->entry_port, 1);
	hear_reset(other);
	say(app, "still here");
	hear(far, "still here");
	close(app);
	close(far);
	close(other);
	expect(world, PR_MESSAGE_TUNNEL_ENDED, 1, PR_TUNNEL_OPEN);
}

static void resets_cross(void **state)
{
	struct world *world = *state;
	int app, far;

	link_up(world, 1, &app, &far);
	say(far, "last words");
	hear(app, "last words");
	reset(far);
	hear_reset(app);
	expect(world, PR_MESSAGE_TUNNEL_ENDED, 1, PR_TUNNEL_REFUSED);
	close(app);
	link_up(world, 2, &app, &far);
	say(app, "hello");
	hear(far, "hello");
	reset(app);
	hear_reset(far);
	expect(world, PR_MESSAGE_TUNNEL_ENDED, 2, PR_TUNNEL_REFUSED);
	close(far);
}

static void cut_at_once(void **state)
{
	struct world *world = *state;
	int app, far;

	link_up(world, 1, &app, &far);
	say(app, "hello");
	hear(far, "hello");
	assert_int_equal(pr_channel_send(world->engine, PR_MESSAGE_TUNNEL_CLOSE, 1, NULL, 0), 0);
	hear_reset(app);
	hear_reset(far);
	close(app);
	close(far);
	/* Of what it closed itself the engine hears no more: what comes next is another link's. */
	link_up(world, 2, &app, &far);
	close(app);
	close(far);
	expect(world, PR_MESSAGE_TUNNEL_ENDED, 2, PR_TUNNEL_OPEN);
}

static uint8_t byte_at(size_t position)
{
	return (uint8_t)(position * 2654435761u >> 24);
}

/* Many bytes from one end to the other, whose reader rests in between: none is lost, none is where it should not be. */
static void pour(int from, int to)
{
	static uint8_t bytes[1 << 16];
	size_t sent = 0, heard = 0;

	while (heard < BULK) {
		struct pollfd polls[2] = { { .fd = sent < BULK ? from : -1, .events = POLLOUT },
					   { .fd = to, .events = POLLIN } };
		ssize_t n;

		/* Until nothing fits any more, then only so much is read. */
		assert_true(poll(polls, 1, 50) >= 0);
		if (polls[0].revents & POLLOUT) {
			for (size_t i = 0; i < sizeof(bytes); i++)
				bytes[i] = byte_at(sent + i);
			n = send(from, bytes,
				 BULK - sent < sizeof(bytes) ? BULK - sent : sizeof(bytes),
				 MSG_DONTWAIT | MSG_NOSIGNAL);
			assert_true(n > 0);
			sent += (size_t)n;
			continue;
		}
		for (unsigned int i = 0; i < 128 && heard < sent; i++) {
			wait_for(to);
			n = recv(to, bytes, sizeof(bytes), 0);
			assert_true(n > 0);
			for (ssize_t j = 0; j < n; j++)
				assert_int_equal(bytes[j], byte_at(heard + (size_t)j));
			heard += (size_t)n;
		}
	}
}

static void much_with_a_slow_reader(void **state)
{
	struct world *world = *state;
	int app, far;

	link_up(world, 1, &app, &far);
	pour(app, far);
	pour(far, app);
	say(app, "a little");
	hear(far, "a little");
	close(app);
	hear_end(far);
	close(far);
	expect(world, PR_MESSAGE_TUNNEL_ENDED, 1, PR_TUNNEL_OPEN);
}

/* `rounds` times a few KiB, all of which are heard before more is said. */
static void piecemeal(int from, int to, unsigned int rounds)
{
	static uint8_t piece[16384], heard[sizeof(piece)];

	for (unsigned int i = 0; i < rounds; i++) {
		size_t len = sizeof(piece) - i % 1000, n = 0;

		for (size_t j = 0; j < len; j++)
			piece[j] = byte_at(i + j);
		assert_int_equal(send(from, piece, len, MSG_NOSIGNAL), len);
		while (n < len) {
			ssize_t r;

			wait_for(to);
			r = recv(to, heard + n, len - n, 0);
			assert_true(r > 0);
			n += (size_t)r;
		}
		assert_memory_equal(heard, piece, len);
	}
}

/* Many small pieces are taken together, but none waits for one that doesn't come. */
static void much_piecemeal(void **state)
{
	const struct timespec pause = { .tv_nsec = 30000000 };
	struct world *world = *state;
	int app, far;

	for (uint64_t id = 1; id <= 3; id++) {
		link_up(world, id, &app, &far);
		piecemeal(far, app, 600);
		piecemeal(app, far, 600);
		say(far, "after a pause of none");
		hear(app, "after a pause of none");
		nanosleep(&pause, NULL);
		say(far, "after a pause");
		hear(app, "after a pause");
		piecemeal(far, app, 300);
		say(far, "last words");
		if (id == 2) {
			reset(far);
			hear(app, "last words");
			hear_reset(app);
			expect(world, PR_MESSAGE_TUNNEL_ENDED, id, PR_TUNNEL_REFUSED);
		} else if (id == 1) {
			close(far);
			hear(app, "last words");
			hear_end(app);
		} else {
			assert_int_equal(pr_channel_send(world->engine, PR_MESSAGE_TUNNEL_CLOSE, id,
							 NULL, 0),
					 0);
		}
		close(app);
		if (id == 1)
			expect(world, PR_MESSAGE_TUNNEL_ENDED, id, PR_TUNNEL_OPEN);
		if (id == 3)
			close(far);
	}
	link_up(world, 4, &app, &far);
	piecemeal(app, far, 1);
	close(app);
	close(far);
	expect(world, PR_MESSAGE_TUNNEL_ENDED, 4, PR_TUNNEL_OPEN);
}

/* An urgent byte stands where it was sent, and nothing behind it is stuck. */
static void urgent_bytes(void **state)
{
	struct world *world = *state;
	int app, far;

	link_up(world, 1, &app, &far);
	say(app, "before");
	assert_int_equal(send(app, "!", 1, MSG_OOB), 1);
	say(app, "after");
	hear(far, "before!after");
	pour(app, far);
	close(app);
	close(far);
	expect(world, PR_MESSAGE_TUNNEL_ENDED, 1, PR_TUNNEL_OPEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_ways_and_both_ends),
		TEST(server_speaks_first),
		TEST(refusals),
		TEST(another_way),
		TEST(a_link_has_one_arrival),
		TEST(resets_cross),
		TEST(cut_at_once),
		TEST(much_with_a_slow_reader),
		TEST(much_piecemeal),
		TEST(urgent_bytes),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
