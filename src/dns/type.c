/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mnemonics of record types (the IANA registry "Resource Record (RR) TYPEs"); others: RFC 3597, 5. */
#include "dns/message.h"

#include <strings.h>

static const struct {
	uint16_t type;
	const char *text;
} types[] = {
	{ 1, "A" },	     { 2, "NS" },	   { 5, "CNAME" },    { 6, "SOA" },
	{ 12, "PTR" },	     { 13, "HINFO" },	   { 15, "MX" },      { 16, "TXT" },
	{ 17, "RP" },	     { 18, "AFSDB" },	   { 25, "KEY" },     { 28, "AAAA" },
	{ 29, "LOC" },	     { 33, "SRV" },	   { 35, "NAPTR" },   { 37, "CERT" },
	{ 39, "DNAME" },     { 42, "APL" },	   { 43, "DS" },      { 44, "SSHFP" },
	{ 45, "IPSECKEY" },  { 46, "RRSIG" },	   { 47, "NSEC" },    { 48, "DNSKEY" },
	{ 50, "NSEC3" },     { 51, "NSEC3PARAM" }, { 52, "TLSA" },    { 53, "SMIMEA" },
	{ 55, "HIP" },	     { 59, "CDS" },	   { 60, "CDNSKEY" }, { 61, "OPENPGPKEY" },
	{ 62, "CSYNC" },     { 63, "ZONEMD" },	   { 64, "SVCB" },    { 65, "HTTPS" },
	{ 99, "SPF" },	     { 108, "EUI48" },	   { 109, "EUI64" },  { 251, "IXFR" },
	{ 252, "AXFR" },     { 255, "ANY" },	   { 256, "URI" },    { 257, "CAA" },
	{ 260, "AMTRELAY" },
};

const char *pr_dns_type_text(uint16_t type, char text[PR_DNS_TYPE_TEXT_SIZE])
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(types); i++) {
		if (types[i].type == type) {
			snprintf(text, PR_DNS_TYPE_TEXT_SIZE, "%s", types[i].text);
			return text;
		}
	}
	snprintf(text, PR_DNS_TYPE_TEXT_SIZE, "TYPE%u", type);
	return text;
}

int pr_dns_type_parse(const char *text, uint16_t *ret_type)
{
	unsigned int value = 0;

	for (size_t i = 0; i < PR_ARRAY_SIZE(types); i++) {
		if (strcasecmp(types[i].text, text) == 0) {
			*ret_type = types[i].type;
			return 0;
		}
	}
	if (strncasecmp(text, "TYPE", 4) != 0 || !text[4])
		return -EINVAL;
	for (text += 4; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (unsigned int)(*text - '0');
		if (value > UINT16_MAX)
			return -EINVAL;
	}
	*ret_type = (uint16_t)value;
	return 0;
}
