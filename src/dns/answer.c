/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/answer.h"

#include "dns/svcb.h"

#include <string.h>

#define OPTION_EDE 15 /* RFC 8914, 2 */

struct head {
	uint16_t flags, n_answers, n_authority, n_additional;
};

/* The header, and the question, which has to be ours. 0 or MALFORMED. */
static int read_head(struct pr_reader *reader, const struct pr_dns_question *question,
		     struct head *ret_head)
{
	struct pr_dns_name name;
	uint16_t n_questions;
	struct head head;

	(void)pr_read_u16(reader);
	head.flags = pr_read_u16(reader);
	n_questions = pr_read_u16(reader);
	head.n_answers = pr_read_u16(reader);
	head.n_authority = pr_read_u16(reader);
	head.n_additional = pr_read_u16(reader);
	if (!(head.flags & PR_DNS_FLAG_QR) || n_questions != 1 ||
	    !pr_dns_read_name(reader, &name) ||
	    !pr_dns_name_equal(&name, &question->name_as_asked) ||
	    pr_read_u16(reader) != question->type || pr_read_u16(reader) != question->class_ ||
	    reader->failed)
		return PR_DNS_ANSWER_MALFORMED;
	*ret_head = head;
	return 0;
}

/* The aliases of the answer section, by where they stand. */
struct aliases {
	unsigned int n;
	size_t owner[PR_DNS_ALIASES_MAX], target[PR_DNS_ALIASES_MAX];
};

/* The target of the CNAME of `owner`: 0, 1 = there is none. */
static int find_target(const struct pr_reader *answer, const struct aliases *aliases,
		       const struct pr_dns_name *owner, struct pr_dns_name *ret_target)
{
	struct pr_reader reader = *answer;
	struct pr_dns_name name;

	for (unsigned int i = 0; i < aliases->n; i++) {
		reader.position = aliases->owner[i];
		if (!pr_dns_read_name(&reader, &name) || !pr_dns_name_equal(&name, owner))
			continue;
		reader.position = aliases->target[i];
		return pr_dns_read_name(&reader, ret_target) ? 0 : 1;
	}
	return 1;
}

/* Follows the chain from the name asked for. 0 or CHAIN. */
static int read_chain(const struct pr_reader *answer, const struct aliases *aliases,
		      const struct pr_dns_question *question, struct pr_dns_facts *facts)
{
	struct pr_dns_name current = question->name_as_asked, next;
	size_t used = 0;

	for (;;) {
		char text[PR_NAME_TEXT_SIZE];
		size_t text_size = strlen(pr_dns_name_text(&current, text)) + 1;

		if (facts->n_names == PR_DNS_CHAIN_MAX || text_size > sizeof(facts->text) - used)
			return PR_DNS_ANSWER_CHAIN;
		memcpy(facts->text + used, text, text_size);
		facts->names[facts->n_names++] = facts->text + used;
		used += text_size;
		if (find_target(answer, aliases, &current, &next) != 0)
			return 0;
		current = next;
	}
}

static void read_answer_record(const uint8_t *answer, const struct pr_dns_record *record,
			       struct pr_dns_facts *facts)
{
	if (record->ttl < facts->min_ttl_s)
		facts->min_ttl_s = record->ttl;
	if (record->type == PR_DNS_TYPE_A || record->type == PR_DNS_TYPE_AAAA)
		facts->has_addresses = true;
	if ((record->type == PR_DNS_TYPE_SVCB || record->type == PR_DNS_TYPE_HTTPS) &&
	    pr_dns_svcb_n_hints(answer + record->data, record->data_len))
		facts->has_addresses = true;
}

static void read_ede(const uint8_t *data, size_t len, struct pr_dns_facts *facts)
{
	struct pr_reader reader = pr_reader(data, len);

	while (pr_reader_left(&reader)) {
		uint16_t option = pr_read_u16(&reader), option_len = pr_read_u16(&reader);
		const uint8_t *at = pr_read_bytes(&reader, option_len);
		size_t n;

		if (!at)
			return;
		if (option != OPTION_EDE || option_len < 2)
			continue;
		facts->ede = at[0] << 8 | at[1];
		n = option_len - 2u < PR_DNS_EDE_TEXT_MAX ? option_len - 2u : PR_DNS_EDE_TEXT_MAX;
		for (size_t i = 0; i < n; i++)
			facts->ede_text[i] =
				at[2 + i] >= ' ' && at[2 + i] < 0x7f ? (char)at[2 + i] : '?';
		facts->ede_text[n] = '\0';
		return;
	}
}

/* Authority and additional records: whole, and OPT. */
static int read_rest(struct pr_reader *reader, unsigned int n, struct pr_dns_facts *facts)
{
	while (n--) {
		struct pr_dns_record record;

		if (!pr_dns_read_record(reader, &record))
			return PR_DNS_ANSWER_MALFORMED;
		if (record.type == PR_DNS_TYPE_OPT && facts->ede == PR_DNS_EDE_NONE)
			read_ede(reader->bytes + record.data, record.data_len, facts);
	}
	return 0;
}

/* Each record is looked at once: what the chain needs of them is where the aliases stand. 0, MALFORMED or CHAIN. */
static int read_answers(struct pr_reader *reader, unsigned int n, struct aliases *aliases,
			struct pr_dns_facts *facts)
{
	while (n--) {
		size_t owner = reader->position;
		struct pr_dns_record record;

		if (!pr_dns_read_record(reader, &record))
			return PR_DNS_ANSWER_MALFORMED;
		read_answer_record(reader->bytes, &record, facts);
		if (record.type != PR_DNS_TYPE_CNAME || record.class_ != PR_DNS_CLASS_IN)
			continue;
		if (aliases->n == PR_DNS_ALIASES_MAX)
			return PR_DNS_ANSWER_CHAIN;
		aliases->owner[aliases->n] = owner;
		aliases->target[aliases->n++] = record.data;
	}
	return 0;
}

int pr_dns_read_facts(const struct pr_dns_question *question, const uint8_t *answer, size_t len,
		      struct pr_dns_facts *ret_facts)
{
	struct pr_reader reader = pr_reader(answer, len);
	PR_UNINITIALIZED struct aliases aliases;
	struct head head;
	int r;

	aliases.n = 0;
	r = read_head(&reader, question, &head);
	if (r != 0)
		return r;
	ret_facts->rcode = head.flags & PR_DNS_RCODE_MASK;
	ret_facts->has_addresses = false;
	ret_facts->min_ttl_s = head.n_answers ? UINT32_MAX : 0;
	ret_facts->n_names = 0;
	ret_facts->ede = PR_DNS_EDE_NONE;
	ret_facts->ede_text[0] = '\0';
	r = read_answers(&reader, head.n_answers, &aliases, ret_facts);
	if (r != 0)
		return r;
	r = read_rest(&reader, (unsigned int)head.n_authority + head.n_additional, ret_facts);
	if (r != 0)
		return r;
	return read_chain(&reader, &aliases, question, ret_facts);
}

bool pr_dns_is_of_chain(const struct pr_dns_facts *facts, const struct pr_dns_name *name)
{
	char text[PR_NAME_TEXT_SIZE];

	pr_dns_name_text(name, text);
	for (unsigned int i = 0; i < facts->n_names; i++)
		if (strcmp(facts->names[i], text) == 0)
			return true;
	return false;
}

unsigned int pr_dns_read_addresses(const struct pr_dns_facts *facts, const uint8_t *answer,
				   size_t len, struct pr_address *ret_addresses, unsigned int n_max)
{
	struct pr_reader reader = pr_reader(answer, len);
	struct pr_dns_record record;
	struct pr_dns_name name;
	uint16_t n_answers;
	unsigned int n = 0;

	pr_read_skip(&reader, 6);
	n_answers = pr_read_u16(&reader);
	pr_read_skip(&reader, 4);
	(void)pr_dns_read_name(&reader, &name);
	pr_read_skip(&reader, 4);
	while (n < n_max && n_answers-- && pr_dns_read_record(&reader, &record)) {
		bool is_v4 = record.type == PR_DNS_TYPE_A && record.data_len == 4;
		bool is_v6 = record.type == PR_DNS_TYPE_AAAA && record.data_len == 16;

		if (record.class_ == PR_DNS_CLASS_IN && (is_v4 || is_v6) &&
		    pr_dns_is_of_chain(facts, &record.owner))
			ret_addresses[n++] = is_v4 ? pr_address_v4(answer + record.data)
						   : pr_address_v6(answer + record.data);
	}
	return n;
}
