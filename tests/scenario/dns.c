/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions and answers: text to wire, and back. */
#include "world.h"

#include "dns/message.h"

#include <arpa/inet.h>
#include <string.h>

size_t dns_question(const char *name, const char *type, uint8_t *bytes, size_t size)
{
	static uint16_t id = 1;
	char canonical[PR_NAME_TEXT_SIZE];
	uint16_t type_number;

	if (pr_name_canonical(name, canonical) < 0 || pr_dns_type_parse(type, &type_number) < 0)
		return 0;
	return pr_dns_write_question(++id, canonical, type_number, 0, false, bytes, size);
}

void dns_show_question(struct world *world, const uint8_t *bytes, size_t len)
{
	char type[PR_DNS_TYPE_TEXT_SIZE];
	struct pr_dns_question question;

	if (pr_dns_parse_question(bytes, len, &question) != 0)
		world_fail(world, "what goes upstream is no question");
	else
		world_output(world, OUTPUT_RESOLVE, "resolve %s %s", question.name,
			     pr_dns_type_text(question.type, type));
}

static void show_record(const struct pr_dns_record *record, const uint8_t *bytes, char *text,
			size_t size)
{
	char address_text[PR_ADDRESS_TEXT_SIZE];
	struct pr_address address = { 0 };
	size_t len = strlen(text);

	if (record->type == PR_DNS_TYPE_A && record->data_len == 4)
		address = pr_address_v4(bytes + record->data);
	else if (record->type == PR_DNS_TYPE_AAAA && record->data_len == 16)
		address = pr_address_v6(bytes + record->data);
	if (address.family)
		snprintf(text + len, size - len, " %s ttl=%u",
			 pr_address_format(&address, address_text), record->ttl);
	/* An extended error (RFC 8914): option 15, a code, a text. */
	if (record->type == PR_DNS_TYPE_OPT && record->data_len >= 6 &&
	    bytes[record->data + 1] == 15)
		snprintf(text + len, size - len, " ede=%u text=\"%.*s\"", bytes[record->data + 5],
			 record->data_len - 6, (const char *)bytes + record->data + 6);
}

void dns_show(struct world *world, const uint8_t *bytes, size_t len)
{
	static const char *const rcodes[] = { "NOERROR",  "FORMERR", "SERVFAIL",
					      "NXDOMAIN", "NOTIMP",  "REFUSED" };
	struct pr_reader reader = pr_reader(bytes, len);
	char text[OUTPUT_SIZE] = "";
	struct pr_dns_record record;
	struct pr_dns_name name;
	uint16_t flags, n;

	if (!len) {
		world_output(world, OUTPUT_ANSWER, "answer none");
		return;
	}
	pr_read_skip(&reader, 2);
	flags = pr_read_u16(&reader);
	pr_read_skip(&reader, 2);
	n = pr_read_u16(&reader);
	n = (uint16_t)(n + pr_read_u16(&reader));
	n = (uint16_t)(n + pr_read_u16(&reader));
	if (!pr_dns_read_name(&reader, &name)) {
		world_fail(world, "a reply that can't be read");
		return;
	}
	pr_read_skip(&reader, 4);
	while (n-- && pr_dns_read_record(&reader, &record))
		show_record(&record, bytes, text, sizeof(text));
	world_output(world, OUTPUT_ANSWER, "answer %s%s%s",
		     (flags & 15) < PR_ARRAY_SIZE(rcodes) ? rcodes[flags & 15] : "RCODE",
		     flags & PR_DNS_FLAG_TC ? " truncated" : "", text);
}

static void write_name(struct pr_writer *writer, const char *text)
{
	struct pr_dns_name name;

	if (pr_dns_name_from_text(text, &name) == 0)
		pr_write_bytes(writer, name.wire, name.len);
	else
		writer->failed = true;
}

static void write_record(struct pr_writer *writer, const char *owner, uint16_t type, uint32_t ttl,
			 const void *data, size_t len)
{
	write_name(writer, owner);
	pr_write_u16(writer, type);
	pr_write_u16(writer, PR_DNS_CLASS_IN);
	pr_write_u32(writer, ttl);
	pr_write_u16(writer, (uint16_t)len);
	pr_write_bytes(writer, data, len);
}

/* The words behind the type: addresses, "ttl N", "cname NAME", "nxdomain"; "soa N" is another's. */
static uint16_t write_answers(struct pr_writer *writer, const char *owner, char **words,
			      unsigned int n, uint16_t *rcode)
{
	struct pr_dns_name target;
	struct pr_address address;
	uint16_t n_answers = 0;
	uint32_t ttl = 60;

	for (unsigned int i = 0; i < n; i++)
		if (strcmp(words[i], "ttl") == 0 && i + 1 < n)
			ttl = (uint32_t)strtoul(words[i + 1], NULL, 10);
	for (unsigned int i = 0; i < n; i++) {
		if (strcmp(words[i], "ttl") == 0 || strcmp(words[i], "soa") == 0) {
			i++;
		} else if (strcmp(words[i], "cname") == 0 && i + 1 < n &&
			   pr_dns_name_from_text(words[i + 1], &target) == 0) {
			write_record(writer, owner, PR_DNS_TYPE_CNAME, ttl, target.wire,
				     target.len);
			owner = words[++i];
			n_answers++;
		} else if (strcmp(words[i], "nxdomain") == 0) {
			*rcode = PR_DNS_RCODE_NXDOMAIN;
		} else if (pr_address_parse(words[i], &address) == 0) {
			write_record(writer, owner,
				     address.family == 4 ? PR_DNS_TYPE_A : PR_DNS_TYPE_AAAA, ttl,
				     address.bytes, address.family == 4 ? 4 : 16);
			n_answers++;
		} else {
			writer->failed = true;
		}
	}
	return n_answers;
}

/* "soa N": the authority section has one that lets a negative answer hold for so long. */
static uint16_t write_authority(struct pr_writer *writer, const char *owner, char **words,
				unsigned int n)
{
	for (unsigned int i = 0; i + 1 < n; i++) {
		uint32_t seconds = htonl((uint32_t)strtoul(words[i + 1], NULL, 10));
		uint8_t data[22] = { 0 };

		if (strcmp(words[i], "soa") != 0)
			continue;
		memcpy(data + 18, &seconds, sizeof(seconds));
		write_record(writer, owner, PR_DNS_TYPE_SOA, 3600, data, sizeof(data));
		return 1;
	}
	return 0;
}

static void answer(struct world *world, const struct pending *pending,
		   const struct pr_dns_question *question, char **words, unsigned int n)
{
	uint16_t rcode = 0, n_answers, n_authority;
	uint8_t bytes[2048], body[2048];
	struct pr_writer writer = pr_writer(bytes, sizeof(bytes));
	struct pr_writer answers = pr_writer(body, sizeof(body));

	n_answers = write_answers(&answers, question->name, words, n, &rcode);
	n_authority = write_authority(&answers, question->name, words, n);
	pr_write_bytes(&writer, pending->question, 2);
	pr_write_u16(&writer, (uint16_t)(PR_DNS_FLAG_QR | PR_DNS_FLAG_RD | PR_DNS_FLAG_RA | rcode));
	pr_write_u16(&writer, 1);
	pr_write_u16(&writer, n_answers);
	pr_write_u16(&writer, n_authority);
	pr_write_u16(&writer, 0);
	write_name(&writer, question->name);
	pr_write_u16(&writer, question->type);
	pr_write_u16(&writer, PR_DNS_CLASS_IN);
	pr_write_bytes(&writer, body, answers.position);
	if (writer.failed || answers.failed)
		world_fail(world, "an answer that can't be written");
	pr_engine_answer(world->engine, pending->ticket, bytes, writer.position, world->now_us);
}

void dns_upstream(struct world *world, char **words, unsigned int n)
{
	struct pr_dns_question question;
	struct pending pending;
	uint16_t type;

	for (unsigned int i = 0; n >= 3 && i < world->n_resolving; i++) {
		pending = world->resolving[i];
		if (pr_dns_parse_question(pending.question, pending.len, &question) != 0 ||
		    strcmp(question.name, words[0]) != 0 ||
		    pr_dns_type_parse(words[1], &type) != 0 || type != question.type)
			continue;
		memmove(&world->resolving[i], &world->resolving[i + 1],
			(--world->n_resolving - i) * sizeof(pending));
		if (strcmp(words[2], "none") == 0)
			pr_engine_answer(world->engine, pending.ticket, NULL, 0, world->now_us);
		else
			answer(world, &pending, &question, words + 2, n - 2);
		return;
	}
	world_fail(world, "nobody asked upstream for this");
}
