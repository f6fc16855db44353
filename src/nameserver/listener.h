/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The nameserver's sockets: questions in, replies out, over UDP and TCP, IPv4 and IPv6. It knows nothing of
 * what a question means. The sockets are opened by the supervisor (pr_listener_socket()) and passed in.
 *
 * A reply leaves from the very address that the question was sent to, on the interface that it came in on where
 * that matters (link-local). TCP: RFC 7766, many questions a connection, replies in any order.
 *
 * The loop's thread reads (pr_listener_read() in any); pr_listener_reply() may be called from any thread, also from within
 * `on_questions`, which is called without any lock of the listener held. Replies that are given there leave when it
 * returns, with one system call.
 */
#pragma once

#include "base/error.h"
#include "nameserver/question.h"

#include <event2/event.h>

/* Questions that are waiting for their reply. Beyond: dropped, counted (UDP); the connection is not read (TCP). */
#define PR_LISTENER_PENDING_MAX 16384u
/* Connections. Beyond: the one that is idle longest is closed; where none is idle, the one on which nothing has moved
 * for longest. */
#define PR_LISTENER_CONNECTIONS_MAX 256u
/* The same from one address (an application's many sockets), so that one peer cannot have them all. Loopback
 * addresses count as one each. */
#define PR_LISTENER_CONNECTIONS_PER_ADDRESS_MAX 128u
/* Questions of one connection that are waiting, and bytes of replies that its client does not read: it is not read
 * on until they are fewer. */
#define PR_LISTENER_PIPELINE_MAX 1024u
#define PR_LISTENER_BUFFERED_MAX (256u * 1024)
#define PR_LISTENER_IDLE_S \
	20u /* without a question or a reply on its way: closed (RFC 7766, 6.2.3) */
#define PR_LISTENER_SOCKETS_MAX 16u
#define PR_LISTENER_UDP_PER_READ \
	64u /* questions taken from one socket before the others get their turn */
/* It looks so long for the next question before it sleeps, where one came that soon after another. */
#define PR_LISTENER_LOOK_US 50u
/* Questions that pr_listener_read() takes from one socket: more than its buffer holds. Reached: more came meanwhile. */
#define PR_LISTENER_UDP_AT_ONCE 16384u

struct pr_listener;

struct pr_listener_ports {
	void *context;
	/* Those that came together, in this order; borrowed. */
	void (*on_questions)(void *context, const struct pr_asked *asked, unsigned int n);
	/* Whether the loop's thread may look for the next question while a processor would idle; after true `looked`
	 * follows soon. NULL: it never does. */
	bool (*may_look)(void *context);
	void (*looked)(void *context);
};

struct pr_listener_counters {
	uint64_t questions_udp, questions_tcp, replies, unanswered;
	uint64_t dropped_full, dropped_send, connections, connections_refused, connections_idle;
};

/* A socket as the listener wants it: non-blocking, close-on-exec, with the address of each packet; TCP listens.
 * `address` of family 4 or 6, all zero bytes = any; `ifindex` for link-local ones. The descriptor, or -errno. */
PR_MUST_USE int pr_listener_socket(const struct pr_address *address, uint16_t port,
				   uint32_t ifindex, enum pr_transport transport);

/* Takes the sockets (also on failure). */
PR_MUST_USE int pr_listener_new_take(struct event_base *base, const int *sockets,
				     unsigned int n_sockets, const struct pr_listener_ports *ports,
				     struct pr_listener **ret_listener);
void pr_listener_free(struct pr_listener *listener);

/* Reads all questions that came over UDP until now, and hands them on, in the calling thread. Not from within a port. */
void pr_listener_read(struct pr_listener *listener);

/* The reply to a question, truncated to what its transport takes beforehand (pr_questions does it). `len` 0: there
 * will be none. A handle that is gone (the client hung up) is ignored. */
void pr_listener_reply(struct pr_listener *listener, uint64_t client, const uint8_t *bytes,
		       size_t len);

void pr_listener_counters(struct pr_listener *listener, struct pr_listener_counters *ret_counters);
