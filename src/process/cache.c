/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/cache.h"

#include "base/hash.h"
#include "base/index.h"

#include <string.h>

#define FREE UINT32_MAX

/* What an answer counts for. The number of the exec tells apart what a PID and a start time can't; where
 * BPF is not there, it is zero. */
struct key {
	uint64_t start_time, exec_id, exe_device, exe_inode;
	uint64_t cookie; /* of the socket, where the PID is not known */
	uint32_t pid;
	uint32_t zero;
};

struct entry {
	struct key key;
	struct pr_process *process; /* counted; NULL = free */
	uint64_t used, until_us;    /* until_us 0 = as long as there is room */
	uint32_t next_free;
};

struct pr_process_cache {
	struct entry *entries;
	struct pr_index index; /* by PID and start time */
	uint32_t n, n_max, n_entries, first_free;
	uint64_t clock;
};

struct pr_process_cache *pr_process_cache_new(uint32_t n_max)
{
	struct pr_process_cache *cache = pr_calloc(1, sizeof(*cache));

	cache->n_max = n_max ? n_max : PR_PROCESS_CACHE_MAX;
	cache->first_free = FREE;
	pr_index_init(&cache->index, 64);
	return cache;
}

void pr_process_cache_free(struct pr_process_cache *cache)
{
	if (!cache)
		return;
	for (uint32_t i = 0; i < cache->n_entries; i++)
		pr_process_release(cache->entries[i].process);
	free(cache->entries);
	pr_index_done(&cache->index);
	free(cache);
}

uint32_t pr_process_cache_count(const struct pr_process_cache *cache)
{
	return cache->n;
}

static uint64_t hash_of(const struct key *key)
{
	uint64_t parts[3] = { key->pid, key->start_time, key->cookie };

	return pr_hash(parts, sizeof(parts));
}

static struct key key_of(const struct pr_owner *owner)
{
	if (!owner->pid)
		return (struct key){ .cookie = owner->cookie };
	return (struct key){
		.pid = owner->pid,
		.start_time = owner->start_time,
		.exec_id = owner->hint.exec_id,
		.exe_device = owner->hint.exe_device,
		.exe_inode = owner->hint.exe_inode,
	};
}

static bool is_known(const struct pr_owner *owner)
{
	return owner->pid ? owner->start_time != 0 : owner->cookie != 0;
}

static struct entry *find(struct pr_process_cache *cache, const struct key *key)
{
	for (struct pr_index_walk walk = pr_index_find(&cache->index, hash_of(key));
	     pr_index_next(&cache->index, &walk);)
		if (memcmp(&cache->entries[walk.value].key, key, sizeof(*key)) == 0)
			return &cache->entries[walk.value];
	return NULL;
}

static void drop(struct pr_process_cache *cache, struct entry *entry)
{
	uint32_t position = (uint32_t)(entry - cache->entries);

	pr_index_remove(&cache->index, hash_of(&entry->key), position);
	pr_process_release(entry->process);
	entry->process = NULL;
	entry->next_free = cache->first_free;
	cache->first_free = position;
	cache->n--;
}

struct pr_process *pr_process_cache_find(struct pr_process_cache *cache,
					 const struct pr_owner *owner, uint64_t now_us)
{
	struct key key = key_of(owner);
	struct entry *entry;

	if (!is_known(owner))
		return NULL;
	entry = find(cache, &key);
	if (!entry)
		return NULL;
	if (entry->until_us && entry->until_us <= now_us) {
		drop(cache, entry);
		return NULL;
	}
	entry->used = ++cache->clock;
	return entry->process;
}

static struct entry *least_used(struct pr_process_cache *cache)
{
	struct entry *oldest = &cache->entries[0];

	for (uint32_t i = 1; i < cache->n_entries; i++)
		if (cache->entries[i].used < oldest->used)
			oldest = &cache->entries[i];
	return oldest;
}

/* A free entry. When all are taken, there is no free one among them to choose from by mistake. */
static struct entry *make_room(struct pr_process_cache *cache)
{
	struct entry *entry;

	if (cache->n == cache->n_max)
		drop(cache, least_used(cache));
	if (cache->first_free != FREE) {
		entry = &cache->entries[cache->first_free];
		cache->first_free = entry->next_free;
		return entry;
	}
	if ((cache->n_entries & (cache->n_entries - 1)) == 0)
		cache->entries =
			pr_realloc(cache->entries, cache->n_entries ? 2 * cache->n_entries : 1,
				   sizeof(*cache->entries));
	return &cache->entries[cache->n_entries++];
}

void pr_process_cache_insert(struct pr_process_cache *cache, const struct pr_owner *owner,
			     struct pr_process *process, uint64_t now_us)
{
	struct key key = key_of(owner);
	bool sure = owner->hint.exec_id && owner->pid == (uint32_t)process->pid;
	struct entry *entry;

	if (!is_known(owner))
		return;
	entry = find(cache, &key);
	if (entry)
		drop(cache, entry);
	entry = make_room(cache);
	*entry = (struct entry){
		.key = key,
		.process = pr_process_reference(process),
		.used = ++cache->clock,
		.until_us = sure ? 0 : now_us + PR_PROCESS_CACHE_UNSURE_US,
	};
	cache->n++;
	pr_index_insert(&cache->index, hash_of(&key), (uint32_t)(entry - cache->entries));
}

void pr_process_cache_exited(struct pr_process_cache *cache, uint32_t pid, uint64_t start_time,
			     uint64_t now_us)
{
	struct key key = { .pid = pid, .start_time = start_time };

	for (struct pr_index_walk walk = pr_index_find(&cache->index, hash_of(&key));
	     pr_index_next(&cache->index, &walk);) {
		struct entry *entry = &cache->entries[walk.value];

		if (entry->key.pid == pid && entry->key.start_time == start_time &&
		    !entry->until_us)
			entry->until_us = now_us + PR_PROCESS_CACHE_GRACE_US;
	}
}

void pr_process_cache_expire(struct pr_process_cache *cache, uint64_t now_us)
{
	for (uint32_t i = 0; i < cache->n_entries; i++) {
		struct entry *entry = &cache->entries[i];

		if (entry->process && entry->until_us && entry->until_us <= now_us)
			drop(cache, entry);
	}
}
