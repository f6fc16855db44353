/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a record of an MMDB says, under the names that the common databases use:
 *
 *   country { iso_code }  registered_country { iso_code }   GeoLite2, GeoIP2, DB-IP
 *   country_code                                            ip-location-db
 *   country, asn, as_name                                   IPinfo
 *   autonomous_system_number, autonomous_system_organization   GeoLite2 ASN, DB-IP ASN
 *
 * libmaxminddb decodes. It checks its bounds, but a map may declare millions of values, and a file may hold millions of
 * pointers into it: so each look-up sees the data section only up to a window behind where it begins, and takes one
 * step. Pointers go backwards, to what was written before; that is how the writers share values.
 */
#include "intel/geo_mmdb.h"

bool pr_geo_value(const MMDB_s *mmdb, uint32_t offset, const char *key,
		  MMDB_entry_data_s *ret_value)
{
	const char *const path[] = { key, NULL };
	MMDB_entry_data_s value;
	MMDB_s window = *mmdb;
	MMDB_entry_s start = { &window, offset };

	/* the library takes up to three from the section's size before it compares (1.7) */
	if (offset >= mmdb->data_section_size || mmdb->data_section_size < 4)
		return false;
	if (mmdb->data_section_size - offset > PR_GEO_RECORD_BYTES_MAX)
		window.data_section_size = offset + PR_GEO_RECORD_BYTES_MAX;
	if (MMDB_aget_value(&start, &value, path) != MMDB_SUCCESS || !value.has_data)
		return false;
	*ret_value = value;
	return true;
}

bool pr_geo_number(const MMDB_entry_data_s *value, uint64_t *ret_number)
{
	switch (value->type) {
	case MMDB_DATA_TYPE_UINT16:
		*ret_number = value->uint16;
		return true;
	case MMDB_DATA_TYPE_UINT32:
		*ret_number = value->uint32;
		return true;
	case MMDB_DATA_TYPE_UINT64:
		*ret_number = value->uint64;
		return true;
	default:
		return false;
	}
}

static bool read_text(const MMDB_entry_data_s *value, struct pr_list_text *ret_text)
{
	if (value->type != MMDB_DATA_TYPE_UTF8_STRING)
		return false;
	/* an empty one has no address */
	*ret_text = (struct pr_list_text){ value->data_size ? value->utf8_string : "",
					   value->data_size };
	return true;
}

/* As "country" itself, or as "iso_code" within it. */
static bool find_code(const MMDB_s *mmdb, uint32_t offset, const char *key,
		      struct pr_list_text *ret_code)
{
	MMDB_entry_data_s value, code;

	if (!pr_geo_value(mmdb, offset, key, &value))
		return false;
	if (value.type != MMDB_DATA_TYPE_MAP)
		return read_text(&value, ret_code);
	return pr_geo_value(mmdb, value.offset, "iso_code", &code) && read_text(&code, ret_code);
}

static bool read_country(const MMDB_s *mmdb, uint32_t offset, char ret_country[3])
{
	static const char *const keys[] = { "country", "country_code", "registered_country" };
	struct pr_list_text code;
	bool found = false;

	for (size_t i = 0; i < PR_ARRAY_SIZE(keys); i++) {
		if (!find_code(mmdb, offset, keys[i], &code))
			continue;
		/* under "country" some write the name, and the code elsewhere */
		if (pr_geo_country(code, ret_country))
			return true;
		found = true;
	}
	return !found;
}

static bool read_asn(const MMDB_s *mmdb, uint32_t offset, uint32_t *ret_asn)
{
	static const char *const keys[] = { "autonomous_system_number", "asn", "as_number" };
	struct pr_list_text text;
	MMDB_entry_data_s value;
	uint64_t number;

	for (size_t i = 0; i < PR_ARRAY_SIZE(keys); i++) {
		if (!pr_geo_value(mmdb, offset, keys[i], &value))
			continue;
		if (pr_geo_number(&value, &number)) {
			*ret_asn = (uint32_t)number;
			return number <= UINT32_MAX;
		}
		return read_text(&value, &text) && (!text.len || pr_geo_asn(text, ret_asn));
	}
	return true;
}

static void read_organisation(const MMDB_s *mmdb, uint32_t offset, struct pr_list_text *ret_name)
{
	static const char *const keys[] = { "autonomous_system_organization", "as_name",
					    "as_organization" };
	MMDB_entry_data_s value;

	for (size_t i = 0; i < PR_ARRAY_SIZE(keys); i++)
		if (pr_geo_value(mmdb, offset, keys[i], &value) && read_text(&value, ret_name))
			return;
}

const char *pr_geo_read_record(const MMDB_s *mmdb, uint32_t offset,
			       struct pr_geo_record *ret_record)
{
	struct pr_geo_record record = { .organisation = { "", 0 } };

	if (offset >= mmdb->data_section_size)
		return "the record lies outside of the data section";
	if (!read_country(mmdb, offset, record.country))
		return "the record's country is no country's code (ISO 3166)";
	if (!read_asn(mmdb, offset, &record.asn))
		return "the record's AS number is none";
	if (record.asn)
		read_organisation(mmdb, offset, &record.organisation);
	*ret_record = record;
	return NULL;
}
