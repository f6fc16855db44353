/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/compile.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/files.h"
#include "daemon/spawn.h"
#include "ipc/channel.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PR_BOOT_ID_SIZE 64
#define SEND_MAX_MS	2000 /* the compiler reads as fast as it can */

struct pr_compile {
	struct pr_spawned process;
	struct pr_channel *channel;
	struct event *on_message, *on_deadline;
	struct pr_compiled compiled;
	void (*done)(void *context, struct pr_compiled *compiled);
	void *context;
};

void pr_compiled_done(struct pr_compiled *compiled)
{
	if (compiled->policy_fd >= 0)
		close(PR_TAKE_FD(compiled->policy_fd));
	if (compiled->edit_fd >= 0)
		close(PR_TAKE_FD(compiled->edit_fd));
	while (compiled->n_providers)
		free(compiled->providers[--compiled->n_providers]);
}

void pr_compile_cancel(struct pr_compile *compile)
{
	if (!compile)
		return;
	if (compile->process.pid) {
		kill(compile->process.pid, SIGKILL);
		while (waitpid(compile->process.pid, NULL, 0) < 0 && errno == EINTR)
			;
		close(compile->process.pidfd);
	}
	if (compile->on_message)
		event_free(compile->on_message);
	if (compile->on_deadline)
		event_free(compile->on_deadline);
	pr_channel_free(compile->channel);
	pr_compiled_done(&compile->compiled);
	free(compile);
}

static void finish(struct pr_compile *compile)
{
	compile->done(compile->context, &compile->compiled);
	pr_compile_cancel(compile);
}

static void refuse(struct pr_compile *compile, const char *why)
{
	snprintf(compile->compiled.error, sizeof(compile->compiled.error), "%s", why);
	finish(compile);
}

static int send_waiting(struct pr_compile *compile, enum pr_message_kind kind, const void *body,
			size_t len, int fd)
{
	struct pollfd writable = { .fd = pr_channel_fd(compile->channel), .events = POLLOUT };
	int r;

	while ((r = pr_channel_send_fds(compile->channel, kind, 0, body, len, &fd, fd >= 0)) ==
	       PR_CHANNEL_FULL)
		if (poll(&writable, 1, SEND_MAX_MS) == 0)
			return -ETIMEDOUT;
	return r;
}

static int send_file(void *context, const char *layer, const char *directory, const char *name,
		     int fd)
{
	struct pr_pairs pairs = { 0 };
	uint8_t body[8192];
	size_t len;

	if (!pr_pairs_add(&pairs, "layer", layer) ||
	    !pr_pairs_add(&pairs, "directory", directory) || !pr_pairs_add(&pairs, "name", name))
		return -ENAMETOOLONG;
	len = pr_pairs_encode(&pairs, body, sizeof(body));
	return len ? send_waiting(context, PR_MESSAGE_FILE, body, len, fd) : -ENAMETOOLONG;
}

static void take_settings(struct pr_compiled *compiled, const struct pr_pairs *pairs)
{
	const char *failure = pr_pairs_get(pairs, "failure");
	const char *warnings = pr_pairs_get(pairs, "warnings");

	compiled->mark_mask = (uint32_t)pr_pairs_number(pairs, "mark_mask", 0);
	compiled->n_workers = (uint32_t)pr_pairs_number(pairs, "workers", 0);
	compiled->next_expiry_s = pr_pairs_number(pairs, "next_expiry", 0);
	compiled->failure_open = failure && strcmp(failure, "open") == 0;
	compiled->may_deny_infrastructure = pr_pairs_number(pairs, "may_deny_infrastructure", 0);
	compiled->wants_package = pr_pairs_number(pairs, "wants_package", 0);
	if (pr_pairs_get(pairs, "upstreams"))
		snprintf(compiled->upstreams, sizeof(compiled->upstreams), "%s",
			 pr_pairs_get(pairs, "upstreams"));
	if (pr_pairs_get(pairs, "processes"))
		snprintf(compiled->processes, sizeof(compiled->processes), "%s",
			 pr_pairs_get(pairs, "processes"));
	if (warnings)
		snprintf(compiled->warnings, sizeof(compiled->warnings), "%s", warnings);
}

static void take_providers(struct pr_compiled *compiled, const struct pr_pairs *pairs)
{
	for (unsigned int i = 0; i < pairs->n; i++)
		if (strcmp(pairs->pairs[i].key, "provider") == 0 &&
		    compiled->n_providers < PR_PROVIDERS_MAX)
			compiled->providers[compiled->n_providers++] =
				pr_strdup(pairs->pairs[i].value);
}

/* True when the run is over. */
static bool take(struct pr_compile *compile, struct pr_message *message)
{
	struct pr_compiled *compiled = &compile->compiled;
	struct pr_pairs pairs;

	if (message->kind == PR_MESSAGE_REFUSED || message->kind == PR_MESSAGE_FAILED) {
		snprintf(compiled->error, sizeof(compiled->error), "%.*s", (int)message->len,
			 (const char *)message->body);
		return true;
	}
	if (pr_pairs_decode(message->body, message->len, &pairs) < 0)
		return false;
	if (message->kind == PR_MESSAGE_CHANGED && pr_pairs_get(&pairs, "name") &&
	    compiled->edit_fd < 0) {
		snprintf(compiled->edit_name, sizeof(compiled->edit_name), "%s",
			 pr_pairs_get(&pairs, "name"));
		compiled->edit_fd = PR_TAKE_FD(message->fds[0]);
	}
	if (message->kind != PR_MESSAGE_COMPILED)
		return false;
	take_settings(compiled, &pairs);
	take_providers(compiled, &pairs);
	compiled->policy_fd = PR_TAKE_FD(message->fds[0]);
	return true;
}

static void message_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_compile *compile = context;
	struct pr_message message;
	bool over = false;
	int r;

	(void)fd;
	(void)what;
	while (!over && (r = pr_channel_receive(compile->channel, &message)) == 0) {
		over = take(compile, &message);
		pr_message_done(&message);
	}
	if (over)
		finish(compile);
	else if (r < 0)
		refuse(compile, "the compiler ended without an answer");
}

static void deadline_event(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	refuse(context, "the configuration takes too long to compile");
}

/* Run-time rules that hold until the reboot are told apart by it. */
static void read_boot_id(char text[PR_BOOT_ID_SIZE])
{
	PR_CLEANUP(pr_cleanup_fclose) FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file || !fgets(text, PR_BOOT_ID_SIZE, file))
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static int send_start(struct pr_compile *compile, const struct pr_users *users, const char *exited,
		      bool paused)
{
	char uid[16], gid[16], now[24], boot_id[PR_BOOT_ID_SIZE];
	struct pr_pairs pairs = { 0 };
	uint8_t body[PR_COMPILE_EXITED_SIZE + 1024];

	snprintf(uid, sizeof(uid), "%u", users->of[PR_PARTY_COMPILER].uid);
	snprintf(gid, sizeof(gid), "%u", users->of[PR_PARTY_COMPILER].gid);
	snprintf(now, sizeof(now), "%llu", (unsigned long long)(pr_clock_real_us() / 1000000));
	(void)pr_pairs_add(&pairs, "uid", uid);
	(void)pr_pairs_add(&pairs, "gid", gid);
	(void)pr_pairs_add(&pairs, "single", users->single ? "1" : "0");
	(void)pr_pairs_add(&pairs, "now", now);
	read_boot_id(boot_id);
	(void)pr_pairs_add(&pairs, "boot_id", boot_id);
	(void)pr_pairs_add(&pairs, "exited", exited);
	(void)pr_pairs_add(&pairs, "paused", paused ? "1" : "0");
	return send_waiting(compile, PR_MESSAGE_START, body,
			    pr_pairs_encode(&pairs, body, sizeof(body)), -1);
}

static int send_change(struct pr_compile *compile, const struct pr_pairs *change)
{
	static const struct pr_pairs none;
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	size_t len = pr_pairs_encode(change ? change : &none, body, PR_MESSAGE_BODY_MAX);

	return len ? send_waiting(compile, PR_MESSAGE_COMPILE, body, len, -1) : -EMSGSIZE;
}

static int send_all(struct pr_compile *compile, const struct pr_options *options,
		    const struct pr_users *users, const struct pr_pairs *change, const char *exited,
		    bool paused)
{
	char *error = compile->compiled.error, text[PR_FILES_ERROR_SIZE] = "";
	int r = send_start(compile, users, exited, paused);

	if (r == 0)
		r = pr_files_each(options, send_file, compile, text);
	if (r < 0 && text[0])
		snprintf(error, sizeof(compile->compiled.error), "%s", text);
	return r ? r : send_change(compile, change);
}

static void fail_later(struct pr_compile *compile, int r)
{
	const struct timeval now = { 0 };

	if (!compile->compiled.error[0])
		snprintf(compile->compiled.error, sizeof(compile->compiled.error),
			 "the compiler could not be given the configuration: %s", strerror(-r));
	event_del(compile->on_message);
	event_add(compile->on_deadline, &now);
}

static void late_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_compile *compile = context;

	if (compile->compiled.error[0])
		finish(compile);
	else
		deadline_event(fd, what, context);
}

int pr_compile_start(struct event_base *base, int self_fd, const struct pr_options *options,
		     const struct pr_users *users, const struct pr_pairs *change,
		     const char *exited, bool paused,
		     void (*done)(void *context, struct pr_compiled *compiled), void *context,
		     struct pr_compile **ret_compile)
{
	const struct timeval deadline = { .tv_sec = PR_COMPILE_MAX_MS / 1000 };
	struct pr_compile *compile = pr_calloc(1, sizeof(*compile));
	int r;

	compile->compiled.policy_fd = compile->compiled.edit_fd = -1;
	compile->done = done;
	compile->context = context;
	r = pr_spawn(self_fd, PR_PARTY_COMPILER, options->verbose, &compile->process);
	if (r < 0) {
		free(compile);
		return r;
	}
	compile->channel = pr_channel_new_take(compile->process.channel, PR_PARTY_SUPERVISOR,
					       PR_PARTY_COMPILER);
	compile->on_message = event_new(base, compile->process.channel, EV_READ | EV_PERSIST,
					message_event, compile);
	compile->on_deadline = event_new(base, -1, 0, late_event, compile);
	pr_assert(compile->on_message && compile->on_deadline);
	event_add(compile->on_message, NULL);
	event_add(compile->on_deadline, &deadline);
	r = send_all(compile, options, users, change, exited, paused);
	if (r)
		fail_later(compile, r);
	*ret_compile = compile;
	return 0;
}
