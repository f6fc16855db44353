/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A B-tree without pointers. The lowest level has all keys, in blocks of a cache line (of two, for keys
 * of 16 bytes); the level above has the first key of each of these blocks, and so on up to a level that
 * is one block. The place of a key within its level is the number of the block below that it heads, so
 * a look-up is one block a level: count how many keys of it are not above the one looked for. Half a
 * million IPv4 ranges are five levels, of which the upper four (107 KiB) stay in the cache. Unlike a
 * bucketed search it doesn't matter how the keys lie: IPv6 addresses crowd in a few prefixes.
 *
 * The rest of a level's last block is filled with the greatest possible key, so that no level needs an
 * end. Places are checked against the level's number of keys; how they are reached in a file that lies
 * is of no concern.
 */
#include "intel/set_table.h"

#include "base/error.h"

#include <endian.h>
#include <string.h>

static uint64_t load64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return be64toh(value);
}

pr_intel_key pr_intel_key_of_address(const struct pr_address *address)
{
	return (pr_intel_key)load64(address->bytes) << 64 | load64(address->bytes + 8);
}

static uint32_t block_keys(uint32_t width)
{
	return width == 4 ? 16 : 8;
}

static uint32_t n_blocks(uint32_t n, uint32_t width)
{
	return (n + block_keys(width) - 1) / block_keys(width);
}

bool pr_intel_table_init(struct pr_intel_table *table, const void *keys, const uint32_t *values,
			 uint32_t n, uint32_t width)
{
	struct pr_intel_table made = { .keys = keys, .values = values, .n = n, .width = width };
	size_t at = 0;

	if ((width != 4 && width != 8 && width != 16) || n > PR_INTEL_N_MAX)
		return false;
	while (n) {
		made.levels[made.depth] = at;
		made.n_keys[made.depth++] = n;
		if (n <= block_keys(width))
			break;
		at += (size_t)n_blocks(n, width) * block_keys(width);
		n = n_blocks(n, width);
		pr_assert(made.depth < PR_INTEL_TABLE_DEPTH);
	}
	*table = made;
	return true;
}

size_t pr_intel_table_size(uint32_t n, uint32_t width)
{
	struct pr_intel_table table;

	if (!pr_intel_table_init(&table, NULL, NULL, n, width) || !n)
		return 0;
	return (table.levels[table.depth - 1] + block_keys(width)) * width;
}

static void put(uint8_t *keys, size_t at, uint32_t width, pr_intel_key key)
{
	uint32_t narrow = (uint32_t)(key >> 96);
	uint64_t middle = (uint64_t)(key >> 64);

	memcpy(keys + at * width,
	       width == 4   ? (const void *)&narrow
	       : width == 8 ? (const void *)&middle
			    : (const void *)&key,
	       width);
}

void pr_intel_table_write(void *ret_keys, const pr_intel_key *keys, uint32_t n, uint32_t width)
{
	struct pr_intel_table table;
	uint32_t step = 1;

	pr_assert(pr_intel_table_init(&table, NULL, NULL, n, width));
	memset(ret_keys, 0xff, pr_intel_table_size(n, width));
	for (unsigned int level = 0; level < table.depth; level++, step *= block_keys(width))
		for (uint32_t i = 0; i < table.n_keys[level]; i++)
			put(ret_keys, table.levels[level] + i, width, keys[(size_t)i * step]);
}

/* How many keys of a block are not above `key`: with constants the compiler compares them at once. */
static inline uint32_t count4(const void *block, uint32_t key)
{
	const uint32_t *keys = block;
	uint32_t n = 0;

	for (unsigned int i = 0; i < 16; i++)
		n += keys[i] <= key;
	return n;
}

static inline uint32_t count8(const void *block, uint64_t key)
{
	const uint64_t *keys = block;
	uint32_t n = 0;

	for (unsigned int i = 0; i < 8; i++)
		n += keys[i] <= key;
	return n;
}

static inline uint32_t count16(const void *block, pr_intel_key key)
{
	const pr_intel_key *keys = block;
	uint32_t n = 0;

	for (unsigned int i = 0; i < 8; i++)
		n += keys[i] <= key;
	return n;
}

/* The place of the greatest key that is not above this one. False where there is none. */
static bool find(const struct pr_intel_table *table, pr_intel_key key, uint32_t *ret_place)
{
	uint32_t place = 0, width = table->width, n;

	if (!table->depth)
		return false;
	for (unsigned int level = table->depth; level-- > 0;) {
		const uint8_t *block =
			table->keys +
			(table->levels[level] + (size_t)place * block_keys(width)) * width;

		if (level == 0) /* the values of the block, while its keys are compared */
			__builtin_prefetch(table->values + (size_t)place * block_keys(width));
		n = width == 4	 ? count4(block, (uint32_t)(key >> 96))
		    : width == 8 ? count8(block, (uint64_t)(key >> 64))
				 : count16(block, key);
		if (!n)
			return false;
		place = place * block_keys(width) + n - 1;
		/* what fills the last block is not above the greatest key */
		if (place >= table->n_keys[level])
			place = table->n_keys[level] - 1;
	}
	*ret_place = place;
	return true;
}

uint32_t pr_intel_table_range(const struct pr_intel_table *table, pr_intel_key key,
			      uint32_t otherwise)
{
	uint32_t place;

	return find(table, key, &place) ? table->values[place] : otherwise;
}

bool pr_intel_table_number(const struct pr_intel_table *table, uint32_t number, uint32_t *ret_value)
{
	uint32_t place, key;

	if (table->width != 4 || !find(table, pr_intel_key_of_number(number), &place))
		return false;
	memcpy(&key, table->keys + (size_t)place * 4, 4);
	if (key != number)
		return false;
	*ret_value = table->values[place];
	return true;
}
