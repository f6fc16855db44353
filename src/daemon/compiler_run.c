/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/compiler_run.h"

#include "daemon/spawn.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEND_MAX_MS 2000 /* the compiler reads as fast as it can */

struct pr_compiler_run {
	struct pr_spawned process;
	struct pr_channel *channel;
	struct event *on_message, *on_deadline;
	struct pr_compiler_run_ports ports;
	const char *late;
	char failed[4096]; /* "" = it goes well so far */
};

void pr_compiler_run_free(struct pr_compiler_run *run)
{
	if (!run)
		return;
	kill(run->process.pid, SIGKILL);
	while (waitpid(run->process.pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(run->process.pidfd);
	event_free(run->on_message);
	event_free(run->on_deadline);
	pr_channel_free(run->channel);
	free(run);
}

static void over(struct pr_compiler_run *run, const char *why)
{
	event_del(run->on_message);
	event_del(run->on_deadline);
	run->ports.over(run->ports.context, why);
}

static void message_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_compiler_run *run = context;
	struct pr_message message;
	bool last = false;
	int r;

	(void)fd;
	(void)what;
	while (!last && (r = pr_channel_receive(run->channel, &message)) == 0) {
		last = run->ports.message(run->ports.context, &message);
		pr_message_done(&message);
	}
	if (last)
		over(run, NULL);
	else if (r < 0)
		over(run, "the compiler ended without an answer");
}

static void deadline_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_compiler_run *run = context;

	(void)fd;
	(void)what;
	over(run, run->failed[0] ? run->failed : run->late);
}

void pr_compiler_run_fail(struct pr_compiler_run *run, const char *why)
{
	const struct timeval now = { 0 };

	snprintf(run->failed, sizeof(run->failed), "%s", why);
	event_del(run->on_message);
	event_add(run->on_deadline, &now);
}

int pr_compiler_run_send(struct pr_compiler_run *run, enum pr_message_kind kind, const void *body,
			 size_t len, const int *fds, unsigned int n_fds)
{
	struct pollfd writable = { .fd = pr_channel_fd(run->channel), .events = POLLOUT };
	int r;

	while ((r = pr_channel_send_fds(run->channel, kind, 0, body, len, fds, n_fds)) ==
	       PR_CHANNEL_FULL)
		if (poll(&writable, 1, SEND_MAX_MS) == 0)
			return -ETIMEDOUT;
	return r;
}

static int send_start(struct pr_compiler_run *run, const struct pr_compiler_run_config *config,
		      const struct pr_pairs *settings)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	const struct pr_user *user = &config->users->of[PR_PARTY_COMPILER];
	struct pr_pairs pairs = *settings;
	char uid[16], gid[16];
	size_t len;

	snprintf(uid, sizeof(uid), "%u", user->uid);
	snprintf(gid, sizeof(gid), "%u", user->gid);
	if (!pr_pairs_add(&pairs, "uid", uid) || !pr_pairs_add(&pairs, "gid", gid) ||
	    !pr_pairs_add(&pairs, "single", config->users->single ? "1" : "0") ||
	    !pr_pairs_add(&pairs, "builds_set", config->builds_set ? "1" : "0"))
		return -EMSGSIZE;
	len = pr_pairs_encode(&pairs, body, PR_MESSAGE_BODY_MAX);
	return len ? pr_compiler_run_send(run, PR_MESSAGE_START, body, len, NULL, 0) : -EMSGSIZE;
}

int pr_compiler_run_new(const struct pr_compiler_run_config *config,
			const struct pr_pairs *settings, const struct pr_compiler_run_ports *ports,
			struct pr_compiler_run **ret_run)
{
	const struct timeval most = { .tv_sec = config->most_ms / 1000,
				      .tv_usec = config->most_ms % 1000 * 1000 };
	struct pr_compiler_run *run = pr_calloc(1, sizeof(*run));
	int r = pr_spawn(config->self_fd, PR_PARTY_COMPILER, config->verbose, &run->process);

	if (r < 0) {
		free(run);
		return r;
	}
	run->ports = *ports;
	run->late = config->late;
	run->channel =
		pr_channel_new_take(run->process.channel, PR_PARTY_SUPERVISOR, PR_PARTY_COMPILER);
	run->on_message = event_new(config->base, run->process.channel, EV_READ | EV_PERSIST,
				    message_event, run);
	run->on_deadline = event_new(config->base, -1, 0, deadline_event, run);
	pr_assert(run->on_message && run->on_deadline);
	event_add(run->on_message, NULL);
	event_add(run->on_deadline, &most);
	r = send_start(run, config, settings);
	if (r < 0) {
		pr_compiler_run_free(run);
		return r;
	}
	*ret_run = run;
	return 0;
}
