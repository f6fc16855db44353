/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Datagrams: one socket of the entry point for all of a family, so a link is told by where its datagrams come from and
 * to which of our addresses. What comes back leaves from that address. Nothing is kept once a link is open: what there is
 * no room for is lost, as on any way.
 *
 * A datagram that is too large for the way on is cut into fragments by the kernel where the carrier's socket may (as
 * those of any socket); one that no datagram of the carrier can hold is dropped.
 */
#include "tunnel/datagram_room.h"

#include "tunnel/process.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define SOCKET_BUFFER (1 << 20)

/* ---- held ---- */

static void hold(struct pr_tunnel *tunnel, struct pr_held_list *held, const uint8_t *bytes,
		 size_t len)
{
	struct pr_held *one;

	if (held->n == PR_TUNNEL_HELD_DATAGRAMS || tunnel->held_bytes + len > PR_TUNNEL_HELD_BYTES)
		return;
	one = pr_calloc(1, sizeof(*one) + len);
	one->len = len;
	memcpy(one->bytes, bytes, len);
	if (held->last)
		held->last->next = one;
	else
		held->first = one;
	held->last = one;
	held->n++;
	tunnel->held_bytes += len;
}

void pr_datagrams_release(struct pr_tunnel *tunnel, struct pr_held_list *held)
{
	while (held->first) {
		struct pr_held *one = held->first;

		held->first = one->next;
		tunnel->held_bytes -= one->len;
		free(one);
	}
	*held = (struct pr_held_list){ .n = 0 };
}

/* ---- away from the application ---- */

/* False: the link is over. */
static bool send_far(struct pr_tunnel *tunnel, struct pr_carried *carried, const uint8_t *bytes,
		     size_t len)
{
	ssize_t n;

	if (carried->far_fd < 0)
		n = pr_carrier_write(carried->carrier, bytes, len);
	else {
		n = send(carried->far_fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		n = n < 0 ? -errno : n;
	}
	carried->seen_s = tunnel->now_s;
	if (n >= 0)
		carried->count->sent += (uint64_t)n;
	else if (!pr_datagram_error_passes((int)n)) {
		pr_carried_broke(tunnel, carried, true, (int)n);
		return false;
	}
	return true;
}

/* Where this one belongs: a link, an arrival, or neither yet. */
static struct pr_carried *find(struct pr_tunnel *tunnel, const struct pr_tuple *tuple,
			       struct pr_arrival **ret_arrival)
{
	struct pr_index_walk walk = pr_index_find(&tunnel->by_arrival, pr_tuple_hash(tuple));

	*ret_arrival = NULL;
	while (pr_index_next(&tunnel->by_arrival, &walk)) {
		uint32_t number = walk.value & ~PR_TUNNEL_IS_ARRIVAL;

		if (walk.value & PR_TUNNEL_IS_ARRIVAL) {
			struct pr_arrival *arrival = pr_slab_at(&tunnel->arrivals, number);

			if (pr_tuple_equal(&arrival->tuple, tuple)) {
				*ret_arrival = arrival;
				return NULL;
			}
		} else {
			struct pr_carried *carried = pr_slab_at(&tunnel->links, number);

			if (pr_tuple_equal(&carried->datagrams.arrived, tuple))
				return carried;
		}
	}
	return NULL;
}

void pr_datagrams_take(struct pr_tunnel *tunnel, const struct pr_tuple *tuple, uint32_t interface,
		       const uint8_t *bytes, size_t len)
{
	struct pr_arrival *arrival;
	struct pr_carried *carried = find(tunnel, tuple, &arrival);

	if (carried && carried->state == PR_CARRIED_CARRYING)
		(void)send_far(tunnel, carried, bytes, len);
	else if (carried)
		hold(tunnel, &carried->datagrams.held, bytes, len);
	else if (!arrival) {
		arrival = pr_entry_arrived(tunnel, tuple, -1);
		if (!arrival)
			return;
		arrival->interface = interface;
		pr_index_insert(&tunnel->by_arrival, pr_tuple_hash(tuple),
				arrival->number | PR_TUNNEL_IS_ARRIVAL);
	}
	if (arrival && !arrival->unknown)
		hold(tunnel, &arrival->held, bytes, len);
}

/* The address that it was sent to; false: it is not said. */
static bool read_local(struct msghdr *header, struct pr_address *ret_local, uint32_t *ret_interface)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			*ret_local = pr_address_v4(&info.ipi_addr);
			*ret_interface = 0;
			return true;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			*ret_local = pr_address_v6(&info.ipi6_addr);
			*ret_interface =
				IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
			return true;
		}
	}
	return false;
}

/* Several of one link, one after the other, whose way on is a socket. */
static void send_run(struct pr_tunnel *tunnel, struct pr_carried *carried, int first, int n)
{
	struct pr_datagram_room *room = tunnel->room;

	for (int i = first; i < first + n; i++) {
		room->parts[i] = (struct iovec){ room->bytes[i], room->messages[i].msg_len };
		room->messages[i].msg_hdr =
			(struct msghdr){ .msg_iov = &room->parts[i], .msg_iovlen = 1 };
		carried->count->sent += room->messages[i].msg_len;
	}
	carried->seen_s = tunnel->now_s;
	while (n > 0) {
		int r = sendmmsg(carried->far_fd, room->messages + first, (unsigned int)n,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (r < 0 && !pr_datagram_error_passes(-errno)) {
			pr_carried_broke(tunnel, carried, true, -errno);
			return;
		}
		first += r > 0 ? r : 1;
		n -= r > 0 ? r : 1;
	}
}

static bool read_tuple(struct pr_datagram_room *room, int i, struct pr_tuple *tuple,
		       uint32_t *ret_interface)
{
	tuple->proto = IPPROTO_UDP;
	tuple->src = pr_address_from_sockaddr((struct sockaddr *)&room->names[i], &tuple->src_port);
	return tuple->src_port &&
	       read_local(&room->messages[i].msg_hdr, &tuple->dst, ret_interface);
}

static int read_batch(struct pr_tunnel *tunnel, int fd, uint16_t port)
{
	struct pr_datagram_room *room = tunnel->room;
	struct pr_tuple tuple = { .dst_port = port };
	uint32_t interface;
	int n, run = 0;

	pr_datagram_room_prepare(room, true);
	n = recvmmsg(fd, room->messages, PR_DATAGRAM_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i += run) {
		struct pr_arrival *arrival;
		struct pr_carried *carried;
		struct pr_tuple next = tuple;

		run = 1;
		if (!read_tuple(room, i, &tuple, &interface))
			continue;
		carried = find(tunnel, &tuple, &arrival);
		if (!carried || carried->state != PR_CARRIED_CARRYING || carried->far_fd < 0) {
			pr_datagrams_take(tunnel, &tuple, interface, room->bytes[i],
					  room->messages[i].msg_len);
			continue;
		}
		while (i + run < n && read_tuple(room, i + run, &next, &interface) &&
		       pr_tuple_equal(&next, &tuple))
			run++;
		send_run(tunnel, carried, i, run);
	}
	return n;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct pr_tunnel *tunnel = context;

	(void)what;
	for (unsigned int i = 0;
	     i < PR_DATAGRAM_BATCHES &&
	     read_batch(tunnel, fd, tunnel->udp_port[fd == tunnel->udp[1]]) == PR_DATAGRAM_BATCH;
	     i++)
		;
	pr_telling_go(tunnel);
}

/* ---- ends ---- */

void pr_datagrams_start(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	uint64_t tag = (uint64_t)carried->serial << 32 | carried->number | PR_TUNNEL_TAG_FAR;
	struct pr_held *one = carried->datagrams.held.first;

	carried->state = PR_CARRIED_CARRYING;
	if (carried->far_fd >= 0 && pr_watch_add(tunnel->watch, carried->far_fd, tag) < 0) {
		pr_carried_broke(tunnel, carried, true, -ENOMEM);
		return;
	}
	for (; one; one = one->next)
		if (!send_far(tunnel, carried, one->bytes, one->len))
			return;
	pr_datagrams_release(tunnel, &carried->datagrams.held);
	pr_datagrams_readable(tunnel, carried);
}

void pr_datagrams_join(struct pr_tunnel *tunnel, struct pr_carried *carried,
		       struct pr_arrival *arrival)
{
	struct pr_datagrams_from *datagrams = &carried->datagrams;

	datagrams->arrived = arrival->tuple;
	datagrams->interface = arrival->interface;
	datagrams->held = arrival->held;
	arrival->held = (struct pr_held_list){ .n = 0 };
	pr_entry_forget(tunnel, arrival);
	pr_index_insert(&tunnel->by_arrival, pr_tuple_hash(&datagrams->arrived), carried->number);
	carried->seen_s = tunnel->now_s;
	if (carried->state == PR_CARRIED_WAITING)
		pr_datagrams_start(tunnel, carried);
}

void pr_datagrams_done(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	struct pr_datagrams_from *datagrams = &carried->datagrams;

	pr_datagrams_release(tunnel, &datagrams->held);
	if (datagrams->arrived.src.family)
		(void)pr_index_remove(&tunnel->by_arrival, pr_tuple_hash(&datagrams->arrived),
				      carried->number);
	datagrams->arrived = (struct pr_tuple){ .proto = 0 };
}

static int set_up(int fd, bool is_v6, uint16_t *ret_port)
{
	const int on = 1, size = SOCKET_BUFFER;
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);

	if (is_v6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on))
		  : setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)))
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (getsockname(fd, (struct sockaddr *)&local, &len) < 0)
		return -errno;
	(void)pr_address_from_sockaddr((struct sockaddr *)&local, ret_port);
	return 0;
}

int pr_datagrams_listen(struct pr_tunnel *tunnel)
{
	int r = 0;

	tunnel->room = pr_calloc(1, sizeof(*tunnel->room));
	for (int i = 0; i < 2 && r == 0; i++) {
		if (tunnel->udp[i] < 0)
			continue;
		r = set_up(tunnel->udp[i], i == 1, &tunnel->udp_port[i]);
		tunnel->on_udp[i] = event_new(tunnel->base, tunnel->udp[i], EV_READ | EV_PERSIST,
					      on_readable, tunnel);
		if (r == 0 && (!tunnel->on_udp[i] || event_add(tunnel->on_udp[i], NULL) < 0))
			r = -ENOMEM;
	}
	return r;
}

void pr_datagrams_free(struct pr_tunnel *tunnel)
{
	for (int i = 0; i < 2; i++) {
		if (tunnel->on_udp[i])
			event_free(tunnel->on_udp[i]);
		pr_cleanup_close(&tunnel->udp[i]);
	}
	pr_index_done(&tunnel->by_arrival);
	free(tunnel->room);
}
