/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker: packets from its queue into the engine, verdicts out in batches, outside of the engine's lock.
 * What the engine holds is released by a port, in whatever thread that happens; the verdict then waits in
 * that queue's batch until somebody flushes it.
 */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "inspection/limits.h"
#include "kernel/nfqueue.h"

#include <string.h>
#include <unistd.h>

/* Of IP and TCP, with all the options that fit. */
#define HEADERS_MAX (60 + 60)
_Static_assert(PR_NFQUEUE_COPY_LEN >= PR_INSPECTION_SERVER_MAX + HEADERS_MAX &&
		       PR_NFQUEUE_COPY_LEN >= PR_INSPECTION_CLIENT_MAX + HEADERS_MAX,
	       "a packet is seen as far as inspection wants to");

int pr_engine_workers_open(struct pr_engine_process *process)
{
	uint16_t first = (uint16_t)pr_pairs_number(&process->start.settings, "queue_first", 0);
	unsigned int n = (unsigned int)pr_pairs_number(&process->start.settings, "queues", 1);

	for (unsigned int i = 0; i < n && i < PR_RULESET_QUEUES_MAX; i++) {
		struct pr_nfqueue_config config = {
			.mark_mask = process->mark_mask,
			.queue = (uint16_t)(first + i),
			.with_untracked = i == 0,
			.untracked_queue = (uint16_t)(first + n),
		};
		struct pr_engine_worker *worker = &process->workers[i];
		int r = pr_nfqueue_open(&config, &worker->interception);

		if (r)
			return r;
		worker->process = process;
		process->n_workers = i + 1;
	}
	return 0;
}

void pr_engine_workers_flush(struct pr_engine_process *process)
{
	for (unsigned int i = 0; i < process->n_workers; i++) {
		struct pr_engine_worker *worker = &process->workers[i];

		if (atomic_exchange(&worker->dirty, false))
			worker->interception->operations->flush(worker->interception);
	}
}

static bool denies(enum pr_verdict verdict)
{
	return verdict == PR_VERDICT_BLOCK || verdict == PR_VERDICT_DROP;
}

static enum pr_engine_packet_outcome ask(struct pr_engine_worker *worker,
					 struct pr_intercepted *packet,
					 struct pr_verdict_order *ret_order)
{
	struct pr_engine_process *process = worker->process;
	enum pr_engine_packet_outcome outcome =
		pr_engine_packet(process->engine, worker->interception, packet, ret_order);

	if (outcome != PR_ENGINE_QUESTIONS_FIRST)
		return outcome;
	if (process->listener)
		pr_listener_read(process->listener);
	packet->questions_read = true;
	return pr_engine_packet(process->engine, worker->interception, packet, ret_order);
}

static void decide(struct pr_engine_worker *worker, struct pr_intercepted *packet)
{
	struct pr_engine_process *process = worker->process;
	struct pr_verdict_order order;

	if (ask(worker, packet, &order) != PR_ENGINE_DECIDED) {
		/* What it waits for needs the processor more than who looks for the next. */
		worker->looks = false;
		return;
	}
	if (packet->hook == PR_HOOK_FORWARD && denies(order.verdict) &&
	    atomic_load_explicit(&process->n_expected, memory_order_relaxed))
		pr_engine_links_denied(process, packet);
	worker->interception->operations->verdict(worker->interception, packet, &order);
	atomic_store(&worker->dirty, true);
}

#define LOAD_LEN 1024 /* a handshake's packets and questions are shorter */

/*
 * Being woken costs a packet more than being decided: the processor has to be told, and to come back from
 * idling. So a worker looks for the next packet a moment longer before it sleeps, as long as packets come
 * in such a moment (as the kernel's own adaptive polling does, Documentation/virt/kvm/halt-polling.rst):
 * a machine on which connections are rare pays nothing. One worker looks at a time, and none where there
 * is but one processor: the others' work comes first. After a packet that carries a load nobody looks: its
 * ends need the processor for the next one.
 */
static int next_packets(struct pr_engine_worker *worker, struct pr_intercepted *packets)
{
	struct pr_interception *interception = worker->interception;
	struct pr_engine_process *process = worker->process;
	uint64_t began_us = pr_clock_monotonic_us(), now_us = began_us;
	int n = 0;

	if (worker->looks && process->may_look && !atomic_exchange(&process->looking, true)) {
		do {
			n = interception->operations->next(interception, packets,
							   PR_ENGINE_WORKER_BATCH, 0);
			now_us = pr_clock_monotonic_us();
		} while (n == 0 && now_us - began_us < PR_ENGINE_WORKER_LOOK_US);
		atomic_store(&process->looking, false);
	}
	/* It waits without end: a time-out would set and clear a timer with each packet. */
	if (n == 0)
		n = interception->operations->next(interception, packets, PR_ENGINE_WORKER_BATCH,
						   -1);
	worker->looks = n > 0 && packets[0].time_us - began_us < 2 * PR_ENGINE_WORKER_LOOK_US &&
			packets[n - 1].wire_len < LOAD_LEN;
	return n;
}

static void *work(void *context)
{
	struct pr_engine_worker *worker = context;
	struct pr_intercepted packets[PR_ENGINE_WORKER_BATCH];

	for (;;) {
		int n = next_packets(worker, packets);

		if (n < 0)
			pr_engine_process_fail(worker->process, "a queue is gone: %s",
					       strerror(-n));
		if (n == 0)
			continue;
		atomic_store(&worker->busy_since_us, packets[0].time_us);
		for (int i = 0; i < n; i++)
			decide(worker, &packets[i]);
		pr_engine_workers_flush(worker->process);
		atomic_store(&worker->busy_since_us, 0);
	}
	return NULL;
}

void pr_engine_workers_start(struct pr_engine_process *process)
{
	if (process->workers_run)
		return;
	process->workers_run = true;
	/* Without BPF owners are found by the supervisor, which needs the processor more. */
	process->may_look = process->finder.maps.tuples >= 0 && sysconf(_SC_NPROCESSORS_ONLN) > 1;
	/* Threads begin with the priority of who makes them; ours goes back, which needs no right. */
	for (unsigned int i = 0; i < process->n_workers; i++) {
		struct pr_engine_worker *worker = &process->workers[i];
		int r;

		r = pthread_create(&worker->thread, NULL, work, worker);
		if (r)
			pr_engine_process_fail(process, "a worker cannot be started: %s",
					       strerror(r));
	}
}

bool pr_engine_workers_alive(struct pr_engine_process *process, uint64_t now_us)
{
	for (unsigned int i = 0; process->workers_run && i < process->n_workers; i++) {
		uint64_t since_us = atomic_load(&process->workers[i].busy_since_us);

		if (since_us && now_us > since_us &&
		    now_us - since_us > PR_ENGINE_WORKER_HUNG_MS * 1000ull)
			return false;
	}
	return true;
}
