/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The upstreams as the supervisor tells them, and what of them the engine is told. Of the room itself. */
#pragma once

#include "ipc/channel.h"
#include "tunnel/engine_edge.h"
#include "tunnel/ways.h"

/* Twice what can be configured: links outlive the upstream that they were opened by. */
#define PR_UPSTREAM_COUNTS_MAX (2 * PR_TUNNEL_UPSTREAMS_MAX)

/* Of the links that the engine sent to an upstream. */
struct pr_upstream_count {
	char id[PR_TUNNEL_UPSTREAM_ID_MAX + 1]; /* "" = free */
	uint64_t links, sent, received;
	uint64_t told; /* a hash of what the engine was told last; 0 = nothing */
};

struct pr_upstreams_known;

struct pr_upstreams_known *pr_upstreams_known_new(void);
void pr_upstreams_known_free(struct pr_upstreams_known *known); /* takes NULL */
/* TUNNEL_UPSTREAMS. 0 or -EBADMSG, -EINVAL: those of before remain. */
PR_MUST_USE int pr_upstreams_known_set(struct pr_ways *ways, struct pr_dialer *dialer,
				       const struct pr_message *message);
/* The counts of an upstream, from now on; what is counted for one that nobody knows any more is told to nobody. */
struct pr_upstream_count *pr_upstreams_count(struct pr_upstreams_known *known, const char *id);
/* TUNNEL_STATE for each of which something changed. */
void pr_upstreams_tell(struct pr_upstreams_known *known, const struct pr_ways *ways,
		       struct pr_tunnel_engine *engine);
/* A new engine knows of none. */
void pr_upstreams_untold(struct pr_upstreams_known *known);
