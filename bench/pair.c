/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a stream costs, without the scheduler's share: one thread holds both ends of a TCP link, so that all that the
 * kernel does for its packets, there and back, is this thread's processor time.
 *
 *    pair CLIENT-NAMESPACE SERVER-NAMESPACE ADDRESS PORT BATCHES
 *
 * Prints one JSON object: the tenth part's fastest batch and the median, in nanoseconds for 64 KiB.
 */
#include "base/address.h"
#include "base/error.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define CHUNK	    65536
#define A_BATCH	    100 /* chunks */
#define WARM_UP	    3	/* batches */
#define BATCHES_MAX 10000

static uint8_t bytes[CHUNK];

static double own_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* A socket that was made within the namespace stays there. */
static int socket_in(const char *namespace, int family)
{
	char path[256];
	int ns PR_CLEANUP(pr_cleanup_close) = -1;
	int one = 1, fd;

	snprintf(path, sizeof(path), "/run/netns/%s", namespace);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		return -errno;
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static bool batch(int near, int far)
{
	for (unsigned int i = 0; i < A_BATCH; i++) {
		size_t sent = 0, received = 0;

		while (received < CHUNK) {
			ssize_t n = send(near, bytes, CHUNK - sent, MSG_DONTWAIT);

			sent += n > 0 ? (size_t)n : 0;
			n = recv(far, bytes, CHUNK, MSG_DONTWAIT);
			if (n == 0 || (n < 0 && errno != EAGAIN))
				return false;
			received += n > 0 ? (size_t)n : 0;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	long n_batches = argc == 6 ? strtol(argv[5], NULL, 10) : 0;
	struct sockaddr_storage to;
	struct pr_address address;
	int listener, near, far;
	socklen_t len;
	double *times;

	if (n_batches < 1 || n_batches > BATCHES_MAX || pr_address_parse(argv[3], &address) != 0)
		return 2;
	len = pr_address_to_sockaddr(&address, (uint16_t)strtoul(argv[4], NULL, 10), &to);
	listener = socket_in(argv[2], to.ss_family);
	if (listener < 0 || bind(listener, (struct sockaddr *)&to, len) < 0 ||
	    listen(listener, 1) < 0)
		return 1;
	near = socket_in(argv[1], to.ss_family);
	if (near < 0 || connect(near, (struct sockaddr *)&to, len) < 0)
		return 1;
	far = accept(listener, NULL, NULL);
	times = pr_calloc((size_t)n_batches, sizeof(*times));
	for (long i = -WARM_UP; i < n_batches; i++) {
		double start = own_ns();

		if (!batch(near, far))
			return 1;
		if (i >= 0)
			times[i] = (own_ns() - start) / A_BATCH;
	}
	qsort(times, (size_t)n_batches, sizeof(*times), compare);
	printf("{\"fast_ns\": %.0f, \"median_ns\": %.0f}\n", times[n_batches / 10],
	       times[n_batches / 2]);
	free(times);
	return 0;
}
