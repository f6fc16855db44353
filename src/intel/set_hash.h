/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fingerprint of a domain: XXH3, compiled in, since a call costs as much as hashing a short name. */
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t pr_intel_hash(const char *domain, size_t len, uint64_t seed)
{
	return XXH3_64bits_withSeed(domain, len, seed);
}
