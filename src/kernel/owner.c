/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ladder. A rung that fails, or says nothing, leads to the next; a rung that says something doubtful
 * (a tuple of two namespaces, a port that several processes share) ends in "nobody": unknown is an
 * answer, a guess is not.
 */
#include "kernel/owner.h"

#include "kernel/sock_diag.h"

#include <string.h>

static struct pr_owner owner_of_nobody(const struct pr_tuple *local_view)
{
	return (struct pr_owner){ .uid = (uid_t)-1, .rung = PR_RUNG_NONE, .tuple = *local_view };
}

static void count(struct pr_owner_finder *finder, const struct pr_owner *owner)
{
	finder->counters.n_by_rung[owner->rung]++;
}

static int nobody(struct pr_owner_finder *finder)
{
	finder->counters.n_by_rung[PR_RUNG_NONE]++;
	return PR_OWNER_NOBODY;
}

static int kernels(struct pr_owner_finder *finder)
{
	finder->counters.n_kernel++;
	return PR_OWNER_OF_KERNEL;
}

/* A map look-up: true when there is an entry. */
static bool settle(struct pr_owner_finder *finder, int r)
{
	if (r < 0 && r != -ENOENT)
		finder->counters.n_errors++;
	return r == 0;
}

/* BPF's memory of a socket. What PID 1 holds is somebody's for whom it was opened: only the supervisor
 * can find that one. */
static bool fill_from_cookie(struct pr_owner_finder *finder, uint64_t cookie,
			     struct pr_owner *owner)
{
	struct pr_bpf_owner record;

	if (finder->maps.sockets < 0 || !cookie ||
	    !settle(finder, pr_bpf_find_owner(finder->maps.sockets, cookie, &record)))
		return false;
	pr_bpf_fill_owner(&record, owner);
	if (owner->listener && owner->pid == 1)
		owner->pid = 0;
	return owner->pid != 0;
}

static int ask_supervisor(struct pr_owner_finder *finder, struct pr_owner *owner,
			  struct pr_owner *ret_owner)
{
	owner->rung = PR_RUNG_PROC;
	count(finder, owner);
	*ret_owner = *owner;
	return PR_OWNER_ASK;
}

/* What the program in front of the queue saw of this very tuple. -1: nothing, try the next rung. */
static int by_bpf(struct pr_owner_finder *finder, struct pr_owner *owner,
		  struct pr_owner *ret_owner)
{
	const struct pr_bpf_link *link;
	struct pr_bpf_sent sent;

	if (finder->maps.tuples < 0 ||
	    !settle(finder, pr_bpf_find_sent(finder->maps.tuples, &owner->tuple, &sent)))
		return -1;
	link = &sent.link;
	if (link->flags & PR_BPF_LINK_KERNEL)
		return kernels(finder);
	owner->cookie = link->cookie;
	owner->inode = link->inode;
	owner->uid = link->uid;
	if (sent.owner.pid)
		pr_bpf_fill_owner(&sent.owner, owner);
	else if (!fill_from_cookie(finder, link->cookie, owner))
		return link->inode ? ask_supervisor(finder, owner, ret_owner) : -1;
	owner->rung = PR_RUNG_BPF;
	count(finder, owner);
	*ret_owner = *owner;
	return PR_OWNER_FOUND;
}

static int of_socket(struct pr_owner_finder *finder, const struct pr_socket *socket,
		     struct pr_owner *owner, struct pr_owner *ret_owner)
{
	owner->cookie = socket->cookie;
	owner->inode = socket->inode;
	owner->uid = socket->uid;
	owner->listener = socket->listener;
	if (fill_from_cookie(finder, socket->cookie, owner)) {
		owner->rung = PR_RUNG_SOCK_DIAG;
		count(finder, owner);
		*ret_owner = *owner;
		return PR_OWNER_FOUND;
	}
	return owner->inode ? ask_supervisor(finder, owner, ret_owner) : nobody(finder);
}

static bool is_multicast(const struct pr_address *address)
{
	static const uint8_t broadcast[4] = { 255, 255, 255, 255 };

	if (address->family == 4)
		return (address->bytes[0] & 0xf0) == 0xe0 ||
		       memcmp(address->bytes, broadcast, 4) == 0;
	return address->bytes[0] == 0xff;
}

/* A datagram that several sockets get, or whose port several processes send from: theirs only if they
 * are one. -1: nobody has the port. */
static int of_several(struct pr_owner_finder *finder, struct pr_owner *owner,
		      struct pr_owner *ret_owner)
{
	struct pr_socket sockets[8];
	int n = pr_sock_diag_receivers(finder->diag_fd, &owner->tuple, sockets,
				       PR_ARRAY_SIZE(sockets));

	if (n < 0)
		finder->counters.n_errors++;
	if (n <= 0)
		return -1;
	if (n > 1) {
		finder->counters.n_several_receivers++;
		return nobody(finder);
	}
	return of_socket(finder, &sockets[0], owner, ret_owner);
}

static int by_sock_diag(struct pr_owner_finder *finder, enum pr_direction direction,
			uint32_t ifindex, struct pr_owner *owner, struct pr_owner *ret_owner)
{
	bool out = direction == PR_DIRECTION_OUT;
	struct pr_socket socket;
	int r;

	if (finder->diag_fd < 0)
		return ask_supervisor(finder, owner, ret_owner);
	if (!out && owner->tuple.proto == IPPROTO_UDP && is_multicast(&owner->tuple.src)) {
		r = of_several(finder, owner, ret_owner);
		return r < 0 ? nobody(finder) : r;
	}
	r = pr_sock_diag_find(finder->diag_fd, &owner->tuple, ifindex, &socket);
	if (r < 0)
		finder->counters.n_errors++;
	if (r < 0 || r == PR_SOCK_DIAG_UNSUPPORTED)
		return ask_supervisor(finder, owner, ret_owner);
	if (r == PR_SOCK_DIAG_NOT_FOUND)
		return nobody(finder);
	/* A listener does not send what opens a link: its sender has gone, and somebody else listens on
	 * the port it had. */
	if (out && owner->tuple.proto == IPPROTO_TCP && socket.listener)
		return nobody(finder);
	if (out && owner->tuple.proto == IPPROTO_UDP && socket.listener) {
		r = of_several(finder, owner, ret_owner);
		return r < 0 ? nobody(finder) : r;
	}
	return of_socket(finder, &socket, owner, ret_owner);
}

static int forwarded(struct pr_owner_finder *finder, const struct pr_tuple *tuple,
		     struct pr_owner *ret_owner)
{
	struct pr_owner owner = owner_of_nobody(tuple);
	struct pr_bpf_link link;

	if (finder->maps.foreign < 0 ||
	    !settle(finder, pr_bpf_find_link(finder->maps.foreign, tuple, &link)))
		return nobody(finder);
	if (link.flags & PR_BPF_LINK_AMBIGUOUS) {
		finder->counters.n_ambiguous++;
		return nobody(finder);
	}
	owner.foreign = true;
	owner.cookie = link.cookie;
	owner.inode = link.inode;
	owner.uid = link.uid;
	if (link.flags & PR_BPF_LINK_KERNEL || !fill_from_cookie(finder, link.cookie, &owner))
		return nobody(finder);
	finder->counters.n_foreign++;
	owner.rung = PR_RUNG_BPF;
	count(finder, &owner);
	*ret_owner = owner;
	return PR_OWNER_FOUND;
}

int pr_owner_lookup(struct pr_owner_finder *finder, const struct pr_tuple *tuple,
		    enum pr_direction direction, uint32_t ifindex, struct pr_owner *ret_owner)
{
	struct pr_tuple local_view =
		direction == PR_DIRECTION_IN ? pr_tuple_reversed(tuple) : *tuple;
	struct pr_owner owner = owner_of_nobody(&local_view);
	int r;

	finder->counters.n_lookups++;
	if (direction == PR_DIRECTION_FORWARD)
		return forwarded(finder, tuple, ret_owner);
	if (direction == PR_DIRECTION_OUT) {
		r = by_bpf(finder, &owner, ret_owner);
		if (r >= 0)
			return r;
	} else if (tuple->proto == IPPROTO_ICMP || tuple->proto == IPPROTO_ICMPV6) {
		return kernels(finder); /* it answers echo requests by itself */
	}
	return by_sock_diag(finder, direction, ifindex, &owner, ret_owner);
}

int pr_owner_lookup_client(struct pr_owner_finder *finder, const struct pr_tuple *tuple,
			   struct pr_owner *ret_owner)
{
	struct pr_owner owner = owner_of_nobody(tuple);
	struct pr_socket socket;
	int r;

	/* A connected socket is told by its tuple; an unconnected one may have a namesake. */
	if (finder->diag_fd >= 0 &&
	    pr_sock_diag_find(finder->diag_fd, tuple, 0, &socket) == PR_SOCK_DIAG_FOUND &&
	    !socket.listener) {
		finder->counters.n_lookups++;
		return of_socket(finder, &socket, &owner, ret_owner);
	}
	r = pr_owner_lookup(finder, tuple, PR_DIRECTION_OUT, 0, ret_owner);
	return r;
}

int pr_owner_of_cookie(struct pr_owner_finder *finder, uint64_t cookie, uint64_t inode, uid_t uid,
		       struct pr_owner *ret_owner)
{
	struct pr_socket socket = { .cookie = cookie, .inode = inode, .uid = uid };
	struct pr_owner owner = owner_of_nobody(&socket.tuple);

	finder->counters.n_lookups++;
	return of_socket(finder, &socket, &owner, ret_owner);
}
