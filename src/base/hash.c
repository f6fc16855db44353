/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/hash.h"

#include "base/error.h"

#include <sys/random.h>
#include <xxhash.h>

static uint64_t process_seed;

__attribute__((constructor)) static void draw_seed(void)
{
	/* Before the random pool is filled (early boot) the address of a variable has to do. */
	if (getrandom(&process_seed, sizeof(process_seed), GRND_NONBLOCK) != sizeof(process_seed))
		process_seed = (uintptr_t)&process_seed;
}

uint64_t pr_hash(const void *bytes, size_t len)
{
	return XXH3_64bits_withSeed(bytes, len, process_seed);
}

uint64_t pr_hash_seeded(const void *bytes, size_t len, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, len, seed);
}

void pr_hash_seed(uint64_t seed)
{
	process_seed = seed;
}
