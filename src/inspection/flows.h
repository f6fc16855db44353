/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flows of a capture, and what the inspectors see of each: the same inspection as of live links, without a
 * firewall around it. TCP and UDP; bounded.
 */
#pragma once

#include "inspection/inspection.h"
#include "packet/capture.h"

/* Reached: packets of further flows are counted and not looked at. */
#define PR_FLOWS_MAX 65536u
/* Memory of the inspections of all flows. Reached: what is open of the oldest is given up (PR_SEEN_LIMIT). */
#define PR_FLOWS_BYTES_MAX (256u << 20)
/* A datagram after so long is another flow's, as conntrack has it (nf_conntrack_udp_timeout_stream and some). */
#define PR_FLOWS_UDP_IDLE_S 180u

struct pr_flow {
	struct pr_tuple
		tuple; /* who opened it first; where the beginning is missing, who was seen first */
	bool late;     /* TCP that was under way already: what is seen of it begins somewhere */
	bool silent;   /* neither end sent payload: there was nothing to see */
	uint64_t packets, bytes; /* both ways, from the IP header on, by the packets' own lengths */
	uint64_t first_us, last_us; /* the capture's times */
	const struct pr_seen *seen; /* of an ended capture; never NULL then */
};

struct pr_flows_counters {
	uint32_t n_flows;
	uint32_t n_left_out;	   /* packets of flows beyond PR_FLOWS_MAX */
	uint32_t n_unreadable;	   /* no packets, by their headers */
	uint32_t n_other;	   /* neither TCP nor UDP */
	uint32_t n_fragments_lost; /* that could not be put together */
};

struct pr_flows;

struct pr_flows *pr_flows_new(void);
void pr_flows_free(struct pr_flows *flows); /* takes NULL */
/* The next packet of the capture. */
void pr_flows_packet(struct pr_flows *flows, const struct pr_captured *captured);
/* No more packets come: what is open is unknown. */
void pr_flows_end(struct pr_flows *flows);
/* In the order of their first packets, from 0; borrowed until the next call of another function. */
const struct pr_flow *pr_flows_at(const struct pr_flows *flows, uint32_t number);
struct pr_flows_counters pr_flows_counters(const struct pr_flows *flows);
