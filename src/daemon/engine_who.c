/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who owns a packet: the kernel's maps and sock_diag by ourselves (kernel/owner.h), the process from the
 * cache, and what is not in it from the supervisor, while the packet waits.
 */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "daemon/spawn.h"
#include "kernel/sock_diag.h"
#include "process/codec.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MAX_MS   1000 /* for one answer at the start; then the flow's owner is unknown */
#define CACHE_LOOK_US 1000000

int pr_engine_who_open(struct pr_engine_process *process)
{
	struct pr_start *start = &process->start;
	int r;

	pthread_mutex_init(&process->who_lock, NULL);
	process->own_pid = getpid();
	process->parent_pid = getppid();
	process->finder.maps.sockets = pr_start_take_fd(start, "bpf-sockets");
	process->finder.maps.tuples = pr_start_take_fd(start, "bpf-tuples");
	process->finder.maps.foreign = pr_start_take_fd(start, "bpf-foreign");
	process->finder.diag_fd = pr_sock_diag_open();
	process->cache = pr_process_cache_new(0);
	if (process->finder.diag_fd < 0)
		return process->finder.diag_fd;
	if (!pr_pairs_number(&start->settings, "has_conntrack", 0))
		return 0;
	r = pr_conntrack_open(false, &process->before_nat);
	return r == PR_CONNTRACK_LACKING ? 0 : r;
}

bool pr_engine_who_before_nat(struct pr_engine_process *process, const struct pr_tuple *seen,
			      struct pr_tuple *ret_sent)
{
	/* As the answers to it go: NAT leaves no other trace of what it looked like here. */
	const struct pr_tuple answers = pr_tuple_reversed(seen);
	struct pr_conntrack_entry entry;
	int r = PR_CONNTRACK_NONE;

	pthread_mutex_lock(&process->who_lock);
	if (process->before_nat)
		r = pr_conntrack_find(process->before_nat, &answers, &entry);
	pthread_mutex_unlock(&process->who_lock);
	if (r != 0)
		return false;
	*ret_sent = entry.original;
	return true;
}

bool pr_engine_who_tracked(struct pr_engine_process *process, const struct pr_tuple *tuple)
{
	/* As it was sent, where NAT comes behind us; as its answers go, where it came before. */
	const struct pr_tuple answers = pr_tuple_reversed(tuple);
	struct pr_conntrack_entry entry;
	int r = PR_CONNTRACK_NONE;

	pthread_mutex_lock(&process->who_lock);
	if (process->before_nat)
		r = pr_conntrack_find(process->before_nat, tuple, &entry);
	if (process->before_nat && r == PR_CONNTRACK_NONE)
		r = pr_conntrack_find(process->before_nat, &answers, &entry);
	pthread_mutex_unlock(&process->who_lock);
	return r == 0;
}

/* Assured: the kernel saw the handshake end; of other protocols an answer is all that there is. */
enum pr_attack_opened pr_engine_who_opened(struct pr_engine_process *process,
					   const struct pr_tuple *tuple, bool *ret_live)
{
	const bool shakes_hands = tuple->proto == IPPROTO_TCP || tuple->proto == IPPROTO_SCTP;
	struct pr_conntrack_entry entry;
	int r = PR_CONNTRACK_NONE;

	*ret_live = false;
	pthread_mutex_lock(&process->who_lock);
	if (process->before_nat)
		r = pr_conntrack_find(process->before_nat, tuple, &entry);
	pthread_mutex_unlock(&process->who_lock);
	if (r != 0 || !(entry.status & IPS_SEEN_REPLY))
		return PR_OPENED_UNANSWERED;
	if (shakes_hands && !(entry.status & IPS_ASSURED))
		return PR_OPENED_HALF;
	*ret_live = tuple->proto != IPPROTO_TCP || entry.tcp_state == TCP_CONNTRACK_ESTABLISHED;
	return PR_OPENED_COMPLETED;
}

/* A free slot, or NULL. Called with who_lock held. */
static struct pr_engine_who *slot(struct pr_engine_process *process)
{
	if (process->n_who == PR_ENGINE_WHO_MAX) {
		process->n_who_full++;
		return NULL;
	}
	while (process->who[process->next_who % PR_ENGINE_WHO_MAX].used)
		process->next_who++;
	return &process->who[process->next_who++ % PR_ENGINE_WHO_MAX];
}

/* The ticket that goes to the supervisor: the slot, and a number that is never used twice. */
static uint64_t ticket_of(const struct pr_engine_process *process, const struct pr_engine_who *who)
{
	return who->serial * PR_ENGINE_WHO_MAX + (uint64_t)(who - process->who);
}

static struct pr_engine_who *note(struct pr_engine_process *process, const struct pr_owner *owner,
				  uint64_t ticket, bool waited_for)
{
	struct pr_engine_who *who = slot(process);

	if (!who)
		return NULL;
	*who = (struct pr_engine_who){ .used = true,
				       .waited_for = waited_for,
				       .ticket = ticket,
				       .serial = ++process->who_serial,
				       .owner = *owner };
	process->n_who++;
	return who;
}

static void forget(struct pr_engine_process *process, struct pr_engine_who *who)
{
	who->used = false;
	process->n_who--;
}

static enum pr_owner_outcome ask(struct pr_engine_process *process, const struct pr_owner *owner,
				 uint64_t ticket)
{
	struct pr_engine_who *who = note(process, owner, ticket, false);
	uint8_t body[PR_OWNER_CODE_SIZE];

	if (!who)
		return PR_OWNER_BUSY;
	pr_owner_encode(owner, body);
	if (pr_ring_put(process->requests, PR_MESSAGE_WHO, ticket_of(process, who), body,
			sizeof(body)))
		return PR_OWNER_WAIT;
	forget(process, who);
	process->n_who_full++;
	return PR_OWNER_BUSY;
}

static bool is_our_pid(const struct pr_engine_process *process, pid_t pid)
{
	return pid == process->resolver_pid || pid == process->front_pid ||
	       pid == process->tunnel_pid || pid == process->own_pid;
}

static bool is_ours(const struct pr_engine_process *process, const struct pr_owner *owner)
{
	return owner->pid && !owner->foreign && is_our_pid(process, (pid_t)owner->pid);
}

/* Without BPF a raw socket is found by its protocol alone, and ours, that sends resets, is found where the one
 * that sent has gone. What nobody's socket is known to have sent is never ours. */
static bool is_taken_for_ours(const struct pr_engine_process *process,
			      const struct pr_engine_who *who, const struct pr_process *answer)
{
	return answer && !who->owner.inode && !who->owner.cookie && !answer->foreign_namespace &&
	       is_our_pid(process, answer->pid);
}

static enum pr_owner_outcome find(struct pr_engine_process *process, const struct pr_owner *owner,
				  uint64_t ticket, struct pr_process **ret_process)
{
	struct pr_process *known;

	if (is_ours(process, owner))
		return PR_OWNER_SELF;
	known = pr_process_cache_find(process->cache, owner, pr_clock_monotonic_us());
	if (!known)
		return ask(process, owner, ticket);
	*ret_process = pr_process_reference(known);
	return PR_OWNER_KNOWN;
}

/* Without a packet it is a question's client that is asked for. */
static int look_up(struct pr_engine_process *process, const struct pr_intercepted *packet,
		   const struct pr_tuple *tuple, enum pr_direction direction,
		   struct pr_owner *ret_owner)
{
	uint32_t ifindex;

	if (!packet && direction == PR_DIRECTION_OUT)
		return pr_owner_lookup_client(&process->finder, tuple, ret_owner);
	ifindex = !packet			  ? 0
		  : direction == PR_DIRECTION_OUT ? packet->out_ifindex
						  : packet->in_ifindex;
	return pr_owner_lookup(&process->finder, tuple, direction, ifindex, ret_owner);
}

/* An ICMP message that goes out without a socket that has a file: all that programs send with have one. BPF
 * would say the same; sock_diag and /proc can't tell. */
static bool is_kernels(const struct pr_intercepted *packet, const struct pr_tuple *tuple,
		       enum pr_direction direction)
{
	return packet && direction == PR_DIRECTION_OUT && packet->hook == PR_HOOK_OUTPUT &&
	       packet->uid == UINT32_MAX &&
	       (tuple->proto == IPPROTO_ICMP || tuple->proto == IPPROTO_ICMPV6);
}

enum pr_owner_outcome pr_engine_who(struct pr_engine_process *process,
				    const struct pr_intercepted *packet,
				    const struct pr_tuple *tuple, enum pr_direction direction,
				    uint64_t ticket, struct pr_process **ret_process)
{
	enum pr_owner_outcome outcome = PR_OWNER_NONE;
	struct pr_owner owner;

	if (is_kernels(packet, tuple, direction))
		return PR_OWNER_KERNEL;
	pthread_mutex_lock(&process->who_lock);
	switch (look_up(process, packet, tuple, direction, &owner)) {
	case PR_OWNER_FOUND:
	case PR_OWNER_ASK:
		outcome = find(process, &owner, ticket, ret_process);
		break;
	case PR_OWNER_OF_KERNEL:
		outcome = PR_OWNER_KERNEL;
		break;
	default:
		break;
	}
	pthread_mutex_unlock(&process->who_lock);
	return outcome;
}

/* Under who_lock: what was asked for with this ticket; the slot is free again. */
static bool take_who(struct pr_engine_process *process, uint64_t ticket,
		     struct pr_engine_who *ret_who)
{
	struct pr_engine_who *who = &process->who[ticket % PR_ENGINE_WHO_MAX];

	if (!who->used || who->serial != ticket / PR_ENGINE_WHO_MAX)
		return false;
	*ret_who = *who;
	forget(process, who);
	return true;
}

void pr_engine_who_answered(struct pr_engine_process *process, const struct pr_message *message)
{
	uint64_t now_us = pr_clock_monotonic_us();
	enum pr_owner_outcome outcome = PR_OWNER_NONE;
	struct pr_process *answer = NULL;
	struct pr_engine_who who;
	bool known;

	if (message->len && pr_process_decode(message->body, message->len, &answer) < 0)
		return;
	pthread_mutex_lock(&process->who_lock);
	known = take_who(process, message->ticket, &who);
	if (known && is_taken_for_ours(process, &who, answer))
		pr_process_release(PR_TAKE_PTR(answer));
	if (known && answer)
		pr_process_cache_insert(process->cache, &who.owner, answer, now_us);
	pthread_mutex_unlock(&process->who_lock);
	if (!known) {
		pr_process_release(answer);
		return;
	}
	if (who.waited_for) {
		process->waited = answer;
		return;
	}
	if (answer && !answer->foreign_namespace && is_our_pid(process, answer->pid)) {
		pr_process_release(PR_TAKE_PTR(answer));
		outcome = PR_OWNER_SELF;
	} else if (answer) {
		outcome = PR_OWNER_KNOWN;
	}
	pr_engine_owner_known(process->engine, who.ticket, outcome, answer, now_us);
	pr_engine_process_after(process);
}

void pr_engine_who_exited(struct pr_engine_process *process, const struct pr_message *message)
{
	struct pr_reader reader = pr_reader(message->body, message->len);
	uint32_t pid = pr_read_u32(&reader);
	uint64_t start_time = pr_read_u64(&reader);

	pthread_mutex_lock(&process->who_lock);
	pr_process_cache_exited(process->cache, pid, start_time, pr_clock_monotonic_us());
	pthread_mutex_unlock(&process->who_lock);
}

void pr_engine_who_expire(struct pr_engine_process *process, uint64_t now_us)
{
	if (now_us - process->cache_looked_us < CACHE_LOOK_US)
		return;
	process->cache_looked_us = now_us;
	pthread_mutex_lock(&process->who_lock);
	pr_process_cache_expire(process->cache, now_us);
	pthread_mutex_unlock(&process->who_lock);
}

static struct pr_process *cached(struct pr_engine_process *process, const struct pr_owner *owner)
{
	struct pr_process *known;

	pthread_mutex_lock(&process->who_lock);
	known = pr_process_cache_find(process->cache, owner, pr_clock_monotonic_us());
	if (known)
		known = pr_process_reference(known);
	pthread_mutex_unlock(&process->who_lock);
	return known;
}

struct pr_process *pr_engine_who_wait(struct pr_engine_process *process,
				      const struct pr_owner *owner)
{
	uint64_t deadline_us = pr_clock_monotonic_us() + WAIT_MAX_MS * 1000ull;
	struct pr_process *known = cached(process, owner);
	struct pollfd readable = { .fd = PR_SPAWN_CHANNEL_FD, .events = POLLIN };
	struct pr_engine_who *who;
	uint8_t body[PR_OWNER_CODE_SIZE];
	uint64_t serial;

	if (known)
		return known;
	pthread_mutex_lock(&process->who_lock);
	who = note(process, owner, 0, true);
	pthread_mutex_unlock(&process->who_lock);
	if (!who)
		return NULL;
	serial = who->serial;
	pr_owner_encode(owner, body);
	if (!pr_outbox_send(process->to_supervisor, PR_MESSAGE_WHO, ticket_of(process, who), body,
			    sizeof(body)))
		return NULL;
	while (who->used && who->serial == serial && pr_clock_monotonic_us() < deadline_us) {
		(void)poll(&readable, 1, WAIT_MAX_MS);
		pr_engine_supervisor_read(process);
	}
	return PR_TAKE_PTR(process->waited);
}
