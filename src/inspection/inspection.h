/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The inspection of one link: puts together what both ends send (reassembly), asks the inspectors, and says of
 * each packet whether it may go on. Knows nothing of verdicts. Pure: time is an argument, memory comes from a
 * bounded pool. One thread, or the caller's lock.
 */
#pragma once

#include "base/error.h"
#include "inspection/inspector.h"
#include "inspection/limits.h"
#include "packet/parse.h"

struct pr_inspections; /* the pool */
struct pr_inspection;

struct pr_inspections *pr_inspections_new(size_t bytes_max /* 0 = PR_INSPECTION_BYTES_MAX */);
void pr_inspections_free(struct pr_inspections *inspections);

/* `wants`: PR_FACT_… of inspection that somebody asks for; when they are settled it is finished. `from_start`: nothing of
 * the link was missed; the packet that opens it is handed in as its first. `link`: not 0. NULL: no room; others have been
 * given up for it, and there may be some once pr_inspections_tick has told of them and these have ended. */
PR_MUST_USE struct pr_inspection *pr_inspection_begin(struct pr_inspections *inspections,
						      const struct pr_tuple *tuple,
						      unsigned int wants, bool from_start,
						      uint64_t link, uint64_t now_us);
void pr_inspection_end(struct pr_inspections *inspections, struct pr_inspection *inspection);
/* What is asked for from now on, beyond what was; `holds`: those of the facts that packets of the client are held for when HOLD
 * is said, which it is while they can still be found, and PR_INSPECTION_HOLD_MS counts. Where it is only looked (0, as
 * at first), nothing is held, and the link's whole time alone counts. */
void pr_inspection_want(struct pr_inspection *inspection, unsigned int wants, unsigned int holds);

enum pr_inspection_says {
	PR_INSPECTION_PASS, /* this packet may go on; the next is wanted too */
	PR_INSPECTION_HOLD, /* the client's, and what it carries is not known yet */
	PR_INSPECTION_DROP, /* no packet of a sound sender, or one that there is no room for: it is sent again */
	PR_INSPECTION_FINISHED, /* may go on; nothing further is wanted */
};

/* With `settled`, the caller decides before it lets anything go on. */
struct pr_inspected {
	enum pr_inspection_says says;
	unsigned int settled; /* PR_FACT_…: newly settled by this packet */
	bool releases;	      /* what was held before may go on as well, in its order */
	bool retransmission;  /* nothing new in it: of held ones a copy is enough */
	bool anew; /* what was settled before counts otherwise now: the server has what it rests on, or there is more to it */
	bool rests; /* what is decided may rest on this packet's very bytes */
};

/* The next packet of the link, in the order of arrival at one hook. `bytes` from the IP header on, as `parsed` says of it; `reply`:
 * sent by the end that did not open the link. */
struct pr_inspected pr_inspection_packet(struct pr_inspections *inspections,
					 struct pr_inspection *inspection,
					 const struct pr_packet *parsed, const uint8_t *bytes,
					 size_t len, bool reply, uint64_t now_us);
/* Has the server said, as far as packets tell, that it has those of the client's bytes that what is settled rests on? Over UDP
 * it has to have answered them. What only is to be shown needs no such word. Until then an end of which the caller's
 * decision rests on what was seen has to come by here: the same bytes may come again and differ. */
bool pr_inspection_is_confirmed(const struct pr_inspection *inspection);
/* What is known by now; good until the next call. */
const struct pr_seen *pr_inspection_seen(const struct pr_inspection *inspection);
/* Gives up: all that is open is settled as unknown. */
void pr_inspection_give_up(struct pr_inspections *inspections, struct pr_inspection *inspection);

/* The next link whose time is over (hold or whole), or that was given up for another's room, 0 = none; it is given up by
 * then. Call until 0. *ret_due_us: when to call again, UINT64_MAX = never; a packet can make it earlier. */
uint64_t pr_inspections_tick(struct pr_inspections *inspections, uint64_t now_us,
			     struct pr_inspection **ret_inspection, uint64_t *ret_due_us);
/* When to call that: 0 = at once. Cheap. */
uint64_t pr_inspections_due(const struct pr_inspections *inspections);

struct pr_inspections_counters {
	uint32_t n;		 /* under way */
	size_t bytes, bytes_max; /* memory in use, the most that ever was */
	uint64_t begun, finished, given_up_time, given_up_room, given_up_limit, contradictions,
		dropped;
};
void pr_inspections_counters(const struct pr_inspections *inspections,
			     struct pr_inspections_counters *ret_counters);
