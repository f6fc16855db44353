/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds a compiled set (intel/set.h). For the compiler and for tests. */
#pragma once

#include "intel/geo.h"
#include "intel/set.h"

#include <stdio.h>

struct pr_intel_builder;

/* `seed`: random, 16 bytes; tests may fix it. */
struct pr_intel_builder *pr_intel_builder_new(const uint8_t seed[16]);
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
 * PR_INTEL_LISTS_MAX, -ENOBUFS where the set would become too large. Then nothing was added. */
PR_MUST_USE int pr_intel_builder_list(struct pr_intel_builder *builder,
				      const struct pr_intel_source *source,
				      struct pr_list_counts *ret_counts);

/* Geography and networks, as pr_geo_parse(). What is added first holds where sources overlap. */
PR_MUST_USE int pr_intel_builder_geo(struct pr_intel_builder *builder, enum pr_geo_format format,
				     const void *bytes, size_t len,
				     struct pr_geo_counts *ret_counts);

/* Hands over the set's bytes. 0, or -EFBIG beyond what offsets can hold. */
PR_MUST_USE int pr_intel_builder_finish(struct pr_intel_builder *builder, uint8_t **ret_bytes,
					size_t *ret_len);
