/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes a nameserver of this host known to the engine as one that we ask, before it asks anybody itself: a question
 * about its version (RFC 4892), which nobody forwards; the answer isn't waited for.
 */
#pragma once

#include "resolver/upstream.h"

/* More often than the engine forgets it (PR_ENGINE_LOCAL_UPSTREAM_US). */
#define PR_GREETING_S 45

void pr_greet(const struct pr_upstream *upstream);
