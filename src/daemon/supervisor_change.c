/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes, one after the other: authorised by the client's own socket, compiled by a process of their own
 * (or handed to the engine as an order), written to the state directory, put in force, answered. A change
 * is answered only when it is in force.
 */
#include "daemon/supervisor.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/authority.h"
#include "daemon/files.h"
#include "ipc/body.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHANGES_MAX   64   /* waiting; more are refused */
#define EXPIRY_LOOK_S 3600 /* a rule that expires later is looked at again by then: clocks change */
#define ANSWER_MAX_MS 5000 /* the engine's answer; then the client hears that it is on its way */

struct pr_change {
	struct pr_change *next;
	uint64_t ticket; /* front's; 0 = our own (start, SIGHUP) */
	uint8_t *body;
	struct pr_pairs pairs;
	const struct pr_change_info *info;
	struct pr_compiled compiled;
	bool first, sent; /* first: the daemon's start */
	char said[600];	  /* to the client, when it is in force; "" = that */
};

static void work(struct pr_supervisor *supervisor);

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
	if (supervisor->warnings[0] && !status)
		(void)pr_pairs_add(&pairs, "warnings", supervisor->warnings);
	pr_child_send(&supervisor->front, PR_MESSAGE_RESULT, ticket, body,
		      pr_pairs_encode(&pairs, body, sizeof(body)), -1);
}

static void change_free(struct pr_change *change)
{
	pr_compiled_done(&change->compiled);
	free(change->body);
	free(change);
}

/* The first of the queue is done. */
static void pop(struct pr_supervisor *supervisor)
{
	struct pr_change *change = supervisor->changes;

	supervisor->changes = change->next;
	if (!supervisor->changes)
		supervisor->last_change = NULL;
	supervisor->n_changes--;
	event_del(supervisor->on_change_late);
	change_free(change);
	work(supervisor);
}

static void finish(struct pr_supervisor *supervisor, const char *error, const char *status)
{
	struct pr_change *change = supervisor->changes;
	char quoted[1024];

	if (error)
		reply(supervisor, change->ticket, "error", error, status);
	else
		reply(supervisor, change->ticket, "ok", change->said[0] ? change->said : "in force",
		      NULL);
	if (error && !change->ticket)
		fprintf(stderr,
			"portreeved: the configuration is refused, the old one stays in force: "
			"%s\n",
			error);
	pr_log(PR_LOG_INFO, "change", "verb=%s result=%s",
	       change->info ? change->info->verb : "start",
	       error ? pr_log_quote(error, quoted, sizeof(quoted)) : "ok");
	pop(supervisor);
}

static void send_policy(struct pr_supervisor *supervisor, struct pr_child *child,
			enum pr_message_kind kind)
{
	uint8_t body[4];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	pr_write_u32(&writer, supervisor->policy_serial);
	pr_child_send(child, kind, 0, body, sizeof(body), supervisor->policy_fd);
}

void pr_supervisor_policy_send(struct pr_supervisor *supervisor, struct pr_child *child)
{
	if (supervisor->policy_fd < 0)
		return;
	if (child->party == PR_PARTY_ENGINE)
		send_policy(supervisor, child, PR_MESSAGE_POLICY);
	else if (child->party == PR_PARTY_FRONT)
		send_policy(supervisor, child, PR_MESSAGE_POLICY_SHOWN);
}

static void late_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_supervisor *supervisor = context;

	(void)fd;
	(void)what;
	if (!supervisor->changes)
		return;
	finish(supervisor,
	       supervisor->changes->info->compiles
		       ? "the engine has not answered yet; the change is saved and comes in force "
			 "when it does"
		       : "the engine does not answer; it is being restarted",
	       "504");
}

static void wait_for_engine(struct pr_supervisor *supervisor)
{
	const struct timeval most = { .tv_sec = ANSWER_MAX_MS / 1000 };

	supervisor->changes->sent = true;
	event_add(supervisor->on_change_late, &most);
}

/* What can only be set at the start. */
static void adopt_settings(struct pr_supervisor *supervisor, const struct pr_compiled *compiled)
{
	struct pr_ruleset_config *ruleset = &supervisor->ruleset;

	snprintf(supervisor->warnings, sizeof(supervisor->warnings), "%s", compiled->warnings);
	snprintf(supervisor->upstreams, sizeof(supervisor->upstreams), "%s", compiled->upstreams);
	supervisor->may_deny_infrastructure = compiled->may_deny_infrastructure;
	supervisor->wants_package = compiled->wants_package;
	pr_supervisor_who_policy(supervisor);
	if (!supervisor->changes->first)
		pr_supervisor_upstreams_tell(supervisor, false);
	if (!supervisor->changes->first) {
		if (compiled->mark_mask != ruleset->mark_mask ||
		    compiled->n_workers != supervisor->n_workers)
			snprintf(supervisor->warnings, sizeof(supervisor->warnings),
				 "mark_mask and workers take effect when portreeved is restarted");
		return;
	}
	ruleset->mark_mask = compiled->mark_mask;
	supervisor->n_workers = compiled->n_workers;
	if (supervisor->options.failure == PR_FAILURE_AS_CONFIGURED)
		supervisor->failure_open = compiled->failure_open;
}

static void expiry_event(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	pr_supervisor_reload(context);
}

/* Compiles anew when the first run-time rule expires; a second late, so that it has. */
static void arm_expiry(struct pr_supervisor *supervisor, uint64_t next_s)
{
	uint64_t now_s = pr_clock_real_us() / 1000000;
	struct timeval in = { .tv_sec = 1 };

	event_del(supervisor->on_expiry);
	if (!next_s)
		return;
	if (next_s > now_s)
		in.tv_sec +=
			next_s - now_s < EXPIRY_LOOK_S ? (time_t)(next_s - now_s) : EXPIRY_LOOK_S;
	event_add(supervisor->on_expiry, &in);
}

/* ---- a pause ---- */

static bool is_verb(const struct pr_change *change, const char *verb)
{
	return change->info && strcmp(change->info->verb, verb) == 0;
}

/* As it will be when this change is in force. */
static bool is_paused(const struct pr_supervisor *supervisor, const struct pr_change *change)
{
	if (is_verb(change, "pause") || is_verb(change, "resume"))
		return is_verb(change, "pause");
	return supervisor->paused_until_us > pr_clock_monotonic_us();
}

static void resume_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_supervisor *supervisor = context;

	(void)fd;
	(void)what;
	supervisor->paused_until_us = 0;
	pr_supervisor_reload(supervisor);
}

/* It is in force, or over. */
static void note_pause(struct pr_supervisor *supervisor, struct pr_change *change)
{
	uint64_t seconds = pr_pairs_number(&change->pairs, "for", PR_SUPERVISOR_PAUSE_S);
	struct timeval in = { 0 };

	if (is_verb(change, "resume")) {
		supervisor->paused_until_us = 0;
		event_del(supervisor->on_resume);
	}
	if (!is_verb(change, "pause"))
		return;
	if (seconds > PR_SUPERVISOR_PAUSE_MAX_S)
		seconds = PR_SUPERVISOR_PAUSE_MAX_S;
	in.tv_sec = (time_t)seconds;
	supervisor->paused_until_us = pr_clock_monotonic_us() + seconds * 1000000;
	event_add(supervisor->on_resume, &in);
	snprintf(change->said, sizeof(change->said),
		 "everything is permitted for %llu seconds; `resume` ends that now",
		 (unsigned long long)seconds);
}

static void put_in_force(struct pr_supervisor *supervisor)
{
	struct pr_change *change = supervisor->changes;
	struct pr_compiled *compiled = &change->compiled;

	adopt_settings(supervisor, compiled);
	note_pause(supervisor, change);
	arm_expiry(supervisor, compiled->next_expiry_s);
	if (supervisor->policy_fd >= 0)
		close(supervisor->policy_fd);
	supervisor->policy_fd = PR_TAKE_FD(compiled->policy_fd);
	supervisor->policy_serial++;
	if (change->first) {
		pop(supervisor);
		pr_supervisor_begin(supervisor);
		return;
	}
	/* What is denied must come to the engine when it denies it; what isn't, once it no longer does. */
	if (supervisor->may_deny_infrastructure)
		pr_supervisor_table_infrastructure(supervisor, false);
	pr_supervisor_policy_send(supervisor, &supervisor->engine);
	pr_supervisor_policy_send(supervisor, &supervisor->front);
	wait_for_engine(supervisor);
}

/* A file's text, which the compiler found; nothing changes. */
static void show(struct pr_supervisor *supervisor, const struct pr_compiled *compiled)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	PR_CLEANUP(pr_cleanup_free) char *text = NULL;
	struct pr_pairs pairs = { 0 };
	size_t len;

	if (compiled->edit_fd < 0 ||
	    pr_files_read(compiled->edit_fd, PR_PAIR_VALUE_MAX - 1, &text, &len) < 0 ||
	    !pr_pairs_add(&pairs, "file", compiled->edit_name) ||
	    !pr_pairs_add(&pairs, "text", text))
		return finish(supervisor, "the file is too long to be shown", "500");
	pr_child_send(&supervisor->front, PR_MESSAGE_RESULT, supervisor->changes->ticket, body,
		      pr_pairs_encode(&pairs, body, PR_MESSAGE_BODY_MAX), -1);
	pop(supervisor);
}

static void compiled(void *context, struct pr_compiled *compiled)
{
	struct pr_supervisor *supervisor = context;
	struct pr_change *change = supervisor->changes;
	int r = 0;

	supervisor->compile = NULL;
	change->compiled = *compiled;
	compiled->policy_fd = compiled->edit_fd = -1;
	compiled = &change->compiled;
	if (compiled->error[0] && change->first)
		return pr_supervisor_give_up(supervisor, 2, "%s", compiled->error);
	if (compiled->error[0])
		return finish(supervisor, compiled->error, "400");
	if (!pr_supervisor_exits_watch(supervisor, compiled->processes)) {
		pr_compiled_done(compiled);
		return work(supervisor);
	}
	if (change->info && strcmp(change->info->verb, "profile-text") == 0)
		return show(supervisor, compiled);
	if (compiled->edit_fd >= 0)
		r = pr_files_replace(supervisor->options.state_dir, compiled->edit_name,
				     compiled->edit_fd);
	if (r < 0) {
		char text[512];

		snprintf(text, sizeof(text), "%s/%.255s cannot be written: %s",
			 supervisor->options.state_dir, compiled->edit_name, strerror(-r));
		return finish(supervisor, text, "500");
	}
	put_in_force(supervisor);
}

static void order(struct pr_supervisor *supervisor, const struct pr_change *change)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	size_t len = pr_pairs_encode(&change->pairs, body, PR_MESSAGE_BODY_MAX);

	pr_child_send(&supervisor->engine, PR_MESSAGE_ORDER, change->ticket, body, len, -1);
	wait_for_engine(supervisor);
}

static void flush(struct pr_supervisor *supervisor)
{
	if (pr_supervisor_upstreams_flush(supervisor))
		finish(supervisor, NULL, NULL);
	else
		finish(supervisor,
		       "the resolver does not run; it is being restarted, and then its "
		       "cache is empty",
		       "503");
}

/* Begins with the first of the queue. */
static void work(struct pr_supervisor *supervisor)
{
	struct pr_change *change = supervisor->changes;
	int r;

	if (!change || supervisor->compile || supervisor->stopping)
		return;
	if (change->info && strcmp(change->info->verb, "dns-flush") == 0)
		return flush(supervisor);
	if (change->info && !change->info->compiles)
		return order(supervisor, change);
	r = pr_compile_start(supervisor->base, supervisor->self_fd, &supervisor->options,
			     &supervisor->users, &change->pairs, supervisor->exited,
			     is_paused(supervisor, change), compiled, supervisor,
			     &supervisor->compile);
	if (r < 0 && change->first)
		pr_supervisor_give_up(supervisor, 1, "the compiler cannot be started: %s",
				      strerror(-r));
	else if (r < 0)
		finish(supervisor, "the compiler cannot be started", "500");
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
	supervisor->on_expiry = event_new(supervisor->base, -1, 0, expiry_event, supervisor);
	supervisor->on_resume = event_new(supervisor->base, -1, 0, resume_event, supervisor);
	pr_assert(supervisor->on_change_late && supervisor->on_expiry && supervisor->on_resume);
	pr_supervisor_exits_open(supervisor);
	push(supervisor)->first = true;
	work(supervisor);
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
		work(supervisor);
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
	change = push(supervisor);
	change->ticket = message->ticket;
	change->body = body;
	change->pairs = pairs;
	change->info = info;
	if (supervisor->changes == change)
		work(supervisor);
}

/* An answer that a rule says: it goes on as that rule's change. Who answered may also add the rule: it concerns
 * nothing but what was asked. */
static bool becomes_rule(struct pr_change *change, const struct pr_message *message)
{
	const char *seconds = pr_pairs_get(&change->pairs, "for");
	struct pr_pairs said, pairs = { 0 };
	uint8_t *body;
	size_t len;

	if (pr_pairs_decode(message->body, message->len, &said) < 0 || !pr_pairs_get(&said, "rule"))
		return false;
	(void)pr_pairs_add(&pairs, "verb", "rule-add");
	for (unsigned int i = 0; i < said.n; i++)
		(void)pr_pairs_add(&pairs, said.pairs[i].key, said.pairs[i].value);
	if (seconds)
		(void)pr_pairs_add(&pairs, "for", seconds);
	body = pr_calloc(1, PR_MESSAGE_BODY_MAX);
	len = pr_pairs_encode(&pairs, body, PR_MESSAGE_BODY_MAX);
	snprintf(change->said, sizeof(change->said), "in force, as a rule of %.255s: %.300s",
		 pr_pairs_get(&said, "app"), pr_pairs_get(&said, "rule"));
	free(change->body);
	change->body = body;
	change->sent = false;
	change->info = pr_change_info("rule-add");
	pr_assert(pr_pairs_decode(body, len, &change->pairs) == 0);
	return true;
}

void pr_supervisor_change_answered(struct pr_supervisor *supervisor,
				   const struct pr_message *message)
{
	struct pr_change *change = supervisor->changes;
	struct pr_reader reader = pr_reader(message->body, message->len);
	char text[4096];

	if (!change || !change->sent)
		return;
	if (message->kind == PR_MESSAGE_DONE) {
		if (message->ticket != change->ticket || change->info->compiles)
			return;
		if (strcmp(change->info->verb, "answer") == 0 && becomes_rule(change, message)) {
			event_del(supervisor->on_change_late);
			return work(supervisor);
		}
		/* The engine's own words, as they are. */
		pr_child_send(&supervisor->front, PR_MESSAGE_RESULT, change->ticket, message->body,
			      message->len, -1);
		pop(supervisor);
		return;
	}
	if (!change->info->compiles || pr_read_u32(&reader) != supervisor->policy_serial)
		return;
	if (message->kind == PR_MESSAGE_POLICY_TAKEN) {
		pr_supervisor_table_infrastructure(supervisor,
						   !supervisor->may_deny_infrastructure);
		return finish(supervisor, NULL, NULL);
	}
	snprintf(text, sizeof(text), "the engine refuses the policy: %.*s",
		 (int)pr_reader_left(&reader), (const char *)message->body + 4);
	finish(supervisor, text, "500");
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
}
