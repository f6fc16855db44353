/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads a saved pool from any bytes, into a small one so that its limits are reached. What it then holds, saved and
 * loaded again, is the same but for the place that is next; and no two names share an address.
 */
#include "network/pool.h"

#include "base/hash.h"

#include "../target.h"

#include <string.h>

#define NOW_US	UINT64_C(1000000000)
#define REAL_US UINT64_C(1790000000000000)

static struct pr_pool *new_pool(void)
{
	static const uint8_t base4[4] = { 10, 99, 7, 0 }, base6[16] = { 0xfd, 0x99 };
	const struct pr_pool_ranges ranges = { pr_address_v4(base4), pr_address_v6(base6), 24, 64 };

	return pr_pool_new(&ranges, 32);
}

static void check_again(const struct pr_pool *pool)
{
	struct pr_pool *again = new_pool();
	struct pr_pool_counters counters, counters_again;
	uint8_t *bytes;
	size_t len;

	pr_assert(pr_pool_save(pool, NOW_US, REAL_US, &bytes, &len) == 0);
	pr_assert(pr_pool_load(again, bytes, len, NOW_US, REAL_US) == 0);
	pr_pool_counters(pool, &counters);
	pr_pool_counters(again, &counters_again);
	pr_assert(counters.n == counters_again.n && counters.n <= 32);
	for (unsigned int i = 0; i < 256; i++) {
		const uint8_t v4[4] = { 10, 99, 7, (uint8_t)i };
		struct pr_address address = pr_address_v4(v4);
		const char *name = pr_pool_name(pool, &address);
		const char *name_again = pr_pool_name(again, &address);
		struct pr_address given;

		pr_assert(!name == !name_again);
		if (!name)
			continue;
		pr_assert(strcmp(name, name_again) == 0);
		pr_assert(pr_pool_give(again, name, 4, 1, NOW_US, &given) == PR_POOL_GIVEN);
		pr_assert(pr_address_equal(&given, &address));
	}
	free(bytes);
	pr_pool_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_pool *pool;
	struct pr_address address;
	int r;

	pr_hash_seed(1);
	pool = new_pool();
	r = pr_pool_load(pool, bytes, len, NOW_US, REAL_US);
	pr_assert(r == 0 || r == -EBADMSG);
	check_again(pool);
	r = pr_pool_give(pool, "new.example", 4, 2, NOW_US, &address);
	pr_assert(r == PR_POOL_GIVEN || r == PR_POOL_FULL);
	pr_assert(pr_pool_give(pool, "new.example", 6, 2,
			       NOW_US + PR_POOL_KEEP_S * UINT64_C(2000000),
			       &address) == PR_POOL_GIVEN);
	pr_assert(strcmp(pr_pool_name(pool, &address), "new.example") == 0);
	pr_pool_free(pool);
	return 0;
}
