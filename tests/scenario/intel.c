/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lists of a case, compiled as the daemon's compiler process does it. */
#include "world.h"

#include "intel/set_builder.h"

#include <string.h>

/* list ID [CATEGORY], or country, or asn: the text stands for whatever stood there before */
void intel_source(struct world *world, char **words, unsigned int n, const char *text)
{
	struct source *source = NULL;

	for (unsigned int i = 0; i < world->n_sources; i++)
		if (step_is(world->sources[i].id, words[0]))
			source = &world->sources[i];
	if (!source) {
		pr_assert(world->n_sources < SOURCES_MAX);
		source = &world->sources[world->n_sources++];
	}
	snprintf(source->id, sizeof(source->id), "%s", words[0]);
	snprintf(source->category, sizeof(source->category), "%s", n > 1 ? words[1] : "");
	free(source->text);
	source->text = pr_strdup(text);
}

static void add_geo(struct world *world, struct pr_intel_builder *builder,
		    enum pr_geo_format format, const struct source *source)
{
	struct pr_geo_counts counts;

	if (pr_intel_builder_geo(builder, format, source->text, strlen(source->text), &counts) <
		    0 ||
	    counts.refused)
		world_fail(world, "%s can't be read", source->id);
}

static void add_list(struct world *world, struct pr_intel_builder *builder,
		     const struct source *source)
{
	const struct pr_intel_source list = {
		.id = source->id,
		.category = source->category,
		.format = PR_LIST_AUTO,
		.bytes = source->text,
		.len = strlen(source->text),
	};
	struct pr_list_counts counts;

	if (pr_intel_builder_list(builder, &list, &counts) < 0 || counts.refused)
		world_fail(world, "the list %s can't be read", source->id);
}

/* intel [none]: the set of all that was given so far */
void intel_take(struct world *world, char **words, unsigned int n)
{
	PR_CLEANUP(pr_intel_builder_cleanup) struct pr_intel_builder *builder = NULL;
	struct pr_intel_set *set = NULL;
	size_t len;

	if (n && step_is(words[0], "none")) {
		pr_engine_intel_take(world->engine, NULL, world->now_us);
		return;
	}
	builder = pr_intel_builder_new(1);
	for (unsigned int i = 0; i < world->n_sources; i++) {
		const struct source *source = &world->sources[i];

		if (step_is(source->id, "country"))
			add_geo(world, builder, PR_GEO_CSV_COUNTRY, source);
		else if (step_is(source->id, "asn"))
			add_geo(world, builder, PR_GEO_CSV_ASN, source);
		else
			add_list(world, builder, source);
	}
	pr_assert(world->n_sets < PR_ARRAY_SIZE(world->set_bytes));
	if (pr_intel_builder_finish(builder, &world->set_bytes[world->n_sets], &len) < 0 ||
	    pr_intel_set_open(world->set_bytes[world->n_sets++], len, &set) < 0)
		world_fail(world, "the set is refused");
	else
		pr_engine_intel_take(world->engine, set, world->now_us);
}

void intel_done(struct world *world)
{
	for (unsigned int i = 0; i < world->n_sources; i++)
		free(world->sources[i].text);
	for (unsigned int i = 0; i < world->n_sets; i++)
		free(world->set_bytes[i]);
}
