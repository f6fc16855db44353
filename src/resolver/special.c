/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/special.h"

#include "dns/reply.h"

#define TTL_S	  10800u
#define LOCALHOST "localhost"

static const uint8_t address4[] = { 127, 0, 0, 1 }, address6[16] = { [15] = 1 };
static const uint8_t localhost[] = { 9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0 };

static const struct special {
	const char *name; /* and all below */
	bool exists;
} specials[] = {
	{ LOCALHOST, true },
	{ "127.in-addr.arpa", true },
	{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", true },
	{ "invalid", false },
	{ "onion", false },
};

static void write_head(struct pr_writer *writer, const struct pr_dns_question *question,
		       unsigned int rcode, bool answered)
{
	pr_write_u16(writer, question->id);
	pr_write_u16(writer, (uint16_t)(PR_DNS_FLAG_QR | PR_DNS_FLAG_RA | PR_DNS_FLAG_RD |
					PR_DNS_FLAG_AA | rcode));
	pr_write_u16(writer, 1);
	pr_write_u16(writer, answered);
	pr_write_u16(writer, !answered);
	pr_write_u16(writer, 0);
	pr_write_bytes(writer, question->name_as_asked.wire, question->name_as_asked.len);
	pr_write_u16(writer, question->type);
	pr_write_u16(writer, question->class_);
}

/* For how long there is none (RFC 2308, 5). */
static void write_soa(struct pr_writer *writer)
{
	uint8_t data[sizeof(localhost) + 1 + 20];
	struct pr_writer soa = pr_writer(data, sizeof(data));

	pr_write_bytes(&soa, localhost, sizeof(localhost));
	pr_write_u8(&soa, 0);
	pr_write_u32(&soa, 1); /* serial */
	for (int i = 0; i < 4; i++)
		pr_write_u32(&soa, TTL_S);
	pr_dns_write_answer_record(writer, PR_DNS_TYPE_SOA, TTL_S, data, sizeof(data));
}

size_t pr_special_answer(const struct pr_dns_question *question, uint8_t *bytes, size_t size)
{
	struct pr_writer writer = pr_writer(bytes, size);
	const struct special *special = NULL;
	bool is_host;

	for (size_t i = 0; i < PR_ARRAY_SIZE(specials) && !special; i++)
		if (pr_name_within(question->name, specials[i].name))
			special = &specials[i];
	if (!special)
		return 0;
	is_host = special == &specials[0];
	if (is_host && question->type == PR_DNS_TYPE_A) {
		write_head(&writer, question, PR_DNS_RCODE_NOERROR, true);
		pr_dns_write_answer_record(&writer, PR_DNS_TYPE_A, TTL_S, address4,
					   sizeof(address4));
	} else if (is_host && question->type == PR_DNS_TYPE_AAAA) {
		write_head(&writer, question, PR_DNS_RCODE_NOERROR, true);
		pr_dns_write_answer_record(&writer, PR_DNS_TYPE_AAAA, TTL_S, address6,
					   sizeof(address6));
	} else if (special->exists && !is_host && question->type == PR_DNS_TYPE_PTR) {
		write_head(&writer, question, PR_DNS_RCODE_NOERROR, true);
		pr_dns_write_answer_record(&writer, PR_DNS_TYPE_PTR, TTL_S, localhost,
					   sizeof(localhost));
	} else {
		write_head(&writer, question,
			   special->exists ? PR_DNS_RCODE_NOERROR : PR_DNS_RCODE_NXDOMAIN, false);
		write_soa(&writer);
	}
	return writer.failed ? 0 : writer.position;
}
