/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two halves of the runner share: inspection.c has the packets, pool.c the memory and the time. */
#pragma once

#include "inspection/inspection.h"
#include "inspection/stream.h"

struct pr_inspection_node {
	struct pr_inspection_node *previous, *next; /* NULL at the ends */
};

/* In the order of being appended, which is the order of being due. */
struct pr_inspection_chain {
	struct pr_inspection_node *head, *tail;
};

struct pr_inspection {
	struct pr_inspection_node order;   /* in `chain` */
	struct pr_inspection_node holding; /* in `held` of the pool, where `hold_due_us` isn't 0 */
	struct pr_inspection_chain *chain; /* NULL = none: finished */
	uint64_t link;
	uint64_t due_us, hold_due_us;

	struct pr_assembly client, server;
	struct pr_datagram *datagrams; /* `n_datagrams_size`, with their bytes */
	struct pr_seen *known;	       /* on the heap; NULL while no protocol is known */
	const struct pr_seen *seen;    /* that, or one of the pool's `unknown` */

	unsigned int wants, settled; /* PR_FACT_… */
	unsigned int holds;	     /* of them those that the client's bytes wait for */
	uint32_t candidates;	     /* rows of the table that may still be the one */
	/* What these want to see. */
	uint32_t client_max, server_max;
	uint32_t released; /* bytes of the client that may go on */
	uint32_t rests_on; /* of the client's bytes: what is settled rests on so many */
	uint16_t flags;	   /* of `seen`, beyond what the inspectors say */
	uint16_t port;	   /* the server's */
	uint8_t proto;
	uint8_t datagrams_max, n_datagrams, n_datagrams_size;
	uint8_t n_packets;	  /* with payload */
	uint8_t n_contradictions; /* that were dropped */
	uint8_t look;		  /* enum pr_look: the last answer */
	bool multicast, finished;
	bool careful; /* a decision rests on what is seen, or may */
	bool held;    /* HOLD was said since what was held was last let go */
};

struct pr_inspections {
	struct pr_inspection_memory memory;
	struct pr_inspection_chain waiting; /* no payload yet; in the order of their beginning */
	struct pr_inspection_chain active;  /* in the order of their first payload */
	struct pr_inspection_chain held;    /* in the order of what is held first */
	struct pr_inspection_chain gone;    /* given up for want of room; not told yet */
	struct pr_inspections_counters counters;
	struct pr_seen scratch;
	struct pr_seen unknown[32]; /* what is said of links whose protocol isn't known, by flags */
};

/* As pr_inspectors_look(), of those rows of the table that are `candidates` (bits); takes out those that it is none of, and,
 * once one says that it is its own, all others. */
enum pr_look pr_inspectors_look_on(const struct pr_transcript *transcript, bool give_up,
				   uint32_t *candidates, struct pr_seen *ret_seen);
/* Could one of those still find a name? */
bool pr_inspectors_may_name(uint32_t candidates);
/* What those want to see at most. */
void pr_inspectors_limits(uint32_t candidates, uint8_t proto, uint32_t *ret_client,
			  uint32_t *ret_server, uint32_t *ret_datagrams);

/* Goes on to another chain; NULL = none. */
void pr_inspection_move(struct pr_inspection *inspection, struct pr_inspection_chain *chain);
/* A packet is held, from now on. */
void pr_inspection_hold_begin(struct pr_inspections *inspections, struct pr_inspection *inspection,
			      uint64_t now_us);
void pr_inspection_hold_end(struct pr_inspections *inspections, struct pr_inspection *inspection);
/* Gives up others until there are so many bytes; false: there can't be. */
bool pr_inspections_make_room(struct pr_inspections *inspections,
			      const struct pr_inspection *except, size_t bytes);

/* Asks the inspectors about what has come; what they say is in `seen`, `settled`, `look`. */
void pr_inspection_ask(struct pr_inspections *inspections, struct pr_inspection *inspection,
		       bool give_up);
/* All that is open is settled as unknown; *counter of the pool's is told. */
void pr_inspection_settle(struct pr_inspections *inspections, struct pr_inspection *inspection,
			  uint64_t *counter);
/* For what inspection->flags have gained. */
void pr_inspection_show_flags(struct pr_inspections *inspections, struct pr_inspection *inspection);
/* Nothing further is looked at: gives back the bytes. */
void pr_inspection_finish(struct pr_inspections *inspections, struct pr_inspection *inspection);
