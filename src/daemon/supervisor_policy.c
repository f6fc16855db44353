/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The policy: what the compiler made of a change is written to the state directory and put in force in the
 * engine. It is compiled anew when the first run-time rule expires.
 */
#include "daemon/supervisor_change.h"

#include "base/clock.h"
#include "daemon/files.h"
#include "daemon/tunnel_ca.h"
#include "ipc/body.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXPIRY_LOOK_S 3600 /* a rule that expires later is looked at again by then: clocks change */

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

static bool has_line(const char *text, const char *line, size_t len)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strcspn(text, "\n") == len && memcmp(text, line, len) == 0)
			return true;
	return false;
}

/* Whoever changes something is told what is wrong by that; who has the configuration read anew, of everything. */
static void take_warnings(struct pr_supervisor *supervisor, const char *warnings)
{
	const struct pr_change *change = supervisor->changes;
	bool all = !change->info || strcmp(change->info->verb, "reload") == 0;
	size_t used = 0, len;
	const char *line;

	supervisor->new_warnings[0] = '\0';
	for (line = warnings; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		if (all || !has_line(supervisor->warnings, line, len))
			used += (size_t)snprintf(supervisor->new_warnings + used,
						 sizeof(supervisor->new_warnings) - used, "%s%.*s",
						 used ? "\n" : "", (int)len, line);
	}
	snprintf(supervisor->warnings, sizeof(supervisor->warnings), "%s", warnings);
}

/* What can only be set at the start. */
static void adopt_settings(struct pr_supervisor *supervisor, const struct pr_compiled *compiled)
{
	struct pr_ruleset_config *ruleset = &supervisor->ruleset;
	bool first = supervisor->changes->first;
	bool late = !first && (compiled->mark_mask != ruleset->mark_mask ||
			       compiled->n_workers != supervisor->n_workers);
	PR_CLEANUP(pr_cleanup_free) char *warnings = NULL, *ca = NULL;

	ca = pr_tunnel_ca_warnings(compiled->tunnels, compiled->tunnel_places, compiled->n_tunnels,
				   &supervisor->users.of[PR_PARTY_TUNNEL],
				   supervisor->options.config_dir);
	warnings = pr_asprintf(
		"%s%s%s%s%s",
		late ? "mark_mask and workers take effect when portreeved is restarted" : "",
		late && (*ca || compiled->warnings[0]) ? "\n" : "", ca,
		*ca && compiled->warnings[0] ? "\n" : "", compiled->warnings);
	take_warnings(supervisor, warnings);
	snprintf(supervisor->upstreams, sizeof(supervisor->upstreams), "%s", compiled->upstreams);
	supervisor->may_deny_infrastructure = compiled->may_deny_infrastructure;
	supervisor->wants_package = compiled->wants_package;
	pr_supervisor_who_policy(supervisor);
	if (!first)
		pr_supervisor_nameservers_tell(supervisor, false);
	pr_supervisor_providers_take(supervisor, &supervisor->changes->compiled);
	pr_supervisor_tunnel_take(supervisor, &supervisor->changes->compiled);
	if (!first)
		return;
	ruleset->mark_mask = compiled->mark_mask;
	supervisor->n_workers = compiled->n_workers;
	if (supervisor->options.failure == PR_FAILURE_AS_CONFIGURED)
		supervisor->failure_open = compiled->failure_open;
}

void pr_change_expiry_event(evutil_socket_t fd, short what, void *context)
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

void pr_change_put(struct pr_supervisor *supervisor, int policy_fd)
{
	if (supervisor->policy_fd >= 0)
		close(supervisor->policy_fd);
	supervisor->policy_fd = policy_fd;
	supervisor->policy_serial++;
	/* What is denied must come to the engine when it denies it; what isn't, once it no longer does. */
	if (supervisor->may_deny_infrastructure)
		pr_supervisor_table_infrastructure(supervisor, false);
	pr_supervisor_policy_send(supervisor, &supervisor->engine);
	pr_supervisor_policy_send(supervisor, &supervisor->front);
	pr_change_wait(supervisor);
}

static void put_in_force(struct pr_supervisor *supervisor)
{
	struct pr_change *change = supervisor->changes;
	struct pr_compiled *compiled = &change->compiled;

	pr_change_note_pause(supervisor, change);
	adopt_settings(supervisor, compiled);
	arm_expiry(supervisor, compiled->next_expiry_s);
	if (change->first) {
		struct pr_subscriptions subscriptions = compiled->subscriptions;

		supervisor->policy_fd = PR_TAKE_FD(compiled->policy_fd);
		supervisor->policy_serial++;
		compiled->subscriptions = (struct pr_subscriptions){ 0 };
		pr_change_pop(supervisor);
		pr_supervisor_intel_begin(supervisor, &subscriptions);
		pr_subscriptions_done(&subscriptions);
		return;
	}
	pr_change_put(supervisor, PR_TAKE_FD(compiled->policy_fd));
	pr_supervisor_intel_configure(supervisor, &compiled->subscriptions);
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
		return pr_change_finish(supervisor, "the file is too long to be shown", "500");
	pr_child_send(&supervisor->front, PR_MESSAGE_RESULT, supervisor->changes->ticket, body,
		      pr_pairs_encode(&pairs, body, PR_MESSAGE_BODY_MAX), -1);
	pr_change_pop(supervisor);
}

void pr_change_compiled(void *context, struct pr_compiled *compiled)
{
	struct pr_supervisor *supervisor = context;
	struct pr_change *change = supervisor->changes;
	int r = 0;

	supervisor->compile = NULL;
	change->compiled = *compiled;
	compiled->policy_fd = compiled->edit_fd = -1;
	compiled->n_providers = compiled->n_tunnels = 0; /* they went along */
	memset(compiled->tunnel_places, 0, sizeof(compiled->tunnel_places));
	compiled->subscriptions = (struct pr_subscriptions){ 0 };
	compiled = &change->compiled;
	if (compiled->error[0] && change->first)
		return pr_supervisor_give_up(supervisor, 2, "%s", compiled->error);
	if (compiled->error[0] && pr_change_end_without_files(supervisor, compiled->error))
		return;
	if (compiled->error[0])
		return pr_change_finish(supervisor, compiled->error, "400");
	if (!pr_supervisor_exits_watch(supervisor, compiled->processes)) {
		pr_compiled_done(compiled);
		return pr_change_work(supervisor);
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
		return pr_change_finish(supervisor, text, "500");
	}
	put_in_force(supervisor);
}
