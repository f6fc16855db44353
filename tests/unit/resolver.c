/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Upstreams that change while questions are on their way. The upstream is a socket of our own that never answers. */
#include "resolver/resolver.h"

#include "dns/message.h"
#include "unit.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_QUESTIONS 40

static unsigned int n_answers[N_QUESTIONS + 1];
static unsigned int last_rcode;

static void answer(void *context, uint64_t ticket, const uint8_t *bytes, size_t len)
{
	(void)context;
	assert_in_range(ticket, 0, N_QUESTIONS);
	n_answers[ticket]++;
	assert_true(len >= PR_DNS_HEADER_LEN);
	last_rcode = bytes[3] & PR_DNS_RCODE_MASK;
}

static void ask(struct pr_resolver *resolver, unsigned int ticket)
{
	uint8_t bytes[300];
	char name[20];
	size_t len;

	snprintf(name, sizeof(name), "n%u.example", ticket);
	len = pr_dns_write_question(0, name, PR_DNS_TYPE_A, 0, false, bytes, sizeof(bytes));
	pr_resolver_ask(resolver, ticket, bytes, len);
}

static int deaf_socket(uint16_t *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void each_question_is_answered_once(void **state)
{
	const struct pr_resolver_ports ports = { NULL, answer };
	struct event_base *base = event_base_new();
	struct pr_resolver *resolver;
	struct pr_upstream upstream;
	uint16_t port;
	int fd = deaf_socket(&port);

	(void)state;
	assert_int_equal(pr_resolver_new(base, &ports, &resolver), 0);
	ask(resolver, N_QUESTIONS); /* without an upstream: at once */
	assert_int_equal(n_answers[N_QUESTIONS], 1);
	assert_int_equal(last_rcode, PR_DNS_RCODE_SERVFAIL);
	assert_int_equal(pr_upstream_parse("127.0.0.1", &upstream), 0);
	upstream.port = port;
	assert_int_equal(pr_resolver_set_upstreams(resolver, &upstream, 1), 0);
	for (unsigned int i = 0; i < N_QUESTIONS; i++) {
		ask(resolver, i);
		/* more contexts than are kept: the oldest one's questions fail */
		if (i % 5 == 4)
			assert_int_equal(pr_resolver_flush(resolver), 0);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	for (unsigned int i = 0; i < N_QUESTIONS; i++)
		assert_int_equal(n_answers[i],
				 i < N_QUESTIONS - 5 * (PR_RESOLVER_FORMER_MAX) ? 1 : 0);
	assert_int_equal(pr_resolver_counters(resolver)->asked, N_QUESTIONS + 1);
	pr_resolver_free(resolver);
	for (unsigned int i = 0; i < N_QUESTIONS; i++)
		assert_in_range(n_answers[i], 0, 1);
	event_base_free(base);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_question_is_answered_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
