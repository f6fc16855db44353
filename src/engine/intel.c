/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the compiled set says of a subject. The set numbers its lists as it was built, the policy numbers ids as rules
 * and settings name them, and an id may be a category, which is several lists: which list counts for which ids is
 * worked out once for a policy and a set together.
 *
 * The domains' lists are looked up before the address: the decision on a communication sees no address, and where it
 * decides, nothing of that is needed. A packet's decision looks up what some rule or setting wants; what is told
 * to a user has all.
 */
#include "engine/machine.h"
#include "engine/subject.h"

#include "base/geography.h"

#include <string.h>

#define SPEAKS_OF_ADDRESSES (1u << PR_LIST_PREFIX | 1u << PR_LIST_ASN | 1u << PR_LIST_COUNTRY)

static bool counts_for(const struct pr_source *named, const char *id, const char *category)
{
	return strcmp(named->id, id) == 0 || strcmp(named->id, category) == 0;
}

static void set_bit(uint64_t *bits, uint32_t at)
{
	bits[at / 64] |= UINT64_C(1) << at % 64;
}

static bool is_in_set(const struct pr_intel_set *set, const char *id)
{
	for (uint32_t i = 0; set && i < pr_intel_set_n_lists(set); i++)
		if (strcmp(pr_intel_set_list(set, i).id, id) == 0)
			return true;
	return false;
}

/* A list has data if all that count for it have: those of the set, and of the configuration. */
static void find_missing(struct pr_engine *engine, const bool *has_data)
{
	const struct pr_policy *policy = engine->policy;
	uint32_t n = pr_policy_n_lists(policy);

	for (uint32_t i = 0; i < n; i++) {
		const struct pr_source named = pr_policy_list(policy, i);
		bool missing = !has_data[i];

		for (uint32_t k = 0; !missing && k < n; k++) {
			const struct pr_source list = pr_policy_list(policy, k);

			missing = (*list.url || *list.file) &&
				  counts_for(&named, list.id, list.category) &&
				  !is_in_set(engine->intel, list.id);
		}
		if (missing)
			set_bit(engine->intel_map.missing, i);
	}
}

static void map_list(struct pr_engine *engine, uint32_t number, bool *has_data)
{
	const struct pr_intel_list list = pr_intel_set_list(engine->intel, number);
	struct pr_intel_map *map = &engine->intel_map;
	uint64_t *row = map->rows + (size_t)number * map->n_words;

	for (uint32_t i = 0; i < pr_policy_n_lists(engine->policy); i++) {
		const struct pr_source named = pr_policy_list(engine->policy, i);

		if (!counts_for(&named, list.id, list.category))
			continue;
		has_data[i] = true;
		set_bit(row, i);
		if (list.kinds & SPEAKS_OF_ADDRESSES)
			set_bit(map->open, i);
	}
}

void pr_intel_map_done(struct pr_engine *engine)
{
	free(engine->intel_map.rows);
	memset(&engine->intel_map, 0, sizeof(engine->intel_map));
}

void pr_intel_map_renew(struct pr_engine *engine)
{
	struct pr_intel_map *map = &engine->intel_map;
	PR_CLEANUP(pr_cleanup_free) bool *has_data = NULL;

	pr_intel_map_done(engine);
	if (!engine->policy)
		return;
	has_data = pr_calloc(pr_policy_n_lists(engine->policy) + 1, sizeof(*has_data));
	map->wants = pr_policy_wants_data(engine->policy);
	map->n_words = pr_policy_n_list_words(engine->policy);
	pr_assert(map->n_words <= PR_INTEL_WORDS_MAX);
	if (engine->intel)
		map->rows =
			pr_calloc((size_t)pr_intel_set_n_lists(engine->intel) * map->n_words + 1,
				  sizeof(*map->rows));
	for (uint32_t i = 0; engine->intel && i < pr_intel_set_n_lists(engine->intel); i++)
		map_list(engine, i, has_data);
	find_missing(engine, has_data);
	pr_providers_table_policy(&engine->providers, engine->policy, map->missing, engine->now_us);
}

/* The bits of the set as those of the policy; NULL where nothing of it counts. */
static const uint64_t *translate(const struct pr_engine *engine, const uint64_t *found,
				 struct pr_subject_of *of)
{
	const struct pr_intel_map *map = &engine->intel_map;
	uint64_t *bits = of->list_bits + (size_t)of->n_list_bits * map->n_words;
	uint64_t any = 0;

	for (uint32_t i = 0; i < map->n_words; i++)
		bits[i] = 0;
	for (uint32_t word = 0; word < PR_INTEL_WORDS_MAX; word++)
		for (uint64_t rest = found[word]; rest; rest &= rest - 1) {
			size_t list = word * 64 + (size_t)__builtin_ctzll(rest);

			for (uint32_t i = 0; i < map->n_words; i++)
				any |= bits[i] |= map->rows[list * map->n_words + i];
		}
	if (!any)
		return NULL;
	of->n_list_bits++;
	return bits;
}

void pr_intel_begin(const struct pr_engine *engine, struct pr_subject_of *of)
{
	of->names_looked_up = false;
	of->n_list_bits = 0;
	of->subject.n_list_words = engine->intel_map.n_words;
	of->subject.lists_missing = engine->intel_map.missing;
	of->subject.lists_open = engine->intel_map.open;
	of->may_follow = false;
	pr_providers_begin(engine, of);
}

static void find_lists_of_name(const struct pr_engine *engine, struct pr_subject_of *of,
			       const char *name, const uint64_t **lists)
{
	uint64_t found[PR_INTEL_WORDS_MAX] = { 0 };

	if (engine->intel && pr_intel_set_domain(engine->intel, name, found))
		*lists = translate(engine, found, of);
}

void pr_intel_of_names(const struct pr_engine *engine, struct pr_subject_of *of)
{
	struct pr_subject *subject = &of->subject;

	if (of->names_looked_up || !(engine->intel_map.wants & PR_FACT_LISTS))
		return;
	of->names_looked_up = true;
	for (unsigned int i = 0; i < subject->n_domains; i++)
		find_lists_of_name(engine, of, subject->domains[i], &subject->domain_lists[i]);
	if (subject->claimed)
		find_lists_of_name(engine, of, subject->claimed, &subject->claimed_lists);
	for (unsigned int i = 0; i < subject->n_also_claimed; i++)
		find_lists_of_name(engine, of, subject->also_claimed[i],
				   &subject->also_claimed_lists[i]);
	pr_providers_of_names(engine, of);
}

static void find_lists(const struct pr_engine *engine, struct pr_subject_of *of)
{
	uint64_t found[PR_INTEL_WORDS_MAX] = { 0 };

	if (engine->intel && pr_intel_set_address(engine->intel, &of->subject.remote, found))
		of->subject.address_lists = translate(engine, found, of);
	pr_providers_of_address(engine, of);
	of->subject.known |= PR_FACT_LISTS;
}

static void find_country(const struct pr_engine *engine, struct pr_subject *subject)
{
	const char *continent;

	if (subject->known & PR_FACT_COUNTRY) /* none, for the address isn't global */
		return;
	subject->known |= PR_FACT_COUNTRY;
	if (!engine->intel ||
	    !pr_intel_set_country(engine->intel, &subject->remote, subject->country)) {
		subject->absent |= PR_FACT_COUNTRY;
		return;
	}
	continent = pr_country_continent(subject->country);
	if (continent)
		memcpy(subject->continent, continent, sizeof(subject->continent));
}

static void find_asn(const struct pr_engine *engine, struct pr_subject *subject)
{
	if (subject->known & PR_FACT_ASN)
		return;
	subject->known |= PR_FACT_ASN;
	if (!engine->intel || !pr_intel_set_asn(engine->intel, &subject->remote, &subject->asn,
						&subject->organisation))
		subject->absent |= PR_FACT_ASN;
}

void pr_intel_of_address(const struct pr_engine *engine, struct pr_subject_of *of,
			 unsigned int facts)
{
	struct pr_subject *subject = &of->subject;

	if (facts & PR_FACT_LISTS && !(subject->known & PR_FACT_LISTS))
		find_lists(engine, of);
	if (facts & PR_FACT_COUNTRY)
		find_country(engine, subject);
	if (facts & PR_FACT_ASN)
		find_asn(engine, subject);
	/* What nothing wants decides nothing. */
	subject->absent |= PR_FACTS_DATA & ~subject->known;
	subject->known |= PR_FACTS_DATA;
}

void pr_intel_of_link(const struct pr_engine *engine, struct pr_subject_of *of)
{
	pr_intel_of_names(engine, of);
	pr_intel_of_address(engine, of, engine->intel_map.wants);
}

void pr_engine_intel_take(struct pr_engine *engine, struct pr_intel_set *set, uint64_t now_us)
{
	struct pr_intel_set *before;

	pr_engine_enter(engine, now_us);
	before = engine->intel;
	engine->intel = set;
	engine->decision_serial++;
	engine->counters.intel_swaps++;
	pr_intel_map_renew(engine);
	pr_redecide_all(engine);
	pr_intel_set_free(before);
	pr_engine_leave(engine);
}
