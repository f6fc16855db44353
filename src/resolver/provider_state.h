/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How it is with a provider, as pairs for the engine. Of the room itself. */
#pragma once

#include "ipc/body.h"
#include "resolver/providers.h"

/* Calls `tell` unless it is what was told last; `*told` keeps a hash of that. */
void pr_provider_state_tell(unsigned int provider, struct pr_provider_state state, uint64_t *told,
			    void (*tell)(void *context, const struct pr_pairs *pairs),
			    void *context);
