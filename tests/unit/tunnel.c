/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tunnel process as it is, with its supervisor, its engine, applications and servers played by the test. Links leave
 * by loopback's own interface, or by a proxy that is a socket of the test. */
#include "tunnel/process.h"

#include "ipc/body.h"
#include "ipc/channel.h"
#include "ipc/tunnel_codec.h"
#include "unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LATE_MS 10000
#define BULK	(48u << 20)

struct world {
	struct pr_channel *supervisor, *engine;
	pid_t pid;
	int server, udp_server, proxy; /* proxy: listens */
	uint16_t entry_port, udp_port; /* the entry point's */
	uint16_t entry_port6, udp_port6;
	bool is_another_engine;
};

/* ---- sockets ---- */

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 at; /* the port of both families lies at the same place */
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin6_port);
}

static int bound(int type)
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
static int replaced(int former, int type)
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

static int connected6(int type, uint16_t port)
{
	const struct sockaddr_in6 at = { .sin6_family = AF_INET6,
					 .sin6_port = htons(port),
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int connected(int type, uint16_t port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void wait_for(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, LATE_MS), 1);
}

static int accepted(int listener)
{
	int fd;

	wait_for(listener);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void hear(int fd, const char *text)
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

static void hear_end(int fd)
{
	char byte;

	wait_for(fd);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

static void hear_reset(int fd)
{
	char byte;

	wait_for(fd);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
}

static void reset(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
	close(fd);
}

/* ---- the process ---- */

static struct pr_message receive(struct pr_channel *channel, enum pr_message_kind kind)
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

static void new_engine(struct world *world)
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

static int set_up(void **state)
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

static int tear_down(void **state)
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

static void open_link(struct world *world, uint64_t id, const char *upstream, uint8_t proto,
		      uint16_t port)
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

static void expect(struct world *world, enum pr_message_kind kind, uint64_t id,
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

static void answer(struct world *world, uint64_t ticket, uint64_t id)
{
	uint8_t body[8];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	pr_write_u64(&writer, id);
	assert_int_equal(
		pr_channel_send(world->engine, PR_MESSAGE_TUNNEL_LINK, ticket, body, sizeof(body)),
		0);
}

/* What came to the entry point from `port` is asked about, and is link `id`. */
static void who(struct world *world, uint16_t from, uint16_t to, uint64_t id)
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
static void link_up(struct world *world, uint64_t id, int *ret_app, int *ret_far)
{
	open_link(world, id, "lo", IPPROTO_TCP, port_of(world->server));
	expect(world, PR_MESSAGE_TUNNEL_OPENED, id, PR_TUNNEL_OPEN);
	*ret_far = accepted(world->server);
	*ret_app = connected(SOCK_STREAM, world->entry_port);
	who(world, port_of(*ret_app), world->entry_port, id);
}

/* ---- streams ---- */

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

/* ---- datagrams ---- */

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

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

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
		TEST(arrived_before_it_opened),
		TEST(closed_while_it_opens),
		TEST(engine_is_replaced),
		TEST(state_is_told),
		TEST(datagrams_both_ways),
		TEST(both_kinds_over_ipv6),
		TEST(datagrams_of_nobody),
		TEST(far_end_of_datagrams_is_closed),
		cmocka_unit_test_setup_teardown(too_many_links, set_up_small, tear_down),
		cmocka_unit_test_setup_teardown(too_many_links, set_up_without_descriptors,
						tear_down),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
