/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "interception/scenario.h"

#include "interception/scenario_packet.h"

#include <stdlib.h>

struct slot {
	struct pr_intercepted packet;
	uint8_t bytes[PR_SCENARIO_PACKET_MAX];
};

struct pr_scenario_interception {
	struct pr_interception interception; /* first: the operations get its address */
	pr_scenario_verdict verdict;
	void *context;
	struct slot queue[PR_SCENARIO_QUEUE_MAX];
	unsigned int n_queued, n_read; /* read ones stay until the queue has been read to its end */
	uint64_t last_handle;
};

int pr_scenario_packet(struct pr_scenario_interception *scenario, const char *line,
		       uint64_t time_us, const char **ret_error)
{
	struct slot *slot;
	int r;

	if (scenario->n_queued == PR_SCENARIO_QUEUE_MAX)
		return -ENOBUFS;
	slot = &scenario->queue[scenario->n_queued];
	slot->packet = (struct pr_intercepted){ .time_us = time_us, .uid = UINT32_MAX };
	r = pr_scenario_describe(line, &slot->packet, slot->bytes, sizeof(slot->bytes), ret_error);
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
