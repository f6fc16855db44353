/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists and geo sources, from the supervisor's side: what is configured, what of it lies in the state directory, when each
 * is looked for, and the set that is compiled of them. The supervisor opens files and hands them on: front fetches, the
 * compiler process parses, the engine maps the set. Here is what the files that do it share.
 */
#pragma once

#include "daemon/compiler_run_set.h"
#include "daemon/intel_files.h"
#include "daemon/supervisor.h"

#define PR_INTEL_FETCHES_MAX   4     /* at a time; the others wait */
#define PR_INTEL_RETRY_FIRST_S 60    /* after a failure; doubles with each … */
#define PR_INTEL_RETRY_LAST_S  21600 /* … up to this, or the list's interval */
#define PR_INTEL_LOOK_S	       3600 /* what is due later is looked at again by then: clocks change */
#define PR_INTEL_GATHER_MS \
	2000 /* what was fetched waits so long for others, to be compiled with them */
#define PR_INTEL_WAITERS_MAX 16	  /* clients that wait for an update; more are refused */
#define PR_INTEL_WAIT_MAX_S  1200 /* so long a client waits, at most */
#define PR_INTEL_ROWS_MAX    32	  /* of a query's answer at a time */

/* What became of a source the last time that it was looked for. */
enum pr_intel_outcome {
	PR_INTEL_NOTHING, /* not yet */
	PR_INTEL_UNCHANGED,
	PR_INTEL_UPDATED,
	PR_INTEL_WAITS, /* held back, until somebody accepts it */
	PR_INTEL_FAILED,
};

struct pr_intel_entry {
	struct pr_subscription subscription; /* owned */
	uint64_t due_s;			     /* since 1970; of URLs */
	unsigned int n_failures;	     /* in a row */
	enum pr_intel_outcome outcome;
	char error[256];	 /* of the last time; "" = it went well */
	uint64_t entries_before; /* the last update */
	uint64_t in_force;	 /* … came with this set's serial */
	bool wanted;		 /* a client waits for it */

	uint64_t fetch_ticket; /* 0 = front does not fetch it */
	int fetched_fd;	       /* what front fetched, or fetches; owned, -1 = nothing */
	char etag[PR_INTEL_ETAG_SIZE], modified[PR_INTEL_DATE_SIZE]; /* of it */

	/* New content that waits for the next set: what was fetched, the file, or, accepted, what was held. */
	bool is_candidate, accepted, in_build;
	uint64_t candidate_us; /* since when, of the monotonic clock */
	uint64_t retry_s;      /* of a file: a set could not be made; it is not looked at before */
	struct pr_intel_file seen,
		judged; /* of a file: at the last look; what a set was made of last */

	/* What the compiler said, until the set is there. */
	bool is_found, candidate_found, kept_lost, left_out;
	struct pr_build_found found; /* its texts are the next three */
	char found_why[256], found_format[PR_INTEL_FORMAT_SIZE];
	char *found_refused; /* owned */
};

struct pr_intel_waiter {
	uint64_t ticket;
	char id[PR_LIST_ID_MAX + 1]; /* "" = all */
	uint64_t until_us;
};

struct pr_intel_manager {
	struct pr_supervisor *supervisor;
	struct pr_intel_dir dir;
	struct pr_intel_index index;
	bool index_changed; /* since it was saved */
	struct pr_intel_entry *entries;
	size_t n;
	unsigned int n_fetches;
	uint64_t last_ticket;
	struct event *on_due;

	struct pr_build *build; /* NULL = none runs */
	bool must_build;	/* the set is no longer what the configuration says */
	bool is_starting;	/* the daemon's start waits for the first set */
	char build_error[256];	/* of the last; "" = it went well */

	int set_fd; /* -1 = none */
	uint32_t set_serial, taken_serial;
	bool stored_set; /* it is of an earlier run: if it is refused a new one is made */

	struct pr_intel_waiter waiters[PR_INTEL_WAITERS_MAX];
	unsigned int n_waiters;
};

/* From the web; else it is a file of this machine. */
static inline bool pr_intel_is_fetched(const struct pr_intel_entry *entry)
{
	return *entry->subscription.url;
}

/* ---- the whole (supervisor_intel.c) ---- */
struct pr_intel_entry *pr_intel_entry_of(struct pr_intel_manager *manager, const char *id);
struct pr_intel_facts *pr_intel_facts_of(struct pr_intel_manager *manager,
					 const struct pr_intel_entry *entry);
uint64_t pr_intel_now_s(void);
/* Goes on with whatever is due; may be called at any time. */
void pr_intel_work(struct pr_intel_manager *manager);
/* If it has changed since it was saved. */
void pr_intel_save_index(struct pr_intel_manager *manager);
/* It went well: the next time is an interval from now. */
void pr_intel_went_well(struct pr_intel_manager *manager, struct pr_intel_entry *entry,
			enum pr_intel_outcome outcome);
/* What there is stays; tried again soon. */
void pr_intel_went_wrong(struct pr_intel_manager *manager, struct pr_intel_entry *entry,
			 const char *format, ...) PR_PRINTF(3, 4);
/* New content is there. */
void pr_intel_candidate(struct pr_intel_manager *manager, struct pr_intel_entry *entry);
/* Said to those who watch: an event, and the log. */
void pr_intel_notice(struct pr_intel_manager *manager, const char *format, ...) PR_PRINTF(2, 3);

/* ---- what is configured (supervisor_subscriptions.c) ---- */
/* Takes the subscriptions. */
void pr_intel_take_subscriptions(struct pr_intel_manager *manager,
				 struct pr_subscriptions *subscriptions);
void pr_intel_entry_done(struct pr_intel_manager *manager, struct pr_intel_entry *entry);

/* ---- where contents come from (supervisor_fetch.c) ---- */
/* Begins to fetch, or looks at the file; `at_once`: a file that changed is taken without waiting for it to stand
 * still. */
void pr_intel_fetch(struct pr_intel_manager *manager, struct pr_intel_entry *entry);
void pr_intel_look(struct pr_intel_manager *manager, struct pr_intel_entry *entry, bool at_once);
void pr_intel_fetch_cancel(struct pr_intel_manager *manager, struct pr_intel_entry *entry);

/* ---- the set (supervisor_build.c) ---- */
/* What the set would be made of now, as a number; 0 = of nothing. */
uint64_t pr_intel_recipe(struct pr_intel_manager *manager);
/* Opens the stored set if it is what the index says; else says why not. */
void pr_intel_set_restore(struct pr_intel_manager *manager);
/* 0 or -errno: it runs. */
PR_MUST_USE int pr_intel_build(struct pr_intel_manager *manager);

/* ---- what was found (supervisor_found.c) ---- */
/* When the content that a candidate is came. */
uint64_t pr_intel_updated_of(const struct pr_intel_facts *facts,
			     const struct pr_intel_entry *entry);
void pr_intel_drop_candidate(struct pr_intel_manager *manager, struct pr_intel_entry *entry);
/* What was kept is of no use: it is looked for anew, at once. */
void pr_intel_lost(struct pr_intel_manager *manager, struct pr_intel_entry *entry, const char *why);
/* The port of a build. */
void pr_intel_on_found(void *manager, const struct pr_build_found *found);
/* The set is there: what was found in this source counts now. */
void pr_intel_apply(struct pr_intel_manager *manager, struct pr_intel_entry *entry);

/* ---- who waits (supervisor_update.c) ---- */
/* Those who wait for an update and have it, or wait too long. */
void pr_intel_settle(struct pr_intel_manager *manager);
