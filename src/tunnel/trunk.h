/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection to a proxy that speaks TLS, made once for all the openings that wait for the same one: where HTTP/2 is
 * spoken in it they all share it, otherwise it is the first one's alone. Of the room itself.
 */
#pragma once

#include "tunnel/opening.h"

#include <sys/queue.h>

#define PR_TRUNKS_MAX 512 /* at once; beyond that an opening fails */

struct pr_http2;
struct pr_trunk;

/* The memory of who waits. Called once, from the loop, unless it left before. */
struct pr_trunk_wait {
	TAILQ_ENTRY(pr_trunk_wait) link; /* the trunk's, as this: */
	struct pr_trunk *trunk;		 /* NULL: it doesn't wait */
	/* One of the two: HTTP/2, borrowed; or what HTTP/1.1 is spoken over, taken. */
	void (*ready)(struct pr_trunk_wait *wait, struct pr_http2 *http2, struct pr_layer *layer);
	void (*failed)(struct pr_trunk_wait *wait, const struct pr_opened *opened);
};

/* To the last of the hops, through the others. A connection that is there is returned; otherwise NULL, and it waits. */
struct pr_http2 *pr_trunk_join(struct pr_carriers *carriers, const struct pr_carrier_hop *hops,
			       unsigned int n_hops, struct pr_trunk_wait *wait);
void pr_trunk_leave(struct pr_trunk_wait *wait); /* also if it doesn't wait */

/* No new link joins those that are there. */
void pr_trunks_retire(struct pr_carriers *carriers);
void pr_trunks_free(struct pr_carriers *carriers);
