/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dials to sockets of our own, with a nameserver of our own that answers as it is told, in a network namespace of its own.
 * Needs no root where user namespaces are allowed; otherwise it is skipped.
 */
#include "tunnel/dial.h"

#include "base/clock.h"
#include "own_namespace.h"
#include "unit.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 10 /* then a test has failed */
#define TYPE_A	   1
#define TYPE_AAAA  28
#define NXDOMAIN   3
#define SERVFAIL   2

enum manner {
	ANSWERS, /* 127.0.0.1 and ::1 */
	ANSWERS_V4,
	ANSWERS_V6,
	WITHHOLDS_A,
	WITHHOLDS_AAAA,
	KNOWS_NOTHING, /* NXDOMAIN */
	HAS_NOTHING,   /* NODATA */
	FAILS,	       /* SERVFAIL */
	LIES_FIRST,    /* junk, then what is right */
};

struct end {
	struct world *world;
	unsigned int n_done;
	enum pr_tunnel_outcome outcome;
	int fd;
	char why[PR_TUNNEL_WHY_MAX + 1];
};

struct world {
	struct event_base *base;
	struct pr_dialer *dialer;
	struct event *asked;
	enum manner manner;
	unsigned int n_a, n_aaaa; /* questions */
	unsigned int n_waited;	  /* ends that are waited for */
	int nameserver, listener[2];
	uint16_t port;
	struct end end;
};

static const struct pr_address loopback = { 4, { 127, 0, 0, 1 } };

/* ---- the nameserver ---- */

static size_t write_record(uint8_t *bytes, uint16_t type)
{
	static const uint8_t head[] = { 0xc0, 12, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0 };
	static const uint8_t v4[] = { 127, 0, 0, 1 }, v6[16] = { [15] = 1 };
	size_t len = type == TYPE_A ? sizeof(v4) : sizeof(v6);

	memcpy(bytes, head, sizeof(head));
	bytes[3] = (uint8_t)type;
	bytes[11] = (uint8_t)len;
	memcpy(bytes + sizeof(head), type == TYPE_A ? v4 : v6, len);
	return sizeof(head) + len;
}

static bool has_record(enum manner manner, uint16_t type)
{
	if (manner == KNOWS_NOTHING || manner == HAS_NOTHING || manner == FAILS)
		return false;
	return manner != (type == TYPE_A ? ANSWERS_V6 : ANSWERS_V4);
}

/* Turns the question into an answer; its length. */
static size_t make_answer(uint8_t *bytes, size_t question_len, uint16_t type, enum manner manner)
{
	size_t len = question_len;

	bytes[2] = 0x81;
	bytes[3] = (uint8_t)(0x80 | (manner == KNOWS_NOTHING ? NXDOMAIN
				     : manner == FAILS	     ? SERVFAIL
							     : 0));
	memset(bytes + 6, 0, 6);
	if (has_record(manner, type)) {
		bytes[7] = 1;
		len += write_record(bytes + len, type);
	}
	return len;
}

static void lie(int fd, const uint8_t *answer, size_t len, const struct sockaddr_in *to)
{
	uint8_t bytes[512];

	memcpy(bytes, answer, len);
	bytes[1] ^= 1; /* another id */
	(void)sendto(fd, bytes, len, 0, (const struct sockaddr *)to, sizeof(*to));
	bytes[1] ^= 1;
	bytes[13] ^= 1; /* another name */
	(void)sendto(fd, bytes, len, 0, (const struct sockaddr *)to, sizeof(*to));
	(void)sendto(fd, bytes, 7, 0, (const struct sockaddr *)to, sizeof(*to));
	(void)sendto(fd, bytes, 0, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void on_asked(evutil_socket_t fd, short what, void *context)
{
	struct world *world = context;
	uint8_t bytes[512];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t got = recvfrom(fd, bytes, 300, 0, (struct sockaddr *)&from, &from_len);
	size_t len = 12;
	uint16_t type;

	(void)what;
	assert_true(got > 17);
	while (bytes[len])
		len += bytes[len] + 1u;
	type = bytes[len + 2];
	len += 5;
	world->n_a += type == TYPE_A;
	world->n_aaaa += type == TYPE_AAAA;
	if (world->manner == (type == TYPE_A ? WITHHOLDS_A : WITHHOLDS_AAAA))
		return;
	len = make_answer(bytes, len, type, world->manner);
	if (world->manner == LIES_FIRST)
		lie(fd, bytes, len, &from);
	assert_int_equal(sendto(fd, bytes, len, 0, (struct sockaddr *)&from, from_len), len);
}

/* ---- the world ---- */

static int bound(int family, int type, uint16_t *port)
{
	struct pr_address address =
		family == AF_INET ? loopback : (struct pr_address){ 6, { [15] = 1 } };
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage at;
	socklen_t len = pr_address_to_sockaddr(&address, *port, &at);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	pr_address_from_sockaddr((struct sockaddr *)&at, port);
	return fd;
}

static int setup(void **state)
{
	struct world *world = pr_calloc(1, sizeof(*world));
	uint16_t domain = 53;

	world->base = event_base_new();
	world->dialer = pr_dialer_new(world->base);
	pr_dialer_nameservers(world->dialer, &loopback, 1);
	world->nameserver = bound(AF_INET, SOCK_DGRAM, &domain);
	world->asked =
		event_new(world->base, world->nameserver, EV_READ | EV_PERSIST, on_asked, world);
	event_add(world->asked, NULL);
	world->listener[0] = bound(AF_INET, SOCK_STREAM, &world->port);
	world->listener[1] = bound(AF_INET6, SOCK_STREAM, &world->port);
	assert_int_equal(listen(world->listener[0], 8), 0);
	assert_int_equal(listen(world->listener[1], 8), 0);
	world->end.fd = -1;
	*state = world;
	return 0;
}

static void stop_listening(struct world *world, unsigned int i)
{
	close(PR_TAKE_FD(world->listener[i]));
}

static int teardown(void **state)
{
	struct world *world = *state;

	pr_dialer_free(world->dialer);
	event_free(world->asked);
	event_base_free(world->base);
	close(world->nameserver);
	for (unsigned int i = 0; i < 2; i++)
		if (world->listener[i] >= 0)
			close(world->listener[i]);
	if (world->end.fd >= 0)
		close(world->end.fd);
	free(world);
	return 0;
}

static void on_done(void *context, enum pr_tunnel_outcome outcome, int fd, const char *why)
{
	struct end *end = context;

	end->n_done++;
	end->outcome = outcome;
	end->fd = fd;
	snprintf(end->why, sizeof(end->why), "%s", why);
	if (--end->world->n_waited == 0)
		event_base_loopbreak(end->world->base);
}

static struct pr_dial *start(struct world *world, struct end *end, const struct pr_dial_to *to)
{
	struct pr_dial *dial;

	*end = (struct end){ .world = world, .fd = -1 };
	world->n_waited++;
	dial = pr_dial_start(world->dialer, to, on_done, end);
	assert_int_equal(end->n_done, 0);
	return dial;
}

static void wait(struct world *world)
{
	const struct timeval patience = { PATIENCE_S, 0 };

	event_base_loopexit(world->base, &patience);
	event_base_dispatch(world->base);
	assert_int_equal(world->n_waited, 0);
}

static void dial(struct world *world, const char *host)
{
	start(world, &world->end,
	      &(struct pr_dial_to){ .host = host, .port = world->port, .interface = "" });
	wait(world);
}

static void assert_failed(const struct world *world, enum pr_tunnel_outcome outcome,
			  const char *why)
{
	assert_int_equal(world->end.outcome, outcome);
	assert_int_equal(world->end.fd, -1);
	assert_string_equal(world->end.why, why);
}

static void assert_open(const struct world *world, uint8_t family)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	assert_string_equal(world->end.why, "");
	assert_int_equal(world->end.outcome, PR_TUNNEL_OPEN);
	assert_int_equal(getpeername(world->end.fd, (struct sockaddr *)&peer, &len), 0);
	assert_int_equal(pr_address_from_sockaddr((struct sockaddr *)&peer, NULL).family, family);
}

static int option(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = 0;

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* ---- addresses ---- */

static void test_address(void **state)
{
	struct world *world = *state;
	int fd;

	dial(world, "127.0.0.1");
	assert_open(world, 4);
	fd = world->end.fd;
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_int_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(world->n_a, 0);
}

static void test_address_v6(void **state)
{
	dial(*state, "::1");
	assert_open(*state, 6);
}

static void test_refused(void **state)
{
	struct world *world = *state;
	char why[80];

	stop_listening(world, 0);
	dial(world, "127.0.0.1");
	snprintf(why, sizeof(why), "127.0.0.1 port %u: Connection refused", world->port);
	assert_failed(world, PR_TUNNEL_REFUSED, why);
}

static void test_no_way(void **state)
{
	struct world *world = *state;
	char why[80];

	dial(world, "192.0.2.1");
	snprintf(why, sizeof(why), "192.0.2.1 port %u: Network is unreachable", world->port);
	assert_failed(world, PR_TUNNEL_UNREACHABLE, why);
}

static void test_datagrams(void **state)
{
	struct world *world = *state;
	const struct pr_dial_to to = {
		.host = "both.example", .port = 4000, .datagrams = true, .interface = ""
	};
	uint16_t from = 4000;
	int peer = bound(AF_INET6, SOCK_DGRAM, &from);
	char byte;

	start(world, &world->end, &to);
	wait(world);
	assert_open(world, 6);
	assert_int_equal(recv(peer, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(send(world->end.fd, "x", 1, 0), 1);
	assert_int_equal(recv(peer, &byte, 1, 0), 1);
	close(peer);
}

/* ---- names ---- */

static void test_ipv6_first(void **state)
{
	struct world *world = *state;

	dial(world, "both.example");
	assert_open(world, 6);
	assert_int_equal(world->n_a, 1);
	assert_int_equal(world->n_aaaa, 1);
}

static void test_one_family(void **state)
{
	struct world *world = *state;

	world->manner = ANSWERS_V4;
	dial(world, "four.example");
	assert_open(world, 4);
	close(world->end.fd);
	world->manner = ANSWERS_V6;
	dial(world, "six.example");
	assert_open(world, 6);
}

static void test_late_aaaa_is_not_waited_for(void **state)
{
	struct world *world = *state;
	uint64_t since_us = pr_clock_monotonic_us();

	world->manner = WITHHOLDS_AAAA;
	dial(world, "late.example");
	assert_open(world, 4);
	assert_true(pr_clock_monotonic_us() - since_us >= 50 * 1000);
}

static void test_late_a_is_not_waited_for(void **state)
{
	struct world *world = *state;

	world->manner = WITHHOLDS_A;
	dial(world, "late.example");
	assert_open(world, 6);
}

static void test_refusing_family_is_passed_over(void **state)
{
	struct world *world = *state;

	stop_listening(world, 1);
	dial(world, "both.example");
	assert_open(world, 4);
}

/* A listener whose queue is full drops what comes. */
static void fill(struct world *world, unsigned int i, int *clients, unsigned int n)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);

	assert_int_equal(listen(world->listener[i], 0), 0);
	assert_int_equal(getsockname(world->listener[i], (struct sockaddr *)&at, &len), 0);
	for (unsigned int j = 0; j < n; j++) {
		clients[j] = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(clients[j], (struct sockaddr *)&at, len);
	}
}

static void test_silent_family_is_passed_over(void **state)
{
	struct world *world = *state;
	uint64_t since_us = pr_clock_monotonic_us();
	int clients[3];

	fill(world, 1, clients, PR_ARRAY_SIZE(clients));
	dial(world, "both.example");
	assert_open(world, 4);
	assert_true(pr_clock_monotonic_us() - since_us >= PR_DIAL_ATTEMPT_MS * 1000);
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(clients); i++)
		close(clients[i]);
}

static void test_name_is_not_there(void **state)
{
	struct world *world = *state;

	world->manner = KNOWS_NOTHING;
	dial(world, "nothing.example");
	assert_failed(world, PR_TUNNEL_UNREACHABLE, "the name nothing.example is not there");
}

static void test_name_has_no_address(void **state)
{
	struct world *world = *state;

	world->manner = HAS_NOTHING;
	dial(world, "nothing.example");
	assert_failed(world, PR_TUNNEL_UNREACHABLE, "the name nothing.example has no address");
}

static void test_nameserver_fails(void **state)
{
	struct world *world = *state;

	world->manner = FAILS;
	dial(world, "broken.example");
	assert_failed(world, PR_TUNNEL_UNREACHABLE,
		      "no nameserver could tell where broken.example is");
	/* it is no answer that would be kept */
	world->manner = ANSWERS;
	dial(world, "broken.example");
	assert_open(world, 6);
}

static void test_nobody_to_ask(void **state)
{
	struct world *world = *state;

	pr_dialer_nameservers(world->dialer, NULL, 0);
	dial(world, "both.example");
	assert_failed(world, PR_TUNNEL_UNREACHABLE,
		      "there is no nameserver to ask for both.example");
}

static void test_lies(void **state)
{
	struct world *world = *state;

	world->manner = LIES_FIRST;
	dial(world, "true.example");
	assert_open(world, 6);
}

static void test_names_that_are_not_asked_for(void **state)
{
	struct world *world = *state;

	dial(world, "localhost");
	assert_open(world, 6);
	close(world->end.fd);
	dial(world, "abc.onion");
	assert_failed(world, PR_TUNNEL_UNREACHABLE, "abc.onion is reached through Tor alone");
	dial(world, "a\\046b.example");
	assert_failed(world, PR_TUNNEL_UNREACHABLE, "a\\046b.example is no name of a host");
	assert_int_equal(world->n_a + world->n_aaaa, 0);
}

static void test_asked_once(void **state)
{
	struct world *world = *state;
	const struct pr_dial_to to = { .host = "both.example",
				       .port = world->port,
				       .interface = "" };
	struct end ends[5];

	for (unsigned int i = 0; i < PR_ARRAY_SIZE(ends); i++)
		start(world, &ends[i], &to);
	wait(world);
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(ends); i++) {
		assert_int_equal(ends[i].outcome, PR_TUNNEL_OPEN);
		close(ends[i].fd);
	}
	dial(world, "both.example");
	assert_open(world, 6);
	assert_int_equal(world->n_a, 1);
	assert_int_equal(world->n_aaaa, 1);
}

static void test_useless_answer_is_forgotten(void **state)
{
	struct world *world = *state;

	stop_listening(world, 0);
	stop_listening(world, 1);
	dial(world, "both.example");
	assert_int_equal(world->end.outcome, PR_TUNNEL_REFUSED);
	dial(world, "both.example");
	assert_int_equal(world->n_a, 2);
}

/* ---- interfaces ---- */

static void test_interface(void **state)
{
	struct world *world = *state;
	const struct pr_dial_to to = { "both.example", world->port, false, "lo", &loopback, 1 };

	pr_dialer_nameservers(world->dialer, NULL, 0);
	start(world, &world->end, &to);
	wait(world);
	assert_open(world, 6);
	assert_int_equal(option(world->end.fd, SOL_SOCKET, SO_BINDTOIFINDEX), if_nametoindex("lo"));
}

static void test_interface_is_not_there(void **state)
{
	struct world *world = *state;
	struct pr_dial_to to = { "both.example", world->port, false, "wg0", &loopback, 1 };

	start(world, &world->end, &to);
	wait(world);
	assert_failed(world, PR_TUNNEL_DOWN, "the interface wg0 is not there");
	assert_int_equal(world->n_a + world->n_aaaa, 0);
	to.host = "127.0.0.1";
	start(world, &world->end, &to);
	wait(world);
	assert_failed(world, PR_TUNNEL_DOWN, "the interface wg0 is not there");
	to.interface = "an-interface-with-a-long-name";
	start(world, &world->end, &to);
	wait(world);
	assert_failed(world, PR_TUNNEL_DOWN,
		      "the interface an-interface-with-a-long-name is not there");
}

/* ---- ends ---- */

static void test_cancelled(void **state)
{
	struct world *world = *state;
	const struct pr_dial_to to = { .host = "both.example",
				       .port = world->port,
				       .interface = "" };
	struct end cancelled;

	pr_dial_cancel(start(world, &cancelled, &to));
	world->n_waited--;
	dial(world, "both.example");
	assert_open(world, 6);
	assert_int_equal(cancelled.n_done, 0);
}

static void test_freed_on_the_way(void **state)
{
	struct world *world = *state;
	const struct pr_dial_to to = { .host = "both.example",
				       .port = world->port,
				       .interface = "" };

	start(world, &world->end, &to);
	event_base_loop(world->base, EVLOOP_ONCE);
	pr_dialer_free(PR_TAKE_PTR(world->dialer));
	assert_int_equal(world->end.n_done, 0);
}

/* More than are kept, from more places than there are channels. */
static void test_limits(void **state)
{
	struct world *world = *state;
	char host[32];

	for (unsigned int i = 0; i < 1100; i++) {
		snprintf(host, sizeof(host), "n%u.example", i);
		dial(world, host);
		assert_open(world, 6);
		close(world->end.fd);
		close(accept(world->listener[1], NULL, NULL));
	}
	for (unsigned int i = 0; i < 60; i++) {
		const struct pr_address servers[2] = { loopback, { 4, { 127, 0, 1, (uint8_t)i } } };
		const struct pr_dial_to to = {
			"other.example", world->port, false, "", servers, 2
		};

		start(world, &world->end, &to);
		wait(world);
		assert_open(world, 6);
		close(world->end.fd);
		close(accept(world->listener[1], NULL, NULL));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_address),
		TEST(test_address_v6),
		TEST(test_refused),
		TEST(test_no_way),
		TEST(test_datagrams),
		TEST(test_ipv6_first),
		TEST(test_one_family),
		TEST(test_late_aaaa_is_not_waited_for),
		TEST(test_late_a_is_not_waited_for),
		TEST(test_refusing_family_is_passed_over),
		TEST(test_silent_family_is_passed_over),
		TEST(test_name_is_not_there),
		TEST(test_name_has_no_address),
		TEST(test_nameserver_fails),
		TEST(test_nobody_to_ask),
		TEST(test_lies),
		TEST(test_names_that_are_not_asked_for),
		TEST(test_asked_once),
		TEST(test_useless_answer_is_forgotten),
		TEST(test_interface),
		TEST(test_interface_is_not_there),
		TEST(test_cancelled),
		TEST(test_freed_on_the_way),
		TEST(test_limits),
	};

	if (!enter_namespace())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
