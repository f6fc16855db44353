/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A capture has no hooks and no deadlines: nothing is held here, and no time passes for the inspections, so that a
 * slow link shows as much as a quick one.
 */
#include "inspection/flows.h"

#include "base/index.h"
#include "packet/fragments.h"

#define FLOWS_AT_FIRST 64
#define MICRO	       UINT64_C(1000000)

struct flow {
	struct pr_flow shown;
	struct pr_inspection *inspection; /* NULL = finished, or none */
	struct pr_seen *seen;		  /* NULL = nothing yet */
	uint32_t opening_seq;
	bool fin[2], closed;
};

struct pr_flows {
	struct pr_inspections *inspections;
	struct pr_fragments *fragments;
	struct pr_index index; /* of the newest flow of each tuple */
	struct flow *flows;
	uint32_t n, n_room;
	struct pr_flows_counters counters;
};

static const struct pr_seen nothing = { .settled = PR_FACTS_SEEN };

struct pr_flows *pr_flows_new(void)
{
	struct pr_flows *flows = pr_calloc(1, sizeof(*flows));

	flows->inspections = pr_inspections_new(PR_FLOWS_BYTES_MAX);
	flows->fragments = pr_fragments_new();
	pr_index_init(&flows->index, FLOWS_AT_FIRST);
	return flows;
}

static void finish(struct pr_flows *flows, struct flow *flow)
{
	const struct pr_seen *seen;

	if (!flow->inspection)
		return;
	pr_inspection_give_up(flows->inspections, flow->inspection);
	seen = pr_inspection_seen(flow->inspection);
	flow->seen = pr_calloc(1, sizeof(*flow->seen));
	*flow->seen = *seen;
	pr_inspection_end(flows->inspections, PR_TAKE_PTR(flow->inspection));
}

void pr_flows_free(struct pr_flows *flows)
{
	if (!flows)
		return;
	for (uint32_t i = 0; i < flows->n; i++) {
		finish(flows, &flows->flows[i]);
		free(flows->flows[i].seen);
	}
	free(flows->flows);
	pr_index_done(&flows->index);
	pr_fragments_free(flows->fragments);
	pr_inspections_free(flows->inspections);
	free(flows);
}

static struct flow *find(struct pr_flows *flows, const struct pr_tuple *tuple)
{
	struct pr_index_walk walk = pr_index_find(&flows->index, pr_tuple_hash(tuple));

	while (pr_index_next(&flows->index, &walk))
		if (pr_tuple_equal(&flows->flows[walk.value].shown.tuple, tuple))
			return &flows->flows[walk.value];
	return NULL;
}

/* Whether the packet begins another flow between the same ends. */
static bool begins_anew(const struct flow *flow, const struct pr_packet *packet, uint64_t time_us)
{
	if (packet->tuple.proto == IPPROTO_UDP)
		return time_us > flow->shown.last_us + PR_FLOWS_UDP_IDLE_S * MICRO;
	if ((packet->tcp_flags & (PR_TCP_SYN | PR_TCP_ACK)) != PR_TCP_SYN)
		return false;
	/* The same SYN again is a retransmission. */
	return flow->closed || flow->shown.late || packet->seq != flow->opening_seq ||
	       !pr_tuple_equal(&packet->tuple, &flow->shown.tuple);
}

static struct flow *add(struct pr_flows *flows, const struct pr_packet *packet, uint64_t time_us)
{
	bool tcp = packet->tuple.proto == IPPROTO_TCP;
	uint8_t flags = packet->tcp_flags & (PR_TCP_SYN | PR_TCP_ACK);
	struct flow *flow;

	if (flows->n == PR_FLOWS_MAX)
		return NULL;
	if (flows->n == flows->n_room) {
		flows->n_room = flows->n_room ? flows->n_room * 2 : FLOWS_AT_FIRST;
		flows->flows = pr_realloc(flows->flows, flows->n_room, sizeof(*flows->flows));
	}
	pr_assert(flows->flows);
	flow = &flows->flows[flows->n];
	*flow = (struct flow){
		.shown = { .tuple = packet->tuple,
			   .late = tcp && flags != PR_TCP_SYN,
			   .silent = true,
			   .first_us = time_us },
		.opening_seq = packet->seq,
	};
	/* Who answers did not open it. */
	if (tcp && flags == (PR_TCP_SYN | PR_TCP_ACK))
		flow->shown.tuple = pr_tuple_reversed(&packet->tuple);
	flow->inspection =
		pr_inspection_begin(flows->inspections, &flow->shown.tuple, PR_FACTS_SEEN,
				    !flow->shown.late, flows->n + UINT64_C(1), 0);
	pr_index_insert(&flows->index, pr_tuple_hash(&flow->shown.tuple), flows->n++);
	return flow;
}

static struct flow *flow_of(struct pr_flows *flows, const struct pr_packet *packet,
			    uint64_t time_us)
{
	const struct pr_tuple reversed = pr_tuple_reversed(&packet->tuple);
	struct flow *flow = find(flows, &packet->tuple);

	if (!flow)
		flow = find(flows, &reversed);
	if (flow && begins_anew(flow, packet, time_us)) {
		finish(flows, flow);
		(void)pr_index_remove(&flows->index, pr_tuple_hash(&flow->shown.tuple),
				      (uint32_t)(flow - flows->flows));
		flow = NULL;
	}
	return flow ? flow : add(flows, packet, time_us);
}

static void look(struct pr_flows *flows, struct flow *flow, const struct pr_packet *packet,
		 const uint8_t *bytes, size_t len)
{
	bool reply = !pr_tuple_equal(&packet->tuple, &flow->shown.tuple);
	struct pr_inspected inspected;

	if (flow->inspection) {
		inspected = pr_inspection_packet(flows->inspections, flow->inspection, packet,
						 bytes, len, reply, 0);
		if (inspected.says == PR_INSPECTION_FINISHED)
			finish(flows, flow);
	}
	if (packet->tuple.proto != IPPROTO_TCP)
		return;
	flow->fin[reply] |= (packet->tcp_flags & PR_TCP_FIN) != 0;
	flow->closed |= (packet->tcp_flags & PR_TCP_RST) != 0 || (flow->fin[0] && flow->fin[1]);
}

/* A packet that is no fragment any more. */
static void whole_packet(struct pr_flows *flows, const struct pr_captured *captured,
			 const struct pr_packet *packet)
{
	struct flow *flow;

	if (packet->tuple.proto != IPPROTO_TCP && packet->tuple.proto != IPPROTO_UDP) {
		flows->counters.n_other++;
		return;
	}
	flow = flow_of(flows, packet, captured->real_us);
	if (!flow) {
		flows->counters.n_left_out++;
		return;
	}
	flow->shown.packets++;
	flow->shown.bytes += packet->wire_len;
	if (packet->wire_len > packet->payload_offset)
		flow->shown.silent = false;
	flow->shown.last_us = captured->real_us;
	look(flows, flow, packet, captured->bytes, captured->len);
}

void pr_flows_packet(struct pr_flows *flows, const struct pr_captured *captured)
{
	struct pr_captured whole = *captured;
	struct pr_packet packet;
	int r = pr_packet_parse(whole.bytes, whole.len, whole.wire_len, &packet);

	/* A later fragment of a first one that is too short for its ports says nothing by itself. */
	if ((r == PR_PACKET_PARSED || r == PR_PACKET_LATER_FRAGMENT) && packet.fragment) {
		if (pr_fragments_add(flows->fragments, captured->bytes, captured->len, &whole.bytes,
				     &whole.len) != PR_FRAGMENTS_WHOLE)
			return;
		whole.wire_len = whole.len;
		r = pr_packet_parse(whole.bytes, whole.len, whole.wire_len, &packet);
	}
	if (r == PR_PACKET_PARSED)
		whole_packet(flows, &whole, &packet);
	else
		flows->counters.n_unreadable++;
}

void pr_flows_end(struct pr_flows *flows)
{
	for (uint32_t i = 0; i < flows->n; i++) {
		struct flow *flow = &flows->flows[i];

		finish(flows, flow);
		flow->shown.seen = flow->seen ? flow->seen : &nothing;
	}
}

const struct pr_flow *pr_flows_at(const struct pr_flows *flows, uint32_t number)
{
	return number < flows->n ? &flows->flows[number].shown : NULL;
}

struct pr_flows_counters pr_flows_counters(const struct pr_flows *flows)
{
	struct pr_flows_counters counters = flows->counters;

	counters.n_flows = flows->n;
	counters.n_fragments_lost = pr_fragments_n_lost(flows->fragments);
	return counters;
}
