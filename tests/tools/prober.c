/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whoever tries to get forbidden packets out, by every way that a socket of the IP stack knows, while the
 * system tests break something; a capture on the far side is the judge.
 *
 *   prober ADDRESS4 ADDRESS6     until SIGTERM; prints how many packets it tried to send so far
 *
 * Two processes: one as nobody, one as root, which sets packet marks with all values that our bits can have.
 * Both use new sockets for TCP and UDP each round; root sends ICMP and TCP segments with any flags
 * through raw sockets as well.
 */
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOBODY	 65534u
#define ROUND_US 2000
#define SAY_US	 100000

struct target {
	struct sockaddr_storage address;
	socklen_t len;
	int family;
};

static atomic_ulong *tried;

static struct target target(const char *text, uint16_t port)
{
	struct target made = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&made.address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&made.address;
	void *where = made.family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr;

	made.address.ss_family = (sa_family_t)made.family;
	made.len = made.family == AF_INET ? sizeof(*v4) : sizeof(*v6);
	if (made.family == AF_INET)
		v4->sin_port = htons(port);
	else
		v6->sin6_port = htons(port);
	if (inet_pton(made.family, text, where) != 1) {
		fprintf(stderr, "prober: %s is no address\n", text);
		exit(2);
	}
	return made;
}

static int open_socket(const struct target *to, int type, int protocol, uint32_t mark)
{
	int fd = socket(to->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (fd >= 0 && mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0) {
		perror("prober: SO_MARK");
		exit(1);
	}
	return fd;
}

static void send_to(int fd, const struct target *to, const void *bytes, size_t len)
{
	if (fd < 0)
		return;
	(void)!sendto(fd, bytes, len, MSG_NOSIGNAL, (const struct sockaddr *)&to->address, to->len);
	atomic_fetch_add(tried, 1);
}

/* A SYN; a datagram of a connected socket, a datagram of one that is not. */
static void try_sockets(const struct target *to, uint32_t mark)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	int fd;

	for (size_t i = 0; i < 2; i++) {
		fd = open_socket(to, types[i], 0, mark);
		if (fd < 0)
			continue;
		(void)!connect(fd, (const struct sockaddr *)&to->address, to->len);
		(void)!send(fd, "forbidden", 9, MSG_NOSIGNAL);
		atomic_fetch_add(tried, 1);
		close(fd);
	}
	fd = open_socket(to, SOCK_DGRAM, 0, mark);
	send_to(fd, to, "forbidden", 9);
	if (fd >= 0)
		close(fd);
}

static void try_ping(const struct target *to, int type, uint32_t mark)
{
	struct icmphdr echo4 = { .type = ICMP_ECHO, .checksum = 0xfff7 };
	struct icmp6_hdr echo6 = { .icmp6_type = ICMP6_ECHO_REQUEST };
	bool v4 = to->family == AF_INET;
	struct target raw = *to;
	int fd = open_socket(to, type, v4 ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6, mark);

	/* A raw socket of IPv6 takes no port (net/ipv6/raw.c, rawv6_sendmsg()). */
	if (!v4)
		((struct sockaddr_in6 *)&raw.address)->sin6_port = 0;
	send_to(fd, &raw, v4 ? (void *)&echo4 : (void *)&echo6, 8);
	if (fd >= 0)
		close(fd);
}

/* A bare segment with the flags asked for; the checksum does not matter to who looks at the wire. */
static void try_segment(const struct target *to, uint8_t flags, uint32_t mark)
{
	uint8_t segment[20] = { 0x30, 0x39, 0, 80 };
	struct target raw = *to;
	int fd = open_socket(to, SOCK_RAW, IPPROTO_TCP, mark);

	segment[12] = 5 << 4;
	segment[13] = flags;
	if (raw.family == AF_INET6)
		((struct sockaddr_in6 *)&raw.address)->sin6_port = 0;
	send_to(fd, &raw, segment, sizeof(segment));
	if (fd >= 0)
		close(fd);
}

static void probe(const struct target targets[2], bool root)
{
	const struct timespec pause = { .tv_nsec = ROUND_US * 1000 };

	for (uint32_t n = 0;; n++) {
		/* All values of our eight bits in turn, each with somebody else's bits or without. */
		uint32_t mark = root ? (n & 0xff) << 24 | (n & 0x100 ? 0xca6c : 0) : 0;

		for (int i = 0; i < 2; i++) {
			try_sockets(&targets[i], mark);
			try_ping(&targets[i], SOCK_DGRAM, mark);
			if (!root)
				continue;
			try_ping(&targets[i], SOCK_RAW, mark);
			try_segment(&targets[i], (uint8_t)(n & 0x3f), mark);
		}
		nanosleep(&pause, NULL);
	}
}

static pid_t start(const struct target targets[2], bool root)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	if (!root && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		_exit(1);
	/* Changing the user takes the signal off again (prctl(2)). */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(1);
	probe(targets, root);
	_exit(0);
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = SAY_US * 1000 };
	struct target targets[2];
	pid_t pids[2];

	if (argc != 3)
		return 2;
	targets[0] = target(argv[1], 80);
	targets[1] = target(argv[2], 80);
	tried = mmap(NULL, sizeof(*tried), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (tried == MAP_FAILED)
		return 1;
	for (int i = 0; i < 2; i++) {
		pids[i] = start(targets, i);
		if (pids[i] < 0)
			return 1;
	}
	while (waitpid(-1, NULL, WNOHANG) == 0) {
		printf("%lu\n", atomic_load(tried));
		fflush(stdout);
		nanosleep(&pause, NULL);
	}
	fputs("prober: one of its processes ended\n", stderr);
	return 1;
}
