/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who a process is: BPF's programs and /proc, which only the supervisor may read of everybody. */
#include "daemon/supervisor.h"

#include "base/log.h"
#include "ipc/body.h"
#include "process/codec.h"

#include <string.h>
#include <unistd.h>

/* What it tells of an exit frees the engine's cache; that it may be lost is no harm. */
static void on_record(void *context, const struct pr_bpf_event *event, size_t len)
{
	struct pr_supervisor *supervisor = context;
	long ticks_a_second = sysconf(_SC_CLK_TCK);
	struct pr_writer writer;
	uint8_t body[12];

	pr_identity_event(supervisor->identity, event, len);
	if (event->kind != PR_BPF_EVENT_EXIT || !supervisor->engine.is_ready)
		return;
	writer = pr_writer(body, sizeof(body));
	pr_write_u32(&writer, event->pid);
	pr_write_u64(&writer, event->start_time_ns / (1000000000ull / (uint64_t)ticks_a_second));
	if (pr_channel_send(supervisor->engine.channel, PR_MESSAGE_EXITED, 0, body, sizeof(body)))
		pr_log(PR_LOG_DEBUG, "message-lost", "message=exited");
}

static void drain(struct pr_supervisor *supervisor)
{
	if (supervisor->bpf && supervisor->identity)
		(void)pr_bpf_drain(supervisor->bpf, on_record, supervisor);
}

static void bpf_event(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	drain(context);
}

static void open_bpf(struct pr_supervisor *supervisor)
{
	const struct pr_bpf_options options = { .cgroup = supervisor->options.cgroup_dir };
	const struct timeval second = { .tv_sec = 1 };
	int r = pr_bpf_open(&options, &supervisor->bpf, supervisor->bpf_why);

	if (r) {
		pr_log(PR_LOG_WARNING, "no-bpf", "why=\"%s\"", supervisor->bpf_why);
		return;
	}
	if (supervisor->bpf_why[0])
		pr_log(PR_LOG_WARNING, "bpf-in-part", "why=\"%s\"", supervisor->bpf_why);
	(void)pr_bpf_adopt(supervisor->bpf);
	supervisor->on_bpf = event_new(supervisor->base, pr_bpf_events_fd(supervisor->bpf),
				       EV_READ | EV_PERSIST, bpf_event, supervisor);
	supervisor->on_bpf_timer =
		event_new(supervisor->base, -1, EV_PERSIST, bpf_event, supervisor);
	pr_assert(supervisor->on_bpf && supervisor->on_bpf_timer);
	event_add(supervisor->on_bpf, NULL);
	event_add(supervisor->on_bpf_timer, &second);
}

void pr_supervisor_who_open(struct pr_supervisor *supervisor)
{
	const struct pr_identity_options options = { .want_package = supervisor->wants_package };
	int r = pr_identity_open(&options, &supervisor->identity);

	if (r)
		pr_log(PR_LOG_ERROR, "no-proc", "error=%s", strerror(-r));
	open_bpf(supervisor);
	if (supervisor->identity)
		(void)pr_identity_adopt(supervisor->identity);
}

void pr_supervisor_who_policy(struct pr_supervisor *supervisor)
{
	if (supervisor->identity)
		pr_identity_set_want_package(supervisor->identity, supervisor->wants_package);
}

void pr_supervisor_who_close(struct pr_supervisor *supervisor)
{
	if (supervisor->on_bpf)
		event_free(PR_TAKE_PTR(supervisor->on_bpf));
	if (supervisor->on_bpf_timer)
		event_free(PR_TAKE_PTR(supervisor->on_bpf_timer));
	pr_bpf_close(PR_TAKE_PTR(supervisor->bpf));
	pr_identity_close(PR_TAKE_PTR(supervisor->identity));
}

void pr_supervisor_who_answer(struct pr_supervisor *supervisor, const struct pr_message *message)
{
	static uint8_t body[PR_PROCESS_CODE_MAX];
	struct pr_process *process = NULL;
	struct pr_owner owner;
	size_t len = 0;

	supervisor->n_who++;
	drain(supervisor);
	if (supervisor->identity && pr_owner_decode(message->body, message->len, &owner) == 0 &&
	    pr_identity_find(supervisor->identity, &owner, &process) == 0) {
		len = pr_process_encode(process, body, sizeof(body));
		pr_process_release(process);
	}
	pr_child_send(&supervisor->engine, PR_MESSAGE_PROCESS, message->ticket, body, len, -1);
}
