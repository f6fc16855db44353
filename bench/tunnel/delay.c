/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A wire that takes its time: a TUN device in each of two namespaces, and what goes into one comes out of the other after
 * DELAY_US microseconds. `tunnel-delay NAMESPACE DEVICE NAMESPACE DEVICE DELAY_US` says `ready` and runs until its input ends.
 */
#include "base/error.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET 2048
#define HELD   16384u /* more are lost, as on a real wire */

struct held {
	uint64_t due_ns;
	int to;
	uint16_t len;
	uint8_t bytes[PACKET];
};

static struct held held[HELD]; /* in order of time: all wait equally long */
static unsigned int first, n_held;

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int device_in(const char *namespace, const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int ns PR_CLEANUP(pr_cleanup_close) = -1;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", namespace);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		return -errno;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		close(fd);
		return -errno;
	}
	return fd;
}

static void hold_all(int from, int to, uint64_t delay_ns)
{
	for (;;) {
		struct held *packet = &held[(first + n_held) % HELD];
		ssize_t len = n_held < HELD ? read(from, packet->bytes, PACKET) : -1;

		if (len <= 0)
			return;
		packet->len = (uint16_t)len;
		packet->to = to;
		packet->due_ns = now_ns() + delay_ns;
		n_held++;
	}
}

static void release_due(void)
{
	while (n_held && held[first].due_ns <= now_ns()) {
		/* What the device doesn't take is lost. */
		if (write(held[first].to, held[first].bytes, held[first].len) < 0 &&
		    errno != EAGAIN && errno != EIO && errno != EINVAL)
			exit(1);
		first = (first + 1) % HELD;
		n_held--;
	}
}

int main(int argc, char **argv)
{
	int a = argc == 6 ? device_in(argv[1], argv[2]) : -1;
	int b = a >= 0 ? device_in(argv[3], argv[4]) : -1;
	uint64_t delay_ns = argc == 6 ? strtoull(argv[5], NULL, 10) * 1000u : 0;
	struct pollfd polled[] = { { .fd = a, .events = POLLIN },
				   { .fd = b, .events = POLLIN },
				   { .fd = STDIN_FILENO, .events = POLLIN } };

	if (a < 0 || b < 0)
		return 2;
	puts("ready");
	fflush(stdout);
	while (!polled[2].revents) {
		uint64_t now = now_ns(), due = n_held ? held[first].due_ns : now + 1000000000u;
		struct timespec wait = { 0 };

		if (due > now)
			wait = (struct timespec){ .tv_sec = (time_t)((due - now) / 1000000000u),
						  .tv_nsec = (long)((due - now) % 1000000000u) };
		if (ppoll(polled, 3, &wait, NULL) < 0 && errno != EINTR)
			return 1;
		release_due();
		hold_all(a, b, delay_ns);
		hold_all(b, a, delay_ns);
	}
	return 0;
}
