/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's table of links: what it says of their ends and counters, and cutting. A forwarded link has
 * no socket here: its verdict is taken away, and with the next packet of it both ends get a reset.
 */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "base/log.h"
#include "ipc/body.h"
#include "packet/parse.h"

#include <fcntl.h>
#include <string.h>

static void on_entry(void *context, const struct pr_conntrack_entry *entry)
{
	struct pr_engine_process *process = context;
	static const enum pr_engine_link_event kinds[] = {
		[PR_CONNTRACK_NEW] = PR_LINK_EVENT_NEW,
		[PR_CONNTRACK_UPDATE] = PR_LINK_EVENT_UPDATE,
		[PR_CONNTRACK_DESTROY] = PR_LINK_EVENT_DESTROY,
	};
	const struct pr_engine_conntrack link = {
		.event = kinds[entry->kind],
		.original = entry->original,
		.reply = entry->reply,
		.counted = entry->counted,
		.bytes_original = entry->bytes_original,
		.bytes_reply = entry->bytes_reply,
		.packets_original = entry->packets_original,
		.packets_reply = entry->packets_reply,
		.unsure_since_us = process->events_heard_us,
	};

	pr_engine_conntrack(process->engine, &link, pr_clock_monotonic_us());
}

static void note_failed(struct pr_engine_process *process, int r)
{
	process->read_failed = true;
	pr_log(PR_LOG_WARNING, "conntrack-not-read", "error=%s", strerror(-r));
}

/* What is gone from conntrack's table has ended. A quarter of a million entries take a second, and as many links to be ended as
 * long: both is done in parts, so that packets are decided, and pings answered, in between. */
static void read_anew(struct pr_engine_process *process)
{
	int r;

	process->reads_again = process->reads_table;
	if (process->reads_table)
		return;
	pr_engine_conntrack_sync_begin(process->engine, pr_clock_monotonic_us());
	r = pr_conntrack_dump_begin(process->conntrack_table);
	if (r < 0)
		return note_failed(process, r);
	process->read_failed = false;
	process->reads_table = true;
	event_add(process->on_table, NULL);
}

static void read_is_over(struct pr_engine_process *process)
{
	process->reads_table = false;
	if (process->reads_again)
		read_anew(process);
}

static void table_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_process *process = context;
	int r = pr_conntrack_dump_go_on(process->conntrack_table, on_entry, process);

	(void)fd;
	(void)what;
	if (r != PR_CONNTRACK_MORE) {
		event_del(process->on_table);
		process->compared = 0;
		if (r < 0)
			note_failed(process, r);
		if (r == 0)
			event_active(process->on_compare, 0, 0);
		else
			read_is_over(process);
	}
	pr_engine_process_after(process);
}

static void compare_event(evutil_socket_t fd, short what, void *context)
{
	const struct timeval at_once = { 0 };
	struct pr_engine_process *process = context;

	(void)fd;
	(void)what;
	if (pr_engine_conntrack_sync_end(process->engine, &process->compared,
					 pr_clock_monotonic_us()))
		read_is_over(process);
	else
		event_add(process->on_compare, &at_once);
	pr_engine_process_after(process);
}

/* The socket holds what comes meanwhile: the packets that begin links wake nobody for it. */
static void conntrack_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_process *process = context;
	const struct timeval due = { 0, PR_ENGINE_GATHER_MS * 1000 };

	(void)fd;
	(void)what;
	event_del(process->on_conntrack);
	event_add(process->on_conntrack_due, &due);
}

static void conntrack_due_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_process *process = context;
	uint64_t begin_us = pr_clock_monotonic_us();
	bool all = false;
	int r;

	(void)fd;
	(void)what;
	pr_engine_settle(process->engine);
	r = pr_conntrack_dispatch(process->conntrack_events, on_entry, process, &all);
	if (all)
		process->events_heard_us = begin_us;
	if (r == PR_CONNTRACK_LOST) {
		pr_log(PR_LOG_WARNING, "conntrack-events-lost", "what=read-anew");
		read_anew(process);
	} else if (r < 0)
		pr_engine_process_fail(process, "conntrack's events ended: %s", strerror(-r));
	event_add(process->on_conntrack, NULL);
	pr_engine_process_after(process);
}

/* An entry that was made while nobody listened tells nobody of its end (net/netfilter/nf_conntrack_ecache.c:
 * it has no room for events). So the ends of adopted links are looked for; at once where the table is full. */
static void look_event(evutil_socket_t fd, short what, void *context)
{
	struct pr_engine_process *process = context;
	struct pr_engine_counters counters;
	bool full;

	(void)fd;
	(void)what;
	pr_engine_counters(process->engine, &counters);
	full = counters.dropped_table_full != process->n_table_full;
	process->n_table_full = counters.dropped_table_full;
	process->n_looks++;
	if (!full && !process->read_failed &&
	    (!counters.links_adopted_now || process->n_looks % PR_ENGINE_LOOK_ADOPTED))
		return;
	read_anew(process);
	pr_engine_process_after(process);
}

int pr_engine_links_open(struct pr_engine_process *process)
{
	uid_t uid = (uid_t)pr_pairs_number(&process->start.settings, "uid", (uid_t)-1);
	bool single = pr_pairs_number(&process->start.settings, "single", 0);
	int r;

	pthread_mutex_init(&process->cut_lock, NULL);
	process->queue_proc_fd = open("/proc/net/netfilter/nfnetlink_queue", O_RDONLY | O_CLOEXEC);
	if (!pr_pairs_number(&process->start.settings, "has_conntrack", 0))
		return 0;
	r = pr_conntrack_open(true, &process->conntrack_events);
	if (r == 0)
		r = pr_conntrack_open(false, &process->conntrack);
	if (r == 0)
		r = pr_conntrack_open(false, &process->conntrack_table);
	if (r == 0)
		r = pr_cut_open(process->conntrack, process->mark_mask,
				single ? PR_RULESET_NO_UID : uid, &process->cut);
	return r == PR_CONNTRACK_LACKING ? 0 : r;
}

void pr_engine_links_watch(struct pr_engine_process *process)
{
	if (!process->conntrack_events)
		return;
	process->on_conntrack = event_new(process->base, pr_conntrack_fd(process->conntrack_events),
					  EV_READ | EV_PERSIST, conntrack_event, process);
	process->on_conntrack_due = event_new(process->base, -1, 0, conntrack_due_event, process);
	pr_assert(process->on_conntrack && process->on_conntrack_due);
	process->events_heard_us = 1; /* nothing yet */
	event_add(process->on_conntrack, NULL);
	process->on_table = event_new(process->base, pr_conntrack_dump_fd(process->conntrack_table),
				      EV_READ | EV_PERSIST, table_event, process);
	process->on_compare = event_new(process->base, -1, 0, compare_event, process);
	pr_assert(process->on_table && process->on_compare);
	process->on_look = event_new(process->base, -1, EV_PERSIST, look_event, process);
	pr_assert(process->on_look);
	event_add(process->on_look, &(const struct timeval){ .tv_sec = 1 });
}

static void expect(struct pr_engine_process *process, const struct pr_tuple *tuple)
{
	unsigned int n = atomic_load(&process->n_expected);
	int r = pr_cut_expect(process->cut, tuple);

	if (r < 0)
		pr_log(PR_LOG_WARNING, "not-cut", "error=%s", strerror(-r));
	if (n == PR_ENGINE_EXPECTED_MAX)
		return;
	process->expected[n] = *tuple;
	atomic_store(&process->n_expected, n + 1);
}

static void cut_one(struct pr_engine_process *process, const uint8_t *body, size_t len)
{
	struct pr_reader reader = pr_reader(body, len);
	struct pr_tuple tuple = pr_read_tuple(&reader);
	enum pr_direction direction = (enum pr_direction)pr_read_u8(&reader);
	bool drop = pr_read_u8(&reader);
	uint32_t generation = pr_read_u32(&reader);
	struct pr_cut_done done;
	int r = 0;

	pthread_mutex_lock(&process->cut_lock);
	if (direction == PR_DIRECTION_FORWARD)
		expect(process, &tuple);
	else
		r = pr_cut_link(process->cut, &tuple, direction, drop, generation, &done);
	pthread_mutex_unlock(&process->cut_lock);
	if (r < 0)
		pr_log(PR_LOG_WARNING, "not-cut", "error=%s", strerror(-r));
}

void pr_engine_links_cut(struct pr_engine_process *process)
{
	uint8_t body[64];
	uint64_t ticket;
	uint32_t kind;
	size_t len;

	while (pr_ring_peek(process->cuts, &kind, &ticket, body, sizeof(body), &len)) {
		if (process->cut)
			cut_one(process, body, len);
		pr_ring_consume(process->cuts);
	}
}

/* The tuple's place among those expected, which is then free; false where it is none of them. */
static bool take_expected(struct pr_engine_process *process, const struct pr_tuple *tuple)
{
	const struct pr_tuple reversed = pr_tuple_reversed(tuple);
	unsigned int n = atomic_load(&process->n_expected);

	for (unsigned int i = 0; i < n; i++) {
		const struct pr_tuple *expected = &process->expected[i];

		if (!pr_tuple_equal(expected, tuple) && !pr_tuple_equal(expected, &reversed))
			continue;
		process->expected[i] = process->expected[n - 1];
		atomic_store(&process->n_expected, n - 1);
		return true;
	}
	return false;
}

void pr_engine_links_denied(struct pr_engine_process *process,
			    const struct pr_intercepted *intercepted)
{
	struct pr_packet packet;
	int r = 0;

	if (pr_packet_parse(intercepted->bytes, intercepted->len, intercepted->wire_len, &packet))
		return;
	pthread_mutex_lock(&process->cut_lock);
	if (take_expected(process, &packet.tuple))
		r = pr_cut_forwarded(process->cut, &packet);
	pthread_mutex_unlock(&process->cut_lock);
	if (r < 0)
		pr_log(PR_LOG_WARNING, "not-reset", "error=%s", strerror(-r));
}
