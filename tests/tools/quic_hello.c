/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * quic_hello NAME PORT HOW [OTHER]: asks for the name (eleven letters), and sends its address QUIC's first flight, a ClientHello in two
 * Initials of 1,200 bytes: `together` (the kernel cuts them: UDP_SEGMENT), `apart`, `swapped`; or `plain`: 1,200 bytes that
 * look like an Initial and are none. `instead`, `anew`: a flight that dies at the first router, then one for OTHER from the same socket,
 * with the same connection id or with another one.
 */
#include "../unit/quic_talk.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEN 1200
#define CID "8394c8f03e515708"

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int connected(const char *name, const char *port)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM }, *found;
	int fd;

	if (getaddrinfo(name, port, &hints, &found) != 0)
		fail("getaddrinfo");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0)
		fail("connect");
	freeaddrinfo(found);
	return fd;
}

static void write_flight(const char *name, const char *cid, uint8_t flight[2 * LEN])
{
	struct talk talk = { 0 };
	struct quic_build client = { .version = PR_QUIC_V1 };
	uint8_t hello[CLIENT_HELLO_LEN];

	client.keys_of = client.dcid = quic_build_cid(cid);
	memcpy(hello, client_hello, sizeof(hello));
	memcpy(hello + 58, name, 11);
	talk_hello(&talk, &client, 0, hello, 0, 62); /* within the name */
	talk_hello(&talk, &client, 1, hello, 62, sizeof(hello));
	memcpy(flight, talk.bytes[0], LEN);
	memcpy(flight + LEN, talk.bytes[1], LEN);
}

static void send_out(int fd, const uint8_t *bytes, size_t len)
{
	if (send(fd, bytes, len, 0) < 0)
		fail("send");
}

static void send_flight(int fd, const uint8_t flight[2 * LEN], int ttl)
{
	if (setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)) < 0)
		fail("IP_TTL");
	send_out(fd, flight, LEN);
	send_out(fd, flight + LEN, LEN);
}

/* What the first router says of it may come before the next is sent. */
static void send_instead(int fd, const uint8_t first[2 * LEN], const char *other, bool anew)
{
	uint8_t flight[2 * LEN];
	int on = 0;

	write_flight(other, anew ? "8394c8f03e515709" : CID, flight);
	(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	send_flight(fd, first, 1);
	usleep(200000);
	send_flight(fd, flight, 64);
}

int main(int argc, char **argv)
{
	uint8_t flight[2 * LEN];
	int fd, segment = LEN;

	bool two = argc == 5 && strlen(argv[4]) == 11;

	if ((argc != 4 && !two) || strlen(argv[1]) != 11)
		return 2;
	fd = connected(argv[1], argv[2]);
	write_flight(argv[1], CID, flight);
	if (two) {
		send_instead(fd, flight, argv[4], strcmp(argv[3], "anew") == 0);
	} else if (strcmp(argv[3], "together") == 0) {
		if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0)
			fail("UDP_SEGMENT");
		send_out(fd, flight, sizeof(flight));
	} else if (strcmp(argv[3], "plain") == 0) {
		memset(flight + 30, 'x', LEN - 30);
		send_out(fd, flight, LEN);
	} else {
		bool swapped = strcmp(argv[3], "swapped") == 0;

		send_out(fd, flight + swapped * LEN, LEN);
		send_out(fd, flight + !swapped * LEN, LEN);
	}
	close(fd);
	return 0;
}
