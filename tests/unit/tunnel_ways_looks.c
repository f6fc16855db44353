/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How upstreams that are down, or may be, are looked at. */
#include "tunnel_ways_world.h"

#include "base/clock.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_brought_back(void **state)
{
	struct world *world = *state;
	uint8_t greeting[8];
	int fd;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", PR_TUNNEL_SOCKS5);
	set(world);
	fail_by(world, "a", 0, PR_WAYS_FAILURES);
	assert_int_equal(choose_for(world, "a", "app", "", 1), PR_TUNNEL_DOWN);
	fd = accept_one(world);
	assert_int_equal(recv(fd, greeting, sizeof(greeting), 0), 4);
	assert_int_equal(send(fd, "\x05\x00", 2, 0), 2);
	for (unsigned int i = 0; i < PATIENCE && !state_of(world, 0).up; i++)
		turn(world);
	/* nothing else was said */
	assert_int_equal(recv(fd, greeting, sizeof(greeting), 0), 0);
	close(fd);
	/* it has to prove itself */
	fail_by(world, "a", 0, 1);
	assert_int_equal(choose_for(world, "a", "app", "", 1), PR_TUNNEL_DOWN);
}

/* At once; that decides. */
static void test_unanswered_is_looked_at(void **state)
{
	static const char silent[] = "it ends connections at once";
	struct world *world = *state;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", PR_TUNNEL_SOCKS5);
	set(world);
	choose(world, "a", "app");
	assert_false(unanswered(world, 0));
	close(accept_one(world));
	for (unsigned int i = 0; i < PATIENCE && strcmp(state_of(world, 0).why, silent) != 0; i++)
		turn(world);
	/* a link and a look say the same */
	assert_string_equal(state_of(world, 0).why, silent);
	assert_false(state_of(world, 0).up);
}

static unsigned int n_ill;
static void on_ill(void *context)
{
	assert_null(context);
	n_ill++;
}

/* A link waits for one that says nothing: it leaves by another, and the next one is not sent there. */
static void test_left_while_it_hangs(void **state)
{
	struct world *world = *state;
	struct pr_way_mark first;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", PR_TUNNEL_HTTP);
	add(world, "b", PR_TUNNEL_HTTP);
	add_of(world, "any", PR_TUNNEL_SET, "ab");
	set(world);
	pr_ways_on_ill(world->ways, on_ill, NULL);
	n_ill = 0;
	choose(world, "any", "app");
	first = world->way.mark;
	assert_false(pr_ways_is_left(world->ways, &first, world->now_us));
	close(accept_one(world)); /* a look came, and ends at once */
	for (unsigned int i = 0; i < PATIENCE && n_ill == 0; i++)
		turn(world);
	assert_int_equal(n_ill, 1);
	assert_true(pr_ways_is_left(world->ways, &first, pr_clock_monotonic_us()));
	choose(world, "any", "app");
	assert_hops(world, "b");
	assert_false(pr_ways_is_left(world->ways, &world->way.mark, pr_clock_monotonic_us()));
}

/* A look goes on until the account is taken; what it is refused with is the reason. */
static void test_account_is_looked_at(void **state)
{
	struct world *world = *state;
	struct pr_tunnel_upstream *own;
	uint8_t said[16];
	int fd;

	assert_int_equal(listen(world->listener, 8), 0);
	own = add(world, "a", PR_TUNNEL_SOCKS5);
	own->user = "me";
	own->password = "secret";
	set(world);
	fail_by(world, "a", 0, PR_WAYS_FAILURES);
	fd = accept_one(world);
	assert_int_equal(recv(fd, said, sizeof(said), 0), 4);
	assert_int_equal(send(fd, "\x05\x02", 2, 0), 2);
	for (unsigned int i = 0;
	     i < PATIENCE && recv(fd, said, sizeof(said), MSG_PEEK | MSG_DONTWAIT) < 0; i++)
		turn(world);
	assert_int_equal(recv(fd, said, sizeof(said), 0), 11);
	assert_memory_equal(said, "\x01\x02me\x06secret", 11);
	assert_int_equal(send(fd, "\x01\x01", 2, 0), 2);
	for (unsigned int i = 0;
	     i < PATIENCE && strcmp(state_of(world, 0).why, "wrong user or password") != 0; i++)
		turn(world);
	assert_string_equal(state_of(world, 0).why, "wrong user or password");
	assert_false(state_of(world, 0).up);
	close(fd);
}

/* HTTP's hears of it together with a destination: a look names none that there is. */
static void account_refused(struct world *world, const char *answer, const char *line)
{
	char request[300] = { 0 };
	int fd;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", PR_TUNNEL_HTTP);
	set(world);
	choose(world, "a", "app");
	pr_ways_account_refused(world->ways, &world->way.mark, 0);
	assert_false(unanswered(world, 0));
	fd = accept_one(world);
	turn(world);
	assert_true(recv(fd, request, sizeof(request) - 1, 0) > 0);
	assert_string_equal(request, line);
	assert_int_equal(send(fd, answer, strlen(answer), 0), strlen(answer));
	for (unsigned int i = 0;
	     i < PATIENCE && state_of(world, 0).up && state_of(world, 0).failing; i++)
		turn(world);
	close(fd);
}

static const char for_nobody[] = "CONNECT account.invalid:443 HTTP/1.1\r\n"
				 "Host: account.invalid:443\r\n\r\n";

static void test_account_is_refused_to_all(void **state)
{
	struct world *world = *state;

	account_refused(world, "HTTP/1.1 407 No\r\n\r\n", for_nobody);
	assert_false(state_of(world, 0).up);
	assert_string_equal(state_of(world, 0).why, "it wants a user and a password");
}

static void test_account_is_refused_to_one(void **state)
{
	struct world *world = *state;

	account_refused(world, "HTTP/1.1 503 No\r\n\r\n", for_nobody);
	assert_true(state_of(world, 0).up);
	assert_false(state_of(world, 0).failing);
}

static void assert_not_back(struct world *world, enum pr_tunnel_kind kind, const char *why)
{
	int fd;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", kind);
	set(world);
	fail_by(world, "a", 0, PR_WAYS_FAILURES);
	fd = accept_one(world);
	assert_int_equal(send(fd, "220 mail.example\r\n", 18, 0), 18);
	for (unsigned int i = 0; i < PATIENCE && strcmp(state_of(world, 0).why, why) != 0; i++)
		turn(world);
	assert_string_equal(state_of(world, 0).why, why);
	assert_false(state_of(world, 0).up);
	close(fd);
}

static void test_nonsense_from_socks5(void **state)
{
	assert_not_back(*state, PR_TUNNEL_SOCKS5, "it does not speak SOCKS5");
}

static void test_nonsense_from_http(void **state)
{
	assert_not_back(*state, PR_TUNNEL_HTTP, "it does not speak HTTP");
}

static void test_nonsense_from_tls(void **state)
{
	assert_not_back(*state, PR_TUNNEL_CONNECT,
			"the handshake of TLS failed: wrong version number");
}

static void test_http_is_brought_back(void **state)
{
	struct world *world = *state;
	char request[100] = { 0 };
	int fd;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", PR_TUNNEL_HTTP);
	set(world);
	fail_by(world, "a", 0, PR_WAYS_FAILURES);
	fd = accept_one(world);
	turn(world);
	assert_true(recv(fd, request, sizeof(request) - 1, 0) > 0);
	assert_string_equal(request, "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n"
				     "Connection: close\r\n\r\n");
	assert_int_equal(send(fd, "HTTP/1.1 400 \r\n", 15, 0), 15);
	for (unsigned int i = 0; i < PATIENCE && !state_of(world, 0).up; i++)
		turn(world);
	assert_true(state_of(world, 0).up);
	close(fd);
}

static void test_interface_is_looked_at(void **state)
{
	struct world *world = *state;

	add(world, "a", PR_TUNNEL_INTERFACE);
	add(world, "b", PR_TUNNEL_INTERFACE)->interface = "nosuch0";
	set(world);
	fail_by(world, "a", 0, PR_WAYS_FAILURES);
	fail_by(world, "b", 0, PR_WAYS_FAILURES);
	for (unsigned int i = 0; i < PATIENCE && !state_of(world, 0).up; i++)
		turn(world);
	assert_true(state_of(world, 0).up);
	assert_false(state_of(world, 1).up);
	assert_string_equal(state_of(world, 1).why, "the interface nosuch0 is not there");
}

static void test_freed_while_it_looks(void **state)
{
	struct world *world = *state;

	assert_int_equal(listen(world->listener, 8), 0);
	add(world, "a", PR_TUNNEL_SOCKS5);
	set(world);
	fail_by(world, "a", 0, PR_WAYS_FAILURES);
	close(accept_one(world));
	set(world);
	pr_ways_free(PR_TAKE_PTR(world->ways));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unanswered_is_looked_at),   TEST(test_brought_back),
		TEST(test_left_while_it_hangs),	      TEST(test_account_is_looked_at),
		TEST(test_account_is_refused_to_all), TEST(test_account_is_refused_to_one),
		TEST(test_nonsense_from_socks5),      TEST(test_nonsense_from_http),
		TEST(test_nonsense_from_tls),	      TEST(test_http_is_brought_back),
		TEST(test_interface_is_looked_at),    TEST(test_freed_while_it_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
