/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine process: opens its sockets, binds its queues, drops everything but CAP_NET_ADMIN, adopts the
 * flows that are there, says READY. Only then does the supervisor put the rules in force and names their
 * generation, and with that the workers start: an order of another generation would send its packet round
 * and round between the queue and a table that an earlier run left. From the sandbox on it opens nothing.
 */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "daemon/roles.h"
#include "ipc/body.h"
#include "kernel/nfqueue.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SUPERVISOR_SIZE (4u << 20)
#define CLOCK_STEP_S	10 /* how often the realtime clock's offset is taken anew */

void pr_engine_process_fail(struct pr_engine_process *process, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* In whatever thread: the process ends with this message. */
	(void)pr_role_failed(pr_outbox_channel(process->to_supervisor), "%s", text);
	_exit(1);
}

static int64_t real_offset_us(void)
{
	return (int64_t)(pr_clock_real_us() - pr_clock_monotonic_us());
}

/* ---- the clock ---- */

static void arm(struct pr_engine_process *process, uint64_t at_us)
{
	uint64_t now_us = pr_clock_monotonic_us(), in_us = at_us > now_us ? at_us - now_us : 0;
	struct timeval in;

	if (at_us == PR_ENGINE_NEVER || in_us > CLOCK_STEP_S * 1000000ull)
		in_us = CLOCK_STEP_S * 1000000ull;
	in = (struct timeval){ .tv_sec = (time_t)(in_us / 1000000),
			       .tv_usec = (suseconds_t)(in_us % 1000000) };
	event_add(process->on_tick, &in);
}

static void tick_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_process *process = context;

	(void)fd;
	(void)what;
	pr_engine_real_offset_set(process->engine, real_offset_us());
	pr_engine_who_expire(process, pr_clock_monotonic_us());
	arm(process, pr_engine_tick(process->engine, pr_clock_monotonic_us()));
	pr_engine_process_after(process);
}

static void wake_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_process *process = context;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0)
		pr_assert(errno == EAGAIN || errno == EINTR);
	if (atomic_exchange(&process->wants_raise, false))
		(void)pr_outbox_send(process->to_supervisor, PR_MESSAGE_RAISE, 0, NULL, 0);
	if (atomic_exchange(&process->wants_forget, false))
		(void)pr_outbox_send(process->to_supervisor, PR_MESSAGE_FORGET, 0, NULL, 0);
	pr_engine_tunnel_look(process);
	arm(process, atomic_load(&process->wake_at_us));
}

void pr_engine_process_after(struct pr_engine_process *process)
{
	pr_engine_workers_flush(process);
}

void pr_engine_process_goes_on(struct pr_engine_process *process)
{
	uint64_t now_us = pr_clock_monotonic_us();

	if (now_us - process->told_us < PR_ENGINE_GOES_ON_MS * 1000ull)
		return;
	process->told_us = now_us;
	(void)pr_outbox_send(process->to_supervisor, PR_MESSAGE_PONG, 0, NULL, 0);
}

/* ---- rings ---- */

/* Moves messages on until the other side takes no more; then its outbox calls when it does again. */
static void pour(struct pr_ring *ring, struct pr_outbox *outbox)
{
	static uint8_t body[PR_MESSAGE_BODY_MAX];
	uint64_t ticket;
	uint32_t kind;
	size_t len;

	while ((!outbox || pr_outbox_is_empty(outbox)) &&
	       pr_ring_peek(ring, &kind, &ticket, body, sizeof(body), &len)) {
		/* Nobody there: what nobody can take is not kept. */
		if (outbox)
			(void)pr_outbox_send(outbox, (enum pr_message_kind)kind, ticket, body, len);
		pr_ring_consume(ring);
	}
}

/* As many events as fit go in one message. */
static void pour_events(struct pr_ring *ring, struct pr_outbox *front)
{
	static uint8_t bundle[PR_MESSAGE_BODY_MAX], body[PR_EVENT_BODY_MAX];
	struct pr_writer writer = pr_writer(bundle, sizeof(bundle));
	uint64_t number;
	uint32_t kind;
	size_t len;

	while ((!front || pr_outbox_is_empty(front)) &&
	       pr_ring_peek(ring, &kind, &number, body, sizeof(body), &len)) {
		if (writer.position + PR_EVENT_HEADER_LEN + len > sizeof(bundle)) {
			(void)pr_outbox_send(front, PR_MESSAGE_EVENT, 0, bundle, writer.position);
			writer = pr_writer(bundle, sizeof(bundle));
		}
		pr_write_u64(&writer, number);
		pr_write_u32(&writer, (uint32_t)len);
		pr_write_bytes(&writer, body, len);
		pr_ring_consume(ring);
	}
	if (writer.position)
		(void)pr_outbox_send(front, PR_MESSAGE_EVENT, 0, bundle, writer.position);
}

/* The ring is left alone until then: the packets' threads wake nobody meanwhile. */
static void events_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_process *process = context;
	const struct timeval due = { 0, PR_ENGINE_GATHER_MS * 1000 };

	(void)fd;
	(void)what;
	event_del(process->on_events);
	event_add(process->on_events_due, &due);
}

static void events_due_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_process *process = context;
	uint64_t n_lost = pr_ring_n_dropped(process->events);
	uint8_t body[8];
	struct pr_writer writer = pr_writer(body, sizeof(body));

	(void)fd;
	(void)what;
	pour_events(process->events, process->to_front);
	event_add(process->on_events, NULL);
	if (n_lost == process->n_lost_told || !process->to_front)
		return;
	pr_write_u64(&writer, n_lost);
	if (pr_outbox_send(process->to_front, PR_MESSAGE_LOST, 0, body, sizeof(body)))
		process->n_lost_told = n_lost;
}

static void requests_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_process *process = context;

	(void)fd;
	(void)what;
	pour(process->requests, process->to_supervisor);
}

static void questions_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_process *process = context;

	(void)fd;
	(void)what;
	/* Without a resolver they wait: it is being restarted and asked again. */
	if (process->to_resolver)
		pour(process->questions, process->to_resolver);
}

static void cuts_event(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	pr_engine_links_cut(context);
}

static void tunnel_orders_event(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	pr_engine_tunnel_pour(context);
}

static void answers_event(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	pr_engine_dns_answers(context);
}

void pr_engine_system_event(struct pr_engine_process *process, const struct pr_event *event)
{
	static uint8_t body[PR_EVENT_BODY_MAX];
	size_t len = pr_event_encode(event, body, sizeof(body));

	(void)pr_ring_put(process->events, PR_MESSAGE_EVENT, ++process->n_events, body, len);
}

/* ---- opening ---- */

static struct event *watch(struct pr_engine_process *process, int fd, event_callback_fn callback)
{
	struct event *event = event_new(process->base, fd, EV_READ | EV_PERSIST, callback, process);

	pr_assert(event);
	event_add(event, NULL);
	return event;
}

static int open_ring(struct pr_engine_process *process, size_t size, event_callback_fn callback,
		     struct pr_ring **ret_ring, struct event **ret_event)
{
	int r = pr_ring_new(size, ret_ring);

	if (r == 0)
		*ret_event = watch(process, pr_ring_fd(*ret_ring), callback);
	return r;
}

static int open_loop(struct pr_engine_process *process)
{
	int r;

	process->base = event_base_new();
	process->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!process->base || process->wake_fd < 0)
		return -ENOMEM;
	process->on_wake = watch(process, process->wake_fd, wake_event);
	process->on_tick = event_new(process->base, -1, 0, tick_event, process);
	process->on_events_due = event_new(process->base, -1, 0, events_due_event, process);
	pr_assert(process->on_tick && process->on_events_due);
	r = open_ring(process, PR_ENGINE_EVENTS_SIZE, events_event, &process->events,
		      &process->on_events);
	if (r == 0)
		r = open_ring(process, PR_ENGINE_REQUESTS_SIZE, requests_event, &process->requests,
			      &process->on_requests);
	if (r == 0)
		r = open_ring(process, PR_ENGINE_QUESTIONS_SIZE, questions_event,
			      &process->questions, &process->on_questions);
	if (r == 0)
		r = open_ring(process, PR_ENGINE_CUTS_SIZE, cuts_event, &process->cuts,
			      &process->on_cuts);
	if (r == 0)
		r = open_ring(process, PR_ENGINE_ANSWERS_SIZE, answers_event, &process->answers,
			      &process->on_answers);
	if (r == 0)
		r = open_ring(process, PR_ENGINE_TUNNEL_SIZE, tunnel_orders_event,
			      &process->tunnel_orders, &process->on_tunnel_orders);
	return r;
}

static void supervisor_message(void *context, struct pr_message *message)
{
	pr_engine_supervisor_message(context, message);
}

static void supervisor_gone(void *context)
{
	(void)context;
	_exit(0);
}

static void on_questions(void *context, const struct pr_asked *asked, unsigned int n)
{
	struct pr_engine_process *process = context;

	pr_engine_questions(process->engine, asked, n, pr_clock_monotonic_us());
	pr_engine_process_after(process);
}

/* One thread looks at a time, for packets or for questions (engine_worker.c). */
static bool may_look(void *context)
{
	struct pr_engine_process *process = context;

	return process->may_look && !atomic_exchange(&process->looking, true);
}

static void looked(void *context)
{
	struct pr_engine_process *process = context;

	atomic_store(&process->looking, false);
}

static int open_listener(struct pr_engine_process *process)
{
	const struct pr_listener_ports ports = { .context = process,
						 .on_questions = on_questions,
						 .may_look = may_look,
						 .looked = looked };
	int sockets[PR_LISTENER_SOCKETS_MAX];
	unsigned int n = 0;
	char name[32];

	for (unsigned int i = 0; i < PR_LISTENER_SOCKETS_MAX; i++) {
		snprintf(name, sizeof(name), "nameserver-%u", i);
		sockets[n] = pr_start_take_fd(&process->start, name);
		if (sockets[n] >= 0)
			n++;
	}
	if (!n)
		return 0;
	return pr_listener_new_take(process->base, sockets, n, &ports, &process->listener);
}

static int open_all(struct pr_engine_process *process)
{
	const struct pr_pairs *settings = &process->start.settings;
	const struct pr_engine_options options = {
		.real_offset_us = real_offset_us(),
		.nameserver_port4 = (uint16_t)pr_pairs_number(settings, "nameserver_port4", 0),
		.nameserver_port6 = (uint16_t)pr_pairs_number(settings, "nameserver_port6", 0),
		.tunnel_port4 = (uint16_t)pr_pairs_number(settings, "tunnel_port4", 0),
		.tunnel_port6 = (uint16_t)pr_pairs_number(settings, "tunnel_port6", 0),
		.senders_checked = pr_pairs_number(settings, "senders_checked", 0) != 0,
	};
	const struct pr_engine_ports ports = pr_engine_process_ports(process);
	const struct pr_outbox_ports outbox = { .context = process,
						.message = supervisor_message,
						.gone = supervisor_gone };
	int r = open_loop(process);

	if (r < 0)
		return r;
	process->mark_mask = (uint32_t)pr_pairs_number(&process->start.settings, "mark_mask", 0);
	process->to_supervisor = pr_outbox_new_take(
		process->base, PR_TAKE_PTR(process->start.supervisor), SUPERVISOR_SIZE, &outbox);
	process->engine = pr_engine_new(&ports, &options);
	pr_engine_watched(process->engine, false); /* until front says so */
	r = pr_engine_who_open(process);
	if (r == 0)
		r = pr_engine_links_open(process);
	if (r == 0)
		r = pr_engine_addresses_open(process);
	if (r == 0)
		r = open_listener(process);
	return r;
}

static void run(struct pr_engine_process *process)
{
	pr_engine_names_restore(process);
	pr_engine_intel_restore(process);
	/* The policy is the first message behind START; what is adopted needs it. */
	pr_engine_supervisor_read(process);
	pr_engine_adopt_all(process);
	pr_engine_links_watch(process);
	pr_engine_addresses_watch(process);
	pr_engine_claims_watch(process);
	arm(process, pr_engine_tick(process->engine, pr_clock_monotonic_us()));
	(void)pr_outbox_send(process->to_supervisor, PR_MESSAGE_READY, 0, NULL, 0);
	if (event_base_dispatch(process->base) < 0)
		pr_engine_process_fail(process, "the event loop ended");
}

int pr_engine_main(void)
{
	struct pr_engine_process *process = pr_calloc(1, sizeof(*process));
	int r = pr_start_read(PR_PARTY_ENGINE, &process->start);

	if (r < 0)
		return 1;
	r = open_all(process);
	if (r)
		pr_engine_process_fail(process, "the engine cannot open what it needs: %s",
				       strerror(-r));
	r = pr_engine_workers_open(process);
	if (r)
		pr_engine_process_fail(process, "%s",
				       r > 0 ? pr_nfqueue_outcome_text(r) : strerror(-r));
	r = pr_role_drop(&process->start, PR_PARTY_ENGINE);
	if (r == 0)
		r = pr_role_close(PR_PARTY_ENGINE, NULL);
	if (r < 0)
		pr_engine_process_fail(process, "the sandbox cannot be closed: %s", strerror(-r));
	run(process);
	return 0;
}
