/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets towards upstreams. Of the room itself. */
#pragma once

#include "resolver/upstream.h"

/* A socket of `type` (SOCK_DGRAM, SOCK_STREAM) that is connected, or connecting, to the upstream and hears nobody else;
 * its port was drawn. Non-blocking, close-on-exec. -errno; -ENODEV where the interface of a link-local
 * address is not there (now). */
PR_MUST_USE int pr_upstream_connect(const struct pr_upstream *upstream, int type);
