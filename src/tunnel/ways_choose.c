/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A set is an order in which its members are tried. A chain takes hops from its members' orders so that none stands in it
 * twice: the one that is first and last would know both ends. Where that can't be seen from the next
 * hop alone it goes back and takes another, a bounded number of times.
 */
#include "tunnel/ways_private.h"

#include <string.h>
#include <sys/random.h>

#define CANDIDATES_MAX 32u /* hops that a chain's member may become; further ones are passed over */
#define STEPS_MAX      4096u

struct search {
	struct pr_ways *ways;
	const struct pr_way_key *key;
	struct pr_way *way;
	uint64_t now_us;
	unsigned int n_steps;
};

/* A set's member, and what it is sorted by: less is earlier. */
struct candidate {
	struct pr_way_upstream *upstream;
	enum pr_way_grade grade;
	bool is_other; /* than the one that was kept */
	uint64_t score;
};

/* ---- orders ---- */

/* Does it lead to what was chosen for this place the last time? */
static bool leads_to_kept(const struct search *search, const struct pr_way_upstream *upstream,
			  unsigned int place)
{
	if (pr_way_is_hop(upstream))
		return search->key->hop_serials[place] == upstream->serial;
	for (unsigned int i = 0; i < PR_WAYS_SPANS_MAX; i++)
		if (search->key->span_serials[i] == upstream->serial)
			return true;
	for (unsigned int i = 0;
	     upstream->upstream.kind == PR_TUNNEL_SET && i < upstream->upstream.n_members; i++)
		if (leads_to_kept(search, search->ways->upstreams[upstream->members[i]], place))
			return true;
	return false;
}

static uint64_t latency_of(const struct pr_way_upstream *upstream, uint64_t now_us)
{
	if (upstream->measured_us && now_us < upstream->measured_us + PR_WAY_STALE_US)
		return upstream->latency_us;
	/* less than a link would tell: so one that might be the best is tried */
	return upstream->reached_us;
}

static uint64_t score_of(const struct search *search, const struct pr_way_upstream *set,
			 struct pr_way_upstream *member, unsigned int place)
{
	uint32_t drawn;

	switch (set->upstream.choose) {
	case PR_TUNNEL_BY_LATENCY:
		if (place == 0)
			pr_way_measure(search->ways, member, search->now_us);
		return latency_of(member, search->now_us);
	case PR_TUNNEL_AT_RANDOM:
		pr_assert(getrandom(&drawn, sizeof(drawn), 0) == sizeof(drawn));
		return drawn;
	default:
		return 0;
	}
}

static bool comes_before(const struct candidate *a, const struct candidate *b)
{
	if (a->grade != b->grade)
		return a->grade < b->grade;
	if (a->is_other != b->is_other)
		return b->is_other;
	return a->score < b->score;
}

/* The members that may be tried, in order; how many. */
static unsigned int order(const struct search *search, const struct pr_way_upstream *set,
			  unsigned int place, struct candidate candidates[PR_TUNNEL_MEMBERS_MAX])
{
	bool keeps = set->upstream.choose != PR_TUNNEL_IN_ORDER;
	unsigned int n = 0, at;

	for (unsigned int i = 0; i < set->upstream.n_members; i++) {
		struct pr_way_upstream *member = search->ways->upstreams[set->members[i]];
		const struct candidate candidate = {
			.upstream = member,
			.grade = pr_way_grade(search->ways, member, place == 0,
					      search->way->mark.datagrams, search->now_us),
			.is_other = keeps && !leads_to_kept(search, member, place),
			.score = score_of(search, set, member, place),
		};

		if (candidate.grade >= PR_WAY_DOWN)
			continue;
		for (at = n++; at > 0 && comes_before(&candidate, &candidates[at - 1]); at--)
			candidates[at] = candidates[at - 1];
		candidates[at] = candidate;
	}
	return n;
}

/* The hops that a chain's member may become, in order; how many. */
static unsigned int order_hops(const struct search *search, struct pr_way_upstream *member,
			       unsigned int place, struct pr_way_upstream **hops, unsigned int n)
{
	struct candidate candidates[PR_TUNNEL_MEMBERS_MAX];
	unsigned int n_candidates;

	if (pr_way_is_hop(member)) {
		if (n < CANDIDATES_MAX &&
		    pr_way_grade(search->ways, member, place == 0, search->way->mark.datagrams,
				 search->now_us) < PR_WAY_DOWN)
			hops[n++] = member;
		return n;
	}
	n_candidates = order(search, member, place, candidates);
	for (unsigned int i = 0; i < n_candidates; i++)
		n = order_hops(search, candidates[i].upstream, place, hops, n);
	return n;
}

/* ---- the search ---- */

static bool is_taken(const struct pr_way *way, const struct pr_way_upstream *hop)
{
	for (unsigned int i = 0; i < way->n_hops; i++)
		if (way->hops[i].upstream == &hop->upstream)
			return true;
	return false;
}

static bool take(struct search *search, const struct pr_way_upstream *hop)
{
	struct pr_way *way = search->way;

	if (way->n_hops == PR_TUNNEL_HOPS_MAX)
		return false;
	way->hops[way->n_hops].upstream = &hop->upstream;
	way->mark.hops[way->n_hops++] = hop->place;
	return true;
}

static bool find_chain(struct search *search, const struct pr_way_upstream *chain, unsigned int i)
{
	struct pr_way_upstream *hops[CANDIDATES_MAX], *member;
	struct pr_way *way = search->way;
	unsigned int n;

	if (i == chain->upstream.n_members)
		return true;
	member = search->ways->upstreams[chain->members[i]];
	n = order_hops(search, member, way->n_hops, hops, 0);
	for (unsigned int j = 0; j < n && search->n_steps < STEPS_MAX; j++) {
		search->n_steps++;
		if (is_taken(way, hops[j]) || !take(search, hops[j]))
			continue;
		if (find_chain(search, chain, i + 1))
			return true;
		way->n_hops--;
	}
	return false;
}

static bool find(struct search *search, struct pr_way_upstream *upstream)
{
	struct candidate candidates[PR_TUNNEL_MEMBERS_MAX];
	struct pr_way *way = search->way;
	unsigned int n;

	if (way->mark.n_spans == PR_WAYS_SPANS_MAX)
		return false;
	way->mark.spans[way->mark.n_spans++] = upstream->place;
	if (pr_way_is_hop(upstream))
		return take(search, upstream);
	if (upstream->upstream.kind == PR_TUNNEL_CHAIN) {
		if (find_chain(search, upstream, 0))
			return true;
	} else {
		n = order(search, upstream, 0, candidates);
		for (unsigned int i = 0; i < n; i++)
			if (find(search, candidates[i].upstream))
				return true;
	}
	way->mark.n_spans--;
	return false;
}

enum pr_tunnel_outcome pr_way_find(struct pr_ways *ways, struct pr_way_upstream *named,
				   const struct pr_way_key *key, bool datagrams, uint64_t now_us,
				   struct pr_way *way)
{
	struct search search = { .ways = ways, .key = key, .way = way, .now_us = now_us };
	enum pr_way_grade grade = pr_way_grade(ways, named, true, datagrams, now_us);

	*way = (struct pr_way){ .mark = { .set = ways->set, .datagrams = datagrams } };
	if (grade == PR_WAY_CANT)
		return PR_TUNNEL_UNSUPPORTED;
	if (grade == PR_WAY_DOWN || !find(&search, named))
		return PR_TUNNEL_DOWN;
	way->mark.n_hops = (uint8_t)way->n_hops;
	return PR_TUNNEL_OPEN;
}
