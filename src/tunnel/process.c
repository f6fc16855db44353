/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/process.h"

#include "base/log.h"
#include "ipc/channel.h"
#include "tunnel/tunnel_private.h"

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
	pr_carried_other_upstreams(tunnel);
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

/* ---- */

static int start(struct process *process, int ipc_fd, const struct pr_tunnel_config *config)
{
	int r = pr_tunnel_set_up(&process->tunnel);

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
		pr_tunnel_undo(&process.tunnel);
		event_base_free(process.tunnel.base);
	}
	pr_channel_free(process.supervisor);
	return r;
}
