/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of the parsers of geographic data. */
#pragma once

#include "intel/geo.h"
#include "intel/list_line.h"

struct pr_geo_reader {
	const struct pr_geo_ports *ports;
	struct pr_geo_counts counts;
	char organisation[PR_GEO_ORGANISATION_MAX + 1];
};

/* Gives the range, or counts it as unknown where it says neither a country nor an AS. */
void pr_geo_give(struct pr_geo_reader *reader, const struct pr_geo_range *range);
void pr_geo_refuse(struct pr_geo_reader *reader, uint64_t where, struct pr_list_text text,
		   const char *why);

/* A country of ISO 3166, in capitals. False where it is none. What says that the country isn't known ("ZZ", "??", "-",
 * "None", nothing at all, "EU" for somewhere in Europe, …) is the code "". */
bool pr_geo_country(struct pr_list_text text, char ret_country[3]);
/* "13335", "AS13335". */
bool pr_geo_asn(struct pr_list_text text, uint32_t *ret_asn);
/* A name as UTF-8 that can be printed and has its limit: what is no UTF-8 and controls become "?". */
void pr_geo_organisation(struct pr_list_text text,
			 char ret_organisation[PR_GEO_ORGANISATION_MAX + 1]);

/* Whole files. 0, or -EBADMSG. */
int pr_geo_read_text(struct pr_geo_reader *reader, struct pr_list_text text);
int pr_geo_read_mmdb(struct pr_geo_reader *reader, const uint8_t *bytes, size_t len);
/* The format of a text by its first line that can be read; PR_GEO_AUTO where there is none. */
enum pr_geo_format pr_geo_guess_text(struct pr_list_text text);
bool pr_geo_is_mmdb(const uint8_t *bytes, size_t len);
