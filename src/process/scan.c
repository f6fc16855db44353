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

/* True when the process holds the socket; *n_left counts down. */
static bool holds(int proc_fd, pid_t pid, const char *wanted, unsigned int *n_left)
{
	char name[32], text[LINK_SIZE];
	DIR *descriptors PR_CLEANUP(close_directory) = NULL;
	struct dirent *entry;

	snprintf(name, sizeof(name), "%d/fd", pid);
	descriptors = open_directory(proc_fd, name);
	if (!descriptors)
		return false; /* gone meanwhile */
	while (*n_left && (entry = readdir(descriptors)) != NULL) {
		ssize_t n;

		if (!is_number(entry->d_name))
			continue;
		--*n_left;
		n = readlinkat(dirfd(descriptors), entry->d_name, text, sizeof(text) - 1);
		if (n <= 0)
			continue;
		text[n] = 0;
		if (strcmp(text, wanted) == 0)
			return true;
	}
	return false;
}

int pr_scan_inode(int proc_fd, uint64_t inode, unsigned int n_fds_max, pid_t *ret_pid)
{
	struct pr_scan_processes walk;
	char wanted[LINK_SIZE];
	pid_t pid, found = 0;
	int r = pr_scan_processes_open(proc_fd, &walk);

	if (r < 0)
		return r;
	snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", inode);
	while (found <= 1 && n_fds_max && (pid = pr_scan_processes_next(&walk)) > 0)
		if (holds(proc_fd, pid, wanted, &n_fds_max))
			found = pid;
	pr_scan_processes_close(&walk);
	if (found > 1 || (found == 1 && n_fds_max)) {
		*ret_pid = found;
		return PR_SCAN_FOUND;
	}
	return n_fds_max ? PR_SCAN_NOT_FOUND : PR_SCAN_CUT;
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
