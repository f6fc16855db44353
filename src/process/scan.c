/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/scan.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define LINK_SIZE    64
#define LINES_MAX    100000 /* of a table in /proc/net */
#define ADDRESS_SIZE 33	    /* 32 hexadecimal digits */

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static DIR *open_directory(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory;

	if (fd < 0)
		return NULL;
	directory = fdopendir(fd);
	if (!directory)
		close(fd);
	return directory;
}

static bool is_number(const char *text)
{
	for (const char *at = text; *at; at++)
		if (!isdigit((unsigned char)*at))
			return false;
	return *text != 0;
}

int pr_scan_processes_open(int proc_fd, struct pr_scan_processes *ret_walk)
{
	DIR *directory = open_directory(proc_fd, ".");

	if (!directory)
		return -errno;
	ret_walk->directory = directory;
	return 0;
}

pid_t pr_scan_processes_next(struct pr_scan_processes *walk)
{
	struct dirent *entry;

	while ((entry = readdir(walk->directory)) != NULL)
		if (is_number(entry->d_name))
			return (pid_t)strtol(entry->d_name, NULL, 10);
	return 0;
}

void pr_scan_processes_close(struct pr_scan_processes *walk)
{
	closedir(walk->directory);
}

static int by_inode(const void *a, const void *b)
{
	const struct pr_scan_socket *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

const struct pr_scan_socket *pr_scan_socket_find(const struct pr_scan_socket *sockets, size_t n,
						 uint64_t inode)
{
	const struct pr_scan_socket key = { .inode = inode };

	return bsearch(&key, sockets, n, sizeof(*sockets), by_inode);
}

struct search {
	struct pr_scan_socket *sockets;
	size_t n, n_left; /* n_left: nobody but PID 1 was found for them */
	unsigned int n_fds_left;
};

/* "socket:[12345]" of a process. */
static void look_at_descriptor(struct search *search, pid_t pid, const char *text)
{
	struct pr_scan_socket *socket;
	uint64_t inode;

	if (sscanf(text, "socket:[%" SCNu64 "]", &inode) != 1)
		return;
	socket = (struct pr_scan_socket *)(uintptr_t)pr_scan_socket_find(search->sockets, search->n,
									 inode);
	if (!socket || socket->pid > 1)
		return;
	socket->pid = pid;
	if (pid > 1)
		search->n_left--;
}

static void look_at_process(int proc_fd, pid_t pid, struct search *search)
{
	char name[32], text[LINK_SIZE];
	DIR *descriptors PR_CLEANUP(close_directory) = NULL;
	struct dirent *entry;

	snprintf(name, sizeof(name), "%d/fd", pid);
	descriptors = open_directory(proc_fd, name);
	if (!descriptors)
		return; /* gone meanwhile */
	while (search->n_fds_left && search->n_left && (entry = readdir(descriptors)) != NULL) {
		ssize_t n;

		if (!is_number(entry->d_name))
			continue;
		search->n_fds_left--;
		n = readlinkat(dirfd(descriptors), entry->d_name, text, sizeof(text) - 1);
		if (n <= 0)
			continue;
		text[n] = 0;
		look_at_descriptor(search, pid, text);
	}
}

int pr_scan_sockets(int proc_fd, struct pr_scan_socket *sockets, size_t n, unsigned int n_fds_max)
{
	struct search search = { sockets, n, n, n_fds_max };
	struct pr_scan_processes walk;
	pid_t pid;
	int r = pr_scan_processes_open(proc_fd, &walk);

	if (r < 0)
		return r;
	qsort(sockets, n, sizeof(*sockets), by_inode);
	for (size_t i = 0; i < n; i++)
		sockets[i].pid = 0;
	while (search.n_left && search.n_fds_left && (pid = pr_scan_processes_next(&walk)) > 0)
		look_at_process(proc_fd, pid, &search);
	pr_scan_processes_close(&walk);
	return search.n_left && !search.n_fds_left ? PR_SCAN_CUT : PR_SCAN_FOUND;
}

/* ---- /proc/net/{icmp,icmp6,raw,raw6}: "sl local:port remote:port st … uid timeout inode …" ---- */

struct candidate {
	uint64_t inode;
	uid_t uid;
	unsigned int n;
};

/* The kernel prints each 32-bit word as a number of the host's byte order. */
static bool parse_address(const char *hex, struct pr_address *ret_address)
{
	uint32_t words[4];
	size_t len = strlen(hex);

	if (len != 8 && len != 32)
		return false;
	for (size_t i = 0; i < len / 8; i++) {
		char word[9];

		memcpy(word, hex + 8 * i, 8);
		word[8] = 0;
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	*ret_address = len == 8 ? pr_address_v4(words) : pr_address_v6(words);
	return true;
}

static bool is_any(const struct pr_address *address)
{
	static const uint8_t zero[16];

	return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

static void look_at_line(const char *line, const struct pr_address *local, unsigned int number,
			 unsigned int other_number, struct candidate *candidate)
{
	char address_hex[ADDRESS_SIZE];
	struct pr_address address;
	unsigned int found_number, uid;
	uint64_t inode;

	if (sscanf(line,
		   " %*u: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %*x %*x:%*x %*x:%*x %*x %u %*d "
		   "%" SCNu64,
		   address_hex, &found_number, &uid, &inode) != 4)
		return;
	if (found_number != number && found_number != other_number)
		return;
	if (!parse_address(address_hex, &address) ||
	    (!is_any(&address) && !pr_address_equal(&address, local)))
		return;
	candidate->n++;
	candidate->inode = inode;
	candidate->uid = uid;
}

static int look_at_table(int proc_fd, const char *table, const struct pr_address *local,
			 unsigned int number, unsigned int other_number,
			 struct candidate *candidate)
{
	FILE *file PR_CLEANUP(pr_cleanup_fclose) = NULL;
	char *line PR_CLEANUP(pr_cleanup_free) = NULL;
	size_t size = 0;
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "thread-self/net/%s", table);
	fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	file = fdopen(fd, "re");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < LINES_MAX && getline(&line, &size, file) > 0; i++)
		look_at_line(line, local, number, other_number, candidate);
	return 0;
}

int pr_scan_datagram(int proc_fd, const struct pr_tuple *local_view, uint64_t *ret_inode,
		     uid_t *ret_uid)
{
	bool v6 = local_view->src.family == 6;
	struct candidate candidate = { 0 };
	int r = 0;

	if (local_view->proto == IPPROTO_ICMP || local_view->proto == IPPROTO_ICMPV6)
		r = look_at_table(proc_fd, v6 ? "icmp6" : "icmp", &local_view->src,
				  local_view->src_port, local_view->src_port, &candidate);
	if (r == 0 && candidate.n == 0)
		r = look_at_table(proc_fd, v6 ? "raw6" : "raw", &local_view->src, local_view->proto,
				  IPPROTO_RAW, &candidate);
	if (r < 0)
		return r;
	if (candidate.n != 1 || !candidate.inode)
		return PR_SCAN_NOT_FOUND;
	*ret_inode = candidate.inode;
	*ret_uid = candidate.uid;
	return PR_SCAN_FOUND;
}
