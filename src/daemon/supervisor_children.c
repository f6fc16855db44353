/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The children that stay: what each is given at its start, whom each may talk to, and what happens
 * when one dies too often. Channels between two children are made anew when either is restarted.
 */
#include "daemon/supervisor.h"

#include "base/log.h"
#include "ipc/body.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct settings {
	struct pr_pairs pairs;
	char texts[PR_PAIRS_MAX][24];
};

static void add_number(struct settings *settings, const char *key, uint64_t value)
{
	char *text = settings->texts[settings->pairs.n];

	snprintf(text, sizeof(settings->texts[0]), "%llu", (unsigned long long)value);
	pr_assert(pr_pairs_add(&settings->pairs, key, text));
}

static void send_fd(struct pr_child *child, const char *name, int fd)
{
	uint8_t body[64];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	if (fd < 0)
		return;
	pr_write_text(&writer, name);
	pr_child_send(child, PR_MESSAGE_DESCRIPTOR, 0, body, writer.position, fd);
}

/* Rules are in force: ours, or those that an earlier run left. Where nobody knows, they are: nothing has grace by mistake. */
static bool is_guarded(const struct pr_supervisor *supervisor)
{
	bool there = true;

	if (supervisor->installed)
		return true;
	if (pr_nftables_is_there(supervisor->nftables, &there) < 0)
		pr_log(PR_LOG_WARNING, "not-looked", "for=rules-of-an-earlier-run");
	return there;
}

static void add_engine_settings(const struct pr_supervisor *supervisor, struct settings *settings)
{
	const struct pr_ruleset_config *ruleset = &supervisor->ruleset;
	uint32_t intel_serial;

	add_number(settings, "queue_first", ruleset->queue_first);
	add_number(settings, "queues", ruleset->n_queues);
	add_number(settings, "mark_mask", ruleset->mark_mask);
	add_number(settings, "guarded", is_guarded(supervisor));
	add_number(settings, "has_conntrack", supervisor->conntrack != NULL);
	(void)pr_supervisor_intel_set(supervisor, &intel_serial);
	add_number(settings, "intel_serial", intel_serial);
	add_number(settings, "nameserver_port4", supervisor->nameserver_port4);
	add_number(settings, "nameserver_port6", supervisor->nameserver_port6);
	add_number(settings, "tunnel_port4", ruleset->tunnel_port4);
	add_number(settings, "tunnel_port6", ruleset->tunnel_port6);
	add_number(settings, "senders_checked", supervisor->bpf != NULL);
}

static void send_engine_fds(struct pr_supervisor *supervisor, struct pr_child *child)
{
	uint32_t serial;
	char name[32];

	for (unsigned int i = 0; i < supervisor->n_nameserver; i++) {
		snprintf(name, sizeof(name), "nameserver-%u", i);
		send_fd(child, name, supervisor->nameserver[i]);
	}
	if (supervisor->bpf) {
		struct pr_bpf_maps maps = pr_bpf_maps(supervisor->bpf);

		send_fd(child, "bpf-sockets", maps.sockets);
		send_fd(child, "bpf-tuples", maps.tuples);
		send_fd(child, "bpf-foreign", maps.foreign);
	}
	send_fd(child, "claims-arp", supervisor->claims_arp);
	send_fd(child, "claims-ipv6", supervisor->claims_ipv6);
	send_fd(child, "names", supervisor->names_fd);
	send_fd(child, "intel", pr_supervisor_intel_set(supervisor, &serial));
}

static void send_tunnel_fds(struct pr_supervisor *supervisor, struct pr_child *child)
{
	for (unsigned int i = 0; i < PR_SUPERVISOR_TUNNEL_SOCKETS; i++)
		send_fd(child, pr_supervisor_tunnel_socket_name(i), supervisor->tunnel_sockets[i]);
}

static int send_start(struct pr_supervisor *supervisor, struct pr_child *child)
{
	const struct pr_user *user = &supervisor->users.of[child->party];
	struct settings settings = { .pairs = { .n = 0 } };
	uint8_t body[8192]; /* a path and a few numbers */
	size_t len;

	add_number(&settings, "uid", user->uid);
	add_number(&settings, "gid", user->gid);
	add_number(&settings, "single", supervisor->users.single);
	if (child->party == PR_PARTY_ENGINE)
		add_engine_settings(supervisor, &settings);
	if (child->party == PR_PARTY_FRONT)
		add_number(&settings, "group", supervisor->users.admin_gid);
	if (child->party == PR_PARTY_TUNNEL)
		pr_assert(pr_pairs_add(&settings.pairs, "config_dir",
				       supervisor->options.config_dir));
	len = pr_pairs_encode(&settings.pairs, body, sizeof(body));
	return pr_channel_send(child->channel, PR_MESSAGE_START, 0, body, len);
}

/* A new channel between two children that both run. */
static void join(struct pr_child *a, struct pr_child *b)
{
	struct pr_child *const ends[] = { a, b };
	int fds[2];

	if (!a->channel || !b->channel)
		return;
	if (pr_channel_pair(fds) < 0) {
		pr_log(PR_LOG_ERROR, "no-channel", "between=%s and=%s", pr_party_name(a->party),
		       pr_party_name(b->party));
		return;
	}
	for (int i = 0; i < 2; i++) {
		uint8_t body[8];
		struct pr_writer writer = pr_writer(body, sizeof(body));

		pr_write_u32(&writer, ends[!i]->party);
		pr_write_u32(&writer, (uint32_t)ends[!i]->pid);
		pr_child_send(ends[i], PR_MESSAGE_CHANNEL, 0, body, sizeof(body), fds[i]);
	}
	close(fds[0]);
	close(fds[1]);
}

static int prepare(void *context, struct pr_child *child)
{
	struct pr_supervisor *supervisor = context;
	int r;

	if (child->party == PR_PARTY_ENGINE) {
		supervisor->n_scan = 0; /* the former engine's questions */
		send_engine_fds(supervisor, child);
	}
	if (child->party == PR_PARTY_FRONT)
		send_fd(child, "api", supervisor->api_listener);
	if (child->party == PR_PARTY_TUNNEL)
		send_tunnel_fds(supervisor, child);
	r = send_start(supervisor, child);
	if (r)
		return r < 0 ? r : -EAGAIN;
	if (child->party == PR_PARTY_ENGINE)
		pr_supervisor_tunnel_pool_tell(supervisor, true);
	pr_supervisor_policy_send(supervisor, child);
	if (child->party == PR_PARTY_ENGINE)
		pr_supervisor_hosts_tell(supervisor, true);
	if (child->party == PR_PARTY_RESOLVER) {
		pr_supervisor_nameservers_tell(supervisor, true);
		pr_supervisor_providers_tell(supervisor);
	}
	if (child->party == PR_PARTY_TUNNEL)
		pr_supervisor_tunnel_tell(supervisor);
	if (child->party == PR_PARTY_ENGINE) {
		join(child, &supervisor->front);
		join(child, &supervisor->resolver);
		join(child, &supervisor->tunnel);
		return 0;
	}
	join(&supervisor->engine, child);
	if (child->party != PR_PARTY_TUNNEL)
		join(&supervisor->resolver, &supervisor->front);
	return 0;
}

static void ready(void *context, struct pr_child *child)
{
	struct pr_supervisor *supervisor = context;

	if (child->party == PR_PARTY_ENGINE)
		pr_supervisor_table_install(supervisor);
	if (child->party == PR_PARTY_FRONT)
		pr_supervisor_intel_work(supervisor);
	pr_log(PR_LOG_INFO, "child-ready", "child=%s pid=%d", pr_party_name(child->party),
	       (int)child->pid);
}

static void engine_message(struct pr_supervisor *supervisor, struct pr_message *message)
{
	switch (message->kind) {
	case PR_MESSAGE_WHO:
		return pr_supervisor_who_answer(supervisor, message);
	case PR_MESSAGE_RAISE:
		return pr_supervisor_table_raise(supervisor);
	case PR_MESSAGE_FORGET:
		if (supervisor->installed && pr_nftables_forget_denied(supervisor->nftables) < 0)
			pr_log(PR_LOG_ERROR, "not-forgotten", "what=denied-tuples");
		if (supervisor->installed && supervisor->conntrack &&
		    pr_conntrack_forget_denied(supervisor->conntrack,
					       supervisor->ruleset.mark_mask))
			pr_log(PR_LOG_ERROR, "not-forgotten", "what=denied-marks");
		return;
	case PR_MESSAGE_NAMES:
		return pr_supervisor_names_take(supervisor, message);
	case PR_MESSAGE_INTEL_SET_TAKEN:
	case PR_MESSAGE_INTEL_SET_REFUSED:
		return pr_supervisor_intel_answered(supervisor, message);
	case PR_MESSAGE_POLICY_TAKEN:
		pr_supervisor_tunnel_policy_taken(supervisor, message);
		return pr_supervisor_change_answered(supervisor, message);
	case PR_MESSAGE_POLICY_REFUSED:
	case PR_MESSAGE_DONE:
		return pr_supervisor_change_answered(supervisor, message);
	default:
		return;
	}
}

static void take_message(void *context, struct pr_child *child, struct pr_message *message)
{
	struct pr_supervisor *supervisor = context;

	if (child->party == PR_PARTY_ENGINE)
		engine_message(supervisor, message);
	else if (message->kind == PR_MESSAGE_UPSTREAMS_USED)
		pr_supervisor_tunnel_nameservers(supervisor, message);
	else if (message->kind == PR_MESSAGE_CHANGE)
		pr_supervisor_change(supervisor, message);
	else if (message->kind == PR_MESSAGE_STATUS)
		pr_supervisor_status(supervisor, message->ticket);
	else if (message->kind == PR_MESSAGE_QUERY)
		pr_supervisor_intel_query(supervisor, message);
	else if (message->kind == PR_MESSAGE_FETCHED)
		pr_supervisor_intel_fetched(supervisor, message);
}

static void ended(void *context, struct pr_child *child, const char *why)
{
	struct pr_supervisor *supervisor = context;
	char text[512];

	/* Before the rules are in force a child that cannot start is a failure to start. */
	if (!supervisor->installed && child->party == PR_PARTY_ENGINE)
		return pr_supervisor_give_up(supervisor, 1, "%s", why);
	if (child->party == PR_PARTY_FRONT)
		pr_supervisor_intel_front_gone(supervisor);
	snprintf(text, sizeof(text), "the %s ended (%s) and is started again",
		 pr_party_name(child->party), why);
	if (child->party != PR_PARTY_ENGINE)
		pr_child_send(&supervisor->engine, PR_MESSAGE_NOTICE, 0, text, strlen(text), -1);
}

/* Front and the tunnel decide nothing: that one dies is no reason to let everything pass, or who can kill it, by a request
 * or as a server's answer, could switch the firewall off. */
static void failing(void *context, struct pr_child *child)
{
	struct pr_supervisor *supervisor = context;
	bool opens = supervisor->failure_open && child->party != PR_PARTY_FRONT &&
		     child->party != PR_PARTY_TUNNEL;

	snprintf(supervisor->failing, sizeof(supervisor->failing),
		 "the %s died %d times within %d s: %s", pr_party_name(child->party),
		 PR_CHILD_DEATHS_MAX, PR_CHILD_DEATHS_WINDOW_S,
		 opens				   ? "the rules are removed, everything passes"
		 : child->party == PR_PARTY_ENGINE ? "nothing new passes"
						   : "it is started more slowly");
	fprintf(stderr, "portreeved: %s\n", supervisor->failing);
	if (opens)
		pr_supervisor_give_up(supervisor, 1,
				      "failure policy open: this machine is unguarded");
}

int pr_supervisor_children_start(struct pr_supervisor *supervisor)
{
	const struct pr_child_ports ports = { .context = supervisor,
					      .prepare = prepare,
					      .ready = ready,
					      .message = take_message,
					      .ended = ended,
					      .failing = failing };
	struct pr_child *const children[] = { &supervisor->resolver, &supervisor->front,
					      &supervisor->engine };
	static const enum pr_party parties[] = { PR_PARTY_RESOLVER, PR_PARTY_FRONT,
						 PR_PARTY_ENGINE };
	int r = 0;

	for (size_t i = 0; i < PR_ARRAY_SIZE(children); i++)
		pr_child_init(children[i], parties[i], supervisor->self_fd,
			      supervisor->options.verbose, supervisor->base, &ports);
	pr_child_init(&supervisor->tunnel, PR_PARTY_TUNNEL, supervisor->self_fd,
		      supervisor->options.verbose, supervisor->base, &ports);
	for (size_t i = 0; i < PR_ARRAY_SIZE(children) && r == 0; i++)
		r = pr_child_start(children[i]);
	return r == 0 ? pr_supervisor_tunnel_start(supervisor) : r;
}

void pr_supervisor_children_stop(struct pr_supervisor *supervisor)
{
	pr_child_done(&supervisor->front);
	pr_child_done(&supervisor->resolver);
	pr_child_done(&supervisor->engine);
	pr_child_done(&supervisor->tunnel);
}
