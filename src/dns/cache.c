/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two orders by last use: what was asked for once (young), and what was asked for again (proven), which may take three
 * quarters of the room. What gives way is the oldest of the young, so that names that nobody asks for twice, as a
 * tunnel's or a scanner's, crowd out one another and not the rest.
 *
 * An entry is a head in a slab and one block of memory: the name, the places of the times to live, the message.
 */
#include "dns/cache.h"

#include "base/chain.h"
#include "base/hash.h"
#include "base/index.h"
#include "dns/cache_answer.h"

#include <stddef.h>
#include <string.h>

#define S_US	    UINT64_C(1000000)
#define ENTRY_COST  (sizeof(struct entry) + 32) /* with its slot in the index, and malloc's own */
#define PROVEN_OF_4 3
#define WAYS	    (PR_DNS_FLAG_CD | PR_DNS_FLAG_AD)

struct entry {
	struct pr_dns_cached public; /* first: found by a pointer to it */
	struct pr_chain_node order;
	uint64_t hash;
	uint8_t *block;
	size_t cost;
	uint32_t slot;
	bool proven;
};

#define ORDER offsetof(struct entry, order)

struct pr_dns_cache {
	struct pr_dns_cache_options options;
	struct pr_slab entries;
	struct pr_index index;
	struct pr_chain young, proven;
	size_t proven_bytes;
	uint64_t last_number;
	struct pr_dns_cache_counters counters;
	struct pr_dns_keeping keeping; /* scratch */
};

/* What a question is found by: the name in lower case, then the rest. */
struct key {
	uint8_t bytes[PR_DNS_NAME_MAX + 5];
	uint8_t name_len;
	size_t len;
	uint64_t hash;
};

static void make_key(const struct pr_dns_question *question, struct key *ret_key)
{
	const struct pr_dns_name *name = &question->name_as_asked;
	struct key *key = ret_key;

	/* lengths of labels are below 'A': folding leaves them alone */
	for (size_t i = 0; i < name->len; i++) {
		uint8_t c = name->wire[i];

		key->bytes[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
	}
	key->name_len = name->len;
	key->bytes[name->len] = (uint8_t)(question->type >> 8);
	key->bytes[name->len + 1] = (uint8_t)question->type;
	key->bytes[name->len + 2] = (uint8_t)(question->class_ >> 8);
	key->bytes[name->len + 3] = (uint8_t)question->class_;
	key->bytes[name->len + 4] =
		(uint8_t)((question->flags & WAYS) | (question->dnssec_ok ? 1u : 0u));
	key->len = name->len + 5u;
	key->hash = pr_hash(key->bytes, key->len);
}

static struct entry *entry_at(const struct pr_dns_cache *cache, uint32_t number)
{
	return pr_slab_at(&cache->entries, number);
}

/* ---- a life ---- */

struct pr_dns_cache *pr_dns_cache_new(const struct pr_dns_cache_options *options)
{
	struct pr_dns_cache *cache = pr_calloc(1, sizeof(*cache));

	if (options)
		cache->options = *options;
	if (!cache->options.bytes_max)
		cache->options.bytes_max = PR_DNS_CACHE_BYTES_MAX;
	if (!cache->options.ttl_max_s)
		cache->options.ttl_max_s = PR_DNS_CACHE_TTL_MAX_S;
	if (!cache->options.negative_max_s)
		cache->options.negative_max_s = PR_DNS_CACHE_NEGATIVE_MAX_S;
	pr_slab_init(&cache->entries, sizeof(struct entry),
		     (uint32_t)(cache->options.bytes_max / ENTRY_COST) + 1);
	pr_index_init(&cache->index, 0);
	pr_chain_init(&cache->young);
	pr_chain_init(&cache->proven);
	return cache;
}

static void drop(struct pr_dns_cache *cache, uint32_t number)
{
	struct entry *entry = entry_at(cache, number);
	struct pr_chain *chain = entry->proven ? &cache->proven : &cache->young;

	pr_chain_remove(chain, &cache->entries, ORDER, number);
	pr_index_remove(&cache->index, entry->hash, number);
	cache->counters.bytes -= entry->cost;
	if (entry->proven)
		cache->proven_bytes -= entry->cost;
	free(entry->block);
	pr_slab_give(&cache->entries, number);
}

static void drop_all(struct pr_dns_cache *cache)
{
	while (cache->young.n)
		drop(cache, cache->young.head);
	while (cache->proven.n)
		drop(cache, cache->proven.head);
}

void pr_dns_cache_flush(struct pr_dns_cache *cache)
{
	drop_all(cache);
	cache->counters.flushed++;
}

void pr_dns_cache_free(struct pr_dns_cache *cache)
{
	if (!cache)
		return;
	drop_all(cache);
	pr_slab_done(&cache->entries);
	pr_index_done(&cache->index);
	free(cache);
}

/* ---- finding ---- */

static uint32_t find(const struct pr_dns_cache *cache, const struct key *key)
{
	for (struct pr_index_walk walk = pr_index_find(&cache->index, key->hash);
	     pr_index_next(&cache->index, &walk);) {
		const struct entry *entry = entry_at(cache, walk.value);

		if (entry->hash == key->hash && entry->public.name_len == key->name_len &&
		    memcmp(entry->block, key->bytes, key->len) == 0)
			return walk.value;
	}
	return PR_SLAB_NONE;
}

/* Asked for again: to the end of the proven, whose oldest is young again where they take too much. */
static void prove(struct pr_dns_cache *cache, uint32_t number)
{
	struct entry *entry = entry_at(cache, number);

	pr_chain_remove(entry->proven ? &cache->proven : &cache->young, &cache->entries, ORDER,
			number);
	pr_chain_append(&cache->proven, &cache->entries, ORDER, number);
	if (entry->proven)
		return;
	entry->proven = true;
	cache->proven_bytes += entry->cost;
	while (cache->proven_bytes > cache->options.bytes_max / 4 * PROVEN_OF_4) {
		uint32_t oldest = cache->proven.head;

		pr_chain_remove(&cache->proven, &cache->entries, ORDER, oldest);
		pr_chain_append(&cache->young, &cache->entries, ORDER, oldest);
		entry_at(cache, oldest)->proven = false;
		cache->proven_bytes -= entry_at(cache, oldest)->cost;
	}
}

const struct pr_dns_cached *pr_dns_cache_find(struct pr_dns_cache *cache,
					      const struct pr_dns_question *question,
					      uint64_t now_us)
{
	struct key key;
	uint32_t number;

	make_key(question, &key);
	number = find(cache, &key);
	if (number != PR_SLAB_NONE && entry_at(cache, number)->public.expiry_us <= now_us) {
		drop(cache, number);
		cache->counters.expired++;
		number = PR_SLAB_NONE;
	}
	if (number == PR_SLAB_NONE) {
		cache->counters.missed++;
		return NULL;
	}
	cache->counters.found++;
	prove(cache, number);
	return &entry_at(cache, number)->public;
}

const struct pr_dns_cached *pr_dns_cache_look(const struct pr_dns_cache *cache,
					      const struct pr_dns_question *question,
					      uint64_t now_us)
{
	struct key key;
	uint32_t number;

	make_key(question, &key);
	number = find(cache, &key);
	if (number == PR_SLAB_NONE || entry_at(cache, number)->public.expiry_us <= now_us)
		return NULL;
	return &entry_at(cache, number)->public;
}

void pr_dns_cache_used(struct pr_dns_cache *cache, const struct pr_dns_cached *cached)
{
	const struct entry *entry = (const struct entry *)(const void *)cached;

	cache->counters.found++;
	prove(cache, entry->slot);
}

static uint32_t read_ttl(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_ttl(uint8_t *at, uint32_t ttl_s)
{
	at[0] = (uint8_t)(ttl_s >> 24);
	at[1] = (uint8_t)(ttl_s >> 16);
	at[2] = (uint8_t)(ttl_s >> 8);
	at[3] = (uint8_t)ttl_s;
}

void pr_dns_cached_write(const struct pr_dns_cached *cached, uint64_t now_us, uint8_t *bytes)
{
	uint32_t age_s = pr_dns_cached_age_s(cached, now_us);

	memcpy(bytes, cached->bytes, cached->len);
	for (unsigned int i = 0; i < cached->n_ttls; i++) {
		uint8_t *at = bytes + cached->ttls[i];

		/* The whole ends with the first of its records: none is below one second before. */
		write_ttl(at, read_ttl(at) - age_s);
	}
}

/* ---- keeping ---- */

static void make_room(struct pr_dns_cache *cache, size_t cost)
{
	while (cache->counters.bytes + cost > cache->options.bytes_max) {
		drop(cache, cache->young.n ? cache->young.head : cache->proven.head);
		cache->counters.evicted++;
	}
}

/* The block: the key, the places of the times to live, the message. */
static void fill(struct entry *entry, const struct key *key, const struct pr_dns_keeping *keeping,
		 const uint8_t *answer, size_t len)
{
	size_t ttls_at = (key->len + 1) & ~(size_t)1;
	size_t bytes_at = ttls_at + keeping->n_ttls * sizeof(*keeping->ttls);
	uint8_t *bytes;

	entry->block = pr_calloc(1, bytes_at + len);
	bytes = entry->block + bytes_at;
	memcpy(entry->block, key->bytes, key->len);
	memcpy(entry->block + ttls_at, keeping->ttls, keeping->n_ttls * sizeof(*keeping->ttls));
	memcpy(bytes, answer, len);
	for (unsigned int i = 0; i < keeping->n_ttls; i++)
		write_ttl(bytes + keeping->ttls[i], keeping->values[i]);
	entry->public.name = entry->block;
	entry->public.name_len = key->name_len;
	entry->public.ttls = (const uint16_t *)(const void *)(entry->block + ttls_at);
	entry->public.n_ttls = keeping->n_ttls;
	entry->public.bytes = bytes;
	entry->public.len = (uint16_t)len;
	entry->public.negative = keeping->negative;
}

static void add(struct pr_dns_cache *cache, const struct pr_dns_question *question,
		const struct key *key, const uint8_t *answer, size_t len, uint64_t now_us)
{
	const struct pr_dns_keeping *keeping = &cache->keeping;
	size_t cost = ENTRY_COST + key->len + 1 + keeping->n_ttls * sizeof(*keeping->ttls) + len;
	struct entry *entry;
	uint32_t number;

	make_room(cache, cost);
	number = pr_slab_take(&cache->entries);
	pr_assert(number != PR_SLAB_NONE); /* there is one for each ENTRY_COST */
	entry = entry_at(cache, number);
	fill(entry, key, keeping, answer, len);
	entry->cost = cost;
	entry->slot = number;
	entry->hash = key->hash;
	entry->public.number = ++cache->last_number;
	entry->public.stored_us = now_us;
	entry->public.expiry_us = now_us + keeping->ttl_s * S_US;
	entry->public.type = question->type;
	entry->public.class_ = question->class_;
	entry->public.flags = question->flags & WAYS;
	entry->public.dnssec_ok = question->dnssec_ok;
	pr_index_insert(&cache->index, key->hash, number);
	pr_chain_append(&cache->young, &cache->entries, ORDER, number);
	cache->counters.bytes += cost;
}

enum pr_dns_cache_outcome pr_dns_cache_put(struct pr_dns_cache *cache,
					   const struct pr_dns_question *question,
					   const uint8_t *answer, size_t len, uint64_t now_us)
{
	enum pr_dns_cache_outcome outcome =
		pr_dns_keeping_of(&cache->options, question, answer, len, &cache->keeping);
	bool was_proven = false;
	struct key key;
	uint32_t former;

	if (outcome == PR_DNS_CACHE_KEPT && ENTRY_COST + len > cache->options.bytes_max / 4)
		outcome = PR_DNS_CACHE_TOO_LONG;
	make_key(question, &key);
	former = find(cache, &key);
	if (former != PR_SLAB_NONE) {
		was_proven = entry_at(cache, former)->proven;
		drop(cache, former);
	}
	if (outcome != PR_DNS_CACHE_KEPT) {
		++*(outcome == PR_DNS_CACHE_TOO_LONG ? &cache->counters.too_long
						     : &cache->counters.not_kept);
		return outcome;
	}
	add(cache, question, &key, answer, len, now_us);
	cache->counters.kept++;
	if (was_proven)
		prove(cache, cache->young.tail);
	return PR_DNS_CACHE_KEPT;
}

static unsigned int expire_of(struct pr_dns_cache *cache, struct pr_chain *chain, uint64_t now_us,
			      unsigned int n_most)
{
	uint32_t number = chain->head;

	while (number != PR_SLAB_NONE && n_most) {
		struct entry *entry = entry_at(cache, number);
		uint32_t next = entry->order.next;

		if (entry->public.expiry_us <= now_us) {
			drop(cache, number);
			cache->counters.expired++;
		}
		number = next;
		n_most--;
	}
	return n_most;
}

void pr_dns_cache_expire(struct pr_dns_cache *cache, uint64_t now_us, unsigned int n_most)
{
	n_most = expire_of(cache, &cache->young, now_us, n_most);
	(void)expire_of(cache, &cache->proven, now_us, n_most);
}

const struct pr_dns_cached *pr_dns_cache_next(const struct pr_dns_cache *cache, uint32_t *cursor,
					      uint64_t now_us)
{
	while (*cursor < cache->entries.n_made) {
		const struct entry *entry = entry_at(cache, (*cursor)++);

		if (entry->public.expiry_us > now_us) /* 0 = free */
			return &entry->public;
	}
	return NULL;
}

void pr_dns_cache_counters(const struct pr_dns_cache *cache,
			   struct pr_dns_cache_counters *ret_counters)
{
	*ret_counters = cache->counters;
	ret_counters->n = cache->young.n + cache->proven.n;
	ret_counters->bytes_max = cache->options.bytes_max;
}
