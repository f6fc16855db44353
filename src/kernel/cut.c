/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A socket is looked up first and destroyed by its cookie: SOCK_DESTROY by tuple alone would take the listener,
 * or a UDP socket that serves others too, where the exact one is gone (net/ipv4/inet_diag.c, udp_diag.c).
 * Its reset may leave whatever the link's verdict is by now (nft_verdicts.c).
 */
#include "kernel/cut.h"

#include "kernel/mark.h"
#include "kernel/nftables.h"
#include "kernel/sock_diag.h"
#include "packet/build.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SOCK_DESTROY
#define SOCK_DESTROY 21
#endif

struct pr_cut {
	struct pr_conntrack *conntrack; /* borrowed */
	uint32_t mark_mask;
	int diag_fd;
	int raw4_fd, raw6_fd; /* -1 = none */
};

/* The file of a socket is of the user that the file system sees while it is made: `meta skuid` shows that. */
static void open_raw(struct pr_cut *cut, uid_t uid)
{
	int on = 1;

	if (uid != PR_RULESET_NO_UID)
		setfsuid(uid);
	cut->raw4_fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	cut->raw6_fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (uid != PR_RULESET_NO_UID)
		setfsuid(geteuid());
	if (cut->raw4_fd >= 0)
		(void)setsockopt(cut->raw4_fd, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on));
}

int pr_cut_open(struct pr_conntrack *conntrack, uint32_t mark_mask, uid_t reset_uid,
		struct pr_cut **ret_cut)
{
	struct pr_cut *cut = pr_calloc(1, sizeof(*cut));
	int fd = pr_sock_diag_open();

	if (fd < 0) {
		free(cut);
		return fd;
	}
	*cut = (struct pr_cut){ conntrack, mark_mask, fd, -1, -1 };
	open_raw(cut, reset_uid);
	*ret_cut = cut;
	return 0;
}

/* 0, -ENOENT when it ended by itself, or negative. */
static int destroy(struct pr_cut *cut, const struct pr_tuple *local, const struct pr_socket *socket)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {
		.header = { sizeof(request), SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK, 1, 0 },
		.body = {
			.sdiag_family = local->src.family == 4 ? AF_INET : AF_INET6,
			.sdiag_protocol = local->proto,
			.idiag_states = ~0u,
			.id = {
				.idiag_sport = htons(local->src_port),
				.idiag_dport = htons(local->dst_port),
				.idiag_if = socket->ifindex,
				.idiag_cookie = { (uint32_t)socket->cookie,
						  (uint32_t)(socket->cookie >> 32) },
			},
		},
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct {
		struct nlmsghdr header;
		struct nlmsgerr body;
		uint8_t rest[sizeof(request)];
	} answer;
	size_t len = local->src.family == 4 ? 4 : 16;
	ssize_t n;

	memcpy(request.body.id.idiag_src, local->src.bytes, len);
	memcpy(request.body.id.idiag_dst, local->dst.bytes, len);
	if (sendto(cut->diag_fd, &request, sizeof(request), 0, (struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	n = recv(cut->diag_fd, &answer, sizeof(answer), 0);
	if (n < (ssize_t)(sizeof(answer.header) + sizeof(int)) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return n < 0 ? -errno : -EBADMSG;
	return answer.body.error;
}

/* The socket of the end that is denied. As a server has it the address may be another than the client's: behind
 * NAT of this host, conntrack's reply tuple has it. */
static struct pr_tuple local_view(struct pr_cut *cut, const struct pr_tuple *tuple,
				  enum pr_direction direction)
{
	struct pr_conntrack_entry entry;

	if (direction == PR_DIRECTION_OUT)
		return *tuple;
	if (pr_conntrack_find(cut->conntrack, tuple, &entry) == 0 &&
	    pr_tuple_equal(&entry.original, tuple))
		return entry.reply;
	return pr_tuple_reversed(tuple);
}

static bool is_connected(const struct pr_socket *socket, const struct pr_tuple *local)
{
	return !socket->listener && socket->tuple.dst.family &&
	       socket->tuple.dst_port == local->dst_port &&
	       pr_address_equal(&socket->tuple.dst, &local->dst);
}

int pr_cut_link(struct pr_cut *cut, const struct pr_tuple *tuple, enum pr_direction direction,
		bool drop, uint32_t generation, struct pr_cut_done *ret_done)
{
	struct pr_mark_fields fields = { .generation = (uint8_t)generation };
	struct pr_cut_done done = { 0 };
	struct pr_socket socket;
	struct pr_tuple local;
	/* Before the generation is known, what the mark says of it stays: that the link began under guard. */
	uint32_t bits = generation ? pr_mark_generation_mask(cut->mark_mask) : 0;
	int r;

	if (direction != PR_DIRECTION_FORWARD) {
		local = local_view(cut, tuple, direction);
		r = pr_sock_diag_find(cut->diag_fd, &local, 0, &socket);
		if (r == PR_SOCK_DIAG_FOUND && is_connected(&socket, &local) &&
		    destroy(cut, &local, &socket) == 0)
			done.n_sockets = 1;
	}
	if (direction == PR_DIRECTION_IN) {
		fields.in = drop ? PR_MARK_IN_DROP : PR_MARK_IN_BLOCK;
		bits |= pr_mark_in_mask(cut->mark_mask);
	} else {
		fields.out = drop ? PR_MARK_OUT_DROP : PR_MARK_OUT_BLOCK;
		bits |= pr_mark_out_mask(cut->mark_mask);
	}
	r = pr_conntrack_mark_set(cut->conntrack, tuple, bits,
				  pr_mark_link(cut->mark_mask, &fields));
	if (r < 0)
		return r;
	done.marked = r == 0;
	*ret_done = done;
	return 0;
}

int pr_cut_expect(struct pr_cut *cut, const struct pr_tuple *tuple)
{
	int r = pr_conntrack_mark_set(
		cut->conntrack, tuple,
		pr_mark_out_mask(cut->mark_mask) | pr_mark_in_mask(cut->mark_mask), 0);

	return r < 0 ? r : 0;
}

static int send_reset(struct pr_cut *cut, const struct pr_packet *packet, enum pr_reset_to to)
{
	const struct pr_address *destination =
		to == PR_RESET_TO_SENDER ? &packet->tuple.src : &packet->tuple.dst;
	int fd = destination->family == 4 ? cut->raw4_fd : cut->raw6_fd;
	struct sockaddr_storage address;
	uint8_t bytes[128];
	socklen_t address_len;
	size_t len;
	int r;

	r = pr_packet_build_reset(packet, to, bytes, sizeof(bytes), &len);
	if (r != 0)
		return r < 0 ? r : 0;
	if (fd < 0)
		return -EPERM;
	address_len = pr_address_to_sockaddr(destination, 0, &address);
	return sendto(fd, bytes, len, 0, (struct sockaddr *)&address, address_len) < 0 ? -errno : 0;
}

int pr_cut_forwarded(struct pr_cut *cut, const struct pr_packet *packet)
{
	int to_receiver = send_reset(cut, packet, PR_RESET_TO_RECEIVER);
	int to_sender = send_reset(cut, packet, PR_RESET_TO_SENDER);

	return to_receiver < 0 ? to_receiver : to_sender;
}
