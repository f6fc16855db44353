/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions, one after the other: `dns-client same|fresh ADDRESS PORT NUMBER`. All from one socket, or each from a new
 * one, as a C library asks, for n0.wild.example to n199.wild.example by turns. Prints one JSON object: median and 99th
 * percentile in microseconds, questions a second.
 */
#include "base/address.h"
#include "dns/message.h"

#include "times.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define NUMBER_MAX 1000000
#define N_NAMES	   200
#define WARM_UP	   N_NAMES
#define LOST_OF	   100 /* one of so many may get lost */

struct asker {
	struct sockaddr_storage to;
	socklen_t to_len;
	bool fresh;
	int fd;
};

static void open_socket(struct asker *asker)
{
	const struct timeval patience = { .tv_sec = 2 };

	if (asker->fd >= 0)
		close(asker->fd);
	asker->fd = socket(asker->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	pr_assert(asker->fd >= 0);
	setsockopt(asker->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	pr_assert(connect(asker->fd, (struct sockaddr *)&asker->to, asker->to_len) == 0);
}

/* False: no answer. */
static bool ask(struct asker *asker, unsigned int number)
{
	uint8_t question[512], reply[4096];
	char name[32];
	ssize_t n;
	size_t len;

	snprintf(name, sizeof(name), "n%u.wild.example", number % N_NAMES);
	len = pr_dns_write_question((uint16_t)number, name, PR_DNS_TYPE_A, 0, false, question,
				    sizeof(question));
	if (asker->fresh || asker->fd < 0)
		open_socket(asker);
	if (send(asker->fd, question, len, 0) < 0)
		return false;
	n = recv(asker->fd, reply, sizeof(reply), 0);
	return n > PR_DNS_HEADER_LEN && reply[0] == question[0] && reply[1] == question[1] &&
	       !(reply[3] & PR_DNS_RCODE_MASK);
}

int main(int argc, char **argv)
{
	struct asker asker = { .fd = -1 };
	long number, n = 0, n_lost = 0;
	struct pr_address address;
	uint64_t *times, start;

	if (argc != 5 || pr_address_parse(argv[2], &address) != 0)
		return 2;
	number = strtol(argv[4], NULL, 10);
	if (number < 1 || number > NUMBER_MAX)
		return 2;
	asker.fresh = strcmp(argv[1], "fresh") == 0;
	asker.to_len =
		pr_address_to_sockaddr(&address, (uint16_t)strtoul(argv[3], NULL, 10), &asker.to);
	times = pr_calloc((size_t)number, sizeof(*times));
	for (unsigned int i = 0; i < WARM_UP; i++)
		(void)ask(&asker, i);
	start = now_ns();
	for (long i = 0; i < number; i++) {
		uint64_t began = now_ns();

		if (ask(&asker, (unsigned int)i))
			times[n++] = now_ns() - began;
		else if (++n_lost > number / LOST_OF)
			return 1;
	}
	start = now_ns() - start;
	qsort(times, (size_t)n, sizeof(*times), compare);
	printf("{\"median_us\": %.2f, \"p99_us\": %.2f, \"rate\": %.1f, \"lost\": %ld}\n",
	       (double)times[n / 2] / 1000, (double)times[n * 99 / 100] / 1000,
	       (double)n * 1e9 / (double)start, n_lost);
	free(times);
	return 0;
}
