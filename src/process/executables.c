/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/executables.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/index.h"

#include <string.h>

struct entry {
	struct pr_executable executable; /* path NULL = free */
	uint64_t used;
};

struct pr_executables {
	struct entry *entries;
	struct pr_index index; /* by inode: the device may be either */
	uint32_t n, n_max;
	uint64_t clock; /* counts uses */
};

struct pr_executables *pr_executables_new(uint32_t n_max)
{
	struct pr_executables *table = pr_calloc(1, sizeof(*table));

	pr_assert(n_max > 0);
	table->n_max = n_max;
	pr_index_init(&table->index, 64);
	return table;
}

void pr_executables_free(struct pr_executables *table)
{
	if (!table)
		return;
	for (uint32_t i = 0; i < table->n; i++)
		free(table->entries[i].executable.path);
	free(table->entries);
	pr_index_done(&table->index);
	free(table);
}

static uint64_t hash_of(uint64_t inode)
{
	return pr_hash(&inode, sizeof(inode));
}

static struct entry *find(struct pr_executables *table, uint64_t device, uint64_t inode)
{
	for (struct pr_index_walk walk = pr_index_find(&table->index, hash_of(inode));
	     pr_index_next(&table->index, &walk);) {
		struct pr_executable *at = &table->entries[walk.value].executable;

		if (at->inode == inode && device &&
		    (at->kernel_device == device || at->device == device))
			return &table->entries[walk.value];
	}
	return NULL;
}

const struct pr_executable *pr_executables_find(struct pr_executables *table, uint64_t device,
						uint64_t inode)
{
	struct entry *entry = find(table, device, inode);

	if (!entry)
		return NULL;
	entry->used = ++table->clock;
	return &entry->executable;
}

static struct entry *least_used(struct pr_executables *table)
{
	struct entry *oldest = &table->entries[0];

	for (uint32_t i = 1; i < table->n; i++)
		if (table->entries[i].used < oldest->used)
			oldest = &table->entries[i];
	return oldest;
}

static struct entry *make_room(struct pr_executables *table)
{
	struct entry *entry;

	if (table->n < table->n_max) {
		if ((table->n & (table->n - 1)) == 0)
			table->entries = pr_realloc(table->entries, table->n ? 2 * table->n : 1,
						    sizeof(*table->entries));
		entry = &table->entries[table->n++];
		memset(entry, 0, sizeof(*entry));
		return entry;
	}
	entry = least_used(table);
	pr_index_remove(&table->index, hash_of(entry->executable.inode),
			(uint32_t)(entry - table->entries));
	free(entry->executable.path);
	return entry;
}

void pr_executables_put(struct pr_executables *table, const struct pr_executable *executable)
{
	struct entry *entry = find(table, executable->kernel_device, executable->inode);
	char *path;

	if (entry && entry->executable.proven && !executable->proven)
		return;
	path = pr_strdup(executable->path);
	if (entry) {
		free(entry->executable.path);
	} else {
		entry = make_room(table);
		pr_index_insert(&table->index, hash_of(executable->inode),
				(uint32_t)(entry - table->entries));
	}
	entry->executable = *executable;
	entry->executable.path = path;
	entry->used = ++table->clock;
}
