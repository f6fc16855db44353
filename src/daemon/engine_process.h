/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine process: the wiring of the engine's ports to the kernel and to the other processes.
 *
 * Workers, one a queue, block in their queue's socket: packets in, verdicts out. The control thread runs
 * an event loop for all the rest. Ports are called with the engine's lock held, by any of them: what they
 * have to say goes into rings that the control thread empties.
 */
#pragma once

#include "base/clock.h"
#include "daemon/outbox.h"
#include "daemon/start.h"
#include "engine/engine.h"
#include "ipc/event_codec.h"
#include "ipc/ring.h"
#include "kernel/conntrack.h"
#include "kernel/cut.h"
#include "kernel/claims.h"
#include "kernel/nftables.h"
#include "kernel/owner.h"
#include "kernel/rtnetlink.h"
#include "nameserver/listener.h"
#include "process/cache.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>

#define PR_ENGINE_EVENTS_SIZE (2u << 20) /* bytes; beyond: events are dropped and counted */
#define PR_ENGINE_GATHER_MS   50 /* events of links, and conntrack's, wait so long for more of them */
#define PR_ENGINE_REQUESTS_SIZE \
	(1u << 18) /* to the supervisor; beyond: the packet's deadline decides */
#define PR_ENGINE_QUESTIONS_SIZE \
	(1u << 20)			  /* to the resolver; beyond: the question fails in time */
#define PR_ENGINE_CUTS_SIZE    (1u << 20) /* links to be cut; beyond: denied all the same, not told */
#define PR_ENGINE_TUNNEL_SIZE  (1u << 20) /* to the tunnel; beyond: engine_tunnel_channel.c */
#define PR_ENGINE_ANSWERS_SIZE (1u << 18) /* to `dns-query`; beyond: never told */
/* Questions who a process is; beyond: unknown. More than can be parked make no sense: without BPF an
 * answer takes milliseconds, and those behind them would all come too late. */
#define PR_ENGINE_WHO_MAX	512
#define PR_ENGINE_EXPECTED_MAX	1024 /* forwarded links to be reset; beyond: denied silently */
#define PR_ENGINE_NAMES_KEEP_US 50 /* for each name the saving of all waits so long, at least … */
#define PR_ENGINE_NAMES_KEEP_MS \
	100 /* … so long: saving takes a hundredth of the time, whatever there is */
#define PR_ENGINE_LOOK_ADOPTED	 10  /* seconds between looks whether adopted links have ended */
#define PR_ENGINE_GOES_ON_MS	 250 /* so often the supervisor hears that the start goes on */
#define PR_ENGINE_WORKER_BATCH	 64
#define PR_ENGINE_WORKER_LOOK_US 100  /* it looks for a next packet so long before it sleeps */
#define PR_ENGINE_WORKER_HUNG_MS 1500 /* so long busy with what it read at once: no PONG is sent */

struct pr_engine_process;

struct pr_engine_worker {
	struct pr_engine_process *process;
	struct pr_interception *interception;
	pthread_t thread;
	_Atomic uint64_t busy_since_us; /* 0 = it waits for packets */
	bool looks;	    /* the last packet came soon after the one before; the worker's own */
	_Atomic bool dirty; /* verdicts wait for flush() */
};

/* A question to the supervisor that is not answered yet. */
struct pr_engine_who {
	bool used, waited_for; /* waited_for: by pr_engine_who_wait() */
	uint64_t ticket;       /* the engine's */
	uint64_t serial;
	struct pr_owner owner;
};

struct pr_engine_process {
	struct pr_start start;
	struct event_base *base;
	struct pr_engine *engine;
	uint32_t mark_mask;
	bool stopping;
	uint64_t told_us; /* that the start goes on */

	struct pr_engine_worker workers[PR_RULESET_QUEUES_MAX];
	unsigned int n_workers;
	bool workers_run;
	bool may_look;	     /* there is a processor to look for packets on */
	atomic_bool looking; /* a worker does, or the control thread for questions */

	/* Other processes; only the control thread touches the channels. */
	struct pr_outbox *to_front, *to_resolver; /* NULL = not there */
	struct pr_outbox *to_supervisor, *to_tunnel;
	struct pr_ring *events, *requests, *questions, *cuts, *answers, *tunnel_orders;
	struct event *on_events, *on_events_due;
	struct event *on_requests, *on_questions, *on_cuts, *on_answers, *on_tunnel_orders;
	atomic_bool tunnel_there, tunnel_hangs;
	uint64_t n_events, n_lost_told;
	pid_t resolver_pid, front_pid, tunnel_pid, own_pid, parent_pid;
	uint8_t resolver_state[PR_RESOLVER_STATE_MAX]; /* its counters, as it told them last */
	size_t resolver_state_len;
	uint8_t event_body[PR_EVENT_BODY_MAX]; /* under the engine's lock */

	/* Wishes of the ports that must not get lost. */
	_Atomic bool wants_raise, wants_forget;
	_Atomic uint64_t wake_at_us;
	int wake_fd;
	struct event *on_wake, *on_tick;

	/* Who; under who_lock, which is taken inside of the engine's. */
	pthread_mutex_t who_lock;
	struct pr_owner_finder finder;
	struct pr_process_cache *cache;
	uint64_t cache_looked_us; /* when expired processes were dropped last */
	struct pr_engine_who who[PR_ENGINE_WHO_MAX];
	unsigned int n_who, next_who;
	uint64_t who_serial, n_who_full;
	struct pr_conntrack *before_nat; /* NULL: the kernel has none */
	struct pr_process *waited;	 /* the answer that pr_engine_who_wait() waits for */

	/* The kernel's table of links. */
	struct pr_conntrack *conntrack_events, *conntrack, *conntrack_table;
	struct event *on_conntrack, *on_conntrack_due;
	struct event *on_table;	  /* readable: a part of it, while `reads_table` */
	struct event *on_compare; /* it was read: a part of the links is compared */
	bool reads_table, reads_again;
	bool read_failed;      /* with the next look it is tried again */
	uint32_t compared;     /* the cursor */
	struct event *on_look; /* once a second */
	uint64_t n_table_full; /* dropped_table_full at the last look */
	unsigned int n_looks;
	uint64_t events_heard_us; /* all that conntrack said before that was heard */
	pthread_mutex_t cut_lock;
	struct pr_cut *cut;
	struct pr_tuple expected[PR_ENGINE_EXPECTED_MAX];
	_Atomic unsigned int n_expected;
	int queue_proc_fd;

	struct pr_rtnetlink *rtnetlink;
	struct pr_own_addresses own;
	struct event *on_addresses;
	int arp_fd, ipv6_fd; /* claims of addresses; -1 = none are heard */
	struct event *on_arp, *on_ipv6;
	struct pr_listener *listener;

	uint64_t n_names_kept; /* recorded when they were last given to the supervisor */
	uint64_t names_kept_us;

	void *policy_bytes;
	size_t policy_len;

	const struct pr_intel_set *intel; /* the engine's; NULL = none */
	void *intel_bytes;
	size_t intel_len;
};

/* Says why, and ends the process. */
_Noreturn void pr_engine_process_fail(struct pr_engine_process *process, const char *format, ...)
	PR_PRINTF(2, 3);
/* After any call of the engine outside of a worker: carries out verdicts that were held, and re-arms the
 * clock. */
void pr_engine_process_after(struct pr_engine_process *process);
/* What lasts at the start goes on: tells the supervisor so, now and then. */
void pr_engine_process_goes_on(struct pr_engine_process *process);

/* The control thread does what the ports wished, soon. From any thread. */
void pr_engine_wake(struct pr_engine_process *process);

/* ---- workers (engine_worker.c) ---- */
/* Binds the queues. 0, or an outcome of nfqueue.h, or -errno. */
PR_MUST_USE int pr_engine_workers_open(struct pr_engine_process *process);
/* The first time: packets are read from now on. */
void pr_engine_workers_start(struct pr_engine_process *process);
bool pr_engine_workers_alive(struct pr_engine_process *process, uint64_t now_us);
void pr_engine_workers_flush(struct pr_engine_process *process);

/* ---- ports (engine_ports.c) ---- */
struct pr_engine_ports pr_engine_process_ports(struct pr_engine_process *process);

/* ---- who (engine_who.c) ---- */
PR_MUST_USE int pr_engine_who_open(struct pr_engine_process *process);
enum pr_owner_outcome pr_engine_who(struct pr_engine_process *process,
				    const struct pr_intercepted *packet,
				    const struct pr_tuple *tuple, enum pr_direction direction,
				    uint64_t ticket, struct pr_process **ret_process);
/* What a client of the nameserver sent, by the kernel's table of links. */
bool pr_engine_who_before_nat(struct pr_engine_process *process, const struct pr_tuple *seen,
			      struct pr_tuple *ret_sent);
bool pr_engine_who_tracked(struct pr_engine_process *process, const struct pr_tuple *tuple);
/* What has become of a link, by the same. */
enum pr_attack_opened pr_engine_who_opened(struct pr_engine_process *process,
					   const struct pr_tuple *tuple, bool *ret_live);
/* PR_MESSAGE_PROCESS. */
void pr_engine_who_answered(struct pr_engine_process *process, const struct pr_message *message);
void pr_engine_who_exited(struct pr_engine_process *process, const struct pr_message *message);
/* Drops the processes that ended long ago, about once a second however often it is called. */
void pr_engine_who_expire(struct pr_engine_process *process, uint64_t now_us);
/* At the start, before the loop: asks and waits for the answer. NULL = not known. */
struct pr_process *pr_engine_who_wait(struct pr_engine_process *process,
				      const struct pr_owner *owner);

/* ---- links in the kernel (engine_links.c) ---- */
PR_MUST_USE int pr_engine_links_open(struct pr_engine_process *process);
void pr_engine_links_watch(struct pr_engine_process *process);
/* Carries out what the port `cut` put into the ring. */
void pr_engine_links_cut(struct pr_engine_process *process);
/* A denied packet of a forwarded link that is being cut: resets both ends. */
void pr_engine_links_denied(struct pr_engine_process *process, const struct pr_intercepted *packet);
/* ---- flows older than the daemon (engine_adopt.c) ---- */
void pr_engine_adopt_all(struct pr_engine_process *process);

/* ---- addresses of this namespace (engine_addresses.c) ---- */
PR_MUST_USE int pr_engine_addresses_open(struct pr_engine_process *process);
void pr_engine_addresses_watch(struct pr_engine_process *process);
/* ---- claims of addresses (engine_claims.c) ---- */
void pr_engine_claims_watch(struct pr_engine_process *process);
/* The default routes, anew. */
void pr_engine_claims_gateways(struct pr_engine_process *process);

bool pr_engine_is_own(const struct pr_engine_process *process, const struct pr_address *address);

/* ---- messages (engine_messages.c) ---- */
/* An event of ours, not of the engine's machine: from the control thread. */
void pr_engine_system_event(struct pr_engine_process *process, const struct pr_event *event);
/* One message of the supervisor. */
void pr_engine_supervisor_message(struct pr_engine_process *process, struct pr_message *message);
/* Reads what is there; ends the process when the supervisor is gone. */
void pr_engine_supervisor_read(struct pr_engine_process *process);

/* ---- names (engine_names.c) ---- */
/* Those of an earlier run, from the descriptor of the start. */
void pr_engine_names_restore(struct pr_engine_process *process);
/* Gives the supervisor what is known now: at once, or if any were recorded since and it is time. */
void pr_engine_names_keep(struct pr_engine_process *process, bool at_once);
void pr_engine_hosts_message(struct pr_engine_process *process, const struct pr_message *message);

/* ---- the set of lists (engine_intel.c) ---- */
/* The one that the start brought, if it did. */
void pr_engine_intel_restore(struct pr_engine_process *process);
/* PR_MESSAGE_INTEL_SET. */
void pr_engine_intel_message(struct pr_engine_process *process, const struct pr_message *message);
/* The query "intel". */
void pr_engine_intel_query(struct pr_engine_process *process, const struct pr_pairs *pairs,
			   uint64_t ticket);

/* ---- the tunnel (engine_tunnel_channel.c) ---- */
/* The ports `tunnel_open` and `tunnel_close`. */
bool pr_engine_tunnel_port_open(void *context, uint64_t link, const struct pr_tunnel_link *open);
void pr_engine_tunnel_port_close(void *context, uint64_t link);
/* Sends what the ports put into the ring. */
void pr_engine_tunnel_pour(struct pr_engine_process *process);
/* PR_MESSAGE_CHANNEL, with the tunnel. */
void pr_engine_tunnel_channel(struct pr_engine_process *process, struct pr_message *message);
/* Ends it where it does not read any more. */
void pr_engine_tunnel_look(struct pr_engine_process *process);
/* ---- its upstreams and its pool (engine_tunnel_upstreams.c) ---- */
/* Before the engine gets it. */
void pr_engine_tunnel_upstreams_policy(const struct pr_policy *policy);
/* PR_MESSAGE_TUNNEL_STATE. */
void pr_engine_tunnel_upstreams_state(const struct pr_message *message);
/* The tunnel is gone: nothing is known of them. */
void pr_engine_tunnel_upstreams_forget(void);
/* How it is with an upstream that something would go by: `tunnel_state` and what belongs to it. Borrows. */
void pr_engine_tunnel_upstreams_explain(struct pr_pairs *pairs, const char *upstream,
					bool direct_without, char since[PR_CLOCK_TEXT_SIZE]);
/* How many there are, how many of them are up, and what links they carry. */
unsigned int pr_engine_tunnel_upstreams_count(unsigned int *ret_up, uint64_t *ret_links);
/* PR_MESSAGE_TUNNEL_POOL. */
void pr_engine_tunnel_upstreams_pool(struct pr_engine_process *process,
				     const struct pr_message *message);
/* The query "tunnels". */
void pr_engine_tunnel_upstreams_query(struct pr_engine_process *process, uint64_t ticket);

/* ---- queries (engine_query.c) ---- */
void pr_engine_query_message(struct pr_engine_process *process, const struct pr_message *message);
void pr_engine_dns_query(struct pr_engine_process *process, const struct pr_pairs *pairs,
			 uint64_t ticket);
/* `intel-providers`; and what the resolver tells of them (engine_providers.c). */
void pr_engine_providers_query(struct pr_engine_process *process, const struct pr_pairs *query,
			       uint64_t ticket);
void pr_engine_provider_state(struct pr_engine_process *process, const struct pr_message *message);
/* An address, or the target of an alias; NULL: of another type. `text` holds PR_NAME_TEXT_SIZE bytes. */
const char *pr_engine_record_text(const uint8_t *answer, size_t len,
				  const struct pr_dns_record *record, char *text);
const char *pr_engine_rcode_name(unsigned int rcode);
/* `dns-answers`: what is kept of upstreams' answers. */
void pr_engine_answers_query(struct pr_engine_process *process, const struct pr_pairs *pairs,
			     uint64_t ticket);
/* Tells front the replies in the ring `answers`. */
void pr_engine_dns_answers(struct pr_engine_process *process);
/* Orders of the supervisor (engine_order.c). */
void pr_engine_order_message(struct pr_engine_process *process, const struct pr_message *message);
/* The port `reply` for a client that is a query: true when it was one. */
bool pr_engine_query_replied(struct pr_engine_process *process, uint64_t client,
			     const uint8_t *answer, size_t len);
