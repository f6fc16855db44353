/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The links under inspection, their memory and their time.
 *
 * A link has its head and nothing else until its first payload; then what its bytes take; once it is finished, the head and what
 * is known of it, until its owner ends it. All of it counts. Where there is no room, the link whose first
 * payload is longest ago is given up, so whoever opens many links and leaves them half said crowds out his own;
 * its owner learns it by the next tick. All times are of fixed length, so a list in the order of arrival
 * is in the order of being due.
 */
#include "inspection/inspection_private.h"

#include <string.h>

/* Heads may take this much of the room before links without payload are given up for new ones. */
#define HEADS_OF_8     7

#define HOLDING_OFFSET offsetof(struct pr_inspection, holding)

static struct pr_inspection *first_of(const struct pr_inspection_chain *chain)
{
	/* `order` is the first member */
	return (struct pr_inspection *)chain->head;
}

static struct pr_inspection *first_held(const struct pr_inspections *inspections)
{
	char *node = (char *)inspections->held.head;

	return node ? (struct pr_inspection *)(node - HOLDING_OFFSET) : NULL;
}

static void append(struct pr_inspection_chain *chain, struct pr_inspection_node *node)
{
	*node = (struct pr_inspection_node){ .previous = chain->tail };
	if (chain->tail)
		chain->tail->next = node;
	else
		chain->head = node;
	chain->tail = node;
}

static void take_out(struct pr_inspection_chain *chain, struct pr_inspection_node *node)
{
	if (node->previous)
		node->previous->next = node->next;
	else
		chain->head = node->next;
	if (node->next)
		node->next->previous = node->previous;
	else
		chain->tail = node->previous;
}

void pr_inspection_move(struct pr_inspection *inspection, struct pr_inspection_chain *chain)
{
	if (inspection->chain)
		take_out(inspection->chain, &inspection->order);
	if (chain)
		append(chain, &inspection->order);
	inspection->chain = chain;
}

void pr_inspection_hold_begin(struct pr_inspections *inspections, struct pr_inspection *inspection,
			      uint64_t now_us)
{
	inspection->held = true;
	if (inspection->hold_due_us)
		return;
	inspection->hold_due_us = now_us + PR_INSPECTION_HOLD_MS * UINT64_C(1000);
	append(&inspections->held, &inspection->holding);
}

void pr_inspection_hold_end(struct pr_inspections *inspections, struct pr_inspection *inspection)
{
	inspection->held = false;
	if (!inspection->hold_due_us)
		return;
	take_out(&inspections->held, &inspection->holding);
	inspection->hold_due_us = 0;
}

/* ---- what is known ---- */

/* The constant that says: no protocol is known. */
static const struct pr_seen *unknown(struct pr_inspections *inspections, unsigned int settled,
				     uint16_t flags)
{
	struct pr_seen *seen =
		&inspections->unknown[(settled ? 8 : 0) | (flags & PR_SEEN_INCOMPLETE ? 16 : 0) |
				      (flags & PR_SEEN_CONTRADICTS ? 4 : 0) |
				      (flags & PR_SEEN_LATE ? 2 : 0) |
				      (flags & PR_SEEN_LIMIT ? 1 : 0)];

	seen->settled = settled ? PR_FACTS_SEEN : 0;
	seen->flags = flags;
	return seen;
}

static void forget_known(struct pr_inspections *inspections, struct pr_inspection *inspection)
{
	if (!inspection->known)
		return;
	free(inspection->known);
	inspection->known = NULL;
	pr_inspection_memory_give(&inspections->memory, sizeof(*inspection->known));
}

/* What the scratch holds is what is known now. */
static void show(struct pr_inspections *inspections, struct pr_inspection *inspection)
{
	struct pr_seen *seen = &inspections->scratch;

	if (seen->speaks != PR_SPEAKS_UNKNOWN && !inspection->known) {
		if (!pr_inspections_make_room(inspections, inspection, sizeof(*seen)) ||
		    !pr_inspection_memory_take(&inspections->memory, sizeof(*seen))) {
			*seen = (struct pr_seen){ .settled = PR_FACTS_SEEN };
			inspection->flags |= PR_SEEN_LIMIT;
			inspection->look = PR_LOOK_NOT_MINE;
		} else {
			inspection->known = pr_realloc(NULL, 1, sizeof(*seen));
		}
	}
	seen->flags |= inspection->flags;
	inspection->settled = seen->settled;
	if (seen->speaks == PR_SPEAKS_UNKNOWN) {
		forget_known(inspections, inspection);
		inspection->seen = unknown(inspections, seen->settled, seen->flags);
		return;
	}
	*inspection->known = *seen;
	inspection->seen = inspection->known;
}

void pr_inspection_show_flags(struct pr_inspections *inspections, struct pr_inspection *inspection)
{
	if (inspection->known)
		inspection->known->flags |= inspection->flags;
	else
		inspection->seen = unknown(inspections, inspection->settled, inspection->flags);
}

/* How much those want to see that could be asked. */
static void learn_limits(struct pr_inspection *inspection)
{
	uint32_t datagrams_max;

	pr_inspectors_limits(inspection->candidates, inspection->proto, &inspection->client_max,
			     &inspection->server_max, &datagrams_max);
	inspection->datagrams_max = (uint8_t)datagrams_max;
}

void pr_inspection_ask(struct pr_inspections *inspections, struct pr_inspection *inspection,
		       bool give_up)
{
	uint32_t candidates = inspection->candidates;
	const struct pr_assembly *client = &inspection->client, *server = &inspection->server;
	const struct pr_transcript transcript = {
		.proto = inspection->proto,
		.port = inspection->port,
		.client = { client->bytes, client->len, pr_assembly_ended(client),
			    pr_assembly_full(client, inspection->client_max) },
		.server = { server->bytes, server->len, pr_assembly_ended(server),
			    pr_assembly_full(server, inspection->server_max) },
		.datagrams = inspection->datagrams,
		.n_datagrams = inspection->n_datagrams,
		.multicast = inspection->multicast,
	};

	inspection->look = (uint8_t)pr_inspectors_look_on(
		&transcript, give_up, &inspection->candidates, &inspections->scratch);
	if (inspection->look == PR_LOOK_NOT_MINE || inspection->look == PR_LOOK_DONE)
		inspections->scratch.settled = PR_FACTS_SEEN;
	show(inspections, inspection);
	if (inspection->candidates != candidates)
		learn_limits(inspection);
}

/* ---- an end ---- */

/* Nobody will say any more that the server has it. */
static void doubt(struct pr_inspection *inspection)
{
	if (inspection->settled & PR_FACT_NAME && !pr_inspection_is_confirmed(inspection))
		inspection->flags |= PR_SEEN_INCOMPLETE;
}

static void forget_datagrams(struct pr_inspections *inspections, struct pr_inspection *inspection)
{
	size_t bytes = inspection->n_datagrams_size * sizeof(*inspection->datagrams);

	for (uint8_t i = 0; i < inspection->n_datagrams; i++) {
		bytes += inspection->datagrams[i].len;
		free((void *)(uintptr_t)inspection->datagrams[i].bytes);
	}
	free(inspection->datagrams);
	inspection->datagrams = NULL;
	inspection->n_datagrams = inspection->n_datagrams_size = 0;
	pr_inspection_memory_give(&inspections->memory, bytes);
}

void pr_inspection_finish(struct pr_inspections *inspections, struct pr_inspection *inspection)
{
	inspection->finished = true;
	pr_inspection_hold_end(inspections, inspection);
	pr_inspection_move(inspection, NULL);
	pr_assembly_clear(&inspection->client, &inspections->memory);
	pr_assembly_clear(&inspection->server, &inspections->memory);
	forget_datagrams(inspections, inspection);
}

void pr_inspection_settle(struct pr_inspections *inspections, struct pr_inspection *inspection,
			  uint64_t *counter)
{
	doubt(inspection);
	inspection->flags |= PR_SEEN_LIMIT;
	pr_inspection_ask(inspections, inspection, true);
	pr_inspection_finish(inspections, inspection);
	if (counter)
		(*counter)++;
}

void pr_inspection_give_up(struct pr_inspections *inspections, struct pr_inspection *inspection)
{
	if (!inspection->finished)
		pr_inspection_settle(inspections, inspection, NULL);
}

void pr_inspection_end(struct pr_inspections *inspections, struct pr_inspection *inspection)
{
	pr_inspection_finish(inspections, inspection);
	forget_known(inspections, inspection);
	pr_inspection_memory_give(&inspections->memory, sizeof(*inspection));
	inspections->counters.n--;
	free(inspection);
}

/* ---- room ---- */

/* The one that waits longest in the chain; its owner is told by the next tick. */
static bool give_up_first(struct pr_inspections *inspections, struct pr_inspection_chain *chain,
			  const struct pr_inspection *except)
{
	struct pr_inspection *inspection = first_of(chain);

	if (inspection && inspection == except)
		inspection = (struct pr_inspection *)inspection->order.next;
	if (!inspection)
		return false;
	doubt(inspection);
	/* what it is known to speak may take memory that there isn't: only what is there already is kept */
	inspection->flags |= PR_SEEN_LIMIT;
	inspection->settled = PR_FACTS_SEEN;
	if (inspection->known)
		inspection->known->settled = PR_FACTS_SEEN;
	pr_inspection_show_flags(inspections, inspection);
	pr_inspection_finish(inspections, inspection);
	pr_inspection_move(inspection, &inspections->gone);
	inspections->counters.given_up_room++;
	return true;
}

bool pr_inspections_make_room(struct pr_inspections *inspections,
			      const struct pr_inspection *except, size_t bytes)
{
	const struct pr_inspection_memory *memory = &inspections->memory;

	while (memory->bytes_max - memory->bytes < bytes)
		if (!give_up_first(inspections, &inspections->active, except))
			return false;
	return true;
}

struct pr_inspection *pr_inspection_begin(struct pr_inspections *inspections,
					  const struct pr_tuple *tuple, unsigned int wants,
					  bool from_start, uint64_t link, uint64_t now_us)
{
	struct pr_inspection_memory *memory = &inspections->memory;
	const struct pr_address *to = &tuple->dst;
	struct pr_inspection *inspection;

	(void)now_us; /* its time begins with its first payload */
	if (memory->bytes > memory->bytes_max / 8 * HEADS_OF_8 ||
	    inspections->counters.n >= PR_INSPECTION_LINKS_MAX)
		if (!give_up_first(inspections, &inspections->waiting, NULL))
			give_up_first(inspections, &inspections->active, NULL);
	if (!pr_inspection_memory_take(memory, sizeof(*inspection)))
		return NULL;
	inspection = pr_calloc(1, sizeof(*inspection));
	inspection->link = link;
	inspection->wants = wants;
	inspection->candidates = UINT32_MAX;
	inspection->flags = from_start ? 0 : PR_SEEN_LATE;
	inspection->port = tuple->dst_port;
	inspection->proto = tuple->proto;
	inspection->multicast = to->family == 4 ? to->bytes[0] >> 4 == 0xe : to->bytes[0] == 0xff;
	inspection->look = PR_LOOK_MORE;
	learn_limits(inspection);
	pr_inspection_show_flags(inspections, inspection);
	pr_inspection_move(inspection, &inspections->waiting);
	inspections->counters.n++;
	inspections->counters.begun++;
	return inspection;
}

/* ---- time ---- */

uint64_t pr_inspections_due(const struct pr_inspections *inspections)
{
	const struct pr_inspection *active = first_of(&inspections->active);
	const struct pr_inspection *held = first_held(inspections);
	uint64_t due_us = active ? active->due_us : UINT64_MAX;

	if (inspections->gone.head)
		return 0;
	return held && held->hold_due_us < due_us ? held->hold_due_us : due_us;
}

static struct pr_inspection *first_due(const struct pr_inspections *inspections, uint64_t now_us)
{
	struct pr_inspection *active = first_of(&inspections->active);
	struct pr_inspection *held = first_held(inspections);

	if (held && held->hold_due_us <= now_us)
		return held;
	return active && active->due_us <= now_us ? active : NULL;
}

uint64_t pr_inspections_tick(struct pr_inspections *inspections, uint64_t now_us,
			     struct pr_inspection **ret_inspection, uint64_t *ret_due_us)
{
	struct pr_inspection *inspection;

	/* who waited for these doesn't any more */
	while ((inspection = first_held(inspections)) && inspection->hold_due_us <= now_us &&
	       !inspection->holds)
		pr_inspection_hold_end(inspections, inspection);
	inspection = first_of(&inspections->gone);
	if (inspection) {
		pr_inspection_move(inspection, NULL);
	} else if ((inspection = first_due(inspections, now_us))) {
		pr_inspection_settle(inspections, inspection, &inspections->counters.given_up_time);
	}
	*ret_due_us = pr_inspections_due(inspections);
	if (!inspection)
		return 0;
	*ret_inspection = inspection;
	return inspection->link;
}

/* ---- the pool ---- */

struct pr_inspections *pr_inspections_new(size_t bytes_max)
{
	struct pr_inspections *inspections = pr_calloc(1, sizeof(*inspections));

	inspections->memory.bytes_max = bytes_max ? bytes_max : PR_INSPECTION_BYTES_MAX;
	return inspections;
}

void pr_inspections_free(struct pr_inspections *inspections)
{
	if (!inspections)
		return;
	/* whoever was finished is in no chain: its owner has ended it before */
	while (inspections->gone.head)
		pr_inspection_end(inspections, first_of(&inspections->gone));
	while (inspections->active.head)
		pr_inspection_end(inspections, first_of(&inspections->active));
	while (inspections->waiting.head)
		pr_inspection_end(inspections, first_of(&inspections->waiting));
	free(inspections);
}

void pr_inspections_counters(const struct pr_inspections *inspections,
			     struct pr_inspections_counters *ret_counters)
{
	*ret_counters = inspections->counters;
	ret_counters->bytes = inspections->memory.bytes;
	ret_counters->bytes_max = inspections->memory.bytes_peak;
}
