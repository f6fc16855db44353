/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "intel/set_builder_parts.h"

static void see_range(void *context, const struct pr_geo_range *range)
{
	pr_intel_builder_range(context, range);
}

int pr_intel_builder_geo(struct pr_intel_builder *builder, enum pr_geo_format format,
			 const void *bytes, size_t len, struct pr_geo_counts *ret_counts)
{
	struct pr_intel_mark mark = pr_intel_builder_mark(builder);
	struct pr_geo_ports ports = { .context = builder, .range = see_range };
	struct pr_geo_counts counts;
	int r;

	r = pr_geo_parse(format, bytes, len, &ports, &counts);
	if (r == 0 && builder->full)
		r = -ENOBUFS;
	if (r < 0) {
		pr_intel_builder_go_back(builder, &mark);
		return r;
	}
	*ret_counts = counts;
	return 0;
}
