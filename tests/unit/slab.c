/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/chain.h"
#include "base/slab.h"

#include "unit.h"

#include <stddef.h>

struct entry {
	uint32_t number;
	struct pr_chain_node node;
	char fill[188];
};

static void entries_keep_their_place(void **state)
{
	struct pr_slab slab;
	struct entry *first;

	(void)state;
	pr_slab_init(&slab, sizeof(struct entry), 1000);
	assert_int_equal(pr_slab_take(&slab), 0);
	first = pr_slab_at(&slab, 0);
	for (uint32_t i = 1; i < 1000; i++) {
		uint32_t number = pr_slab_take(&slab);

		assert_int_equal(number, i);
		((struct entry *)pr_slab_at(&slab, number))->number = i;
	}
	assert_ptr_equal(pr_slab_at(&slab, 0), first);
	assert_int_equal(pr_slab_take(&slab), PR_SLAB_NONE);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(((struct entry *)pr_slab_at(&slab, i))->number, i);
	pr_slab_done(&slab);
}

static void given_entries_come_back_zeroed(void **state)
{
	struct pr_slab slab;
	struct entry *entry;

	(void)state;
	pr_slab_init(&slab, sizeof(struct entry), 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(pr_slab_take(&slab), i);
	entry = pr_slab_at(&slab, 1);
	entry->number = 77;
	entry->fill[100] = 'x';
	pr_slab_give(&slab, 1);
	assert_int_equal(entry->fill[100], 0);
	assert_int_equal(slab.n_used, 2);
	assert_int_equal(pr_slab_take(&slab), 1);
	assert_int_equal(entry->number, 0);
	assert_int_equal(pr_slab_take(&slab), PR_SLAB_NONE);
	pr_slab_done(&slab);
}

static void check_chain(const struct pr_chain *chain, const struct pr_slab *slab,
			const uint32_t *expected, uint32_t n)
{
	uint32_t at = chain->head, before = PR_SLAB_NONE;

	assert_int_equal(chain->n, n);
	for (uint32_t i = 0; i < n; i++) {
		struct pr_chain_node *node = pr_chain_node(slab, offsetof(struct entry, node), at);

		assert_int_equal(at, expected[i]);
		assert_int_equal(node->previous, before);
		before = at;
		at = node->next;
	}
	assert_int_equal(at, PR_SLAB_NONE);
	assert_int_equal(chain->tail, before);
}

static void chains_keep_the_order(void **state)
{
	const size_t offset = offsetof(struct entry, node);
	struct pr_chain chain;
	struct pr_slab slab;

	(void)state;
	pr_slab_init(&slab, sizeof(struct entry), 4);
	pr_chain_init(&chain);
	for (uint32_t i = 0; i < 4; i++)
		pr_chain_append(&chain, &slab, offset, pr_slab_take(&slab));
	check_chain(&chain, &slab, (const uint32_t[]){ 0, 1, 2, 3 }, 4);
	pr_chain_remove(&chain, &slab, offset, 2);
	pr_chain_remove(&chain, &slab, offset, 0);
	check_chain(&chain, &slab, (const uint32_t[]){ 1, 3 }, 2);
	pr_chain_append(&chain, &slab, offset, 0);
	pr_chain_remove(&chain, &slab, offset, 3);
	check_chain(&chain, &slab, (const uint32_t[]){ 1, 0 }, 2);
	pr_chain_remove(&chain, &slab, offset, 0);
	pr_chain_remove(&chain, &slab, offset, 1);
	check_chain(&chain, &slab, NULL, 0);
	pr_slab_done(&slab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_keep_their_place),
		cmocka_unit_test(given_entries_come_back_zeroed),
		cmocka_unit_test(chains_keep_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
