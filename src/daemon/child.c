/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/child.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/spawn.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct timeval milliseconds(unsigned int ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
}

static void forget(struct pr_child *child)
{
	event_del(child->on_ping);
	if (child->on_message)
		event_free(PR_TAKE_PTR(child->on_message));
	if (child->on_end)
		event_free(PR_TAKE_PTR(child->on_end));
	pr_channel_free(PR_TAKE_PTR(child->channel));
	if (child->pidfd >= 0)
		close(PR_TAKE_FD(child->pidfd));
	child->pid = 0;
	child->is_ready = false;
}

/* True when the oldest of the last PR_CHILD_DEATHS_MAX deaths is young. */
static bool dies_too_often(struct pr_child *child, uint64_t now_us)
{
	uint64_t oldest;

	child->deaths_us[child->n_deaths++ % PR_CHILD_DEATHS_MAX] = now_us;
	if (child->n_deaths < PR_CHILD_DEATHS_MAX)
		return false;
	oldest = child->deaths_us[child->n_deaths % PR_CHILD_DEATHS_MAX];
	return now_us - oldest < PR_CHILD_DEATHS_WINDOW_S * 1000000ull;
}

static void restart_later(struct pr_child *child, unsigned int ms)
{
	struct timeval delay = milliseconds(ms);

	event_add(child->on_restart, &delay);
}

static void died(struct pr_child *child, const char *why)
{
	uint64_t now_us = pr_clock_monotonic_us();
	char quoted[512];

	forget(child);
	pr_log(PR_LOG_ERROR, "child-ended", "child=%s why=%s", pr_party_name(child->party),
	       pr_log_quote(why, quoted, sizeof(quoted)));
	if (dies_too_often(child, now_us)) {
		child->slow_ms = child->slow_ms ? child->slow_ms * 2 : PR_CHILD_SLOW_FIRST_MS;
		if (child->slow_ms > PR_CHILD_SLOW_LAST_MS)
			child->slow_ms = PR_CHILD_SLOW_LAST_MS;
		child->ports.failing(child->ports.context, child);
	} else {
		child->slow_ms = 0;
	}
	child->ports.ended(child->ports.context, child, why);
	if (!child->stopped)
		restart_later(child, child->slow_ms);
}

static void describe_end(const struct pr_child *child, const siginfo_t *info, char *why,
			 size_t size)
{
	if (child->failed[0])
		snprintf(why, size, "%s", child->failed);
	else if (child->hung)
		snprintf(why, size, "no answer for %d ms: killed", PR_CHILD_HUNG_MS);
	else if (info->si_code == CLD_EXITED)
		snprintf(why, size, "exit status %d", info->si_status);
	else
		snprintf(why, size, "signal %d (%s)", info->si_status, strsignal(info->si_status));
}

static void take_failed(struct pr_child *child, const struct pr_message *message)
{
	size_t len =
		message->len < sizeof(child->failed) ? message->len : sizeof(child->failed) - 1;

	memcpy(child->failed, message->body, len);
	child->failed[len] = '\0';
}

/* Why it ended may still be unread. */
static void last_words(struct pr_child *child)
{
	struct pr_message message;

	while (pr_channel_receive(child->channel, &message) == 0) {
		if (message.kind == PR_MESSAGE_FAILED)
			take_failed(child, &message);
		pr_message_done(&message);
	}
}

static void end_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_child *child = context;
	siginfo_t info = { 0 };
	char why[256];

	(void)fd;
	(void)what;
	if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
		return;
	last_words(child);
	describe_end(child, &info, why, sizeof(why));
	died(child, why);
}

static void take_message(struct pr_child *child, struct pr_message *message)
{
	switch (message->kind) {
	case PR_MESSAGE_PONG:
		child->answered_us = pr_clock_monotonic_us();
		break;
	case PR_MESSAGE_READY:
		child->is_ready = true;
		child->answered_us = pr_clock_monotonic_us();
		child->ports.ready(child->ports.context, child);
		break;
	case PR_MESSAGE_FAILED:
		take_failed(child, message);
		break;
	default:
		child->ports.message(child->ports.context, child, message);
	}
}

static void message_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_child *child = context;
	struct pr_message message;
	uint64_t until_us = pr_clock_monotonic_us() + PR_CHILD_TURN_MS * 1000;
	pid_t pid = child->pid;
	int r = 0;

	(void)fd;
	(void)what;
	while (child->pid == pid && child->channel &&
	       (r = pr_channel_receive(child->channel, &message)) == 0) {
		take_message(child, &message);
		pr_message_done(&message);
		/* A child that asks without end must not keep us from the others. */
		if (pr_clock_monotonic_us() > until_us)
			return;
	}
	if (child->pid != pid || r == PR_CHANNEL_EMPTY)
		return;
	/* -EPIPE: it is dying, on_end follows. Anything else broke the list. */
	event_del(child->on_message);
	if (r != -EPIPE) {
		snprintf(child->failed, sizeof(child->failed),
			 "it sent what is not on the list of messages");
		kill(child->pid, SIGKILL);
	}
}

static void ping_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_child *child = context;
	uint64_t now_us = pr_clock_monotonic_us();
	uint64_t limit_ms = child->is_ready ? PR_CHILD_HUNG_MS : PR_CHILD_START_MS;
	uint64_t since_us = now_us - child->looked_us;

	(void)fd;
	(void)what;
	/* If we were stopped or kept busy ourselves its answer may lie there unread: not its fault. */
	if (since_us > 2 * PR_CHILD_PING_MS * 1000)
		child->answered_us = now_us;
	child->looked_us = now_us;
	if (now_us - child->answered_us > limit_ms * 1000) {
		child->hung = true;
		child->n_hung++;
		event_del(child->on_ping);
		kill(child->pid, SIGKILL);
		return;
	}
	if (child->is_ready)
		pr_child_send(child, PR_MESSAGE_PING, ++child->ping_ticket, NULL, 0, -1);
}

static void restart_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_child *child = context;

	(void)fd;
	(void)what;
	if (!child->stopped && !child->pid && pr_child_start(child) < 0)
		restart_later(child, PR_CHILD_SLOW_FIRST_MS);
}

void pr_child_init(struct pr_child *child, enum pr_party party, int self_fd, bool verbose,
		   struct event_base *base, const struct pr_child_ports *ports)
{
	*child = (struct pr_child){ .party = party,
				    .self_fd = self_fd,
				    .verbose = verbose,
				    .base = base,
				    .ports = *ports,
				    .pidfd = -1 };
	child->on_ping = event_new(base, -1, EV_PERSIST, ping_event, child);
	child->on_restart = event_new(base, -1, 0, restart_event, child);
	pr_assert(child->on_ping && child->on_restart);
}

void pr_child_done(struct pr_child *child)
{
	if (!child->on_ping)
		return;
	pr_child_stop(child);
	event_free(PR_TAKE_PTR(child->on_ping));
	event_free(PR_TAKE_PTR(child->on_restart));
}

int pr_child_start(struct pr_child *child)
{
	struct timeval ping = milliseconds(PR_CHILD_PING_MS);
	struct pr_spawned spawned;
	int r = pr_spawn(child->self_fd, child->party, child->verbose, &spawned);

	if (r < 0)
		return r;
	child->pid = spawned.pid;
	child->pidfd = spawned.pidfd;
	child->channel = pr_channel_new_take(spawned.channel, PR_PARTY_SUPERVISOR, child->party);
	child->hung = child->stopped = false;
	child->failed[0] = '\0';
	child->started_us = child->answered_us = child->looked_us = pr_clock_monotonic_us();
	child->on_message =
		event_new(child->base, spawned.channel, EV_READ | EV_PERSIST, message_event, child);
	child->on_end =
		event_new(child->base, child->pidfd, EV_READ | EV_PERSIST, end_event, child);
	pr_assert(child->on_message && child->on_end);
	/* Before whatever the others ask for. */
	event_priority_set(child->on_end, 0);
	event_add(child->on_message, NULL);
	event_add(child->on_end, NULL);
	event_add(child->on_ping, &ping);
	r = child->ports.prepare(child->ports.context, child);
	if (r < 0) {
		snprintf(child->failed, sizeof(child->failed), "it could not be started: %s",
			 strerror(-r));
		kill(child->pid, SIGKILL);
	}
	return 0;
}

void pr_child_stop(struct pr_child *child)
{
	child->stopped = true;
	event_del(child->on_restart);
	if (!child->pid)
		return;
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	forget(child);
}

/* Without these a child goes on with what is no longer so, and nothing tells it later. */
static bool must_arrive(enum pr_message_kind kind)
{
	return kind == PR_MESSAGE_POLICY || kind == PR_MESSAGE_GENERATION ||
	       kind == PR_MESSAGE_CHANNEL || kind == PR_MESSAGE_DESCRIPTOR ||
	       kind == PR_MESSAGE_TUNNEL_POOL || kind == PR_MESSAGE_TUNNEL_UPSTREAMS ||
	       kind == PR_MESSAGE_START || kind == PR_MESSAGE_INTEL_SET || kind == PR_MESSAGE_FETCH;
}

void pr_child_send(struct pr_child *child, enum pr_message_kind kind, uint64_t ticket,
		   const void *body, size_t len, int fd)
{
	int r = -EPIPE;

	if (child->channel)
		r = pr_channel_send_fds(child->channel, kind, ticket, body, len, &fd, fd >= 0);
	if (r && kind != PR_MESSAGE_PING)
		pr_log(PR_LOG_WARNING, "message-lost", "child=%s message=%s",
		       pr_party_name(child->party), pr_message_info(kind)->name);
	if (r == PR_CHANNEL_FULL && must_arrive(kind) && child->pid) {
		snprintf(child->failed, sizeof(child->failed),
			 "it has left too much unread: killed, to begin anew");
		kill(child->pid, SIGKILL);
	}
}
