/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's own stack as the judge of what packet/build makes: in a network namespace of its own, the
 * refusals reach sockets as errors, and the resets end both ends of a live connection. Needs no root
 * where user namespaces are allowed; otherwise it is skipped.
 */
#include "packet/build.h"

#include "own_namespace.h"
#include "unit.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
	int family, client, server;
	struct pr_tuple tuple;
};

static struct pr_address name_of(int fd, bool peer, uint16_t *ret_port)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	if (peer)
		assert_int_equal(getpeername(fd, (struct sockaddr *)&name, &len), 0);
	else
		assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	return pr_address_from_sockaddr((struct sockaddr *)&name, ret_port);
}

static struct pair connected(int family, int type)
{
	struct pair pair = { .family = family };
	struct sockaddr_storage name;
	struct pr_address address;
	socklen_t len = sizeof(name);
	int listener = socket(family, type | SOCK_CLOEXEC, 0);

	assert_int_equal(pr_address_parse(family == AF_INET ? "127.0.0.1" : "::1", &address), 0);
	len = pr_address_to_sockaddr(&address, 0, &name);
	assert_int_equal(bind(listener, (struct sockaddr *)&name, len), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &len), 0);
	pair.client = socket(family, type | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair.client, (struct sockaddr *)&name, len), 0);
	pair.server = listener;
	if (type == SOCK_STREAM) {
		pair.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		close(listener);
	}
	assert_true(pair.client >= 0 && pair.server >= 0);
	pair.tuple.proto = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
	pair.tuple.src = name_of(pair.client, false, &pair.tuple.src_port);
	pair.tuple.dst = name_of(pair.client, true, &pair.tuple.dst_port);
	return pair;
}

static void disconnect(const struct pair *pair)
{
	close(pair->client);
	close(pair->server);
}

/* As it is, header and all, to where it says. */
static void inject(int family, const void *packet, size_t len, const struct pr_address *to)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct sockaddr_storage name;
	socklen_t name_len = pr_address_to_sockaddr(to, 0, &name);

	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, packet, len, 0, (struct sockaddr *)&name, name_len), len);
	close(fd);
}

static int error_of(int fd)
{
	struct pollfd poll_of = { .fd = fd };
	int error = 0;
	socklen_t len = sizeof(error);

	assert_int_equal(poll(&poll_of, 1, 2000), 1);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	return error;
}

static struct pr_packet built(const struct pr_packet_parts *parts, uint8_t *bytes, size_t size,
			      size_t *ret_len)
{
	struct pr_packet packet;

	assert_int_equal(pr_packet_build(parts, bytes, size, ret_len), PR_BUILD_DONE);
	assert_int_equal(pr_packet_parse(bytes, *ret_len, *ret_len, &packet), PR_PACKET_PARSED);
	return packet;
}

/* What the socket would send next, and what it expects next. */
static uint32_t queue_seq(int fd, int queue)
{
	uint32_t seq = 0;
	socklen_t len = sizeof(seq);

	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)), 0);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &seq, &len), 0);
	return seq;
}

static void repair(int fd, int on)
{
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)), 0);
}

static void check_resets(int family)
{
	struct pair pair = connected(family, SOCK_STREAM);
	struct pr_packet_parts parts = { .tuple = pair.tuple,
					 .tcp_flags = PR_TCP_ACK | PR_TCP_PSH,
					 .payload = "withheld",
					 .payload_len = 8 };
	uint8_t bytes[128], reset[128];
	struct pr_packet packet;
	size_t len;

	repair(pair.client, TCP_REPAIR_ON);
	parts.seq = queue_seq(pair.client, TCP_SEND_QUEUE);
	parts.ack = queue_seq(pair.client, TCP_RECV_QUEUE);
	repair(pair.client, TCP_REPAIR_OFF_NO_WP);
	packet = built(&parts, bytes, sizeof(bytes), &len);
	assert_int_equal(
		pr_packet_build_reset(&packet, PR_RESET_TO_RECEIVER, reset, sizeof(reset), &len),
		PR_BUILD_DONE);
	inject(family, reset, len, &pair.tuple.dst);
	assert_int_equal(error_of(pair.server), ECONNRESET);
	assert_int_equal(
		pr_packet_build_reset(&packet, PR_RESET_TO_SENDER, reset, sizeof(reset), &len),
		PR_BUILD_DONE);
	inject(family, reset, len, &pair.tuple.src);
	assert_int_equal(error_of(pair.client), ECONNRESET);
	disconnect(&pair);
}

static void both_ends_of_a_connection_are_reset(void **state)
{
	(void)state;
	check_resets(AF_INET);
	check_resets(AF_INET6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_of_a_connection_are_reset),
	};

	if (!enter_namespace()) {
		fprintf(stderr, "skipped: no user namespace may be made here\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
