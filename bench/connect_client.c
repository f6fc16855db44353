/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connect() in a loop: `connect-client ADDRESS PORT NUMBER`. Prints one JSON object: median and 99th percentile
 * in microseconds, connections a second. Each connection is closed by a reset, so that no port is used up. */
#include "base/address.h"

#include "times.h"

#include <sys/socket.h>
#include <unistd.h>

#define NUMBER_MAX 1000000
#define WARM_UP	   50

static int connect_once(const struct sockaddr *to, socklen_t len, uint64_t *ret_ns)
{
	struct linger reset = { 1, 0 };
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t start;
	int r;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	start = now_ns();
	r = connect(fd, to, len) < 0 ? -errno : 0;
	*ret_ns = now_ns() - start;
	close(fd);
	return r;
}

int main(int argc, char **argv)
{
	struct sockaddr_storage to;
	struct pr_address address;
	uint64_t *times, start, elapsed;
	long number, n = 0;
	socklen_t len;

	if (argc != 4 || pr_address_parse(argv[1], &address) != 0)
		return 2;
	number = strtol(argv[3], NULL, 10);
	if (number < 1 || number > NUMBER_MAX)
		return 2;
	len = pr_address_to_sockaddr(&address, (uint16_t)strtoul(argv[2], NULL, 10), &to);
	times = pr_calloc((size_t)number, sizeof(*times));
	for (int i = 0; i < WARM_UP; i++)
		if (connect_once((struct sockaddr *)&to, len, times) != 0)
			return 1;
	start = now_ns();
	while (n < number && connect_once((struct sockaddr *)&to, len, &times[n]) == 0)
		n++;
	elapsed = now_ns() - start;
	if (n < number)
		return 1;
	qsort(times, (size_t)n, sizeof(*times), compare);
	printf("{\"median_us\": %.2f, \"p99_us\": %.2f, \"rate\": %.1f}\n",
	       (double)times[n / 2] / 1000, (double)times[n * 99 / 100] / 1000,
	       (double)n * 1e9 / (double)elapsed);
	free(times);
	return 0;
}
