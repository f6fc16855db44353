/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who holds a socket, where who made it is not known, or is gone: a look at everybody's descriptors, once for
 * all that ask.
 */
#include "process/identity.h"

#include "process/reader.h"
#include "process/scan.h"

static bool still_runs(const struct pr_identity_reader *reader, const struct pr_owner *owner)
{
	int directory PR_CLEANUP(pr_cleanup_close) =
		pr_procfs_open(reader->proc_fd, (pid_t)owner->pid);
	struct pr_procfs_stat stat;

	return directory >= 0 && pr_procfs_stat(directory, &stat) == 0 &&
	       (!owner->start_time || stat.start_time == owner->start_time);
}

/* The holder is described as who it is, not as who made the socket: BPF's hint is not of him. */
static int read_holder(struct pr_identity_reader *reader, const struct pr_owner *owner, pid_t pid,
		       struct pr_process **ret_process)
{
	struct pr_owner holder = *owner;

	holder.pid = (uint32_t)pid;
	holder.start_time = 0;
	holder.uid = (uid_t)-1;
	holder.hint = (struct pr_exec_hint){ 0 };
	return pr_identity_read_owner(reader, &holder, ret_process);
}

bool pr_identity_is_slow(const struct pr_identity_reader *reader, const struct pr_owner *owner)
{
	/* A listener outlives its maker: a master that has left its workers, a manager's helper. */
	return !owner->pid || (owner->listener && owner->inode && !still_runs(reader, owner));
}

/* The socket that sent it; 0 = nobody knows. */
static uint64_t inode_of(const struct pr_identity_reader *reader, const struct pr_owner *owner)
{
	uint64_t inode = owner->inode;
	uid_t uid;

	if (!inode && pr_scan_datagram(reader->proc_fd, &owner->tuple, &inode, &uid))
		return 0;
	return inode;
}

static int answer(struct pr_identity_reader *reader, const struct pr_owner *owner, pid_t pid,
		  struct pr_process **ret_process)
{
	if (pid && (pid != 1 || !owner->pid))
		return read_holder(reader, owner, pid, ret_process);
	return pr_identity_read_gone(reader, owner, ret_process);
}

/* Sorted, each once. Returns how many there are. */
static size_t wanted(const uint64_t *inodes, size_t n, struct pr_scan_socket *ret_sockets)
{
	size_t n_wanted = 0;

	for (size_t i = 0; i < n; i++) {
		bool again = !inodes[i];

		for (size_t k = 0; k < n_wanted && !again; k++)
			again = ret_sockets[k].inode == inodes[i];
		if (!again)
			ret_sockets[n_wanted++].inode = inodes[i];
	}
	return n_wanted;
}

static int scan(struct pr_identity_reader *reader, struct pr_scan_socket *sockets, size_t n)
{
	int r;

	if (!n)
		return 0;
	reader->counters.n_scans++;
	r = pr_scan_sockets(reader->proc_fd, sockets, n, PR_IDENTITY_SCAN_FDS_MAX);
	if (r == PR_SCAN_CUT)
		reader->counters.n_scans_cut++;
	for (size_t i = 0; i < n; i++)
		reader->counters.n_scans_found += r >= 0 && sockets[i].pid;
	return r < 0 ? r : 0;
}

int pr_identity_find_all(struct pr_identity_reader *reader, struct pr_identity_request *requests,
			 size_t n)
{
	PR_CLEANUP(pr_cleanup_free) uint64_t *inodes = pr_calloc(n, sizeof(*inodes));
	PR_CLEANUP(pr_cleanup_free)
	struct pr_scan_socket *sockets = pr_calloc(n, sizeof(*sockets));
	size_t n_sockets;
	int r;

	for (size_t i = 0; i < n; i++)
		if (pr_identity_is_slow(reader, &requests[i].owner))
			inodes[i] = inode_of(reader, &requests[i].owner);
	n_sockets = wanted(inodes, n, sockets);
	r = scan(reader, sockets, n_sockets);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		const struct pr_owner *owner = &requests[i].owner;
		const struct pr_scan_socket *found =
			inodes[i] ? pr_scan_socket_find(sockets, n_sockets, inodes[i]) : NULL;

		requests[i].process = NULL;
		if (pr_identity_is_slow(reader, owner))
			r = answer(reader, owner, found ? found->pid : 0, &requests[i].process);
		else
			r = pr_identity_read_owner(reader, owner, &requests[i].process);
		if (r)
			requests[i].process = NULL;
	}
	return 0;
}

int pr_identity_find(struct pr_identity_reader *reader, const struct pr_owner *owner,
		     struct pr_process **ret_process)
{
	struct pr_identity_request request = { .owner = *owner };
	int r;

	if (!pr_identity_is_slow(reader, owner))
		return pr_identity_read_owner(reader, owner, ret_process);
	r = pr_identity_find_all(reader, &request, 1);
	if (r < 0)
		return r;
	if (!request.process)
		return PR_IDENTITY_GONE;
	*ret_process = request.process;
	return PR_IDENTITY_READ;
}
