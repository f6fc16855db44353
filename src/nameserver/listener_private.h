/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the listener's files share: its sockets, the handles of clients that wait for a reply, its connections. Of
 * the room itself. */
#pragma once

#include "nameserver/listener.h"

#include <event2/buffer.h>
#include <pthread.h>
#include <sys/socket.h>

/* A UDP client, and how a reply gets back to it. */
struct pr_udp_peer {
	struct sockaddr_in6 sockaddr; /* or an in */
	struct in6_pktinfo local;     /* IPv4: mapped */
	uint8_t socket;
};

/* A handle: its slot in the low half, its generation in the upper one. */
struct pr_pending {
	uint32_t generation;
	bool used;
	enum pr_transport transport;
	struct pr_udp_peer peer;    /* UDP */
	uint32_t connection;	    /* TCP: its slot … */
	uint64_t connection_number; /* … and which one it was */
};

struct pr_connection {
	struct pr_listener *listener;
	uint32_t slot;
	uint64_t number; /* never reused */
	int fd;
	struct event *readable, *writable; /* the loop's thread only */
	struct pr_asker asker;
	uint64_t active_us; /* a whole question came, or a reply went */
	uint32_t n_pending;
	bool paused, eof, broken;
	struct evbuffer *out;
	size_t in_len; /* the loop's thread only, as is what follows */
	uint8_t in[2 + PR_DNS_QUESTION_MAX];
};

struct pr_listener_socket {
	struct pr_listener *listener;
	int fd;
	uint8_t index;
	uint16_t port;
	bool tcp, paused;
	uint64_t read_us; /* UDP: when it was last found empty */
	struct event *event;
};

struct pr_udp_batch; /* udp.c */

struct pr_listener {
	struct event_base *base;
	struct pr_listener_ports ports;
	struct pr_listener_socket sockets[PR_LISTENER_SOCKETS_MAX];
	unsigned int n_sockets;
	struct event *timer;
	int wake_fd; /* a reply of another thread left something for the loop to do */
	struct event *wake;
	pthread_mutex_t reading; /* taken before `lock`: of UDP's sockets, and of: */
	struct pr_udp_batch *udp;

	pthread_mutex_t lock; /* all below; never held while a port is called */
	struct pr_pending *pending;
	uint32_t *free_pending;
	uint32_t n_free_pending, generation;
	struct pr_connection *connections[PR_LISTENER_CONNECTIONS_MAX];
	uint64_t n_accepted;
	struct pr_listener_counters counters;
};

/* A handle for a question; the lock is held. 0 where all are in use. */
uint64_t pr_pending_take(struct pr_listener *listener, const struct pr_pending *pending);

struct pr_udp_batch *pr_udp_batch_new(void);
void pr_udp_batch_free(struct pr_udp_batch *batch); /* takes NULL */
void pr_udp_readable(evutil_socket_t fd, short what, void *socket);
void pr_udp_send(struct pr_listener *listener, const struct pr_udp_peer *peer, const uint8_t *bytes,
		 size_t len);

void pr_tcp_acceptable(evutil_socket_t fd, short what, void *socket);
/* A reply, or none; the lock is held. */
void pr_tcp_reply(struct pr_listener *listener, const struct pr_pending *pending,
		  const uint8_t *bytes, size_t len);
/* What replies left to do, for every connection; and the idle ones, where `idle`. The loop's thread, without the
 * lock. */
void pr_tcp_attend(struct pr_listener *listener, bool idle);
void pr_tcp_close_all(struct pr_listener *listener);
