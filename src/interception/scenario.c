/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "interception/scenario.h"

#include "interception/scenario_packet.h"
#include "packet/parse.h"

#include <stdlib.h>

struct slot {
	struct pr_intercepted packet;
	uint8_t bytes[PR_SCENARIO_PACKET_MAX];
};

#define STREAMS_MAX 64

/* How far one end of a TCP link has sent. */
struct stream {
	struct pr_tuple tuple;
	uint32_t end;
};

struct pr_scenario_interception {
	struct pr_interception interception; /* first: the operations get its address */
	pr_scenario_verdict verdict;
	void *context;
	struct slot queue[PR_SCENARIO_QUEUE_MAX];
	unsigned int n_queued, n_read; /* read ones stay until the queue has been read to its end */
	uint64_t last_handle;
	struct stream streams[STREAMS_MAX]; /* the oldest gives way */
	unsigned int n_streams;
};

static struct stream *find_stream(struct pr_scenario_interception *scenario,
				  const struct pr_tuple *tuple)
{
	for (unsigned int i = 0; i < STREAMS_MAX; i++)
		if (pr_tuple_equal(&scenario->streams[i].tuple, tuple))
			return &scenario->streams[i];
	return NULL;
}

static void note_sent(struct pr_scenario_interception *scenario, const struct pr_packet *parsed)
{
	struct stream *stream = find_stream(scenario, &parsed->tuple);
	bool syn = parsed->tcp_flags & PR_TCP_SYN;
	uint32_t end = parsed->seq + syn + (parsed->wire_len - parsed->payload_offset);

	if (!stream) {
		stream = &scenario->streams[scenario->n_streams++ % STREAMS_MAX];
		*stream = (struct stream){ .tuple = parsed->tuple, .end = end };
	}
	if (syn || (int32_t)(end - stream->end) > 0)
		stream->end = end;
}

/* What it would acknowledge by itself: all that the other end has sent. */
static int describe(struct pr_scenario_interception *scenario, const char *line, struct slot *slot,
		    const char **ret_error)
{
	const struct pr_intercepted empty = slot->packet;
	uint32_t ack = PR_SCENARIO_ISN + 1;
	const struct stream *other;
	struct pr_packet parsed;
	struct pr_tuple back;
	int r;

	r = pr_scenario_describe(line, &slot->packet, ack, slot->bytes, sizeof(slot->bytes),
				 ret_error);
	if (r < 0 ||
	    pr_packet_parse(slot->bytes, slot->packet.len, slot->packet.wire_len, &parsed) != 0 ||
	    parsed.tuple.proto != IPPROTO_TCP)
		return r;
	note_sent(scenario, &parsed);
	back = pr_tuple_reversed(&parsed.tuple);
	other = find_stream(scenario, &back);
	if (!other)
		return 0;
	slot->packet = empty;
	return pr_scenario_describe(line, &slot->packet, other->end, slot->bytes,
				    sizeof(slot->bytes), ret_error);
}

int pr_scenario_packet(struct pr_scenario_interception *scenario, const char *line,
		       uint64_t time_us, const char **ret_error)
{
	struct slot *slot;
	int r;

	if (scenario->n_queued == PR_SCENARIO_QUEUE_MAX)
		return -ENOBUFS;
	slot = &scenario->queue[scenario->n_queued];
	slot->packet = (struct pr_intercepted){ .time_us = time_us, .uid = UINT32_MAX };
	r = describe(scenario, line, slot, ret_error);
	if (r < 0)
		return r;
	slot->packet.handle = ++scenario->last_handle;
	scenario->n_queued++;
	return 0;
}

static int next(struct pr_interception *interception, struct pr_intercepted *packets,
		unsigned int n_max, int timeout_ms)
{
	struct pr_scenario_interception *scenario = (void *)interception;
	unsigned int n = 0;

	(void)timeout_ms; /* nothing comes by waiting */
	for (; n < n_max && scenario->n_read < scenario->n_queued; n++)
		packets[n] = scenario->queue[scenario->n_read++].packet;
	if (n == 0)
		scenario->n_read = scenario->n_queued = 0;
	return n == 0 ? -ENODATA : (int)n;
}

static void verdict(struct pr_interception *interception, const struct pr_intercepted *packet,
		    const struct pr_verdict_order *order)
{
	struct pr_scenario_interception *scenario = (void *)interception;

	scenario->verdict(scenario->context, packet, order);
}

static void flush(struct pr_interception *interception)
{
	(void)interception;
}

static void close_it(struct pr_interception *interception)
{
	free(interception);
}

struct pr_scenario_interception *pr_scenario_interception_new(pr_scenario_verdict to, void *context)
{
	static const struct pr_interception_operations operations = { next, verdict, flush,
								      close_it };
	struct pr_scenario_interception *scenario = pr_calloc(1, sizeof(*scenario));

	scenario->interception.operations = &operations;
	scenario->verdict = to;
	scenario->context = context;
	return scenario;
}

struct pr_interception *pr_scenario_interception(struct pr_scenario_interception *scenario)
{
	return &scenario->interception;
}
