/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of the MMDB parser: records. */
#pragma once

#include "intel/geo_parts.h"

#include <maxminddb.h>

/* A record, or a map within one, is looked at so far; what goes on beyond is refused. */
#define PR_GEO_RECORD_BYTES_MAX 16384u

struct pr_geo_record {
	uint32_t asn;
	char country[3];
	struct pr_list_text organisation; /* borrowed from the file; not cleaned */
};

/* The value of `key` in the map at `offset` of the data section. False where there is none. */
bool pr_geo_value(const MMDB_s *mmdb, uint32_t offset, const char *key,
		  MMDB_entry_data_s *ret_value);
/* A number without sign, of any width up to 64 bits. */
bool pr_geo_number(const MMDB_entry_data_s *value, uint64_t *ret_number);
/* What the record says. NULL, or a sentence that says why it can't be read. */
const char *pr_geo_read_record(const MMDB_s *mmdb, uint32_t offset,
			       struct pr_geo_record *ret_record);
