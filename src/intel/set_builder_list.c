/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "intel/set_builder_parts.h"

#include <nettle/sha2.h>

struct reading {
	struct pr_intel_builder *builder;
	const struct pr_intel_source *source;
	unsigned int kinds;
};

static void see_entry(void *context, const struct pr_list_entry *entry)
{
	struct reading *reading = context;

	reading->kinds |= 1u << entry->kind;
	pr_intel_builder_entry(reading->builder, entry);
}

static void see_refused(void *context, uint32_t line, const char *text, size_t len, const char *why)
{
	struct reading *reading = context;

	if (reading->source->refused)
		reading->source->refused(reading->source->context, line, text, len, why);
}

static void digest(const char *bytes, size_t len, uint8_t ret_digest[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, len, (const uint8_t *)bytes);
	sha256_digest(&context, SHA256_DIGEST_SIZE, ret_digest);
}

int pr_intel_builder_list(struct pr_intel_builder *builder, const struct pr_intel_source *source,
			  struct pr_list_counts *ret_counts)
{
	struct pr_intel_mark mark = pr_intel_builder_mark(builder);
	struct reading reading = { builder, source, 0 };
	struct pr_list_ports ports = { &reading, see_entry, see_refused };
	struct pr_list_counts counts;
	struct pr_intel_list list;
	int r;

	if (builder->parts[PR_INTEL_PART_LISTS].n == PR_INTEL_LISTS_MAX)
		return -E2BIG;
	r = pr_list_parse(source->format, source->bytes, source->len, &ports, &counts);
	if (r == 0 && (builder->full || counts.lines > PR_INTEL_LINES_MAX - builder->known.n_lines))
		r = -ENOBUFS;
	if (r < 0) {
		pr_intel_builder_go_back(builder, &mark);
		return r;
	}
	list = (struct pr_intel_list){
		.id = source->id,
		.category = source->category,
		.format = counts.format,
		.entries = counts.entries,
		.kinds = reading.kinds,
		.exceptions = counts.exceptions,
		.refused = counts.refused,
		.bytes = source->len,
		.updated_s = source->updated_s,
	};
	digest(source->bytes, source->len, list.sha256);
	pr_intel_builder_list_end(builder, &list, counts.lines);
	if (builder->full) {
		pr_intel_builder_go_back(builder, &mark);
		return -ENOBUFS;
	}
	*ret_counts = counts;
	return 0;
}
