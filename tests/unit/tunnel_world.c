/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel_world.h"

#include "ipc/body.h"
#include "ipc/tunnel_codec.h"
#include "tunnel/process.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LATE_MS 10000

/* ---- sockets ---- */

uint16_t port_of(int fd)
{
	struct sockaddr_in6 at; /* the port of both families lies at the same place */
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin6_port);
}

int bound(int type)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 64), 0);
	return fd;
}

/* Nobody is at the port of the former any more. */
int replaced(int former, int type)
{
	int fd = bound(type);

	close(former);
	return fd;
}

static int bound6(int type)
{
	const struct sockaddr_in6 at = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 64), 0);
	return fd;
}

int connected6(int type, uint16_t port)
{
	const struct sockaddr_in6 at = { .sin6_family = AF_INET6,
					 .sin6_port = htons(port),
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

int connected(int type, uint16_t port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

void wait_for(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, LATE_MS), 1);
}

int accepted(int listener)
{
	int fd;

	wait_for(listener);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

void hear(int fd, const char *text)
{
	char heard[256];
	size_t len = strlen(text), n = 0;

	while (n < len) {
		ssize_t r;

		wait_for(fd);
		r = recv(fd, heard + n, len - n, 0);
		assert_true(r > 0);
		n += (size_t)r;
	}
	assert_memory_equal(heard, text, len);
}

void hear_end(int fd)
{
	char byte;

	wait_for(fd);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

void hear_reset(int fd)
{
	char byte;

	wait_for(fd);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
}

void reset(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
	close(fd);
}

/* ---- the process ---- */

struct pr_message receive(struct pr_channel *channel, enum pr_message_kind kind)
{
	struct pr_message message;
	int r;

	do {
		wait_for(pr_channel_fd(channel));
		r = pr_channel_receive(channel, &message);
		assert_true(r == 0 || r == PR_CHANNEL_EMPTY);
		/* comes when it comes */
	} while (r || (message.kind == PR_MESSAGE_TUNNEL_STATE && kind != message.kind));
	assert_int_equal(message.kind, kind);
	return message;
}

static void tell_upstreams(struct world *world)
{
	const struct pr_tunnel_upstream lo = { .id = "lo",
					       .kind = PR_TUNNEL_INTERFACE,
					       .interface = "lo" };
	const struct pr_tunnel_upstream proxy = { .id = "proxy",
						  .kind = PR_TUNNEL_SOCKS5,
						  .host = "127.0.0.1",
						  .port = port_of(world->proxy) };
	PR_CLEANUP(pr_cleanup_free) char *lo_text = pr_tunnel_upstream_write(&lo);
	const struct pr_tunnel_upstream gone = { .id = "gone",
						 .kind = PR_TUNNEL_INTERFACE,
						 .interface = "nosuch0" };
	const struct pr_tunnel_upstream any = {
		.id = "any", .kind = PR_TUNNEL_SET, .members = { "gone", "lo" }, .n_members = 2
	};
	PR_CLEANUP(pr_cleanup_free) char *proxy_text = pr_tunnel_upstream_write(&proxy);
	PR_CLEANUP(pr_cleanup_free) char *gone_text = pr_tunnel_upstream_write(&gone);
	PR_CLEANUP(pr_cleanup_free) char *any_text = pr_tunnel_upstream_write(&any);
	struct pr_pairs pairs = { .n = 0 };
	uint8_t body[2048];
	size_t len;

	assert_true(pr_pairs_add(&pairs, "upstream", lo_text));
	assert_true(pr_pairs_add(&pairs, "upstream", proxy_text));
	assert_true(pr_pairs_add(&pairs, "upstream", gone_text));
	assert_true(pr_pairs_add(&pairs, "upstream", any_text));
	len = pr_pairs_encode(&pairs, body, sizeof(body));
	assert_int_equal(
		pr_channel_send(world->supervisor, PR_MESSAGE_TUNNEL_UPSTREAMS, 0, body, len), 0);
}

void new_engine(struct world *world)
{
	uint8_t body[8] = { 0 };
	struct pr_writer writer = pr_writer(body, sizeof(body));
	int fds[2];

	world->is_another_engine = world->engine != NULL;
	pr_channel_free(world->engine);
	assert_int_equal(pr_channel_pair(fds), 0);
	pr_write_u32(&writer, PR_PARTY_ENGINE);
	assert_int_equal(pr_channel_send_fds(world->supervisor, PR_MESSAGE_CHANNEL, 0, body,
					     sizeof(body), &fds[1], 1),
			 0);
	close(fds[1]);
	world->engine = pr_channel_new_take(fds[0], PR_PARTY_ENGINE, PR_PARTY_TUNNEL);
}

int set_up(void **state)
{
	struct world *world = pr_calloc(1, sizeof(*world));
	int fds[2], tcp = bound(SOCK_STREAM), udp = bound(SOCK_DGRAM);
	int tcp6 = bound6(SOCK_STREAM), udp6 = bound6(SOCK_DGRAM);
	struct pr_message message;

	world->server = bound(SOCK_STREAM);
	world->udp_server = bound(SOCK_DGRAM);
	world->proxy = bound(SOCK_STREAM);
	world->entry_port = port_of(tcp);
	world->udp_port = port_of(udp);
	world->entry_port6 = port_of(tcp6);
	world->udp_port6 = port_of(udp6);
	assert_int_equal(pr_channel_pair(fds), 0);
	world->pid = fork();
	assert_true(world->pid >= 0);
	if (world->pid == 0) {
		const struct pr_tunnel_config config = {
			.tcp4 = tcp, .tcp6 = tcp6, .udp4 = udp, .udp6 = udp6
		};

		close(fds[0]);
		close(world->server);
		close(world->udp_server);
		close(world->proxy);
		signal(SIGPIPE, SIG_IGN);
		_exit(pr_tunnel_run(fds[1], &config) == 0 ? 0 : 1);
	}
	close(fds[1]);
	close(tcp);
	close(udp);
	close(tcp6);
	close(udp6);
	world->supervisor = pr_channel_new_take(fds[0], PR_PARTY_SUPERVISOR, PR_PARTY_TUNNEL);
	message = receive(world->supervisor, PR_MESSAGE_READY);
	pr_message_done(&message);
	tell_upstreams(world);
	new_engine(world);
	*state = world;
	return 0;
}

int tear_down(void **state)
{
	struct world *world = *state;
	int status;

	pr_channel_free(world->supervisor);
	assert_int_equal(waitpid(world->pid, &status, 0), world->pid);
	pr_channel_free(world->engine);
	close(world->server);
	close(world->udp_server);
	close(world->proxy);
	free(world);
	/* It ended by itself, and freed what it had. */
	assert_int_equal(status, 0);
	return 0;
}

/* ---- the engine's part ---- */

static uint32_t opening_of(uint64_t id)
{
	return (uint32_t)id + 1000;
}

void open_link(struct world *world, uint64_t id, const char *upstream, uint8_t proto, uint16_t port)
{
	struct pr_tunnel_link link = {
		.tuple = { .src_port = 40000, .dst_port = port, .proto = proto },
		.upstream = upstream,
		.application = "browser",
		.name = "",
		.opening = opening_of(id)
	};
	uint8_t body[PR_TUNNEL_BODY_MAX];
	size_t len;

	assert_int_equal(pr_address_parse("127.0.0.1", &link.tuple.src), 0);
	link.tuple.dst = link.tuple.src;
	len = pr_tunnel_link_encode(&link, body, sizeof(body));
	assert_int_equal(pr_channel_send(world->engine, PR_MESSAGE_TUNNEL_OPEN, id, body, len), 0);
}

void expect(struct world *world, enum pr_message_kind kind, uint64_t id,
	    enum pr_tunnel_outcome outcome)
{
	struct pr_message message = receive(world->engine, kind);
	struct pr_tunnel_opened opened;

	assert_int_equal(message.ticket, id);
	assert_int_equal(pr_tunnel_opened_decode(message.body, message.len, &opened), 0);
	assert_int_equal(opened.outcome, outcome);
	/* what another engine opened it does not know */
	if (opened.opening)
		assert_int_equal(opened.opening, opening_of(id));
	else
		assert_true(world->is_another_engine);
	pr_message_done(&message);
}

void answer(struct world *world, uint64_t ticket, uint64_t id)
{
	uint8_t body[8];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	pr_write_u64(&writer, id);
	assert_int_equal(
		pr_channel_send(world->engine, PR_MESSAGE_TUNNEL_LINK, ticket, body, sizeof(body)),
		0);
}

/* What came to the entry point from `port` is asked about, and is link `id`. */
void who(struct world *world, uint16_t from, uint16_t to, uint64_t id)
{
	struct pr_message message = receive(world->engine, PR_MESSAGE_TUNNEL_WHO);
	struct pr_reader reader = pr_reader(message.body, message.len);
	struct pr_tuple tuple = pr_read_tuple(&reader);

	assert_true(pr_read_complete(&reader));
	assert_int_equal(tuple.src_port, from);
	assert_int_equal(tuple.dst_port, to);
	/* 127.0.0.1 or ::1 */
	assert_int_equal(tuple.src.bytes[tuple.src.family == 4 ? 3 : 15], 1);
	assert_true(pr_address_equal(&tuple.src, &tuple.dst));
	answer(world, message.ticket, id);
	pr_message_done(&message);
}

/* A link to the server, as both ends have it. */
void link_up(struct world *world, uint64_t id, int *ret_app, int *ret_far)
{
	open_link(world, id, "lo", IPPROTO_TCP, port_of(world->server));
	expect(world, PR_MESSAGE_TUNNEL_OPENED, id, PR_TUNNEL_OPEN);
	*ret_far = accepted(world->server);
	*ret_app = connected(SOCK_STREAM, world->entry_port);
	who(world, port_of(*ret_app), world->entry_port, id);
}
