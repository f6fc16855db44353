/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Short connections that use a few source ports again and again, from the namespace that it is started in.
 *
 *   reuse serve PORT                                   answers what it is sent, and closes
 *   reuse connect ADDRESS PORT FIRST N PAUSE_MS SECONDS resets|both
 *                                                      N source ports from FIRST on, each a connection after the other
 *
 * A connection is ended by the client with a reset, or ("both") every other one by the server: what remains in conntrack
 * is CLOSE or TIME_WAIT, and the port is free at once. What is sent is a question for example.com, which nameservers
 * understand. Each connection that fails is told in a line, the last line counts.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORTS_MAX   1024
#define PATIENCE_US 15000000ull /* a SYN that got lost four times is still on its way then */
#define CLIENTS_MAX 4096

struct slot {
	int fd; /* -1 = between two connections */
	uint16_t port;
	bool connected, resets;
	unsigned int n;
	uint64_t began_us, next_us;
};

static struct sockaddr_storage to;
static socklen_t to_len;
static uint64_t n_made, n_failed, n_slow;
static bool resets_all;
static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
	(void)number;
	stopping = 1;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
	if (address->ss_family == AF_INET)
		((struct sockaddr_in *)address)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

static void parse(const char *text, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&to;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		to.ss_family = AF_INET;
		to_len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		to.ss_family = AF_INET6;
		to_len = sizeof(*v6);
	} else {
		exit(2);
	}
	set_port(&to, port);
}

static void end(struct slot *slot, uint64_t pause_us, const char *what, int error)
{
	uint64_t now = now_us(), took_us = now - slot->began_us;
	const struct linger at_once = { .l_onoff = 1 };

	if (what) {
		n_failed++;
		printf("failed %s error=%s port=%u number=%u after_ms=%llu at_ms=%llu\n", what,
		       strerror(error), slot->port, slot->n, (unsigned long long)(took_us / 1000),
		       (unsigned long long)(now / 1000));
		fflush(stdout);
	} else {
		n_made++;
		n_slow += took_us > 500000;
	}
	if (slot->resets || what)
		(void)setsockopt(slot->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(slot->fd);
	slot->fd = -1;
	slot->next_us = now + pause_us;
}

static void begin(struct slot *slot, uint64_t pause_us)
{
	struct sockaddr_storage from = { .ss_family = to.ss_family };
	int on = 1;

	slot->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (slot->fd < 0)
		exit(1);
	slot->began_us = now_us();
	slot->connected = false;
	slot->resets = ++slot->n & 1 || resets_all;
	(void)setsockopt(slot->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	set_port(&from, slot->port);
	if (bind(slot->fd, (struct sockaddr *)&from, to_len) < 0)
		return end(slot, pause_us, "bind", errno);
	if (connect(slot->fd, (struct sockaddr *)&to, to_len) == 0 || errno == EINPROGRESS)
		return;
	if (errno != EADDRNOTAVAIL)
		return end(slot, pause_us, "connect", errno);
	/* The last one's FIN isn't acknowledged yet. */
	close(slot->fd);
	slot->fd = -1;
	slot->next_us = slot->began_us + pause_us;
}

static void go_on(struct slot *slot, uint64_t pause_us)
{
	static const char text[] = "\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0";
	char bytes[512];
	socklen_t len = sizeof(int);
	int error = 0;
	ssize_t n;

	if (!slot->connected) {
		(void)getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error)
			return end(slot, pause_us, "connect", error);
		slot->connected = true;
		if (send(slot->fd, text, sizeof(text), MSG_NOSIGNAL) < 0)
			end(slot, pause_us, "send", errno);
		return;
	}
	n = recv(slot->fd, bytes, sizeof(bytes), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		return end(slot, pause_us, "receive", errno);
	/* Its answer is there: ended by us now, or by the server, which closes. */
	if (n == 0 || slot->resets)
		end(slot, pause_us, NULL, 0);
}

static int serve(char **words)
{
	struct sockaddr_in6 own = { .sin6_family = AF_INET6,
				    .sin6_port = htons((uint16_t)atoi(words[0])) };
	static struct pollfd polled[CLIENTS_MAX];
	nfds_t n_polled = 1;
	int on = 1;

	polled[0].fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	polled[0].events = POLLIN;
	(void)setsockopt(polled[0].fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(polled[0].fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    listen(polled[0].fd, CLIENTS_MAX) < 0)
		return 1;
	while (poll(polled, n_polled, -1) >= 0) {
		for (nfds_t i = n_polled - 1; i > 0; i--) {
			char bytes[64];
			ssize_t n;

			if (!polled[i].revents)
				continue;
			n = recv(polled[i].fd, bytes, sizeof(bytes), 0);
			if (n < 0 && (errno == EAGAIN || errno == EINTR))
				continue;
			if (n > 0)
				(void)!send(polled[i].fd, bytes, (size_t)n, MSG_NOSIGNAL);
			close(polled[i].fd);
			polled[i] = polled[--n_polled];
		}
		while (polled[0].revents && n_polled < CLIENTS_MAX) {
			int fd = accept4(polled[0].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

			if (fd < 0)
				break;
			polled[n_polled++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		}
	}
	return 1;
}

static int connect_all(char **words)
{
	static struct slot slots[PORTS_MAX];
	static struct pollfd polled[PORTS_MAX];
	unsigned int first = (unsigned int)atoi(words[2]), n = (unsigned int)atoi(words[3]);
	uint64_t pause_us = strtoull(words[4], NULL, 10) * 1000, began_us = now_us();
	uint64_t until_us = began_us + strtoull(words[5], NULL, 10) * 1000000;
	bool open = true;

	resets_all = strcmp(words[6], "resets") == 0;
	if (n > PORTS_MAX)
		return 2;
	parse(words[0], (uint16_t)atoi(words[1]));
	for (unsigned int i = 0; i < n; i++)
		slots[i] = (struct slot){ .fd = -1,
					  .port = (uint16_t)(first + i),
					  .n = i,
					  .next_us = began_us + pause_us * i / n };
	while (open) {
		bool over = stopping || now_us() >= until_us;

		open = !over;
		for (unsigned int i = 0; i < n; i++) {
			if (slots[i].fd < 0 && !over && now_us() >= slots[i].next_us)
				begin(&slots[i], pause_us);
			if (slots[i].fd >= 0 && now_us() - slots[i].began_us > PATIENCE_US)
				end(&slots[i], pause_us, "wait", ETIMEDOUT);
			polled[i].fd = slots[i].fd;
			polled[i].events = slots[i].connected ? POLLIN : POLLOUT;
			open = open || slots[i].fd >= 0;
		}
		if (poll(polled, n, 1) < 0 && errno != EINTR)
			return 1;
		for (unsigned int i = 0; i < n; i++)
			if (polled[i].fd >= 0 && polled[i].revents)
				go_on(&slots[i], pause_us);
	}
	printf("made %llu failed %llu slow %llu\n", (unsigned long long)n_made,
	       (unsigned long long)n_failed, (unsigned long long)n_slow);
	return 0;
}

int main(int argc, char **argv)
{
	signal(SIGTERM, on_signal);
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		return serve(argv + 2);
	if (argc == 9 && strcmp(argv[1], "connect") == 0)
		return connect_all(argv + 2);
	fputs("usage: reuse serve|connect …\n", stderr);
	return 2;
}
