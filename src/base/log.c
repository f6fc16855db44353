/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#define LINE_SIZE 1024

static const char *log_process = "portreeve";
static enum pr_log_level log_most_verbose = PR_LOG_INFO;
static const char *const level_names[] = { "error", "warning", "info", "debug" };

void pr_log_open(const char *process, enum pr_log_level most_verbose)
{
	log_process = process;
	log_most_verbose = most_verbose;
}

static bool within_limit(struct pr_log_site *site, uint32_t *ret_n_dropped)
{
	uint64_t now_ms = pr_clock_monotonic_us() / 1000;

	if (now_ms - site->window_start_ms >= PR_LOG_INTERVAL_MS) {
		site->window_start_ms = now_ms;
		site->n_in_window = 0;
	}
	if (site->n_in_window >= PR_LOG_BURST) {
		site->n_dropped++;
		return false;
	}
	site->n_in_window++;
	*ret_n_dropped = site->n_dropped;
	site->n_dropped = 0;
	return true;
}

void pr_log_write(struct pr_log_site *site, enum pr_log_level level, const char *event,
		  const char *format, ...)
{
	uint32_t n_dropped = 0;
	char line[LINE_SIZE];
	int len, more = 0;
	va_list arguments;

	if (level > log_most_verbose || !within_limit(site, &n_dropped))
		return;
	len = snprintf(line, sizeof(line) - 1, "%s: %s %s%s", log_process, level_names[level],
		       event, *format ? " " : "");
	va_start(arguments, format);
	if (len < LINE_SIZE - 1)
		more = vsnprintf(line + len, sizeof(line) - 1 - (size_t)len, format, arguments);
	va_end(arguments);
	len = more > 0 && len + more < LINE_SIZE - 1 ? len + more : more > 0 ? LINE_SIZE - 2 : len;
	if (n_dropped && len < LINE_SIZE - 32)
		len += snprintf(line + len, sizeof(line) - 1 - (size_t)len, " dropped=%u",
				n_dropped);
	line[len++] = '\n';
	/* One write a line: lines of several processes do not mix. Nothing can be done if it fails. */
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		return;
}

const char *pr_log_quote(const char *text, char *buffer, size_t size)
{
	size_t used = 0;

	for (; *text && used + 5 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
			used += (size_t)snprintf(buffer + used, size - used, "\\x%02x", c);
		else
			buffer[used++] = (char)c;
	}
	buffer[used] = '\0';
	return buffer;
}
