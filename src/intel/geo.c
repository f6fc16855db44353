/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Geographic data: the formats, and what they share. */
#include "intel/geo.h"

#include "base/geography.h"
#include "intel/geo_parts.h"

#include <string.h>

static const char *const names[PR_GEO_FORMAT_COUNT_] = {
	[PR_GEO_AUTO] = "auto",	      [PR_GEO_MMDB] = "mmdb",
	[PR_GEO_CSV_ASN] = "csv-asn", [PR_GEO_CSV_COUNTRY] = "csv-country",
	[PR_GEO_TOR] = "tor",
};

const char *pr_geo_format_name(enum pr_geo_format format)
{
	return names[format];
}

bool pr_geo_format_find(const char *name, enum pr_geo_format *ret_format)
{
	for (unsigned int i = 0; i < PR_GEO_FORMAT_COUNT_; i++)
		if (strcmp(names[i], name) == 0) {
			*ret_format = (enum pr_geo_format)i;
			return true;
		}
	return false;
}

void pr_geo_give(struct pr_geo_reader *reader, const struct pr_geo_range *range)
{
	if (!range->country[0] && !range->asn) {
		reader->counts.unknown++;
		return;
	}
	reader->counts.ranges++;
	reader->counts.countries = reader->counts.countries || range->country[0];
	reader->counts.asns = reader->counts.asns || range->asn;
	if (reader->ports->range)
		reader->ports->range(reader->ports->context, range);
}

void pr_geo_refuse(struct pr_geo_reader *reader, uint64_t where, struct pr_list_text text,
		   const char *why)
{
	reader->counts.refused++;
	if (reader->ports->refused)
		reader->ports->refused(reader->ports->context, where, text.bytes, text.len, why);
}

bool pr_geo_country(struct pr_list_text text, char ret_country[3])
{
	/* the last five are regions, proxies and satellites (the registries' and old GeoIP's) */
	static const char *const none[] = { "",	  "ZZ", "??", "-",  "None",
					    "EU", "AP", "A1", "A2", "O1" };

	for (size_t i = 0; i < PR_ARRAY_SIZE(none); i++)
		if (pr_list_text_is(text, none[i])) {
			ret_country[0] = '\0';
			return true;
		}
	return text.len == 2 && pr_country_code(text.bytes, ret_country);
}

bool pr_geo_asn(struct pr_list_text text, uint32_t *ret_asn)
{
	if (text.len > 2 && pr_list_text_is((struct pr_list_text){ text.bytes, 2 }, "AS"))
		text = pr_list_skip(text, 2);
	return pr_list_number(text, UINT32_MAX, ret_asn);
}

/* The bytes of the character at `text` (RFC 3629); 0 where there is none that can be printed. */
static size_t character(struct pr_list_text text)
{
	const uint8_t *bytes = (const uint8_t *)text.bytes;
	size_t len = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	uint32_t code = len == 1 ? bytes[0] : bytes[0] & (0x7fu >> len);
	static const uint32_t least[] = { 0, ' ', 0xa0, 0x800, 0x10000 };

	if ((bytes[0] >= 0x80 && bytes[0] < 0xc2) || bytes[0] > 0xf4 || bytes[0] == 0x7f ||
	    len > text.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

void pr_geo_organisation(struct pr_list_text text,
			 char ret_organisation[PR_GEO_ORGANISATION_MAX + 1])
{
	size_t n = 0;

	while (text.len) {
		size_t len = character(text), taken = len ? len : 1;

		if (n + taken > PR_GEO_ORGANISATION_MAX)
			break;
		memcpy(ret_organisation + n, len ? text.bytes : "?", taken);
		n += taken;
		text = pr_list_skip(text, taken);
	}
	ret_organisation[n] = '\0';
}

int pr_geo_parse(enum pr_geo_format format, const void *bytes, size_t len,
		 const struct pr_geo_ports *ports, struct pr_geo_counts *ret_counts)
{
	struct pr_geo_reader reader = { .ports = ports };
	struct pr_list_text text = { bytes, len };
	int r;

	if (len > PR_GEO_BYTES_MAX)
		return -EFBIG;
	if (format == PR_GEO_AUTO)
		format = pr_geo_is_mmdb(bytes, len) ? PR_GEO_MMDB : pr_geo_guess_text(text);
	if (format == PR_GEO_AUTO)
		return -EBADMSG;
	reader.counts.format = format;
	r = format == PR_GEO_MMDB ? pr_geo_read_mmdb(&reader, bytes, len)
				  : pr_geo_read_text(&reader, text);
	if (r < 0)
		return r;
	if (!reader.counts.ranges && !reader.counts.unknown)
		return -EBADMSG;
	*ret_counts = reader.counts;
	return 0;
}
