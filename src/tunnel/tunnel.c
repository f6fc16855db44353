/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts, wired: what the engine says, what sockets show, what a second brings. */
#include "tunnel/tunnel_private.h"

#include "base/clock.h"
#include "tunnel/process.h"

#include <sys/epoll.h>
#include <sys/resource.h>

#define OTHER_FDS \
	1024u /* beside the links' and the pipes': proxies' connections, questions for names */

/* ---- the engine ---- */

static void engine_open(void *context, uint64_t id, const struct pr_tunnel_link *link)
{
	pr_carried_open(context, id, link);
}

static void engine_link(void *context, uint64_t ticket, uint64_t id)
{
	pr_telling_link(context, ticket, id);
}

static void engine_close(void *context, uint64_t id)
{
	struct pr_carried *carried = pr_carried_find(context, id);

	if (carried)
		pr_carried_forget(context, carried);
}

static void engine_appeared(void *context)
{
	pr_telling_engine_new(context);
}

static void engine_gone(void *context)
{
	pr_telling_engine_gone(context);
}

static void engine_drained(void *context)
{
	pr_telling_go(context);
}

/* ---- the links ---- */

static void on_watched(void *context, uint64_t tag, uint32_t events)
{
	struct pr_tunnel *tunnel = context;
	struct pr_carried *carried =
		pr_carried_at(tunnel, (uint32_t)tag, (uint32_t)(tag >> 32) & INT32_MAX);

	if (!carried || carried->state != PR_CARRIED_CARRYING)
		return;
	if (carried->is_stream)
		pr_relay_watched(tunnel, carried, tag & PR_TUNNEL_TAG_FAR, events);
	else if (events & ~(uint32_t)EPOLLOUT)
		pr_datagrams_readable(tunnel, carried);
}

static void on_more(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	pr_carried_more(context);
}

static void on_ill(void *context)
{
	pr_carried_leave_ill(context);
}

void pr_tunnel_second(struct pr_tunnel *tunnel, uint32_t now_s)
{
	tunnel->now_s = now_s;
	pr_carried_sweep(tunnel);
	pr_entry_sweep(tunnel);
	pr_upstreams_tell(tunnel->upstreams, tunnel->ways, tunnel->engine);
}

static void on_second(evutil_socket_t fd, short what, void *context)
{
	struct pr_tunnel *tunnel = context;

	(void)fd;
	(void)what;
	pr_tunnel_second(tunnel, (uint32_t)(pr_clock_monotonic_us() / 1000000));
}

/* ---- */

/* As many as there are descriptors for. */
static void limit_links(struct pr_tunnel *tunnel)
{
	uint32_t links = PR_TUNNEL_LINKS_MAX, pipes = PR_PIPES_MAX;
	struct rlimit fds;

	if (getrlimit(RLIMIT_NOFILE, &fds) < 0)
		fds.rlim_cur = 1024;
	if (fds.rlim_cur < 2 * (links + pipes) + OTHER_FDS) {
		uint32_t left = fds.rlim_cur > 2 * OTHER_FDS ? (uint32_t)fds.rlim_cur - OTHER_FDS
							     : OTHER_FDS / 2;

		pipes = left / 16 < pipes ? left / 16 : pipes;
		links = (left - 2 * pipes) / 2 < links ? (left - 2 * pipes) / 2 : links;
	}
	pr_pipes_init(&tunnel->pipes, pipes);
	pr_slab_init(&tunnel->links, sizeof(struct pr_carried), links);
	pr_slab_init(&tunnel->arrivals, sizeof(struct pr_arrival), PR_TUNNEL_ARRIVALS_MAX);
}

int pr_tunnel_set_up(struct pr_tunnel *tunnel)
{
	const struct pr_tunnel_engine_ports ports = { tunnel,	     engine_open,     engine_link,
						      engine_close,  engine_appeared, engine_gone,
						      engine_drained };
	const struct timeval second = { .tv_sec = 1 };
	int r;

	limit_links(tunnel);
	pr_index_init(&tunnel->by_id, 64);
	pr_index_init(&tunnel->by_arrival, 64);
	pr_chain_init(&tunnel->to_tell);
	pr_chain_init(&tunnel->to_ask);
	pr_chain_init(&tunnel->with_more);
	tunnel->next_serial = 1;
	tunnel->now_s = (uint32_t)(pr_clock_monotonic_us() / 1000000);
	tunnel->engine_seen_s = tunnel->now_s;
	tunnel->buffer = pr_calloc(1, PR_TUNNEL_BUFFER);
	tunnel->upstreams = pr_upstreams_known_new();
	tunnel->engine = pr_tunnel_engine_new(tunnel->base, &ports);
	tunnel->dialer = pr_dialer_new(tunnel->base);
	tunnel->carriers = pr_carriers_new(tunnel->base, tunnel->dialer);
	tunnel->ways = pr_ways_new(tunnel->base, tunnel->dialer, tunnel->carriers);
	pr_ways_on_ill(tunnel->ways, on_ill, tunnel);
	tunnel->more_due = evtimer_new(tunnel->base, on_more, tunnel);
	tunnel->sweep_due = event_new(tunnel->base, -1, EV_PERSIST, on_second, tunnel);
	if (!tunnel->more_due || !tunnel->sweep_due || event_add(tunnel->sweep_due, &second) < 0)
		return -ENOMEM;
	for (int i = 0; i < 2; i++)
		if ((tunnel->tcp[i] >= 0 && evutil_make_socket_nonblocking(tunnel->tcp[i]) < 0) ||
		    (tunnel->udp[i] >= 0 && evutil_make_socket_nonblocking(tunnel->udp[i]) < 0))
			return -errno;
	r = pr_watch_new(tunnel->base, on_watched, tunnel, &tunnel->watch);
	if (r == 0)
		r = pr_gather_set_up(tunnel);
	if (r == 0)
		r = pr_entry_listen(tunnel);
	return r < 0 ? r : pr_datagrams_listen(tunnel);
}

void pr_tunnel_undo(struct pr_tunnel *tunnel)
{
	pr_tunnel_engine_free(tunnel->engine);
	pr_carried_free(tunnel);
	pr_entry_free(tunnel);
	pr_datagrams_free(tunnel);
	pr_pipes_done(&tunnel->pipes);
	pr_gather_undo(tunnel);
	pr_watch_free(tunnel->watch);
	pr_ways_free(tunnel->ways);
	pr_carriers_free(tunnel->carriers);
	pr_dialer_free(tunnel->dialer);
	pr_upstreams_known_free(tunnel->upstreams);
	if (tunnel->more_due)
		event_free(tunnel->more_due);
	if (tunnel->sweep_due)
		event_free(tunnel->sweep_due);
	free(tunnel->buffer);
}
