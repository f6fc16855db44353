/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sorted keys in blocks of a cache line, with the first key of each block in a smaller table above it,
 * and so on. */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key is an address with its first bit the highest (so is an IPv4 address), or a number in the same
 * place: kept are its upper 4, 8 or 16 bytes. */
typedef unsigned __int128 pr_intel_key;

#define PR_INTEL_N_MAX	     (UINT32_C(1) << 26) /* keys of a table */
#define PR_INTEL_TABLE_DEPTH 9			 /* levels; enough for as many */

struct pr_intel_table {
	const uint8_t *keys;
	const uint32_t *values;
	uint32_t n;
	uint32_t width;
	unsigned int depth;
	size_t levels[PR_INTEL_TABLE_DEPTH]; /* where each begins, in keys; the first has all */
	uint32_t n_keys[PR_INTEL_TABLE_DEPTH];
};

pr_intel_key pr_intel_key_of_address(const struct pr_address *address);

static inline pr_intel_key pr_intel_key_of_number(uint32_t number)
{
	return (pr_intel_key)number << 96;
}

/* The bytes that the keys of all levels take; 0 where there cannot be such a table. */
size_t pr_intel_table_size(uint32_t n, uint32_t width);
/* Borrows both; `keys` has that size, `values` has n. False where there cannot be such a table. */
bool pr_intel_table_init(struct pr_intel_table *table, const void *keys, const uint32_t *values,
			 uint32_t n, uint32_t width);
/* Fills the keys of a table of that size in; they rise strictly. */
void pr_intel_table_write(void *ret_keys, const pr_intel_key *keys, uint32_t n, uint32_t width);

/* The value of the range that the key lies in; `otherwise` where it lies before the first. */
uint32_t pr_intel_table_range(const struct pr_intel_table *table, pr_intel_key key,
			      uint32_t otherwise);
/* The value of exactly this key, of a table of numbers. */
bool pr_intel_table_number(const struct pr_intel_table *table, uint32_t number,
			   uint32_t *ret_value);
