/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions on their way, with upstreams that are sockets of our own: what they hear, and what is made of what they
 * say. */
#include "resolver/resolver.h"

#include "dns/asked.h"
#include "dns/message.h"
#include "dns/reply.h"
#include "unit.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_QUESTIONS 40
#define N_PUMPED    200 /* rounds of the loop at most until something is there: each is 10 ms */

struct world {
	struct event_base *base;
	struct pr_resolver *resolver;
	int servers[2]; /* UDP */
	int tcp;	/* listens at the port of the first */
	struct pr_upstream upstreams[2];
	unsigned int n_answers[N_QUESTIONS + 1], n_renewed;
	uint8_t last[PR_DNS_MESSAGE_MAX];
	size_t last_len;
};

/* A question as an upstream got it. */
struct got {
	uint8_t bytes[600];
	size_t len;
	struct sockaddr_in from;
};

static void answer(void *context, uint64_t ticket, const uint8_t *bytes, size_t len)
{
	struct world *world = context;

	assert_in_range(ticket, 0, N_QUESTIONS);
	assert_true(len >= PR_DNS_HEADER_LEN);
	world->n_answers[ticket]++;
	memcpy(world->last, bytes, len);
	world->last_len = len;
}

static void renewed(void *context)
{
	((struct world *)context)->n_renewed++;
}

static int server_socket(int type, uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(*port) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static int setup(void **state)
{
	struct world *world = pr_calloc(1, sizeof(*world));
	const struct pr_resolver_ports ports = { world, answer, renewed };

	world->base = event_base_new();
	assert_int_equal(pr_resolver_new(world->base, &ports, &world->resolver), 0);
	for (unsigned int i = 0; i < 2; i++) {
		uint16_t port = 0;

		world->servers[i] = server_socket(SOCK_DGRAM, &port);
		assert_int_equal(pr_upstream_parse("127.0.0.1", &world->upstreams[i]), 0);
		world->upstreams[i].port = port;
	}
	world->tcp = server_socket(SOCK_STREAM, &world->upstreams[0].port);
	assert_int_equal(listen(world->tcp, 8), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	pr_resolver_free(world->resolver);
	event_base_free(world->base);
	close(world->servers[0]);
	close(world->servers[1]);
	close(world->tcp);
	free(world);
	return 0;
}

static void ask(struct world *world, unsigned int ticket, const char *name, uint16_t flags)
{
	uint8_t bytes[300];
	size_t len =
		pr_dns_write_question(0, name, PR_DNS_TYPE_A, flags, false, bytes, sizeof(bytes));

	pr_resolver_ask(world->resolver, ticket, bytes, len);
}

static void turn(struct world *world)
{
	const struct timeval soon = { .tv_usec = 10000 };

	event_base_loopexit(world->base, &soon);
	event_base_dispatch(world->base);
}

/* The next question that came to an upstream. */
static void take(struct world *world, int fd, struct got *got)
{
	for (unsigned int i = 0; i < N_PUMPED; i++) {
		socklen_t from_len = sizeof(got->from);
		ssize_t len = recvfrom(fd, got->bytes, sizeof(got->bytes), 0,
				       (struct sockaddr *)&got->from, &from_len);

		got->len = (size_t)len;
		if (len >= 0)
			return;
		turn(world);
	}
	fail_msg("nothing was asked");
}

static bool nothing_comes(struct world *world, int fd)
{
	struct got got;

	turn(world);
	return recv(fd, got.bytes, sizeof(got.bytes), 0) < 0;
}

/* Makes a reply without records of what was got. */
static void make_reply(struct got *got, unsigned int flags, unsigned int rcode)
{
	got->bytes[2] |= (uint8_t)((PR_DNS_FLAG_QR | flags) >> 8);
	got->bytes[3] = (uint8_t)((flags & 0xf0) | rcode);
}

static void say(struct world *world, int fd, const struct got *got)
{
	assert_int_equal(sendto(fd, got->bytes, got->len, 0, (const struct sockaddr *)&got->from,
				sizeof(got->from)),
			 got->len);
	turn(world);
}

static void reply(struct world *world, int fd, struct got *got, unsigned int flags,
		  unsigned int rcode)
{
	make_reply(got, flags, rcode);
	say(world, fd, got);
}

static void take_over_tcp(struct world *world, int *ret_fd, struct got *got)
{
	uint8_t prefix[2];

	for (unsigned int i = 0; i < N_PUMPED; i++) {
		*ret_fd = accept(world->tcp, NULL, NULL);
		if (*ret_fd >= 0)
			break;
		turn(world);
	}
	turn(world);
	assert_int_equal(recv(*ret_fd, prefix, sizeof(prefix), 0), 2);
	got->len = (size_t)prefix[0] << 8 | prefix[1];
	assert_int_equal(recv(*ret_fd, got->bytes, got->len, 0), got->len);
}

static void reply_over_tcp(struct world *world, int fd, struct got *got, unsigned int flags)
{
	uint8_t prefix[2] = { (uint8_t)(got->len >> 8), (uint8_t)got->len };

	make_reply(got, flags, 0);
	assert_int_equal(send(fd, prefix, 2, 0), 2);
	turn(world);
	assert_int_equal(send(fd, got->bytes, got->len, 0), got->len);
	turn(world);
}

static unsigned int last_rcode(const struct world *world)
{
	return world->last[3] & PR_DNS_RCODE_MASK;
}

/* The name as it stands in a question or answer. */
static const char *name_in(const uint8_t *bytes)
{
	return (const char *)bytes + PR_DNS_HEADER_LEN;
}

static void without_an_upstream_it_fails(void **state)
{
	struct world *world = *state;

	ask(world, 0, "example.com", 0);
	assert_int_equal(world->n_answers[0], 1);
	assert_int_equal(last_rcode(world), PR_DNS_RCODE_SERVFAIL);
	assert_true(pr_resolver_set_upstreams(world->resolver, world->upstreams, 2));
	assert_int_equal(world->n_renewed, 1);
	assert_false(pr_resolver_set_upstreams(world->resolver, world->upstreams, 2));
	assert_int_equal(world->n_renewed, 1);
}

static void names_that_stay_here(void **state)
{
	struct world *world = *state;

	pr_resolver_set_upstreams(world->resolver, world->upstreams, 1);
	ask(world, 0, "localhost", 0);
	ask(world, 1, "a.localhost", 0);
	assert_int_equal(last_rcode(world), 0);
	assert_int_equal(world->last[7], 1);
	assert_memory_equal(world->last + world->last_len - 4, "\177\0\0\1", 4);
	ask(world, 2, "x.onion", 0);
	assert_int_equal(last_rcode(world), PR_DNS_RCODE_NXDOMAIN);
	ask(world, 3, "a.invalid", 0);
	assert_int_equal(last_rcode(world), PR_DNS_RCODE_NXDOMAIN);
	ask(world, 4, "1.0.0.127.in-addr.arpa", 0);
	assert_int_equal(last_rcode(world), 0);
	assert_true(nothing_comes(world, world->servers[0]));
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(world->n_answers[i], 1);
}

/* The id and the case of the letters are drawn; neither is seen by who asked. */
static void what_is_drawn_stays_here(void **state)
{
	struct world *world = *state;
	bool mixed = false;
	struct got got;

	pr_resolver_set_upstreams(world->resolver, world->upstreams, 1);
	for (unsigned int i = 0; i < 8; i++) {
		ask(world, i, "abcdefghijklmnop.example", PR_DNS_FLAG_CD | PR_DNS_FLAG_AD);
		take(world, world->servers[0], &got);
		assert_int_equal(got.bytes[3], PR_DNS_FLAG_CD | PR_DNS_FLAG_AD);
		for (const char *c = name_in(got.bytes); *c; c++)
			mixed = mixed || isupper(*c);
		reply(world, world->servers[0], &got, PR_DNS_FLAG_AD, 0);
		assert_int_equal(world->n_answers[i], 1);
		assert_string_equal(name_in(world->last), "\20abcdefghijklmnop\7example");
		assert_memory_equal(world->last, "\0\0", 2);
		assert_true(world->last[3] & PR_DNS_FLAG_AD);
	}
	assert_true(mixed);
}

static void the_same_question_is_asked_once(void **state)
{
	struct world *world = *state;
	struct got got;

	pr_resolver_set_upstreams(world->resolver, world->upstreams, 1);
	ask(world, 0, "example.com", 0);
	ask(world, 1, "example.com", 0);
	ask(world, 2, "example.com", PR_DNS_FLAG_CD); /* not the same */
	take(world, world->servers[0], &got);
	reply(world, world->servers[0], &got, 0, 0);
	assert_int_equal(world->n_answers[0] + world->n_answers[1], got.bytes[3] & 0x10 ? 0 : 2);
	take(world, world->servers[0], &got);
	reply(world, world->servers[0], &got, 0, 0);
	assert_int_equal(world->n_answers[0] + world->n_answers[1] + world->n_answers[2], 3);
	assert_true(nothing_comes(world, world->servers[0]));
	assert_int_equal(pr_resolver_counters(world->resolver).joined, 1);
	/* what was asked for before all was forgotten is no answer to what comes after */
	ask(world, 3, "example.com", 0);
	pr_resolver_flush(world->resolver);
	ask(world, 4, "example.com", 0);
	take(world, world->servers[0], &got);
	take(world, world->servers[0], &got);
}

static void an_upstream_that_is_away(void **state)
{
	struct world *world = *state;
	struct got got;

	pr_resolver_set_upstreams(world->resolver, world->upstreams, 2);
	ask(world, 0, "example.com", 0);
	take(world, world->servers[1], &got); /* after the first one's time */
	assert_int_equal(world->n_answers[0], 0);
	/* the first one's answer still counts */
	take(world, world->servers[0], &got);
	reply(world, world->servers[0], &got, 0, PR_DNS_RCODE_NXDOMAIN);
	assert_int_equal(world->n_answers[0], 1);
	assert_int_equal(last_rcode(world), PR_DNS_RCODE_NXDOMAIN);
}

static void failures(void **state)
{
	struct world *world = *state;
	struct got got;

	pr_resolver_set_upstreams(world->resolver, world->upstreams, 2);
	/* another upstream may know better … */
	ask(world, 0, "example.com", 0);
	take(world, world->servers[0], &got);
	reply(world, world->servers[0], &got, 0, PR_DNS_RCODE_REFUSED);
	take(world, world->servers[1], &got);
	reply(world, world->servers[1], &got, 0, 0);
	assert_int_equal(world->n_answers[0], 1);
	assert_int_equal(last_rcode(world), 0);
	/* … where none does the first one's failure is what there is */
	ask(world, 1, "example.com", 0);
	take(world, world->servers[0], &got);
	reply(world, world->servers[0], &got, 0, PR_DNS_RCODE_REFUSED);
	take(world, world->servers[1], &got);
	reply(world, world->servers[1], &got, 0, PR_DNS_RCODE_SERVFAIL);
	assert_int_equal(world->n_answers[1], 1);
	assert_int_equal(last_rcode(world), PR_DNS_RCODE_REFUSED);
}

/* An upstream's word that data is bogus is final: the next one may not validate. */
static void bogus_is_an_answer(void **state)
{
	static const uint8_t ede[] = { 0, 6, 0, 15, 0, 2, 0, 6 };
	struct world *world = *state;
	struct got got;

	pr_resolver_set_upstreams(world->resolver, world->upstreams, 2);
	ask(world, 0, "example.com", 0);
	take(world, world->servers[0], &got);
	memcpy(got.bytes + got.len - 2, ede, sizeof(ede));
	got.len += sizeof(ede) - 2;
	reply(world, world->servers[0], &got, 0, PR_DNS_RCODE_SERVFAIL);
	assert_int_equal(world->n_answers[0], 1);
	assert_memory_equal(world->last + world->last_len - sizeof(ede), ede, sizeof(ede));
	assert_true(nothing_comes(world, world->servers[1]));
}

static void who_does_not_know_edns(void **state)
{
	struct world *world = *state;
	struct got got;

	pr_resolver_set_upstreams(world->resolver, world->upstreams, 1);
	ask(world, 0, "example.com", 0);
	take(world, world->servers[0], &got);
	assert_int_equal(got.bytes[11], 1);
	got.len = PR_DNS_HEADER_LEN; /* the question isn't repeated */
	got.bytes[5] = got.bytes[11] = 0;
	reply(world, world->servers[0], &got, 0, PR_DNS_RCODE_FORMERR);
	take(world, world->servers[0], &got);
	assert_int_equal(got.bytes[11], 0);
	reply(world, world->servers[0], &got, 0, 0);
	assert_int_equal(world->n_answers[0], 1);
	ask(world, 1, "example.org", 0); /* anybody may have said that: it is not remembered */
	take(world, world->servers[0], &got);
	assert_int_equal(got.bytes[11], 1);
	reply(world, world->servers[0], &got, 0, PR_DNS_RCODE_NOTIMP);
	take(world, world->servers[0], &got);
	assert_int_equal(got.bytes[11], 0);
	reply(world, world->servers[0], &got, 0, 0);
	assert_int_equal(world->n_answers[1], 1);
	ask(world, 2, "example.net", 0); /* the upstream did */
	take(world, world->servers[0], &got);
	assert_int_equal(got.bytes[11], 0);
}

static void guesses(void **state)
{
	struct world *world = *state;
	struct got got, guess;
	int fd;

	pr_resolver_set_upstreams(world->resolver, world->upstreams, 1);
	ask(world, 0, "example.com", 0);
	take(world, world->servers[0], &got);
	for (unsigned int i = 1; i <= 3; i++) {
		guess = got;
		guess.bytes[1] = (uint8_t)(guess.bytes[1] + i);
		reply(world, world->servers[0], &guess, 0, 0);
	}
	assert_int_equal(world->n_answers[0], 0);
	assert_int_equal(pr_resolver_counters(world->resolver).forged, 3);
	/* the right one comes too late: nobody listens at that port any more */
	reply(world, world->servers[0], &got, 0, PR_DNS_RCODE_NXDOMAIN);
	assert_int_equal(world->n_answers[0], 0);
	take_over_tcp(world, &fd, &got);
	reply_over_tcp(world, fd, &got, 0);
	assert_int_equal(world->n_answers[0], 1);
	assert_int_equal(last_rcode(world), 0);
	close(fd);
}

static void lower(struct got *got)
{
	for (size_t i = PR_DNS_HEADER_LEN; got->bytes[i]; i++)
		got->bytes[i] = (uint8_t)tolower(got->bytes[i]);
}

static void who_does_not_keep_the_case(void **state)
{
	const char name[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz.example";
	struct world *world = *state;
	struct got got;
	int fd;

	pr_resolver_set_upstreams(world->resolver, world->upstreams, 1);
	ask(world, 0, name, 0);
	take(world, world->servers[0], &got);
	lower(&got);
	reply(world, world->servers[0], &got, 0, 0);
	assert_int_equal(world->n_answers[0], 0); /* it might be a guess */
	take_over_tcp(world, &fd, &got);
	lower(&got);
	reply_over_tcp(world, fd, &got, 0);
	assert_int_equal(world->n_answers[0], 1);
	ask(world, 1, name, 0); /* it is remembered */
	take(world, world->servers[0], &got);
	lower(&got);
	reply(world, world->servers[0], &got, 0, 0);
	assert_int_equal(world->n_answers[1], 1);
	close(fd);
}

/* Like cheap routers: only their own word is to be had, so it is taken. Guesses get no third round. */
static void who_has_no_tcp(void **state)
{
	const char name[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz.example";
	struct world *world = *state;
	struct got got, guess;

	pr_resolver_set_upstreams(world->resolver, &world->upstreams[1], 1);
	ask(world, 0, name, 0);
	take(world, world->servers[1], &got);
	lower(&got);
	reply(world, world->servers[1], &got, 0, 0);
	take(world, world->servers[1], &got);
	lower(&got);
	reply(world, world->servers[1], &got, 0, 0);
	assert_int_equal(world->n_answers[0], 1);
	assert_int_equal(last_rcode(world), 0);
	ask(world, 1, "1.2.3", 0);
	for (unsigned int round = 0; round < 2; round++) {
		take(world, world->servers[1], &got);
		for (unsigned int i = 1; i <= 3; i++) {
			guess = got;
			guess.bytes[1] = (uint8_t)(guess.bytes[1] + i);
			reply(world, world->servers[1], &guess, 0, 0);
		}
	}
	for (unsigned int i = 0; i < 10 && !world->n_answers[1]; i++)
		turn(world);
	assert_int_equal(world->n_answers[1], 1);
	assert_int_equal(last_rcode(world), PR_DNS_RCODE_SERVFAIL);
}

static void what_is_cut_is_had_over_tcp(void **state)
{
	struct world *world = *state;
	struct got got, first;
	int fd;

	pr_resolver_set_upstreams(world->resolver, world->upstreams, 1);
	ask(world, 0, "example.com", 0);
	take(world, world->servers[0], &got);
	reply(world, world->servers[0], &got, PR_DNS_FLAG_TC, 0);
	take_over_tcp(world, &fd, &first);
	/* a second one on the same connection, answered before the first */
	ask(world, 1, "example.org", 0);
	take(world, world->servers[0], &got);
	reply(world, world->servers[0], &got, PR_DNS_FLAG_TC, 0);
	assert_int_equal(recv(fd, got.bytes, 2, 0), 2);
	got.len = got.bytes[1];
	assert_int_equal(recv(fd, got.bytes, got.len, 0), got.len);
	reply_over_tcp(world, fd, &got, 0);
	assert_int_equal(world->n_answers[1], 1);
	assert_int_equal(world->n_answers[0], 0);
	/* the connection ends: the first is asked again on a new one */
	close(fd);
	take_over_tcp(world, &fd, &first);
	reply_over_tcp(world, fd, &first, 0);
	assert_int_equal(world->n_answers[0], 1);
	assert_int_equal(last_rcode(world), 0);
	close(fd);
}

static void other_upstreams_while_questions_are_on_their_way(void **state)
{
	struct world *world = *state;
	struct got got;

	pr_resolver_set_upstreams(world->resolver, world->upstreams, 1);
	for (unsigned int i = 0; i < N_QUESTIONS; i++) {
		char name[20];

		snprintf(name, sizeof(name), "n%u.example", i);
		ask(world, i, name, 0);
		pr_resolver_set_upstreams(world->resolver, &world->upstreams[(i + 1) % 2], 1);
	}
	for (unsigned int i = 0; i < N_QUESTIONS / 2; i++) {
		take(world, world->servers[0], &got);
		reply(world, world->servers[0], &got, 0, 0);
		take(world, world->servers[1], &got);
		reply(world, world->servers[1], &got, 0, 0);
	}
	for (unsigned int i = 0; i < N_QUESTIONS; i++)
		assert_int_equal(world->n_answers[i], 1);
	assert_int_equal(pr_resolver_counters(world->resolver).asked, N_QUESTIONS);
	ask(world, N_QUESTIONS, "example.com", 0); /* is on its way while all ends */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_an_upstream_it_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(names_that_stay_here, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_drawn_stays_here, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_question_is_asked_once, setup, teardown),
		cmocka_unit_test_setup_teardown(an_upstream_that_is_away, setup, teardown),
		cmocka_unit_test_setup_teardown(failures, setup, teardown),
		cmocka_unit_test_setup_teardown(bogus_is_an_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(who_does_not_know_edns, setup, teardown),
		cmocka_unit_test_setup_teardown(guesses, setup, teardown),
		cmocka_unit_test_setup_teardown(who_does_not_keep_the_case, setup, teardown),
		cmocka_unit_test_setup_teardown(who_has_no_tcp, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_cut_is_had_over_tcp, setup, teardown),
		cmocka_unit_test_setup_teardown(other_upstreams_while_questions_are_on_their_way,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
