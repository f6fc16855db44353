/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/execs.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/index.h"

#include <stdlib.h>

struct entry {
	uint64_t start_time, sequence;
	struct pr_exec *exec; /* counted; NULL = free */
	uint32_t pid;
};

struct pr_execs {
	struct entry *entries; /* a ring */
	struct pr_index index;
	uint32_t n_max, next;
	uint64_t sequence;
};

void pr_exec_release(struct pr_exec *exec)
{
	if (!exec || --exec->n_references)
		return;
	free(exec->path);
	free(exec->filename);
	free(exec->arguments);
	free(exec);
}

struct pr_execs *pr_execs_new(uint32_t n_max)
{
	struct pr_execs *execs = pr_calloc(1, sizeof(*execs));

	pr_assert(n_max > 0);
	execs->n_max = n_max;
	execs->entries = pr_calloc(n_max, sizeof(*execs->entries));
	pr_index_init(&execs->index, 64);
	return execs;
}

void pr_execs_free(struct pr_execs *execs)
{
	if (!execs)
		return;
	for (uint32_t i = 0; i < execs->n_max; i++)
		pr_exec_release(execs->entries[i].exec);
	free(execs->entries);
	pr_index_done(&execs->index);
	free(execs);
}

static uint64_t hash_of(uint32_t pid, uint64_t start_time)
{
	uint64_t key[2] = { pid, start_time };

	return pr_hash(key, sizeof(key));
}

static const struct entry *find(const struct pr_execs *execs, uint32_t pid, uint64_t start_time,
				uint64_t exec_id)
{
	const struct entry *last = NULL;

	for (struct pr_index_walk walk = pr_index_find(&execs->index, hash_of(pid, start_time));
	     pr_index_next(&execs->index, &walk);) {
		const struct entry *at = &execs->entries[walk.value];

		if (at->pid != pid || at->start_time != start_time)
			continue;
		if (exec_id && at->exec->exec_id != exec_id)
			continue;
		if (!last || at->sequence > last->sequence)
			last = at;
	}
	return last;
}

void pr_execs_put_take(struct pr_execs *execs, uint32_t pid, uint64_t start_time,
		       struct pr_exec *exec)
{
	uint32_t position = execs->next;
	struct entry *entry = &execs->entries[position];

	if (entry->exec) {
		pr_index_remove(&execs->index, hash_of(entry->pid, entry->start_time), position);
		pr_exec_release(entry->exec);
	}
	*entry = (struct entry){
		.start_time = start_time, .sequence = ++execs->sequence, .exec = exec, .pid = pid
	};
	pr_index_insert(&execs->index, hash_of(pid, start_time), position);
	execs->next = (position + 1) % execs->n_max;
}

void pr_execs_fork(struct pr_execs *execs, uint32_t parent, uint64_t parent_start_time,
		   uint32_t child, uint64_t child_start_time)
{
	const struct entry *entry = find(execs, parent, parent_start_time, 0);

	if (!entry)
		return;
	entry->exec->n_references++;
	pr_execs_put_take(execs, child, child_start_time, entry->exec);
}

const struct pr_exec *pr_execs_find(const struct pr_execs *execs, uint32_t pid, uint64_t start_time,
				    uint64_t exec_id)
{
	const struct entry *entry = find(execs, pid, start_time, exec_id);

	return entry ? entry->exec : NULL;
}
