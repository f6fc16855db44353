/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nameserver/listener_private.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TIMER_S 1

uint64_t pr_pending_take(struct pr_listener *listener, const struct pr_pending *pending)
{
	struct pr_pending *slot;
	uint32_t index;

	if (listener->n_free_pending == 0)
		return 0;
	index = listener->free_pending[--listener->n_free_pending];
	slot = &listener->pending[index];
	*slot = *pending;
	slot->used = true;
	slot->generation = ++listener->generation ? listener->generation : ++listener->generation;
	return (uint64_t)slot->generation << 32 | index;
}

/* Takes the handle back; false where it is not one that is out. The lock is held. */
static bool give_back(struct pr_listener *listener, uint64_t client, struct pr_pending *ret_pending)
{
	uint32_t index = (uint32_t)client;
	struct pr_pending *slot;

	if (index >= PR_LISTENER_PENDING_MAX)
		return false;
	slot = &listener->pending[index];
	if (!slot->used || slot->generation != client >> 32)
		return false;
	*ret_pending = *slot;
	slot->used = false;
	listener->free_pending[listener->n_free_pending++] = index;
	return true;
}

void pr_listener_reply(struct pr_listener *listener, uint64_t client, const uint8_t *bytes,
		       size_t len)
{
	struct pr_pending pending;
	bool out, was_full;

	pthread_mutex_lock(&listener->lock);
	was_full = listener->n_free_pending == 0;
	out = give_back(listener, client, &pending);
	if (out && len)
		listener->counters.replies++;
	else if (out)
		listener->counters.unanswered++;
	if (out && pending.transport == PR_TRANSPORT_TCP)
		pr_tcp_reply(listener, &pending, bytes, len);
	if (out && was_full) /* connections were paused for want of handles */
		(void)eventfd_write(listener->wake_fd, 1);
	pthread_mutex_unlock(&listener->lock);
	if (out && len && pending.transport == PR_TRANSPORT_UDP)
		pr_udp_send(listener, &pending.peer, bytes, len);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	eventfd_t value;

	(void)what;
	(void)eventfd_read(fd, &value);
	pr_tcp_attend(context, false);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct pr_listener *listener = context;

	(void)fd;
	(void)what;
	pr_tcp_attend(listener, true);
	for (unsigned int i = 0; i < listener->n_sockets; i++) {
		if (!listener->sockets[i].paused)
			continue;
		listener->sockets[i].paused = false;
		event_add(listener->sockets[i].event, NULL);
	}
}

static int add_socket(struct pr_listener *listener, int fd)
{
	struct pr_listener_socket *socket = &listener->sockets[listener->n_sockets];
	struct sockaddr_in6 local;
	socklen_t len = sizeof(local), type_len = sizeof(int);
	int type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&local, &len) < 0)
		return -errno;
	*socket = (struct pr_listener_socket){ .listener = listener,
					       .fd = fd,
					       .index = (uint8_t)listener->n_sockets,
					       .tcp = type == SOCK_STREAM };
	(void)pr_address_from_sockaddr((struct sockaddr *)&local, &socket->port);
	socket->event = event_new(listener->base, fd, EV_READ | EV_PERSIST,
				  socket->tcp ? pr_tcp_acceptable : pr_udp_readable, socket);
	if (!socket->event)
		return -ENOMEM;
	listener->n_sockets++;
	return event_add(socket->event, NULL) < 0 ? -EIO : 0;
}

static int start(struct pr_listener *listener, const int *sockets, unsigned int n_sockets)
{
	const struct timeval second = { .tv_sec = TIMER_S };

	listener->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (listener->wake_fd < 0)
		return -errno;
	listener->wake = event_new(listener->base, listener->wake_fd, EV_READ | EV_PERSIST, on_wake,
				   listener);
	listener->timer = event_new(listener->base, -1, EV_PERSIST, on_timer, listener);
	if (!listener->wake || !listener->timer || event_add(listener->wake, NULL) < 0 ||
	    event_add(listener->timer, &second) < 0)
		return -ENOMEM;
	for (unsigned int i = 0; i < n_sockets; i++) {
		int r = add_socket(listener, sockets[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int pr_listener_new_take(struct event_base *base, const int *sockets, unsigned int n_sockets,
			 const struct pr_listener_ports *ports, struct pr_listener **ret_listener)
{
	struct pr_listener *listener = pr_calloc(1, sizeof(*listener));
	int r = n_sockets <= PR_LISTENER_SOCKETS_MAX ? 0 : -E2BIG;

	listener->base = base;
	listener->ports = *ports;
	listener->wake_fd = -1;
	listener->udp = pr_udp_batch_new();
	pthread_mutex_init(&listener->lock, NULL);
	pthread_mutex_init(&listener->reading, NULL);
	listener->pending = pr_calloc(PR_LISTENER_PENDING_MAX, sizeof(*listener->pending));
	listener->free_pending =
		pr_calloc(PR_LISTENER_PENDING_MAX, sizeof(*listener->free_pending));
	for (uint32_t i = 0; i < PR_LISTENER_PENDING_MAX; i++)
		listener->free_pending[i] = PR_LISTENER_PENDING_MAX - 1 - i;
	listener->n_free_pending = PR_LISTENER_PENDING_MAX;
	if (r == 0)
		r = start(listener, sockets, n_sockets);
	if (r < 0) {
		for (unsigned int i = listener->n_sockets; i < n_sockets; i++)
			close(sockets[i]);
		pr_listener_free(listener);
		return r;
	}
	*ret_listener = listener;
	return 0;
}

void pr_listener_free(struct pr_listener *listener)
{
	if (!listener)
		return;
	pr_tcp_close_all(listener);
	for (unsigned int i = 0; i < listener->n_sockets; i++) {
		event_free(listener->sockets[i].event);
		close(listener->sockets[i].fd);
	}
	if (listener->wake)
		event_free(listener->wake);
	if (listener->timer)
		event_free(listener->timer);
	if (listener->wake_fd >= 0)
		close(listener->wake_fd);
	pthread_mutex_destroy(&listener->lock);
	pthread_mutex_destroy(&listener->reading);
	pr_udp_batch_free(listener->udp);
	free(listener->pending);
	free(listener->free_pending);
	free(listener);
}

void pr_listener_counters(struct pr_listener *listener, struct pr_listener_counters *ret_counters)
{
	pthread_mutex_lock(&listener->lock);
	*ret_counters = listener->counters;
	pthread_mutex_unlock(&listener->lock);
}
