/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the other processes say to the engine, and the channels to them. */
#include "daemon/engine_process.h"

#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRONT_SIZE    (64u << 20) /* bytes that front does not take: tables' rows; beyond: cut off */
#define RESOLVER_SIZE (1u << 20)
#define SEALS	      (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* ---- the policy ---- */

static void refuse_policy(struct pr_engine_process *process, uint32_t serial, const char *why)
{
	uint8_t body[256];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	pr_write_u32(&writer, serial);
	pr_write_bytes(&writer, why, strlen(why));
	(void)pr_outbox_send(process->to_supervisor, PR_MESSAGE_POLICY_REFUSED, 0, body,
			     writer.position);
}

/* 0 or -errno: only memory that nobody can change any more is mapped. */
static int map_policy(int fd, void **ret_bytes, size_t *ret_len)
{
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);
	void *bytes;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return -EPERM;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_size <= 0)
		return -EBADMSG;
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	*ret_bytes = bytes;
	*ret_len = (size_t)status.st_size;
	return 0;
}

static void take_policy(struct pr_engine_process *process, const struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);
	uint32_t serial = pr_read_u32(&reader);
	struct pr_policy *policy;
	void *bytes;
	size_t len;
	int r = map_policy(message->fds[0], &bytes, &len);

	if (r < 0)
		return refuse_policy(process, serial, strerror(-r));
	r = pr_policy_open(bytes, len, &policy);
	if (r < 0) {
		munmap(bytes, len);
		return refuse_policy(process, serial, "it is not a policy of this version");
	}
	pr_engine_tunnel_upstreams_policy(policy);
	pr_engine_policy_set_take(process->engine, policy, pr_clock_monotonic_us());
	if (process->policy_bytes)
		munmap(process->policy_bytes, process->policy_len);
	process->policy_bytes = bytes;
	process->policy_len = len;
	pr_engine_process_after(process);
	(void)pr_outbox_send(process->to_supervisor, PR_MESSAGE_POLICY_TAKEN, 0, message->body, 4);
}

/* ---- the resolver and front ---- */

static void take_intel(struct pr_engine_process *process, const struct pr_message *message)
{
	struct pr_intel_answer answer;

	if (pr_intel_answer_decode(message->body, message->len, &answer) == 0)
		pr_engine_intel_answer(process->engine, message->ticket, &answer,
				       pr_clock_monotonic_us());
}

static void resolver_message(void *context, struct pr_message *message)
{
	struct pr_engine_process *process = context;

	switch (message->kind) {
	case PR_MESSAGE_ANSWER:
		pr_engine_answer(process->engine, message->ticket,
				 message->len ? message->body : NULL, message->len,
				 pr_clock_monotonic_us());
		break;
	case PR_MESSAGE_RENEWED:
		pr_engine_upstreams_public(process->engine, message->body[0] != 0);
		pr_engine_answers_forget(process->engine, pr_clock_monotonic_us());
		return;
	case PR_MESSAGE_INTEL_ANSWER:
		take_intel(process, message);
		break;
	case PR_MESSAGE_RESOLVER_STATE:
		memcpy(process->resolver_state, message->body, message->len);
		process->resolver_state_len = message->len;
		return;
	case PR_MESSAGE_PROVIDER_STATE:
		pr_engine_provider_state(process, message);
		return;
	default:
		return;
	}
	pr_engine_process_after(process);
}

static void resolver_gone(void *context)
{
	struct pr_engine_process *process = context;

	process->resolver_pid = 0;
	pr_outbox_free(PR_TAKE_PTR(process->to_resolver));
}

static void front_message(void *context, struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);
	struct pr_engine_process *process = context;

	if (message->kind == PR_MESSAGE_QUERY)
		pr_engine_query_message(process, message);
	else if (message->kind == PR_MESSAGE_WATCH)
		pr_engine_watched(process->engine, pr_read_u32(&reader));
}

static void front_gone(void *context)
{
	struct pr_engine_process *process = context;

	process->front_pid = 0;
	pr_outbox_free(PR_TAKE_PTR(process->to_front));
}

static void front_drained(void *context)
{
	struct pr_engine_process *process = context;

	event_active(process->on_events, EV_READ, 0);
}

static void resolver_drained(void *context)
{
	struct pr_engine_process *process = context;

	event_active(process->on_questions, EV_READ, 0);
}

static void take_channel(struct pr_engine_process *process, struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);
	enum pr_party party = (enum pr_party)pr_read_u32(&reader);
	pid_t pid = (pid_t)pr_read_u32(&reader);
	bool is_front = party == PR_PARTY_FRONT;
	const struct pr_outbox_ports ports = {
		.context = process,
		.message = is_front ? front_message : resolver_message,
		.gone = is_front ? front_gone : resolver_gone,
		.drained = is_front ? front_drained : resolver_drained,
	};
	struct pr_outbox **outbox = is_front ? &process->to_front : &process->to_resolver;

	if (party == PR_PARTY_TUNNEL)
		return pr_engine_tunnel_channel(process, message);
	if (!is_front && party != PR_PARTY_RESOLVER)
		return;
	if (is_front)
		pr_engine_watched(process->engine, false);
	pr_outbox_free(*outbox);
	*outbox = pr_outbox_new_take(
		process->base,
		pr_channel_new_take(PR_TAKE_FD(message->fds[0]), PR_PARTY_ENGINE, party),
		is_front ? FRONT_SIZE : RESOLVER_SIZE, &ports);
	if (is_front)
		process->front_pid = pid;
	else {
		process->resolver_pid = pid;
		pr_engine_resolver_restarted(process->engine);
	}
	ports.drained(process);
}

/* ---- the supervisor ---- */

static void take_notice(struct pr_engine_process *process, const struct pr_message *message)
{
	char text[512];
	struct pr_event event = { .kind = PR_EVENT_SYSTEM,
				  .real_us = pr_clock_real_us(),
				  .uid = (uid_t)-1,
				  .text = text };

	snprintf(text, sizeof(text), "%.*s", (int)message->len, (const char *)message->body);
	pr_engine_system_event(process, &event);
}

static void take_generation(struct pr_engine_process *process, const struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);

	pr_engine_generation_set(process->engine, pr_read_u32(&reader), pr_clock_monotonic_us());
	pr_engine_workers_start(process);
	pr_engine_process_after(process);
}

void pr_engine_supervisor_message(struct pr_engine_process *process, struct pr_message *message)
{
	switch (message->kind) {
	case PR_MESSAGE_PING:
		pr_engine_names_keep(process, false);
		/* A worker that stands still is as bad as a process that does. */
		if (pr_engine_workers_alive(process, pr_clock_monotonic_us()))
			(void)pr_outbox_send(process->to_supervisor, PR_MESSAGE_PONG,
					     message->ticket, NULL, 0);
		return;
	case PR_MESSAGE_POLICY:
		return take_policy(process, message);
	case PR_MESSAGE_INTEL_SET:
		return pr_engine_intel_message(process, message);
	case PR_MESSAGE_TUNNEL_POOL:
		return pr_engine_tunnel_upstreams_pool(process, message);
	case PR_MESSAGE_GENERATION:
		return take_generation(process, message);
	case PR_MESSAGE_PROCESS:
		return pr_engine_who_answered(process, message);
	case PR_MESSAGE_EXITED:
		return pr_engine_who_exited(process, message);
	case PR_MESSAGE_CHANNEL:
		return take_channel(process, message);
	case PR_MESSAGE_NOTICE:
		return take_notice(process, message);
	case PR_MESSAGE_KEEP:
		return pr_engine_names_keep(process, true);
	case PR_MESSAGE_HOSTS:
		return pr_engine_hosts_message(process, message);
	case PR_MESSAGE_ORDER:
		return pr_engine_order_message(process, message);
	default:
		return;
	}
}

void pr_engine_supervisor_read(struct pr_engine_process *process)
{
	struct pr_channel *channel = pr_outbox_channel(process->to_supervisor);
	struct pr_message message;
	int r;

	while ((r = pr_channel_receive(channel, &message)) == 0) {
		pr_engine_supervisor_message(process, &message);
		pr_message_done(&message);
	}
	if (r < 0)
		_exit(1);
}
