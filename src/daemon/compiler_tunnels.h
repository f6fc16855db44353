/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the compiler tells of the tunnel: its upstreams, with accounts, which are in no policy; and its pool. */
#pragma once

#include "ipc/channel.h"
#include "profile/config.h"
#include "profile/policy.h"

/* 0 or -errno. */
PR_MUST_USE int pr_compiler_tell_tunnels(struct pr_channel *supervisor,
					 const struct pr_policy *policy,
					 const struct pr_policy_blob *blob);
