/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/reply.h"

#include <string.h>

#define OPTION_EDE 15 /* RFC 8914, 2 */
#define OPT_DO	   0x8000u

/* Position of the header's counts. */
#define N_ANSWERS_AT	6
#define N_AUTHORITY_AT	8
#define N_ADDITIONAL_AT 10

unsigned int pr_dns_write_opt(struct pr_writer *writer, const struct pr_dns_question *question,
			      unsigned int rcode, int ede, const char *text)
{
	size_t text_len = text ? strnlen(text, PR_DNS_EDE_TEXT_MAX) : 0;

	if (!question->has_edns)
		return 0;
	pr_write_u8(writer, 0);
	pr_write_u16(writer, PR_DNS_TYPE_OPT);
	pr_write_u16(writer, PR_DNS_UDP_MAX);
	pr_write_u32(writer, rcode >> 4 << 24 | (question->dnssec_ok ? OPT_DO : 0));
	if (ede == PR_DNS_EDE_NONE) {
		pr_write_u16(writer, 0);
		return 1;
	}
	pr_write_u16(writer, (uint16_t)(6 + text_len));
	pr_write_u16(writer, OPTION_EDE);
	pr_write_u16(writer, (uint16_t)(2 + text_len));
	pr_write_u16(writer, (uint16_t)ede);
	pr_write_bytes(writer, text, text_len);
	return 1;
}

/* Header and question. */
static void begin(struct pr_writer *writer, const struct pr_dns_question *question,
		  unsigned int rcode)
{
	pr_write_u16(writer, question->id);
	pr_write_u16(writer, (uint16_t)(PR_DNS_FLAG_QR | PR_DNS_FLAG_RA |
					(question->flags & (PR_DNS_FLAG_RD | PR_DNS_FLAG_CD)) |
					(rcode & PR_DNS_RCODE_MASK)));
	pr_write_u16(writer, 1);
	pr_write_u32(writer, 0);
	pr_write_u16(writer, 0);
	pr_write_bytes(writer, question->name_as_asked.wire, question->name_as_asked.len);
	pr_write_u16(writer, question->type);
	pr_write_u16(writer, question->class_);
}

static size_t end(struct pr_writer *writer, const struct pr_dns_question *question,
		  unsigned int rcode, int ede, const char *text)
{
	unsigned int n = pr_dns_write_opt(writer, question, rcode, ede, text);

	pr_assert(!writer->failed); /* PR_DNS_REPLY_MAX holds the longest */
	writer->bytes[N_ADDITIONAL_AT + 1] = (uint8_t)n;
	return writer->position;
}

/* An SOA at the name asked for: negative answers without one are not cached (RFC 2308, 5), and the client would
 * ask again for each search domain and address family. */
static void write_soa(struct pr_writer *writer)
{
	static const uint8_t names[] = { 0xc0, PR_DNS_HEADER_LEN, 0xc0, PR_DNS_HEADER_LEN };

	pr_write_u16(writer, 0xc000 | PR_DNS_HEADER_LEN);
	pr_write_u16(writer, PR_DNS_TYPE_SOA);
	pr_write_u16(writer, PR_DNS_CLASS_IN);
	pr_write_u32(writer, PR_DNS_BLOCKED_TTL_S);
	pr_write_u16(writer, sizeof(names) + 20);
	pr_write_bytes(writer, names, sizeof(names));
	pr_write_u32(writer, 1);    /* serial */
	for (int i = 0; i < 4; i++) /* refresh, retry, expire, minimum */
		pr_write_u32(writer, PR_DNS_BLOCKED_TTL_S);
	writer->bytes[N_AUTHORITY_AT + 1] = 1;
}

void pr_dns_write_answer_record(struct pr_writer *writer, uint16_t type, uint32_t ttl_s,
				const void *data, uint16_t len)
{
	pr_write_u16(writer, 0xc000 | PR_DNS_HEADER_LEN);
	pr_write_u16(writer, type);
	pr_write_u16(writer, PR_DNS_CLASS_IN);
	pr_write_u32(writer, ttl_s);
	pr_write_u16(writer, len);
	pr_write_bytes(writer, data, len);
}

/* The only record, of the name asked for. */
static void write_record(struct pr_writer *writer, uint16_t type, uint32_t ttl_s, const void *data,
			 uint16_t len)
{
	pr_dns_write_answer_record(writer, type, ttl_s, data, len);
	writer->bytes[N_ANSWERS_AT + 1] = 1;
}

static void write_zero(struct pr_writer *writer, uint16_t type)
{
	static const uint8_t zero[16];

	write_record(writer, type, PR_DNS_BLOCKED_TTL_S, zero, type == PR_DNS_TYPE_A ? 4 : 16);
}

size_t pr_dns_write_denial(const struct pr_dns_question *question, enum pr_dns_denial denial,
			   int ede, const char *text, uint8_t *reply, size_t size)
{
	struct pr_writer writer = pr_writer(reply, size);
	unsigned int rcode = denial == PR_DNS_DENIAL_NXDOMAIN  ? PR_DNS_RCODE_NXDOMAIN
			     : denial == PR_DNS_DENIAL_REFUSED ? PR_DNS_RCODE_REFUSED
							       : PR_DNS_RCODE_NOERROR;

	pr_assert(size >= PR_DNS_REPLY_MAX);
	begin(&writer, question, rcode);
	if (denial == PR_DNS_DENIAL_ZERO &&
	    (question->type == PR_DNS_TYPE_A || question->type == PR_DNS_TYPE_AAAA))
		write_zero(&writer, question->type);
	else if (denial != PR_DNS_DENIAL_REFUSED)
		write_soa(&writer);
	return end(&writer, question, rcode, ede, text);
}

size_t pr_dns_write_failure(const struct pr_dns_question *question, enum pr_dns_rcode rcode,
			    int ede, const char *text, uint8_t *reply, size_t size)
{
	struct pr_writer writer = pr_writer(reply, size);

	pr_assert(size >= PR_DNS_REPLY_MAX);
	begin(&writer, question, rcode);
	return end(&writer, question, rcode, ede, text);
}

size_t pr_dns_write_address(const struct pr_dns_question *question,
			    const struct pr_address *address, uint32_t ttl_s, int ede,
			    const char *text, uint8_t *reply, size_t size)
{
	struct pr_writer writer = pr_writer(reply, size);
	bool four = address->family == 4;

	pr_assert(size >= PR_DNS_REPLY_MAX);
	begin(&writer, question, PR_DNS_RCODE_NOERROR);
	write_record(&writer, four ? PR_DNS_TYPE_A : PR_DNS_TYPE_AAAA, ttl_s, address->bytes,
		     four ? 4 : 16);
	return end(&writer, question, PR_DNS_RCODE_NOERROR, ede, text);
}

size_t pr_dns_write_pointer(const struct pr_dns_question *question, const struct pr_dns_name *name,
			    uint32_t ttl_s, int ede, const char *text, uint8_t *reply, size_t size)
{
	struct pr_writer writer = pr_writer(reply, size);

	pr_assert(size >= PR_DNS_REPLY_MAX);
	begin(&writer, question, PR_DNS_RCODE_NOERROR);
	write_record(&writer, PR_DNS_TYPE_PTR, ttl_s, name->wire, name->len);
	return end(&writer, question, PR_DNS_RCODE_NOERROR, ede, text);
}
