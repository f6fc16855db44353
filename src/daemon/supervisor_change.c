/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes, one after the other: authorised by the client's own socket, compiled by a process of their own
 * (or handed to the engine as an order), written to the state directory, put in force, answered. A change
 * is answered only when it is in force. Here: who may, the queue, what the client is told.
 */
#include "daemon/supervisor_change.h"

#include "base/clock.h"
#include "base/log.h"
#include "ipc/body.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHANGES_MAX   64   /* waiting; more are refused */
#define ANSWER_MAX_MS 5000 /* the engine's answer; then the client hears that it is on its way */

static void reply(struct pr_supervisor *supervisor, uint64_t ticket, const char *key,
		  const char *text, const char *status)
{
	struct pr_pairs pairs = { 0 };
	uint8_t body[8192];

	if (!ticket)
		return;
	(void)pr_pairs_add(&pairs, key, text);
	if (status)
		(void)pr_pairs_add(&pairs, "status", status);
	if (supervisor->new_warnings[0] && !status)
		(void)pr_pairs_add(&pairs, "warnings", supervisor->new_warnings);
	pr_child_send(&supervisor->front, PR_MESSAGE_RESULT, ticket, body,
		      pr_pairs_encode(&pairs, body, sizeof(body)), -1);
}

static void change_free(struct pr_change *change)
{
	pr_compiled_done(&change->compiled);
	free(change->body);
	free(change);
}

void pr_change_pop(struct pr_supervisor *supervisor)
{
	struct pr_change *change = supervisor->changes;

	supervisor->changes = change->next;
	if (!supervisor->changes)
		supervisor->last_change = NULL;
	supervisor->n_changes--;
	event_del(supervisor->on_change_late);
	change_free(change);
	pr_change_work(supervisor);
}

void pr_change_note_refused(struct pr_supervisor *supervisor, const char *error)
{
	if (!supervisor->refused[0])
		supervisor->refused_real_us = pr_clock_real_us();
	snprintf(supervisor->refused, sizeof(supervisor->refused), "%s", error);
}

/* Whoever compiles, compiles all of the files: where that is in force, nothing is older than they are. What is wrong may
 * also be what a change asked for; so only of a change that asks for nothing else it is theirs. */
static void note_files(struct pr_supervisor *supervisor, const char *error, const char *status)
{
	const struct pr_change *change = supervisor->changes;

	if ((change->info && !change->info->compiles) || change->without_files)
		return;
	if (!error) {
		supervisor->refused[0] = '\0';
	} else if ((!change->info || strcmp(change->info->verb, "reload") == 0) &&
		   strcmp(status, "504") != 0) {
		pr_change_note_refused(supervisor, error);
	}
}

void pr_change_finish(struct pr_supervisor *supervisor, const char *error, const char *status)
{
	struct pr_change *change = supervisor->changes;
	char quoted[1024];

	note_files(supervisor, error, status);
	if (error)
		reply(supervisor, change->ticket, "error", error, status);
	else
		reply(supervisor, change->ticket, "ok", change->said[0] ? change->said : "in force",
		      NULL);
	supervisor->new_warnings[0] = '\0';
	if (error && !change->ticket)
		fprintf(stderr,
			"portreeved: the configuration is refused, the old one stays in force: "
			"%s\n",
			error);
	pr_log(PR_LOG_INFO, "change", "verb=%s result=%s",
	       change->info ? change->info->verb : "start",
	       error ? pr_log_quote(error, quoted, sizeof(quoted)) : "ok");
	pr_change_pop(supervisor);
}

static void late_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_supervisor *supervisor = context;

	(void)fd;
	(void)what;
	if (!supervisor->changes)
		return;
	pr_change_finish(
		supervisor,
		supervisor->changes->info->compiles
			? "the engine has not answered yet; the change is saved and comes in force "
			  "when it does"
			: "the engine does not answer; it is being restarted",
		"504");
}

void pr_change_wait(struct pr_supervisor *supervisor)
{
	const struct timeval most = { .tv_sec = ANSWER_MAX_MS / 1000 };

	supervisor->changes->sent = true;
	event_add(supervisor->on_change_late, &most);
}

static void order(struct pr_supervisor *supervisor, const struct pr_change *change)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	size_t len = pr_pairs_encode(&change->pairs, body, PR_MESSAGE_BODY_MAX);

	pr_child_send(&supervisor->engine, PR_MESSAGE_ORDER, change->ticket, body, len, -1);
	pr_change_wait(supervisor);
}

static int start_compile(struct pr_supervisor *supervisor, const struct pr_change *change)
{
	const struct pr_compile_input input = {
		.base = supervisor->base,
		.self_fd = supervisor->self_fd,
		.options = &supervisor->options,
		.users = &supervisor->users,
		.change = &change->pairs,
		.exited = supervisor->exited,
		.paused = pr_change_is_paused(supervisor, change),
	};

	supervisor->compiles_paused = input.paused;
	return pr_compile_start(&input, pr_change_compiled, supervisor, &supervisor->compile);
}

void pr_change_work(struct pr_supervisor *supervisor)
{
	struct pr_change *change = supervisor->changes;
	int r;

	if (!change || supervisor->compile || supervisor->stopping)
		return;
	if (change->info && strcmp(change->info->verb, "dns-flush") == 0)
		pr_supervisor_nameservers_flush(supervisor);
	if (change->info && !change->info->compiles)
		return order(supervisor, change);
	r = start_compile(supervisor, change);
	if (r < 0 && change->first)
		pr_supervisor_give_up(supervisor, 1, "the compiler cannot be started: %s",
				      strerror(-r));
	else if (r < 0)
		pr_change_finish(supervisor, "the compiler cannot be started", "500");
}

static struct pr_change *push(struct pr_supervisor *supervisor)
{
	struct pr_change *change = pr_calloc(1, sizeof(*change));

	change->compiled.policy_fd = change->compiled.edit_fd = -1;
	if (supervisor->last_change)
		supervisor->last_change->next = change;
	else
		supervisor->changes = change;
	supervisor->last_change = change;
	supervisor->n_changes++;
	return change;
}

int pr_supervisor_first_policy(struct pr_supervisor *supervisor)
{
	supervisor->on_change_late = event_new(supervisor->base, -1, 0, late_event, supervisor);
	supervisor->on_expiry =
		event_new(supervisor->base, -1, 0, pr_change_expiry_event, supervisor);
	supervisor->on_resume =
		event_new(supervisor->base, -1, 0, pr_change_resume_event, supervisor);
	pr_assert(supervisor->on_change_late && supervisor->on_expiry && supervisor->on_resume);
	pr_supervisor_exits_open(supervisor);
	push(supervisor)->first = true;
	pr_change_work(supervisor);
	return 0;
}

void pr_supervisor_reload(struct pr_supervisor *supervisor)
{
	struct pr_change *change;

	/* One that waits already will read the files as they are then. */
	if (supervisor->n_changes > 1 && !supervisor->last_change->ticket)
		return;
	change = push(supervisor);
	change->info = pr_change_info("reload");
	if (supervisor->changes == change)
		pr_change_work(supervisor);
}

/* Everything but the number: it decides where the answer goes. */
static const char *refusal(struct pr_supervisor *supervisor, const struct pr_pairs *pairs,
			   int client, const struct pr_change_info **ret_info,
			   const char **ret_status)
{
	const char *verb = pr_pairs_get(pairs, "verb"), *why;
	const struct pr_change_info *info = verb ? pr_change_info(verb) : NULL;
	struct pr_peer peer;

	*ret_status = "400";
	if (!info)
		return "there is no such change";
	*ret_status = "403";
	if (pr_peer_read(client, &peer) < 0)
		return "who asks cannot be told";
	why = pr_authority_refuses(info, pairs, &peer, geteuid(), supervisor->users.admin_gid);
	if (why)
		return why;
	*ret_status = "503";
	if (supervisor->n_changes >= CHANGES_MAX)
		return "too many changes wait";
	*ret_info = info;
	return NULL;
}

void pr_supervisor_change(struct pr_supervisor *supervisor, struct pr_message *message)
{
	uint8_t *body = pr_calloc(1, message->len);
	const struct pr_change_info *info;
	const char *why, *status = "400";
	struct pr_change *change;
	struct pr_pairs pairs;

	memcpy(body, message->body, message->len);
	if (pr_pairs_decode(body, message->len, &pairs) < 0)
		why = "the change cannot be read";
	else
		why = refusal(supervisor, &pairs, message->fds[0], &info, &status);
	if (why) {
		reply(supervisor, message->ticket, "error", why, status);
		free(body);
		return;
	}
	/* That takes as long as servers take: it keeps no other change waiting. */
	if (strcmp(info->verb, "intel-update") == 0) {
		pr_supervisor_intel_update(supervisor, message->ticket, &pairs);
		free(body);
		return;
	}
	change = push(supervisor);
	change->ticket = message->ticket;
	change->body = body;
	change->pairs = pairs;
	change->info = info;
	if (supervisor->changes == change)
		pr_change_work(supervisor);
}

void pr_supervisor_changes_free(struct pr_supervisor *supervisor)
{
	pr_compile_cancel(PR_TAKE_PTR(supervisor->compile));
	pr_supervisor_exits_close(supervisor);
	while (supervisor->changes) {
		struct pr_change *change = supervisor->changes;

		supervisor->changes = change->next;
		change_free(change);
	}
	if (supervisor->on_change_late)
		event_free(PR_TAKE_PTR(supervisor->on_change_late));
	if (supervisor->on_resume)
		event_free(PR_TAKE_PTR(supervisor->on_resume));
	if (supervisor->on_expiry)
		event_free(PR_TAKE_PTR(supervisor->on_expiry));
	if (supervisor->policy_fd >= 0)
		close(PR_TAKE_FD(supervisor->policy_fd));
	if (supervisor->unpaused_fd >= 0)
		close(PR_TAKE_FD(supervisor->unpaused_fd));
}
