/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program that is denied everything, run by nobody, and its tricks to pass as somebody else.
 *
 *   attacker ADDRESS4 TRICK
 *
 * disconnect   one thread sends while another disconnects the socket, whose port changes under the packet
 * lite         UDP-Lite
 * connect      TCP's connect() is under way when its process becomes /usr/bin/sleep
 * child        the process that connected a socket becomes /usr/bin/sleep, its child sends
 * ping         the same with a ping socket
 * gone         whoever sent is gone at once
 * fast         data in the SYN
 * pieces       datagrams in fragments
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY	     65534u
#define RACE_SECONDS 3
#define N_PROCESSES  60
#define N_PACKETS    20
#define BIG	     9000

static struct sockaddr_in to = { .sin_family = AF_INET };
static atomic_bool over;
static int racing = -1;

static void send_one(int fd, const void *bytes, size_t len, int flags)
{
	(void)!sendto(fd, bytes, len, flags | MSG_DONTWAIT | MSG_NOSIGNAL,
		      (const struct sockaddr *)&to, sizeof(to));
}

static void *disconnect(void *context)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	while (!over)
		(void)!connect(racing, &nowhere, sizeof(nowhere));
	return context;
}

static void *send_on(void *context)
{
	while (!over)
		send_one(racing, "race", 4, 0);
	return context;
}

static void try_disconnect(void)
{
	pthread_t threads[2];

	racing = socket(AF_INET, SOCK_DGRAM, 0);
	if (pthread_create(&threads[0], NULL, disconnect, NULL) ||
	    pthread_create(&threads[1], NULL, send_on, NULL))
		return;
	sleep(RACE_SECONDS);
	over = true;
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	close(racing);
}

/* N_PACKETS by one socket. */
static void try_socket(int type, int protocol, size_t len, int flags)
{
	static const char bytes[BIG];
	int fd = socket(AF_INET, type, protocol);

	for (int i = 0; i < N_PACKETS; i++)
		send_one(fd, bytes, len, flags);
	close(fd);
}

/* Its process becomes one that is permitted; the child sends when that is so. */
static void become_another(int fd, bool child_sends, unsigned int delay_us)
{
	static const unsigned char echo[8] = { 8 };

	if (child_sends && fork() == 0) {
		usleep(delay_us);
		send_one(fd, echo, sizeof(echo), 0);
		_exit(0);
	}
	execl("/usr/bin/sleep", "sleep", "0.05", NULL);
	_exit(1);
}

static void try_exec(int type, int protocol, bool child_sends)
{
	for (unsigned int i = 0; i < N_PROCESSES; i++) {
		if (fork() == 0) {
			int fd = socket(AF_INET, type | SOCK_NONBLOCK, protocol);

			(void)!connect(fd, (const struct sockaddr *)&to, sizeof(to));
			become_another(fd, child_sends, 1000 + i * 100);
		}
	}
	while (wait(NULL) > 0)
		;
}

static void try_gone(void)
{
	for (int i = 0; i < N_PROCESSES; i++) {
		if (fork() == 0) {
			send_one(socket(AF_INET, SOCK_DGRAM, 0), "gone", 4, 0);
			_exit(0);
		}
		wait(NULL);
	}
}

int main(int argc, char **argv)
{
	const char *trick = argc == 3 ? argv[2] : "";

	to.sin_port = htons(1001);
	if (argc != 3 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 || setuid(NOBODY) < 0)
		return 2;
	if (!strcmp(trick, "disconnect"))
		try_disconnect();
	else if (!strcmp(trick, "lite"))
		try_socket(SOCK_DGRAM, IPPROTO_UDPLITE, 4, 0);
	else if (!strcmp(trick, "connect"))
		try_exec(SOCK_STREAM, 0, false);
	else if (!strcmp(trick, "child"))
		try_exec(SOCK_DGRAM, 0, true);
	else if (!strcmp(trick, "ping"))
		try_exec(SOCK_DGRAM, IPPROTO_ICMP, true);
	else if (!strcmp(trick, "gone"))
		try_gone();
	else if (!strcmp(trick, "fast"))
		try_socket(SOCK_STREAM, 0, 4, MSG_FASTOPEN);
	else if (!strcmp(trick, "pieces"))
		try_socket(SOCK_DGRAM, 0, BIG, 0);
	else
		return 2;
	return 0;
}
