/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/process.h"

#include "base/clock.h"
#include "base/log.h"
#include "ipc/channel.h"
#include "tunnel/tunnel_private.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define OTHER_FDS \
	1024u /* beside the links' and the pipes': proxies' connections, questions for names */

struct process {
	struct pr_tunnel tunnel;
	struct pr_channel *supervisor;
	struct event *from_supervisor;
};

/* ---- the supervisor ---- */

static void take_upstreams(struct pr_tunnel *tunnel, const struct pr_message *message)
{
	int r = pr_upstreams_known_set(tunnel->ways, tunnel->dialer, message);

	if (r < 0) {
		pr_log(PR_LOG_ERROR, "upstreams-refused", "error=%d", -r);
		return;
	}
	pr_carriers_renew(tunnel->carriers);
	pr_upstreams_untold(tunnel->upstreams);
	pr_upstreams_tell(tunnel->upstreams, tunnel->ways, tunnel->engine);
}

static void on_message(struct process *process, struct pr_message *message)
{
	switch (message->kind) {
	case PR_MESSAGE_PING:
		/* a supervisor that does not read has other sorrows than this one */
		(void)!pr_channel_send(process->supervisor, PR_MESSAGE_PONG, message->ticket, NULL,
				       0);
		break;
	case PR_MESSAGE_CHANNEL:
		pr_tunnel_engine_take(process->tunnel.engine, PR_TAKE_FD(message->fds[0]));
		break;
	case PR_MESSAGE_TUNNEL_UPSTREAMS:
		take_upstreams(&process->tunnel, message);
		break;
	default:
		break;
	}
}

static void on_supervisor(evutil_socket_t fd, short what, void *context)
{
	struct process *process = context;
	struct pr_message message;
	int r = pr_channel_receive(process->supervisor, &message);

	(void)fd;
	(void)what;
	if (r == PR_CHANNEL_EMPTY)
		return;
	if (r < 0) {
		event_base_loopbreak(process->tunnel.base);
		return;
	}
	on_message(process, &message);
	pr_message_done(&message);
}

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

static void on_second(evutil_socket_t fd, short what, void *context)
{
	struct pr_tunnel *tunnel = context;

	(void)fd;
	(void)what;
	tunnel->now_s = (uint32_t)(pr_clock_monotonic_us() / 1000000);
	pr_carried_sweep(tunnel);
	pr_entry_sweep(tunnel);
	pr_upstreams_tell(tunnel->upstreams, tunnel->ways, tunnel->engine);
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

static int set_up(struct pr_tunnel *tunnel)
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
	tunnel->buffer = pr_calloc(1, PR_TUNNEL_BUFFER);
	tunnel->upstreams = pr_upstreams_known_new();
	tunnel->engine = pr_tunnel_engine_new(tunnel->base, &ports);
	tunnel->dialer = pr_dialer_new(tunnel->base);
	tunnel->ways = pr_ways_new(tunnel->base, tunnel->dialer);
	tunnel->carriers = pr_carriers_new(tunnel->base, tunnel->dialer);
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
		r = pr_entry_listen(tunnel);
	return r < 0 ? r : pr_datagrams_listen(tunnel);
}

static void done(struct pr_tunnel *tunnel)
{
	pr_tunnel_engine_free(tunnel->engine);
	pr_carried_free(tunnel);
	pr_entry_free(tunnel);
	pr_datagrams_free(tunnel);
	pr_pipes_done(&tunnel->pipes);
	pr_watch_free(tunnel->watch);
	pr_carriers_free(tunnel->carriers);
	pr_ways_free(tunnel->ways);
	pr_dialer_free(tunnel->dialer);
	pr_upstreams_known_free(tunnel->upstreams);
	if (tunnel->more_due)
		event_free(tunnel->more_due);
	if (tunnel->sweep_due)
		event_free(tunnel->sweep_due);
	free(tunnel->buffer);
}

static int start(struct process *process, int ipc_fd, const struct pr_tunnel_config *config)
{
	int r = set_up(&process->tunnel);

	if (r < 0)
		return r;
	process->from_supervisor = event_new(process->tunnel.base, ipc_fd, EV_READ | EV_PERSIST,
					     on_supervisor, process);
	if (!process->from_supervisor || event_add(process->from_supervisor, NULL) < 0)
		return -ENOMEM;
	r = config->sandbox ? config->sandbox(config->context) : 0;
	if (r < 0)
		return r;
	return pr_channel_send(process->supervisor, PR_MESSAGE_READY, 0, NULL, 0);
}

int pr_tunnel_run(int ipc_fd, const struct pr_tunnel_config *config)
{
	struct process process = { .tunnel = { .base = event_base_new(),
					       .tcp = { config->tcp4, config->tcp6 },
					       .udp = { config->udp4, config->udp6 } },
				   .supervisor = pr_channel_new_take(ipc_fd, PR_PARTY_TUNNEL,
								     PR_PARTY_SUPERVISOR) };
	int r = process.tunnel.base ? start(&process, ipc_fd, config) : -ENOMEM;

	if (r == 0 && event_base_dispatch(process.tunnel.base) < 0)
		r = -EIO;
	if (process.from_supervisor)
		event_free(process.from_supervisor);
	if (process.tunnel.base) {
		done(&process.tunnel);
		event_base_free(process.tunnel.base);
	}
	pr_channel_free(process.supervisor);
	return r;
}
