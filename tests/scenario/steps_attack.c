/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many packets that differ a little. Their verdicts are counted, not told one by one. */
#include "world.h"

#include <string.h>

/* The number behind the last `separator` of the endpoint counts up. */
static void count_up(const char *endpoint, const char *part, unsigned int i, char *text,
		     size_t size)
{
	char *rest;
	unsigned long first = strtoul(part, &rest, 10);

	snprintf(text, size, "%.*s%lu%s", (int)(part - endpoint), endpoint, first + i, rest);
}

static void vary(const char *how, const char *endpoint, unsigned int i, char *text, size_t size)
{
	const char *colon = strrchr(endpoint, ':'), *dot = endpoint;

	for (const char *at = endpoint; *at && at != colon; at++)
		if (*at == '.')
			dot = at + 1;
	if (step_is(how, "port") && colon)
		count_up(endpoint, colon + 1, i, text, size);
	else
		count_up(endpoint, dot, i, text, size);
}

static void sum_up(struct world *world, unsigned int from)
{
	static const char *const verdicts[] = { "accept", "block", "drop", "held" };
	unsigned int n[PR_ARRAY_SIZE(verdicts)] = { 0 };

	for (unsigned int i = from; i < world->n_outputs; i++) {
		struct output *output = &world->outputs[i];

		if (output->kind != OUTPUT_PACKET)
			continue;
		output->used = true;
		for (size_t k = 0; k < PR_ARRAY_SIZE(verdicts); k++)
			n[k] += strncmp(output->text, verdicts[k], strlen(verdicts[k])) == 0;
	}
	world_output(world, OUTPUT_LINE, "line many accept=%u block=%u drop=%u held=%u", n[0], n[1],
		     n[2], n[3]);
}

/* many N EACH-MS source-port|source|port|host HOOK PROTO SOURCE > DESTINATION …: a packet every EACH ms, of which that
 * number counts up. */
void step_many(struct world *world, char **words, unsigned int n)
{
	unsigned int times = n > 7 ? (unsigned int)step_number(world, words[0]) : 0;
	uint64_t each_us = n > 7 ? step_number(world, words[1]) * 1000 : 0;
	unsigned int from = world->n_outputs, place;
	const char *how = n > 2 ? words[2] : "";
	char endpoint[128];

	if (n < 8) {
		world_fail(world, "many N MS source-port|source|port|host HOOK PROTO SOURCE > "
				  "DESTINATION");
		return;
	}
	place = strncmp(how, "source", 6) == 0 ? 5 : 7;
	for (unsigned int i = 0; i < times; i++) {
		char *again[WORDS_MAX];

		memcpy(again, words, n * sizeof(*words));
		vary(step_is(how, "source-port") ? "port" : how, words[place], i, endpoint,
		     sizeof(endpoint));
		again[place] = endpoint;
		step_packet(world, again + 3, n - 3);
		if (each_us)
			world_advance(world, world->now_us + each_us);
	}
	sum_up(world, from);
}

/* opened completed|live|half|unanswered: what becomes of links, as the kernel says. */
void step_opened(struct world *world, char **words, unsigned int n)
{
	const char *how = n ? words[0] : "";

	world->live = step_is(how, "live");
	world->opened = step_is(how, "half")	     ? PR_OPENED_HALF
			: step_is(how, "unanswered") ? PR_OPENED_UNANSWERED
						     : PR_OPENED_COMPLETED;
}
