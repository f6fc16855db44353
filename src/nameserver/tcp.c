/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TCP (RFC 7766). Events, reading and closing belong to the loop's thread; a reply of any thread is written at once
 * under the lock, and what the kernel does not take at once is left to the loop. A connection that may not be
 * read on (too many questions or bytes outstanding) is paused; what was read of it stays in its buffer.
 */
#include "nameserver/listener_private.h"

#include "base/clock.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PREFIX_LEN 2
#define S_US	   1000000u

static void close_connection(struct pr_connection *connection)
{
	struct pr_listener *listener = connection->listener;

	event_free(connection->readable);
	event_free(connection->writable);
	pthread_mutex_lock(&listener->lock);
	listener->connections[connection->slot] = NULL;
	close(connection->fd);
	pthread_mutex_unlock(&listener->lock);
	evbuffer_free(connection->out);
	free(connection);
}

static bool is_idle(const struct pr_connection *connection)
{
	return connection->n_pending == 0 && evbuffer_get_length(connection->out) == 0;
}

/* May one more of its questions be taken up? */
static bool has_room(const struct pr_connection *connection)
{
	return !connection->broken && connection->n_pending < PR_LISTENER_PIPELINE_MAX &&
	       evbuffer_get_length(connection->out) < PR_LISTENER_BUFFERED_MAX &&
	       connection->listener->n_free_pending > 0;
}

/* The next whole question in the buffer at `position`. 0: there is none yet. -EMSGSIZE: none that we take. */
static int next_question(const struct pr_connection *connection, size_t position, size_t *ret_len)
{
	size_t len;

	if (connection->in_len - position < PREFIX_LEN)
		return 0;
	len = (size_t)connection->in[position] << 8 | connection->in[position + 1];
	if (len < PR_DNS_HEADER_LEN || len > PR_DNS_QUESTION_MAX)
		return -EMSGSIZE;
	if (connection->in_len - position < PREFIX_LEN + len)
		return 0;
	*ret_len = len;
	return 1;
}

/* A handle for one more question; 0 = pause. */
static uint64_t take_handle(struct pr_connection *connection)
{
	struct pr_listener *listener = connection->listener;
	struct pr_pending pending = { .transport = PR_TRANSPORT_TCP,
				      .connection = connection->slot,
				      .connection_number = connection->number };
	uint64_t handle = 0;

	pthread_mutex_lock(&listener->lock);
	if (has_room(connection))
		handle = pr_pending_take(listener, &pending);
	if (handle) {
		connection->n_pending++;
		connection->active_us = pr_clock_monotonic_us();
		listener->counters.questions_tcp++;
	} else {
		connection->paused = true;
	}
	pthread_mutex_unlock(&listener->lock);
	return handle;
}

/* Hands on what is whole in the buffer. False where the client sent what is no question. */
static bool take_questions(struct pr_connection *connection)
{
	size_t position = 0, len;
	int r;

	while ((r = next_question(connection, position, &len)) > 0) {
		struct pr_listener *listener = connection->listener;
		struct pr_asked asked = { connection->asker, connection->in + position + PREFIX_LEN,
					  len };

		asked.asker.client = take_handle(connection);
		if (!asked.asker.client)
			break;
		listener->ports.on_questions(listener->ports.context, &asked, 1);
		position += PREFIX_LEN + len;
	}
	connection->in_len -= position;
	memmove(connection->in, connection->in + position, connection->in_len);
	return r >= 0;
}

/* After anything that changed the connection: which events it wants, and whether it ends. The loop's thread. */
static void settle(struct pr_connection *connection)
{
	struct pr_listener *listener = connection->listener;
	bool ends, room, writes;

	pthread_mutex_lock(&listener->lock);
	room = has_room(connection);
	/* a question waits in the buffer, and meanwhile there is room: no event would tell */
	if (connection->paused && room)
		(void)eventfd_write(listener->wake_fd, 1);
	connection->paused = connection->paused || !room;
	ends = connection->broken ||
	       (connection->eof && !connection->paused && is_idle(connection));
	writes = evbuffer_get_length(connection->out) > 0;
	pthread_mutex_unlock(&listener->lock);
	if (ends) {
		close_connection(connection);
		return;
	}
	if (!connection->paused && !connection->eof)
		event_add(connection->readable, NULL);
	else
		event_del(connection->readable);
	if (writes)
		event_add(connection->writable, NULL);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct pr_connection *connection = context;
	bool broken = false;
	ssize_t n = -1;

	(void)what;
	if (connection->in_len < sizeof(connection->in)) {
		n = recv(fd, connection->in + connection->in_len,
			 sizeof(connection->in) - connection->in_len, MSG_DONTWAIT);
		broken = n < 0 && errno != EAGAIN && errno != EINTR;
	}
	if (n > 0)
		connection->in_len += (size_t)n;
	broken = !take_questions(connection) || broken;
	pthread_mutex_lock(&connection->listener->lock);
	connection->eof = connection->eof || n == 0;
	connection->broken = connection->broken || broken;
	pthread_mutex_unlock(&connection->listener->lock);
	settle(connection);
}

/* Writes what waits; the lock is held. */
static void flush(struct pr_connection *connection)
{
	int n = evbuffer_write(connection->out, connection->fd);

	if (n > 0)
		connection->active_us = pr_clock_monotonic_us();
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		connection->broken = true;
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct pr_connection *connection = context;

	(void)fd;
	(void)what;
	pthread_mutex_lock(&connection->listener->lock);
	flush(connection);
	pthread_mutex_unlock(&connection->listener->lock);
	settle(connection);
}

void pr_tcp_reply(struct pr_listener *listener, const struct pr_pending *pending,
		  const uint8_t *bytes, size_t len)
{
	struct pr_connection *connection = listener->connections[pending->connection];
	uint8_t prefix[PREFIX_LEN] = { (uint8_t)(len >> 8), (uint8_t)len };
	bool was_empty;

	if (!connection || connection->number != pending->connection_number)
		return;
	connection->n_pending--;
	connection->active_us = pr_clock_monotonic_us();
	if (len && !connection->broken) {
		was_empty = evbuffer_get_length(connection->out) == 0;
		evbuffer_add(connection->out, prefix, sizeof(prefix));
		evbuffer_add(connection->out, bytes, len);
		if (was_empty)
			flush(connection);
	}
	if (connection->paused || connection->broken || connection->eof ||
	    evbuffer_get_length(connection->out))
		(void)eventfd_write(listener->wake_fd, 1);
}

void pr_tcp_attend(struct pr_listener *listener, bool idle)
{
	uint64_t now_us = pr_clock_monotonic_us();

	for (unsigned int i = 0; i < PR_LISTENER_CONNECTIONS_MAX; i++) {
		struct pr_connection *connection = listener->connections[i];
		bool ends, resumes;

		if (!connection)
			continue;
		pthread_mutex_lock(&listener->lock);
		ends = idle && connection->n_pending == 0 &&
		       now_us - connection->active_us > PR_LISTENER_IDLE_S * S_US;
		listener->counters.connections_idle += ends;
		resumes = connection->paused;
		connection->paused = false;
		pthread_mutex_unlock(&listener->lock);
		if (ends) {
			close_connection(connection);
			continue;
		}
		/* what was read before the pause comes first */
		if (resumes && !take_questions(connection))
			connection->broken = true;
		settle(connection);
	}
}

/* ---- new connections ---- */

/* The one to go of two (or of none and one): an idle one before a busy one, then the one that has been so
 * for longest. */
static struct pr_connection *less_wanted(struct pr_connection *a, struct pr_connection *b)
{
	if (!a || is_idle(a) != is_idle(b))
		return a && is_idle(a) ? a : b;
	return a->active_us <= b->active_us ? a : b;
}

/* Makes room for a connection from this address: a free slot, or that of another connection. Whoever comes gets in:
 * who keeps connections busy without end can delay others, never shut them out. */
static int make_room(struct pr_listener *listener, const struct pr_address *address)
{
	struct pr_connection *last = NULL, *last_of_address = NULL;
	unsigned int n_of_address = 0;
	int free_slot = -1;

	pthread_mutex_lock(&listener->lock);
	for (unsigned int i = 0; i < PR_LISTENER_CONNECTIONS_MAX; i++) {
		struct pr_connection *connection = listener->connections[i];

		if (!connection) {
			free_slot = (int)i;
			continue;
		}
		last = less_wanted(last, connection);
		if (!pr_address_equal(&connection->asker.address, address))
			continue;
		n_of_address++;
		last_of_address = less_wanted(last_of_address, connection);
	}
	pthread_mutex_unlock(&listener->lock);
	if (n_of_address >= PR_LISTENER_CONNECTIONS_PER_ADDRESS_MAX)
		last = last_of_address;
	else if (free_slot >= 0)
		return free_slot;
	free_slot = (int)last->slot;
	close_connection(last);
	return free_slot;
}

static void add_connection(struct pr_listener *listener, int fd, int slot,
			   const struct pr_asker *asker)
{
	struct pr_connection *connection = pr_calloc(1, sizeof(*connection));
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connection->listener = listener;
	connection->slot = (uint32_t)slot;
	connection->fd = fd;
	connection->asker = *asker;
	connection->active_us = pr_clock_monotonic_us();
	connection->out = evbuffer_new();
	connection->readable =
		event_new(listener->base, fd, EV_READ | EV_PERSIST, on_readable, connection);
	connection->writable = event_new(listener->base, fd, EV_WRITE, on_writable, connection);
	pr_assert(connection->out && connection->readable && connection->writable);
	pthread_mutex_lock(&listener->lock);
	connection->number = ++listener->n_accepted;
	listener->counters.connections++;
	listener->connections[slot] = connection;
	pthread_mutex_unlock(&listener->lock);
	event_add(connection->readable, NULL);
}

/* Who is on both ends of an accepted connection. */
static bool read_ends(int fd, const struct sockaddr_in6 *peer, struct pr_asker *ret_asker)
{
	struct pr_asker asker = { .transport = PR_TRANSPORT_TCP };
	struct sockaddr_in6 local;
	socklen_t len = sizeof(local);

	if (getsockname(fd, (struct sockaddr *)&local, &len) < 0)
		return false;
	asker.address = pr_address_from_sockaddr((const struct sockaddr *)peer, &asker.port);
	asker.local_address =
		pr_address_from_sockaddr((struct sockaddr *)&local, &asker.local_port);
	if (local.sin6_family == AF_INET6)
		asker.ifindex = local.sin6_scope_id;
	*ret_asker = asker;
	return true;
}

void pr_tcp_acceptable(evutil_socket_t fd, short what, void *context)
{
	struct pr_listener_socket *socket = context;
	struct pr_listener *listener = socket->listener;
	struct sockaddr_in6 peer;
	socklen_t len = sizeof(peer);
	struct pr_asker asker;
	int slot = -1, accepted;

	(void)what;
	accepted = accept4(fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (accepted < 0) {
		/* out of descriptors or memory: the timer takes it up again, the loop must not spin */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			socket->paused = true;
			event_del(socket->event);
		}
		return;
	}
	if (read_ends(accepted, &peer, &asker))
		slot = make_room(listener, &asker.address);
	if (slot >= 0) {
		add_connection(listener, accepted, slot, &asker);
		return;
	}
	close(accepted);
	pthread_mutex_lock(&listener->lock);
	listener->counters.connections_refused++;
	pthread_mutex_unlock(&listener->lock);
}

void pr_tcp_close_all(struct pr_listener *listener)
{
	for (unsigned int i = 0; i < PR_LISTENER_CONNECTIONS_MAX; i++)
		if (listener->connections[i])
			close_connection(listener->connections[i]);
}
