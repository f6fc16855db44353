/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/greeting.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* version.bind. CH TXT */
static const uint8_t question[] = { 0, 1,   0,	 0,   0,   1,	0,   0,	  0,   0,
				    0, 0,   7,	 'v', 'e', 'r', 's', 'i', 'o', 'n',
				    4, 'b', 'i', 'n', 'd', 0,	0,   16,  0,   3 };

void pr_greet(const struct pr_upstream *upstream)
{
	struct sockaddr_storage address;
	socklen_t len = pr_address_to_sockaddr(&upstream->address, upstream->port, &address);
	PR_CLEANUP(pr_cleanup_close)
	int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* One that is not there yet is greeted the next time. */
	if (fd >= 0)
		(void)!sendto(fd, question, sizeof(question), MSG_NOSIGNAL,
			      (const struct sockaddr *)&address, len);
}
