/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Datagrams on their way back to the application. */
#include "tunnel/datagram_room.h"

#include <string.h>

static void write_local(const struct pr_carried *carried, struct msghdr *header,
			union pr_datagram_control *control)
{
	const struct pr_address *local = &carried->datagrams.arrived.dst;
	struct cmsghdr *c = &control->header;

	header->msg_control = control->bytes;
	if (local->family == 4) {
		struct in_pktinfo info = { .ipi_ifindex = 0 };

		memcpy(&info.ipi_spec_dst, local->bytes, 4);
		header->msg_controllen = CMSG_SPACE(sizeof(info));
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		struct in6_pktinfo info = { .ipi6_ifindex = carried->datagrams.interface };

		memcpy(&info.ipi6_addr, local->bytes, 16);
		header->msg_controllen = CMSG_SPACE(sizeof(info));
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

/* What was read into the room. */
static void answer(struct pr_tunnel *tunnel, struct pr_carried *carried, int n)
{
	const struct pr_tuple *arrived = &carried->datagrams.arrived;
	struct pr_datagram_room *room = tunnel->room;
	struct sockaddr_storage peer = { 0 };
	socklen_t peer_len = pr_address_to_sockaddr(&arrived->src, arrived->src_port, &peer);

	if (peer.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&peer)->sin6_scope_id = carried->datagrams.interface;
	for (int i = 0; i < n; i++) {
		struct msghdr *header = &room->messages[i].msg_hdr;

		room->parts[i] = (struct iovec){ room->bytes[i], room->messages[i].msg_len };
		*header = (struct msghdr){ .msg_name = &peer,
					   .msg_namelen = peer_len,
					   .msg_iov = &room->parts[i],
					   .msg_iovlen = 1 };
		write_local(carried, header, &room->controls[i]);
		carried->count->received += room->messages[i].msg_len;
	}
	carried->seen_s = tunnel->now_s;
	/* What finds no room is lost; what fails is only the first of those that are left. */
	for (int sent = 0; sent < n;) {
		int r = sendmmsg(tunnel->udp[arrived->src.family == 6], room->messages + sent,
				 (unsigned int)(n - sent), MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += r > 0 ? r : 1;
	}
}

/* How many; negative: an error, with `*ret_n` before it. */
static int read_far(struct pr_tunnel *tunnel, struct pr_carried *carried, int *ret_n)
{
	struct pr_datagram_room *room = tunnel->room;
	int n = 0;

	if (carried->far_fd >= 0) {
		pr_datagram_room_prepare(room, false);
		n = recvmmsg(carried->far_fd, room->messages, PR_DATAGRAM_BATCH, MSG_DONTWAIT,
			     NULL);
		*ret_n = n < 0 ? 0 : n;
		return n < 0 ? -errno : 0;
	}
	for (*ret_n = 0; n < PR_DATAGRAM_BATCH; n++) {
		ssize_t len = pr_carrier_read(carried->carrier, room->bytes[n], PR_DATAGRAM_SIZE);

		if (len < 0)
			return (int)len;
		room->messages[n].msg_len = (unsigned int)len;
		*ret_n = n + 1;
	}
	return 0;
}

void pr_datagrams_readable(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	int r = 0, n;

	/* To the end: the next edge comes with the next datagram. */
	for (unsigned int i = 0; i < PR_DATAGRAM_BATCHES && r == 0; i++) {
		r = read_far(tunnel, carried, &n);
		if (n)
			answer(tunnel, carried, n);
		r = r < 0 && r != -EAGAIN && pr_datagram_error_passes(r) ? 0 : r;
	}
	if (r == 0)
		pr_carried_again(tunnel, carried);
	else if (r != -EAGAIN)
		pr_carried_broke(tunnel, carried, true, r);
}
