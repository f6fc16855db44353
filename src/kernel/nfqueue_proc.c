/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /proc/net/netfilter/nfnetlink_queue (net/netfilter/nfnetlink_queue.c, seq_show): number, portid, waiting, copy
 * mode, copy range, dropped at a full queue, dropped at a full socket, last id, 1. */
#include "kernel/nfqueue.h"

#include "base/io.h"

#include <inttypes.h>
#include <string.h>

#define TEXT_LEN	   (PR_QUEUE_LINES_MAX * 80)
#define PR_QUEUE_LINES_MAX 256

int pr_nfqueue_kernel_counters(int proc_fd, uint16_t queue,
			       struct pr_nfqueue_kernel_counters *ret_counters)
{
	char *text PR_CLEANUP(pr_cleanup_free) = pr_calloc(1, TEXT_LEN + 1);
	char *line, *rest = text;
	ssize_t n = pr_read_from_start(proc_fd, text, TEXT_LEN);

	if (n < 0)
		return (int)n;
	while ((line = strsep(&rest, "\n"))) {
		struct pr_nfqueue_kernel_counters counters;
		uint32_t number;

		if (sscanf(line,
			   "%" SCNu32 " %*u %" SCNu32 " %*u %*u %" SCNu32 " %" SCNu32 " %" SCNu32,
			   &number, &counters.n_waiting, &counters.n_dropped_full,
			   &counters.n_dropped_buffer, &counters.n_queued) != 5 ||
		    number != queue)
			continue;
		*ret_counters = counters;
		return 0;
	}
	return -ENOENT;
}
