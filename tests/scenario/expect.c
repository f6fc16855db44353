/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * expect WORDS…            takes the first line of that kind away; every word stands in it
 * expect … !WORD           does not stand in it
 * expect … ~ "TEXT"        is a part of it
 * expect no KIND           there is no such line
 * expect counter NAME N    also: <N, >N
 */
#include "world.h"

#include <string.h>

static const struct {
	const char *word;
	enum output_kind kind;
} kinds[] = {
	{ "accept", OUTPUT_PACKET },
	{ "block", OUTPUT_PACKET },
	{ "drop", OUTPUT_PACKET },
	{ "reroute-nameserver", OUTPUT_PACKET },
	{ "reroute-tunnel", OUTPUT_PACKET },
	{ "held", OUTPUT_PACKET },
	{ "packet", OUTPUT_PACKET },
	{ "released", OUTPUT_RELEASED },
	{ "answer", OUTPUT_ANSWER },
	{ "resolve", OUTPUT_RESOLVE },
	{ "inquire", OUTPUT_INQUIRE },
	{ "raise", OUTPUT_RAISE },
	{ "forget-denied", OUTPUT_FORGET },
	{ "cut", OUTPUT_CUT },
	{ "tunnel-open", OUTPUT_TUNNEL },
	{ "tunnel-close", OUTPUT_TUNNEL },
	{ "event", OUTPUT_EVENT },
	{ "row", OUTPUT_LINE },
	{ "line", OUTPUT_LINE },
};

static bool kind_of(const char *word, enum output_kind *ret_kind)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].word, word) == 0) {
			*ret_kind = kinds[i].kind;
			return true;
		}
	return false;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

static bool matches(const char *text, char **words, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (strcmp(words[i], "~") == 0 && i + 1 < n) {
			if (!strstr(text, words[++i]))
				return false;
		} else if (words[i][0] == '!') {
			if (has_word(text, words[i] + 1))
				return false;
		} else if (!has_word(text, words[i])) {
			return false;
		}
	}
	return true;
}

static void show_unused(const struct world *world, enum output_kind kind)
{
	for (unsigned int i = 0; i < world->n_outputs; i++)
		if (!world->outputs[i].used && world->outputs[i].kind == kind)
			fprintf(stderr, "    there is (line %u): %s\n", world->outputs[i].line,
				world->outputs[i].text);
}

/* Events may be passed over; of everything else the first one must be the one. */
static void expect_output(struct world *world, enum output_kind kind, char **words, unsigned int n)
{
	for (unsigned int i = 0; i < world->n_outputs; i++) {
		struct output *output = &world->outputs[i];

		if (output->used || output->kind != kind)
			continue;
		if (matches(output->text, words, n)) {
			output->used = true;
			return;
		}
		if (kind != OUTPUT_EVENT && kind != OUTPUT_LINE)
			break;
	}
	world_fail(world, "expected: %s %s %s", words[0], n > 1 ? words[1] : "",
		   n > 2 ? words[2] : "");
	show_unused(world, kind);
}

static void expect_no(struct world *world, char **words, unsigned int n)
{
	enum output_kind kind;

	if (!n || !kind_of(words[0], &kind)) {
		world_fail(world, "expect no what?");
		return;
	}
	for (unsigned int i = 0; i < world->n_outputs; i++)
		if (!world->outputs[i].used && world->outputs[i].kind == kind &&
		    matches(world->outputs[i].text, words, n))
			world_fail(world, "not expected: %s", world->outputs[i].text);
}

static void expect_counter(struct world *world, char **words, unsigned int n)
{
	struct pr_engine_counters counters;
	uint64_t values[PR_ENGINE_N_COUNTERS], wanted;
	const char *text = n == 2 ? words[1] : "";
	bool holds;

	pr_engine_counters(world->engine, &counters);
	memcpy(values, &counters, sizeof(values));
	for (unsigned int i = 0; n == 2 && i < PR_ENGINE_N_COUNTERS; i++) {
		if (strcmp(pr_engine_counter_name(i), words[0]) != 0)
			continue;
		wanted = strtoull(*text == '<' || *text == '>' ? text + 1 : text, NULL, 10);
		holds = *text == '<'   ? values[i] < wanted
			: *text == '>' ? values[i] > wanted
				       : values[i] == wanted;
		if (!holds)
			world_fail(world, "%s is %llu, not %s", words[0],
				   (unsigned long long)values[i], text);
		return;
	}
	world_fail(world, "no such counter");
}

void expect_run(struct world *world, char **words, unsigned int n)
{
	enum output_kind kind;

	if (n && strcmp(words[0], "no") == 0)
		expect_no(world, words + 1, n - 1);
	else if (n && strcmp(words[0], "counter") == 0)
		expect_counter(world, words + 1, n - 1);
	else if (n && kind_of(words[0], &kind))
		expect_output(world, kind, words, n);
	else
		world_fail(world, "expect what?");
}

void expect_nothing_left(struct world *world)
{
	for (unsigned int i = 0; i < world->n_outputs; i++)
		if (!world->outputs[i].used && world->outputs[i].kind != OUTPUT_EVENT &&
		    world->outputs[i].kind != OUTPUT_LINE)
			world_fail(world, "came unexpected, by line %u: %s", world->outputs[i].line,
				   world->outputs[i].text);
	/* Expectations look for events since the last step that did something. */
	world->n_outputs = 0;
}
