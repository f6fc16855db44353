/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * getaddrinfo() of whichever C library it is built with (glibc, or musl by musl-gcc):
 *
 *     getaddrinfo NAME N      resolves NAME so often; one line: addresses of the last, failures, slowest call in ms
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void print(const struct addrinfo *list)
{
	char text[INET6_ADDRSTRLEN];

	for (; list; list = list->ai_next) {
		const void *address =
			list->ai_family == AF_INET
				? (void *)&((struct sockaddr_in *)list->ai_addr)->sin_addr
				: (void *)&((struct sockaddr_in6 *)list->ai_addr)->sin6_addr;

		printf("%s ", inet_ntop(list->ai_family, address, text, sizeof(text)));
	}
}

int main(int argc, char **argv)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	long n = argc == 3 ? strtol(argv[2], NULL, 10) : 0, n_failed = 0;
	double slowest = 0;

	for (long i = 0; i < n; i++) {
		struct addrinfo *list = NULL;
		double start = now_ms();
		int r = getaddrinfo(argv[1], "80", &hints, &list);
		double took = now_ms() - start;

		slowest = took > slowest ? took : slowest;
		n_failed += r != 0;
		if (r == 0 && i == n - 1)
			print(list);
		if (list)
			freeaddrinfo(list);
	}
	printf("failed=%ld slowest=%.0f\n", n_failed, slowest);
	return n ? 0 : 2;
}
