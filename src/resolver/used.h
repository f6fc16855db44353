/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tells the supervisor which nameservers are asked: those of them that any program could ask, at port 53 and without an
 * interface. */
#pragma once

#include "ipc/channel.h"
#include "network/upstream.h"

void pr_upstreams_used_tell(struct pr_channel *supervisor, const struct pr_upstream *upstreams,
			    unsigned int n);
