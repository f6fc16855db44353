/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An application whose links go through a SOCKS server: by itself, or because something leads them there.
 *
 *    tunnel-client WAY ADDRESS PORT load LINKS SECONDS	all receive as much as they can; bytes a second
 *    tunnel-client WAY ADDRESS PORT setup NUMBER	until the first byte is back, one link after the other
 *    tunnel-client WAY ADDRESS PORT hold LINKS		opens them, says `ready`, and keeps them until its input ends
 *
 * WAY: `-`, or ADDRESS:PORT of the server, which then is spoken to as RFC 1928 says. IPv4. Prints one JSON object.
 */
#include "base/error.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define CHUNK	   65536
#define LINKS_MAX  20000u
#define WARM_UP_NS 700000000u
#define TIMEOUT_S  20
#define FAILED_MAX 3u /* then nothing more is tried */

static uint8_t bytes[CHUNK];

struct way {
	bool native;
	struct sockaddr_in proxy, to;
};

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static bool take(int fd, uint8_t *into, size_t len)
{
	return recv(fd, into, len, MSG_WAITALL) == (ssize_t)len;
}

/* RFC 1928: no authentication, CONNECT to an IPv4 address. */
static bool ask_proxy(int fd, const struct sockaddr_in *to)
{
	uint8_t greeting[3] = { 5, 1, 0 }, request[10] = { 5, 1, 0, 1 }, answer[10];

	memcpy(request + 4, &to->sin_addr, 4);
	memcpy(request + 8, &to->sin_port, 2);
	return send(fd, greeting, 3, 0) == 3 && take(fd, answer, 2) && answer[1] == 0 &&
	       send(fd, request, 10, 0) == 10 && take(fd, answer, 10) && answer[1] == 0;
}

static int open_link(const struct way *way)
{
	const struct sockaddr_in *first = way->native ? &way->proxy : &way->to;
	struct timeval timeout = { .tv_sec = TIMEOUT_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)first, sizeof(*first)) == 0 &&
	    (!way->native || ask_proxy(fd, &way->to)))
		return fd;
	close(fd);
	return -ECONNREFUSED;
}

/* A byte there and back: what an answer to connect() is worth. */
static bool echoed(int fd)
{
	uint8_t byte = 'E';

	return send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && take(fd, &byte, 1);
}

static unsigned int open_links(const struct way *way, unsigned int number, int *fds)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < number; i++) {
		fds[i] = failed < FAILED_MAX ? open_link(way) : -1;
		if (fds[i] >= 0 && !echoed(fds[i])) {
			close(fds[i]);
			fds[i] = -1;
		}
		failed += fds[i] < 0;
	}
	return failed;
}

static int load(const struct way *way, unsigned int number, unsigned int seconds)
{
	static int fds[LINKS_MAX];
	struct epoll_event events[64];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	unsigned int failed = open_links(way, number, fds);
	uint64_t start = 0, end = 0, got = 0, now;

	for (unsigned int i = 0; i < number; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data = { .fd = fds[i] } };

		if (fds[i] >= 0 && (send(fds[i], "D", 1, MSG_NOSIGNAL) != 1 ||
				    epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) < 0))
			return 1;
	}
	for (uint64_t begun = now_ns();;) {
		int n = epoll_wait(epoll, events, 64, 1000);

		now = now_ns();
		if (start == 0 && now - begun >= WARM_UP_NS) {
			start = now;
			end = start + (uint64_t)seconds * 1000000000u;
			got = 0;
		}
		if (start && now >= end)
			break;
		for (int i = 0; i < n; i++) {
			ssize_t len = recv(events[i].data.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

			if (len > 0) {
				got += (uint64_t)len;
			} else if (len == 0 || errno != EAGAIN) {
				epoll_ctl(epoll, EPOLL_CTL_DEL, events[i].data.fd, NULL);
				failed++;
			}
		}
	}
	printf("{\"links\":%u,\"failed\":%u,\"bytes_per_s\":%.0f}\n", number, failed,
	       (double)got * 1e9 / (double)(now - start));
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int setup(const struct way *way, unsigned int number)
{
	static uint64_t took[LINKS_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < number; i++) {
		uint64_t start = now_ns();
		int fd = open_link(way);

		if (fd < 0)
			continue;
		if (echoed(fd))
			took[n++] = now_ns() - start;
		close(fd);
	}
	if (n == 0)
		return 1;
	qsort(took, n, sizeof(*took), compare);
	printf("{\"links\":%u,\"failed\":%u,\"median_us\":%.1f,\"p99_us\":%.1f}\n", number,
	       number - n, (double)took[n / 2] / 1e3, (double)took[n * 99 / 100] / 1e3);
	return 0;
}

static int hold(const struct way *way, unsigned int number)
{
	static int fds[LINKS_MAX];
	unsigned int failed = open_links(way, number, fds);

	printf("{\"links\":%u,\"failed\":%u}\nready\n", number, failed);
	fflush(stdout);
	while (read(STDIN_FILENO, bytes, sizeof(bytes)) > 0)
		;
	return 0;
}

static bool address_parse(const char *address, const char *port, struct sockaddr_in *ret)
{
	*ret = (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
	return inet_pton(AF_INET, address, &ret->sin_addr) == 1;
}

int main(int argc, char **argv)
{
	struct way way = { .native = false };
	unsigned int number = argc > 5 ? (unsigned int)strtoul(argv[5], NULL, 10) : 0;

	if (number < 1 || number > LINKS_MAX || !address_parse(argv[2], argv[3], &way.to))
		return 2;
	if (strcmp(argv[1], "-") != 0) {
		char *port = strchr(argv[1], ':');

		if (!port)
			return 2;
		*port++ = 0;
		way.native = address_parse(argv[1], port, &way.proxy);
	}
	if (!strcmp(argv[4], "load") && argc == 7)
		return load(&way, number, (unsigned int)strtoul(argv[6], NULL, 10));
	if (!strcmp(argv[4], "setup") && argc == 6)
		return setup(&way, number);
	if (!strcmp(argv[4], "hold") && argc == 6)
		return hold(&way, number);
	return 2;
}
