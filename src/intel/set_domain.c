/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Domains are a hash table of fingerprints: buckets of a cache line with six slots each, of which every
 * slot keeps 48 bits of the hash of a domain and what lists say of it. The upper bits of the hash
 * choose the bucket, so that bucket and slot together hold all 64 of them. A domain that doesn't fit
 * into its bucket stands in one of the next, and the full ones on the way there are marked.
 *
 * In front of them stands a filter, a byte a domain: eight domains share a word, in which each sets
 * four bits. It lets one in thirty through of what is on no list, and being small it is often in the
 * cache when the buckets are not: what is on no list, most names and most parents, then doesn't wait
 * for memory.
 *
 * A name is asked for itself and for each parent. The words and buckets of all are fetched before the
 * first is looked at, so that a name waits for memory about once, however many labels it has. Where no
 * list has an entry of so many labels, or for parents none that speaks about what is below, neither is
 * asked.
 *
 * A name that is on no list is taken for listed when its hash, or that of one of its parents, is that
 * of a domain on a list: with a million domains, and five suffixes, 5 × 10^6 / 2^64 or 2^-42; the hash
 * is seeded anew for every set. A listed one is never missed: all slots are looked at, also after one
 * that matches.
 */
#include "intel/set_hash.h"
#include "intel/set_view.h"

#include <string.h>

#define BATCH 16 /* suffixes that are fetched at once */

struct suffix {
	uint64_t hash;
	enum pr_list_entry_kind at;
};

struct walk {
	struct pr_intel_finding *finding;
	struct suffix suffixes[BATCH];
	unsigned int n;
};

static void probe(struct pr_intel_finding *finding, const struct suffix *suffix)
{
	const struct pr_intel_set *set = finding->set;
	uint32_t home = pr_intel_home(suffix->hash, set->n_buckets);
	uint32_t low = (uint32_t)suffix->hash;
	uint16_t high = (uint16_t)(suffix->hash >> 32);

	for (unsigned int i = 0; i < PR_INTEL_PROBES_MAX; i++) {
		const struct pr_intel_bucket *bucket = &set->buckets[home];
		unsigned int n = bucket->n < PR_INTEL_SLOTS ? bucket->n : PR_INTEL_SLOTS;

		for (unsigned int slot = 0; slot < n; slot++)
			if (bucket->low[slot] == low && bucket->high[slot] == high)
				pr_intel_find_value(finding, bucket->values[slot], suffix->at);
		if (!bucket->more)
			break;
		home = home + 1 < set->n_buckets ? home + 1 : 0;
	}
}

static bool may_have(const struct pr_intel_set *set, uint64_t hash)
{
	uint64_t bits = pr_intel_filter_bits(hash);

	return (set->filter[pr_intel_home(hash, set->n_filter)] & bits) == bits;
}

static void probe_all(struct walk *walk)
{
	for (unsigned int i = 0; i < walk->n; i++)
		if (may_have(walk->finding->set, walk->suffixes[i].hash))
			probe(walk->finding, &walk->suffixes[i]);
	walk->n = 0;
}

static void fetch(struct walk *walk, const char *suffix, size_t len, enum pr_list_entry_kind at)
{
	const struct pr_intel_set *set = walk->finding->set;
	uint64_t hash = pr_intel_hash(suffix, len, set->header->seed);

	__builtin_prefetch(&set->filter[pr_intel_home(hash, set->n_filter)]);
	__builtin_prefetch(&set->buckets[pr_intel_home(hash, set->n_buckets)]);
	if (walk->n == BATCH)
		probe_all(walk);
	walk->suffixes[walk->n++] = (struct suffix){ hash, at };
}

static unsigned int n_labels(const char *domain, size_t *ret_len)
{
	unsigned int n = *domain ? 1 : 0;
	const char *at;

	for (at = domain; *at; at++)
		n += *at == '.';
	*ret_len = (size_t)(at - domain);
	return n;
}

static void find(struct pr_intel_finding *finding, const char *domain)
{
	const struct pr_intel_header *header = finding->set->header;
	PR_UNINITIALIZED struct walk walk;
	size_t len;
	unsigned int labels = n_labels(domain, &len);
	const char *end = domain + len, *suffix = domain;

	if (!finding->set->n_buckets)
		return;
	walk.finding = finding;
	walk.n = 0;
	if (labels <= PR_INTEL_LABELS_MAX && pr_intel_has_labels(header->names, labels))
		fetch(&walk, domain, len, PR_LIST_NAME);
	while (labels-- > 0) {
		const char *dot = memchr(suffix, '.', (size_t)(end - suffix));

		suffix = dot ? dot + 1 : end;
		if (labels <= PR_INTEL_LABELS_MAX && pr_intel_has_labels(header->parents, labels))
			fetch(&walk, suffix, (size_t)(end - suffix), PR_LIST_BELOW);
	}
	probe_all(&walk);
}

bool pr_intel_set_domain(const struct pr_intel_set *set, const char *domain, uint64_t *lists)
{
	PR_UNINITIALIZED struct pr_intel_finding finding;

	pr_intel_finding_init(&finding, set);
	find(&finding, domain);
	return pr_intel_found_lists(&finding, lists);
}

unsigned int pr_intel_set_domain_hits(const struct pr_intel_set *set, const char *domain,
				      struct pr_intel_hit *ret_hits, unsigned int n_max)
{
	PR_UNINITIALIZED struct pr_intel_finding finding;

	pr_intel_finding_init(&finding, set);
	finding.lines = true;
	finding.hits = ret_hits;
	finding.n_max = n_max;
	find(&finding, domain);
	return finding.n;
}
