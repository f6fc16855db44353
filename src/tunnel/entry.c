/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The entry point of streams, and what came to it until its link is known. Who arrives says nothing of itself that is
 * believed: the engine's table knows where it wanted to go.
 */
#include "tunnel/tunnel_private.h"

#include "base/log.h"

#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTED_PER_TURN 64
#define NODE		  offsetof(struct pr_arrival, node)

void pr_entry_reset(int fd)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

/* ---- arrivals ---- */

struct pr_arrival *pr_entry_at(struct pr_tunnel *tunnel, uint32_t number, uint32_t serial)
{
	struct pr_arrival *arrival;

	if (number >= tunnel->arrivals.n_made)
		return NULL;
	arrival = pr_slab_at(&tunnel->arrivals, number);
	return arrival->is_used && arrival->serial == serial ? arrival : NULL;
}

struct pr_arrival *pr_entry_arrived(struct pr_tunnel *tunnel, const struct pr_tuple *tuple, int fd)
{
	uint32_t number = pr_slab_take(&tunnel->arrivals);
	struct pr_arrival *arrival;

	if (number == PR_SLAB_NONE)
		return NULL;
	arrival = pr_slab_at(&tunnel->arrivals, number);
	*arrival = (struct pr_arrival){ .is_used = true,
					.serial = tunnel->next_serial++ & INT32_MAX,
					.number = number,
					.tuple = *tuple,
					.fd = fd,
					.since_s = tunnel->now_s };
	pr_chain_append(&tunnel->to_ask, &tunnel->arrivals, NODE, number);
	return arrival;
}

void pr_entry_forget(struct pr_tunnel *tunnel, struct pr_arrival *arrival)
{
	if (arrival->fd >= 0)
		pr_entry_reset(PR_TAKE_FD(arrival->fd));
	pr_datagrams_release(tunnel, &arrival->held);
	if (arrival->tuple.proto == IPPROTO_UDP)
		(void)pr_index_remove(&tunnel->by_arrival, pr_tuple_hash(&arrival->tuple),
				      arrival->number | PR_TUNNEL_IS_ARRIVAL);
	if (!arrival->asked)
		pr_chain_remove(&tunnel->to_ask, &tunnel->arrivals, NODE, arrival->number);
	pr_slab_give(&tunnel->arrivals, arrival->number);
}

static void join_stream(struct pr_tunnel *tunnel, struct pr_carried *carried,
			struct pr_arrival *arrival)
{
	carried->stream.app_fd = PR_TAKE_FD(arrival->fd);
	carried->seen_s = tunnel->now_s;
	pr_entry_forget(tunnel, arrival);
	if (carried->state == PR_CARRIED_WAITING)
		pr_relay_start(tunnel, carried);
}

void pr_entry_known(struct pr_tunnel *tunnel, struct pr_arrival *arrival, uint64_t id)
{
	struct pr_carried *carried = id ? pr_carried_find(tunnel, id) : NULL;
	bool is_stream = arrival->tuple.proto == IPPROTO_TCP;
	bool fits = carried && carried->is_stream == is_stream &&
		    (carried->state == PR_CARRIED_OPENING || carried->state == PR_CARRIED_WAITING);

	if (fits && is_stream && carried->stream.app_fd < 0)
		join_stream(tunnel, carried, arrival);
	else if (fits && !is_stream && !carried->datagrams.arrived.src.family)
		pr_datagrams_join(tunnel, carried, arrival);
	else if (is_stream)
		pr_entry_forget(tunnel, arrival);
	else {
		/* It is remembered for a moment, or each of its datagrams would be asked about. */
		pr_datagrams_release(tunnel, &arrival->held);
		arrival->unknown = true;
		arrival->since_s = tunnel->now_s;
	}
}

void pr_entry_ask_again(struct pr_tunnel *tunnel)
{
	for (uint32_t i = 0; i < tunnel->arrivals.n_made; i++) {
		struct pr_arrival *arrival = pr_slab_at(&tunnel->arrivals, i);

		if (!arrival->is_used || !arrival->asked || arrival->unknown)
			continue;
		arrival->asked = false;
		pr_chain_append(&tunnel->to_ask, &tunnel->arrivals, NODE, i);
	}
}

/* ---- streams ---- */

/* False: there is none, or none can be taken now. */
static bool accept_one(struct pr_tunnel *tunnel, int listener)
{
	struct sockaddr_storage peer, local;
	socklen_t peer_len = sizeof(peer), local_len = sizeof(local);
	int fd = accept4(listener, (struct sockaddr *)&peer, &peer_len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct pr_tuple tuple = { .proto = IPPROTO_TCP };

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		pr_log(PR_LOG_WARNING, "not-accepted", "why=%s", strerror(errno));
		tunnel->accept_paused = true;
	}
	if (fd < 0)
		return errno == ECONNABORTED || errno == EINTR;
	if (getsockname(fd, (struct sockaddr *)&local, &local_len) < 0) {
		pr_entry_reset(fd);
		return true;
	}
	tuple.src = pr_address_from_sockaddr((struct sockaddr *)&peer, &tuple.src_port);
	tuple.dst = pr_address_from_sockaddr((struct sockaddr *)&local, &tuple.dst_port);
	if (!pr_entry_arrived(tunnel, &tuple, fd))
		pr_entry_reset(fd);
	return true;
}

static void pause_accepting(struct pr_tunnel *tunnel, bool pause)
{
	tunnel->accept_paused = pause;
	for (int i = 0; i < 2; i++)
		if (tunnel->on_tcp[i])
			(void)(pause ? event_del(tunnel->on_tcp[i])
				     : event_add(tunnel->on_tcp[i], NULL));
}

static void on_acceptable(evutil_socket_t fd, short what, void *context)
{
	struct pr_tunnel *tunnel = context;

	(void)what;
	for (unsigned int i = 0; i < ACCEPTED_PER_TURN && accept_one(tunnel, fd); i++)
		;
	if (tunnel->accept_paused)
		pause_accepting(tunnel, true);
	pr_telling_go(tunnel);
}

/* What is accepted has these as well. */
static void set_up(int fd)
{
	static const struct {
		int level, option, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		/* What the link's ends would find out by themselves: not sooner, or a link that only rests would end. There
		 * is no TCP_USER_TIMEOUT: it ends a link whose reader takes its time (net/ipv4/tcp_timer.c,
		 * tcp_probe_timer). */
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 120 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 30 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 5 },
		/* An urgent byte is a byte. */
		{ SOL_SOCKET, SO_OOBINLINE, 1 },
	};

	for (size_t i = 0; i < PR_ARRAY_SIZE(options); i++)
		(void)setsockopt(fd, options[i].level, options[i].option, &options[i].value,
				 sizeof(options[i].value));
}

int pr_entry_listen(struct pr_tunnel *tunnel)
{
	for (int i = 0; i < 2; i++) {
		if (tunnel->tcp[i] < 0)
			continue;
		set_up(tunnel->tcp[i]);
		tunnel->on_tcp[i] = event_new(tunnel->base, tunnel->tcp[i], EV_READ | EV_PERSIST,
					      on_acceptable, tunnel);
		if (!tunnel->on_tcp[i] || event_add(tunnel->on_tcp[i], NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---- time, the end ---- */

void pr_entry_sweep(struct pr_tunnel *tunnel)
{
	if (tunnel->accept_paused)
		pause_accepting(tunnel, false);
	for (uint32_t i = 0; tunnel->arrivals.n_used && i < tunnel->arrivals.n_made; i++) {
		struct pr_arrival *arrival = pr_slab_at(&tunnel->arrivals, i);

		if (arrival->is_used &&
		    tunnel->now_s - arrival->since_s >
			    (arrival->unknown ? PR_TUNNEL_UNKNOWN_S : PR_TUNNEL_ARRIVAL_S))
			pr_entry_forget(tunnel, arrival);
	}
}

void pr_entry_free(struct pr_tunnel *tunnel)
{
	for (uint32_t i = 0; i < tunnel->arrivals.n_made; i++) {
		struct pr_arrival *arrival = pr_slab_at(&tunnel->arrivals, i);

		if (arrival->is_used)
			pr_entry_forget(tunnel, arrival);
	}
	for (int i = 0; i < 2; i++) {
		if (tunnel->on_tcp[i])
			event_free(tunnel->on_tcp[i]);
		pr_cleanup_close(&tunnel->tcp[i]);
	}
	pr_slab_done(&tunnel->arrivals);
}
