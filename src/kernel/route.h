/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Routes of our own: prefixes that are this host's, on loopback, so that what goes there reaches the output hook also
 * without a default route and never leaves by one. They are in the table `local`, which is looked at first
 * (ip-rule(8)), with a protocol number that tells them from others'.
 */
#pragma once

#include "base/address.h"
#include "base/error.h"

#define PR_ROUTE_PROTOCOL 112 /* not one of rtnetlink(7), nor of iproute2's rt_protos */

/* Makes the prefix local; sources are 127.0.0.1 and ::1 where a socket has none. 0 also where the route is there;
 * -EADDRINUSE: the namespace has another route into the prefix, or the network of one of its addresses meets it.
 * -EACCES: IPv6 is switched off. */
PR_MUST_USE int pr_route_local_add(const struct pr_address *base, uint8_t prefix_len);
/* Takes away every route with our protocol number, whoever made it. */
PR_MUST_USE int pr_route_local_clear(void);
