/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/port.h"

#include "base/error.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/random.h>

#define TRIES 16 /* draws of a port; then the kernel draws it */

static const struct {
	uint16_t first, n;
} ports[] = { { 10240, 22528 }, { 61000, 4536 } };

static uint16_t draw_port(void)
{
	uint32_t drawn;

	pr_assert(getrandom(&drawn, sizeof(drawn), 0) == sizeof(drawn));
	drawn %= (uint32_t)ports[0].n + ports[1].n;
	return (uint16_t)(drawn < ports[0].n ? ports[0].first + drawn
					     : ports[1].first + drawn - ports[0].n);
}

void pr_port_bind(int fd, sa_family_t family)
{
	for (unsigned int i = 0; i < TRIES; i++) {
		/* any address; the port stands at the same place in both families */
		struct sockaddr_in6 local = { .sin6_family = family,
					      .sin6_port = htons(draw_port()) };

		if (bind(fd, (struct sockaddr *)&local,
			 family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(local)) == 0)
			return;
	}
}
