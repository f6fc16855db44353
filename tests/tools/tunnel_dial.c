/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dials as the tunnel process does, with the rights of a user that has none:
 *
 *     tunnel-dial UID [NAMESERVER …]
 *
 * It reads lines "HOST PORT tcp|udp INTERFACE|- [NAMESERVER …]" and answers each with "OUTCOME MS LOCAL PEER" or
 * "OUTCOME MS WHY". What was opened stays so; "say N" writes a byte to the N-th of them and "hear N" waits for one from it.
 */
#include "tunnel/dial.h"

#include "base/clock.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WORDS_MAX 12
#define OPEN_MAX  64
#define WAIT_MS	  3000

static struct event_base *base;
static int open_fds[OPEN_MAX];
static unsigned int n_open;
static uint64_t since_us;

static void print_name(int fd, bool peer)
{
	char text[PR_ADDRESS_TEXT_SIZE];
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	struct pr_address address;
	uint16_t port;

	if ((peer ? getpeername : getsockname)(fd, (struct sockaddr *)&name, &len) < 0)
		perror("tunnel-dial");
	address = pr_address_from_sockaddr((struct sockaddr *)&name, &port);
	printf(" %s", pr_address_format(&address, text));
}

static void on_done(void *context, enum pr_tunnel_outcome outcome, int fd, const char *why)
{
	(void)context;
	printf("%s %llu", pr_tunnel_outcome_name(outcome),
	       (unsigned long long)(pr_clock_monotonic_us() - since_us) / 1000);
	if (outcome == PR_TUNNEL_OPEN) {
		print_name(fd, false);
		print_name(fd, true);
		open_fds[n_open++ % OPEN_MAX] = fd;
	} else {
		printf(" %s", why);
	}
	printf("\n");
	event_base_loopbreak(base);
}

static unsigned int read_addresses(char **words, struct pr_address *addresses)
{
	unsigned int n = 0;

	while (words[n] && n < PR_TUNNEL_NAMESERVERS_MAX &&
	       pr_address_parse(words[n], &addresses[n]) == 0)
		n++;
	return n;
}

static void dial(struct pr_dialer *dialer, char **words)
{
	struct pr_address nameservers[PR_TUNNEL_NAMESERVERS_MAX];
	const struct pr_dial_to to = {
		.host = words[0],
		.port = (uint16_t)strtoul(words[1], NULL, 10),
		.datagrams = strcmp(words[2], "udp") == 0,
		.interface = strcmp(words[3], "-") == 0 ? "" : words[3],
		.nameservers = nameservers,
		.n_nameservers = read_addresses(words + 4, nameservers),
	};

	since_us = pr_clock_monotonic_us();
	pr_dial_start(dialer, &to, on_done, NULL);
	event_base_dispatch(base);
}

static void talk(char **words)
{
	unsigned long i = strtoul(words[1], NULL, 10);
	struct pollfd poll_fd = { .events = POLLIN };
	char byte = 'x';
	ssize_t n;

	if (i >= n_open)
		return;
	poll_fd.fd = open_fds[i % OPEN_MAX];
	if (words[0][0] == 's')
		n = send(poll_fd.fd, &byte, 1, MSG_NOSIGNAL);
	else
		n = poll(&poll_fd, 1, WAIT_MS) == 1 ? recv(poll_fd.fd, &byte, 1, 0) : 0;
	printf("%s\n", n == 1 ? "yes" : n == 0 ? "nothing" : strerror(errno));
}

static void loop(struct pr_dialer *dialer)
{
	char line[1024], *words[WORDS_MAX + 1], *at;
	unsigned int n;

	while (fgets(line, sizeof(line), stdin)) {
		memset(words, 0, sizeof(words));
		n = 0;
		for (char *word = strtok_r(line, " \n", &at); word && n < WORDS_MAX;
		     word = strtok_r(NULL, " \n", &at))
			words[n++] = word;
		if (n == 2)
			talk(words);
		else if (n >= 4)
			dial(dialer, words);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct pr_address nameservers[PR_TUNNEL_NAMESERVERS_MAX];
	struct pr_dialer *dialer;
	uid_t uid;

	if (argc < 2)
		return 2;
	uid = (uid_t)strtoul(argv[1], NULL, 10);
	if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0) {
		perror("tunnel-dial");
		return 1;
	}
	base = event_base_new();
	dialer = pr_dialer_new(base);
	pr_dialer_nameservers(dialer, nameservers, read_addresses(argv + 2, nameservers));
	loop(dialer);
	pr_dialer_free(dialer);
	event_base_free(base);
	return 0;
}
