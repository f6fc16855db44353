/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Geography and networks as users have them: a file in, ranges of addresses out, each with a country, an AS or
 * both. A line (or a record) that can't be read is refused with a reason; none is silently skipped. Pure: bytes come
 * from the caller, ranges go to it.
 */
#pragma once

#include "base/address.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PR_GEO_BYTES_MAX	(512u << 20) /* of one source; a larger one is refused whole */
#define PR_GEO_ORGANISATION_MAX 255	     /* bytes; a longer name is cut, at a character's end */

enum pr_geo_format {
	PR_GEO_AUTO, /* found out from the first bytes */
	PR_GEO_MMDB, /* a country's code or an AS number in the records, under their usual names */
	PR_GEO_CSV_ASN,	    /* first address, last address, number, organisation */
	PR_GEO_CSV_COUNTRY, /* first address, last address, code */
	PR_GEO_TOR,	    /* the same, IPv4 addresses as numbers (tor-geoipdb) */
	PR_GEO_FORMAT_COUNT_,
};

struct pr_geo_range {
	struct pr_address first, last; /* of one family, first <= last, both belong to it */
	char country[3];	       /* two capitals; "" = not said */
	uint32_t asn;		       /* 0 = not said */
	const char *organisation;      /* of the AS, UTF-8; "" = not said; borrowed for the call */
};

struct pr_geo_ports {
	void *context;
	void (*range)(void *context, const struct pr_geo_range *range);
	/* What gives no range: `why` is a sentence. `where` is the line (from 1); in an MMDB the node. NULL:
	 * they are counted only. */
	void (*refused)(void *context, uint64_t where, const char *text, size_t len,
			const char *why);
};

struct pr_geo_counts {
	enum pr_geo_format format; /* as found */
	uint64_t ranges, refused;
	uint64_t unknown;     /* lines or records that say: nothing is known of this range */
	bool countries, asns; /* what it had */
};

/* "auto", "mmdb", "csv-asn", "csv-country", "tor". */
const char *pr_geo_format_name(enum pr_geo_format format);
bool pr_geo_format_find(const char *name, enum pr_geo_format *ret_format);

/* `bytes` whole. 0; -EFBIG beyond PR_GEO_BYTES_MAX; -EBADMSG where nothing in it can be read: then no range was
 * given. */
PR_MUST_USE int pr_geo_parse(enum pr_geo_format format, const void *bytes, size_t len,
			     const struct pr_geo_ports *ports, struct pr_geo_counts *ret_counts);
