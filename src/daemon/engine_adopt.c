/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flows that are older than this process. Who opened one is told by the sockets: a socket with a peer whose
 * local port somebody listens on was called, any other one called. Conntrack's "original" direction is that
 * of the first packet that it happened to see, so it is asked only for what has no socket here (forwarded
 * links, unconnected UDP). Runs before the rules are in force, within PR_ADOPT_MAX_MS.
 *
 * Where they are in force already, because it is the engine alone that begins again or because the daemon before left them, a
 * socket is no proof of a flow: it may have
 * been made since, and its first packet may wait in the queue, or have been dropped. There it takes a TCP connection that
 * was established, or an entry of conntrack's, which only what has passed gets.
 *
 * What was rerouted has two ends here, the one that opened it and a socket of ours: that one is no link of its own. Opened in
 * another namespace it has ours alone, and is told by conntrack.
 */
#include "daemon/engine_process.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/index.h"
#include "base/log.h"
#include "kernel/mark.h"
#include "kernel/sock_diag.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <string.h>

#define PR_ADOPT_MAX_MS	     5000   /* then the rest is adopted without an owner */
#define PR_ADOPT_SOCKETS_MAX 131072 /* more flows are met by their next packet */

#define A_FEW		     1024 /* flows that are adopted within milliseconds */

/* linux/tcp_states.h */
#define STATE_SYN_SENT	2
#define STATE_SYN_RECV	3
#define STATE_TIME_WAIT 6
#define STATE_CLOSE	7

/* A flow that conntrack knows. */
struct known {
	struct pr_tuple tuple, seen; /* `seen` by who was called: behind NAT */
	struct pr_mark_fields mark;
	bool to_nameserver; /* ours, by NAT */
};

struct adoption {
	struct pr_engine_process *process;
	struct known *known;
	size_t n_known;
	struct pr_index known_by_tuple; /* as first seen */
	struct pr_index rerouted;	/* by `seen` */
	bool guarded;			/* the rules are in force */
	struct pr_socket *sockets;
	size_t n_sockets;
	struct pr_index by_port;  /* listeners */
	struct pr_index by_tuple; /* sockets with a peer */
	uint64_t deadline_us;
	size_t n_adopted;
};

static uint64_t port_hash(uint8_t proto, uint16_t port)
{
	const uint32_t key = (uint32_t)proto << 16 | port;

	return pr_hash(&key, sizeof(key));
}

static bool collect(void *context, const struct pr_socket *socket)
{
	struct adoption *adoption = context;

	if (adoption->n_sockets == PR_ADOPT_SOCKETS_MAX)
		return false;
	if (adoption->n_sockets % A_FEW == 0)
		pr_engine_process_goes_on(adoption->process);
	if (adoption->n_sockets % 1024 == 0)
		adoption->sockets = pr_realloc(adoption->sockets, adoption->n_sockets + 1024,
					       sizeof(*adoption->sockets));
	if (socket->listener)
		pr_index_insert(&adoption->by_port,
				port_hash(socket->tuple.proto, socket->tuple.src_port),
				(uint32_t)adoption->n_sockets);
	else
		pr_index_insert(&adoption->by_tuple, pr_tuple_hash(&socket->tuple),
				(uint32_t)adoption->n_sockets);
	adoption->sockets[adoption->n_sockets++] = *socket;
	return true;
}

static const struct pr_socket *listener_on(const struct adoption *adoption, uint8_t proto,
					   const struct pr_address *address, uint16_t port)
{
	static const struct pr_address none;

	for (struct pr_index_walk walk = pr_index_find(&adoption->by_port, port_hash(proto, port));
	     pr_index_next(&adoption->by_port, &walk);) {
		const struct pr_socket *socket = &adoption->sockets[walk.value];
		const struct pr_address *bound = &socket->tuple.src;
		bool any = memcmp(bound->bytes, none.bytes, sizeof(none.bytes)) == 0;

		if (socket->tuple.proto == proto && socket->tuple.src_port == port &&
		    (any || pr_address_equal(bound, address)))
			return socket;
	}
	return NULL;
}

static bool has_socket(const struct adoption *adoption, const struct pr_tuple *local_view)
{
	for (struct pr_index_walk walk =
		     pr_index_find(&adoption->by_tuple, pr_tuple_hash(local_view));
	     pr_index_next(&adoption->by_tuple, &walk);)
		if (pr_tuple_equal(&adoption->sockets[walk.value].tuple, local_view))
			return true;
	return false;
}

/* Our siblings' are our own. Their channels come later, so that they are told by the parent that we have in common. */
static enum pr_owner_outcome owner_of(struct adoption *adoption, const struct pr_socket *socket,
				      struct pr_process **ret_process)
{
	struct pr_engine_process *process = adoption->process;
	struct pr_process *who;
	struct pr_owner owner;
	int outcome = pr_owner_of_cookie(&process->finder, socket->cookie, socket->inode,
					 socket->uid, &owner);

	if (outcome == PR_OWNER_OF_KERNEL)
		return PR_OWNER_KERNEL;
	if (outcome != PR_OWNER_FOUND && outcome != PR_OWNER_ASK)
		return PR_OWNER_NONE;
	if (pr_clock_monotonic_us() > adoption->deadline_us)
		return PR_OWNER_NONE;
	who = pr_engine_who_wait(process, &owner);
	if (who && who->n_parents && who->parents[0].pid == process->parent_pid &&
	    !who->foreign_namespace) {
		pr_process_release(who);
		return PR_OWNER_SELF;
	}
	*ret_process = who;
	return who ? PR_OWNER_KNOWN : PR_OWNER_NONE;
}

static bool is_port_of_ours(const struct adoption *adoption, const struct pr_conntrack_entry *entry,
			    const char *name4, const char *name6)
{
	const struct pr_pairs *settings = &adoption->process->start.settings;

	return entry->status & IPS_DST_NAT &&
	       entry->reply.src_port ==
		       pr_pairs_number(settings, entry->reply.src.family == 4 ? name4 : name6, 0);
}

/* Marks may be gone, of what an earlier daemon rerouted; NAT isn't. */
static bool is_rerouted(const struct adoption *adoption, const struct pr_conntrack_entry *entry,
			struct pr_mark_fields mark)
{
	return mark.out == PR_MARK_OUT_NAMESERVER || mark.out == PR_MARK_OUT_TUNNEL ||
	       is_port_of_ours(adoption, entry, "nameserver_port4", "nameserver_port6") ||
	       is_port_of_ours(adoption, entry, "tunnel_port4", "tunnel_port6");
}

static void note_known(void *context, const struct pr_conntrack_entry *entry)
{
	struct adoption *adoption = context;
	const struct pr_mark_fields mark =
		pr_mark_link_read(adoption->process->mark_mask, entry->mark);

	if (adoption->n_known % A_FEW == 0)
		pr_engine_process_goes_on(adoption->process);
	if (adoption->n_known % 1024 == 0)
		adoption->known = pr_realloc(adoption->known, adoption->n_known + 1024,
					     sizeof(*adoption->known));
	pr_index_insert(&adoption->known_by_tuple, pr_tuple_hash(&entry->original),
			(uint32_t)adoption->n_known);
	if (is_rerouted(adoption, entry, mark))
		pr_index_insert(&adoption->rerouted, pr_tuple_hash(&entry->reply),
				(uint32_t)adoption->n_known);
	adoption->known[adoption->n_known++] =
		(struct known){ entry->original, entry->reply, mark,
				is_port_of_ours(adoption, entry, "nameserver_port4",
						"nameserver_port6") };
}

/* Our own end of what was rerouted. */
static bool is_end_of_ours(const struct adoption *adoption, const struct pr_tuple *socket)
{
	for (struct pr_index_walk walk = pr_index_find(&adoption->rerouted, pr_tuple_hash(socket));
	     pr_index_next(&adoption->rerouted, &walk);)
		if (pr_tuple_equal(&adoption->known[walk.value].seen, socket))
			return true;
	return false;
}

/* NULL = none. */
static const struct known *known_of(const struct adoption *adoption, const struct pr_tuple *tuple)
{
	for (struct pr_index_walk walk =
		     pr_index_find(&adoption->known_by_tuple, pr_tuple_hash(tuple));
	     pr_index_next(&adoption->known_by_tuple, &walk);)
		if (pr_tuple_equal(&adoption->known[walk.value].tuple, tuple))
			return &adoption->known[walk.value];
	return NULL;
}

/* A connection that is over but for what the kernel remembers of it. Whoever uses its ports next is another. */
static bool is_over(const struct pr_socket *socket)
{
	return socket->tuple.proto == IPPROTO_TCP &&
	       (socket->state == STATE_TIME_WAIT || socket->state == STATE_CLOSE);
}

static bool is_entry_over(const struct pr_conntrack_entry *entry)
{
	return entry->original.proto == IPPROTO_TCP &&
	       (entry->tcp_state == TCP_CONNTRACK_TIME_WAIT ||
		entry->tcp_state == TCP_CONNTRACK_CLOSE);
}

/* Has something of it passed? */
static bool is_flow(const struct adoption *adoption, const struct pr_socket *socket)
{
	const struct pr_tuple called = pr_tuple_reversed(&socket->tuple);

	if (!adoption->guarded)
		return true;
	if (socket->tuple.proto == IPPROTO_TCP && socket->state != STATE_SYN_SENT &&
	    socket->state != STATE_SYN_RECV)
		return true;
	return known_of(adoption, &socket->tuple) || known_of(adoption, &called);
}

static bool is_refused_or_open(const struct pr_mark_fields *mark)
{
	return mark->out == PR_MARK_OUT_NONE || mark->out == PR_MARK_OUT_BLOCK ||
	       mark->out == PR_MARK_OUT_DROP ||
	       (mark->out == PR_MARK_OUT_TUNNEL && mark->in == PR_MARK_ENTRY_QUEUED);
}

static void adopt(struct adoption *adoption, struct pr_engine_adopted *flow)
{
	const struct known *known = known_of(adoption, &flow->tuple);

	/* the mark says that it began under guard */
	if (known && known->mark.generation)
		flow->undecided = flow->direction == PR_DIRECTION_IN
					  ? known->mark.in != PR_MARK_IN_ACCEPT
					  : is_refused_or_open(&known->mark);
	flow->to_nameserver = known && known->to_nameserver && flow->direction == PR_DIRECTION_OUT;
	pr_engine_adopt(adoption->process->engine, flow, pr_clock_monotonic_us());
	if (++adoption->n_adopted % A_FEW == 0)
		pr_engine_process_goes_on(adoption->process);
}

static bool is_known_own(const struct adoption *adoption, const struct pr_engine_adopted *flow)
{
	const struct known *known = known_of(adoption, &flow->tuple);

	return known && known->mark.out == PR_MARK_OUT_OWN && flow->direction == PR_DIRECTION_OUT;
}

static void adopt_socket(struct adoption *adoption, const struct pr_socket *socket)
{
	struct pr_engine_adopted flow = { .tuple = socket->tuple, .direction = PR_DIRECTION_OUT };

	if (socket->tuple.proto == IPPROTO_TCP &&
	    listener_on(adoption, socket->tuple.proto, &socket->tuple.src,
			socket->tuple.src_port)) {
		flow.tuple = pr_tuple_reversed(&socket->tuple);
		flow.direction = PR_DIRECTION_IN;
	}
	/* What the kernel lets our own sockets do is no link that anybody sees. */
	if (is_known_own(adoption, &flow))
		return;
	flow.owner = owner_of(adoption, socket, &flow.process);
	adopt(adoption, &flow);
}

static void adopt_entry(void *context, const struct pr_conntrack_entry *entry)
{
	struct adoption *adoption = context;
	const struct pr_tuple *original = &entry->original;
	const struct pr_tuple called = pr_tuple_reversed(original);
	const struct pr_mark_fields mark =
		pr_mark_link_read(adoption->process->mark_mask, entry->mark);
	struct pr_engine_adopted flow = { .tuple = *original,
					  .direction = PR_DIRECTION_FORWARD,
					  .owner = PR_OWNER_NONE };
	const struct pr_socket *socket = NULL;

	if (is_entry_over(entry))
		return;
	if (mark.out == PR_MARK_OUT_TUNNEL && !pr_engine_is_own(adoption->process, &original->src))
		return adopt(adoption, &flow);
	if (has_socket(adoption, original) || has_socket(adoption, &called) ||
	    has_socket(adoption, &entry->reply))
		return;
	if (original->proto == IPPROTO_UDP) {
		socket = listener_on(adoption, original->proto, &original->src, original->src_port);
		flow.direction = socket ? PR_DIRECTION_OUT : flow.direction;
	}
	if (!socket && original->proto == IPPROTO_UDP) {
		socket = listener_on(adoption, original->proto, &entry->reply.src,
				     entry->reply.src_port);
		flow.direction = socket ? PR_DIRECTION_IN : flow.direction;
	}
	/* Without a socket only what lies between others is known for sure. */
	if (!socket && (pr_engine_is_own(adoption->process, &original->src) ||
			pr_engine_is_own(adoption->process, &entry->reply.src)))
		return;
	if (socket)
		flow.owner = owner_of(adoption, socket, &flow.process);
	adopt(adoption, &flow);
}

void pr_engine_adopt_all(struct pr_engine_process *process)
{
	struct adoption adoption = {
		.process = process,
		.deadline_us = pr_clock_monotonic_us() + PR_ADOPT_MAX_MS * 1000ull,
		.guarded = pr_pairs_number(&process->start.settings, "guarded", 0) != 0,
	};

	pr_index_init(&adoption.by_port, 256);
	pr_index_init(&adoption.by_tuple, 1024);
	pr_index_init(&adoption.known_by_tuple, 256);
	pr_index_init(&adoption.rerouted, 256);
	if (process->conntrack && pr_conntrack_dump(process->conntrack, note_known, &adoption))
		pr_log(PR_LOG_WARNING, "not-adopted", "what=marks");
	if (pr_sock_diag_dump(process->finder.diag_fd, collect, &adoption) < 0)
		pr_log(PR_LOG_WARNING, "not-adopted", "what=sockets");
	for (size_t i = 0; i < adoption.n_sockets; i++)
		if (!adoption.sockets[i].listener && adoption.sockets[i].tuple.dst_port &&
		    !is_end_of_ours(&adoption, &adoption.sockets[i].tuple) &&
		    !is_over(&adoption.sockets[i]) && is_flow(&adoption, &adoption.sockets[i]))
			adopt_socket(&adoption, &adoption.sockets[i]);
	if (process->conntrack && pr_conntrack_dump(process->conntrack, adopt_entry, &adoption))
		pr_log(PR_LOG_WARNING, "not-adopted", "what=links-without-a-socket");
	pr_log(PR_LOG_INFO, "adopted", "flows=%zu sockets=%zu", adoption.n_adopted,
	       adoption.n_sockets);
	free(adoption.sockets);
	free(adoption.known);
	pr_index_done(&adoption.known_by_tuple);
	pr_index_done(&adoption.rerouted);
	pr_index_done(&adoption.by_port);
	pr_index_done(&adoption.by_tuple);
}
