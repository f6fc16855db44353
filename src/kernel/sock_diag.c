/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/sock_diag.h"

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define STATE_CLOSE	   7
#define STATE_LISTEN	   10
#define ANSWER_SIZE	   32768 /* what the kernel puts into one datagram of a dump */
#define ANSWER_TIMEOUT_MS  1000
#define DUMP_DATAGRAMS_MAX 100000 /* a dump that never ends is given up */

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

int pr_sock_diag_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	struct timeval timeout = { .tv_usec = ANSWER_TIMEOUT_MS * 1000 - 1 };

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

/* Answers to an earlier request that timed out are told by their number. */
static uint32_t next_sequence(void)
{
	static uint32_t sequence;

	return __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED);
}

static struct request request_for(uint8_t family, uint8_t proto, uint16_t flags)
{
	return (struct request){
		.header = { .nlmsg_len = sizeof(struct request),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
			    .nlmsg_seq = next_sequence() },
		.body = { .sdiag_family = family,
			  .sdiag_protocol = proto,
			  .idiag_states = ~0u,
			  .id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } },
	};
}

static int send_request(int fd, const struct request *request)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	do
		n = sendto(fd, request, sizeof(*request), 0, (struct sockaddr *)&kernel,
			   sizeof(kernel));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static struct pr_address address_of(uint8_t family, const __be32 words[4])
{
	return family == AF_INET ? pr_address_v4(words) : pr_address_v6(words);
}

static void read_socket(const struct inet_diag_msg *message, uint8_t proto,
			struct pr_socket *ret_socket)
{
	const struct inet_diag_sockid *id = &message->id;

	*ret_socket = (struct pr_socket){
		.tuple = { .src = address_of(message->idiag_family, id->idiag_src),
			   .dst = address_of(message->idiag_family, id->idiag_dst),
			   .src_port = ntohs(id->idiag_sport),
			   .dst_port = ntohs(id->idiag_dport),
			   .proto = proto },
		.cookie = (uint64_t)id->idiag_cookie[1] << 32 | id->idiag_cookie[0],
		.inode = message->idiag_inode,
		.uid = message->idiag_uid,
		.ifindex = id->idiag_if,
		.v6 = message->idiag_family == AF_INET6,
		.state = message->idiag_state,
		.listener = message->idiag_state == STATE_LISTEN ||
			    (proto != IPPROTO_TCP && message->idiag_state == STATE_CLOSE),
	};
}

/* Calls `socket` for each socket of a datagram. 0 = more to come, 1 = the end, or -errno as the kernel
 * said it. */
static int read_datagram(uint8_t *bytes, size_t len, const struct request *request,
			 bool (*socket)(void *context, const struct pr_socket *socket),
			 void *context)
{
	int left = (int)len;

	for (struct nlmsghdr *at = (struct nlmsghdr *)bytes; mnl_nlmsg_ok(at, left);
	     at = mnl_nlmsg_next(at, &left)) {
		struct pr_socket found;

		if (at->nlmsg_seq != request->header.nlmsg_seq)
			continue;
		if (at->nlmsg_type == NLMSG_DONE)
			return 1;
		if (at->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = mnl_nlmsg_get_payload(at);

			return mnl_nlmsg_get_payload_len(at) < sizeof(*error) ? -EBADMSG
									      : error->error;
		}
		if (at->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		    mnl_nlmsg_get_payload_len(at) < sizeof(struct inet_diag_msg))
			return -EBADMSG;
		read_socket(mnl_nlmsg_get_payload(at), request->body.sdiag_protocol, &found);
		if (!socket(context, &found))
			return 1;
		if (!(at->nlmsg_flags & NLM_F_MULTI))
			return 1;
	}
	return 0;
}

static int ask(int fd, const struct request *request,
	       bool (*socket)(void *context, const struct pr_socket *socket), void *context)
{
	uint8_t bytes[ANSWER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	int r = send_request(fd, request);

	if (r < 0)
		return r;
	for (unsigned int i = 0; i < DUMP_DATAGRAMS_MAX; i++) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		r = read_datagram(bytes, (size_t)n, request, socket, context);
		if (r)
			return r < 0 ? r : 0;
	}
	return -EOVERFLOW;
}

/* ---- one socket ---- */

struct one {
	struct pr_socket socket;
	bool found;
};

static bool take_one(void *context, const struct pr_socket *socket)
{
	struct one *one = context;

	one->socket = *socket;
	one->found = true;
	return false;
}

static void set_end(__be32 words[4], __be16 *port, const struct pr_address *address,
		    uint16_t host_port)
{
	memcpy(words, address->bytes, address->family == 4 ? 4 : 16);
	*port = htons(host_port);
}

int pr_sock_diag_find(int fd, const struct pr_tuple *local_view, uint32_t ifindex,
		      struct pr_socket *ret_socket)
{
	uint8_t family = local_view->src.family == 4 ? AF_INET : AF_INET6;
	struct request request = request_for(family, local_view->proto, 0);
	struct inet_diag_sockid *id = &request.body.id;
	struct one one = { .found = false };
	/* "historical reasons", net/ipv4/udp_diag.c: the remote end as the source. */
	bool swapped = local_view->proto == IPPROTO_UDP;
	int r;

	if (local_view->proto != IPPROTO_TCP && local_view->proto != IPPROTO_UDP &&
	    local_view->proto != IPPROTO_SCTP)
		return PR_SOCK_DIAG_UNSUPPORTED;
	set_end(swapped ? id->idiag_dst : id->idiag_src,
		swapped ? &id->idiag_dport : &id->idiag_sport, &local_view->src,
		local_view->src_port);
	set_end(swapped ? id->idiag_src : id->idiag_dst,
		swapped ? &id->idiag_sport : &id->idiag_dport, &local_view->dst,
		local_view->dst_port);
	id->idiag_if = ifindex;
	r = ask(fd, &request, take_one, &one);
	if (r == -ENOENT)
		return local_view->proto == IPPROTO_SCTP ? PR_SOCK_DIAG_UNSUPPORTED
							 : PR_SOCK_DIAG_NOT_FOUND;
	if (r == -EOPNOTSUPP || r == -EINVAL)
		return PR_SOCK_DIAG_UNSUPPORTED;
	if (r < 0)
		return r;
	if (!one.found)
		return PR_SOCK_DIAG_NOT_FOUND;
	*ret_socket = one.socket;
	return PR_SOCK_DIAG_FOUND;
}

/* ---- several ---- */

struct receivers {
	const struct pr_tuple *local_view;
	struct pr_socket *sockets;
	unsigned int n, n_max;
};

static bool is_any(const struct pr_address *address)
{
	static const uint8_t zero[16];

	return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

static bool take_receiver(void *context, const struct pr_socket *socket)
{
	struct receivers *receivers = context;
	const struct pr_tuple *wanted = receivers->local_view;
	bool any = is_any(&socket->tuple.src);

	if (socket->tuple.src_port != wanted->src_port)
		return true;
	/* An IPv4 packet reaches an IPv6 socket only on the wildcard (or the mapped address, which is the
	 * IPv4 one here). */
	if (!any && !pr_address_equal(&socket->tuple.src, &wanted->src))
		return true;
	if (any && wanted->src.family == 6 && !socket->v6)
		return true;
	if (socket->tuple.dst_port && (socket->tuple.dst_port != wanted->dst_port ||
				       !pr_address_equal(&socket->tuple.dst, &wanted->dst)))
		return true;
	if (receivers->n < receivers->n_max)
		receivers->sockets[receivers->n] = *socket;
	receivers->n++;
	return true;
}

int pr_sock_diag_receivers(int fd, const struct pr_tuple *local_view, struct pr_socket *sockets,
			   unsigned int n_max)
{
	struct receivers receivers = { local_view, sockets, 0, n_max };
	static const uint8_t families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < PR_ARRAY_SIZE(families); i++) {
		struct request request = request_for(families[i], local_view->proto, NLM_F_DUMP);
		int r;

		/* The kernel compares the port for us. */
		request.body.id.idiag_sport = htons(local_view->src_port);
		r = ask(fd, &request, take_receiver, &receivers);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return (int)receivers.n;
}

struct dump {
	bool (*socket)(void *context, const struct pr_socket *socket);
	void *context;
	int n;
	bool ended;
};

static bool take_dumped(void *context, const struct pr_socket *socket)
{
	struct dump *dump = context;

	dump->n++;
	dump->ended = !dump->socket(dump->context, socket);
	return !dump->ended;
}

int pr_sock_diag_dump(int fd, bool (*socket)(void *context, const struct pr_socket *socket),
		      void *context)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_RAW };
	struct dump dump = { socket, context, 0, false };

	for (size_t i = 0; i < PR_ARRAY_SIZE(families); i++)
		for (size_t j = 0; j < PR_ARRAY_SIZE(protos) && !dump.ended; j++) {
			struct request request = request_for(families[i], protos[j], NLM_F_DUMP);
			int r = ask(fd, &request, take_dumped, &dump);

			/* A protocol that this kernel has no sock_diag for. */
			if (r < 0 && r != -ENOENT && r != -EOPNOTSUPP && r != -EINVAL)
				return r;
		}
	return dump.n;
}
