/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log of the processes' edges: one line an event on stderr, `level event key=value …`. Pure rooms
 * never log. Lines of one call site beyond the limit are dropped and counted; the next line that goes
 * out says how many.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

enum pr_log_level { PR_LOG_ERROR, PR_LOG_WARNING, PR_LOG_INFO, PR_LOG_DEBUG };

#define PR_LOG_BURST	   20	  /* lines a call site may write at once … */
#define PR_LOG_INTERVAL_MS 10000u /* … in this time */

struct pr_log_site {
	uint64_t window_start_ms;
	uint32_t n_in_window, n_dropped;
};

/* `process` is the name put before each line; a borrowed literal. */
void pr_log_open(const char *process, enum pr_log_level most_verbose);

/* The event is a word; the rest is printf's, `key=value`, values of foreign origin through PR_LOG_QUOTE. */
#define pr_log(level, event, ...)                                          \
	do {                                                               \
		static struct pr_log_site pr_log_site_;                    \
		pr_log_write(&pr_log_site_, level, event, "" __VA_ARGS__); \
	} while (0)

void pr_log_write(struct pr_log_site *site, enum pr_log_level level, const char *event,
		  const char *format, ...) PR_PRINTF(4, 5);

/* Quotes `text` for a log line: control characters, quotes and backslashes as \xNN. Up to `size` bytes
 * are written to `buffer`, which is returned. */
const char *pr_log_quote(const char *text, char *buffer, size_t size);
