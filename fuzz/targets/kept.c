/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an engine kept for the next one, from any bytes: names, and addresses that stand for names, with a policy before or
 * after it. What the engine then keeps is loaded by another.
 */
#include "base/hash.h"
#include "engine/engine.h"

#include "../target.h"

#define NOW_US UINT64_C(1000000000)

static void port_wake(void *context, uint64_t at_us)
{
	(void)context;
	(void)at_us;
}

static struct pr_engine *start(void)
{
	const struct pr_engine_ports ports = { .wake = port_wake };
	const struct pr_engine_options options = { .n_names_max = 64,
						   .real_offset_us = 1790000000000000 };

	return pr_engine_new(&ports, &options);
}

static void set_pool(struct pr_engine *engine)
{
	static const uint8_t base4[4] = { 10, 99, 7, 0 }, base6[16] = { 0xfd, 0x99 };
	const struct pr_pool_ranges ranges = { pr_address_v4(base4), pr_address_v6(base6), 24, 64 };

	pr_engine_pool_set(engine, &ranges, NOW_US);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_engine *engine, *next;
	bool first = len && bytes[0] & 1;
	uint8_t *kept;
	size_t kept_len;
	int r;

	pr_hash_seed(1);
	engine = start();
	if (first)
		set_pool(engine);
	r = pr_engine_names_load(engine, bytes, len, NOW_US);
	pr_assert(r == 0 || r == -EBADMSG);
	if (!first)
		set_pool(engine);
	pr_assert(pr_engine_names_save(engine, NOW_US, &kept, &kept_len) == 0);
	next = start();
	pr_assert(pr_engine_names_load(next, kept, kept_len, NOW_US) == 0);
	set_pool(next);
	free(kept);
	pr_engine_free(engine);
	pr_engine_free(next);
	return 0;
}
