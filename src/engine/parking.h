/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets whose decision waits for a fact, a user, a generation or a way (parking.c). */
#pragma once

#include "interception/interception.h"
#include "network/link.h"

#include <stdbool.h>
#include <stdint.h>

struct pr_engine;

enum pr_parked_for {
	PR_PARKED_FREE,
	PR_PARKED_OWNER,
	PR_PARKED_PROMPT,
	PR_PARKED_GENERATION, /* decided; the kernel's table is being changed */
	PR_PARKED_TUNNEL,     /* decided; its way is being opened */
};

struct pr_parked {
	enum pr_parked_for wait;
	uint8_t end; /* enum pr_link_end_name */
	bool reply;
	uint64_t link, ticket, deadline_us;
	struct pr_interception *interception;
	struct pr_intercepted packet;
	uint8_t *
		copy; /* of its bytes, which are still to be looked into, or go on as they were seen; or NULL */
	bool as_seen, one_path; /* as in pr_verdict_order */
};

struct pr_parking {
	struct pr_parked *slots;
	uint32_t n_max, n_used;
};

void pr_parking_init(struct pr_parking *parking, uint32_t n_max);
void pr_parking_done(struct pr_parking *parking);
/* Parks a packet; false where there is no room: it has to be dropped. */
bool pr_parking_add(struct pr_engine *engine, const struct pr_parked *parked);
/* Releases what waits at this end with the end's verdict. */
void pr_parking_release(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end);
/* The packet that an owner's ticket stands for; NULL = none any more. */
struct pr_parked *pr_parking_by_ticket(struct pr_engine *engine, uint64_t ticket);
/* True while something of the end is parked for that. */
bool pr_parking_waits(const struct pr_engine *engine, uint64_t link, enum pr_link_end_name end,
		      enum pr_parked_for wait);
/* For whatever, and by the inspection too. */
bool pr_parking_holds(const struct pr_engine *engine, const struct pr_link *link,
		      enum pr_link_end_name end);
/* From now on the end's packets that are parked for a fact wait for that. */
void pr_parking_turn_to(struct pr_engine *engine, const struct pr_link *link,
			enum pr_link_end_name end, enum pr_parked_for wait, uint64_t deadline_us);
/* Of those that wait for the tunnel. */
void pr_parking_set_deadline(struct pr_engine *engine, const struct pr_link *link,
			     enum pr_link_end_name end, uint64_t deadline_us);
uint32_t pr_parking_n(const struct pr_engine *engine, enum pr_parked_for wait);
/* A generation is in force: what waited for it goes. */
void pr_parking_generation_set(struct pr_engine *engine);
/* Handles what is due; the next deadline. */
uint64_t pr_parking_tick(struct pr_engine *engine);
/* A link is forgotten: its parked packets are dropped. */
void pr_parking_forget(struct pr_engine *engine, uint64_t link);
