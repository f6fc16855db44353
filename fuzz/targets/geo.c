/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Geographic data of every format; the first byte chooses it. Ranges lie in one family and run upwards, and say
 * something; what the counts say is what was given; an MMDB's ranges are in order, and no more than its nodes' sides.
 * The file ends where the memory ends: libmaxminddb is not instrumented, so a page behind it watches.
 */
#include "intel/geo.h"

#include "../target.h"

#include <string.h>
#include <sys/mman.h>

#define LEN_MAX	  65536
#define PAGE_SIZE 4096

struct seen {
	uint64_t n_ranges, n_refused;
};

static void take_range(void *context, const struct pr_geo_range *range)
{
	struct seen *seen = context;

	seen->n_ranges++;
	pr_assert(range->first.family == 4 || range->first.family == 6);
	pr_assert(range->first.family == range->last.family);
	pr_assert(memcmp(range->first.bytes, range->last.bytes, 16) <= 0);
	pr_assert(range->country[0] || range->asn);
	pr_assert(strspn(range->country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
		  (range->country[0] ? 2 : 0));
	pr_assert(strlen(range->organisation) <= PR_GEO_ORGANISATION_MAX);
	for (const char *c = range->organisation; *c; c++)
		pr_assert((uint8_t)*c >= ' ' && *c != 0x7f);
}

static void take_refused(void *context, uint64_t where, const char *text, size_t len,
			 const char *why)
{
	struct seen *seen = context;

	(void)where;
	seen->n_refused++;
	pr_assert(text && len <= LEN_MAX && why[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t *area;
	struct seen seen = { 0 };
	const struct pr_geo_ports ports = { &seen, take_range, take_refused };
	struct pr_geo_counts counts;
	enum pr_geo_format format;
	uint8_t *copy;

	if (!len || len > LEN_MAX)
		return 0;
	if (!area) {
		area = mmap(NULL, LEN_MAX + PAGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		pr_assert(area != MAP_FAILED &&
			  mprotect(area + LEN_MAX, PAGE_SIZE, PROT_NONE) == 0);
	}
	format = (enum pr_geo_format)(bytes[0] % PR_GEO_FORMAT_COUNT_);
	len--;
	copy = area + LEN_MAX - len;
	memcpy(copy, bytes + 1, len);
	if (pr_geo_parse(format, copy, len, &ports, &counts) < 0) {
		pr_assert(!seen.n_ranges);
		return 0;
	}
	pr_assert(counts.format != PR_GEO_AUTO);
	pr_assert(counts.ranges == seen.n_ranges && counts.refused == seen.n_refused);
	pr_assert(counts.ranges + counts.unknown);
	pr_assert((counts.countries || counts.asns) == (counts.ranges > 0));
	if (counts.format == PR_GEO_MMDB)
		pr_assert(counts.ranges + counts.unknown <= 2 * len / 6);
	return 0;
}
