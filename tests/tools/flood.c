/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Load that the system tests offer, from the namespace that it is started in.
 *
 *   flood connect ADDRESS PORT PER_SECOND SECONDS   connection attempts, each given up at once: one SYN each
 *   flood tuples ADDRESS N                          one UDP datagram to each of N (port, source port) pairs
 *   flood entries ADDRESS N                         N assured conntrack entries that nothing ever used
 *
 * Prints what was offered, and in how many milliseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORTS_A_SOCKET 32768u

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void wait_until(uint64_t us)
{
	uint64_t now = now_us();
	struct timespec pause = { .tv_nsec = (long)((us - now) % 1000000) * 1000 };

	if (now < us)
		nanosleep(&pause, NULL);
}

static int say(uint64_t n, uint64_t began_us)
{
	printf("offered %llu in %llu ms\n", (unsigned long long)n,
	       (unsigned long long)((now_us() - began_us) / 1000));
	return 0;
}

static struct sockaddr_in address(const char *text, uint16_t port)
{
	struct sockaddr_in made = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (inet_pton(AF_INET, text, &made.sin_addr) != 1)
		exit(2);
	return made;
}

/* Evenly within each millisecond: a rate, not bursts. */
static int flood_connect(char **words)
{
	struct sockaddr_in to = address(words[0], (uint16_t)atoi(words[1]));
	uint64_t per_second = strtoull(words[2], NULL, 10), began_us = now_us();
	uint64_t n = per_second * strtoull(words[3], NULL, 10);
	const struct linger at_once = { .l_onoff = 1 };

	for (uint64_t i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return 1;
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		(void)!connect(fd, (struct sockaddr *)&to, sizeof(to));
		close(fd);
		if (i % 20 == 0)
			wait_until(began_us + (i + 1) * 1000000 / per_second);
	}
	return say(n, began_us);
}

static int flood_tuples(char **words)
{
	uint64_t n = strtoull(words[1], NULL, 10), began_us = now_us();
	struct sockaddr_in to = address(words[0], 0);
	int fd = -1;

	for (uint64_t i = 0; i < n; i++) {
		if (i % PORTS_A_SOCKET == 0) {
			if (fd >= 0)
				close(fd);
			fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		}
		if (fd < 0)
			return 1;
		to.sin_port = htons((uint16_t)(1024 + i % PORTS_A_SOCKET));
		(void)!sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	}
	if (fd >= 0)
		close(fd);
	return say(n, began_us);
}

static void fill_entry(struct nf_conntrack *entry, in_addr_t destination, uint32_t number)
{
	in_addr_t source = htonl(0x0a4e0000u + number / PORTS_A_SOCKET);

	nfct_set_attr_u8(entry, ATTR_L3PROTO, AF_INET);
	nfct_set_attr_u32(entry, ATTR_IPV4_SRC, source);
	nfct_set_attr_u32(entry, ATTR_IPV4_DST, destination);
	nfct_set_attr_u8(entry, ATTR_L4PROTO, IPPROTO_UDP);
	nfct_set_attr_u16(entry, ATTR_PORT_SRC, htons(20000));
	nfct_set_attr_u16(entry, ATTR_PORT_DST, htons((uint16_t)(1024 + number % PORTS_A_SOCKET)));
	nfct_setobjopt(entry, NFCT_SOPT_SETUP_REPLY);
	nfct_set_attr_u32(entry, ATTR_TIMEOUT, 600);
	/* Assured ones do not give way when the table is full (nf_conntrack_core.c, early_drop()). */
	nfct_set_attr_u32(entry, ATTR_STATUS, IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED);
}

static int flood_entries(char **words)
{
	uint32_t n = (uint32_t)strtoul(words[1], NULL, 10), made = 0;
	in_addr_t destination = address(words[0], 0).sin_addr.s_addr;
	struct nfct_handle *handle = nfct_open(CONNTRACK, 0);
	struct nf_conntrack *entry = nfct_new();
	uint64_t began_us = now_us();

	if (!handle || !entry)
		return 1;
	for (uint32_t i = 0; i < n; i++) {
		fill_entry(entry, destination, i);
		if (nfct_query(handle, NFCT_Q_CREATE, entry) == 0)
			made++;
		else if (errno == ENOMEM)
			break;
	}
	nfct_destroy(entry);
	nfct_close(handle);
	return say(made, began_us);
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "connect") == 0)
		return flood_connect(argv + 2);
	if (argc == 4 && strcmp(argv[1], "tuples") == 0)
		return flood_tuples(argv + 2);
	if (argc == 4 && strcmp(argv[1], "entries") == 0)
		return flood_entries(argv + 2);
	fputs("usage: flood connect|tuples|entries …\n", stderr);
	return 2;
}
