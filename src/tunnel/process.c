/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/process.h"

#include "base/log.h"
#include "ipc/channel.h"

#include <event2/event.h>
#include <unistd.h>

struct process {
	struct event_base *base;
	struct pr_channel *supervisor;
	struct event *from_supervisor;
	int tcp4, tcp6, udp4, udp6;
};

static void on_message(struct process *process, struct pr_message *message)
{
	switch (message->kind) {
	case PR_MESSAGE_PING:
		/* a supervisor that does not read has other sorrows than this one */
		(void)!pr_channel_send(process->supervisor, PR_MESSAGE_PONG, message->ticket, NULL,
				       0);
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
		event_base_loopbreak(process->base);
		return;
	}
	on_message(process, &message);
	pr_message_done(&message);
}

static int start(struct process *process, int ipc_fd, const struct pr_tunnel_config *config)
{
	int r;

	process->base = event_base_new();
	process->supervisor = pr_channel_new_take(ipc_fd, PR_PARTY_TUNNEL, PR_PARTY_SUPERVISOR);
	if (!process->base)
		return -ENOMEM;
	process->from_supervisor =
		event_new(process->base, ipc_fd, EV_READ | EV_PERSIST, on_supervisor, process);
	if (!process->from_supervisor || event_add(process->from_supervisor, NULL) < 0)
		return -ENOMEM;
	r = config->sandbox ? config->sandbox(config->context) : 0;
	if (r < 0)
		return r;
	return pr_channel_send(process->supervisor, PR_MESSAGE_READY, 0, NULL, 0);
}

int pr_tunnel_run(int ipc_fd, const struct pr_tunnel_config *config)
{
	struct process process = { .tcp4 = config->tcp4,
				   .tcp6 = config->tcp6,
				   .udp4 = config->udp4,
				   .udp6 = config->udp6 };
	int r = start(&process, ipc_fd, config);

	if (r == 0 && event_base_dispatch(process.base) < 0)
		r = -EIO;
	if (process.from_supervisor)
		event_free(process.from_supervisor);
	pr_cleanup_close(&process.tcp4);
	pr_cleanup_close(&process.tcp6);
	pr_cleanup_close(&process.udp4);
	pr_cleanup_close(&process.udp6);
	pr_channel_free(process.supervisor);
	if (process.base)
		event_base_free(process.base);
	return r;
}
