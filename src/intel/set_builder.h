/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds a compiled set (intel/set.h). For the process that compiles, and for tests. */
#pragma once

#include "intel/geo.h"
#include "intel/set.h"

struct pr_intel_builder;

#define PR_INTEL_ENTRIES_MAX (1u << 24) /* of all lists together */
#define PR_INTEL_LINES_MAX   (1u << 27) /* the same */
#define PR_INTEL_RANGES_MAX  (1u << 22) /* of all geographic sources, a family and kind */
#define PR_INTEL_STRINGS_MAX (1u << 26) /* bytes of names */
#define PR_INTEL_BYTES_MAX   (1u << 30) /* of a set */

/* `seed`: random, of the fingerprints; tests may fix it. */
struct pr_intel_builder *pr_intel_builder_new(uint64_t seed);
void pr_intel_builder_free(struct pr_intel_builder *builder);
static inline void pr_intel_builder_cleanup(struct pr_intel_builder **builder)
{
	pr_intel_builder_free(*builder);
}

struct pr_intel_source {
	const char *id, *category;
	enum pr_list_format format;
	const char *bytes;
	size_t len;
	uint64_t updated_s;
	/* Every refused line, or NULL: see pr_list_ports. */
	void (*refused)(void *context, uint32_t line, const char *text, size_t len,
			const char *why);
	void *context;
};
/* Parses and adds a list; its number is the count of those before. As pr_list_parse(); -E2BIG beyond
 * PR_INTEL_LISTS_MAX, -ENOBUFS where all lists together would exceed PR_INTEL_ENTRIES_MAX or
 * _LINES_MAX. Then nothing was added. */
PR_MUST_USE int pr_intel_builder_list(struct pr_intel_builder *builder,
				      const struct pr_intel_source *source,
				      struct pr_list_counts *ret_counts);

/* Geography and networks. What is added first holds where ranges overlap, of one source or of several. As
 * pr_geo_parse(); -ENOBUFS beyond PR_INTEL_RANGES_MAX: then nothing was added. */
PR_MUST_USE int pr_intel_builder_geo(struct pr_intel_builder *builder, enum pr_geo_format format,
				     const void *bytes, size_t len,
				     struct pr_geo_counts *ret_counts);

/* Hands over the set's bytes (free() them); the builder can then only be freed. 0, or -EFBIG beyond
 * PR_INTEL_BYTES_MAX. */
PR_MUST_USE int pr_intel_builder_finish(struct pr_intel_builder *builder, uint8_t **ret_bytes,
					size_t *ret_len);
