/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/asked.h"

#include <string.h>

#define OPT_DO 0x8000u

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Lower case, and capitals where a bit says so. Lengths of labels are no letters. */
static void set_case(struct pr_dns_name *name, const uint8_t *random)
{
	for (size_t i = 0; i < name->len; i++) {
		if (!is_letter(name->wire[i]))
			continue;
		name->wire[i] |= 0x20;
		if (random && random[i / 8] & 1u << i % 8)
			name->wire[i] = (uint8_t)(name->wire[i] & ~0x20);
	}
}

struct pr_dns_asked pr_dns_asked(const struct pr_dns_question *question, uint16_t id,
				 const uint8_t random[PR_DNS_CASE_LEN])
{
	struct pr_dns_asked asked = { .id = id,
				      .name = question->name_as_asked,
				      .type = question->type,
				      .class_ = question->class_,
				      .flags = question->flags & (PR_DNS_FLAG_AD | PR_DNS_FLAG_CD),
				      .edns = true,
				      .dnssec_ok = question->dnssec_ok };

	set_case(&asked.name, random);
	return asked;
}

size_t pr_dns_asked_write(const struct pr_dns_asked *asked, uint8_t *bytes, size_t size)
{
	struct pr_writer writer = pr_writer(bytes, size);

	pr_write_u16(&writer, asked->id);
	pr_write_u16(&writer, PR_DNS_FLAG_RD | asked->flags);
	pr_write_u16(&writer, 1);
	pr_write_u32(&writer, 0);
	pr_write_u16(&writer, asked->edns);
	pr_write_bytes(&writer, asked->name.wire, asked->name.len);
	pr_write_u16(&writer, asked->type);
	pr_write_u16(&writer, asked->class_);
	if (asked->edns) {
		pr_write_u8(&writer, 0);
		pr_write_u16(&writer, PR_DNS_TYPE_OPT);
		pr_write_u16(&writer, PR_DNS_UDP_MAX);
		pr_write_u32(&writer, asked->dnssec_ok ? OPT_DO : 0);
		pr_write_u16(&writer, 0);
	}
	return writer.failed ? 0 : writer.position;
}

/* Without the question there is only the id to know it by; a failure may come so, an answer never. */
static bool is_bare(const struct pr_reader *reader, uint16_t flags)
{
	return flags & PR_DNS_RCODE_MASK && (flags & PR_DNS_RCODE_MASK) != PR_DNS_RCODE_NXDOMAIN &&
	       reader->position == PR_DNS_HEADER_LEN;
}

enum pr_dns_heard pr_dns_asked_heard(const struct pr_dns_asked *asked, const uint8_t *bytes,
				     size_t len)
{
	struct pr_reader reader = pr_reader(bytes, len);
	struct pr_dns_name name;
	uint16_t id = pr_read_u16(&reader), flags = pr_read_u16(&reader);
	uint16_t n_questions = pr_read_u16(&reader);

	pr_read_skip(&reader, 6);
	if (reader.failed || id != asked->id || !(flags & PR_DNS_FLAG_QR) ||
	    flags & PR_DNS_OPCODE_MASK)
		return PR_DNS_HEARD_NOT_OURS;
	if (n_questions == 0 && is_bare(&reader, flags))
		return PR_DNS_HEARD_BARE;
	/* nothing stands before it that a pointer could lead to */
	if (n_questions != 1 || !pr_dns_read_name(&reader, &name) ||
	    reader.position != PR_DNS_HEADER_LEN + (size_t)name.len ||
	    !pr_dns_name_equal(&name, &asked->name) || pr_read_u16(&reader) != asked->type ||
	    pr_read_u16(&reader) != asked->class_ || reader.failed)
		return PR_DNS_HEARD_NOT_OURS;
	if (memcmp(name.wire, asked->name.wire, name.len) != 0)
		return PR_DNS_HEARD_CASE;
	return flags & PR_DNS_FLAG_TC ? PR_DNS_HEARD_CUT : PR_DNS_HEARD_ANSWER;
}

void pr_dns_asked_restore(const struct pr_dns_question *question, uint8_t *bytes, size_t len)
{
	const struct pr_dns_name *name = &question->name_as_asked;

	pr_assert(len >= PR_DNS_HEADER_LEN + (size_t)name->len);
	bytes[0] = (uint8_t)(question->id >> 8);
	bytes[1] = (uint8_t)question->id;
	memcpy(bytes + PR_DNS_HEADER_LEN, name->wire, name->len);
}
