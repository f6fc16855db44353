/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows about lists, as front gets them: pairs, whose texts they hold themselves. */
#pragma once

#include "base/clock.h"
#include "daemon/supervisor_intel.h"
#include "ipc/body.h"

struct pr_intel_row {
	struct pr_pairs pairs;
	char numbers[PR_PAIRS_MAX][24];
	char times[4][PR_CLOCK_TEXT_SIZE];
	unsigned int n_times;
	char digests[2][PR_INTEL_DIGEST_TEXT_SIZE];
	char origin[PR_INTEL_ORIGIN_SIZE];
};

/* Borrows the text; an empty one is left out. */
void pr_intel_row_add(struct pr_intel_row *row, const char *key, const char *text);
void pr_intel_row_number(struct pr_intel_row *row, const char *key, uint64_t number);
/* Seconds since 1970; 0 is left out. */
void pr_intel_row_time(struct pr_intel_row *row, const char *key, uint64_t seconds);
/* PR_MESSAGE_PAIRS or _END to front. */
void pr_intel_tell(struct pr_intel_manager *manager, enum pr_message_kind kind, uint64_t ticket,
		   const struct pr_pairs *pairs);
/* The last of an answer; `error` NULL: it went well. */
void pr_intel_tell_end(struct pr_intel_manager *manager, uint64_t ticket, const char *error,
		       const char *status);
