/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ring between threads: order, bounds, and nobody who waits. */
#include "ipc/ring.h"

#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>

static bool readable(const struct pr_ring *ring)
{
	struct pollfd fd = { .fd = pr_ring_fd(ring), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

static void test_order_and_wrap(void **state)
{
	struct pr_ring *ring;
	uint8_t bytes[64], buffer[64];
	uint64_t ticket;
	uint32_t kind;
	size_t len;

	(void)state;
	assert_int_equal(pr_ring_new(257, &ring), 0);
	assert_false(readable(ring));
	for (uint64_t i = 0; i < 1000; i++) {
		memset(bytes, (int)i, sizeof(bytes));
		assert_true(pr_ring_put(ring, (uint32_t)i, i, bytes, i % 60));
		assert_true(readable(ring));
		assert_true(pr_ring_put(ring, 1, ~i, bytes, 3));
		assert_true(pr_ring_peek(ring, &kind, &ticket, buffer, sizeof(buffer), &len));
		assert_int_equal(len, i % 60);
		assert_true(ticket == i && kind == (uint32_t)i);
		assert_memory_equal(buffer, bytes, len);
		pr_ring_consume(ring);
		assert_true(pr_ring_peek(ring, &kind, &ticket, buffer, sizeof(buffer), &len));
		assert_true(ticket == ~i && len == 3);
		pr_ring_consume(ring);
		assert_false(pr_ring_peek(ring, &kind, &ticket, buffer, sizeof(buffer), &len));
		assert_false(readable(ring));
	}
	pr_ring_free(ring);
}

static void test_full_drops_and_counts(void **state)
{
	struct pr_ring *ring;
	uint8_t bytes[100] = { 0 };
	unsigned int n = 0;

	(void)state;
	assert_int_equal(pr_ring_new(1024, &ring), 0);
	while (pr_ring_put(ring, 0, n, bytes, sizeof(bytes)))
		n++;
	assert_int_equal(n, 1024 / 116);
	assert_false(pr_ring_put(ring, 0, 0, bytes, sizeof(bytes)));
	assert_int_equal(pr_ring_n_dropped(ring), 2);
	assert_false(pr_ring_put(ring, 0, 0, bytes, SIZE_MAX / 2));
	pr_ring_free(ring);
}

static void *produce(void *context)
{
	struct pr_ring *ring = context;
	uint8_t bytes[32] = { 0 };

	for (unsigned int i = 0; i < 20000; i++)
		while (!pr_ring_put(ring, 0, i, bytes, i % 32))
			;
	return NULL;
}

static void test_several_producers(void **state)
{
	pthread_t threads[3];
	struct pr_ring *ring;
	uint8_t buffer[32];
	unsigned int n = 0;
	uint64_t ticket;
	uint32_t kind;
	size_t len;

	(void)state;
	assert_int_equal(pr_ring_new(4096, &ring), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, produce, ring), 0);
	while (n < 60000) {
		struct pollfd fd = { .fd = pr_ring_fd(ring), .events = POLLIN };

		/* A wake-up that got lost would end the test here. */
		assert_int_equal(poll(&fd, 1, 5000), 1);
		while (pr_ring_peek(ring, &kind, &ticket, buffer, sizeof(buffer), &len)) {
			assert_int_equal(len, ticket % 32);
			pr_ring_consume(ring);
			n++;
		}
	}
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	pr_ring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_wrap),
		cmocka_unit_test(test_full_drops_and_counts),
		cmocka_unit_test(test_several_producers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
