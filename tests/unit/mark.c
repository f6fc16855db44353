/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mark.h"

#include "unit.h"

static void masks_hold_eight_neighbours(void **state)
{
	(void)state;
	assert_true(pr_mark_mask_valid(0xff000000));
	assert_true(pr_mark_mask_valid(0x000000ff));
	assert_true(pr_mark_mask_valid(0x0003fc00));
	assert_false(pr_mark_mask_valid(0));
	assert_false(pr_mark_mask_valid(0x7f000000));
	assert_false(pr_mark_mask_valid(0x1ff));
	assert_false(pr_mark_mask_valid(0xff000001));
	assert_false(pr_mark_mask_valid(0xf0f));
}

static void fields_come_back(void **state)
{
	static const uint32_t masks[] = { 0xff000000, 0xff, 0x0003fc00 };
	struct pr_mark_fields in, out;

	(void)state;
	for (unsigned int m = 0; m < 3; m++) {
		for (unsigned int bits = 0; bits < 256; bits++) {
			in = (struct pr_mark_fields){ bits & 7, bits >> 3 & 7, bits >> 6 };
			out = pr_mark_link_read(masks[m], pr_mark_link(masks[m], &in) | ~masks[m]);
			assert_memory_equal(&in, &out, sizeof(in));
			assert_int_equal(pr_mark_link(masks[m], &in) & ~masks[m], 0);
		}
	}
}

static void single_fields_make_up_the_mask(void **state)
{
	const uint32_t mask = PR_MARK_MASK_DEFAULT;

	(void)state;
	assert_int_equal(pr_mark_generation_mask(mask), 0x07000000);
	assert_int_equal(pr_mark_out_mask(mask), 0x38000000);
	assert_int_equal(pr_mark_in_mask(mask), 0xc0000000);
}

static void orders_come_back(void **state)
{
	uint32_t generation;

	(void)state;
	for (uint32_t g = 1; g <= PR_MARK_GENERATION_MAX; g++) {
		for (int order = 0; order <= PR_MARK_ORDER_INSPECT; order++) {
			uint32_t mark = pr_mark_order(0xff0, g, (enum pr_mark_order)order);

			assert_int_equal(mark & ~0xff0u, 0);
			assert_int_equal(pr_mark_order_read(0xff0, mark, &generation), order);
			assert_int_equal(generation, g);
		}
	}
}

static void generations_go_round_without_zero(void **state)
{
	(void)state;
	assert_int_equal(pr_mark_generation_next(1), 2);
	assert_int_equal(pr_mark_generation_next(6), 7);
	assert_int_equal(pr_mark_generation_next(7), 1);
}

static enum pr_mark_order order_of(enum pr_verdict verdict, bool permanent, bool payload_only,
				   bool untracked)
{
	struct pr_verdict_order order = { .verdict = verdict,
					  .permanent = permanent,
					  .payload_only = payload_only };

	return pr_mark_order_of(&order, untracked);
}

static void nothing_lasts_for_untracked(void **state)
{
	(void)state;
	assert_int_equal(order_of(PR_VERDICT_ACCEPT, true, false, false),
			 PR_MARK_ORDER_ACCEPT_ALWAYS);
	assert_int_equal(order_of(PR_VERDICT_ACCEPT, false, false, false), PR_MARK_ORDER_NONE);
	assert_int_equal(order_of(PR_VERDICT_ACCEPT, true, false, true), PR_MARK_ORDER_NONE);
	assert_int_equal(order_of(PR_VERDICT_BLOCK, true, false, true), PR_MARK_ORDER_BLOCK);
	for (unsigned int untracked = 0; untracked < 2; untracked++) {
		const struct pr_verdict_order unreachable = { .verdict = PR_VERDICT_BLOCK,
							      .unreachable = true };

		assert_int_equal(pr_mark_order_of(&unreachable, untracked),
				 untracked ? PR_MARK_ORDER_BLOCK : PR_MARK_ORDER_UNREACHABLE);
	}
	assert_int_equal(order_of(PR_VERDICT_DROP, true, false, true), PR_MARK_ORDER_NONE);
	assert_int_equal(order_of(PR_VERDICT_REROUTE_NAMESERVER, true, false, true),
			 PR_MARK_ORDER_BLOCK);
	assert_int_equal(order_of(PR_VERDICT_REROUTE_NAMESERVER, false, false, false),
			 PR_MARK_ORDER_NAMESERVER);
}

static void payload_alone_may_be_asked_for_of_what_is_accepted_for_now(void **state)
{
	(void)state;
	assert_int_equal(order_of(PR_VERDICT_ACCEPT, false, true, false), PR_MARK_ORDER_INSPECT);
	assert_int_equal(order_of(PR_VERDICT_ACCEPT, true, true, false),
			 PR_MARK_ORDER_ACCEPT_ALWAYS);
	assert_int_equal(order_of(PR_VERDICT_ACCEPT, false, true, true), PR_MARK_ORDER_NONE);
	assert_int_equal(order_of(PR_VERDICT_BLOCK, false, true, false), PR_MARK_ORDER_BLOCK);
	assert_int_equal(order_of(PR_VERDICT_DROP, false, true, false), PR_MARK_ORDER_NONE);
	assert_int_equal(order_of(PR_VERDICT_REROUTE_NAMESERVER, false, true, false),
			 PR_MARK_ORDER_NAMESERVER);
}

/* The kernel tells these three from all others by the bits that they share. */
static void a_reroute_to_the_tunnel_says_what_comes_by_of_the_link(void **state)
{
	const uint32_t mask = PR_MARK_MASK_DEFAULT;
	const uint32_t shared = pr_mark_generation_mask(mask) | pr_mark_out_mask(mask);

	(void)state;
	assert_int_equal(order_of(PR_VERDICT_REROUTE_TUNNEL, false, false, false),
			 PR_MARK_ORDER_TUNNEL);
	assert_int_equal(order_of(PR_VERDICT_REROUTE_TUNNEL, true, false, false),
			 PR_MARK_ORDER_TUNNEL_ALWAYS);
	assert_int_equal(order_of(PR_VERDICT_REROUTE_TUNNEL, false, true, false),
			 PR_MARK_ORDER_TUNNEL_INSPECT);
	assert_int_equal(order_of(PR_VERDICT_REROUTE_TUNNEL, true, true, true),
			 PR_MARK_ORDER_BLOCK);
	for (unsigned int order = PR_MARK_ORDER_NONE; order < PR_MARK_ORDER_TUNNEL_INSPECT + 8;
	     order++) {
		bool reroutes = order == PR_MARK_ORDER_TUNNEL ||
				order == PR_MARK_ORDER_TUNNEL_ALWAYS ||
				order == PR_MARK_ORDER_TUNNEL_INSPECT;

		assert_int_equal((pr_mark_order(mask, 3, (enum pr_mark_order)order) & shared) ==
					 pr_mark_order(mask, 3, PR_MARK_ORDER_TUNNEL),
				 reroutes);
	}
}

/* An order that was carried out is no verdict, and the other way round, even if somebody copies one to the other. */
static void a_copied_mark_of_an_inspected_link_is_its_own_order(void **state)
{
	const uint32_t mask = PR_MARK_MASK_DEFAULT;

	(void)state;
	for (unsigned int in = PR_MARK_IN_NONE; in <= PR_MARK_IN_ACCEPT; in++) {
		struct pr_mark_fields fields = { 3, PR_MARK_OUT_INSPECTED, (uint8_t)in };
		uint32_t generation;
		enum pr_mark_order order =
			pr_mark_order_read(mask, pr_mark_link(mask, &fields), &generation);

		assert_true(in == PR_MARK_IN_NONE ? order == PR_MARK_ORDER_INSPECT
						  : order > PR_MARK_ORDER_INSPECT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_hold_eight_neighbours),
		cmocka_unit_test(fields_come_back),
		cmocka_unit_test(single_fields_make_up_the_mask),
		cmocka_unit_test(orders_come_back),
		cmocka_unit_test(generations_go_round_without_zero),
		cmocka_unit_test(nothing_lasts_for_untracked),
		cmocka_unit_test(payload_alone_may_be_asked_for_of_what_is_accepted_for_now),
		cmocka_unit_test(a_reroute_to_the_tunnel_says_what_comes_by_of_the_link),
		cmocka_unit_test(a_copied_mark_of_an_inspected_link_is_its_own_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
