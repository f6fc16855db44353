/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Streams: the bytes of two flows, each from one end to the other, in order, with their ends and with the back-pressure of
 * whoever reads slowly. A few bytes are copied; where many come, and both ends are sockets, they go through a pipe
 * without being seen. What a receiver does not take stays in the pipe, or is kept, and no more is read until it went.
 *
 * Ends are watched edge by edge: a read that comes back short has emptied its socket, unless an end or an urgent byte
 * was announced; splice(2) says so only by EAGAIN.
 */
#include "tunnel/tunnel_private.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURN_BYTES (1u << 20) /* of a flow; then others have their turn */
#define SPLICE_MAX (1u << 18) /* at a time: so much the receiver may be behind */
#define HALF_ASK_S 20	      /* whether the application is there still, once its half is over */
#define BULK_BYTES 16384      /* at a time: there are many */
/* A pipe holds a number of pieces, as they came. Where they are so small that a whole pipe holds no more, what is sent on
 * is in as small pieces, and copying is cheaper: for so many reads, then it is tried again. */
#define PIECES_WORTH 65536
#define COPIES	     64

/* One flow's turn. */
struct turn {
	struct pr_tunnel *tunnel;
	struct pr_carried *carried;
	struct pr_flow *flow;
	enum pr_flow_direction direction;
	size_t left;
	bool far_failed; /* of a failure: whose it was */
};

static bool to_far(const struct turn *turn)
{
	return turn->direction == PR_FLOW_OUT;
}

/* The socket that bytes are read from, or written to; -1: the carrier's calls. */
static int fd_of(const struct turn *turn, bool far)
{
	return far ? turn->carried->far_fd : turn->carried->stream.app_fd;
}

/* ---- one end ---- */

static ssize_t read_end(struct turn *turn, void *bytes, size_t size)
{
	bool far = !to_far(turn);
	int fd = fd_of(turn, far);
	ssize_t n;

	if (fd < 0 || (far && turn->carried->stream.before))
		n = pr_carrier_read(turn->carried->carrier, bytes, size);
	else {
		n = recv(fd, bytes, size, MSG_DONTWAIT);
		n = n < 0 ? -errno : n;
	}
	if (n < 0)
		turn->far_failed = far;
	if (far && n != -EINTR)
		turn->carried->stream.before = false;
	return n;
}

static ssize_t write_end(struct turn *turn, const void *bytes, size_t len)
{
	bool far = to_far(turn);
	int fd = fd_of(turn, far);
	ssize_t n;

	if (fd < 0)
		n = pr_carrier_write(turn->carried->carrier, bytes, len);
	else {
		n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		n = n < 0 ? -errno : n;
	}
	if (n < 0)
		turn->far_failed = far;
	return n;
}

/* Whether the application ended one half or both is not to be seen; its host forgets a socket that is closed after a minute
 * (tcp_fin_timeout), and then says so to whoever asks. A far end, or a proxy on the way, that waits for more than a half
 * would keep the link until then. */
static void ask_soon(int app_fd)
{
	(void)setsockopt(app_fd, IPPROTO_TCP, TCP_KEEPIDLE, &(int){ HALF_ASK_S }, sizeof(int));
	(void)setsockopt(app_fd, IPPROTO_TCP, TCP_KEEPINTVL, &(int){ HALF_ASK_S }, sizeof(int));
}

static void say_end(struct turn *turn)
{
	int fd = fd_of(turn, to_far(turn));

	if (fd < 0)
		pr_carrier_shutdown(turn->carried->carrier);
	else
		(void)shutdown(fd, SHUT_WR);
	turn->flow->said = true;
	if (to_far(turn) && !turn->carried->stream.flows[PR_FLOW_IN].ended)
		ask_soon(turn->carried->stream.app_fd);
}

static void count(struct turn *turn, size_t n)
{
	struct pr_upstream_count *counts = turn->carried->count;

	*(to_far(turn) ? &counts->sent : &counts->received) += n;
	turn->carried->seen_s = turn->tunnel->now_s;
	pr_gather_moved(turn->tunnel, turn->carried, turn->direction, n);
}

/* ---- what waits goes first ---- */

static int push_pipe(struct turn *turn)
{
	struct pr_flow *flow = turn->flow;
	ssize_t n = splice(flow->pipe->read, NULL, fd_of(turn, to_far(turn)), NULL, flow->n_waiting,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n <= 0) {
		turn->far_failed = to_far(turn);
		return n < 0 ? -errno : -EPIPE;
	}
	flow->n_waiting -= (uint32_t)n;
	if (flow->n_waiting == 0)
		pr_pipes_give(&turn->tunnel->pipes, PR_TAKE_PTR(flow->pipe), true);
	return 0;
}

static int push_rest(struct turn *turn)
{
	struct pr_flow *flow = turn->flow;
	ssize_t n = write_end(turn, flow->rest + flow->rest_at, flow->n_waiting);

	if (n < 0)
		return (int)n;
	flow->rest_at += (uint32_t)n;
	flow->n_waiting -= (uint32_t)n;
	if (flow->n_waiting)
		return -EAGAIN;
	free(PR_TAKE_PTR(flow->rest));
	return 0;
}

/* 0 once nothing waits; -EAGAIN: the receiver is full. */
static int push(struct turn *turn)
{
	int r = 0;

	while (turn->flow->n_waiting && (r == 0 || r == -EINTR))
		r = turn->flow->pipe ? push_pipe(turn) : push_rest(turn);
	return r;
}

/* ---- then more is taken ---- */

/* Straight to the receiver; what it does not take is kept. */
static int pull_copy(struct turn *turn)
{
	struct pr_flow *flow = turn->flow;
	ssize_t n = read_end(turn, turn->tunnel->buffer, PR_TUNNEL_BUFFER), written;

	if (n <= 0) {
		flow->ended = n == 0;
		return (int)n;
	}
	count(turn, (size_t)n);
	turn->left -= (size_t)n < turn->left ? (size_t)n : turn->left;
	flow->bulk = n >= BULK_BYTES;
	flow->copies -= flow->copies > 0;
	written = write_end(turn, turn->tunnel->buffer, (size_t)n);
	if (written < 0 && written != -EAGAIN && written != -EINTR)
		return (int)written;
	written = written < 0 ? 0 : written;
	if (written < n) {
		flow->n_waiting = (uint32_t)(n - written);
		flow->rest_at = 0;
		flow->rest = pr_calloc(1, flow->n_waiting);
		memcpy(flow->rest, turn->tunnel->buffer + written, flow->n_waiting);
	} else if (n < PR_TUNNEL_BUFFER && !flow->to_the_end && fd_of(turn, !to_far(turn)) >= 0) {
		return -EAGAIN;
	}
	return 0;
}

static int pull_pipe(struct turn *turn, struct pr_pipe *pipe)
{
	struct pr_flow *flow = turn->flow;
	ssize_t n = splice(fd_of(turn, !to_far(turn)), NULL, pipe->write, NULL, SPLICE_MAX,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n <= 0) {
		int r = n < 0 ? -errno : 0;

		pr_pipes_give(&turn->tunnel->pipes, pipe, true);
		flow->ended = n == 0;
		turn->far_failed = !to_far(turn);
		return r;
	}
	count(turn, (size_t)n);
	turn->left -= (size_t)n < turn->left ? (size_t)n : turn->left;
	flow->pipe = pipe;
	flow->n_waiting = (uint32_t)n;
	flow->bulk = n >= BULK_BYTES;
	if (n < PIECES_WORTH)
		flow->copies = COPIES;
	return 0;
}

static int pull(struct turn *turn)
{
	const struct pr_stream *stream = &turn->carried->stream;
	bool by_pipe = turn->flow->bulk && turn->flow->copies == 0 && turn->carried->far_fd >= 0 &&
		       !stream->never_spliced && !(turn->direction == PR_FLOW_IN && stream->before);
	struct pr_pipe *pipe = by_pipe ? pr_pipes_take(&turn->tunnel->pipes) : NULL;

	return pipe ? pull_pipe(turn, pipe) : pull_copy(turn);
}

/* ---- a turn ---- */

/* 0: its end was said, or there is more (turn->left is 0); -EAGAIN: nothing to do until something changes. */
static int move(struct turn *turn)
{
	int r = 0;

	while (r == 0 || r == -EINTR) {
		r = push(turn);
		if (r < 0)
			return r;
		if (turn->flow->ended) {
			if (!turn->flow->said)
				say_end(turn);
			return 0;
		}
		if (turn->left == 0)
			return 0;
		r = pull(turn);
	}
	return r;
}

/* What the other end sent before it broke is delivered, as far as it goes without waiting. */
static void broke(struct turn *turn, int error)
{
	struct pr_carried *carried = turn->carried;
	bool far = turn->far_failed;
	enum pr_flow_direction from_broken = far ? PR_FLOW_IN : PR_FLOW_OUT;

	if (turn->direction != from_broken) {
		struct turn last = { .tunnel = turn->tunnel,
				     .carried = carried,
				     .flow = &carried->stream.flows[from_broken],
				     .direction = from_broken,
				     .left = TURN_BYTES };

		(void)move(&last);
	}
	pr_carried_broke(turn->tunnel, carried, far, error);
}

bool pr_relay_flow(struct pr_tunnel *tunnel, struct pr_carried *carried,
		   enum pr_flow_direction direction)
{
	struct turn turn = { .tunnel = tunnel,
			     .carried = carried,
			     .flow = &carried->stream.flows[direction],
			     .direction = direction,
			     .left = TURN_BYTES };
	int r;

	if (turn.flow->said)
		return true;
	r = move(&turn);
	if (r < 0 && r != -EAGAIN) {
		broke(&turn, r);
		return false;
	}
	if (r == 0 && turn.left == 0 && !turn.flow->said)
		pr_carried_again(tunnel, carried);
	if (carried->stream.flows[PR_FLOW_OUT].said && carried->stream.flows[PR_FLOW_IN].said) {
		pr_carried_end(tunnel, carried, PR_TUNNEL_OPEN, "");
		return false;
	}
	return true;
}

void pr_relay_go(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	if (pr_relay_flow(tunnel, carried, PR_FLOW_OUT))
		(void)pr_relay_flow(tunnel, carried, PR_FLOW_IN);
}

void pr_relay_watched(struct pr_tunnel *tunnel, struct pr_carried *carried, bool far,
		      uint32_t events)
{
	enum pr_flow_direction from = far ? PR_FLOW_IN : PR_FLOW_OUT,
			       to = (enum pr_flow_direction) !from;
	uint32_t serial = carried->serial, number = carried->number;
	int error = 0;
	socklen_t len = sizeof(error);

	if (events & EPOLLPRI) {
		carried->stream.never_spliced = true;
		carried->stream.flows[from].to_the_end = true;
	}
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		carried->stream.flows[from].to_the_end = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR) && carried->stream.flows[to].n_waiting &&
	    !pr_relay_flow(tunnel, carried, to))
		return;
	if (events & ~(uint32_t)EPOLLOUT && !pr_relay_flow(tunnel, carried, from))
		return;
	/* It broke, but what it sent before waits for a reader: nobody would hear of it until then. */
	if (events & EPOLLERR && pr_carried_at(tunnel, number, serial) &&
	    getsockopt(far ? carried->far_fd : carried->stream.app_fd, SOL_SOCKET, SO_ERROR, &error,
		       &len) == 0 &&
	    error)
		pr_carried_broke(tunnel, carried, far, -error);
}

void pr_relay_start(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	uint64_t tag = (uint64_t)carried->serial << 32 | carried->number;
	const int on = 1;
	int r = pr_watch_add(tunnel->watch, carried->stream.app_fd, tag);

	carried->state = PR_CARRIED_CARRYING;
	carried->seen_s = tunnel->now_s;
	carried->stream.before = carried->far_fd >= 0;
	if (r == 0 && carried->far_fd >= 0) {
		(void)setsockopt(carried->far_fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
		r = pr_watch_add(tunnel->watch, carried->far_fd, tag | PR_TUNNEL_TAG_FAR);
	}
	if (r < 0)
		pr_carried_broke(tunnel, carried, false, r);
	else
		pr_relay_go(tunnel, carried);
}

static void drop(struct pr_tunnel *tunnel, struct pr_flow *flow)
{
	if (flow->pipe)
		pr_pipes_give(&tunnel->pipes, PR_TAKE_PTR(flow->pipe), false);
	free(PR_TAKE_PTR(flow->rest));
	flow->n_waiting = 0;
}

void pr_relay_done(struct pr_tunnel *tunnel, struct pr_carried *carried)
{
	drop(tunnel, &carried->stream.flows[PR_FLOW_OUT]);
	drop(tunnel, &carried->stream.flows[PR_FLOW_IN]);
}
