/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/heap.h"

#include "unit.h"

#define N 500u

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Against the obvious model: an array that is searched. */
static void gives_the_least_key_whatever_happens(void **state)
{
	uint64_t keys[N] = { 0 }; /* 0 = absent */
	struct pr_heap heap;
	uint32_t random = 1;

	(void)state;
	pr_heap_init(&heap);
	for (unsigned int step = 0; step < 20000; step++) {
		uint32_t number = next_random(&random) % N;
		uint64_t least = UINT64_MAX;

		if (next_random(&random) % 3 == 0) {
			assert_int_equal(pr_heap_remove(&heap, number), keys[number] != 0);
			keys[number] = 0;
		} else {
			keys[number] = 1 + next_random(&random) % 1000;
			pr_heap_set(&heap, number, keys[number]);
		}
		for (unsigned int i = 0; i < N; i++)
			if (keys[i] && keys[i] < least)
				least = keys[i];
		if (least == UINT64_MAX)
			assert_null(pr_heap_first(&heap));
		else
			assert_int_equal(pr_heap_first(&heap)->key, least);
	}
	while (pr_heap_first(&heap)) {
		uint32_t number = pr_heap_first(&heap)->number;

		assert_int_equal(pr_heap_first(&heap)->key, keys[number]);
		assert_true(pr_heap_remove(&heap, number));
		keys[number] = 0;
	}
	for (unsigned int i = 0; i < N; i++)
		assert_int_equal(keys[i], 0);
	pr_heap_done(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_least_key_whatever_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
