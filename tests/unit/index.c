/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/index.h"

#include "unit.h"

#define N 5000u

/* Few distinct low bits: long runs, which deletion must not tear. */
static uint64_t hash_of(uint32_t i)
{
	return (uint64_t)(i % 97) << 32 | i % 13;
}

static bool has(const struct pr_index *index, uint32_t i)
{
	for (struct pr_index_walk walk = pr_index_find(index, hash_of(i));
	     pr_index_next(index, &walk);)
		if (walk.value == i)
			return true;
	return false;
}

static void keeps_what_was_inserted_and_not_removed(void **state)
{
	struct pr_index index;

	(void)state;
	pr_index_init(&index, 4);
	for (uint32_t i = 0; i < N; i++)
		pr_index_insert(&index, hash_of(i), i);
	for (uint32_t i = 0; i < N; i += 3)
		assert_true(pr_index_remove(&index, hash_of(i), i));
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(has(&index, i), i % 3 != 0);
	assert_false(pr_index_remove(&index, hash_of(0), 0));
	assert_int_equal(index.n_used, N - (N + 2) / 3);
	pr_index_done(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_was_inserted_and_not_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
