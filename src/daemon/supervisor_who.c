/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who a process is: BPF's programs and /proc, which only the supervisor may read of everybody. */
#include "daemon/supervisor.h"

#include "base/clock.h"
#include "base/log.h"
#include "process/codec.h"

#include <string.h>

/* What it tells of an exit frees the engine's cache; that it may be lost is no harm. */
static void on_record(void *context, const struct pr_bpf_event *event, size_t len)
{
	struct pr_supervisor *supervisor = context;
	struct pr_writer writer;
	uint8_t body[12];

	pr_identity_event(supervisor->identity, event, len);
	if (event->kind != PR_BPF_EVENT_EXIT || !supervisor->engine.is_ready)
		return;
	writer = pr_writer(body, sizeof(body));
	pr_write_u32(&writer, event->pid);
	pr_write_u64(&writer, pr_owner_start_time(event->start_time_ns));
	if (pr_channel_send(supervisor->engine.channel, PR_MESSAGE_EXITED, 0, body, sizeof(body)))
		pr_log(PR_LOG_DEBUG, "message-lost", "message=exited");
}

static void scan_event(evutil_socket_t fd, short what, void *context);

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

/* Where nothing is handed on, what other namespaces send does not come by here. */
static void watch_others(struct pr_supervisor *supervisor)
{
	bool on = !supervisor->forwarding || pr_forwarding_read(supervisor->forwarding);
	int r = pr_bpf_watch_others(supervisor->bpf, on);

	if (r < 0 && r != -EOPNOTSUPP)
		pr_log(PR_LOG_WARNING, "others-not-watched", "error=%s", strerror(-r));
	supervisor->watches_others = on && r == 0;
}

static void forwarding_event(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	watch_others(context);
}

static void open_forwarding(struct pr_supervisor *supervisor)
{
	int r = pr_forwarding_open(&supervisor->forwarding);

	if (r < 0)
		pr_log(PR_LOG_WARNING, "no-netconf", "error=%s", strerror(-r));
	watch_others(supervisor);
	if (r < 0)
		return;
	supervisor->on_forwarding =
		event_new(supervisor->base, pr_forwarding_fd(supervisor->forwarding),
			  EV_READ | EV_PERSIST, forwarding_event, supervisor);
	pr_assert(supervisor->on_forwarding);
	event_add(supervisor->on_forwarding, NULL);
}

static void open_bpf(struct pr_supervisor *supervisor)
{
	const struct pr_users *users = &supervisor->users;
	const struct pr_bpf_options options = {
		.cgroup = supervisor->options.cgroup_dir,
		.nameserver_uid = users->single ? (uid_t)-1 : users->of[PR_PARTY_ENGINE].uid,
	};
	const struct timeval second = { .tv_sec = 1 };
	int r = pr_bpf_open(&options, &supervisor->bpf, supervisor->bpf_why);

	if (r) {
		pr_log(PR_LOG_WARNING, "no-bpf", "why=\"%s\"", supervisor->bpf_why);
		return;
	}
	if (supervisor->bpf_why[0])
		pr_log(PR_LOG_WARNING, "bpf-in-part", "why=\"%s\"", supervisor->bpf_why);
	r = pr_bpf_adopt(supervisor->bpf);
	if (r < 0 && r != -EOPNOTSUPP)
		pr_log(PR_LOG_WARNING, "no-older-sockets", "error=%s", strerror(-r));
	open_forwarding(supervisor);
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
	supervisor->on_scan = event_new(supervisor->base, -1, 0, scan_event, supervisor);
	pr_assert(supervisor->on_scan);
	open_bpf(supervisor);
	if (supervisor->identity && pr_identity_adopt(supervisor->identity) < 0)
		pr_log(PR_LOG_WARNING, "not-adopted", "what=processes");
}

void pr_supervisor_who_policy(struct pr_supervisor *supervisor)
{
	if (supervisor->identity)
		pr_identity_set_want_package(supervisor->identity, supervisor->wants_package);
}

void pr_supervisor_who_close(struct pr_supervisor *supervisor)
{
	if (supervisor->on_scan)
		event_free(PR_TAKE_PTR(supervisor->on_scan));
	if (supervisor->on_bpf)
		event_free(PR_TAKE_PTR(supervisor->on_bpf));
	if (supervisor->on_bpf_timer)
		event_free(PR_TAKE_PTR(supervisor->on_bpf_timer));
	if (supervisor->on_forwarding)
		event_free(PR_TAKE_PTR(supervisor->on_forwarding));
	pr_forwarding_free(PR_TAKE_PTR(supervisor->forwarding));
	pr_bpf_close(PR_TAKE_PTR(supervisor->bpf));
	pr_identity_close(PR_TAKE_PTR(supervisor->identity));
}

static void answer_who(struct pr_supervisor *supervisor, uint64_t ticket,
		       const struct pr_process *process)
{
	static uint8_t body[PR_PROCESS_CODE_MAX];
	size_t len = process ? pr_process_encode(process, body, sizeof(body)) : 0;

	pr_child_send(&supervisor->engine, PR_MESSAGE_PROCESS, ticket, body, len, -1);
}

/* ---- sockets that only a look at everybody's descriptors can find ---- */

/* One look answers all that wait, and takes a quarter of our time at most: a flood of sockets that are closed
 * before anybody can look keeps us busy no more than that. */
static void arm_scan(struct pr_supervisor *supervisor)
{
	uint64_t now_us = pr_clock_monotonic_us(), in_us = 0;
	struct timeval in;

	if (supervisor->scan_after_us > now_us)
		in_us = supervisor->scan_after_us - now_us;
	in = (struct timeval){ .tv_sec = (time_t)(in_us / 1000000),
			       .tv_usec = (suseconds_t)(in_us % 1000000) };
	event_add(supervisor->on_scan, &in);
}

/* Nobody's a moment ago: that of a kernel module, or closed. */
static bool is_nobodys(const struct pr_supervisor *supervisor, uint64_t inode, uint64_t now_us)
{
	for (unsigned int i = 0; inode && i < PR_SUPERVISOR_NOBODYS; i++)
		if (supervisor->nobodys[i].inode == inode &&
		    supervisor->nobodys[i].until_us > now_us)
			return true;
	return false;
}

static void answer_scanned(struct pr_supervisor *supervisor, uint64_t ticket,
			   struct pr_identity_request *request, uint64_t now_us)
{
	if (!request->process && request->owner.inode &&
	    !is_nobodys(supervisor, request->owner.inode, now_us)) {
		unsigned int i = supervisor->next_nobodys++ % PR_SUPERVISOR_NOBODYS;

		supervisor->nobodys[i].inode = request->owner.inode;
		supervisor->nobodys[i].until_us = now_us + PR_SUPERVISOR_NOBODYS_US;
	}
	answer_who(supervisor, ticket, request->process);
	pr_process_release(PR_TAKE_PTR(request->process));
}

static void scan_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_supervisor *supervisor = context;
	struct pr_identity_request *requests = supervisor->scan_requests;
	uint64_t begin_us = pr_clock_monotonic_us(), end_us;
	unsigned int n = 0;

	(void)fd;
	(void)what;
	for (unsigned int i = 0; i < supervisor->n_scan; i++) {
		/* Its packet has been decided without us. */
		if (begin_us - supervisor->scan_asked_us[i] > PR_SUPERVISOR_WHO_LATE_US) {
			supervisor->n_who_late++;
			answer_who(supervisor, supervisor->scan_tickets[i], NULL);
			continue;
		}
		requests[n] = requests[i];
		supervisor->scan_tickets[n++] = supervisor->scan_tickets[i];
	}
	supervisor->n_scan = 0;
	if (n && pr_identity_find_all(supervisor->identity, requests, n) < 0)
		pr_log(PR_LOG_WARNING, "no-scan", "of=/proc");
	end_us = pr_clock_monotonic_us();
	supervisor->scan_after_us = end_us + 3 * (end_us - begin_us);
	for (unsigned int i = 0; i < n; i++)
		answer_scanned(supervisor, supervisor->scan_tickets[i], &requests[i], end_us);
}

static bool wait_for_scan(struct pr_supervisor *supervisor, uint64_t ticket,
			  const struct pr_owner *owner)
{
	uint64_t now_us = pr_clock_monotonic_us();

	if (is_nobodys(supervisor, owner->inode, now_us) ||
	    supervisor->n_scan == PR_SUPERVISOR_SCAN_MAX)
		return false;
	if (!supervisor->n_scan)
		arm_scan(supervisor);
	supervisor->scan_requests[supervisor->n_scan] =
		(struct pr_identity_request){ .owner = *owner };
	supervisor->scan_tickets[supervisor->n_scan] = ticket;
	supervisor->scan_asked_us[supervisor->n_scan++] = now_us;
	return true;
}

void pr_supervisor_who_answer(struct pr_supervisor *supervisor, const struct pr_message *message)
{
	struct pr_process *process = NULL;
	struct pr_owner owner;

	supervisor->n_who++;
	drain(supervisor);
	if (!supervisor->identity || pr_owner_decode(message->body, message->len, &owner) < 0)
		return answer_who(supervisor, message->ticket, NULL);
	if (pr_identity_is_slow(supervisor->identity, &owner)) {
		if (!wait_for_scan(supervisor, message->ticket, &owner))
			answer_who(supervisor, message->ticket, NULL);
		return;
	}
	if (pr_identity_find(supervisor->identity, &owner, &process))
		process = NULL;
	answer_who(supervisor, message->ticket, process);
	pr_process_release(process);
}
