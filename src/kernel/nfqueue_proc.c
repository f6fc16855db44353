/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /proc/net/netfilter/nfnetlink_queue (net/netfilter/nfnetlink_queue.c, seq_show): number, portid, waiting, copy
 * mode, copy range, dropped at a full queue, dropped at a full socket, last id, 1. */
#include "kernel/nfqueue.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define TEXT_LEN	   (PR_QUEUE_LINES_MAX * 80)
#define PR_QUEUE_LINES_MAX 256

int pr_nfqueue_kernel_counters(int proc_fd, uint16_t queue,
			       struct pr_nfqueue_kernel_counters *ret_counters)
{
	char *text PR_CLEANUP(pr_cleanup_free) = pr_calloc(1, TEXT_LEN + 1);
	char *line, *rest = text;
	size_t len = 0;

	while (len < TEXT_LEN) {
		ssize_t n = pread(proc_fd, text + len, TEXT_LEN - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
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
