/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Positions only grow; a record is a header and its bytes, copied around the end where it comes to that.
 * The lock is held for one copy. The eventfd is written only when the ring was empty, and read only when it
 * was written since: a burst costs its producers one system call and its consumer one.
 */
#include "ipc/ring.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct record {
	uint64_t ticket;
	uint32_t kind, len;
};

struct pr_ring {
	pthread_mutex_t lock;
	int fd;
	size_t size;
	uint64_t head, tail; /* read from head, write at tail */
	uint64_t n_dropped;
	bool signalled; /* the eventfd was, or is just being, written; then the ring is not empty */
	uint8_t bytes[];
};

int pr_ring_new(size_t size, struct pr_ring **ret_ring)
{
	struct pr_ring *ring;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	ring = pr_calloc(1, sizeof(*ring) + size);
	ring->fd = fd;
	ring->size = size;
	pthread_mutex_init(&ring->lock, NULL);
	*ret_ring = ring;
	return 0;
}

void pr_ring_free(struct pr_ring *ring)
{
	if (!ring)
		return;
	close(ring->fd);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

int pr_ring_fd(const struct pr_ring *ring)
{
	return ring->fd;
}

static void copy_in(struct pr_ring *ring, uint64_t at, const void *bytes, size_t len)
{
	size_t start = at % ring->size, first = ring->size - start;

	if (first > len)
		first = len;
	if (first)
		memcpy(ring->bytes + start, bytes, first);
	if (len > first)
		memcpy(ring->bytes, (const uint8_t *)bytes + first, len - first);
}

static void copy_out(const struct pr_ring *ring, uint64_t at, void *bytes, size_t len)
{
	size_t start = at % ring->size, first = ring->size - start;

	if (first > len)
		first = len;
	if (first)
		memcpy(bytes, ring->bytes + start, first);
	if (len > first)
		memcpy((uint8_t *)bytes + first, ring->bytes, len - first);
}

bool pr_ring_put(struct pr_ring *ring, uint32_t kind, uint64_t ticket, const void *bytes,
		 size_t len)
{
	const struct record record = { .ticket = ticket, .kind = kind, .len = (uint32_t)len };
	const uint64_t one = 1;
	bool fits, was_empty;

	pthread_mutex_lock(&ring->lock);
	was_empty = ring->head == ring->tail;
	fits = len <= ring->size &&
	       sizeof(record) + len <= ring->size - (size_t)(ring->tail - ring->head);
	if (fits) {
		copy_in(ring, ring->tail, &record, sizeof(record));
		copy_in(ring, ring->tail + sizeof(record), bytes, len);
		ring->tail += sizeof(record) + len;
		ring->signalled |= was_empty;
	} else {
		ring->n_dropped++;
	}
	pthread_mutex_unlock(&ring->lock);
	if (fits && was_empty && write(ring->fd, &one, sizeof(one)) < 0)
		pr_assert(errno == EAGAIN);
	return fits;
}

bool pr_ring_peek(struct pr_ring *ring, uint32_t *ret_kind, uint64_t *ret_ticket, void *buffer,
		  size_t size, size_t *ret_len)
{
	struct record record;
	uint64_t count;
	bool there, signalled;

	pthread_mutex_lock(&ring->lock);
	there = ring->head != ring->tail;
	signalled = ring->signalled;
	ring->signalled = false;
	if (there) {
		copy_out(ring, ring->head, &record, sizeof(record));
		pr_assert(record.len <= size);
		copy_out(ring, ring->head + sizeof(record), buffer, record.len);
	}
	pthread_mutex_unlock(&ring->lock);
	/* Nothing is missed: it is written anew only after what was found here is consumed. Where it was not yet
	 * written, it wakes once more for nothing. */
	if (signalled && read(ring->fd, &count, sizeof(count)) < 0)
		pr_assert(errno == EAGAIN || errno == EINTR);
	if (!there)
		return false;
	*ret_kind = record.kind;
	*ret_ticket = record.ticket;
	*ret_len = record.len;
	return true;
}

void pr_ring_consume(struct pr_ring *ring)
{
	struct record record;

	pthread_mutex_lock(&ring->lock);
	pr_assert(ring->head != ring->tail);
	copy_out(ring, ring->head, &record, sizeof(record));
	ring->head += sizeof(record) + record.len;
	pthread_mutex_unlock(&ring->lock);
}

uint64_t pr_ring_n_dropped(struct pr_ring *ring)
{
	uint64_t n;

	pthread_mutex_lock(&ring->lock);
	n = ring->n_dropped;
	pthread_mutex_unlock(&ring->lock);
	return n;
}
