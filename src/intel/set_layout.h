/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a compiled set lies in its file: a header, then sections, each an array of one type of record at
 * an offset that is a multiple of 64. No pointers; host byte order, since the machine that compiles is
 * the one that reads; another version is refused. Why it is laid out so stands atop set_domain.c,
 * set_address.c and set_table.c.
 */
#pragma once

#include "intel/set.h"

#include <stdint.h>

#define PR_INTEL_MAGIC	 "portrset"
#define PR_INTEL_VERSION 2u
#define PR_INTEL_ALIGN	 64u
#define PR_INTEL_NONE	 UINT32_MAX

/* What a list says of an entity, in 32 bits. The line is counted through all lists: a list's lines
 * begin where those of the list before end. In a slot PR_INTEL_SPAN means that several lines speak of
 * it: then the rest is the number of the first of them in the section of spans. There the same bit
 * marks the last one. */
#define PR_INTEL_SPAN UINT32_C(0x80000000)
#define PR_INTEL_LAST PR_INTEL_SPAN
#define PR_INTEL_KIND \
	29 /* two bits: PR_LIST_NAME, _ZONE, _BELOW; 0 in entries that are no domains */
#define PR_INTEL_EXCEPTION UINT32_C(0x10000000)
#define PR_INTEL_IMPORTANT UINT32_C(0x08000000)
#define PR_INTEL_LINE	   UINT32_C(0x07ffffff)

/* What one span can hold: each list may say twelve different things of a domain. */
#define PR_INTEL_SPAN_MAX (PR_INTEL_LISTS_MAX * 12u)

/* A cache line of the hash table of domains. */
#define PR_INTEL_SLOTS 6
struct pr_intel_bucket {
	uint32_t low[PR_INTEL_SLOTS]; /* bits 0 to 31 of the hash */
	uint32_t values[PR_INTEL_SLOTS];
	uint16_t high[PR_INTEL_SLOTS]; /* bits 32 to 47 */
	uint8_t n;		       /* slots in use, the first ones */
	uint8_t more;		       /* what belongs here may stand in the next bucket */
	uint16_t reserved;
};
_Static_assert(sizeof(struct pr_intel_bucket) == PR_INTEL_ALIGN, "a cache line");

/* Buckets that a look-up visits at most. The builder takes a larger table rather than more. */
#define PR_INTEL_PROBES_MAX 32u

/* The place among `n` that a hash belongs to: in the order of the hashes. */
static inline uint32_t pr_intel_home(uint64_t hash, uint32_t n)
{
	return (uint32_t)((hash >> 32) * n >> 32);
}

/* A word of the filter has the bits of all domains whose place it is, so many on average. */
#define PR_INTEL_FILTER_DOMAINS 8

static inline uint64_t pr_intel_filter_bits(uint64_t hash)
{
	return UINT64_C(1) << (hash & 63) | UINT64_C(1) << (hash >> 6 & 63) |
	       UINT64_C(1) << (hash >> 12 & 63) | UINT64_C(1) << (hash >> 18 & 63);
}

struct pr_intel_list_record {
	uint32_t id, category; /* strings */
	uint32_t format;
	uint32_t kinds;
	uint64_t entries, exceptions, refused, bytes, updated_s;
	uint8_t sha256[32];
};

/* A prefix of a list. */
struct pr_intel_node {
	uint32_t parent; /* the next longer one that holds it: a smaller number, or PR_INTEL_NONE */
	uint32_t value;
};

enum pr_intel_section {
	PR_INTEL_STRINGS, /* char; the first and the last are 0 */
	PR_INTEL_LISTS,	  /* struct pr_intel_list_record */
	PR_INTEL_FIRSTS,  /* uint32_t: the first line of each list */
	PR_INTEL_FILTER,  /* uint64_t, where there are buckets */
	PR_INTEL_BUCKETS, /* struct pr_intel_bucket */
	PR_INTEL_SPANS,	  /* uint32_t */
	PR_INTEL_NODES,	  /* struct pr_intel_node */
	PR_INTEL_SECTION_COUNT_,
};

/* Sorted keys with a value each (set_table.h). Addresses stand in the upper bits, so that prefixes mean
 * the same for both families. */
enum pr_intel_tables {
	PR_INTEL_PREFIX4, /* where a range begins → struct pr_intel_node, or PR_INTEL_NONE */
	PR_INTEL_PREFIX6,
	PR_INTEL_COUNTRY4, /* where a range begins → code, or 0 */
	PR_INTEL_COUNTRY6,
	PR_INTEL_ASN4, /* where a range begins → number, or 0 */
	PR_INTEL_ASN6,
	PR_INTEL_ORGANISATIONS,	 /* AS number → string */
	PR_INTEL_LIST_ASNS,	 /* AS number → what lists say of it */
	PR_INTEL_LIST_COUNTRIES, /* code → what lists say of it */
	PR_INTEL_TABLE_COUNT_,
};

struct pr_intel_header {
	char magic[8];
	uint32_t version;
	uint32_t reserved;
	uint64_t len; /* of everything */
	uint64_t seed;
	struct {
		uint64_t offset;
		uint64_t n; /* records */
	} sections[PR_INTEL_SECTION_COUNT_];
	struct {
		uint64_t keys, values; /* offsets */
		uint32_t n;
		uint32_t width; /* bytes of a key */
	} tables[PR_INTEL_TABLE_COUNT_];
	/* By the number of labels: are there entries for a name itself, for what is below? */
	uint64_t names[2], parents[2];
	uint64_t closest[PR_INTEL_WORDS_MAX]; /* where pr_list_closest_decides() */
	uint64_t n_domains, n_prefixes;
};

size_t pr_intel_record_size(enum pr_intel_section section);

/* The number of labels as names[] and parents[] count it. */
#define PR_INTEL_LABELS_MAX 127u

static inline bool pr_intel_has_labels(const uint64_t bits[static 2], unsigned int n_labels)
{
	return bits[n_labels / 64] >> n_labels % 64 & 1;
}

static inline uint32_t pr_intel_code(const char code[static 2])
{
	return (uint32_t)(uint8_t)code[0] << 8 | (uint8_t)code[1];
}
