/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions. What a client sends is held to the little that a question needs: one name, at most one OPT,
 * nothing behind. Options of OPT are not passed on: they are between two hops (RFC 6891, 6.1.1), and would
 * carry bytes of the application's choice to the upstream.
 */
#include "dns/message.h"

#include "dns/reply.h"

#include <string.h>

#define OPTION_EDE 15 /* RFC 8914, 2 */
#define NOT_SERVED                                                                                \
	"Portreeve's nameserver was given this and resolves names only; a rule with address and " \
	"port "                                                                                   \
	"(+ 192.0.2.1 TCP/53), or own_dns, sends it where it was meant to go"
#define N_ADDITIONAL_MAX 2 /* OPT, and a SIG(0) or TSIG that we don't look at */

bool pr_dns_read_record(struct pr_reader *reader, struct pr_dns_record *ret_record)
{
	struct pr_dns_record record;

	if (!pr_dns_read_name(reader, &record.owner))
		return false;
	record.type = pr_read_u16(reader);
	record.class_ = pr_read_u16(reader);
	record.ttl = pr_read_u32(reader);
	record.data_len = pr_read_u16(reader);
	record.data = reader->position;
	pr_read_skip(reader, record.data_len);
	if (reader->failed)
		return false;
	if (record.ttl > INT32_MAX) /* RFC 2181, 8 */
		record.ttl = 0;
	*ret_record = record;
	return true;
}

/* Options must at least be whole. */
static bool options_are_whole(const uint8_t *bytes, size_t len)
{
	struct pr_reader reader = pr_reader(bytes, len);

	while (pr_reader_left(&reader)) {
		(void)pr_read_u16(&reader);
		pr_read_skip(&reader, pr_read_u16(&reader));
	}
	return !reader.failed;
}

/* The OPT among the additional records. 0, MALFORMED or VERSION. */
static int read_additional(struct pr_reader *reader, unsigned int n,
			   struct pr_dns_question *question)
{
	int r = 0;

	if (n > N_ADDITIONAL_MAX)
		return PR_DNS_QUESTION_MALFORMED;
	while (n--) {
		struct pr_dns_record record;

		if (!pr_dns_read_record(reader, &record))
			return PR_DNS_QUESTION_MALFORMED;
		if (record.type != PR_DNS_TYPE_OPT)
			continue;
		if (question->has_edns || record.owner.len != 1 ||
		    !options_are_whole(reader->bytes + record.data, record.data_len))
			return PR_DNS_QUESTION_MALFORMED;
		question->has_edns = true;
		question->dnssec_ok = record.ttl & 0x8000;
		question->udp_size =
			record.class_ > PR_DNS_UDP_MIN ? record.class_ : PR_DNS_UDP_MIN;
		if (record.ttl >> 16 & 0xff)
			r = PR_DNS_QUESTION_VERSION;
	}
	return r;
}

/* OPT, TKEY and TSIG, the transfers, MAILB and MAILA (RFC 6895, 3.1) are no types to ask for; ANY is. */
static bool is_refused(const struct pr_dns_question *question)
{
	return question->class_ != PR_DNS_CLASS_IN || question->type == 0 ||
	       question->type == PR_DNS_TYPE_OPT ||
	       (question->type >= 128 && question->type <= 254);
}

/* Fills as much of `question` as can be read; the outcome says whether it may be used. */
static int read_question(const uint8_t *bytes, size_t len, struct pr_dns_question *question)
{
	struct pr_reader reader = pr_reader(bytes, len);
	uint16_t n_questions, n_answers, n_authority, n_additional;
	int r;

	question->udp_size = PR_DNS_UDP_MIN;
	question->id = pr_read_u16(&reader);
	question->flags = pr_read_u16(&reader);
	n_questions = pr_read_u16(&reader);
	n_answers = pr_read_u16(&reader);
	n_authority = pr_read_u16(&reader);
	n_additional = pr_read_u16(&reader);
	if (reader.failed || question->flags & PR_DNS_FLAG_QR)
		return PR_DNS_QUESTION_IGNORE;
	if (question->flags & PR_DNS_OPCODE_MASK)
		return PR_DNS_QUESTION_OPCODE;
	if (len > PR_DNS_QUESTION_MAX || n_questions != 1 ||
	    !pr_dns_read_name(&reader, &question->name_as_asked))
		return PR_DNS_QUESTION_MALFORMED;
	question->type = pr_read_u16(&reader);
	question->class_ = pr_read_u16(&reader);
	if (reader.failed) {
		question->name_as_asked.len = 0;
		return PR_DNS_QUESTION_MALFORMED;
	}
	pr_dns_name_text(&question->name_as_asked, question->name);
	/* IXFR has an SOA in the authority section (RFC 1995, 3): refused, not malformed */
	if (n_answers || n_authority)
		return is_refused(question) ? PR_DNS_QUESTION_REFUSED : PR_DNS_QUESTION_MALFORMED;
	r = read_additional(&reader, n_additional, question);
	if (is_refused(question))
		return PR_DNS_QUESTION_REFUSED;
	if (r == 0 && pr_reader_left(&reader))
		return PR_DNS_QUESTION_MALFORMED;
	return r;
}

int pr_dns_parse_question(const uint8_t *bytes, size_t len, struct pr_dns_question *ret_question)
{
	struct pr_dns_question question = { 0 };
	int r = read_question(bytes, len, &question);

	if (r == 0)
		*ret_question = question;
	return r;
}

static unsigned int rcode_of(enum pr_dns_question_outcome outcome)
{
	switch (outcome) {
	case PR_DNS_QUESTION_IGNORE:
	case PR_DNS_QUESTION_MALFORMED:
		return PR_DNS_RCODE_FORMERR;
	case PR_DNS_QUESTION_OPCODE:
		return PR_DNS_RCODE_NOTIMP;
	case PR_DNS_QUESTION_REFUSED:
		return PR_DNS_RCODE_REFUSED;
	case PR_DNS_QUESTION_VERSION:
		return PR_DNS_RCODE_BADVERS;
	}
	return PR_DNS_RCODE_FORMERR;
}

/* What is rerouted to us and can't be served is told to whoever sent it: they asked somebody else. */
static void write_why(struct pr_writer *writer, enum pr_dns_question_outcome outcome)
{
	size_t len = outcome == PR_DNS_QUESTION_OPCODE || outcome == PR_DNS_QUESTION_REFUSED
			     ? strlen(NOT_SERVED)
			     : 0;

	pr_write_u16(writer, (uint16_t)(len ? len + 6 : 0));
	if (!len)
		return;
	pr_write_u16(writer, OPTION_EDE);
	pr_write_u16(writer, (uint16_t)(len + 2));
	pr_write_u16(writer, PR_DNS_EDE_NOT_SUPPORTED);
	pr_write_bytes(writer, (const uint8_t *)NOT_SERVED, len);
}

size_t pr_dns_write_error(const uint8_t *bytes, size_t len, enum pr_dns_question_outcome outcome,
			  uint8_t *reply, size_t size)
{
	struct pr_dns_question question = { 0 };
	struct pr_writer writer = pr_writer(reply, size);
	unsigned int rcode = rcode_of(outcome);
	const uint16_t kept = PR_DNS_OPCODE_MASK | PR_DNS_FLAG_RD | PR_DNS_FLAG_CD;
	bool asked;

	if (size < PR_DNS_UDP_MIN || read_question(bytes, len, &question) == PR_DNS_QUESTION_IGNORE)
		return 0;
	asked = question.name_as_asked.len > 0;
	pr_write_u16(&writer, question.id);
	pr_write_u16(&writer, (uint16_t)(PR_DNS_FLAG_QR | (question.flags & kept) |
					 (rcode & PR_DNS_RCODE_MASK)));
	pr_write_u16(&writer, asked);
	pr_write_u32(&writer, 0);
	pr_write_u16(&writer, question.has_edns);
	if (asked) {
		pr_write_bytes(&writer, question.name_as_asked.wire, question.name_as_asked.len);
		pr_write_u16(&writer, question.type);
		pr_write_u16(&writer, question.class_);
	}
	if (question.has_edns) {
		pr_write_u8(&writer, 0);
		pr_write_u16(&writer, PR_DNS_TYPE_OPT);
		pr_write_u16(&writer, PR_DNS_UDP_MAX);
		pr_write_u32(&writer, rcode >> 4 << 24);
		write_why(&writer, outcome);
	}
	return writer.failed ? 0 : writer.position;
}

size_t pr_dns_write_question(uint16_t id, const char *name, uint16_t type, uint16_t flags,
			     bool dnssec_ok, uint8_t *bytes, size_t size)
{
	struct pr_writer writer = pr_writer(bytes, size);
	struct pr_dns_name wire;

	if (pr_dns_name_from_text(name, &wire) < 0)
		return 0;
	pr_write_u16(&writer, id);
	pr_write_u16(&writer,
		     (uint16_t)(PR_DNS_FLAG_RD | (flags & (PR_DNS_FLAG_AD | PR_DNS_FLAG_CD))));
	pr_write_u16(&writer, 1);
	pr_write_u32(&writer, 0);
	pr_write_u16(&writer, 1);
	pr_write_bytes(&writer, wire.wire, wire.len);
	pr_write_u16(&writer, type);
	pr_write_u16(&writer, PR_DNS_CLASS_IN);
	pr_write_u8(&writer, 0);
	pr_write_u16(&writer, PR_DNS_TYPE_OPT);
	pr_write_u16(&writer, PR_DNS_UDP_MAX);
	pr_write_u32(&writer, dnssec_ok ? 0x8000 : 0);
	pr_write_u16(&writer, 0);
	return writer.failed ? 0 : writer.position;
}
