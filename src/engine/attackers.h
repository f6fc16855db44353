/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attacks: what the packet corridor tells the detector, and who is blocked (docs/attacks.md). */
#pragma once

#include "engine/machine.h"
#include "inspection/attacks.h"

void pr_attackers_init(struct pr_engine *engine);
void pr_attackers_done(struct pr_engine *engine);

/* A new link, by the packet that begins it; then its owner is known, before it is decided. */
void pr_attackers_begin(struct pr_engine *engine, struct pr_link *link, uint8_t tcp_flags,
			uint32_t in_ifindex);
void pr_attackers_owner(struct pr_engine *engine, struct pr_link *link, enum pr_link_end_name end);
void pr_attackers_spoofed(struct pr_engine *engine, const struct pr_tuple *tuple,
			  enum pr_spoof spoof, uint32_t in_ifindex);
void pr_attackers_malformed(struct pr_engine *engine, const struct pr_intercepted *packet);

/* A flow that conntrack has made. */
void pr_attackers_flow(struct pr_engine *engine, const struct pr_tuple *tuple);

/* Whether the source of the link is blocked, and was when it began. */
bool pr_attackers_blocks(const struct pr_engine *engine, const struct pr_link *link,
			 enum pr_link_end_name end);
/* It was denied for that, and the time is over. */
bool pr_attackers_released(const struct pr_engine *engine, const struct pr_link *link,
			   enum pr_link_end_name end);
uint64_t pr_attackers_tick(struct pr_engine *engine);

/* What was found and is not over, from *cursor (0) on; NULL at the end. */
const struct pr_attack *pr_attackers_next(const struct pr_engine *engine, uint32_t *cursor);
void pr_attackers_event(const struct pr_engine *engine, const struct pr_attack *attack,
			struct pr_event *ret_event);
void pr_attackers_counters(const struct pr_engine *engine, struct pr_engine_counters *counters);
