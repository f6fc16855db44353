/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reply is always written anew, record by record: leaving something out moves what stands behind it, and
 * compression pointers with it. Two passes over the answer section: the first judges and remembers, so that the
 * signatures of a set that changes can be left out wherever they stand; the second writes.
 */
#include "dns/answer.h"

#include "dns/compress.h"
#include "dns/reply.h"
#include "dns/svcb.h"

#include <string.h>

#define N_SECTIONS  3
#define OPT_LEN	    11			      /* without options */
#define EDE_LEN	    6			      /* option, length, code */
#define RECORDS_MAX (PR_DNS_MESSAGE_MAX / 11) /* the shortest record: owner 1, head 10 */

enum { ANSWER, AUTHORITY, ADDITIONAL };

struct filter {
	const struct pr_dns_question *question;
	const struct pr_dns_facts *facts;
	const struct pr_dns_judge *judge;
	struct pr_reader reader; /* the upstream's message */
	uint16_t flags;
	uint16_t n_records[N_SECTIONS];
	bool changed; /* something of the answer was left out */
	bool foreign; /* records were left out that belong to no answer to this question */
	bool changed_types[PR_DNS_TYPE_HTTPS + 1]; /* which signatures hold no more */
	unsigned int n_wanted;			   /* records left of the type asked for */
	size_t n_addresses;			   /* that are or will be judged */
	uint8_t denied[RECORDS_MAX / 8 + 1];	   /* records of the answer section, a bit each */
	struct pr_dns_compressor compressor;
	struct pr_writer writer;
};

static bool is_address(uint16_t type)
{
	return type == PR_DNS_TYPE_A || type == PR_DNS_TYPE_AAAA;
}

static bool is_service(uint16_t type)
{
	return type == PR_DNS_TYPE_SVCB || type == PR_DNS_TYPE_HTTPS;
}

/* May an address record stay? */
static bool address_stays(const struct filter *filter, const struct pr_dns_record *record)
{
	const uint8_t *data = filter->reader.bytes + record->data;
	struct pr_address address;

	if (record->data_len != (record->type == PR_DNS_TYPE_A ? 4 : 16))
		return false;
	address = record->type == PR_DNS_TYPE_A ? pr_address_v4(data) : pr_address_v6(data);
	if (!filter->judge->address(filter->judge->context, &address))
		return false;
	if (filter->judge->given)
		filter->judge->given(filter->judge->context, &address, record->ttl);
	return true;
}

/* The type that a signature covers; any other record's own. */
static uint16_t type_signed(const struct filter *filter, const struct pr_dns_record *record)
{
	struct pr_reader data = pr_reader(filter->reader.bytes + record->data, record->data_len);

	return record->type == PR_DNS_TYPE_RRSIG && record->data_len >= 2 ? pr_read_u16(&data)
									  : record->type;
}

/* Does it belong to the answer? It is of a name of the chain, or a DNAME above one (RFC 6672, 3.1). */
static bool is_of_answer(const struct filter *filter, const struct pr_dns_record *record)
{
	const struct pr_dns_facts *facts = filter->facts;
	char text[PR_NAME_TEXT_SIZE];

	if (pr_dns_is_of_chain(facts, &record->owner))
		return true;
	if (type_signed(filter, record) != PR_DNS_TYPE_DNAME)
		return false;
	pr_dns_name_text(&record->owner, text);
	for (unsigned int i = 0; i < facts->n_names; i++)
		if (pr_name_within(facts->names[i], text))
			return true;
	return false;
}

/* Is there room for the record's addresses? One with more than are left is left out whole. */
static bool has_room(struct filter *filter, const struct pr_dns_record *record)
{
	size_t n = is_address(record->type)
			   ? 1
			   : pr_dns_svcb_n_hints(filter->reader.bytes + record->data,
						 record->data_len);

	if (n > PR_DNS_ADDRESSES_MAX - filter->n_addresses)
		return false;
	filter->n_addresses += n;
	return true;
}

static void judge_record(struct filter *filter, const struct pr_dns_record *record, unsigned int i)
{
	enum pr_dns_svcb_outcome outcome = PR_DNS_SVCB_SAME;
	bool stays = true, in = record->class_ == PR_DNS_CLASS_IN;

	if (!is_of_answer(filter, record)) {
		filter->denied[i / 8] |= (uint8_t)(1u << i % 8);
		filter->foreign = true;
		return;
	}
	if (is_address(record->type)) {
		stays = in && has_room(filter, record) && address_stays(filter, record);
	} else if (is_service(record->type) && !has_room(filter, record)) {
		stays = false;
	} else if (is_service(record->type)) {
		outcome = pr_dns_svcb_filter(filter->reader.bytes + record->data, record->data_len,
					     filter->judge, &record->ttl, NULL);
		stays = in && outcome != PR_DNS_SVCB_GONE;
	}
	if (!stays)
		filter->denied[i / 8] |= (uint8_t)(1u << i % 8);
	if (!stays || outcome == PR_DNS_SVCB_CHANGED)
		filter->changed = filter->changed_types[record->type] = true;
	if (stays &&
	    (record->type == filter->question->type || filter->question->type == PR_DNS_TYPE_ANY))
		filter->n_wanted++;
}

/* First pass; `filter->reader` stands at the answer section and stays there. */
static int judge(struct filter *filter)
{
	struct pr_reader start = filter->reader;

	for (unsigned int i = 0; i < filter->n_records[ANSWER]; i++) {
		struct pr_dns_record record;

		if (!pr_dns_read_record(&filter->reader, &record))
			return PR_DNS_ANSWER_MALFORMED;
		judge_record(filter, &record, i);
	}
	filter->reader = start;
	return (filter->changed || filter->foreign) && filter->n_wanted == 0 ? PR_DNS_ANSWER_DENIED
									     : 0;
}

static bool is_dnssec(uint16_t type)
{
	return type == PR_DNS_TYPE_RRSIG || type == PR_DNS_TYPE_NSEC || type == PR_DNS_TYPE_NSEC3;
}

static bool left_out(const struct filter *filter, unsigned int section, unsigned int i,
		     const struct pr_dns_record *record)
{
	uint16_t type = record->type, asked = filter->question->type;

	if (section == ANSWER && filter->denied[i / 8] & 1u << i % 8)
		return true;
	if (type == PR_DNS_TYPE_OPT)
		return true;
	if (is_dnssec(type) && !filter->question->dnssec_ok && type != asked &&
	    asked != PR_DNS_TYPE_ANY)
		return true;
	if (type == PR_DNS_TYPE_RRSIG) {
		type = type_signed(filter, record);
		if (section == ANSWER)
			return type <= PR_DNS_TYPE_HTTPS && filter->changed_types[type];
	}
	return section != ANSWER && (is_address(type) || is_service(type));
}

static bool write_record(struct filter *filter, const struct pr_dns_record *record)
{
	if (!is_service(record->type))
		return pr_dns_write_record(&filter->writer, &filter->compressor, &filter->reader,
					   record);
	pr_dns_write_record_head(&filter->writer, &filter->compressor, record);
	return pr_dns_svcb_filter(filter->reader.bytes + record->data, record->data_len,
				  filter->judge, NULL, &filter->writer) != PR_DNS_SVCB_GONE;
}

/* 0, MALFORMED, or TOO_LONG: the writer then stands at the first record that did not fit. */
static int write_section(struct filter *filter, unsigned int section, uint16_t *ret_n)
{
	for (unsigned int i = 0; i < filter->n_records[section]; i++) {
		size_t start = filter->writer.position;
		struct pr_dns_record record;

		if (!pr_dns_read_record(&filter->reader, &record))
			return PR_DNS_ANSWER_MALFORMED;
		if (left_out(filter, section, i, &record))
			continue;
		if (!write_record(filter, &record))
			return PR_DNS_ANSWER_MALFORMED;
		if (filter->writer.failed) {
			filter->writer.failed = false;
			filter->writer.position = start;
			return PR_DNS_ANSWER_TOO_LONG;
		}
		(*ret_n)++;
	}
	return 0;
}

static uint16_t reply_flags(const struct filter *filter, bool truncated)
{
	const struct pr_dns_question *question = filter->question;
	uint16_t flags = PR_DNS_FLAG_QR | PR_DNS_FLAG_RA;

	flags |= filter->flags & (PR_DNS_RCODE_MASK | PR_DNS_FLAG_TC);
	flags |= question->flags & (PR_DNS_FLAG_RD | PR_DNS_FLAG_CD);
	/* RFC 6840, 5.7 and 5.8: AD to those who understand it, and only for what is whole */
	if (!filter->changed && (question->dnssec_ok || question->flags & PR_DNS_FLAG_AD))
		flags |= filter->flags & PR_DNS_FLAG_AD;
	return flags | (truncated ? PR_DNS_FLAG_TC : 0);
}

static void write_head(struct filter *filter, uint16_t flags, const uint16_t *n)
{
	struct pr_writer *writer = &filter->writer;

	pr_write_u16(writer, filter->question->id);
	pr_write_u16(writer, flags);
	pr_write_u16(writer, 1);
	for (unsigned int i = 0; i < N_SECTIONS; i++)
		pr_write_u16(writer, n[i]);
}

/* The sections, as far as they fit. 0, MALFORMED or TOO_LONG (a truncated reply, empty of records). */
static int write_sections(struct filter *filter, uint16_t *n)
{
	size_t start = filter->writer.position;

	for (unsigned int section = 0; section < N_SECTIONS; section++) {
		size_t section_start = filter->writer.position;
		int r = write_section(filter, section, &n[section]);

		if (r == 0)
			continue;
		if (r != PR_DNS_ANSWER_TOO_LONG || section == ADDITIONAL)
			return r == PR_DNS_ANSWER_TOO_LONG ? 0 : r;
		/* a positive answer goes without the authority section, unless it proves something */
		if (section == AUTHORITY && n[ANSWER] && !filter->question->dnssec_ok) {
			filter->writer.position = section_start;
			n[AUTHORITY] = 0;
			return 0;
		}
		filter->writer.position = start;
		n[ANSWER] = n[AUTHORITY] = 0;
		return r;
	}
	return 0;
}

static size_t opt_len(const struct filter *filter)
{
	if (!filter->question->has_edns)
		return 0;
	return OPT_LEN + (filter->facts->ede == PR_DNS_EDE_NONE
				  ? 0
				  : EDE_LEN + strlen(filter->facts->ede_text));
}

static int write_reply(struct filter *filter, size_t limit, size_t *ret_len)
{
	const struct pr_dns_question *question = filter->question;
	struct pr_writer *writer = &filter->writer;
	uint16_t n[N_SECTIONS] = { 0 };
	size_t end;
	int r;

	writer->size = limit - opt_len(filter);
	write_head(filter, 0, n);
	pr_dns_write_name(writer, &filter->compressor, &question->name_as_asked, true);
	pr_write_u16(writer, question->type);
	pr_write_u16(writer, question->class_);
	r = write_sections(filter, n);
	if (r == PR_DNS_ANSWER_TOO_LONG && limit == PR_DNS_MESSAGE_MAX)
		return r;
	if (r != 0 && r != PR_DNS_ANSWER_TOO_LONG)
		return r;
	writer->size = limit;
	n[ADDITIONAL] =
		(uint16_t)(n[ADDITIONAL] +
			   pr_dns_write_opt(writer, question, filter->flags & PR_DNS_RCODE_MASK,
					    filter->facts->ede, filter->facts->ede_text));
	end = writer->position;
	writer->position = 0;
	write_head(filter, reply_flags(filter, r == PR_DNS_ANSWER_TOO_LONG), n);
	*ret_len = end;
	return 0;
}

int pr_dns_filter(const struct pr_dns_question *question, const struct pr_dns_facts *facts,
		  const uint8_t *answer, size_t len, const struct pr_dns_judge *judge_,
		  size_t limit, uint8_t *reply, size_t size, size_t *ret_len)
{
	struct filter filter = { .question = question,
				 .facts = facts,
				 .judge = judge_,
				 .reader = pr_reader(answer, len),
				 .writer = pr_writer(reply, size) };
	struct pr_dns_name name;
	int r;

	pr_assert(limit >= PR_DNS_UDP_MIN && limit <= PR_DNS_MESSAGE_MAX && size >= limit);
	(void)pr_read_u16(&filter.reader);
	filter.flags = pr_read_u16(&filter.reader);
	(void)pr_read_u16(&filter.reader);
	for (unsigned int i = 0; i < N_SECTIONS; i++)
		filter.n_records[i] = pr_read_u16(&filter.reader);
	/* that it is the question asked was seen by pr_dns_read_facts() */
	if (!pr_dns_read_name(&filter.reader, &name))
		return PR_DNS_ANSWER_MALFORMED;
	pr_read_skip(&filter.reader, 4);
	if (filter.reader.failed || filter.n_records[ANSWER] > RECORDS_MAX)
		return PR_DNS_ANSWER_MALFORMED;
	r = judge(&filter);
	return r ? r : write_reply(&filter, limit, ret_len);
}
