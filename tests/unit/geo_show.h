/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Geographic data in unit tests: what a file gives, as one can write it down. */
#pragma once

#include "intel/geo.h"

#include "unit.h"

#include <string.h>

struct geo_shown {
	char ranges[4096]; /* "1.0.0.0-1.0.0.255 AU AS1 Name; …": what isn't said is left out */
	char why[256];	   /* of the last refusal */
	uint64_t where;
	unsigned int n_refused;
	struct pr_geo_counts counts;
};

static inline void geo_show_range(void *context, const struct pr_geo_range *range)
{
	char first[PR_ADDRESS_TEXT_SIZE], last[PR_ADDRESS_TEXT_SIZE], asn[16] = "";
	struct geo_shown *shown = context;
	size_t len = strlen(shown->ranges);

	assert_int_equal(range->first.family, range->last.family);
	if (range->asn)
		snprintf(asn, sizeof(asn), " AS%u", range->asn);
	snprintf(shown->ranges + len, sizeof(shown->ranges) - len, "%s%s-%s%s%s%s%s%s",
		 len ? "; " : "", pr_address_format(&range->first, first),
		 pr_address_format(&range->last, last), range->country[0] ? " " : "",
		 range->country, asn, range->organisation[0] ? " " : "", range->organisation);
}

static inline void geo_show_refused(void *context, uint64_t where, const char *text, size_t len,
				    const char *why)
{
	struct geo_shown *shown = context;

	(void)text;
	(void)len;
	snprintf(shown->why, sizeof(shown->why), "%s", why);
	shown->where = where;
	shown->n_refused++;
}

static inline int geo_show(enum pr_geo_format format, const void *bytes, size_t len,
			   struct geo_shown *ret_shown)
{
	struct pr_geo_ports ports = { ret_shown, geo_show_range, geo_show_refused };
	int r;

	memset(ret_shown, 0, sizeof(*ret_shown));
	r = pr_geo_parse(format, bytes, len, &ports, &ret_shown->counts);
	if (r == 0)
		assert_int_equal(ret_shown->counts.refused, ret_shown->n_refused);
	else
		assert_string_equal(ret_shown->ranges, "");
	return r;
}
