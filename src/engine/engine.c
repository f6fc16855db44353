/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine's frame: its life, its lock, its clock. Each call of engine.h locks, sets the time, does its
 * work and unlocks; why one lock is enough stands in docs/decisions/one-lock.md.
 */
#include "engine/attackers.h"
#include "engine/events.h"
#include "engine/inspecting.h"
#include "engine/machine.h"
#include "engine/pool.h"
#include "engine/subject.h"
#include "engine/suspicions.h"
#include "engine/tunnelling.h"

#include <string.h>

static uint32_t or_default(uint32_t option, uint32_t default_)
{
	return option ? option : default_;
}

/* It is held for a microsecond: who finds it taken looks again for a moment before going to sleep, which would
 * cost a packet two system calls and a wake-up. */
static void lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
	pr_assert(pthread_mutex_init(lock, &attributes) == 0);
	pthread_mutexattr_destroy(&attributes);
}

struct pr_engine *pr_engine_new(const struct pr_engine_ports *ports,
				const struct pr_engine_options *options)
{
	struct pr_engine *engine = pr_calloc(1, sizeof(*engine));

	lock_init(&engine->lock);
	engine->ports = *ports;
	engine->real_offset_us = options->real_offset_us;
	engine->due_us = PR_ENGINE_NEVER;
	engine->nameserver_port4 = options->nameserver_port4;
	engine->nameserver_port6 = options->nameserver_port6;
	engine->tunnel_port4 = options->tunnel_port4;
	engine->tunnel_port6 = options->tunnel_port6;
	engine->senders_checked = options->senders_checked;
	engine->loopback_ifindex = 1; /* in every network namespace (net/core/dev.c) */
	engine->applications = pr_applications_new(options->n_instances_max);
	engine->names = pr_names_new(engine->applications, options->n_names_max, 0);
	engine->communications =
		pr_communications_new(engine->applications, pr_names_texts(engine->names),
				      options->n_communications_max, NULL, NULL);
	engine->links = pr_links_new(options->n_links_max, pr_link_forgotten, engine);
	pr_providers_table_init(&engine->providers);
	pr_questions_init(engine);
	pr_suspicions_init(engine);
	pr_doh_init(engine);
	pr_attackers_init(engine);
	pr_parking_init(&engine->parking, or_default(options->n_parked_max, PR_ENGINE_PARKED_MAX));
	pr_inspecting_init(engine, options->inspection_bytes_max);
	pr_tunnel_init(engine);
	engine->n_prompts_max = or_default(options->n_prompts_max, PR_ENGINE_PROMPTS_MAX);
	engine->prompts = pr_calloc(engine->n_prompts_max, sizeof(*engine->prompts));
	return engine;
}

/* From what hangs on others to what they hang on. What is parked is not released: whoever frees the engine
 * closes the queues, which drops it. */
void pr_engine_free(struct pr_engine *engine)
{
	if (!engine)
		return;
	for (uint32_t i = 0; i < engine->parking.n_max; i++)
		engine->parking.slots[i].wait = PR_PARKED_FREE;
	engine->parking.n_used = 0;
	engine->ports.tunnel_close = NULL; /* who comes next is told what the tunnel has */
	pr_inspecting_abandon(engine);
	pr_questions_done(engine);
	pr_suspicions_done(engine);
	pr_doh_done(engine);
	pr_attackers_done(engine);
	pr_links_free(engine->links);
	pr_pool_done(engine);
	pr_inspecting_done(engine);
	pr_tunnel_done(engine);
	pr_prompts_done(engine);
	pr_answers_done(engine);
	pr_local_upstreams_done(engine);
	pr_tunnel_servers_done(engine);
	pr_instances_done(engine);
	pr_communications_free(engine->communications);
	pr_names_free(engine->names);
	pr_applications_free(engine->applications);
	pr_parking_done(&engine->parking);
	pr_providers_table_done(&engine->providers);
	pr_intel_map_done(engine);
	pr_intel_set_free(engine->intel);
	pr_policy_free(engine->policy);
	pthread_mutex_destroy(&engine->lock);
	free(engine);
}

/* Time never runs backwards for what was stored: threads read their clocks before they get the lock. */
static void enter(struct pr_engine *engine, uint64_t now_us)
{
	pthread_mutex_lock(&engine->lock);
	if (now_us > engine->now_us)
		engine->now_us = now_us;
}

void pr_engine_enter_traffic(struct pr_engine *engine, uint64_t now_us)
{
	enter(engine, now_us);
	pr_event_pay(engine, 0);
}

void pr_engine_enter(struct pr_engine *engine, uint64_t now_us)
{
	pr_engine_enter_traffic(engine, now_us);
	engine->basis++;
}

void pr_engine_leave(struct pr_engine *engine)
{
	uint64_t next_us = pr_questions_next_tick(engine->questions);

	pr_engine_due(engine, next_us);
	pthread_mutex_unlock(&engine->lock);
}

void pr_engine_due(struct pr_engine *engine, uint64_t at_us)
{
	if (at_us >= engine->due_us)
		return;
	engine->due_us = at_us;
	engine->ports.wake(engine->ports.context, at_us);
}

enum pr_engine_packet_outcome pr_engine_packet(struct pr_engine *engine,
					       struct pr_interception *interception,
					       const struct pr_intercepted *packet,
					       struct pr_verdict_order *ret_order)
{
	enum pr_engine_packet_outcome outcome;

	enter(engine, packet->time_us);
	outcome = pr_packets_handle(engine, interception, packet, ret_order);
	pr_engine_due(engine, engine->now_us + PR_ENGINE_SWEEP_US);
	pr_engine_leave(engine);
	return outcome;
}

/* A packet that comes meanwhile waits for a few of them, not for all. */
void pr_engine_settle(struct pr_engine *engine)
{
	bool more = true;

	while (more) {
		pthread_mutex_lock(&engine->lock);
		pr_event_pay(engine, PR_ENGINE_PAY_MAX);
		more = engine->n_owed != 0;
		pthread_mutex_unlock(&engine->lock);
	}
}

void pr_engine_owner_known(struct pr_engine *engine, uint64_t ticket, enum pr_owner_outcome outcome,
			   struct pr_process *process, uint64_t now_us)
{
	struct pr_parked *parked;
	struct pr_link *link;
	struct pr_actor actor;

	pr_engine_enter_traffic(engine, now_us);
	if (!engine->policy) {
		pr_process_release(process);
		pr_engine_leave(engine);
		return;
	}
	actor = pr_actor_of_outcome_take(engine, outcome, process);
	parked = pr_parking_by_ticket(engine, ticket);
	link = parked ? pr_links_by_id(engine->links, parked->link) : NULL;
	if (ticket & PR_TICKET_QUESTION)
		pr_question_owner(engine, ticket, actor);
	else if (link)
		pr_packets_owner(engine, link, (enum pr_link_end_name)parked->end, actor, true);
	else
		pr_actor_done(engine, &actor);
	pr_engine_leave(engine);
}

static void sweep(struct pr_engine *engine)
{
	if (engine->now_us - engine->swept_us >= PR_ENGINE_SWEEP_US) {
		engine->swept_us = engine->now_us;
		pr_links_expire(engine->links, engine->now_us, PR_ENGINE_SWEEP_LINKS,
				pr_link_expired, engine);
	}
	if (engine->now_us - engine->names_swept_us >= PR_ENGINE_NAMES_SWEEP_US) {
		engine->names_swept_us = engine->now_us;
		pr_names_expire(engine->names, engine->now_us);
		pr_questions_expire_answers(engine->questions, engine->now_us);
		pr_answered_expire(&engine->providers, engine->now_us);
	}
}

static uint64_t next_sweep(const struct pr_engine *engine)
{
	struct pr_links_counters counters;

	pr_links_counters(engine->links, &counters);
	if (counters.n_unconfirmed || counters.n_ended)
		return engine->swept_us + PR_ENGINE_SWEEP_US;
	return engine->names_swept_us + PR_ENGINE_NAMES_SWEEP_US;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t pr_engine_tick(struct pr_engine *engine, uint64_t now_us)
{
	uint64_t next_us = PR_ENGINE_NEVER;

	pr_engine_settle(engine);
	pr_engine_enter_traffic(engine, now_us);
	engine->due_us = PR_ENGINE_NEVER; /* collects what becomes due by what is done now */
	if (engine->policy) {
		next_us = earlier(next_us, pr_answers_tick(engine));
		next_us = earlier(next_us, pr_prompts_tick(engine));
		next_us = earlier(next_us, pr_question_waits_tick(engine));
		next_us = earlier(next_us, pr_parking_tick(engine));
		next_us = earlier(next_us, pr_attackers_tick(engine));
		next_us = earlier(next_us, pr_inspecting_tick(engine));
		next_us = earlier(next_us, pr_tunnel_tick(engine));
		next_us = earlier(next_us, pr_questions_tick(engine->questions, engine->now_us));
		sweep(engine);
		next_us = earlier(next_us, next_sweep(engine));
	}
	next_us = earlier(next_us, engine->due_us);
	engine->due_us = next_us;
	pr_engine_leave(engine);
	return next_us;
}

void pr_engine_addresses_set(struct pr_engine *engine, const struct pr_engine_address *addresses,
			     size_t n, uint64_t now_us)
{
	pr_engine_enter(engine, now_us);
	memset(&engine->own, 0, sizeof(engine->own));
	for (size_t i = 0; i < n; i++) {
		const struct pr_address *address = &addresses[i].address;
		const uint8_t whole = address->family == 4 ? 32 : 128;
		const struct pr_prefix own = { *address, whole };
		const struct pr_prefix on_link = {
			pr_address_mask(address, addresses[i].prefix_len), addresses[i].prefix_len
		};

		/* Beyond the limit of network/class.h the registries alone speak. */
		if (pr_own_addresses_add(&engine->own, &own) != 0)
			break;
		if (on_link.len < whole &&
		    pr_own_addresses_add_on_link(&engine->own, &on_link) != 0)
			break;
		if (pr_class_of(address, NULL) == PR_CLASS_HOST)
			engine->loopback_ifindex = addresses[i].ifindex;
	}
	pr_engine_leave(engine);
}

void pr_engine_hosts_set(struct pr_engine *engine, const struct pr_engine_hosts_entry *entries,
			 size_t n, uint64_t now_us)
{
	pr_engine_enter(engine, now_us);
	pr_names_forget(engine->names, PR_NAME_HOSTS);
	for (size_t i = 0; i < n; i++)
		pr_names_learn(engine->names, PR_APPLICATION_ALL, &entries[i].address,
			       entries[i].name, PR_NAME_HOSTS, false, PR_NAMES_FOR_EVER,
			       engine->now_us);
	pr_engine_leave(engine);
}

void pr_engine_watched(struct pr_engine *engine, bool watched)
{
	pthread_mutex_lock(&engine->lock);
	engine->unwatched = !watched;
	pthread_mutex_unlock(&engine->lock);
}

void pr_engine_real_offset_set(struct pr_engine *engine, int64_t real_offset_us)
{
	pthread_mutex_lock(&engine->lock);
	engine->real_offset_us = real_offset_us;
	pthread_mutex_unlock(&engine->lock);
}
