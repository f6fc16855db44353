/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets of a link under inspection. What they carry goes to the transcript; where that has grown, the inspectors are
 * asked, and what they say of the client's bytes so far is held against the packet: no byte of the client's goes on that
 * they haven't let go, as long as somebody waits for what they say. What they haven't seen is held or dropped, and
 * a packet that nobody could have seen for what it is (urgent data, which the server's program reads apart from the
 * stream; more than is kept) ends the inspection: unknown.
 *
 * What a client says is proven once the server has it. Whoever makes packets by hand, or sends pages that he can still
 * change (sendfile()), can have one hello die on its way and send another in its place. So where somebody's decision rests on
 * what was seen the inspection goes on until the server has acknowledged it, or over UDP answered, and keeps out what differs;
 * it then only compares.
 *
 * Nothing is held or dropped where it is only looked; there a contradiction ends the inspection too, since which
 * of the two the server takes isn't known.
 */
#include "inspection/inspection_private.h"

#include <string.h>

/* Dropped contradictions of one link; then it is given up, since a packet that was damaged on its way is
 * contradicted by each that is sent again. */
#define CONTRADICTIONS_MAX 3

struct packet {
	const struct pr_packet *parsed;
	const uint8_t *payload;
	uint32_t len, wire_len; /* of the payload */
	bool reply;
	uint64_t now_us;
};

static struct pr_inspected says(enum pr_inspection_says what)
{
	return (struct pr_inspected){ .says = what };
}

static struct pr_inspected give_up(struct pr_inspections *inspections,
				   struct pr_inspection *inspection, uint64_t *counter)
{
	bool held = inspection->held;

	pr_inspection_settle(inspections, inspection, counter);
	return (struct pr_inspected){ .says = PR_INSPECTION_FINISHED, .releases = held };
}

static struct pr_inspected give_up_limit(struct pr_inspections *inspections,
					 struct pr_inspection *inspection)
{
	return give_up(inspections, inspection, &inspections->counters.given_up_limit);
}

static struct pr_inspected drop(struct pr_inspections *inspections)
{
	inspections->counters.dropped++;
	return says(PR_INSPECTION_DROP);
}

/* Could what is waited for still be found? */
static bool is_waited_for(const struct pr_inspection *inspection)
{
	unsigned int facts = inspection->holds & ~inspection->settled;

	return facts == PR_FACT_NAME ? pr_inspectors_may_name(inspection->candidates) : facts;
}

/* Nothing will be added to what the inspectors have been asked about. */
static bool is_exhausted(const struct pr_inspection *inspection)
{
	const struct pr_assembly *client = &inspection->client, *server = &inspection->server;
	bool client_full;

	if (inspection->proto != IPPROTO_TCP)
		return inspection->n_datagrams >= inspection->datagrams_max;
	client_full = pr_assembly_full(client, inspection->client_max);
	if (client_full && is_waited_for(inspection) && inspection->look == PR_LOOK_MORE)
		return true;
	return (client_full || pr_assembly_ended(client)) &&
	       (pr_assembly_full(server, inspection->server_max) || pr_assembly_ended(server));
}

static bool is_all_settled(const struct pr_inspection *inspection)
{
	return !(inspection->wants & ~inspection->settled);
}

/* Asks about the transcript. True: names that were settled are more, or contradict each other now. */
static bool ask(struct pr_inspections *inspections, struct pr_inspection *inspection)
{
	const uint16_t doubts = PR_SEEN_CONTRADICTS | PR_SEEN_INCOMPLETE;
	unsigned int settled = inspection->settled, n_names = inspection->seen->n_names;
	uint16_t flags = inspection->seen->flags & doubts;
	bool more;

	pr_inspection_ask(inspections, inspection, false);
	more = inspection->seen->n_names != n_names || (inspection->seen->flags & doubts) != flags;
	if (more || inspection->settled != settled)
		inspection->rests_on = inspection->client.len;
	return more && settled & PR_FACT_NAME;
}

static struct pr_inspected finish(struct pr_inspections *inspections,
				  struct pr_inspection *inspection)
{
	struct pr_inspected inspected = { .says = PR_INSPECTION_FINISHED,
					  .releases = inspection->held };

	inspections->counters.finished++;
	pr_inspection_finish(inspections, inspection);
	return inspected;
}

/* The transcript has grown: FINISHED, or PASS where it goes on. */
static struct pr_inspected look(struct pr_inspections *inspections,
				struct pr_inspection *inspection)
{
	struct pr_inspected inspected = { .says = PR_INSPECTION_PASS };

	inspected.anew = ask(inspections, inspection);
	if (is_all_settled(inspection)) {
		if (pr_inspection_is_confirmed(inspection))
			return finish(inspections, inspection);
		inspected.releases = inspection->held;
		pr_inspection_hold_end(inspections, inspection);
		inspection->released = inspection->client.len;
		return inspected;
	}
	if (is_exhausted(inspection))
		return give_up_limit(inspections, inspection);
	if (inspection->look != PR_LOOK_GOES_ON && inspection->look != PR_LOOK_DONE &&
	    (!inspection->holds || is_waited_for(inspection)))
		return inspected;
	inspection->released = inspection->client.len;
	/* what stands behind a gap was held too, and isn't known yet */
	if (inspection->held && !inspection->client.n_pieces) {
		inspected.releases = true;
		pr_inspection_hold_end(inspections, inspection);
	}
	return inspected;
}

static struct pr_inspected hold(struct pr_inspections *inspections,
				struct pr_inspection *inspection, const struct packet *packet,
				struct pr_inspected inspected)
{
	inspected.says = PR_INSPECTION_HOLD;
	pr_inspection_hold_begin(inspections, inspection, packet->now_us);
	return inspected;
}

/* ---- TCP ---- */

/* What the packet says of both ends' sequence numbers. That the server has what wasn't let go isn't believed. */
static void learn_numbers(struct pr_inspection *inspection, const struct pr_packet *parsed,
			  bool reply)
{
	struct pr_assembly *from = reply ? &inspection->server : &inspection->client;
	struct pr_assembly *to = reply ? &inspection->client : &inspection->server;
	bool syn = parsed->tcp_flags & PR_TCP_SYN;
	uint32_t most = reply && is_waited_for(inspection) ? inspection->released : to->high;

	if (!from->known || (syn && !from->high && !from->acks)) {
		from->first = parsed->seq + syn;
		from->guessed = !syn;
	}
	from->known = true;
	if (!(parsed->tcp_flags & PR_TCP_ACK))
		return;
	/* A SYN-ACK knows best which of several SYNs began the link. */
	if (!to->known || (!pr_assembly_acknowledged(to, parsed->ack, most) && syn && !to->high))
		to->first = parsed->ack;
	to->known = true;
}

static struct pr_segment segment_of(const struct packet *packet)
{
	const struct pr_packet *parsed = packet->parsed;

	return (struct pr_segment){
		.seq = parsed->seq + !!(parsed->tcp_flags & PR_TCP_SYN),
		.bytes = packet->payload,
		.len = packet->len,
		.wire_len = packet->wire_len,
		.fin = parsed->tcp_flags & PR_TCP_FIN && !parsed->more_fragments,
	};
}

static enum pr_assembled assemble(struct pr_inspections *inspections,
				  struct pr_inspection *inspection, const struct packet *packet,
				  const struct pr_segment *segment)
{
	struct pr_assembly *stream = packet->reply ? &inspection->server : &inspection->client;
	uint32_t limit = packet->reply ? inspection->server_max : inspection->client_max;
	enum pr_assembled assembled;

	assembled = pr_assembly_add(stream, segment, limit, &inspections->memory);
	if (assembled == PR_ASSEMBLED_NO_MEMORY &&
	    pr_inspections_make_room(inspections, inspection,
				     limit + PR_INSPECTION_PIECES_MAX * sizeof(*stream->pieces)))
		assembled = pr_assembly_add(stream, segment, limit, &inspections->memory);
	return assembled;
}

static struct pr_inspected contradicts(struct pr_inspections *inspections,
				       struct pr_inspection *inspection)
{
	inspections->counters.contradictions++;
	inspection->flags |= PR_SEEN_CONTRADICTS;
	if (!inspection->careful || ++inspection->n_contradictions > CONTRADICTIONS_MAX) {
		inspection->flags |= PR_SEEN_INCOMPLETE;
		return give_up_limit(inspections, inspection);
	}
	pr_inspection_show_flags(inspections, inspection);
	return drop(inspections);
}

/* The client's, where somebody waits for what is open; it was looked at by now. */
static struct pr_inspected client_waits(struct pr_inspections *inspections,
					struct pr_inspection *inspection,
					const struct packet *packet,
					const struct pr_segment *segment,
					struct pr_inspected inspected)
{
	const struct pr_assembly *client = &inspection->client;

	if (pr_assembly_offset_behind(client, segment) <= inspection->released)
		return inspected;
	/* its end will never be seen */
	if (pr_assembly_full(client, inspection->client_max))
		return give_up_limit(inspections, inspection);
	return hold(inspections, inspection, packet, inspected);
}

/* All is settled, and the server hasn't got it yet: what comes again has to be the same. */
static struct pr_inspected compare(struct pr_inspections *inspections,
				   struct pr_inspection *inspection, const struct packet *packet,
				   const struct pr_segment *segment)
{
	if (packet->reply)
		return says(PR_INSPECTION_PASS);
	if (!pr_assembly_agrees(&inspection->client, segment))
		return contradicts(inspections, inspection);
	pr_assembly_note(&inspection->client, segment);
	return says(PR_INSPECTION_PASS);
}

static bool is_guess(const struct pr_inspection *inspection, const struct packet *packet)
{
	const struct pr_assembly *stream =
		packet->reply ? &inspection->server : &inspection->client;

	/* one byte is a keep-alive */
	return stream->guessed && packet->wire_len > 1;
}

static struct pr_inspected take_segment(struct pr_inspections *inspections,
					struct pr_inspection *inspection,
					const struct packet *packet)
{
	bool waits = is_waited_for(inspection) && !packet->reply;
	struct pr_inspected inspected = says(PR_INSPECTION_PASS);
	struct pr_segment segment = segment_of(packet);

	if (is_all_settled(inspection))
		return compare(inspections, inspection, packet, &segment);
	switch (assemble(inspections, inspection, packet, &segment)) {
	case PR_ASSEMBLED_MORE:
		inspected = look(inspections, inspection);
		break;
	case PR_ASSEMBLED_AHEAD:
		break;
	case PR_ASSEMBLED_OLD:
		inspected.retransmission = true;
		break;
	case PR_ASSEMBLED_CONTRADICTS:
		return contradicts(inspections, inspection);
	case PR_ASSEMBLED_NO_MEMORY:
		return give_up(inspections, inspection, &inspections->counters.given_up_room);
	case PR_ASSEMBLED_BEYOND:
		if (waits && pr_assembly_full(&inspection->client, inspection->client_max))
			return give_up_limit(inspections, inspection);
		if (waits)
			return drop(inspections);
		if (!packet->reply)
			pr_assembly_note(&inspection->client, &segment);
		return inspected;
	case PR_ASSEMBLED_OUTSIDE:
		/* what was taken for the beginning isn't */
		if (is_guess(inspection, packet))
			return give_up_limit(inspections, inspection);
		return inspection->careful ? drop(inspections) : inspected;
	case PR_ASSEMBLED_PROBE:
	case PR_ASSEMBLED_CROWDED:
		return inspection->careful ? drop(inspections) : inspected;
	}
	if (packet->reply || !packet->wire_len || inspected.says != PR_INSPECTION_PASS ||
	    !is_waited_for(inspection))
		return inspected;
	return client_waits(inspections, inspection, packet, &segment, inspected);
}

/* ---- UDP ---- */

static bool is_kept(const struct pr_inspection *inspection, const struct packet *packet)
{
	for (uint8_t i = 0; i < inspection->n_datagrams; i++) {
		const struct pr_datagram *datagram = &inspection->datagrams[i];

		if (datagram->len == packet->len && datagram->from_server == packet->reply &&
		    memcmp(datagram->bytes, packet->payload, packet->len) == 0)
			return true;
	}
	return false;
}

/* How much of another datagram may be kept. */
static uint32_t datagram_room(const struct pr_inspection *inspection)
{
	uint32_t room = PR_INSPECTION_DATAGRAM_BYTES;

	for (uint8_t i = 0; i < inspection->n_datagrams; i++)
		room -= inspection->datagrams[i].len;
	return room < PR_INSPECTION_DATAGRAM_MAX ? room : PR_INSPECTION_DATAGRAM_MAX;
}

static bool keep(struct pr_inspections *inspections, struct pr_inspection *inspection,
		 const struct packet *packet)
{
	uint32_t room = datagram_room(inspection), len = packet->len < room ? packet->len : room;
	uint8_t size = inspection->n_datagrams_size;
	size_t bytes = len;
	uint8_t *copy;

	if (inspection->n_datagrams == size) {
		size = size ? size * 2 : 2;
		bytes += (size_t)(size - inspection->n_datagrams_size) *
			 sizeof(*inspection->datagrams);
	}
	if (!pr_inspections_make_room(inspections, inspection, bytes) ||
	    !pr_inspection_memory_take(&inspections->memory, bytes))
		return false;
	inspection->datagrams =
		pr_realloc(inspection->datagrams, size, sizeof(*inspection->datagrams));
	inspection->n_datagrams_size = size;
	copy = pr_calloc(1, len);
	memcpy(copy, packet->payload, len);
	inspection->datagrams[inspection->n_datagrams++] = (struct pr_datagram){
		.bytes = copy,
		.len = len,
		.from_server = packet->reply,
		.cut = len < packet->wire_len || packet->parsed->more_fragments,
	};
	return true;
}

static struct pr_inspected take_datagram(struct pr_inspections *inspections,
					 struct pr_inspection *inspection,
					 const struct packet *packet)
{
	struct pr_inspected inspected = says(PR_INSPECTION_PASS);

	if (is_kept(inspection, packet))
		inspected.retransmission = true;
	else if (!keep(inspections, inspection, packet))
		return give_up(inspections, inspection, &inspections->counters.given_up_room);
	else
		inspected = look(inspections, inspection);
	if (inspected.says == PR_INSPECTION_PASS && is_waited_for(inspection) && !packet->reply &&
	    inspection->look == PR_LOOK_MORE)
		return hold(inspections, inspection, packet, inspected);
	return inspected;
}

/* ---- packets ---- */

static struct pr_inspected take(struct pr_inspections *inspections,
				struct pr_inspection *inspection, const struct packet *packet)
{
	const struct pr_packet *parsed = packet->parsed;
	bool tcp = inspection->proto == IPPROTO_TCP;

	if (tcp) {
		/* what a reset carries is no part of the stream */
		if (parsed->tcp_flags & PR_TCP_RST)
			return inspection->holds && !packet->reply && packet->wire_len
				       ? drop(inspections)
				       : says(PR_INSPECTION_PASS);
		learn_numbers(inspection, parsed, packet->reply);
		/* whose numbers say where in the stream it stands aren't read */
		if (parsed->multipath && !packet->reply && packet->wire_len &&
		    !(inspection->flags & PR_SEEN_INCOMPLETE)) {
			inspection->flags |= PR_SEEN_INCOMPLETE;
			pr_inspection_show_flags(inspections, inspection);
		}
		if (parsed->tcp_flags & PR_TCP_URG)
			return give_up_limit(inspections, inspection);
	}
	if (!packet->wire_len && !(tcp && parsed->tcp_flags & PR_TCP_FIN))
		return says(PR_INSPECTION_PASS);
	if (packet->wire_len && !inspection->n_packets) {
		inspection->due_us = packet->now_us + PR_INSPECTION_TIME_MS * UINT64_C(1000);
		pr_inspection_move(inspection, &inspections->active);
	}
	if (packet->wire_len && ++inspection->n_packets > PR_INSPECTION_PACKETS_MAX)
		return give_up_limit(inspections, inspection);
	return tcp ? take_segment(inspections, inspection, packet)
		   : take_datagram(inspections, inspection, packet);
}

struct pr_inspected pr_inspection_packet(struct pr_inspections *inspections,
					 struct pr_inspection *inspection,
					 const struct pr_packet *parsed, const uint8_t *bytes,
					 size_t len, bool reply, uint64_t now_us)
{
	unsigned int settled = inspection->settled;
	bool careful = inspection->careful, confirmed = pr_inspection_is_confirmed(inspection);
	struct packet packet = {
		.parsed = parsed, .payload = bytes, .reply = reply, .now_us = now_us
	};
	struct pr_inspected inspected;

	if (inspection->finished)
		return says(PR_INSPECTION_FINISHED);
	if (parsed->payload_offset <= len) {
		size_t here = len - parsed->payload_offset;

		packet.payload = bytes + parsed->payload_offset;
		packet.len = parsed->payload_len < here ? parsed->payload_len : (uint32_t)here;
	}
	packet.wire_len = parsed->wire_len > parsed->payload_offset + packet.len
				  ? parsed->wire_len - parsed->payload_offset
				  : packet.len;
	inspected = take(inspections, inspection, &packet);
	if (!inspection->finished && !confirmed && pr_inspection_is_confirmed(inspection)) {
		inspected.anew = true;
		if (is_all_settled(inspection) && inspected.says == PR_INSPECTION_PASS)
			inspected = finish(inspections, inspection);
	}
	inspected.settled = inspection->settled & ~settled;
	inspected.rests = careful && !reply && packet.wire_len;
	return inspected;
}

bool pr_inspection_is_confirmed(const struct pr_inspection *inspection)
{
	if (!inspection->careful || inspection->finished || !inspection->settled)
		return true;
	if (inspection->proto == IPPROTO_TCP)
		return inspection->client.acks && inspection->client.acked >= inspection->rests_on;
	return inspection->settled & PR_FACT_ENCRYPTION;
}

void pr_inspection_want(struct pr_inspection *inspection, unsigned int wants, unsigned int holds)
{
	inspection->wants |= wants;
	/* what went on before anybody waited can't be held any more */
	if (holds && !inspection->holds)
		inspection->released = inspection->client.len;
	inspection->holds = holds;
	inspection->careful |= holds != 0;
}

const struct pr_seen *pr_inspection_seen(const struct pr_inspection *inspection)
{
	return inspection->seen;
}
