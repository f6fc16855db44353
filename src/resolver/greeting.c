/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/greeting.h"

#include "resolver/socket.h"

#include <sys/socket.h>

/* version.bind. CH TXT */
static const uint8_t question[] = { 0, 1,   0,	 0,   0,   1,	0,   0,	  0,   0,
				    0, 0,   7,	 'v', 'e', 'r', 's', 'i', 'o', 'n',
				    4, 'b', 'i', 'n', 'd', 0,	0,   16,  0,   3 };

void pr_greet(const struct pr_upstream *upstream)
{
	PR_CLEANUP(pr_cleanup_close) int fd = pr_upstream_connect(upstream, SOCK_DGRAM);

	/* One that is not there yet is greeted the next time. */
	if (fd >= 0)
		(void)!send(fd, question, sizeof(question), MSG_NOSIGNAL);
}
