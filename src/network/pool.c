/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A name has a place, and the place an address in each range, so that its IPv4 and its IPv6 address are told apart by
 * nothing. Places are given in their order and then from the beginning again: one that became free is met last. What
 * nobody holds stands in the order of its last use; the first of it gives way when there are as many names as there
 * may be, if its time is over.
 */
#include "network/pool_table.h"

#include "base/hash.h"
#include "base/name.h"

#include <string.h>

#define PLACE_BITS_MAX 24u /* of a large range the first ones are given */
#define BY_USE	       offsetof(struct pr_pool_entry, by_use)

struct pr_pool_ranges pr_pool_ranges_default(void)
{
	struct pr_prefix range4, range6;

	pr_assert(pr_prefix_parse(PR_POOL_DEFAULT4, &range4) == 0);
	pr_assert(pr_prefix_parse(PR_POOL_DEFAULT6, &range6) == 0);
	return (struct pr_pool_ranges){ range4.address, range6.address, range4.len, range6.len };
}

bool pr_pool_ranges_equal(const struct pr_pool_ranges *a, const struct pr_pool_ranges *b)
{
	return pr_address_equal(&a->base4, &b->base4) && pr_address_equal(&a->base6, &b->base6) &&
	       a->len4 == b->len4 && a->len6 == b->len6;
}

static bool have(const struct pr_pool_ranges *ranges, const struct pr_address *address)
{
	struct pr_prefix range4 = { ranges->base4, ranges->len4 };
	struct pr_prefix range6 = { ranges->base6, ranges->len6 };

	return (ranges->base4.family == 4 && address->family == 4 &&
		pr_prefix_contains(&range4, address)) ||
	       (ranges->base6.family == 6 && address->family == 6 &&
		pr_prefix_contains(&range6, address));
}

/* Without the first and the last, which mean the network itself and everybody in it where somebody takes the prefix
 * for a link's. */
static uint32_t n_places_of(unsigned int n_host_bits)
{
	return (UINT32_C(1) << (n_host_bits < PLACE_BITS_MAX ? n_host_bits : PLACE_BITS_MAX)) - 2;
}

uint32_t pr_pool_n_places(const struct pr_pool_ranges *ranges)
{
	uint32_t n4 = ranges->base4.family ? n_places_of(32u - ranges->len4) : 0;
	uint32_t n6 = ranges->base6.family ? n_places_of(128u - ranges->len6) : 0;

	return n4 && (n4 < n6 || n6 == 0) ? n4 : n6;
}

struct pr_address pr_pool_address_at(const struct pr_pool_ranges *ranges, int family,
				     uint32_t place)
{
	struct pr_address address = family == 4 ? ranges->base4 : ranges->base6;
	unsigned int end = family == 4 ? 4 : 16;

	for (unsigned int i = 0; i < 4; i++)
		address.bytes[end - 1 - i] |= (uint8_t)(place >> 8 * i);
	return address;
}

uint32_t pr_pool_place_of(const struct pr_pool_ranges *ranges, uint32_t n_places,
			  const struct pr_address *address)
{
	const struct pr_address *base = address->family == 4 ? &ranges->base4 : &ranges->base6;
	unsigned int end = address->family == 4 ? 4 : 16;
	uint32_t place = 0;

	if (!have(ranges, address))
		return 0;
	if (memcmp(address->bytes, base->bytes, end - 4) != 0)
		return 0; /* beyond the places of a large range */
	for (unsigned int i = end - 4; i < end; i++)
		place = place << 8 | (uint8_t)(address->bytes[i] ^ base->bytes[i]);
	return place <= n_places ? place : 0;
}

static struct pr_pool_entry *entry_at(const struct pr_pool *pool, uint32_t number)
{
	return pr_slab_at(&pool->entries, number);
}

static uint64_t hash_of_name(const char *name)
{
	return pr_hash(name, strlen(name));
}

static uint64_t hash_of_number(uint32_t number)
{
	return pr_hash(&number, sizeof(number));
}

struct pr_pool *pr_pool_new(const struct pr_pool_ranges *ranges, uint32_t n_max)
{
	struct pr_pool *pool = pr_calloc(1, sizeof(*pool));

	pr_assert(!ranges->base4.family || ranges->len4 <= PR_POOL_LEN4_MOST);
	pr_assert(!ranges->base6.family || ranges->len6 <= PR_POOL_LEN6_MOST);
	pool->ranges = *ranges;
	if (ranges->base4.family)
		pool->ranges.base4 = pr_address_mask(&ranges->base4, ranges->len4);
	if (ranges->base6.family)
		pool->ranges.base6 = pr_address_mask(&ranges->base6, ranges->len6);
	pool->n_places = pr_pool_n_places(ranges);
	pool->n_max = n_max ? n_max : PR_POOL_NAMES_MAX;
	if (pool->n_max > pool->n_places)
		pool->n_max = pool->n_places;
	pool->next = 1;
	pr_texts_init(&pool->texts, pool->n_max, (size_t)pool->n_max * PR_NAME_TEXT_SIZE);
	pool->n_max_per_owner = pool->n_max < 2 * PR_POOL_NAMES_PER_OWNER_MAX
					? (pool->n_max + 1) / 2
					: PR_POOL_NAMES_PER_OWNER_MAX;
	pr_slab_init(&pool->entries, sizeof(struct pr_pool_entry), pool->n_max);
	pr_slab_init(&pool->owners, sizeof(struct pr_pool_owner), pool->n_max);
	pr_index_init(&pool->by_name, 0);
	pr_index_init(&pool->by_place, 0);
	pr_index_init(&pool->by_owner, 0);
	pr_chain_init(&pool->idle);
	return pool;
}

void pr_pool_free(struct pr_pool *pool)
{
	if (!pool)
		return;
	pr_texts_done(&pool->texts);
	pr_slab_done(&pool->entries);
	pr_slab_done(&pool->owners);
	pr_index_done(&pool->by_name);
	pr_index_done(&pool->by_place);
	pr_index_done(&pool->by_owner);
	free(pool);
}

const struct pr_pool_ranges *pr_pool_ranges(const struct pr_pool *pool)
{
	return &pool->ranges;
}

uint32_t pr_pool_find_name(const struct pr_pool *pool, const char *name)
{
	for (struct pr_index_walk walk = pr_index_find(&pool->by_name, hash_of_name(name));
	     pr_index_next(&pool->by_name, &walk);)
		if (strcmp(pr_texts_get(&pool->texts, entry_at(pool, walk.value)->name), name) == 0)
			return walk.value;
	return PR_SLAB_NONE;
}

uint32_t pr_pool_find_place(const struct pr_pool *pool, uint32_t place)
{
	for (struct pr_index_walk walk = pr_index_find(&pool->by_place, hash_of_number(place));
	     pr_index_next(&pool->by_place, &walk);)
		if (entry_at(pool, walk.value)->place == place)
			return walk.value;
	return PR_SLAB_NONE;
}

static uint32_t find_address(const struct pr_pool *pool, const struct pr_address *address)
{
	uint32_t place = pr_pool_place_of(&pool->ranges, pool->n_places, address);

	return place ? pr_pool_find_place(pool, place) : PR_SLAB_NONE;
}

/* The order of use is the order of the times. */
static void append_idle(struct pr_pool *pool, uint32_t number, uint64_t used_us)
{
	if (pool->idle.n && entry_at(pool, pool->idle.tail)->used_us > used_us)
		used_us = entry_at(pool, pool->idle.tail)->used_us;
	entry_at(pool, number)->used_us = used_us;
	pr_chain_append(&pool->idle, &pool->entries, BY_USE, number);
}

static struct pr_pool_owner *owner_at(const struct pr_pool *pool, uint32_t number)
{
	return pr_slab_at(&pool->owners, number);
}

static uint32_t find_owner(const struct pr_pool *pool, uint32_t owner)
{
	for (struct pr_index_walk walk = pr_index_find(&pool->by_owner, hash_of_number(owner));
	     pr_index_next(&pool->by_owner, &walk);)
		if (owner_at(pool, walk.value)->owner == owner)
			return walk.value;
	return PR_SLAB_NONE;
}

static bool has_enough(const struct pr_pool *pool, uint32_t owner)
{
	uint32_t number = owner ? find_owner(pool, owner) : PR_SLAB_NONE;

	return number != PR_SLAB_NONE && owner_at(pool, number)->n >= pool->n_max_per_owner;
}

/* As many owners fit as names, and each has one. */
static void own(struct pr_pool *pool, struct pr_pool_entry *entry, uint32_t owner)
{
	uint32_t number = find_owner(pool, owner);

	if (!owner)
		return;
	if (number == PR_SLAB_NONE) {
		number = pr_slab_take(&pool->owners);
		pr_assert(number != PR_SLAB_NONE);
		owner_at(pool, number)->owner = owner;
		pr_index_insert(&pool->by_owner, hash_of_number(owner), number);
	}
	owner_at(pool, number)->n++;
	entry->owner = number;
}

static void disown(struct pr_pool *pool, const struct pr_pool_entry *entry)
{
	struct pr_pool_owner *owner;

	if (entry->owner == PR_SLAB_NONE)
		return;
	owner = owner_at(pool, entry->owner);
	if (--owner->n)
		return;
	pr_index_remove(&pool->by_owner, hash_of_number(owner->owner), entry->owner);
	pr_slab_give(&pool->owners, entry->owner);
}

bool pr_pool_add(struct pr_pool *pool, const char *name, uint32_t place, uint64_t used_us)
{
	uint32_t text = pr_texts_hold(&pool->texts, name), number;

	if (text == PR_TEXT_NONE)
		return false;
	number = pr_slab_take(&pool->entries);
	pr_assert(number != PR_SLAB_NONE);
	entry_at(pool, number)->name = text;
	entry_at(pool, number)->place = place;
	entry_at(pool, number)->owner = PR_SLAB_NONE;
	pr_index_insert(&pool->by_name, hash_of_name(name), number);
	pr_index_insert(&pool->by_place, hash_of_number(place), number);
	append_idle(pool, number, used_us);
	return true;
}

static void drop(struct pr_pool *pool, uint32_t number)
{
	struct pr_pool_entry *entry = entry_at(pool, number);
	const char *name = pr_texts_get(&pool->texts, entry->name);

	pr_index_remove(&pool->by_name, hash_of_name(name), number);
	pr_index_remove(&pool->by_place, hash_of_number(entry->place), number);
	pr_chain_remove(&pool->idle, &pool->entries, BY_USE, number);
	pr_texts_release(&pool->texts, entry->name);
	disown(pool, entry);
	pr_slab_give(&pool->entries, number);
}

/* Is there room for one more, and if not, may one give way? */
static bool make_room(struct pr_pool *pool, uint64_t now_us)
{
	const struct pr_pool_entry *first;

	if (pool->entries.n_used < pool->n_max)
		return true;
	if (pool->idle.n == 0)
		return false;
	first = entry_at(pool, pool->idle.head);
	if (now_us < first->used_us || now_us - first->used_us < PR_POOL_KEEP_S * UINT64_C(1000000))
		return false;
	drop(pool, pool->idle.head);
	pool->counters.reused++;
	return true;
}

/* A page that makes up names without end must not leave its browser without any. Those of others that were used before
 * are passed over: they end where it is too young. */
static bool make_room_of_own(struct pr_pool *pool, uint32_t owner, uint64_t now_us)
{
	uint32_t own = find_owner(pool, owner), number = pool->idle.head;

	for (; number != PR_SLAB_NONE; number = entry_at(pool, number)->by_use.next) {
		const struct pr_pool_entry *entry = entry_at(pool, number);

		if (now_us < entry->used_us ||
		    now_us - entry->used_us < PR_POOL_KEEP_OWN_S * UINT64_C(1000000))
			return false;
		if (entry->owner != own)
			continue;
		drop(pool, number);
		pool->counters.reused++;
		return true;
	}
	return false;
}

/* There is one, for there are more places than names. */
static uint32_t next_free(struct pr_pool *pool)
{
	uint32_t place;

	do {
		place = pool->next;
		pool->next = place < pool->n_places ? place + 1 : 1;
	} while (pr_pool_find_place(pool, place) != PR_SLAB_NONE);
	return place;
}

int pr_pool_give(struct pr_pool *pool, const char *name, int family, uint32_t owner,
		 uint64_t now_us, struct pr_address *ret_address)
{
	uint32_t number = pr_pool_find_name(pool, name), place;

	if (!(family == 4 ? pool->ranges.base4.family : pool->ranges.base6.family))
		return PR_POOL_NO_FAMILY;
	if (number != PR_SLAB_NONE) {
		place = entry_at(pool, number)->place;
		if (entry_at(pool, number)->n_held == 0) {
			pr_chain_remove(&pool->idle, &pool->entries, BY_USE, number);
			append_idle(pool, number, now_us);
		}
	} else {
		if (strlen(name) >= PR_NAME_TEXT_SIZE ||
		    (has_enough(pool, owner) && !make_room_of_own(pool, owner, now_us)) ||
		    !make_room(pool, now_us)) {
			pool->counters.full++;
			return PR_POOL_FULL;
		}
		place = next_free(pool);
		if (!pr_pool_add(pool, name, place, now_us)) {
			pool->counters.full++;
			return PR_POOL_FULL;
		}
		own(pool, entry_at(pool, pool->idle.tail), owner);
		pool->counters.given++;
	}
	*ret_address = pr_pool_address_at(&pool->ranges, family, place);
	return PR_POOL_GIVEN;
}

const char *pr_pool_name(const struct pr_pool *pool, const struct pr_address *address)
{
	uint32_t number = find_address(pool, address);

	return number == PR_SLAB_NONE ? NULL
				      : pr_texts_get(&pool->texts, entry_at(pool, number)->name);
}

bool pr_pool_knows(const struct pr_pool *pool, const char *name)
{
	return pr_pool_find_name(pool, name) != PR_SLAB_NONE;
}

bool pr_pool_has(const struct pr_pool *pool, const struct pr_address *address)
{
	return have(&pool->ranges, address);
}

bool pr_pool_hold(struct pr_pool *pool, const struct pr_address *address)
{
	uint32_t number = find_address(pool, address);

	if (number == PR_SLAB_NONE)
		return false;
	if (entry_at(pool, number)->n_held++ == 0) {
		pr_chain_remove(&pool->idle, &pool->entries, BY_USE, number);
		pool->n_held++;
	}
	return true;
}

void pr_pool_release(struct pr_pool *pool, const struct pr_address *address, uint64_t now_us)
{
	uint32_t number = find_address(pool, address);

	if (number == PR_SLAB_NONE || entry_at(pool, number)->n_held == 0 ||
	    --entry_at(pool, number)->n_held)
		return;
	append_idle(pool, number, now_us);
	pool->n_held--;
}

void pr_pool_scatter(struct pr_pool *pool)
{
	static const char what[] = "pool";

	if (pool->n_places)
		pool->next = 1 + (uint32_t)(pr_hash(what, sizeof(what)) % pool->n_places);
}

void pr_pool_counters(const struct pr_pool *pool, struct pr_pool_counters *ret_counters)
{
	*ret_counters = pool->counters;
	ret_counters->n = pool->entries.n_used;
	ret_counters->n_max = pool->n_max;
	ret_counters->n_held = pool->n_held;
}
