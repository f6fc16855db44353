/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What opening.c and opening_way.c share. */
#pragma once

#include "tunnel/opening.h"
#include "tunnel/proxy_talk.h"
#include "tunnel/trunk.h"

struct pr_opening {
	struct pr_carriers *carriers;
	pr_opening_done done;
	void *context;
	struct pr_carrier_hop *hops;
	unsigned int n_hops, hop;
	unsigned int n_talks; /* so many hops are asked for something */
	char *host;
	uint16_t port;
	bool datagrams;
	struct pr_dial *dial;
	struct pr_layer *layer;
	struct pr_address proxy; /* what the first dial reached */
	struct event timer;
	uint64_t ends_us; /* then the timer comes, at the latest */
	bool asked;	  /* the hop was, and may take its time */
	bool named;	  /* the last one was told the destination */
	bool account;	  /* a hop refused the account */
	/* said when the timer comes; NULL = that it took too long */
	const char *failure;
	enum pr_tunnel_outcome failure_outcome;
	struct pr_trunk_wait wait;
	bool is_stream; /* the layer is one of HTTP/2, which is to be answered */
	bool again;	/* that was tried once more */
	struct pr_proxy_talk talking;
};

/* The last thing that is done with an opening. */
void pr_opening_end(struct pr_opening *opening, const struct pr_opened *opened);
void pr_opening_fail(struct pr_opening *opening, enum pr_tunnel_outcome outcome, unsigned int hop,
		     const char *why);
/* From the loop; the sentence is a literal. */
void pr_opening_fail_later(struct pr_opening *opening, enum pr_tunnel_outcome outcome,
			   const char *why);
/* So long from now on, and not beyond the end. */
void pr_opening_wait(struct pr_opening *opening, uint64_t wait_us);
/* Whether the hop that is talked to is asked for the destination. */
bool pr_opening_is_last(const struct pr_opening *opening);

/* Begins, with the last hop that speaks TLS where there is one: its connection may be there already. */
void pr_opening_set_out(struct pr_opening *opening);
