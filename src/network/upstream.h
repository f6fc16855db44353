/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A nameserver that is asked, as it is written in the configuration and in resolv.conf(5). */
#pragma once

#include "base/address.h"

#include <net/if.h>

#define PR_UPSTREAM_TEXT_SIZE (PR_ADDRESS_TEXT_SIZE + IF_NAMESIZE + 10)

struct pr_upstream {
	struct pr_address address;
	char zone[IF_NAMESIZE]; /* interface of a link-local address; "" = none */
	uint16_t port;
};

/* "192.0.2.1", "192.0.2.1:5353", "192.0.2.1@5353", "2001:db8::1", "[2001:db8::1]:5353",
 * "fe80::1%eth0", each also with @PORT. 0 or -EINVAL. */
PR_MUST_USE int pr_upstream_parse(const char *text, struct pr_upstream *ret_upstream);
/* ADDRESS[%ZONE]@PORT. Returns `text`. */
const char *pr_upstream_format(const struct pr_upstream *upstream,
			       char text[PR_UPSTREAM_TEXT_SIZE]);
bool pr_upstream_equal(const struct pr_upstream *a, const struct pr_upstream *b);
