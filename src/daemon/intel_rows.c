/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/intel_rows.h"

#include <inttypes.h>
#include <stdio.h>

void pr_intel_row_add(struct pr_intel_row *row, const char *key, const char *text)
{
	if (*text)
		(void)pr_pairs_add(&row->pairs, key, text);
}

void pr_intel_row_number(struct pr_intel_row *row, const char *key, uint64_t number)
{
	char *text;

	if (row->pairs.n == PR_PAIRS_MAX)
		return;
	text = row->numbers[row->pairs.n];
	snprintf(text, sizeof(row->numbers[0]), "%" PRIu64, number);
	pr_intel_row_add(row, key, text);
}

void pr_intel_row_time(struct pr_intel_row *row, const char *key, uint64_t seconds)
{
	if (seconds && row->n_times < PR_ARRAY_SIZE(row->times))
		pr_intel_row_add(row, key,
				 pr_clock_format(seconds * 1000000, row->times[row->n_times++]));
}

void pr_intel_tell(struct pr_intel_manager *manager, enum pr_message_kind kind, uint64_t ticket,
		   const struct pr_pairs *pairs)
{
	PR_CLEANUP(pr_cleanup_free) uint8_t *body = pr_calloc(1, PR_MESSAGE_BODY_MAX);

	pr_child_send(&manager->supervisor->front, kind, ticket, body,
		      pr_pairs_encode(pairs, body, PR_MESSAGE_BODY_MAX), -1);
}

void pr_intel_tell_end(struct pr_intel_manager *manager, uint64_t ticket, const char *error,
		       const char *status)
{
	struct pr_pairs pairs = { 0 };

	if (error) {
		(void)pr_pairs_add(&pairs, "error", error);
		(void)pr_pairs_add(&pairs, "status", status);
	}
	pr_intel_tell(manager, PR_MESSAGE_END, ticket, &pairs);
}
