/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stage of inspection from within: inspection.c looks into packets and draws the conclusions, inspected.c has the
 * links that this concerns, held.c the packets that wait for it, seen.c what links have shown. docs/inspection.md
 * tells the rest.
 */
#pragma once

#include "base/chain.h"
#include "base/text.h"
#include "engine/inspecting.h"
#include "inspection/inspection.h"

/* A packet that is held until what its client sent is known. */
struct pr_held {
	uint32_t next; /* of the same link, in the order of arrival; PR_SLAB_NONE */
	uint8_t end;   /* enum pr_link_end_name */
	bool reply;
	struct pr_interception *interception;
	struct pr_intercepted packet;
	uint8_t *copy; /* of its bytes: it goes on as it was seen */
	bool one_path; /* pr_verdict_order.one_path */
};

/* A link that is inspected, or holds packets still. */
struct pr_inspected_link {
	struct pr_inspection *inspection; /* NULL = it is over */
	uint64_t link;
	struct pr_chain_node list; /* of those that hold packets */
	uint32_t first, last;	   /* held; PR_SLAB_NONE */
	uint8_t n_held[PR_LINK_N_ENDS];
	bool unclear;		/* what its client sent last is not known yet */
	uint64_t asks_until_us; /* held for a prompt: so long; 0 = for no prompt */
};

/* What was seen of a link: the texts are handles. */
struct pr_seen_kept {
	uint16_t settled, flags;
	uint8_t speaks, encryption, n_names;
	const char *why;
	uint32_t version, alpn, alpn_chosen, ja4, certificate_name, issuer;
	uint32_t names[PR_SEEN_NAMES_MAX];
	int64_t not_before_s, not_after_s;
};

struct pr_inspecting {
	struct pr_inspections *inspections;
	struct pr_slab links;	 /* pr_inspected_link */
	struct pr_slab held;	 /* pr_held */
	struct pr_slab seen;	 /* pr_seen_kept */
	struct pr_chain holding; /* of links */
	struct pr_texts texts;
	size_t held_bytes; /* of their copies */
};

/* Directly, or through the tunnel. */
static inline bool pr_end_passes(const struct pr_link_end *end)
{
	return end->decided &&
	       (end->verdict == PR_VERDICT_ACCEPT || end->verdict == PR_VERDICT_REROUTE_TUNNEL);
}

/* NULL: it is not inspected, and holds nothing. */
struct pr_inspected_link *pr_inspected_of(const struct pr_engine *engine,
					  const struct pr_link *link);
/* Its place, a new one where it has none; NULL: there is no room. */
struct pr_inspected_link *pr_inspected_enter(struct pr_engine *engine, struct pr_link *link);
/* It is neither inspected nor holds packets any more: its place is free again. */
void pr_inspected_leave(struct pr_engine *engine, struct pr_link *link);

/* ---- held.c ---- */

/* False where there is no room. */
bool pr_held_add(struct pr_engine *engine, struct pr_inspected_link *inspected,
		 const struct pr_arrival *arrival);
/* All of it, dropped. */
void pr_held_forget(struct pr_engine *engine, struct pr_link *link);
uint64_t pr_held_tick(struct pr_engine *engine);

/* ---- seen.c ---- */

void pr_seen_keep(struct pr_engine *engine, struct pr_link *link, const struct pr_seen *seen);
void pr_seen_forget(struct pr_engine *engine, struct pr_link *link);
/* False: nothing was seen. */
bool pr_seen_of(const struct pr_engine *engine, const struct pr_link *link,
		struct pr_seen *ret_seen);
