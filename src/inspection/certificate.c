/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why not by a library: docs/decisions/certificates.md. */
#include "inspection/certificate.h"

#include "inspection/certificate_time.h"
#include "inspection/der.h"
#include "inspection/tls_hello.h"

#include <string.h>

#define LENGTH_LEN	 3
#define NAME_DNS	 0x82 /* of GeneralName: [2] IA5String */
#define OID_ATTRIBUTE	 "\x55\x04"
#define OID_COMMON	 0x03
#define OID_ORGANISATION 0x0a
#define OID_SUBJECT_ALT	 "\x55\x1d\x11"

struct parts {
	struct pr_der issuer, subject, common_name, issuer_common, issuer_organisation, dns;
	int64_t not_before_s, not_after_s;
};

/* Printable text; what is not becomes "?". Cut at a character's beginning. */
static void write_text(const struct pr_der *value, char *text, size_t size)
{
	size_t step = value->tag == PR_DER_BMP ? 2 : 1, at = 0;

	for (size_t i = step - 1; i < value->len && at < size - 1; i += step) {
		uint8_t c = value->bytes[i];

		if (c < ' ' || c == 0x7f || (step == 2 && (value->bytes[i - 1] || c > 0x7f)) ||
		    (c > 0x7f && value->tag != PR_DER_UTF8))
			c = '?';
		text[at++] = (char)c;
	}
	if (at == size - 1) {
		while (at && ((uint8_t)text[at - 1] & 0xc0) == 0x80)
			at--;
		if (at && (uint8_t)text[at - 1] >= 0xc0)
			at--;
	}
	text[at] = '\0';
}

/* The last of an attribute in a name: the most specific one. */
static void find_attributes(const struct pr_der *name, struct pr_der *common,
			    struct pr_der *organisation)
{
	struct pr_reader sets = pr_der_within(name);

	while (pr_reader_left(&sets)) {
		struct pr_der set = pr_der_expect(&sets, PR_DER_SET);
		struct pr_reader attributes = pr_der_within(&set);

		while (pr_reader_left(&attributes)) {
			struct pr_der one = pr_der_expect(&attributes, PR_DER_SEQUENCE);
			struct pr_reader reader = pr_der_within(&one);
			struct pr_der type = pr_der_expect(&reader, PR_DER_OID);
			struct pr_der value = pr_der_next(&reader);

			if (reader.failed || type.len != 3 || memcmp(type.bytes, OID_ATTRIBUTE, 2))
				continue;
			if (type.bytes[2] == OID_COMMON)
				*common = value;
			else if (type.bytes[2] == OID_ORGANISATION)
				*organisation = value;
		}
	}
}

static void find_dns_name(const struct pr_der *extension_value, struct parts *parts)
{
	struct pr_reader reader = pr_der_within(extension_value);
	struct pr_der names = pr_der_expect(&reader, PR_DER_SEQUENCE);

	reader = pr_der_within(&names);
	while (pr_reader_left(&reader)) {
		struct pr_der name = pr_der_next(&reader);

		if (name.tag == NAME_DNS && !parts->dns.bytes)
			parts->dns = name;
	}
}

static void read_extensions(struct pr_reader *reader, struct parts *parts)
{
	while (pr_reader_left(reader)) {
		struct pr_der value = pr_der_next(reader);
		struct pr_reader within = pr_der_within(&value);
		struct pr_der list;

		if (value.tag != PR_DER_CONTEXT_3)
			continue;
		list = pr_der_expect(&within, PR_DER_SEQUENCE);
		within = pr_der_within(&list);
		while (pr_reader_left(&within)) {
			struct pr_der one = pr_der_expect(&within, PR_DER_SEQUENCE);
			struct pr_reader extension = pr_der_within(&one);
			struct pr_der oid = pr_der_expect(&extension, PR_DER_OID);
			struct pr_der data = pr_der_next(&extension);

			if (data.tag == PR_DER_BOOLEAN)
				data = pr_der_next(&extension);
			if (data.tag == PR_DER_OCTETS && oid.len == 3 &&
			    memcmp(oid.bytes, OID_SUBJECT_ALT, 3) == 0)
				find_dns_name(&data, parts);
		}
	}
}

/* TBSCertificate (RFC 5280, 4.1). */
static bool read_parts(const uint8_t *der, size_t len, struct parts *parts)
{
	struct pr_reader reader = pr_reader(der, len), times;
	struct pr_der value = pr_der_expect(&reader, PR_DER_SEQUENCE), first, validity;

	reader = pr_der_within(&value);
	value = pr_der_expect(&reader, PR_DER_SEQUENCE);
	reader = pr_der_within(&value);
	first = pr_der_next(&reader);
	if (first.tag == PR_DER_CONTEXT_0)
		first = pr_der_next(&reader);
	if (first.tag != PR_DER_INTEGER)
		return false;
	(void)pr_der_expect(&reader, PR_DER_SEQUENCE); /* the signature's algorithm */
	parts->issuer = pr_der_expect(&reader, PR_DER_SEQUENCE);
	validity = pr_der_expect(&reader, PR_DER_SEQUENCE);
	parts->subject = pr_der_expect(&reader, PR_DER_SEQUENCE);
	(void)pr_der_expect(&reader, PR_DER_SEQUENCE); /* the key */
	times = pr_der_within(&validity);
	if (reader.failed || !pr_certificate_time(&times, &parts->not_before_s) ||
	    !pr_certificate_time(&times, &parts->not_after_s))
		return false;
	read_extensions(&reader, parts);
	return true;
}

/* As DNS names stand here, and with a star for a label in front. */
static bool write_dns_name(const struct pr_der *dns, char name[PR_SEEN_NAME_SIZE])
{
	bool star = dns->len > 2 && dns->bytes[0] == '*' && dns->bytes[1] == '.';
	char rest[PR_SEEN_NAME_SIZE];

	if (!dns->bytes)
		return false;
	if (!pr_tls_host_name(dns->bytes + (star ? 2 : 0), dns->len - (star ? 2 : 0), rest) ||
	    strlen(rest) + 3 > PR_SEEN_NAME_SIZE)
		return false;
	if (star) {
		*name++ = '*';
		*name++ = '.';
	}
	memcpy(name, rest, strlen(rest) + 1);
	return true;
}

bool pr_certificate_read(const uint8_t *der, size_t len, struct pr_seen *seen)
{
	struct parts parts = { 0 };
	struct pr_der unused = { 0 };

	if (!read_parts(der, len, &parts))
		return false;
	find_attributes(&parts.subject, &parts.common_name, &unused);
	find_attributes(&parts.issuer, &parts.issuer_common, &parts.issuer_organisation);
	if (!write_dns_name(&parts.dns, seen->certificate_name))
		write_text(&parts.common_name, seen->certificate_name,
			   sizeof(seen->certificate_name));
	write_text(parts.issuer_common.len ? &parts.issuer_common : &parts.issuer_organisation,
		   seen->issuer, sizeof(seen->issuer));
	seen->not_before_s = parts.not_before_s;
	seen->not_after_s = parts.not_after_s;
	seen->flags |= PR_SEEN_CERTIFICATE;
	if (parts.issuer.len == parts.subject.len &&
	    memcmp(parts.issuer.bytes, parts.subject.bytes, parts.subject.len) == 0)
		seen->flags |= PR_SEEN_SELF_ISSUED;
	return true;
}

enum pr_certificate_outcome pr_certificate_first(const uint8_t *body, size_t len,
						 struct pr_seen *seen)
{
	struct pr_reader reader = pr_reader(body, len);
	const uint8_t *der;
	size_t all_len, one_len;

	all_len = (size_t)pr_read_u8(&reader) << 16;
	all_len |= pr_read_u16(&reader);
	if (!reader.failed && all_len < LENGTH_LEN)
		return PR_CERTIFICATE_NONE;
	one_len = (size_t)pr_read_u8(&reader) << 16;
	one_len |= pr_read_u16(&reader);
	if (!reader.failed && one_len > all_len - LENGTH_LEN)
		return PR_CERTIFICATE_NONE;
	der = pr_read_bytes(&reader, one_len);
	if (reader.failed)
		return PR_CERTIFICATE_SHORT;
	return pr_certificate_read(der, one_len, seen) ? PR_CERTIFICATE_READ : PR_CERTIFICATE_NONE;
}
