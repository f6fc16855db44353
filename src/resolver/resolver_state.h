/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The resolver's counters, as pairs for the engine, which shows them. Of the room itself. */
#pragma once

#include "ipc/body.h"
#include "ipc/message.h"
#include "resolver/resolver.h"

#include <stddef.h>
#include <stdint.h>

/* The body of RESOLVER_STATE, PR_RESOLVER_STATE_MAX bytes at most; returns its length. */
size_t pr_resolver_state_encode(const struct pr_resolver_counters *counters,
				uint8_t body[PR_RESOLVER_STATE_MAX]);
