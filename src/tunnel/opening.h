/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The opening of a way: hop by hop, until what is read and written is the far end's. Of the room itself.
 */
#pragma once

#include "tunnel/carrier_private.h"
#include "tunnel/layer.h"

struct pr_opened {
	enum pr_tunnel_outcome outcome;
	unsigned int hop; /* as of pr_carrier_events.opened */
	const char *why;  /* borrowed; "" if open */
	bool unanswered;  /* as of pr_carrier_unanswered() */
	bool account;	  /* as of pr_carrier_account_refused() */
	struct pr_layer *
		layer; /* handed over if open; nothing of it was read, what there is is not told again */
};

/* Never from within pr_opening_start(); the opening is gone then. */
typedef void (*pr_opening_done)(void *context, const struct pr_opened *opened);

struct pr_opening;

/* Through all hops to `to`'s host. Copies. */
struct pr_opening *pr_opening_start(struct pr_carriers *carriers, const struct pr_carrier_to *to,
				    pr_opening_done done, void *context);
/* Through all hops but the last, to that one: it is asked for nothing. */
struct pr_opening *pr_opening_start_to_last_hop(struct pr_carriers *carriers,
						const struct pr_carrier_hop *hops,
						unsigned int n_hops, pr_opening_done done,
						void *context);
void pr_opening_cancel(struct pr_opening *opening); /* takes NULL; `done` does not come */
/* The last hop was told the destination. */
bool pr_opening_has_named(const struct pr_opening *opening);
