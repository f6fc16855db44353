/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One run of the compiler process that makes a set of lists, from the supervisor's side: contents of lists in, as
 * descriptors; the set and what was found in each list out. The order of sources is the order of lists in the set. Of one
 * id a candidate comes first, then what was taken before: the second counts where the first is not fit.
 */
#pragma once

#include "daemon/compiler_run.h"
#include "daemon/intel_index.h"
#include "daemon/subscription.h"

#define PR_BUILD_MAX_MS 120000 /* a run that takes longer is ended: the former set stays */

/* All borrowed. */
struct pr_build_source {
	const struct pr_subscription *subscription;
	bool candidate;
	int content_fd,
		copy_fd;       /* copy_fd: of candidates, where the content is kept if it is fit */
	const uint8_t *sha256; /* the content must have it; NULL = whatever it has */
	uint64_t updated_s;
	uint64_t entries; /* of candidates: how many there were; a tenth of them or less is held */
	bool accept;	  /* … but not this one */
};

enum pr_build_outcome {
	PR_BUILD_TAKEN,
	PR_BUILD_HELD,	   /* a candidate that waits for somebody's word */
	PR_BUILD_LEFT_OUT, /* it is fine, but all together are too much */
	PR_BUILD_REFUSED,  /* it is no list, or damaged */
};

const char *pr_build_outcome_name(enum pr_build_outcome outcome); /* in messages */

/* Borrowed for the call. */
struct pr_build_found {
	const char *id;
	bool candidate;
	enum pr_build_outcome outcome;
	const char *why, *format;
	struct pr_intel_content content; /* without updated_s */
	const char *refused_lines;	 /* "NUMBER\tWHY\tTEXT\n" each; the first of them */
};

struct pr_build_ports {
	void *context;
	void (*found)(void *context, const struct pr_build_found *found);
	/* Once, from the event loop; the run may be freed in it. `error` NULL: the set is written, so long, with
	 * this hash. */
	void (*done)(void *context, const char *error, uint64_t bytes, uint64_t hash);
};

struct pr_build;

/* Of `config` builds_set, most_ms and late are set here. 0 or -errno. */
PR_MUST_USE int pr_build_new(const struct pr_compiler_run_config *config,
			     const struct pr_build_ports *ports, struct pr_build **ret_build);
/* Ends it if it still runs; `done` is not called. Takes NULL. */
void pr_build_free(struct pr_build *build);
PR_MUST_USE int pr_build_add(struct pr_build *build, const struct pr_build_source *source);
/* All sources are there. */
PR_MUST_USE int pr_build_begin(struct pr_build *build, int set_fd);
