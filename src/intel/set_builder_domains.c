/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sorted by their hashes, the entries of one domain stand together, and buckets are filled one after
 * the other: a bucket's number rises with the hash. So a table of a million domains is written at the
 * speed of memory.
 */
#include "intel/set_builder_parts.h"

#include <string.h>

#define DIGIT_BITS  11
#define N_DIGITS    (1u << DIGIT_BITS)
#define FIRST_SHIFT (64 - 3 * DIGIT_BITS)

/* How full the table is, in slots of a thousand. */
#define FILL 780

static uint32_t digit(uint64_t hash, int pass)
{
	return (uint32_t)(hash >> (FIRST_SHIFT + pass * DIGIT_BITS)) & (N_DIGITS - 1);
}

/* By the upper 33 bits, entries of the same hash in the order they had (radix sort, the lowest digit
 * first). */
static void sort_by_digits(struct pr_intel_domain_entry *entries, size_t n)
{
	PR_CLEANUP(pr_cleanup_free)
	struct pr_intel_domain_entry *other = pr_calloc(n, sizeof(*other));
	PR_CLEANUP(pr_cleanup_free) size_t *places = pr_calloc(3 * N_DIGITS, sizeof(*places));
	struct pr_intel_domain_entry *from = entries, *to = other, *swap;

	for (size_t i = 0; i < n; i++)
		for (int pass = 0; pass < 3; pass++)
			places[(uint32_t)pass * N_DIGITS + digit(entries[i].hash, pass)]++;
	for (int pass = 0; pass < 3; pass++) {
		size_t *place = places + (uint32_t)pass * N_DIGITS, sum = 0;

		for (uint32_t i = 0; i < N_DIGITS; i++) {
			size_t count = place[i];

			place[i] = sum;
			sum += count;
		}
		for (size_t i = 0; i < n; i++)
			to[place[digit(from[i].hash, pass)]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	memcpy(entries, from, n * sizeof(*entries));
}

static void sort(struct pr_intel_domain_entry *entries, size_t n)
{
	if (!n)
		return;
	sort_by_digits(entries, n);
	/* the few that differ in the lower bits alone */
	for (size_t i = 1; i < n; i++) {
		struct pr_intel_domain_entry entry = entries[i];
		size_t at = i;

		for (; at && entries[at - 1].hash > entry.hash; at--)
			entries[at] = entries[at - 1];
		entries[at] = entry;
	}
}

/* Makes one entry of all that speak of the same domain. How many are left. */
static size_t merge(const struct pr_intel_builder *builder, struct pr_intel_file *file,
		    struct pr_intel_domain_entry *entries, size_t n)
{
	struct pr_intel_array values = { .size = sizeof(uint32_t) };
	size_t n_left = 0;

	for (size_t i = 0; i < n; i += values.n) {
		values.n = 0;
		for (size_t k = i; k < n && entries[k].hash == entries[i].hash; k++)
			*(uint32_t *)pr_intel_append(&values) = entries[k].value;
		entries[n_left++] = (struct pr_intel_domain_entry){
			.hash = entries[i].hash,
			.value = pr_intel_builder_value(
				builder, file, (const uint32_t *)(void *)values.bytes, values.n),
		};
	}
	free(values.bytes);
	return n_left;
}

/* False where a domain would stand too far from its bucket. */
static bool put(struct pr_intel_bucket *buckets, uint32_t n_buckets,
		const struct pr_intel_domain_entry *entry)
{
	uint32_t at = pr_intel_home(entry->hash, n_buckets);
	struct pr_intel_bucket *bucket;

	for (unsigned int i = 1; buckets[at].n == PR_INTEL_SLOTS; i++) {
		if (i == PR_INTEL_PROBES_MAX)
			return false;
		buckets[at].more = 1;
		at = at + 1 < n_buckets ? at + 1 : 0;
	}
	bucket = &buckets[at];
	bucket->low[bucket->n] = (uint32_t)entry->hash;
	bucket->high[bucket->n] = (uint16_t)(entry->hash >> 32);
	bucket->values[bucket->n++] = entry->value;
	return true;
}

static bool fill(struct pr_intel_array *buckets, const struct pr_intel_domain_entry *entries,
		 size_t n)
{
	memset(buckets->bytes, 0, buckets->n * buckets->size);
	for (size_t i = 0; i < n; i++)
		if (!put((struct pr_intel_bucket *)(void *)buckets->bytes, (uint32_t)buckets->n,
			 &entries[i]))
			return false;
	return true;
}

static void fill_filter(struct pr_intel_array *filter, const struct pr_intel_domain_entry *entries,
			size_t n)
{
	uint64_t *words;

	filter->n = filter->n_allocated = n / PR_INTEL_FILTER_DOMAINS + 1;
	filter->bytes = pr_calloc(filter->n, filter->size);
	words = (uint64_t *)(void *)filter->bytes;
	for (size_t i = 0; i < n; i++)
		words[pr_intel_home(entries[i].hash, (uint32_t)filter->n)] |=
			pr_intel_filter_bits(entries[i].hash);
}

void pr_intel_builder_domains(struct pr_intel_builder *builder, struct pr_intel_file *file)
{
	struct pr_intel_array *part = &builder->parts[PR_INTEL_PART_DOMAINS];
	struct pr_intel_domain_entry *entries = (void *)part->bytes;
	struct pr_intel_array *buckets = &file->sections[PR_INTEL_BUCKETS];
	size_t n_buckets;

	if (!part->n)
		return;
	sort(entries, part->n);
	part->n = merge(builder, file, entries, part->n);
	file->n_domains = part->n;
	fill_filter(&file->sections[PR_INTEL_FILTER], entries, part->n);
	n_buckets = part->n * 1000 / (PR_INTEL_SLOTS * FILL) + 1;
	do {
		buckets->bytes = pr_realloc(buckets->bytes, n_buckets, buckets->size);
		buckets->n = buckets->n_allocated = n_buckets;
		n_buckets += n_buckets / 8 + 1;
	} while (!fill(buckets, entries, part->n));
}
