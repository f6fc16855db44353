/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine's cache of processes: owner → process. An entry answers only for the PID, the start time
 * *and* the executable that it was read for; an exec or a reused PID is another entry. Exited processes
 * stay for a grace time, so that packets and events that come late still have a name. Pure: time is an
 * argument. Not locked.
 */
#pragma once

#include "process/owner.h"
#include "process/process.h"

/* Entries; when it is full the one that was used least recently goes (its links keep their reference). */
#define PR_PROCESS_CACHE_MAX	  4096
#define PR_PROCESS_CACHE_GRACE_US (60 * 1000000ull) /* after the exit */
/* An owner that came without its executable (no BPF) can't be told from what the same process executed
 * before, one that the supervisor had to find by its socket may have passed it on: such an entry answers so
 * long only. */
#define PR_PROCESS_CACHE_UNSURE_US (1000000ull)

struct pr_process_cache;

struct pr_process_cache *pr_process_cache_new(uint32_t n_max); /* 0 = PR_PROCESS_CACHE_MAX */
void pr_process_cache_free(struct pr_process_cache *cache);
/* Borrowed, or NULL: not known, ask the supervisor. An owner without a PID is asked for by its socket's
 * cookie; one without that is never known. */
struct pr_process *pr_process_cache_find(struct pr_process_cache *cache,
					 const struct pr_owner *owner, uint64_t now_us);
/* Takes a reference of its own; replaces what was there for this owner. `process` is the supervisor's
 * answer for `owner`. */
void pr_process_cache_insert(struct pr_process_cache *cache, const struct pr_owner *owner,
			     struct pr_process *process, uint64_t now_us);
/* All entries of this process have their grace time from now on. */
void pr_process_cache_exited(struct pr_process_cache *cache, uint32_t pid, uint64_t start_time,
			     uint64_t now_us);
/* Drops what is past its time. */
void pr_process_cache_expire(struct pr_process_cache *cache, uint64_t now_us);
uint32_t pr_process_cache_count(const struct pr_process_cache *cache);
