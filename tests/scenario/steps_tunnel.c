/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tunnel process: what it is asked to open, and what it says. */
#include "world.h"

#include <string.h>

bool tunnel_open(void *context, uint64_t link, const struct pr_tunnel_link *open)
{
	struct world *world = context;
	char text[160];

	if (world->no_tunnel)
		return false;
	pr_assert(world->n_opening < PR_ARRAY_SIZE(world->opening));
	world->openings[world->n_opening] = open->opening;
	world->opening[world->n_opening++] = link;
	if (world->tunnel_untold)
		return true;
	world_output(world, OUTPUT_TUNNEL, "tunnel-open %s app=%s %s %s", open->upstream,
		     open->application, show_tuple(&open->tuple, text), open->name);
	return true;
}

/* A link by its place among those that were to be opened, from 1 on; 0 = it never was. */
static unsigned int place_of(const struct world *world, uint64_t link)
{
	for (unsigned int i = world->n_opening; i-- > 0;)
		if (world->opening[i] == link)
			return i + 1;
	return 0;
}

void tunnel_close(void *context, uint64_t link)
{
	world_output(context, OUTPUT_TUNNEL, "tunnel-close %u", place_of(context, link));
}

static struct pr_tunnel_opened outcome_of(struct world *world, char **words, unsigned int n)
{
	struct pr_tunnel_opened opened = { .why = n > 1 ? words[1] : "" };

	for (unsigned int i = 0; n && i < PR_TUNNEL_N_OUTCOMES; i++)
		if (step_is(words[0], pr_tunnel_outcome_name((enum pr_tunnel_outcome)i))) {
			opened.outcome = (enum pr_tunnel_outcome)i;
			return opened;
		}
	world_fail(world, "no such outcome");
	return opened;
}

static void show_link(struct world *world, const char *what, uint64_t link)
{
	if (link)
		world_output(world, OUTPUT_LINE, "line %s %u", what, place_of(world, link));
	else
		world_output(world, OUTPUT_LINE, "line %s none", what);
}

/* tunnel have UPSTREAM APPLICATION TUPLE */
static void have(struct world *world, char **words, unsigned int n)
{
	struct pr_tunnel_link link = { .name = "" };

	if (n < 6 || !step_tuple(words + 2, n - 2, &link.tuple)) {
		world_fail(world, "tunnel have UPSTREAM APPLICATION TUPLE");
		return;
	}
	link.upstream = words[0];
	link.application = words[1];
	world_output(world, OUTPUT_LINE, "line have %s",
		     pr_engine_tunnel_have(world->engine, &link, world->now_us) ? "yes" : "no");
}

/* tunnel opened|ended N OUTCOME ["WHY"] | who TUPLE | have … | lost | found | none | untold */
void step_tunnel(struct world *world, char **words, unsigned int n)
{
	unsigned int place = n > 1 ? (unsigned int)strtoul(words[1], NULL, 10) : 0;
	struct pr_tunnel_opened outcome;
	struct pr_tuple seen;

	if (n && step_is(words[0], "lost")) {
		pr_engine_tunnel_lost(world->engine, world->now_us);
	} else if (n && step_is(words[0], "found")) {
		world->no_tunnel = false;
		pr_engine_tunnel_found(world->engine, world->now_us);
	} else if (n && step_is(words[0], "none")) {
		world->no_tunnel = true;
	} else if (n && step_is(words[0], "untold")) {
		world->tunnel_untold = true;
	} else if (n && step_is(words[0], "have")) {
		have(world, words + 1, n - 1);
	} else if (n && step_is(words[0], "who") && step_tuple(words + 1, n - 1, &seen)) {
		show_link(world, "who", pr_engine_tunnel_who(world->engine, &seen, world->now_us));
	} else if (n > 2 && place && place <= world->n_opening) {
		outcome = outcome_of(world, words + 2, n - 2);
		outcome.opening = world->openings[place - 1];
		if (step_is(words[0], "opened"))
			pr_engine_tunnel_opened(world->engine, world->opening[place - 1], &outcome,
						world->now_us);
		else
			pr_engine_tunnel_ended(world->engine, world->opening[place - 1], &outcome,
					       world->now_us);
	} else {
		world_fail(world, "tunnel what?");
	}
}
