/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UDP. The address that a question was sent to comes with it (IP_PKTINFO, IPV6_RECVPKTINFO) and is the
 * source of the reply: behind a reroute the connection tracking knows it as the other end, and a client
 * of a link-local server accepts no other.
 *
 * Questions that came together are handed on together, and the replies that are given while that goes on leave
 * together: one system call each, and none under the lock of who decides. Any other reply leaves at once.
 *
 * Being woken costs a question more than being answered, most of it its sender. So as long as questions come one soon
 * after the other, the loop's thread looks for the next a moment longer before it goes back to sleep.
 */
#include "nameserver/listener_private.h"

#include "base/clock.h"

#include <string.h>
#include <sys/uio.h>

#define BATCH	    32					   /* messages a system call */
#define CONTROL_LEN CMSG_SPACE(sizeof(struct in6_pktinfo)) /* the larger of the two */

union control {
	char bytes[CONTROL_LEN];
	struct cmsghdr align;
};

/* What one system call takes or gives, and the memory that it points into. */
struct messages {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	struct sockaddr_in6 names[BATCH];
	union control controls[BATCH];
};

struct pr_udp_batch {
	struct messages in, out;
	struct pr_pending pending[BATCH];
	struct pr_asked asked[BATCH];
	uint8_t socket; /* that is being read */
	unsigned int n_out;
	uint8_t replies[BATCH][PR_DNS_UDP_MAX];
	/* one more byte than a question may have: too long is seen */
	uint8_t questions[BATCH][PR_DNS_QUESTION_MAX + 1];
};

/* The one whose questions this thread is handing on. */
static _Thread_local struct pr_udp_batch *gathering;

static void prepare(struct messages *messages, unsigned int i, void *bytes, size_t len)
{
	messages->parts[i] = (struct iovec){ bytes, len };
	messages->headers[i].msg_hdr = (struct msghdr){ .msg_name = &messages->names[i],
							.msg_namelen = sizeof(messages->names[i]),
							.msg_iov = &messages->parts[i],
							.msg_iovlen = 1,
							.msg_control = messages->controls[i].bytes,
							.msg_controllen = CONTROL_LEN };
}

/* The first `n`, which were read into. */
static void prepare_reading(struct pr_udp_batch *batch, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		prepare(&batch->in, i, batch->questions[i], sizeof(batch->questions[i]));
}

struct pr_udp_batch *pr_udp_batch_new(void)
{
	struct pr_udp_batch *batch = pr_calloc(1, sizeof(*batch));

	prepare_reading(batch, BATCH);
	return batch;
}

void pr_udp_batch_free(struct pr_udp_batch *batch)
{
	free(batch);
}

/* ---- questions ---- */

/* The address that it was sent to, as an IPv6 pktinfo; IPv4 mapped. False where the kernel did not say. */
static bool read_pktinfo(struct msghdr *message, struct in6_pktinfo *ret_local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(ret_local, CMSG_DATA(c), sizeof(*ret_local));
			return true;
		}
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			*ret_local = (struct in6_pktinfo){ .ipi6_ifindex =
								   (unsigned int)info.ipi_ifindex };
			ret_local->ipi6_addr.s6_addr[10] = ret_local->ipi6_addr.s6_addr[11] = 0xff;
			memcpy(&ret_local->ipi6_addr.s6_addr[12], &info.ipi_addr, 4);
			return true;
		}
	}
	return false;
}

/* False: it can't be answered. The handle is still to be taken. */
static bool read_question(struct pr_listener_socket *socket, unsigned int i,
			  struct pr_pending *ret_pending, struct pr_asked *ret_asked)
{
	struct pr_udp_batch *batch = socket->listener->udp;
	struct msghdr *message = &batch->in.headers[i].msg_hdr;
	struct pr_pending pending = { .transport = PR_TRANSPORT_UDP };
	struct pr_asker asker = { .transport = PR_TRANSPORT_UDP };

	pending.peer.sockaddr = batch->in.names[i];
	pending.peer.socket = socket->index;
	asker.address = pr_address_from_sockaddr(message->msg_name, &asker.port);
	if (!read_pktinfo(message, &pending.peer.local) || asker.port == 0)
		return false;
	asker.local_port = socket->port;
	asker.local_address = pr_address_v6(&pending.peer.local.ipi6_addr);
	asker.ifindex = pending.peer.local.ipi6_ifindex;
	*ret_pending = pending;
	*ret_asked = (struct pr_asked){ asker, batch->questions[i], batch->in.headers[i].msg_len };
	return true;
}

/* Those that there is a handle for. */
static unsigned int take_handles(struct pr_listener *listener, unsigned int n)
{
	struct pr_udp_batch *batch = listener->udp;
	unsigned int n_taken = 0;

	pthread_mutex_lock(&listener->lock);
	for (; n_taken < n; n_taken++) {
		batch->asked[n_taken].asker.client =
			pr_pending_take(listener, &batch->pending[n_taken]);
		if (!batch->asked[n_taken].asker.client)
			break;
	}
	listener->counters.questions_udp += n_taken;
	listener->counters.dropped_full += n - n_taken;
	pthread_mutex_unlock(&listener->lock);
	return n_taken;
}

static void send_gathered(struct pr_listener *listener);

static void take_questions(struct pr_listener_socket *socket, unsigned int n_read)
{
	struct pr_listener *listener = socket->listener;
	struct pr_udp_batch *batch = listener->udp;
	unsigned int n = 0;

	for (unsigned int i = 0; i < n_read; i++)
		n += read_question(socket, i, &batch->pending[n], &batch->asked[n]);
	n = take_handles(listener, n);
	if (!n)
		return;
	batch->socket = socket->index;
	gathering = batch;
	listener->ports.on_questions(listener->ports.context, batch->asked, n);
	gathering = NULL;
	send_gathered(listener);
}

/* What is there, once. How many. */
static unsigned int read_batch(struct pr_listener_socket *socket)
{
	struct pr_udp_batch *batch = socket->listener->udp;
	int n = recvmmsg(socket->fd, batch->in.headers, BATCH, MSG_DONTWAIT, NULL);

	/* an error here is one of an earlier reply (ICMP): what is behind it can be read now */
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		n = recvmmsg(socket->fd, batch->in.headers, BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return 0;
	take_questions(socket, (unsigned int)n);
	prepare_reading(batch, (unsigned int)n);
	return (unsigned int)n;
}

/* Until there is nothing, or enough. */
static unsigned int read_all(struct pr_listener_socket *socket, unsigned int n_most)
{
	unsigned int n_read = 0, n;

	do {
		n = read_batch(socket);
		n_read += n;
	} while (n && n_read < n_most);
	return n_read;
}

/* Looks for more, as long as some came a moment ago. */
static void look(struct pr_listener_socket *socket, unsigned int n_most)
{
	const struct pr_listener_ports *ports = &socket->listener->ports;
	uint64_t since_us = pr_clock_monotonic_us();
	unsigned int n_read = 0, n;

	if (!ports->may_look || !ports->may_look(ports->context))
		return;
	while (n_read < n_most && pr_clock_monotonic_us() - since_us < PR_LISTENER_LOOK_US) {
		n = read_batch(socket);
		n_read += n;
		if (n)
			since_us = pr_clock_monotonic_us();
	}
	ports->looked(ports->context);
}

void pr_udp_readable(evutil_socket_t fd, short what, void *context)
{
	struct pr_listener_socket *socket = context;
	uint64_t began_us = pr_clock_monotonic_us();

	(void)fd;
	(void)what;
	pthread_mutex_lock(&socket->listener->reading);
	if (read_all(socket, PR_LISTENER_UDP_PER_READ) < PR_LISTENER_UDP_PER_READ &&
	    began_us - socket->read_us < 2 * PR_LISTENER_LOOK_US)
		look(socket, PR_LISTENER_UDP_PER_READ);
	socket->read_us = pr_clock_monotonic_us();
	pthread_mutex_unlock(&socket->listener->reading);
}

void pr_listener_read(struct pr_listener *listener)
{
	pthread_mutex_lock(&listener->reading);
	for (unsigned int i = 0; i < listener->n_sockets; i++)
		if (!listener->sockets[i].tcp)
			(void)read_all(&listener->sockets[i], PR_LISTENER_UDP_AT_ONCE);
	pthread_mutex_unlock(&listener->reading);
}

/* ---- replies ---- */

/* The interface matters where the address alone says nothing. */
static bool is_scoped(const struct pr_udp_peer *peer)
{
	return IN6_IS_ADDR_LINKLOCAL(&peer->local.ipi6_addr) ||
	       (peer->sockaddr.sin6_family == AF_INET6 &&
		IN6_IS_ADDR_LINKLOCAL(&peer->sockaddr.sin6_addr));
}

/* To the peer, from the address that it asked. */
static void address_to(struct msghdr *message, const struct pr_udp_peer *peer)
{
	bool ipv4 = peer->sockaddr.sin6_family == AF_INET;
	struct cmsghdr *c = CMSG_FIRSTHDR(message);

	memcpy(message->msg_name, &peer->sockaddr, sizeof(peer->sockaddr));
	if (ipv4) {
		struct in_pktinfo info = { 0 };

		message->msg_namelen = sizeof(struct sockaddr_in);
		message->msg_controllen = CMSG_SPACE(sizeof(info));
		memcpy(&info.ipi_spec_dst, &peer->local.ipi6_addr.s6_addr[12], 4);
		*c = (struct cmsghdr){ CMSG_LEN(sizeof(info)), IPPROTO_IP, IP_PKTINFO };
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		struct in6_pktinfo info = peer->local;

		if (!is_scoped(peer))
			info.ipi6_ifindex = 0;
		*c = (struct cmsghdr){ CMSG_LEN(sizeof(info)), IPPROTO_IPV6, IPV6_PKTINFO };
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

static void count_dropped(struct pr_listener *listener)
{
	pthread_mutex_lock(&listener->lock);
	listener->counters.dropped_send++;
	pthread_mutex_unlock(&listener->lock);
}

/* sendmmsg() stops in front of the message that it can't send. */
static void send_gathered(struct pr_listener *listener)
{
	struct pr_udp_batch *batch = listener->udp;
	int fd = listener->sockets[batch->socket].fd;
	unsigned int done = 0;

	while (done < batch->n_out) {
		int n = sendmmsg(fd, batch->out.headers + done, batch->n_out - done,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n <= 0)
			count_dropped(listener);
		done += n > 0 ? (unsigned int)n : 1;
	}
	batch->n_out = 0;
}

/* False: not while this thread hands on what came by that socket, or there is no room for it. */
static bool gather(struct pr_listener *listener, const struct pr_udp_peer *peer,
		   const uint8_t *bytes, size_t len)
{
	struct pr_udp_batch *batch = gathering;
	unsigned int i;

	if (!batch || batch != listener->udp || batch->socket != peer->socket ||
	    batch->n_out == BATCH || len > sizeof(batch->replies[0]))
		return false;
	i = batch->n_out++;
	memcpy(batch->replies[i], bytes, len);
	prepare(&batch->out, i, batch->replies[i], len);
	address_to(&batch->out.headers[i].msg_hdr, peer);
	return true;
}

void pr_udp_send(struct pr_listener *listener, const struct pr_udp_peer *peer, const uint8_t *bytes,
		 size_t len)
{
	struct sockaddr_in6 name;
	union control control = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes, len };
	struct msghdr message = { .msg_name = &name,
				  .msg_namelen = sizeof(name),
				  .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = CONTROL_LEN };

	if (gather(listener, peer, bytes, len))
		return;
	address_to(&message, peer);
	if (sendmsg(listener->sockets[peer->socket].fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		count_dropped(listener);
}
