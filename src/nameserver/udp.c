/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UDP. The address that a question was sent to comes with it (IP_PKTINFO, IPV6_RECVPKTINFO) and is the
 * source of the reply: behind a reroute the connection tracking knows it as the other end, and a client
 * of a link-local server accepts no other.
 */
#include "nameserver/listener_private.h"

#include <string.h>
#include <sys/uio.h>

#define BATCH	    16					   /* questions a system call */
#define CONTROL_LEN CMSG_SPACE(sizeof(struct in6_pktinfo)) /* the larger of the two */

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

static void take_question(struct pr_listener_socket *socket, struct msghdr *message,
			  const uint8_t *bytes, size_t len)
{
	struct pr_listener *listener = socket->listener;
	struct pr_pending pending = { .transport = PR_TRANSPORT_UDP };
	struct pr_asker asker = { .transport = PR_TRANSPORT_UDP };

	memcpy(&pending.peer.sockaddr, message->msg_name, sizeof(pending.peer.sockaddr));
	pending.peer.socket = socket->index;
	asker.address = pr_address_from_sockaddr(message->msg_name, &asker.port);
	if (!read_pktinfo(message, &pending.peer.local) || asker.port == 0)
		return;
	asker.local_port = socket->port;
	asker.local_address = pr_address_v6(&pending.peer.local.ipi6_addr);
	asker.ifindex = pending.peer.local.ipi6_ifindex;
	pthread_mutex_lock(&listener->lock);
	asker.client = pr_pending_take(listener, &pending);
	if (asker.client)
		listener->counters.questions_udp++;
	else
		listener->counters.dropped_full++;
	pthread_mutex_unlock(&listener->lock);
	if (asker.client)
		listener->ports.on_question(listener->ports.context, &asker, bytes, len);
}

void pr_udp_readable(evutil_socket_t fd, short what, void *socket)
{
	/* one more byte than a question may have: too long is seen */
	static _Thread_local uint8_t bytes[BATCH][PR_DNS_QUESTION_MAX + 1];
	union {
		char bytes[CONTROL_LEN];
		struct cmsghdr align;
	} controls[BATCH];
	struct mmsghdr messages[BATCH];
	struct sockaddr_in6 names[BATCH];
	struct iovec parts[BATCH];
	int n = BATCH;

	(void)what;
	for (unsigned int taken = 0; n == BATCH && taken < PR_LISTENER_UDP_PER_READ;
	     taken += BATCH) {
		for (unsigned int i = 0; i < BATCH; i++) {
			parts[i] = (struct iovec){ bytes[i], sizeof(bytes[i]) };
			messages[i].msg_hdr = (struct msghdr){ .msg_name = &names[i],
							       .msg_namelen = sizeof(names[i]),
							       .msg_iov = &parts[i],
							       .msg_iovlen = 1,
							       .msg_control = controls[i].bytes,
							       .msg_controllen = CONTROL_LEN };
		}
		/* an error here is one of an earlier reply (ICMP), or nothing to read */
		n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			take_question(socket, &messages[i].msg_hdr, bytes[i], messages[i].msg_len);
	}
}

/* The interface matters where the address alone says nothing. */
static bool is_scoped(const struct pr_udp_peer *peer)
{
	return IN6_IS_ADDR_LINKLOCAL(&peer->local.ipi6_addr) ||
	       (peer->sockaddr.sin6_family == AF_INET6 &&
		IN6_IS_ADDR_LINKLOCAL(&peer->sockaddr.sin6_addr));
}

void pr_udp_send(struct pr_listener *listener, const struct pr_udp_peer *peer, const uint8_t *bytes,
		 size_t len)
{
	struct sockaddr_in6 sockaddr = peer->sockaddr;
	bool ipv4 = sockaddr.sin6_family == AF_INET;
	union {
		char bytes[CONTROL_LEN];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes, len };
	struct msghdr message = {
		.msg_name = &sockaddr,
		.msg_namelen = ipv4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = ipv4 ? CMSG_SPACE(sizeof(struct in_pktinfo)) : CONTROL_LEN
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	if (ipv4) {
		struct in_pktinfo info = { 0 };

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
	if (sendmsg(listener->sockets[peer->socket].fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return;
	pthread_mutex_lock(&listener->lock);
	listener->counters.dropped_send++;
	pthread_mutex_unlock(&listener->lock);
}
