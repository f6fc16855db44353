/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DER (X.690), as far as certificates need it: one value after the other, definite lengths, tags of one byte. Nothing is
 * allocated, nothing recurses; each value lies within the one around it.
 */
#pragma once

#include "base/cursor.h"

enum pr_der_tag {
	PR_DER_BOOLEAN = 0x01,
	PR_DER_INTEGER = 0x02,
	PR_DER_OCTETS = 0x04,
	PR_DER_OID = 0x06,
	PR_DER_UTF8 = 0x0c,
	PR_DER_UTC_TIME = 0x17,
	PR_DER_GENERALIZED_TIME = 0x18,
	PR_DER_BMP = 0x1e,
	PR_DER_SEQUENCE = 0x30,
	PR_DER_SET = 0x31,
	PR_DER_CONTEXT_0 = 0xa0,
	PR_DER_CONTEXT_3 = 0xa3,
};

struct pr_der {
	uint8_t tag;
	const uint8_t *bytes; /* the contents */
	size_t len;
};

/* The next value of the reader; its `failed` stays when there is none. */
static inline struct pr_der pr_der_next(struct pr_reader *reader)
{
	struct pr_der value = { .tag = pr_read_u8(reader), .len = pr_read_u8(reader) };

	if ((value.tag & 0x1f) == 0x1f || value.len == 0x80 || value.len > 0x84)
		reader->failed = true;
	if (value.len > 0x80) {
		unsigned int n = value.len & 0x7f;

		for (value.len = 0; n; n--)
			value.len = value.len << 8 | pr_read_u8(reader);
	}
	value.bytes = pr_read_bytes(reader, value.len);
	return value.bytes ? value : (struct pr_der){ 0 };
}

/* The next value, which has to have this tag. */
static inline struct pr_der pr_der_expect(struct pr_reader *reader, uint8_t tag)
{
	struct pr_der value = pr_der_next(reader);

	if (value.tag != tag)
		reader->failed = true;
	return reader->failed ? (struct pr_der){ 0 } : value;
}

static inline struct pr_reader pr_der_within(const struct pr_der *value)
{
	return pr_reader(value->bytes, value->len);
}
