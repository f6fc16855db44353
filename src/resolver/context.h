/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A libunbound context with our settings. Of the room itself. */
#pragma once

#include "resolver/upstream.h"

#include <event2/event.h>
#include <unbound.h>

/* 0, -ENOMEM, -EINVAL where libunbound refuses a setting, -ENETUNREACH where no upstream's interface is there. */
PR_MUST_USE int pr_unbound_context(struct event_base *base, const struct pr_upstream *upstreams,
				   unsigned int n, struct ub_ctx **ret_context);
/* The number of the interface that a link-local address's zone names; 0 = there is none now. */
unsigned int pr_unbound_zone_index(const char *zone);
